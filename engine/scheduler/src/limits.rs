//! How many volumes of a driver a node takes: what its CSINode object says.
//! Source: pkg/scheduler/framework/plugins/nodevolumelimits/csi.go.

use aegis_cluster::Cluster;
use aegis_cluster::api::storage;
use aegis_cluster::volumes;
use aegis_model::kubernetes::Kind;
use aegis_model::{ClaimId, NodeId, PodId};
use alloc::collections::BTreeSet;
use smol_str::SmolStr;

/// Whether a pod with these claims brings a node above a limit, if the pods in `without` were gone.
pub(super) fn exceeds<P>(
    cluster: &Cluster<P>,
    claims: &[ClaimId],
    node: NodeId,
    without: &[PodId],
) -> bool {
    let name = &cluster.objects.nodes[node.index()].header.reference.name;
    let known = cluster.objects.plain.iter().find(|row| {
        row.header.exists()
            && row.header.reference.kind == Kind::Other("CSINode".into())
            && row.header.reference.name == *name
    });
    let Some(known) = known else {
        return false;
    };
    let drivers = known.header.doc["spec"]["drivers"].as_array();
    drivers.into_iter().flatten().any(|driver| {
        let limit = driver
            .pointer("/allocatable/count")
            .and_then(serde_json::Value::as_u64);
        let name = driver["name"].as_str().unwrap_or_default();
        limit.is_some_and(|limit| {
            let new = claims
                .iter()
                .filter(|id| driver_of(cluster, **id).as_deref() == Some(name));
            let new: BTreeSet<ClaimId> = new.copied().collect();
            let mut all = on_node(cluster, node, name, without);
            let before = all.len();
            all.extend(new);
            all.len() > before && all.len() as u64 > limit
        })
    })
}

/// Claims whose volumes of a driver are on a node.
fn on_node<P>(
    cluster: &Cluster<P>,
    node: NodeId,
    driver: &str,
    without: &[PodId],
) -> BTreeSet<ClaimId> {
    let objects = &cluster.objects;
    let pods = cluster.workings.index.pods_on(node).iter();
    let there =
        pods.filter(|pod| !without.contains(pod) && !objects.pods[pod.index()].phase.is_terminal());
    let claims = there.flat_map(|pod| {
        let row = &objects.pods[pod.index()];
        let names = storage::claim_names(objects, row);
        names.filter_map(|(_, name)| storage::claim(cluster, &row.namespace, &name))
    });
    claims
        .filter(|id| driver_of(cluster, *id).as_deref() == Some(driver))
        .collect()
}

/// The driver of a claim's volume, or of its class.
fn driver_of<P>(cluster: &Cluster<P>, id: ClaimId) -> Option<SmolStr> {
    let claim = &cluster.objects.claims[id.index()];
    if let Some(volume) = volumes::volume_of(cluster, claim) {
        let csi = cluster.objects.volumes[volume.index()].spec.csi.as_ref();
        return csi.map(|csi| csi.driver.clone());
    }
    let class = storage::class(cluster, claim.class())?;
    Some(volumes::driver_name(&class.spec.provisioner).into())
}
