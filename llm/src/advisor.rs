//! The port: a question in, an exchange out, within the budgets of a run.

use crate::answer;
use crate::client::{Misfit, Request, Server, Written, silence};
use crate::endpoint::{Budget, Endpoint};
use crate::exchange::{Exchange, Key, Replay, Tokens};
use crate::schema::schema;
use crate::trim::{Fitted, fit};
use aegis_model::ask::{Answer, Ask, AskRole, Reply, Silence, SilenceKind};
use futures_util::StreamExt;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// What was asked of a model in a run, and what came of it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Questions.
    pub asked: u32,
    /// Of them answered in the right shape.
    pub answered: u32,
    /// Of those answered after one repair.
    pub repaired: u32,
    /// Tokens.
    pub tokens: Tokens,
    /// Time waited for answers.
    pub waited: Duration,
    /// Failures of the server in a row, at the end.
    pub failures: u32,
}

enum Source {
    Server(Box<Server>, Runtime),
    Record(Replay),
}

/// A model, or the record of one.
pub struct Advisor {
    source: Source,
    budget: Budget,
    figures: Figures,
}

/// Why there can be no advisor.
#[derive(Debug, thiserror::Error)]
pub enum AdvisorError {
    /// No thread to wait on.
    #[error("no runtime for network calls can be had: {0}")]
    Runtime(#[from] std::io::Error),
    /// No TLS.
    #[error("no HTTP client can be had: {0}")]
    Http(#[from] reqwest::Error),
}

/// A question that is ready to be sent.
struct Ready {
    key: Key,
    role: AskRole,
    fitted: Fitted,
    schema: Value,
}

/// What came of sending it.
#[derive(Default)]
struct Sent {
    texts: Vec<String>,
    wrong: Vec<String>,
    tokens: Tokens,
    waited: Duration,
}

impl Advisor {
    /// A model behind a server. Nothing is sent before the first question.
    ///
    /// # Errors
    /// No runtime or no TLS.
    pub fn new(endpoint: Endpoint, budget: Budget) -> Result<Self, AdvisorError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let server = Box::new(Server::new(endpoint)?);
        Ok(Self {
            source: Source::Server(server, runtime),
            budget,
            figures: Figures::default(),
        })
    }

    /// The record of an earlier run in a model's place. Its budgets were applied then.
    #[must_use]
    pub fn replaying(replay: Replay, budget: Budget) -> Self {
        Self {
            source: Source::Record(replay),
            budget,
            figures: Figures::default(),
        }
    }

    /// Who is asked; `None` before the server has named its first model.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        match &self.source {
            Source::Server(server, _) => server.model(),
            Source::Record(replay) => Some(replay.model()),
        }
    }

    /// What was asked so far.
    #[must_use]
    pub const fn figures(&self) -> Figures {
        self.figures
    }

    /// Takes what an earlier part of the run asked as asked: its budgets are spent, and a record is behind it.
    pub fn pass(&mut self, before: &[Exchange]) {
        for exchange in before {
            if let Source::Record(replay) = &mut self.source {
                replay.take(&exchange.key);
            }
            self.count(exchange, Duration::ZERO);
        }
    }

    /// Asks the server which model it has, where none was named.
    ///
    /// # Errors
    /// It cannot be reached, or has none. Questions are asked all the same, and go unanswered.
    pub fn settle(&mut self) -> Result<(), Silence> {
        match &mut self.source {
            Source::Server(server, runtime) => {
                let patience = self.budget.patience;
                let settled = runtime.block_on(async { timeout(patience, server.settle()).await });
                settled.unwrap_or_else(|_| Err(too_slow()))
            }
            Source::Record(_) => Ok(()),
        }
    }

    /// Asks one question. `heard` gets the pieces of the answer as they come.
    pub fn ask(&mut self, ask: &Ask, heard: &mut (dyn FnMut(&str) + Send)) -> Exchange {
        let ready = ready(ask, &self.budget);
        if let Source::Record(replay) = &mut self.source {
            let found = replay.take(&ready.key);
            let model = replay.model().to_owned();
            let exchange = found.unwrap_or_else(|| unrecorded(&ready, model));
            self.count(&exchange, Duration::ZERO);
            return exchange;
        }
        if let Some(why) = self.exhausted(1) {
            return self.closed(&ready, Sent::default(), Err(why));
        }
        let settled = self.settle();
        let Source::Server(server, runtime) = &self.source else {
            return self.closed(&ready, Sent::default(), Err(no_model()));
        };
        let (sent, came) = match settled {
            Ok(()) => runtime.block_on(send(server, &ready, &self.budget, heard)),
            Err(why) => (Sent::default(), Err(why)),
        };
        self.closed(&ready, sent, came)
    }

    /// Asks several at once, a bounded number at a time; exchanges come in the order of the questions.
    pub fn ask_all(&mut self, asks: &[Ask]) -> Vec<Exchange> {
        let is_record = matches!(self.source, Source::Record(_));
        if is_record || asks.len() < 2 || self.settle().is_err() {
            return asks.iter().map(|ask| self.ask(ask, &mut |_| {})).collect();
        }
        let budget = self.budget;
        let ready: Vec<Ready> = asks.iter().map(|ask| ready(ask, &budget)).collect();
        let paid = (0..ready.len()).take_while(|n| self.exhausted(*n as u32 + 1).is_none());
        let paid = paid.count();
        let Source::Server(server, runtime) = &self.source else {
            return Vec::new();
        };
        let sends = ready[..paid]
            .iter()
            .map(|ready| async { send(server, ready, &budget, &mut |_| {}).await });
        let all = futures_util::stream::iter(sends).buffered(budget.at_once.max(1));
        let came: Vec<_> = runtime.block_on(all.collect());
        let mut came = came.into_iter();
        let close = |ready: &Ready| {
            let (sent, reply) = came
                .next()
                .unwrap_or((Sent::default(), Err(out_of("calls"))));
            self.closed(ready, sent, reply)
        };
        ready.iter().map(close).collect()
    }

    /// Which budget does not hold that many more questions, if any.
    fn exhausted(&self, more: u32) -> Option<Silence> {
        let (spent, budget) = (&self.figures, &self.budget);
        match () {
            () if spent.asked + more > budget.calls => Some(out_of("calls")),
            () if spent.tokens.sum() >= budget.tokens => Some(out_of("tokens")),
            () if spent.waited >= budget.time => Some(out_of("time")),
            () if spent.failures >= budget.failures => Some(silence(
                SilenceKind::Unreachable,
                format!(
                    "the server failed {} times in a row and is not asked again",
                    spent.failures
                ),
            )),
            () => None,
        }
    }

    fn closed(&mut self, ready: &Ready, sent: Sent, came: Result<Answer, Silence>) -> Exchange {
        let waited = sent.waited;
        let model = self.model().unwrap_or("none").to_owned();
        let exchange = Exchange {
            key: ready.key.clone(),
            role: ready.role,
            model,
            prompt: ready.fitted.prompt.clone(),
            schema: ready.schema.clone(),
            left_out: ready.fitted.left_out,
            texts: sent.texts,
            wrong: sent.wrong,
            tokens: sent.tokens,
            reply: came.map_or_else(Reply::Silent, |answer| Reply::Answered(Box::new(answer))),
        };
        self.count(&exchange, waited);
        exchange
    }

    fn count(&mut self, exchange: &Exchange, waited: Duration) {
        let figures = &mut self.figures;
        figures.asked += 1;
        figures.waited += waited;
        figures.tokens = figures.tokens.and(exchange.tokens);
        match &exchange.reply {
            Reply::Answered(_) => {
                figures.answered += 1;
                figures.repaired += u32::from(exchange.texts.len() > 1);
                figures.failures = 0;
            }
            Reply::Silent(silence) if is_failure(silence.kind) => figures.failures += 1,
            Reply::Silent(_) => {}
        }
    }
}

/// Whether it is the server that failed, and not the model.
const fn is_failure(kind: SilenceKind) -> bool {
    matches!(
        kind,
        SilenceKind::Unreachable
            | SilenceKind::TimedOut
            | SilenceKind::Refused
            | SilenceKind::NoModel
    )
}

fn ready(ask: &Ask, budget: &Budget) -> Ready {
    let role = ask.role();
    // A template that cannot be rendered is a defect that tests hold; the question is then asked bare.
    let fitted = fit(ask.clone(), budget.prompt).unwrap_or_else(|why| Fitted {
        prompt: crate::prompt::Prompt {
            system: String::new(),
            user: format!("the question cannot be put: {why}"),
        },
        ask: ask.clone(),
        left_out: 0,
    });
    let schema = schema(&fitted.ask);
    Ready {
        key: Key::of(role, &fitted.prompt, &schema),
        role,
        fitted,
        schema,
    }
}

/// Sends a question, and once more where the answer has not the right shape.
async fn send(
    server: &Server,
    ready: &Ready,
    budget: &Budget,
    heard: &mut (dyn FnMut(&str) + Send),
) -> (Sent, Result<Answer, Silence>) {
    let mut sent = Sent::default();
    let begin = Instant::now();
    let tries = tries(server, ready, budget, heard, &mut sent);
    let came = timeout(budget.patience, tries).await;
    sent.waited = begin.elapsed();
    (sent, came.unwrap_or_else(|_| Err(too_slow())))
}

async fn tries(
    server: &Server,
    ready: &Ready,
    budget: &Budget,
    heard: &mut (dyn FnMut(&str) + Send),
    sent: &mut Sent,
) -> Result<Answer, Silence> {
    for _ in 0..2 {
        let misfit = sent.texts.last().zip(sent.wrong.last());
        let request = Request {
            role: ready.role,
            prompt: &ready.fitted.prompt,
            schema: &ready.schema,
            misfit: misfit.map(|(text, wrong)| Misfit { text, wrong }),
            answer: budget.answer,
        };
        let Written { text, tokens } = server.ask(request, heard).await?;
        sent.tokens = sent.tokens.and(tokens);
        let read = answer::read(ready.role, &text);
        sent.texts.push(text);
        match read {
            Ok(answer) => return Ok(answer),
            Err(wrong) => sent.wrong.push(wrong),
        }
    }
    let wrong = sent.wrong.last().cloned().unwrap_or_default();
    Err(silence(
        SilenceKind::Malformed,
        format!("twice the answer had not the wanted shape: {wrong}"),
    ))
}

fn unrecorded(ready: &Ready, model: String) -> Exchange {
    Exchange {
        key: ready.key.clone(),
        role: ready.role,
        model,
        prompt: ready.fitted.prompt.clone(),
        schema: ready.schema.clone(),
        left_out: ready.fitted.left_out,
        texts: Vec::new(),
        wrong: Vec::new(),
        tokens: Tokens::default(),
        reply: Reply::Silent(silence(
            SilenceKind::Unrecorded,
            "the record does not hold this question".into(),
        )),
    }
}

fn too_slow() -> Silence {
    silence(SilenceKind::TimedOut, "no answer came in time".into())
}

fn no_model() -> Silence {
    silence(SilenceKind::NoModel, "no language model was given".into())
}

fn out_of(what: &str) -> Silence {
    silence(
        SilenceKind::OutOfBudget,
        format!("the budget of {what} for questions is used up"),
    )
}
