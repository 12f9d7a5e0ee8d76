//! The catalogue as a page for people: `docs/faults.md` is made of this.

use crate::fault::{Aim, Breadth, Expressed, Fault, Harms, Lasting, Section, Show, Sign};
use crate::parameter::Parameter;
use crate::step::{Place, Step};
use aegis_model::Procedure;
use aegis_model::procedure::{Back, PROCEDURES, SideEffect};
use std::fmt::Write;

impl Section {
    /// All, in the order of the page.
    pub const ALL: [Self; 8] = [
        Self::Plain,
        Self::Workload,
        Self::Scheduling,
        Self::Storage,
        Self::Application,
        Self::Network,
        Self::ControlPlane,
        Self::Correlated,
    ];

    /// Its word on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Workload => "workload",
            Self::Scheduling => "scheduling",
            Self::Storage => "storage",
            Self::Application => "application",
            Self::Network => "network",
            Self::ControlPlane => "control-plane",
            Self::Correlated => "correlated",
        }
    }

    /// Its heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Plain => "What wears out, bursts or goes by itself",
            Self::Workload => "Configuration of workloads, Services and references",
            Self::Scheduling => "Scheduling, resources, admission",
            Self::Storage => "Storage",
            Self::Application => "State of applications and of what they depend on",
            Self::Network => "Network, names, mesh",
            Self::ControlPlane => "Nodes, control plane, operators, hardware",
            Self::Correlated => "Metastable, correlated, several at once",
        }
    }
}

impl Expressed {
    /// In words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Objects => "objects",
            Self::State => "state",
            Self::Effect => "effect",
        }
    }
}

impl Harms {
    /// In words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::NextPod => "the next pod",
            Self::Nobody => "nobody",
        }
    }
}

/// `RevertChange` as `revert change`.
fn plain(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

impl Fault {
    /// By what it comes, a line each.
    #[must_use]
    pub fn composition(&self) -> Vec<String> {
        let sizes = self.defaults();
        let steps = self.steps.iter().map(Step::in_words);
        let parts = self.parts.iter().map(|part| {
            let lasting = match part.lasting {
                Lasting::Time => "until it is mended",
                Lasting::Revision => "until another release",
                Lasting::Pod => "until new pods",
                Lasting::Change => "as long as the change stands",
                Lasting::Parameter(_) => "for a while",
            };
            let mechanism = format!("{:?}", (part.mechanism)(&sizes));
            format!("unseen: {mechanism}, {lasting}")
        });
        let zone = (self.breadth == Breadth::Zone).then(|| "on every node of the zone".to_owned());
        steps.chain(parts).chain(zone).collect()
    }

    /// What betrays it, a line each.
    #[must_use]
    pub fn observables(&self) -> Vec<String> {
        let signs = self.signs.iter().map(Sign::in_words);
        signs.chain(self.shows.iter().map(Show::in_words)).collect()
    }

    /// What helps, a line each.
    #[must_use]
    pub fn cures(&self) -> Vec<String> {
        let cure = |remedy: &crate::fault::Remedy| {
            let aim = match remedy.aim {
                Aim::Undo => "undoes it",
                Aim::Contain => "contains it",
                Aim::Outgrow => "outgrows it",
            };
            let act = match remedy.act {
                crate::fault::Act::Exec(procedure) => format!("{procedure:?}"),
                act => format!("{act:?}"),
            };
            format!("{}: {aim}", plain(&act))
        };
        self.remedies.iter().map(cure).collect()
    }
}

impl Step {
    /// In words; a document or patch as it is written.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Make(_) => "a change made of the target as it is".into(),
            Self::Apply(text) => format!("apply {text}"),
            Self::Patch(place, text) => format!("patch {}: {text}", place.in_words()),
            Self::Delete(place) => format!("delete {}", place.in_words()),
            Self::Recreate => "its pods are deleted".into(),
            Self::Again {
                actor,
                every,
                through,
                step,
            } => format!(
                "{actor} every {every} s, through {through}: {}",
                step.in_words()
            ),
        }
    }
}

impl Place {
    fn in_words(self) -> String {
        match self {
            Self::Itself => "the target".into(),
            Self::PodSpec => "the target's pod template".into(),
            Self::Container => "the target's first container".into(),
            Self::Service => "the target's Service".into(),
            Self::Named(kind, name) => format!("{kind}/{name}"),
        }
    }
}

impl Sign {
    fn in_words(&self) -> String {
        let way = match self.direction {
            crate::fault::Direction::Rises => "rises",
            crate::fault::Direction::Falls => "falls",
        };
        format!(
            "{} {way}, {}",
            plain(&format!("{:?}", self.kind)),
            plain(&format!("{:?}", self.on))
        )
    }
}

impl Show {
    fn in_words(&self) -> String {
        match self {
            Self::Event(reason, "") => format!("Event {reason}"),
            Self::Event(reason, words) => format!("Event {reason} with `{words}`"),
            Self::Waiting(reason) => format!("container waits: {reason}"),
            Self::Ended(reason) => format!("container ended: {reason}"),
            Self::Condition(kind, status) => format!("condition {kind}={status}"),
            Self::Log(words) => format!("log line with `{words}`"),
            Self::Again(actor) => format!("changes by {actor}… come again"),
            Self::ClaimPending => "a claim stays Pending".into(),
            Self::Terminating(kind) => format!("{kind} stays Terminating"),
            Self::ActiveJobs(least) => format!("{least} Jobs or more are active"),
            Self::Phase(phase) => format!("pods are {phase}"),
            Self::Dark => "metrics of the subject are missing".into(),
        }
    }
}

fn range(parameter: &Parameter) -> String {
    format!(
        "`{}` {} to {}, default {}",
        parameter.name, parameter.low, parameter.high, parameter.default
    )
}

const OPENING: &str = "# The catalogue of faults

Made of `engine/faults` by its test; to change it, change a row there.

Every row is data: what it acts on, the changes and mechanisms of which it is composed, whom it hurts, what betrays it, what
ends it, how often it happens (per cluster of a dozen services in a month; orders of magnitude), and which public benchmarks
and tools have it: S SREGym, A AIOpsLab, I ITBench, O Cloud-OpsBench. `objects` are faults of objects and queues alone, `state`
ones need a small state model of a component, of `effect` ones only the effect is simulated and not how it comes about.

```console
$ aegis faults list --section storage
$ aegis faults show secret_rotated_stale
$ aegis faults show secret_rotated_stale --scenario
```

`cargo test -p aegis-world --test catalogue -- --nocapture` lays each on a real application and shows that it does its damage
while nobody acts, that what stands here under *betrays itself* appears, and that its first remedy ends it for good: pods are made
anew, a rollout is forced, users are served. What cannot be shown yet stands in that test by name, with the reason.
";

/// The page.
#[must_use]
pub fn page() -> String {
    let mut text = OPENING.to_owned();
    let count = |kind: Expressed| crate::all().filter(|fault| fault.expressed == kind).count();
    let _ = writeln!(
        text,
        "\n{} rows: {} of objects, {} of state, {} of effect.",
        crate::all().count(),
        count(Expressed::Objects),
        count(Expressed::State),
        count(Expressed::Effect)
    );
    for section in Section::ALL {
        let _ = writeln!(text, "\n## {}\n", section.title());
        text.push_str(
            "| fault | hurts | betrays itself | remedies | from |\n|---|---|---|---|---|\n",
        );
        for fault in crate::all().filter(|fault| fault.section == section) {
            text.push_str(&row(fault));
        }
    }
    text.push_str(REPAIRS);
    text.extend(PROCEDURES.iter().map(|procedure| repair(*procedure)));
    text.push_str(ALIKE);
    text.extend(crate::all().filter_map(other_names));
    text
}

const REPAIRS: &str = "
## Repairs by a command

What the API server passes on and no object shows: a command in a container, at a node, on an add-on. Each is data in
`engine/model/src/procedure.rs`, with the command for each server that is known. Whether one has an effect is told to nobody: what is
ended is what a row above says that it ends, at the place where it is done, and elsewhere nothing but the side effect comes of it. What cannot
be reached (no container runs, the kubelet does not answer) is refused as kubectl would refuse it.

| repair | where | takes | hurts | taken back | for |
|---|---|--:|---|---|---|
";

fn repair(procedure: Procedure) -> String {
    let facts = procedure.facts();
    let hurts = match facts.hurts {
        SideEffect::None => "nobody",
        SideEffect::RestartsServer => "restarts the server",
        SideEffect::EmptiesNode => "the node's pods are made anew elsewhere",
        SideEffect::AddsNode => "nobody; one node more is paid for",
    };
    let back = match facts.back {
        Back::ByCommand => "by a command",
        Back::NothingToTake => "nothing to take back",
        Back::Lost(_) => "no",
    };
    let ends: Vec<String> = crate::all()
        .filter(|fault| fault.repair() == Some(procedure))
        .map(|fault| format!("`{}`", fault.id))
        .collect();
    format!(
        "| {} | {} | {} s | {hurts} | {back} | {} |\n",
        plain(&format!("{procedure:?}")),
        plain(&format!("{:?}", facts.site)),
        facts.takes,
        ends.join(", ")
    )
}

const ALIKE: &str = "
## States that deserve several names

A diagnosis is right where it says the object and what is the matter with it. Rows that lay the same mechanism on the same kind of
object, at a size that both have, leave nothing by which an observer could tell them apart; of rows that are looked for in dumps alone,
another speaks that the same field betrays and that shows itself by the same. Made of the rows by `engine/faults/src/alike.rs`.

| fault | right as well |
|---|---|
";

fn other_names(fault: &'static Fault) -> Option<String> {
    let others: Vec<String> = crate::alike(fault)
        .map(|other| format!("`{}`", other.id))
        .collect();
    (!others.is_empty()).then(|| format!("| `{}` | {} |\n", fault.id, others.join(", ")))
}

fn row(fault: &Fault) -> String {
    let sizes: Vec<String> = fault.parameters.iter().map(range).collect();
    let sizes = if sizes.is_empty() {
        String::new()
    } else {
        format!(" {}", sizes.join("; "))
    };
    let line = format!(
        "| `{}` ({}) {}{sizes} | {} | {} | {} | {} |\n",
        fault.id,
        fault.expressed.word(),
        fault.summary,
        fault.harms.word(),
        fault.observables().join("; "),
        fault.cures().join("; "),
        fault.source
    );
    line.replace("\n|", "|")
}
