//! Parameters of the engine from a file.

use crate::exit::Failure;
use aegis_kube::spelling::nearest;
use aegis_reason::genome::GENES;
use serde::Deserialize;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::path::Path;

const SCHEMA: &str = "aegis.dev/genome/v1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    genes: BTreeMap<SmolStr, f64>,
}

/// Reads a file; each name must be known and each value within its range.
pub fn read(path: &Path) -> Result<Vec<(SmolStr, f64)>, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("{shown} cannot be read: {error}")))?;
    parse(&text).map_err(|(what, help)| {
        let failure = Failure::usage(format!("{shown}: {what}"));
        match help {
            Some(help) => failure.help(help),
            None => failure,
        }
    })
}

/// What is wrong, and what would be right.
type Wrong = (String, Option<String>);

fn parse(text: &str) -> Result<Vec<(SmolStr, f64)>, Wrong> {
    let file: File = serde_json::from_str(text).map_err(|error| (error.to_string(), None))?;
    if file.schema != SCHEMA {
        return Err((
            format!("`{}` is no schema that is known", file.schema),
            Some(SCHEMA.into()),
        ));
    }
    let genes = file.genes.into_iter();
    genes
        .map(|(name, value)| checked(&name, value).map(|()| (name, value)))
        .collect()
}

fn checked(name: &str, value: f64) -> Result<(), Wrong> {
    let Some(gene) = GENES.iter().find(|gene| gene.name == name) else {
        let near = nearest(name, GENES.iter().map(|gene| gene.name));
        let help = near.map(|near| format!("did you mean `{near}`?"));
        return Err((format!("there is no parameter `{name}`"), help));
    };
    if (gene.low..=gene.high).contains(&value) {
        return Ok(());
    }
    let what = format!(
        "{name} is {value}; it lies within {} and {}",
        gene.low, gene.high
    );
    Err((what, Some(gene.meaning.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn genes(genes: &str) -> Result<Vec<(SmolStr, f64)>, Wrong> {
        parse(&format!(r#"{{"schema": "{SCHEMA}", "genes": {genes}}}"#))
    }

    #[test]
    fn known_parameters_within_their_ranges_are_taken() {
        assert_eq!(
            genes(r#"{"select.margin": 0.05}"#),
            Ok(vec![("select.margin".into(), 0.05)])
        );
    }

    #[test]
    fn a_slip_and_a_value_out_of_range_are_said() {
        let (what, help) = genes(r#"{"select.margn": 0.05}"#).expect_err("unknown");
        assert!(
            what.contains("select.margn")
                && help.is_some_and(|help| help.contains("`select.margin`"))
        );
        let (what, _) = genes(r#"{"select.margin": 7}"#).expect_err("too great");
        assert!(what.contains("within 0 and 0.2"), "{what}");
        assert!(parse("{}").is_err());
    }
}
