//! Addresses in texts: `cart:7070`, `http://cart.shop.svc.cluster.local/x`, `cart`.
//!
//! Reads what a manifest says and resolves nothing outside the cluster. Text
//! that only looks like an address is left alone where it names no Service.

use alloc::string::String;
use alloc::vec::Vec;

/// One address in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// Host as written.
    pub host: &'a str,
    /// Port as written; 0 where none is.
    pub port: u16,
    /// How sure it is that this is an address.
    pub form: Form,
}

/// How an address is written, from surest to least sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// After `//` or `@`.
    Url,
    /// With a port.
    Port,
    /// A name below `.svc`.
    Qualified,
    /// The whole text.
    Whole,
    /// A word of a longer text.
    Word,
}

/// One text with the name under which it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Name of the variable, flag or key.
    pub key: String,
    /// Its value.
    pub value: String,
}

const fn is_host_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '_')
}

/// All words of `text` that may be addresses, in order.
pub fn addresses(text: &str) -> Vec<Address<'_>> {
    let mut found = Vec::new();
    let mut start = None;
    for (index, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, is_host_char(c)) {
            (None, true) => start = Some(index),
            (Some(from), false) => {
                start = None;
                if c != '@' {
                    found.extend(address(text, from, index));
                }
            }
            _ => {}
        }
    }
    found
}

/// The address that is `text[from..to]`, if it can be one.
fn address(text: &str, from: usize, to: usize) -> Option<Address<'_>> {
    let word = &text[from..to];
    let (host, port) = match word.split_once(':') {
        None => (word, 0),
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0)?),
    };
    let host = host.trim_end_matches('.');
    let before = &text[..from];
    let form = if before.ends_with("//") || before.ends_with('@') {
        Form::Url
    } else if port > 0 {
        Form::Port
    } else if host.contains(".svc") {
        Form::Qualified
    } else if text.trim() == word {
        Form::Whole
    } else {
        Form::Word
    };
    is_host(host).then_some(Address { host, port, form })
}

/// Whether a text can be a host name: letters, digits, dashes and dots, with at least one letter.
fn is_host(host: &str) -> bool {
    host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && host.ends_with(|c: char| c.is_ascii_alphanumeric())
        && host.contains(|c: char| c.is_ascii_alphabetic())
        && !host.contains("..")
        && host != "localhost"
}

impl Address<'_> {
    /// Name and namespace that the host may mean, seen from `namespace`.
    #[must_use]
    pub fn service<'a>(&'a self, namespace: &'a str) -> (&'a str, &'a str) {
        let mut parts = self.host.split('.');
        let name = parts.next().unwrap_or_default();
        (name, parts.next().unwrap_or(namespace))
    }

    /// Whether it can only be a name of this cluster: one label, or below `.svc`.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        !self.host.contains('.') || self.host.contains(".svc")
    }
}

/// Parts of a variable's name that promise an address.
const PROMISES: [&str; 17] = [
    "ADDR",
    "HOST",
    "URL",
    "URI",
    "ENDPOINT",
    "SERVER",
    "UPSTREAM",
    "BACKEND",
    "TARGET",
    "BROKER",
    "PEER",
    "DSN",
    "SVC",
    "SERVICE",
    "ORIGIN",
    "ZIPKIN",
    "COLLECTOR",
];

/// Whether the name of a setting promises an address: `CART_ADDR` and `QUEUE_HOSTNAME` do,
/// `SERVICE_NAME` does not.
#[must_use]
pub fn promises_address(key: &str) -> bool {
    let upper = key.to_ascii_uppercase();
    let names = upper.ends_with("NAME") && !upper.ends_with("HOSTNAME");
    !names && PROMISES.iter().any(|part| upper.contains(part))
}

/// The settings in a text of several lines (`key=value`, `key: value`, JSON); one line is the value of `key`.
#[must_use]
pub fn settings(key: &str, text: &str) -> Vec<Setting> {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if lines.len() < 2 {
        return [setting(key, text)].into();
    }
    lines
        .into_iter()
        .map(|line| line_setting(key, line))
        .collect()
}

fn setting(key: &str, value: &str) -> Setting {
    let trim = |text: &str| String::from(text.trim().trim_matches(['"', '\'', ',', ' ']));
    Setting {
        key: trim(key),
        value: trim(value),
    }
}

fn line_setting(key: &str, line: &str) -> Setting {
    let equals = line.split_once('=');
    let colon = line.split_once(": ").or_else(|| line.split_once("\":"));
    match (equals, colon) {
        (Some((name, value)), None) => setting(name, value),
        (_, Some((name, value))) => setting(name, value),
        (None, None) => setting(key, line),
    }
}

/// The settings in arguments: `--flag=value`, or `--flag` followed by its value.
#[must_use]
pub fn arguments<S: AsRef<str>>(arguments: &[S]) -> Vec<Setting> {
    let mut before = "";
    let mut found = Vec::new();
    for argument in arguments.iter().map(AsRef::as_ref) {
        match argument.split_once('=') {
            Some((flag, value)) if flag.starts_with('-') => found.push(setting(flag, value)),
            _ => found.push(setting(before, argument)),
        }
        before = if argument.starts_with('-') {
            argument
        } else {
            ""
        };
    }
    found
}
