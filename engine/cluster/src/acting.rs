//! Which pods a mechanism of the overlay acts on.

use crate::Cluster;
use crate::{api, workings};
use aegis_model::overlay::{Ends, Held};
use aegis_model::{Laid, PodId, Subject, TemplateId};

/// Whether a mechanism acts on this pod: its subject, and what ends it.
pub fn acts_on<P: Clone>(cluster: &Cluster<P>, laid: &Laid, pod: PodId) -> bool {
    let row = &cluster.objects.pods[pod.index()];
    let subject = match laid.subject {
        Subject::Workload(workload) => row.workload == workload,
        Subject::Pod(one) => pod == one,
        Subject::Node(node) => row.node == Some(node),
        Subject::Cluster => true,
        Subject::Service(_) | Subject::Edge(..) => false,
    };
    subject
        && match &laid.ends {
            Ends::WithTime => true,
            Ends::WithPod => row.created <= laid.from,
            Ends::WithRevision(template) => same_release(cluster, row.template, *template),
            Ends::WithField(held) => stands(cluster, held),
        }
}

/// Whether what a mechanism lasts for still stands; of those that end otherwise, always.
pub fn holds<P>(cluster: &Cluster<P>, laid: &Laid) -> bool {
    match &laid.ends {
        Ends::WithField(held) => stands(cluster, held),
        _ => true,
    }
}

/// Whether a field still has the value that was written.
fn stands<P>(cluster: &Cluster<P>, held: &Held) -> bool {
    let slot = api::find(cluster, &held.object);
    let header = slot.and_then(|slot| workings::header(&cluster.objects, slot));
    let Some(header) = header else {
        return held.value.is_none();
    };
    held.path.0.is_empty() || held.path.get(&header.doc) == held.value.as_ref()
}

/// Whether two revisions run the same code: a restart or new limits change the template and mend nothing.
fn same_release<P>(cluster: &Cluster<P>, template: TemplateId, other: u32) -> bool {
    let templates = &cluster.objects.templates;
    template.0 == other
        || templates.get(other as usize).is_some_and(|other| {
            templates[template.index()]
                .spec
                .is_same_release(&other.spec)
        })
}
