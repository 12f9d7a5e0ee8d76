//! Names that workloads ask for and that no Service has from where they ask: of manifests alone, in
//! which every Service that there is stands.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Fits, Proven, Said},
};
use crate::doc::{items, number, text, texts};
use crate::estate::{Estate, Object};
use crate::symptoms::Symptom;
use aegis_model::bundle::Origin;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    if estate.bundle.origin != Origin::Settled {
        return Vec::new();
    }
    let home = (0..estate.workloads.len())
        .filter(|at| estate.is_home(estate.workloads[*at].object.namespace));
    home.filter_map(|at| {
        let asked = asked(estate, at);
        asked.iter().find_map(|ask| judge(case, at, ask))
    })
    .collect()
}

/// A host that a container asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    container: String,
    /// Where the name stands, below the container.
    field: String,
    /// The variable that holds it.
    variable: Option<String>,
    pub(super) host: String,
    pub(super) port: Option<i64>,
    /// Whether a command of it asks, or a variable only names it.
    pub(super) by_command: bool,
}

#[cfg(test)]
impl Ask {
    /// What a command of some container asks for.
    pub(super) fn of_command(host: &str, port: Option<i64>) -> Self {
        Self {
            container: String::new(),
            field: String::new(),
            variable: None,
            host: host.to_owned(),
            port,
            by_command: true,
        }
    }
}

/// Programs that ask for a host.
const ASKING: &[&str] = &[
    "wget",
    "curl",
    "nc",
    "nslookup",
    "dig",
    "ping",
    "host",
    "telnet",
    "getent",
    "http",
    "traceroute",
    "pg_isready",
    "redis-cli",
    "mysqladmin",
];

/// All hosts that the containers of a pod ask for, commands first.
pub(super) fn asked(estate: &Estate<'_>, at: usize) -> Vec<Ask> {
    let keeper = &estate.workloads[at];
    let pod_spec = keeper.pod_spec;
    let mut found = Vec::new();
    for container in items(pod_spec, "/containers") {
        let mut scripts = scripts(container);
        scripts.extend(mounted(
            estate,
            keeper.object.namespace,
            pod_spec,
            container,
        ));
        for (field, script) in scripts {
            found.extend(of_script(container, field, &script));
        }
    }
    for container in items(pod_spec, "/containers") {
        found.extend(items(container, "/env").filter_map(|one| of_variable(container, one)));
    }
    found
}

/// The texts of a container's commands and of its probes.
fn scripts(container: &Value) -> Vec<(&'static str, String)> {
    const PLACES: &[(&str, &[&str])] = &[
        ("command", &["/command", "/args"]),
        (
            "readinessProbe.exec.command",
            &["/readinessProbe/exec/command"],
        ),
        (
            "livenessProbe.exec.command",
            &["/livenessProbe/exec/command"],
        ),
        ("startupProbe.exec.command", &["/startupProbe/exec/command"]),
    ];
    let text_of = |lists: &[&str]| {
        let words = lists.iter().flat_map(|list| items(container, list));
        let words: Vec<&str> = words.filter_map(Value::as_str).collect();
        words.join(" ")
    };
    let all = PLACES.iter().map(|(field, lists)| (*field, text_of(lists)));
    all.filter(|(_, text)| !text.is_empty()).collect()
}

/// Scripts of ConfigMaps that a container mounts and whose names its command says.
fn mounted(
    estate: &Estate<'_>,
    namespace: &str,
    pod_spec: &Value,
    container: &Value,
) -> Vec<(&'static str, String)> {
    let words = items(container, "/command").chain(items(container, "/args"));
    let words: Vec<&str> = words.filter_map(Value::as_str).collect();
    let mut found = Vec::new();
    for mount in items(container, "/volumeMounts") {
        let name = text(mount, "/name");
        let volume = items(pod_spec, "/volumes").find(|one| text(one, "/name") == name);
        let map = volume.map_or("", |volume| text(volume, "/configMap/name"));
        let Some(map) = estate.find("ConfigMap", namespace, map) else {
            continue;
        };
        for (file, content) in texts(map.doc, "/data") {
            if words.iter().any(|word| word.ends_with(&format!("/{file}"))) {
                found.push(("command", content.to_owned()));
            }
        }
    }
    found
}

/// `NAME=value` and `NAME="value"` of a script.
fn assigned(script: &str) -> Vec<(&str, &str)> {
    let lines = script.split(['\n', ';']).map(str::trim);
    let plain = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    lines
        .filter_map(|line| line.trim_start_matches("export ").split_once('='))
        .map(|(name, value)| (name, value.trim_matches(['"', '\''])))
        .filter(|(name, value)| plain(name) && !value.contains(['$', ' ', '`']))
        .collect()
}

fn of_script(container: &Value, field: &'static str, script: &str) -> Vec<Ask> {
    let own = assigned(script);
    let words: Vec<&str> = script
        .split([
            ' ', '\n', '\t', ';', '"', '\'', '`', '|', '&', '(', ')', '<', '>',
        ])
        .filter(|word| !word.is_empty())
        .collect();
    let mut asking = false;
    let mut asked_by = "";
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let program = word.rsplit('/').next().unwrap_or(word);
        if ASKING.contains(&program) && !word.contains("://") {
            asking = true;
            asked_by = program;
            continue;
        }
        if is_value(
            asked_by,
            at.checked_sub(1).map_or("", |before| words[before]),
        ) {
            continue;
        }
        let (whole, variable) = filled(word, container, &own);
        let Some((host, port)) = host_of(&whole).filter(|_| asking) else {
            continue;
        };
        let next = words.get(at + 1).and_then(|next| next.parse().ok());
        found.push(Ask {
            container: text(container, "/name").to_owned(),
            field: match &variable {
                Some(name) => format!("env[name={name}].value"),
                None => field.to_owned(),
            },
            variable,
            host,
            port: port.or(next),
            by_command: true,
        });
        asking = false;
    }
    found
}

/// Whether a word is the value of the flag before it, and no host.
fn is_value(program: &str, before: &str) -> bool {
    let named = matches!(before, "-h" | "--host");
    match program {
        "pg_isready" | "redis-cli" | "mysqladmin" => !named,
        "curl" | "wget" => {
            let letter = before.chars().next_back().unwrap_or(' ');
            let valued = match program {
                "curl" => !"sSfkvLiIg".contains(letter),
                _ => "OTtPoUe".contains(letter),
            };
            before.starts_with('-')
                && before.len() > 1
                && !before.contains('=')
                && letter != '-'
                && valued
        }
        _ => false,
    }
}

/// A word with the container's own variables filled in, and the one that held the host.
fn filled(word: &str, container: &Value, own: &[(&str, &str)]) -> (String, Option<String>) {
    let mut whole = word.to_owned();
    for (name, value) in own.iter().filter(|_| word.contains('$')) {
        for form in [format!("${{{name}}}"), format!("${name}")] {
            whole = whole.replace(&form, value);
        }
    }
    let mut used = None;
    for variable in items(container, "/env") {
        let (name, value) = (text(variable, "/name"), text(variable, "/value"));
        for form in [
            format!("${{{name}}}"),
            format!("$({name})"),
            format!("${name}"),
        ] {
            if !name.is_empty() && !value.is_empty() && whole.contains(&form) {
                whole = whole.replace(&form, value);
                used.get_or_insert_with(|| name.to_owned());
            }
        }
    }
    (whole, used)
}

fn of_variable(container: &Value, variable: &Value) -> Option<Ask> {
    let (name, value) = (text(variable, "/name"), text(variable, "/value"));
    let (host, port) = host_of(value)?;
    // A bare word may be anything.
    (value.contains("://") || port.is_some()).then(|| Ask {
        container: text(container, "/name").to_owned(),
        field: format!("env[name={name}].value"),
        variable: Some(name.to_owned()),
        host,
        port,
        by_command: false,
    })
}

/// Ports of schemes.
const SCHEMES: &[(&str, i64)] = &[
    ("http", 80),
    ("https", 443),
    ("ws", 80),
    ("redis", 6379),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("mysql", 3306),
    ("mongodb", 27017),
    ("amqp", 5672),
    ("nats", 4222),
];

/// The host of `http://user@host:80/path`, `host:80`, `host`, with its port.
fn host_of(word: &str) -> Option<(String, Option<i64>)> {
    let (scheme, rest) = word
        .rsplit_once("://")
        .map_or(("", word), |(scheme, rest)| (scheme, rest));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port.parse::<i64>().ok()?)),
        None => (authority, None),
    };
    let scheme = scheme.rsplit(':').next().unwrap_or(scheme);
    let port = port.or_else(|| Some(SCHEMES.iter().find(|(name, _)| *name == scheme)?.1));
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let named = host.bytes().all(plain)
        && host.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && !host.starts_with(['-', '.'])
        && !(word.starts_with('/') || rest.len() < word.len() && scheme.is_empty());
    let number = host.bytes().all(|byte| byte.is_ascii_digit());
    (named && !number).then(|| (host.to_owned(), port))
}

/// What a name means from a namespace.
enum Meaning {
    /// A Service, or something outside of the input.
    Fine,
    /// Nothing: the Service and namespace that it would be.
    Nothing { name: String, namespace: String },
}

fn meaning(estate: &Estate<'_>, host: &str, home: &str) -> Meaning {
    let short = host.trim_end_matches('.');
    let inside = short.trim_end_matches(".cluster.local");
    let bare = inside.strip_suffix(".svc");
    let parts: Vec<&str> = bare.unwrap_or(inside).split('.').collect();
    let is_space = |name: &str| {
        estate
            .objects
            .iter()
            .any(|one| one.namespace == name || one.kind == "Namespace" && one.name == name)
    };
    let (name, namespace) = match (parts.as_slice(), bare) {
        (["localhost" | "kubernetes"], _) => return Meaning::Fine,
        ([name], None) => (*name, home),
        ([name, namespace] | [_, name, namespace], Some(_)) => (*name, *namespace),
        ([name, namespace], None) if is_space(namespace) => (*name, *namespace),
        _ => return Meaning::Fine,
    };
    let there = estate.find("Service", namespace, name).is_some() || namespace == "kube-system";
    if there || parts.len() == 2 && estate.find("Service", home, parts[1]).is_some() {
        return Meaning::Fine;
    }
    Meaning::Nothing {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
    }
}

/// Workloads that are not well and whose commands ask for a Service, under its own name or by another
/// Service that is a name for it.
pub(super) fn askers(case: &Case<'_>, service: &Object<'_>) -> Vec<usize> {
    let estate = &case.estate;
    let is_it = |at: usize, ask: &Ask| {
        let home = estate.workloads[at].object.namespace;
        let direct = estate.find("Service", home, &ask.host);
        let host = direct.map_or("", |one| text(one.doc, "/spec/externalName"));
        let other = match host {
            "" => ask.host.as_str(),
            host => host,
        };
        let own = other == service.name && home == service.namespace;
        let far = format!("{}.{}", service.name, service.namespace);
        own || other == far || other.starts_with(&format!("{far}.svc"))
    };
    let down = (0..estate.workloads.len())
        .filter(|at| case.picture.symptoms.contains(&Symptom::Down(*at)));
    down.filter(|at| {
        let asked = asked(estate, *at);
        asked.iter().any(|ask| ask.by_command && is_it(*at, ask))
    })
    .collect()
}

/// Whether a pod gives a host an address itself.
fn is_aliased(pod_spec: &Value, host: &str) -> bool {
    let names = items(pod_spec, "/hostAliases").flat_map(|one| items(one, "/hostnames"));
    { names }.any(|name| name.as_str() == Some(host))
}

fn judge(case: &Case<'_>, at: usize, ask: &Ask) -> Option<Candidate> {
    let estate = &case.estate;
    let keeper = &estate.workloads[at];
    let home = keeper.object.namespace;
    if is_aliased(keeper.pod_spec, &ask.host) {
        return None;
    }
    let Meaning::Nothing { name, namespace } = meaning(estate, &ask.host, home) else {
        return None;
    };
    let down = case.picture.symptoms.contains(&Symptom::Down(at));
    let services: Vec<Object<'_>> = estate.of_kind("Service").collect();
    let fits = |service: &&Object<'_>| {
        let mut ports = items(service.doc, "/spec/ports").filter_map(|one| number(one, "/port"));
        ask.port.is_none_or(|asked| ports.any(|port| port == asked))
    };
    let elsewhere = services.iter().find(|one| one.name == name);
    let near = services
        .iter()
        .filter(|one| one.namespace == namespace && is_near(one.name, &name))
        .find(|one| fits(one));
    let (right, words) = match (elsewhere, near) {
        (Some(other), _) => {
            let right = format!("{}.{}", other.name, other.namespace);
            let words = format!(
                "it asks for {}, and Service {name} is in namespace {}: from here it is {right}",
                ask.host, other.namespace
            );
            (right, words)
        }
        (None, Some(near)) => {
            let words = format!(
                "it asks for {}, which no Service is called; Service {} is there",
                ask.host, near.name
            );
            (near.name.to_owned(), words)
        }
        (None, None) if down && ask.by_command => {
            let words = format!("it asks for {}, which no Service is called", ask.host);
            ("a Service that is there".to_owned(), words)
        }
        (None, None) => return None,
    };
    let id = match ask.variable {
        Some(_) => "env_var_wrong",
        None => "service_name_wrong",
    };
    let value = match &ask.variable {
        Some(variable) => format!("{variable}={}", ask.host.replacen(&name, &right, 1)),
        None => right,
    };
    let sure = elsewhere.is_some() || near.is_some();
    let mut candidate = Candidate::at_workload(id, estate, at)?
        .field(format!(
            "spec.template.spec.containers[name={}].{}",
            ask.container, ask.field
        ))
        .value("value", value)
        .seen(Said, "object", keeper.object.reference(), words)
        .seen(
            if sure { Proven } else { Fits },
            "object",
            keeper.object.reference(),
            "such a name does not resolve",
        );
    if !down {
        candidate.hurts.clear();
    }
    Some(candidate)
}

/// Whether one name is the other with something more, or with a slip.
fn is_near(one: &str, other: &str) -> bool {
    let bare = |name: &str| name.replace('-', "");
    let (first, second) = (bare(one), bare(other));
    let within = |long: &str, short: &str| {
        let rest = long.strip_prefix(short);
        short.len() > 1 && rest.is_some_and(|rest| rest.starts_with('-'))
    };
    first == second
        || within(one, other)
        || within(other, one)
        || one.len() > 3
            && other.len() > 3
            && distance(one, other) <= 1 + usize::from(one.len() > 7)
}

/// Letters that are changed, added or left out from one word to the other (Levenshtein).
pub(super) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, wanted) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *wanted);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::{host_of, is_near, of_script};
    use serde_json::json;

    #[test]
    fn hosts_are_read_out_of_words() {
        for (word, host) in [
            ("http://api:80/x", Some(("api", Some(80)))),
            ("https://api.back.svc", Some(("api.back.svc", Some(443)))),
            ("postgres://u:p@db:5432/x", Some(("db", Some(5432)))),
            ("jdbc:mysql://db/x", Some(("db", Some(3306)))),
            ("cache:6379", Some(("cache", Some(6379)))),
            ("/dev/null", None),
            ("-qO-", None),
            ("TRUE", None),
            ("10", None),
        ] {
            let found = host_of(word);
            let found = found.as_ref().map(|(host, port)| (host.as_str(), *port));
            assert_eq!(found, host, "{word}");
        }
    }

    #[test]
    fn commands_ask_for_hosts_that_variables_hold() {
        let container = json!({"name": "c", "env": [{"name": "API", "value": "http://api:80"}]});
        let found = of_script(&container, "command", "wget -qO- $API/x");
        assert_eq!(found[0].host, "api");
        assert_eq!(found[0].variable.as_deref(), Some("API"));
        let own = "UP=\"http://pay:8080/x\"\nwhile :; do wget -q \"${UP}\"; done";
        assert_eq!(of_script(&container, "command", own)[0].host, "pay");
    }

    #[test]
    fn near_names_are_slips_and_longer_forms() {
        assert!(is_near("api-svc", "api"));
        assert!(is_near("redis-cache", "rediscache"));
        assert!(is_near("backend", "backnd"));
        assert!(!is_near("cart", "catalogue"));
        assert!(!is_near("api", "web"));
    }
}
