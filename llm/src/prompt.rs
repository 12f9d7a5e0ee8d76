//! Prompts: one template per role, rendered with the question, cluster text fenced as data.

use aegis_model::ask::{Ask, AskRole};
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value as Shown};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Divides what never changes, and is cached by the server, from the question.
const USER: &str = "<|user|>\n";
/// Steps that a template may take: a hundred times what the longest needs.
const FUEL: u64 = 1_000_000;

/// A template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// The role that it serves.
    pub role: AskRole,
    /// Its name, as under `prompts/`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// All templates.
pub const TEMPLATES: [Template; 4] = [
    Template {
        role: AskRole::Diagnosis,
        name: "diagnosis",
        text: include_str!("../../prompts/diagnosis.j2"),
    },
    Template {
        role: AskRole::Planning,
        name: "planning",
        text: include_str!("../../prompts/planning.j2"),
    },
    Template {
        role: AskRole::Critic,
        name: "critic",
        text: include_str!("../../prompts/critic.j2"),
    },
    Template {
        role: AskRole::Reflection,
        name: "reflection",
        text: include_str!("../../prompts/reflection.j2"),
    },
];

impl Template {
    /// The template of a role.
    #[must_use]
    pub fn of(role: AskRole) -> Self {
        let found = TEMPLATES.into_iter().find(|template| template.role == role);
        found.unwrap_or(TEMPLATES[0])
    }

    /// Its version, as its first line says.
    #[must_use]
    pub fn version(&self) -> &'static str {
        let line = self.text.lines().next().unwrap_or_default();
        let said = line.split_once("version:").map_or("", |(_, said)| said);
        said.trim_end_matches("-#}").trim()
    }
}

/// Name of the templates as they are: the beginning of the BLAKE3 over them.
#[must_use]
pub fn prompts_version() -> String {
    let mut hasher = blake3::Hasher::new();
    for template in TEMPLATES {
        hasher.update(template.name.as_bytes());
        hasher.update(template.text.as_bytes());
    }
    hasher.finalize().to_hex()[..12].to_owned()
}

/// A question as the model gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// What never changes for a role.
    pub system: String,
    /// The question.
    pub user: String,
}

impl Prompt {
    /// Characters of both parts.
    #[must_use]
    pub fn length(&self) -> usize {
        self.system.len() + self.user.len()
    }
}

/// Renders a question whole.
///
/// # Errors
/// A template that names what the question does not have: a defect, which tests hold.
pub fn render(ask: &Ask) -> Result<Prompt, Error> {
    let template = Template::of(ask.role());
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.add_filter("fenced", fenced);
    let text =
        environment.render_named_str(template.name, template.text, Shown::from(Serde(ask)))?;
    let (system, user) = text
        .split_once(USER)
        .ok_or_else(|| Error::new(ErrorKind::SyntaxError, "the template has no <|user|> line"))?;
    Ok(Prompt {
        system: system.trim().to_owned(),
        user: user.trim().to_owned(),
    })
}

/// Rows as JSON, one a line, between marks that no row can contain: `<` and `>` are escaped.
/// What only trimming needs, and what is empty, is left out.
#[allow(
    clippy::needless_pass_by_value,
    reason = "filters get their arguments by value"
)]
fn fenced(rows: Shown) -> Result<String, Error> {
    let rows = serde_json::to_value(&rows).map_err(no_json)?;
    let Value::Array(rows) = rows else {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "only lists are fenced",
        ));
    };
    let mut text = String::from("<data>\n");
    for mut row in rows {
        brief(&mut row);
        let line = row.to_string().replace('<', "\\u003c");
        text += &line.replace('>', "\\u003e").replace('&', "\\u0026");
        text.push('\n');
    }
    text += "</data>";
    Ok(text)
}

fn no_json(why: serde_json::Error) -> Error {
    Error::new(ErrorKind::BadSerialization, "a question that is no JSON").with_source(why)
}

fn brief(row: &mut Value) {
    let Value::Object(fields) = row else {
        return;
    };
    fields.remove("weight");
    fields.retain(|_, value| !value.is_null() && *value != Value::String(String::new()));
}
