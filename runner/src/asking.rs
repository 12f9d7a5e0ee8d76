//! A language model in a run: every exchange is on record before the engine sees its reply.

use crate::log::LineWriter;
use crate::store::{Artifact, Run, StoreError};
use aegis_llm::{Advisor, Exchange, Figures, Replay};
use aegis_model::ask::{Ask, AskRole, Reply};
use std::fs::File;

/// A model with the record of what it is asked.
pub struct Asking {
    advisor: Advisor,
    log: LineWriter<File>,
    unwritten: Option<String>,
}

impl Asking {
    /// Begins the record in a run's folder.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin(advisor: Advisor, run: &Run) -> Result<Self, StoreError> {
        Ok(Self {
            advisor,
            log: run.exchanges()?,
            unwritten: None,
        })
    }

    /// Goes on with the record of a run that has so many answers on record. A question whose answer the run did not
    /// come to note is asked again.
    ///
    /// # Errors
    /// The record cannot be read or written.
    pub fn resume(mut advisor: Advisor, run: &Run, answers: usize) -> Result<Self, StoreError> {
        let mut before = exchanges(run)?.unwrap_or_default();
        before.truncate(answers);
        advisor.pass(&before);
        Ok(Self {
            advisor,
            log: run.exchanges_behind(before.len())?,
            unwritten: None,
        })
    }

    /// Asks what is asked at once; `heard` gets the pieces of a single answer as they come, which nothing keeps.
    pub fn ask(
        &mut self,
        asks: &[Ask],
        heard: &mut (dyn FnMut(AskRole, &str) + Send),
    ) -> Vec<Reply> {
        let exchanges = match asks {
            [ask] => {
                let role = ask.role();
                vec![self.advisor.ask(ask, &mut |piece| heard(role, piece))]
            }
            many => self.advisor.ask_all(many),
        };
        exchanges
            .into_iter()
            .map(|exchange| self.keep(exchange))
            .collect()
    }

    fn keep(&mut self, exchange: Exchange) -> Reply {
        if let Err(why) = self.log.append(&exchange) {
            self.unwritten.get_or_insert_with(|| why.to_string());
        }
        exchange.reply
    }

    /// What was asked so far.
    #[must_use]
    pub const fn figures(&self) -> Figures {
        self.advisor.figures()
    }

    /// Why the record is not whole, if it is not.
    #[must_use]
    pub fn unwritten(&self) -> Option<&str> {
        self.unwritten.as_deref()
    }
}

/// The exchanges of an earlier run, in a model's place.
///
/// # Errors
/// They cannot be read.
pub fn recorded(run: &Run) -> Result<Option<Replay>, StoreError> {
    Ok(exchanges(run)?.map(Replay::new))
}

/// What a run asked, and what came; `None` where it asked nobody.
///
/// # Errors
/// They cannot be read. A piece of a line at the end, which a killed process leaves, is passed over.
pub fn exchanges(run: &Run) -> Result<Option<Vec<Exchange>>, StoreError> {
    let Some(text) = run.read(Artifact::Exchanges)? else {
        return Ok(None);
    };
    let whole = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    let exchanges: Result<Vec<Exchange>, _> = whole.map(serde_json::from_str).collect();
    let path = run.path(Artifact::Exchanges);
    exchanges
        .map(Some)
        .map_err(|why| StoreError::Broken { path, why })
}
