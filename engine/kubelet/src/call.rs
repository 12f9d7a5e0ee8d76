//! Calls of the API server by what runs in a pod: as its account, by what RBAC lets it do.

use super::sync::Sync;
use aegis_cluster::api;
use aegis_cluster::rbac::{self, Request, Subject};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_shell::Call;
use alloc::format;
use alloc::string::String;

/// Kinds of resources of which a missing one is known to be missing.
const FOUND: [(&str, Kind); 9] = [
    ("configmaps", Kind::ConfigMap),
    ("daemonsets", Kind::DaemonSet),
    ("deployments", Kind::Deployment),
    ("jobs", Kind::Job),
    ("pods", Kind::Pod),
    ("secrets", Kind::Secret),
    ("services", Kind::Service),
    ("statefulsets", Kind::StatefulSet),
    ("nodes", Kind::Node),
];

impl<P: Clone> Sync<'_, P> {
    /// What comes of a call: nothing, or what kubectl prints before it exits with 1.
    pub fn call(&self, call: &Call) -> Result<(), String> {
        let row = self.row();
        let template = &self.cluster.objects.templates[row.template.index()];
        let spec = &template.spec.spec;
        if template.doc["spec"]["automountServiceAccountToken"] == false {
            return Err("The connection to the server localhost:8080 was refused - did you specify the right host or port?".into());
        }
        let named = spec.service_account_name.as_deref().unwrap_or_default();
        let subject = Subject {
            namespace: &row.namespace,
            account: if named.is_empty() { "default" } else { named },
        };
        let namespace = call.namespace.as_deref().unwrap_or(&row.namespace);
        for verb in call.verbs {
            let request = Request {
                verb,
                group: call.group,
                resource: &call.resource,
                name: call.name.as_deref(),
                namespace: rbac::is_namespaced(&call.resource).then_some(namespace),
            };
            if !rbac::may(self.cluster, &subject, &request) {
                let why = rbac::forbidden(&subject, &request);
                return Err(format!("Error from server (Forbidden): {why}"));
            }
        }
        self.there(call, namespace)
    }

    fn there(&self, call: &Call, namespace: &str) -> Result<(), String> {
        let bare = call.resource.split('/').next().unwrap_or_default();
        let known = FOUND.iter().find(|(resource, _)| *resource == bare);
        let (Some((_, kind)), Some(name)) = (known, &call.name) else {
            return Ok(());
        };
        let object = ObjectRef::new(kind.clone(), namespace, name);
        if api::find(self.cluster, &object).is_some() || call.verbs == ["create"] {
            return Ok(());
        }
        let resource = api::resource(kind);
        Err(format!(
            "Error from server (NotFound): {resource} {name:?} not found"
        ))
    }
}
