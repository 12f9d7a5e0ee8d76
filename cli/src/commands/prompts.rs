//! `aegis prompts list|render`.

use super::Context;
use crate::args::{PromptName, Prompts, RenderPrompt, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use crate::table::table;
use aegis_llm::Exchange;
use aegis_llm::prompt::{TEMPLATES, Template, prompts_version};
use aegis_model::ask::AskRole;
use aegis_runner::asking::exchanges;
use serde_json::{Value, json};

pub fn run(command: &Prompts, context: &Context, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match command {
        Prompts::List(format) => list(format.output, terminal),
        Prompts::Render(args) => render(args, context, terminal),
    }
}

fn list(format: TextOrJson, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match format {
        TextOrJson::Json => {
            let row = |template: &Template| json!({"name": template.name, "version": template.version(), "bytes": template.text.len()});
            let rows: Vec<Value> = TEMPLATES.iter().map(row).collect();
            terminal.print_json(&json!({
                "schema": "aegis.dev/prompts/v1", "version": prompts_version(), "prompts": rows,
            }))?;
        }
        TextOrJson::Text => {
            let row = |template: &Template| {
                let bytes = template.text.len().to_string();
                [
                    template.name.to_owned(),
                    template.version().to_owned(),
                    bytes,
                ]
            };
            let rows: Vec<[String; 3]> = TEMPLATES.iter().map(row).collect();
            let text = table(["NAME", "VERSION", "BYTES"], &rows);
            terminal.print(&format!("{text}All together: {}\n", prompts_version()))?;
        }
    }
    terminal.finish()
}

const fn role(name: PromptName) -> AskRole {
    match name {
        PromptName::Diagnosis => AskRole::Diagnosis,
        PromptName::Planning => AskRole::Planning,
        PromptName::Critic => AskRole::Critic,
        PromptName::Reflection => AskRole::Reflection,
    }
}

fn render(
    args: &RenderPrompt,
    context: &Context,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let role = role(args.name);
    let text = match &args.run {
        None => Template::of(role).text.to_owned(),
        Some(run) => sent(run, role, context)?,
    };
    terminal.print(&text)?;
    terminal.finish()
}

/// The prompts of a role as a run sent them, with what came.
fn sent(name: &str, role: AskRole, context: &Context) -> Result<String, Failure> {
    let run = context.store().resolve(name)?;
    let none = || Failure::usage(format!("{} asked no language model for that", run.name()));
    let exchanges = exchanges(&run)?.ok_or_else(none)?;
    let of_role = exchanges.iter().filter(|exchange| exchange.role == role);
    let shown: Vec<String> = of_role.map(shown).collect();
    match shown.is_empty() {
        true => Err(none()),
        false => Ok(shown.join("\n")),
    }
}

fn shown(exchange: &Exchange) -> String {
    let mut text = format!(
        "== {} {}\n-- system\n{}\n-- user\n{}\n",
        exchange.model,
        &exchange.key.0[..12.min(exchange.key.0.len())],
        exchange.prompt.system,
        exchange.prompt.user,
    );
    for answer in &exchange.texts {
        // A model's text steers no terminal.
        text += &format!(
            "-- answer\n{}\n",
            answer
                .escape_debug()
                .to_string()
                .replace("\\\"", "\"")
                .replace("\\n", "\n")
        );
    }
    if let aegis_model::ask::Reply::Silent(silence) = &exchange.reply {
        text += &format!("-- no answer: {}\n", silence.why);
    }
    text
}
