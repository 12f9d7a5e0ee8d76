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
    /// After a name that promises an address, or after `@`: `Server=sql;Database=x`, `{ address: cart }`.
    Named,
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
    let form = if is_after_scheme(before) {
        Form::Url
    } else if port > 0 {
        Form::Port
    } else if host.contains(".svc") {
        Form::Qualified
    } else if text.trim() == word {
        Form::Whole
    } else if before.ends_with('@') || is_after_promise(before) {
        Form::Named
    } else {
        Form::Word
    };
    is_host(host).then_some(Address { host, port, form })
}

/// Whether what follows is the host of a URL: after `//` that opens a word or follows a scheme
/// (in `s/a//g` it does neither), or after the user in a URL.
fn is_after_scheme(before: &str) -> bool {
    let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let word = &before[start..];
    let scheme = word.trim_end_matches('/');
    let opens = scheme.is_empty() || scheme.ends_with([':', '"', '\'', '=', '(', ',']);
    (word.ends_with("//") && opens) || (word.ends_with('@') && word.contains("://"))
}

/// Whether what follows stands after `name=` or `name:` with a name that promises an address, or
/// is the `server` of an nginx upstream.
fn is_after_promise(before: &str) -> bool {
    let blank = ['"', '\'', ' '];
    let left = before.trim_end_matches(blank);
    match left.strip_suffix(['=', ':']) {
        Some(left) => {
            let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            let name = left.trim_end_matches(blank).rsplit(|c| !of_name(c)).next();
            name.is_some_and(promises_address)
        }
        None => before.ends_with(' ') && left.split_whitespace().next_back() == Some("server"),
    }
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
    /// Names and namespaces of the Services that the host may mean, seen from `namespace`: the
    /// Service itself, or the one that gives a StatefulSet's pod its name (`db-0.db`).
    pub fn services<'a>(
        &'a self,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
        let labels = || self.host.split('.');
        let from = move |index: usize| {
            let name = labels().nth(index)?;
            Some((name, labels().nth(index + 1).unwrap_or(namespace)))
        };
        let pod = labels().next().is_some_and(is_pod);
        from(0).into_iter().chain(from(1).filter(|_| pod))
    }

    /// Whether it can only be a name of this cluster: one label, or below `.svc` with a Service's
    /// name before the namespace. The API server's own name is known to every cluster.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        let below = self.host.contains(".svc") && self.host.split('.').nth(1) != Some("svc");
        (!self.host.contains('.') || below) && !self.host.starts_with("kubernetes.default")
    }
}

/// Whether a label can be the name of a StatefulSet's pod: it ends in a dash and a number.
fn is_pod(label: &str) -> bool {
    let ordinal = label.rsplit_once('-').map_or("", |(_, ordinal)| ordinal);
    !ordinal.is_empty() && ordinal.chars().all(|c| c.is_ascii_digit())
}

/// Parts of a variable's name that promise an address.
const PROMISES: [&str; 23] = [
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
    "SITE",
    "GATEWAY",
    "BOOTSTRAP",
    "SEEDS",
    "NODES",
    "CONNECTION",
];

/// Whether the name of a setting promises an address: `CART_ADDR` and `QUEUE_HOSTNAME` do,
/// `SERVICE_NAME` does not.
#[must_use]
pub fn promises_address(key: &str) -> bool {
    let upper = key.to_ascii_uppercase();
    let names = upper.ends_with("NAME") && !upper.ends_with("HOSTNAME");
    !names && PROMISES.iter().any(|part| upper.contains(part))
}

/// Whether a setting is called as the host that it holds: `CART=cart`.
#[must_use]
pub fn is_named_after(key: &str, host: &str) -> bool {
    let letters = |text: &str| {
        let kept = text.chars().filter(char::is_ascii_alphanumeric);
        kept.map(|c| c.to_ascii_uppercase()).collect::<String>()
    };
    letters(key) == letters(host)
}

/// The settings in a text of several lines (`key=value`, `key: value`, JSON), comments left out;
/// one line is the value of `key`.
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
        .filter(|line| !line.trim_start().starts_with(['#', ';']))
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
    let named = |(name, _): &(&str, &str)| is_name(name);
    let equals = line.split_once('=').filter(named);
    let colon = line.split_once(": ").or_else(|| line.split_once("\":"));
    match (equals, colon.filter(named)) {
        (Some((name, value)), None) => setting(name, value),
        (_, Some((name, value))) => setting(name, value),
        (None, None) => setting(key, line),
    }
}

/// Whether what stands before `=` or `:` is a name, and not the beginning of a line of another kind
/// (`proxy_pass http://cart/?x=1`).
fn is_name(text: &str) -> bool {
    let text = text.trim();
    let text = ["- ", "export "]
        .iter()
        .find_map(|start| text.strip_prefix(start))
        .unwrap_or(text);
    !text.contains(char::is_whitespace)
}

/// The settings in arguments: `--flag=value`, or `--flag` followed by its value.
#[must_use]
pub fn arguments<S: AsRef<str>>(arguments: &[S]) -> Vec<Setting> {
    let mut before = "";
    let mut found = Vec::new();
    for argument in arguments.iter().map(AsRef::as_ref) {
        match argument.split_once('=') {
            Some((flag, value)) if flag.starts_with('-') => found.push(setting(flag, value)),
            _ => found.extend(settings(before, argument)),
        }
        before = if argument.starts_with('-') {
            argument
        } else {
            ""
        };
    }
    found
}
