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

    /// Asks; `heard` gets the pieces of the answer as they come, which nothing keeps.
    pub fn ask(&mut self, ask: &Ask, heard: &mut (dyn FnMut(AskRole, &str) + Send)) -> Reply {
        let role = ask.role();
        let exchange = self.advisor.ask(ask, &mut |piece| heard(role, piece));
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
    let Some(text) = run.read(Artifact::Exchanges)? else {
        return Ok(None);
    };
    let lines = text.lines().map(serde_json::from_str);
    let exchanges: Result<Vec<Exchange>, _> = lines.collect();
    let path = run.path(Artifact::Exchanges);
    let exchanges = exchanges.map_err(|why| StoreError::Broken { path, why })?;
    Ok(Some(Replay::new(exchanges)))
}
