//! `.env.example`: every setting with its default, written from the list of keys.

use super::{KEYS, Key};

/// The text of `.env.example`.
#[must_use]
pub fn env_example() -> String {
    let head = "# What can be set in the environment. A flag goes before it, `aegis.toml` comes after it.\n\
                # `aegis doctor` shows what holds and where it was set.\n";
    let entries: Vec<String> = KEYS.iter().map(|key| entry(key)).collect();
    format!("{head}{}", entries.concat())
}

fn entry(key: &Key) -> String {
    let Key {
        name,
        env,
        flag,
        form,
        default,
        about,
    } = key;
    format!(
        "\n# {about} Takes {form}.\n# Default: {default}. Flag: {flag}. In aegis.toml: {name}.\n#{env}=\n"
    )
}

#[cfg(test)]
mod tests {
    use super::env_example;
    use std::{env, fs, path::Path};

    /// `BLESS=1 cargo nextest run -p aegis-runner env_example` writes the file anew.
    #[test]
    fn env_example_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.env.example");
        if env::var_os("BLESS").is_some() {
            fs::write(&path, env_example()).expect("written");
        }
        let found = fs::read_to_string(&path).expect(".env.example");
        assert_eq!(found, env_example(), "run it again with BLESS=1");
    }
}
