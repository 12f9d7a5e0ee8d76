//! The deployment controller (pkg/controller/deployment): revisions as ReplicaSets, rollouts, scaling.
//!
//! It sets the size of ReplicaSets and reads their status; pods are the business
//! of the ReplicaSet controller.

mod rolling;
mod scaling;
mod status;

use super::{refusals, replica_set};
use crate::batch_of;
use aegis_cluster::api::events::{Source, record};
use aegis_cluster::api::{self, POD_TEMPLATE_HASH, REVISION};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::{Slot, header_mut};
use aegis_model::kubernetes::{DeploymentSpec, IntOrString, Kind, ObjectRef, Rounding};
use aegis_model::objects::{
    ConditionStatus, Header, ReplicaSet, Severity, WorkloadSpec, WorkloadStatus,
};
use aegis_model::{Doc, Overlay, ReplicaSetId, WorkloadId};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::ControlFlow;
use serde_json::{Value, json};
use smol_str::{SmolStr, format_smolstr};

const SOURCE: Source = Source::of("deployment-controller");
/// `spec.progressDeadlineSeconds` where it is absent.
const PROGRESS_DEADLINE: u32 = 600;
/// Deadlines of this many seconds mean none.
const NO_DEADLINE: u32 = i32::MAX as u32;
/// `spec.revisionHistoryLimit` where it is absent.
const HISTORY_LIMIT: u32 = 10;

/// Syncs the Deployments of this round.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, journal: &mut Journal) {
    for id in batch_of(cluster, &Kind::Deployment) {
        sync(cluster, id, journal);
    }
}

/// A Deployment on the controller's desk.
struct Desk {
    id: WorkloadId,
    /// Wanted pods.
    replicas: u32,
    /// ReplicaSet of the wanted template, where there is one.
    new: Option<ReplicaSetId>,
    /// The others, oldest first.
    old: Vec<ReplicaSetId>,
    strategy: Strategy,
    paused: bool,
    min_ready: u32,
    /// Old revisions that are kept.
    history: usize,
    /// Seconds without progress until the rollout counts as failed; `None` is no deadline.
    deadline: Option<u32>,
}

/// How pods are replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strategy {
    /// All at once, after the old ones are gone.
    Recreate,
    /// One after the other: so many pods above and below the wanted number.
    Rolling { surge: u32, unavailable: u32 },
}

/// Takes over the ReplicaSets that nothing controls and that the Deployment selects.
/// Source: deployment_controller.go `getReplicaSetsForDeployment`.
fn adopt_sets<P>(cluster: &mut Cluster<P>, id: WorkloadId) {
    let loose = cluster.workings.control.loose_sets.clone();
    for set in loose.iter().copied() {
        let rows = &cluster.objects.workloads;
        let (owner, header) = (&rows[id.index()], &rows[set.index()].header);
        let near = owner.header.reference.namespace == header.reference.namespace;
        let selected = owner
            .spec
            .selector()
            .is_some_and(|s| s.matches(&header.labels));
        if header.exists() && header.deletion.is_none() && near && selected {
            api::adopt_replica_set(cluster, set, id);
        }
    }
}

fn sync<P>(cluster: &mut Cluster<P>, id: WorkloadId, journal: &mut Journal) {
    adopt_sets(cluster, id);
    replica_set::observe_all(cluster, id);
    let Some(mut desk) = Desk::open(cluster, id) else {
        return;
    };
    status::note_pause(cluster, &desk);
    if desk.paused || scaling::is_due(cluster, &desk) {
        desk.adopt_revision(cluster);
        scaling::scale(cluster, &desk, journal);
        status::keep(cluster, &desk);
        return;
    }
    if desk.strategy != Strategy::Recreate {
        if desk.make_revision(cluster, journal).is_break() {
            return;
        }
        rolling::roll(cluster, &desk, journal);
    } else {
        if rolling::recreate(cluster, &mut desk, journal).is_break() {
            return;
        }
    }
    status::roll_out(cluster, &desk);
    status::clean_up(cluster, &desk);
}

impl Desk {
    fn open<P>(cluster: &Cluster<P>, id: WorkloadId) -> Option<Self> {
        let row = &cluster.objects.workloads[id.index()];
        let WorkloadSpec::Deployment(spec) = &*row.spec else {
            return None;
        };
        let sets = &cluster.workings.control.workloads[id.index()].replica_sets;
        let is_wanted =
            |set: &ReplicaSetId| cluster.objects.replica_sets[set.index()].template == row.template;
        let new = sets.iter().copied().find(is_wanted);
        let deadline = spec.progress_deadline_seconds.unwrap_or(PROGRESS_DEADLINE);
        Some(Self {
            id,
            replicas: spec.replicas.unwrap_or(1),
            new,
            old: (sets.iter().copied())
                .filter(|set| Some(*set) != new)
                .collect(),
            strategy: Strategy::of(spec),
            paused: spec.paused,
            min_ready: spec.min_ready_seconds,
            history: spec.revision_history_limit.unwrap_or(HISTORY_LIMIT) as usize,
            deadline: Some(deadline).filter(|seconds| *seconds < NO_DEADLINE),
        })
    }

    /// All sets, the new one last.
    fn sets(&self) -> impl Iterator<Item = ReplicaSetId> {
        self.old.iter().copied().chain(self.new)
    }

    fn max_surge(&self) -> u32 {
        match self.strategy {
            Strategy::Rolling { surge, .. } => surge,
            Strategy::Recreate => 0,
        }
    }

    fn max_unavailable(&self) -> u32 {
        match self.strategy {
            Strategy::Rolling { unavailable, .. } => unavailable.min(self.replicas),
            Strategy::Recreate => 0,
        }
    }

    /// The number that the wanted revision has if it is new.
    fn next_revision<P>(&self, cluster: &Cluster<P>) -> u32 {
        let old = self.old.iter();
        old.map(|set| cluster.objects.replica_sets[set.index()].revision)
            .max()
            .unwrap_or(0)
            + 1
    }

    /// Gives an existing ReplicaSet of the wanted template the newest number.
    fn adopt_revision<P>(&self, cluster: &mut Cluster<P>) {
        let Some(set) = self.new else {
            return;
        };
        let revision = self.next_revision(cluster);
        let row = &mut cluster.objects.replica_sets[set.index()];
        let before = row.revision;
        row.revision = before.max(revision);
        let revision = row.revision;
        if before != revision && before != 0 {
            note_history(cluster, set, before);
        }
        annotate(cluster, Slot::ReplicaSet(set), REVISION, revision);
        cluster.objects.workloads[self.id.index()].revision = revision;
        annotate(cluster, Slot::Workload(self.id), REVISION, revision);
        if self.deadline.is_some() {
            let name = &cluster.objects.replica_sets[set.index()]
                .header
                .reference
                .name;
            let message = format!("Found new replica set \"{name}\"");
            let present = &cluster.objects.workloads[self.id.index()].status.conditions;
            if super::conditions::get(present, "Progressing").is_none() {
                status::say(
                    cluster,
                    self.id,
                    "Progressing",
                    ConditionStatus::True,
                    "FoundNewReplicaSet",
                    &message,
                );
            }
        }
    }

    /// Finds or makes the ReplicaSet of the wanted template.
    fn make_revision<P>(
        &mut self,
        cluster: &mut Cluster<P>,
        journal: &mut Journal,
    ) -> ControlFlow<()> {
        if self.new.is_some() {
            self.adopt_revision(cluster);
            return ControlFlow::Continue(());
        }
        let row = new_set(cluster, self);
        let (object, document) = (row.header.reference.clone(), row.header.doc.clone());
        if let Err(why) = api::admit_controlled(cluster, &object, &document) {
            self.refused(cluster, &object.name, &why, journal);
            return ControlFlow::Break(());
        }
        refusals::let_in(cluster, self.id);
        let set = api::insert_replica_set(cluster, row);
        self.new = Some(set);
        let size = rolling::wanted_size(cluster, self, set);
        scaling::set_size(cluster, self, set, size);
        let revision = cluster.objects.replica_sets[set.index()].revision;
        cluster.objects.workloads[self.id.index()].revision = revision;
        annotate(cluster, Slot::Workload(self.id), REVISION, revision);
        self.announce(cluster, set, size, journal);
        ControlFlow::Continue(())
    }

    /// The API server does not take the new ReplicaSet: that is said, and tried again.
    fn refused<P>(
        &self,
        cluster: &mut Cluster<P>,
        set: &str,
        why: &api::ApiError,
        journal: &mut Journal,
    ) {
        const REASON: &str = "ReplicaSetCreateError";
        let message = format!("Failed to create new replica set {set:?}: {why}");
        if self.deadline.is_some() {
            let kind = "Progressing";
            status::say(
                cluster,
                self.id,
                kind,
                ConditionStatus::False,
                REASON,
                &message,
            );
        }
        let object = cluster.objects.workloads[self.id.index()]
            .header
            .reference
            .clone();
        let warning = Severity::Warning;
        record(cluster, journal, warning, REASON, &message, &object, SOURCE);
        refusals::refused(cluster, self.id, refusals::WAITS);
    }

    fn announce<P>(
        &self,
        cluster: &mut Cluster<P>,
        set: ReplicaSetId,
        size: u32,
        journal: &mut Journal,
    ) {
        let name = cluster.objects.replica_sets[set.index()]
            .header
            .reference
            .name
            .clone();
        if size > 0 {
            let message = format!("Scaled up replica set {name} from 0 to {size}");
            report(cluster, self.id, &message, journal);
        }
        if self.deadline.is_some() {
            let message = format!("Created new replica set \"{name}\"");
            status::say(
                cluster,
                self.id,
                "Progressing",
                ConditionStatus::True,
                "NewReplicaSetCreated",
                &message,
            );
        }
    }
}

impl Strategy {
    /// Surge is rounded up, unavailable down; where both come out 0, one may be missing.
    /// Source: deployment_util.go `ResolveFenceposts`.
    fn of(spec: &DeploymentSpec) -> Self {
        if spec.strategy.kind == "Recreate" {
            return Self::Recreate;
        }
        let bounds = spec.strategy.rolling_update.clone().unwrap_or_default();
        let replicas = spec.replicas.unwrap_or(1);
        let share = |given: Option<IntOrString>, rounding| {
            let given = given.unwrap_or_else(|| IntOrString::Text("25%".into()));
            given.of(replicas, rounding)
        };
        let surge = share(bounds.max_surge, Rounding::Up);
        let unavailable = share(bounds.max_unavailable, Rounding::Down);
        Self::Rolling {
            surge,
            unavailable: unavailable.max(u32::from(surge == 0)),
        }
    }
}

/// Records `ScalingReplicaSet` on the Deployment.
fn report<P>(cluster: &mut Cluster<P>, id: WorkloadId, message: &str, journal: &mut Journal) {
    let object = cluster.objects.workloads[id.index()]
        .header
        .reference
        .clone();
    let reason = "ScalingReplicaSet";
    record(
        cluster,
        journal,
        Severity::Normal,
        reason,
        message,
        &object,
        SOURCE,
    );
}

/// Remembers the number that a revision had before it was wanted again.
/// Source: deployment_util.go `SetNewReplicaSetAnnotations`.
fn note_history<P>(cluster: &mut Cluster<P>, set: ReplicaSetId, before: u32) {
    const HISTORY: &str = "deployment.kubernetes.io/revision-history";
    let header = &mut cluster.objects.replica_sets[set.index()].header;
    let text = match header.annotations.get(HISTORY) {
        Some(known) => format_smolstr!("{known},{before}"),
        None => format_smolstr!("{before}"),
    };
    let document = Arc::make_mut(&mut header.doc);
    document["metadata"]["annotations"][HISTORY] = text.as_str().into();
    Arc::make_mut(&mut header.annotations).insert(HISTORY.into(), text);
}

/// Writes an annotation into row and document.
fn annotate<P>(cluster: &mut Cluster<P>, slot: Slot, key: &str, value: u32) {
    let Some(header) = header_mut(&mut cluster.objects, slot) else {
        return;
    };
    let text = format_smolstr!("{value}");
    if header.annotations.get(key) == Some(&text) {
        return;
    }
    let document = Arc::make_mut(&mut header.doc);
    document["metadata"]["annotations"][key] = text.as_str().into();
    Arc::make_mut(&mut header.annotations).insert(key.into(), text);
}

/// The ReplicaSet of the wanted template, of size 0.
fn new_set<P>(cluster: &mut Cluster<P>, desk: &Desk) -> ReplicaSet {
    let revision = desk.next_revision(cluster);
    let number = cluster.workings.index.number();
    let owner = &cluster.objects.workloads[desk.id.index()];
    let template = &cluster.objects.templates[owner.template.index()];
    let mut labels = template.spec.metadata.labels.clone();
    labels.insert(POD_TEMPLATE_HASH.into(), template.hash.clone());
    let mut annotations = (*owner.header.annotations).clone();
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    annotations.insert(REVISION.into(), format_smolstr!("{revision}"));
    let name = set_name(&owner.header.reference.name, &template.hash);
    let namespace = &owner.header.reference.namespace;
    let mut header = Header {
        reference: ObjectRef::new(Kind::ReplicaSet, namespace, &name),
        labels: Arc::new(labels),
        annotations: Arc::new(annotations),
        number,
        generation: 1,
        created: cluster.clock,
        deletion: None,
        removed: None,
        doc: Doc::default(),
    };
    header.doc = set_document(&header, &owner.header, &template.doc, &template.hash, desk);
    ReplicaSet {
        header,
        owner: desk.id,
        template: owner.template,
        revision,
        replicas: 0,
        status: WorkloadStatus::default(),
    }
}

fn set_name(deployment: &str, hash: &str) -> SmolStr {
    format_smolstr!("{deployment}-{hash}")
}

/// The document that `kubectl get replicaset` would show, but for status and `spec.replicas`.
fn set_document(
    header: &Header,
    owner: &Header,
    template: &Value,
    hash: &SmolStr,
    desk: &Desk,
) -> Doc {
    let mut template = template.clone();
    template["metadata"]["labels"][POD_TEMPLATE_HASH] = hash.as_str().into();
    let mut selector = owner.doc["spec"]["selector"].clone();
    selector["matchLabels"][POD_TEMPLATE_HASH] = hash.as_str().into();
    let mut document = json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": header.reference.name,
            "namespace": header.reference.namespace,
            "labels": *header.labels,
            "annotations": *header.annotations,
            "ownerReferences": [{
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": owner.reference.name,
                "uid": api::uid(owner),
                "controller": true,
                "blockOwnerDeletion": true,
            }],
        },
        "spec": {"selector": selector, "template": template},
    });
    if desk.min_ready > 0 {
        document["spec"]["minReadySeconds"] = desk.min_ready.into();
    }
    Arc::new(document)
}
