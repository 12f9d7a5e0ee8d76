//! Keeps behaviour in step with settings while a cluster runs.

use super::rewire;
use aegis_cluster::Cluster;
use aegis_model::{Behaviour, Objects, TemplateId, WorkloadId};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What the behaviour of each workload was inferred from, and what it stands for now.
///
/// A workload's behaviour follows its settings once at least half of its ready
/// pods are of the wanted revision: until then calls go where the old ones sent
/// them. Going back to the first revision restores the first behaviour exactly.
#[derive(Debug, Default, Clone)]
pub struct Wiring {
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    /// Revision that the first behaviour is of.
    first: TemplateId,
    /// Revision that the behaviour in force is of.
    now: TemplateId,
    /// The first behaviour.
    behaviour: Option<Arc<Behaviour>>,
}

impl Wiring {
    /// As a cluster is: its behaviour is taken to be that of the wanted revisions.
    #[must_use]
    pub fn of<P>(cluster: &Cluster<P>) -> Self {
        let mut wiring = Self::default();
        wiring.admit(cluster);
        wiring
    }

    /// As a cluster is whose behaviour is that of these revisions, by workload: what was rolled out since is followed at
    /// its first step. Of workloads that came since, and where the cluster is older than a revision, that of the wanted
    /// ones.
    #[must_use]
    pub fn of_revisions<P>(cluster: &Cluster<P>, revisions: &[TemplateId]) -> Self {
        let mut wiring = Self::of(cluster);
        let known = cluster.objects.templates.len();
        let rows = wiring.rows.iter_mut().zip(revisions);
        for (row, revision) in rows.filter(|(_, revision)| revision.index() < known) {
            (row.first, row.now) = (*revision, *revision);
        }
        wiring
    }

    /// Takes workloads in that have come since.
    fn admit<P>(&mut self, cluster: &Cluster<P>) {
        let known = self.rows.len();
        for (index, row) in cluster.objects.workloads.enumerate().skip(known) {
            self.rows.push(Row {
                first: row.template,
                now: row.template,
                behaviour: cluster.workings.behaviour_shared(index.into()),
            });
        }
    }

    /// Brings behaviour in step with what has been rolled out. Costs a comparison per workload
    /// while nothing is.
    pub fn follow<P: Clone>(&mut self, cluster: &mut Cluster<P>) {
        if cluster.objects.workloads.len() > self.rows.len() {
            self.admit(cluster);
        }
        for index in 0..self.rows.len() {
            let wanted = cluster.objects.workloads[index].template;
            if wanted != self.rows[index].now && is_rolled_out(&cluster.objects, index.into()) {
                self.turn(cluster, index.into(), wanted);
            }
        }
    }

    fn turn<P: Clone>(&mut self, cluster: &mut Cluster<P>, id: WorkloadId, wanted: TemplateId) {
        let row = &mut self.rows[id.index()];
        row.now = wanted;
        let Some(first) = &row.behaviour else { return };
        let templates = &cluster.objects.templates;
        let namespace = &cluster.objects.workloads[id.index()]
            .header
            .reference
            .namespace;
        let (before, after) = (
            &templates[row.first.index()].spec,
            &templates[wanted.index()].spec,
        );
        let changed = rewire(&cluster.objects, namespace, first, before, after);
        if let Some(place) = cluster.workings.behaviours.get_mut(id.index()) {
            *place = Some(Arc::new(changed));
            cluster.workings.index.topology_dirty = true;
        }
    }
}

/// Whether at least half of a workload's ready pods, and at least one, are of the revision that is wanted.
#[must_use]
pub fn is_rolled_out(objects: &Objects, id: WorkloadId) -> bool {
    let row = &objects.workloads[id.index()];
    let ready = row
        .pods
        .iter()
        .map(|pod| &objects.pods[pod.index()])
        .filter(|pod| pod.is_ready());
    let (new, all) = ready.fold((0, 0), |(new, all), pod| {
        let current = objects.revision(pod.template) == row.template;
        (new + usize::from(current), all + 1)
    });
    new > 0 && 2 * new >= all
}
