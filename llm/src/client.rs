//! One question to a server with OpenAI's interface: streamed, bounded in time and length.
//!
//! The library tries again on 429, 500 and refused connections, and waits as long as
//! `Retry-After` says; the patience of the caller bounds it all.

use crate::endpoint::Endpoint;
use crate::exchange::Tokens;
use crate::prompt::Prompt;
use aegis_model::ask::{AskRole, Silence, SilenceKind};
use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Time for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes that a token has at most, by and large: what is longer than so many per wanted token is cut off.
const BYTES_PER_TOKEN: usize = 16;

/// A connection to a server.
#[derive(Debug, Clone)]
pub struct Server {
    client: Client<OpenAIConfig>,
    http: reqwest::Client,
    endpoint: Endpoint,
}

/// What a model wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its text.
    pub text: String,
    /// What it took.
    pub tokens: Tokens,
}

/// A text that did not fit, and what is wrong with it.
#[derive(Debug, Clone, Copy)]
pub struct Misfit<'a> {
    /// The text.
    pub text: &'a str,
    /// What is wrong.
    pub wrong: &'a str,
}

/// A question as it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Names the schema.
    pub role: AskRole,
    /// The prompt.
    pub prompt: &'a Prompt,
    /// What binds the answer.
    pub schema: &'a Value,
    /// The answer that is to be repaired.
    pub misfit: Option<Misfit<'a>>,
    /// Tokens of an answer, at most.
    pub answer: u32,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
}

#[derive(Default, Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

#[derive(Deserialize)]
struct Models {
    data: Vec<ModelRow>,
}

#[derive(Deserialize)]
struct ModelRow {
    id: String,
}

/// A client for HTTP as all of this crate use it: one TLS provider, no redirects, no proxy to this machine.
///
/// # Errors
/// No TLS: the system's certificates cannot be read.
pub fn http(base: &str) -> Result<reqwest::Client, reqwest::Error> {
    // Whoever comes second finds the same provider installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .redirect(reqwest::redirect::Policy::none());
    let local = ["localhost", "127.", "[::1]"];
    let host = base.split_once("://").map_or(base, |(_, rest)| rest);
    if local.iter().any(|name| host.starts_with(name)) {
        builder.no_proxy().build()
    } else {
        builder.build()
    }
}

impl Server {
    /// A connection; nothing is sent yet.
    ///
    /// # Errors
    /// No TLS.
    pub fn new(endpoint: Endpoint) -> Result<Self, reqwest::Error> {
        let http = http(&endpoint.base)?;
        let config = OpenAIConfig::new()
            .with_api_base(&endpoint.base)
            .with_api_key(endpoint.key.clone().unwrap_or_default())
            .with_org_id("")
            .with_project_id("");
        Ok(Self {
            client: Client::build(http.clone(), config),
            http,
            endpoint,
        })
    }

    /// The model that is asked.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.endpoint.model.as_deref()
    }

    /// Names of the models that the server has.
    ///
    /// # Errors
    /// It cannot be reached, or does not say.
    pub async fn models(&self) -> Result<Vec<String>, Silence> {
        let mut request = self.http.get(format!("{}/models", self.endpoint.base));
        if let Some(key) = &self.endpoint.key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await.map_err(|why| of_transport(&why))?;
        if !answer.status().is_success() {
            return Err(silence(
                SilenceKind::Refused,
                format!("asked for its models, the server said {}", answer.status()),
            ));
        }
        let models: Models = answer.json().await.map_err(|why| of_transport(&why))?;
        Ok(models.data.into_iter().map(|row| row.id).collect())
    }

    /// Names the model: the wanted one, else the first that the server has.
    ///
    /// # Errors
    /// The server has none.
    pub async fn settle(&mut self) -> Result<(), Silence> {
        if self.endpoint.model.is_some() {
            return Ok(());
        }
        let first = self.models().await?.into_iter().next();
        let none = || silence(SilenceKind::NoModel, "the server has no model".into());
        self.endpoint.model = Some(first.ok_or_else(none)?);
        Ok(())
    }

    /// Asks once, and tells the pieces of the answer as they come.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, breaks off, or does not stop.
    pub async fn ask(
        &self,
        request: Request<'_>,
        heard: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Written, Silence> {
        let body = body(self.model().unwrap_or_default(), &request);
        let chat = self.client.chat();
        let stream = chat.create_stream_byot::<Value, Chunk>(body).await;
        let mut stream = stream.map_err(|why| of_openai(&why))?;
        let limit = request.answer as usize * BYTES_PER_TOKEN;
        let (mut text, mut usage) = (String::new(), None);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|why| of_openai(&why))?;
            for choice in chunk.choices {
                let piece = choice.delta.content.unwrap_or_default();
                heard(&piece);
                text += &piece;
            }
            usage = chunk.usage.or(usage);
            if text.len() > limit {
                let why = format!("the answer did not end after {limit} bytes");
                return Err(silence(SilenceKind::Malformed, why));
            }
        }
        let tokens = tokens(usage, &request, &text);
        Ok(Written { text, tokens })
    }
}

fn tokens(usage: Option<Usage>, request: &Request<'_>, text: &str) -> Tokens {
    usage.map_or_else(
        || Tokens {
            prompt: request.prompt.length() as u64 / 4,
            answer: text.len() as u64 / 4,
        },
        |usage| Tokens {
            prompt: usage.prompt_tokens,
            answer: usage.completion_tokens,
        },
    )
}

/// The request as the interface has it.
fn body(model: &str, request: &Request<'_>) -> Value {
    let mut messages = vec![
        json!({"role": "system", "content": request.prompt.system}),
        json!({"role": "user", "content": request.prompt.user}),
    ];
    if let Some(misfit) = request.misfit {
        let repair = format!(
            "That answer cannot be used: {}. Answer again with one JSON object of the wanted shape and nothing else.",
            misfit.wrong
        );
        messages.push(json!({"role": "assistant", "content": misfit.text}));
        messages.push(json!({"role": "user", "content": repair}));
    }
    let name = match request.role {
        AskRole::Diagnosis => "diagnosis",
        AskRole::Planning => "planning",
        AskRole::Critic => "critic",
        AskRole::Reflection => "reflection",
    };
    json!({
        "model": model,
        "messages": messages,
        "stream": true,
        "stream_options": {"include_usage": true},
        "temperature": 0,
        "seed": 7,
        "max_tokens": request.answer,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": name, "strict": true, "schema": request.schema},
        },
    })
}

/// A failure, with why.
#[must_use]
pub fn silence(kind: SilenceKind, why: String) -> Silence {
    Silence { kind, why }
}

/// What a failure of HTTP comes to. Its address is left out: ports differ from run to run.
#[must_use]
pub fn of_transport(why: &reqwest::Error) -> Silence {
    let kind = if why.is_timeout() {
        SilenceKind::TimedOut
    } else {
        SilenceKind::Unreachable
    };
    let what = match () {
        () if why.is_timeout() => "the server did not answer in time",
        () if why.is_connect() => "the server cannot be reached",
        () if why.is_decode() => "the server's answer cannot be read",
        () => "the connection broke off",
    };
    silence(kind, what.into())
}

fn of_openai(why: &OpenAIError) -> Silence {
    match why {
        OpenAIError::Reqwest(why) => of_transport(why),
        OpenAIError::ApiError(refusal) => silence(
            SilenceKind::Refused,
            format!("the server refused: {}", short(&refusal.to_string())),
        ),
        OpenAIError::JSONDeserialize(_, content) => silence(
            SilenceKind::Refused,
            format!("the server said what is no answer: {}", short(content)),
        ),
        OpenAIError::StreamError(_) => silence(
            SilenceKind::Unreachable,
            "the connection broke off in the middle of the answer".into(),
        ),
        other => silence(SilenceKind::Refused, short(&other.to_string())),
    }
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}
