//! Objects from a manifest's text, without a cluster: rows as the API server would make them.

use aegis_model::kubernetes::{DeploymentSpec, Kind, Labels, StatefulSetSpec};
use aegis_model::objects::{Header, Plain, Service, Workload, WorkloadSpec, WorkloadStatus};
use aegis_model::{Doc, Objects, TemplateId, Tick};
use std::sync::Arc;

fn header(document: &aegis_kube::Document, number: u32) -> Header {
    let labels = &document.value["metadata"]["labels"];
    Header {
        reference: document.reference(),
        labels: Arc::new(serde_json::from_value::<Labels>(labels.clone()).unwrap_or_default()),
        annotations: Arc::default(),
        number,
        generation: 1,
        created: Tick(0),
        deletion: None,
        removed: None,
        doc: document.value.clone(),
    }
}

fn spec<T: serde::de::DeserializeOwned>(doc: &Doc) -> T {
    serde_json::from_value(doc["spec"].clone()).expect("a spec of its kind")
}

fn workload(objects: &mut Objects, header: Header, spec: WorkloadSpec) {
    objects.workloads.push(Workload {
        header,
        spec: Arc::new(spec),
        template: TemplateId(0),
        revision: 1,
        pods: Arc::default(),
        history: Default::default(),
        next_ordinal: 0,
        status: WorkloadStatus::default(),
    });
}

/// The objects of a manifest.
pub fn objects(manifest: &str) -> Objects {
    let documents = aegis_kube::read("test.yaml", manifest).expect("a manifest");
    let mut objects = Objects::default();
    for (number, document) in documents.iter().enumerate() {
        let header = header(document, number as u32);
        let doc = &document.value;
        match header.reference.kind {
            Kind::Deployment => {
                let spec = WorkloadSpec::Deployment(spec::<DeploymentSpec>(doc));
                workload(&mut objects, header, spec);
            }
            Kind::StatefulSet => {
                let spec = WorkloadSpec::StatefulSet(spec::<StatefulSetSpec>(doc));
                workload(&mut objects, header, spec);
            }
            Kind::Service => {
                let spec = Arc::new(spec(doc));
                objects.services.push(Service {
                    header,
                    spec,
                    endpoints: Arc::default(),
                });
            }
            _ => {
                objects.plain.push(Plain {
                    header,
                    status: Doc::default(),
                });
            }
        }
    }
    objects
}

/// The manifest of a bundled application.
pub fn application(name: &str) -> Objects {
    let path = format!(
        "{}/../../scenarios/manifests/{name}.yaml",
        env!("CARGO_MANIFEST_DIR")
    );
    objects(&std::fs::read_to_string(path).expect("a bundled manifest"))
}

/// A Deployment `name` with an image and further lines of its container, and a Service of that name on port 80.
pub fn service(name: &str, image: &str, container: &str) -> String {
    format!(
        r#"
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - name: server
          image: {image}
{container}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}
---
"#
    )
}
