//! Which pods a mechanism of the overlay acts on.

use crate::Cluster;
use aegis_model::overlay::Ends;
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
        && match laid.ends {
            Ends::WithTime => true,
            Ends::WithPod => row.created <= laid.from,
            Ends::WithRevision(template) => same_release(cluster, row.template, template),
        }
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
