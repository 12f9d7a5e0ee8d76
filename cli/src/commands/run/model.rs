//! The language model of a run: a server, or the record of an earlier run.

use super::view::View;
use crate::args::{Llm, RunScenario};
use crate::commands::Context;
use crate::exit::Failure;
use crate::output::{Terminal, to_stderr};
use aegis_llm::{Advisor, Budget, Endpoint};
use aegis_model::ask::{Ask, AskRole, Reply};
use aegis_runner::asking::{self, Asking};
use std::cell::RefCell;

/// Where a key for a server beyond this machine is read from.
const KEY: &str = "OPENAI_API_KEY";

/// The model that was asked for. One that cannot be reached is said, and asked all the same: the run needs none.
pub fn advisor(
    args: &RunScenario,
    context: &Context,
    terminal: &Terminal,
) -> Result<Option<Advisor>, Failure> {
    let budget = Budget::default();
    match &args.llm {
        Llm::Off => Ok(None),
        Llm::Server(base) => {
            let mut advisor = Advisor::new(endpoint(base, args.model.clone()), budget)
                .map_err(|why| Failure::usage(why.to_string()))?;
            if let Err(silence) = advisor.settle() {
                let warning = terminal.err.yellow("warning:");
                to_stderr(&format!(
                    "{warning} {base}: {}; the engine goes on without a model\n",
                    silence.why
                ));
            }
            Ok(Some(advisor))
        }
        Llm::Replay(run) => {
            let run = context.store().resolve(run)?;
            let record = asking::recorded(&run)?.ok_or_else(|| {
                let what = format!("{} asked no language model", run.name());
                Failure::usage(what).help("`aegis runs show RUN` lists what a run left")
            })?;
            Ok(Some(Advisor::replaying(record, budget)))
        }
    }
}

/// The server, with a key where it is not on this machine.
fn endpoint(base: &str, model: Option<String>) -> Endpoint {
    let key = std::env::var(KEY).ok();
    Endpoint {
        key: key.filter(|_| base.starts_with("https://")),
        ..Endpoint::new(base, model)
    }
}

/// What the summary calls the model.
pub fn named(advisor: &Advisor, args: &RunScenario) -> String {
    let wanted = || args.model.clone().unwrap_or_else(|| "none".into());
    advisor.model().map_or_else(wanted, str::to_owned)
}

/// Asks; how far the answer has come is shown where a person looks on, and kept nowhere.
pub fn ask(asking: &mut Asking, ask: &Ask, view: &RefCell<View>) -> Reply {
    let mut shown = view.borrow_mut().asking();
    asking.ask(ask, &mut |role, piece| shown.hear(wanted(role), piece))
}

const fn wanted(role: AskRole) -> &'static str {
    match role {
        AskRole::Diagnosis => "causes",
        AskRole::Planning => "plans",
        AskRole::Critic => "objections",
        AskRole::Reflection => "words",
    }
}
