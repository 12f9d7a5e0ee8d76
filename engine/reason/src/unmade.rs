//! What would be seen had a change never been made.
//!
//! A change that a twin finds already made cannot be left out of what it replays: a probe that kills minutes after
//! its rollout, a revision that hurts once the last pod of the one before has gone. Taken back as a user would take
//! it back, it would bring a rollout of its own, and be blamed for what that does. So the objects are written as they
//! would stand: fields as they were before, and the pods of the revision as if made from the template without it.

use crate::estimated::Estimated;
use aegis_faults::betrayal;
use aegis_model::objects::Template;
use aegis_model::{ObjectChange, Objects, Observation, TemplateId};
use aegis_sim::Cluster;
use aegis_sim::api::{self, Actor};
use smol_str::SmolStr;

/// The observation as it would be without the change; `None` where nothing takes the change back, or the API server
/// would refuse that.
#[must_use]
pub fn unmade(seen: &Observation, change: &ObjectChange) -> Option<Observation> {
    let back = change.inverse(&betrayal::object(change)?)?;
    let workings = api::adopt(&seen.objects, seen.at);
    let mut cluster = Cluster::new(Estimated::mark(), seen.objects.clone(), workings, seen.at);
    api::apply(&mut cluster, &back, Actor::Unrecorded).ok()?;
    let mut objects = cluster.objects;
    for workload in 0..seen.objects.workloads.len() {
        keep_revision(&seen.objects, &mut objects, workload)?;
    }
    Some(Observation {
        objects,
        ..seen.clone()
    })
}

/// Gives the present revision of a workload the template of the one that was made anew, in its place.
fn keep_revision(before: &Objects, after: &mut Objects, workload: usize) -> Option<()> {
    let (old, new) = (&before.workloads[workload], &after.workloads[workload]);
    if old.template == new.template {
        return Some(());
    }
    let fresh = after.templates[new.template.index()].clone();
    for (index, template) in before.templates.enumerate() {
        let is_own = |template: &Template| template.admitted_from == Some(old.template);
        if TemplateId::from(index) == old.template || is_own(template) {
            has_containers_of(&fresh, template).then_some(())?;
            after.templates[index] = Template {
                spec: fresh.spec.clone(),
                doc: fresh.doc.clone(),
                ..template.clone()
            };
        }
    }
    let row = &mut after.workloads[workload];
    (row.template, row.revision) = (old.template, old.revision);
    Some(())
}

/// Whether pods of one template have the containers of the other.
fn has_containers_of(a: &Template, b: &Template) -> bool {
    let names = |template: &Template| -> Vec<SmolStr> {
        let spec = &template.spec.spec;
        let all = spec.init_containers.iter().chain(&spec.containers);
        all.map(|container| container.name.clone()).collect()
    };
    names(a) == names(b)
}
