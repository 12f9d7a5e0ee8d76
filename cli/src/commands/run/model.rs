//! The language model of a run: a server, or the record of an earlier run.

use super::view::View;
use crate::args::{Llm, RunScenario};
use crate::commands::Context;
use crate::exit::Failure;
use crate::output::{Terminal, to_stderr};
use aegis_llm::{Advisor, Budget, Endpoint};
use aegis_model::ask::{Ask, AskRole, Reply};
use aegis_runner::asking::{self, Asking};
use aegis_runner::run::no_model;
use aegis_runner::store::Answers;
use std::cell::RefCell;
use std::time::Duration;

/// Where a key for a server beyond this machine is read from.
const KEY: &str = "OPENAI_API_KEY";

/// Where the answers are to come from, as it is written down with the run.
pub fn answers(args: &RunScenario, context: &Context) -> Result<Option<Answers>, Failure> {
    Ok(match &args.llm {
        Llm::Off => None,
        Llm::Server(base) => Some(Answers::Server {
            base: base.clone(),
            model: args.model.clone(),
            timeout_s: args.llm_timeout,
        }),
        Llm::Replay(run) => {
            let folder = context.store().resolve(run)?.folder().to_owned();
            let folder = std::path::absolute(&folder).unwrap_or(folder);
            Some(Answers::Run {
                folder: folder.display().to_string(),
            })
        }
    })
}

/// Who gives them, where anybody is to. A server that cannot be reached is said, and asked all the same: the run
/// needs none.
pub fn advisor(
    answers: Option<&Answers>,
    context: &Context,
    terminal: &Terminal,
) -> Result<Option<Advisor>, Failure> {
    let Some(answers) = answers else {
        return Ok(None);
    };
    let budget = Budget::default();
    match answers {
        Answers::Server {
            base,
            model,
            timeout_s,
        } => {
            let budget = Budget {
                patience: Duration::from_secs((*timeout_s).into()),
                ..budget
            };
            let mut advisor = Advisor::new(endpoint(base, model.clone()), budget)
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
        Answers::Run { folder } => {
            let run = context.store().resolve(folder)?;
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

/// Asks, where there is a model; how far an answer has come is shown where a person looks on, and kept nowhere.
pub fn ask(asking: Option<&mut Asking>, asks: &[Ask], view: &RefCell<View>) -> Vec<Reply> {
    let Some(asking) = asking else {
        return no_model(asks);
    };
    let mut shown = view.borrow_mut().asking();
    asking.ask(asks, &mut |role, piece| shown.hear(wanted(role), piece))
}

const fn wanted(role: AskRole) -> &'static str {
    match role {
        AskRole::Diagnosis => "causes",
        AskRole::Planning => "plans",
        AskRole::Critic => "objections",
        AskRole::Reflection => "words",
    }
}
