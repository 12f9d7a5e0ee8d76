//! Claims of ephemeral volumes: made for a pod, and gone with it (pkg/controller/volume/ephemeral).

use aegis_cluster::Cluster;
use aegis_cluster::api::{self, Actor, storage};
use aegis_model::PodId;
use aegis_model::kubernetes::Labels;
use serde_json::{Value, json};
use smol_str::SmolStr;

/// Makes the claims of a new pod's ephemeral volumes. A claim of that name that is there already is
/// left alone, and the pod waits.
pub(super) fn make<P>(cluster: &mut Cluster<P>, id: PodId) {
    if !cluster.objects.pods[id.index()].exists() {
        return;
    }
    for volume in storage::ephemeral_volumes(&cluster.objects, id) {
        let Some(template) = template(cluster, id, &volume) else {
            continue;
        };
        let pod = &cluster.objects.pods[id.index()];
        let name = storage::ephemeral_claim(pod, &volume);
        let owners = json!([{
            "apiVersion": "v1",
            "kind": "Pod",
            "name": pod.name.as_str(),
            "uid": api::uid_of(pod.number).as_str(),
            "controller": true,
            "blockOwnerDeletion": true,
        }]);
        let none = Labels::new();
        let document = storage::claim_document(&template, &pod.namespace, &name, &none, &owners);
        let _ = api::create(cluster, document, Actor::Unrecorded);
    }
}

/// `volumeClaimTemplate:` of a pod's volume.
fn template<P>(cluster: &Cluster<P>, id: PodId, volume: &SmolStr) -> Option<Value> {
    let template = cluster.objects.pods[id.index()].template;
    let document = &cluster.objects.templates[template.index()].doc;
    let volumes = document["spec"]["volumes"].as_array()?;
    let found = volumes
        .iter()
        .find(|other| other["name"] == volume.as_str())?;
    found.pointer("/ephemeral/volumeClaimTemplate").cloned()
}
