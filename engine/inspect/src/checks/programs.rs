//! Programs that a container is told to run as nothing can be run, and pull secrets that are not there.

use super::Case;
use crate::candidate::{Candidate, Weight::Proven};
use crate::containers::{Container, of_workload};
use crate::doc::{items, text};
use crate::estate::Estate;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for at in 0..estate.workloads.len() {
        found.extend(uncredited(estate, at));
        found.extend(of_workload(estate, at).filter_map(|one| line_as_program(estate, &one)));
    }
    found
}

/// A pull secret that is not there.
fn uncredited(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let gone = items(keeper.pod_spec, "/imagePullSecrets")
        .map(|one| text(one, "/name"))
        .find(|name| {
            estate
                .find("Secret", keeper.object.namespace, name)
                .is_none()
        })?;
    let words = format!("it names the pull secret {gone}, which does not exist");
    let found = Candidate::at_workload("image_pull_secret_missing", estate, at)?
        .field("spec.template.spec.imagePullSecrets")
        .value("value_secret", gone)
        .seen(Proven, "object", keeper.object.reference(), words);
    Some(found.by_itself())
}

/// A command whose first word is a whole line: there is no program of that name. Arguments are run as a
/// program where the image has none of its own.
fn line_as_program(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    let by_command = one.command().next();
    let by_args = || {
        one.args()
            .next()
            .filter(|_| one.is_base() && by_command.is_none())
    };
    let first = by_command.or_else(by_args)?;
    let line = first.trim();
    if !line.contains(' ')
        || line.contains(['$', '\n'])
        || line.starts_with('/') && line.ends_with('/')
    {
        return None;
    }
    let field = if by_command.is_some() {
        "command"
    } else {
        "args"
    };
    let words = format!("exec: \"{line}\": executable file not found: it is a line, not a program");
    let reference = estate.workloads[one.at].object.reference();
    let found = Candidate::at_container(estate, one, ("command_wrong", field))?
        .seen(Proven, "object", reference.clone(), words)
        .seen(
            Proven,
            "object",
            reference,
            "words of a command stand apart",
        );
    Some(found)
}
