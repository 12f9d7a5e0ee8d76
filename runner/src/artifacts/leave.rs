//! The files beside the logs, from the events.

use crate::store::{Artifact, Meta, Run, StoreError};
use aegis_kube::print::{EPOCH, list};
use aegis_model::{Stamped, Tick};
use aegis_report::{Facts, Story, chronicle, html, plan_sh, summary, topology_mermaid};

/// Writes every file that can be written; gives why the others could not.
pub(super) fn leave(run: &Run, told: &[Stamped], facts: &Facts, meta: &Meta) -> Vec<StoreError> {
    let story = Story::tell(told);
    let summed = summary(&story, facts);
    let texts = [
        (Artifact::Report, html(&story, &summed, facts)),
        (Artifact::Chronicle, chronicle(&story, &summed, facts)),
        (Artifact::Topology, topology_mermaid(&story)),
        (Artifact::PlanScript, plan_sh(&story, facts)),
    ];
    // What programs read comes first: on a full disk it is the last to be given up.
    let mut written = vec![
        run.write_json(Artifact::Meta, meta),
        run.write_json(Artifact::Summary, &summed),
    ];
    written.extend(texts.map(|(artifact, text)| run.write(artifact, text.as_bytes())));
    written.push(run.write_json(Artifact::Objects, &list(&story.objects, end(&story), EPOCH)));
    written.into_iter().filter_map(Result::err).collect()
}

/// The tick of the last event.
fn end(story: &Story<'_>) -> Tick {
    Tick(u32::try_from(i64::from(story.origin.0) + story.end).unwrap_or(0))
}
