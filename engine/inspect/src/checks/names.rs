//! Names that workloads ask for and that no Service has from where they ask: of manifests alone, in
//! which every Service that there is stands.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Documented, Fits, Proven},
};
use crate::doc::{items, number, text, texts};
use crate::estate::{Estate, Object};
use crate::settings::{Setting, Stands};
use crate::symptoms::Symptom;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let home = (0..estate.workloads.len())
        .filter(|at| estate.is_home(estate.workloads[*at].object.namespace));
    home.flat_map(|at| {
        let asked = asked(estate, at);
        let first = asked
            .iter()
            .find_map(|ask| judge(case, at, ask).or_else(|| misported(estate, at, ask)));
        let waits = awaited(estate, at)
            .iter()
            .find_map(|ask| waiting(case, at, ask));
        first.into_iter().chain(waits)
    })
    .collect()
}

/// Where the name of a host stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    /// In a field of its container, from there on.
    Field(String),
    /// In a ConfigMap: its reference and the key.
    ConfigMap(String, String),
}

/// A host that a container asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    /// The container with the list in which it stands: `containers[name=api]`.
    container: String,
    /// Where the name stands.
    place: Written,
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
            place: Written::Field(String::new()),
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
        found.extend(of_settings(estate, keeper.object.namespace, container));
    }
    found
}

/// The hosts that init containers ask for: until they answer, nothing of the pod starts.
fn awaited(estate: &Estate<'_>, at: usize) -> Vec<Ask> {
    let keeper = &estate.workloads[at];
    let (pod_spec, namespace) = (keeper.pod_spec, keeper.object.namespace);
    let mut found = Vec::new();
    for container in items(pod_spec, "/initContainers") {
        let mut scripts = scripts(container);
        scripts.extend(mounted(estate, namespace, pod_spec, container));
        for (field, script) in scripts {
            found.extend(of_script(container, field, &script));
        }
    }
    for one in &mut found {
        one.container = one.container.replace("containers[", "initContainers[");
    }
    found
}

/// An init container that asks for a host which no Service is called.
fn waiting(case: &Case<'_>, at: usize, ask: &Ask) -> Option<Candidate> {
    let estate = &case.estate;
    let keeper = &estate.workloads[at];
    let (name, namespace) = nothing(estate, at, &ask.host)?;
    let near = estate
        .of_kind("Service")
        .find(|one| one.namespace == namespace && is_near(one.name, &name));
    let words = match near {
        Some(near) => format!(
            "it waits for {}, which no Service is called; Service {} is there",
            ask.host, near.name
        ),
        None => format!("it waits for {}, which no Service is called", ask.host),
    };
    let field = match &ask.place {
        Written::Field(field) => format!("spec.template.spec.{}.{field}", ask.container),
        Written::ConfigMap(map, key) => format!("{map}: data.{key}"),
    };
    let container = ask
        .container
        .trim_end_matches(']')
        .rsplit('=')
        .next()
        .unwrap_or_default();
    let mut found = Candidate::at_workload("init_container_stuck", estate, at)?
        .field(field)
        .value("container", container)
        .seen(Proven, "object", keeper.object.reference(), words)
        .seen(
            Fits,
            "object",
            keeper.object.reference(),
            "nothing of the pod starts before its init containers have ended",
        );
    if !case.picture.symptoms.contains(&Symptom::Down(at)) {
        found.hurts.clear();
    }
    Some(found)
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
            container: format!("containers[name={}]", text(container, "/name")),
            place: Written::Field(match &variable {
                Some(name) => format!("env[name={name}].value"),
                None => field.to_owned(),
            }),
            variable,
            host,
            port: port.or(next),
            by_command: true,
        });
        asking = false;
    }
    found
}

/// Long flags of curl and wget that take the word behind them.
const LONG: &[&str] = &[
    "--connect-timeout",
    "--data",
    "--header",
    "--max-time",
    "--method",
    "--output",
    "--output-document",
    "--post-data",
    "--request",
    "--retry",
    "--retry-delay",
    "--timeout",
    "--tries",
    "--user",
    "--write-out",
];

/// Whether a word is the value of the flag before it, and no host.
fn is_value(program: &str, before: &str) -> bool {
    let named = matches!(before, "-h" | "--host");
    match program {
        "pg_isready" | "redis-cli" | "mysqladmin" => !named,
        "curl" | "wget" if before.starts_with("--") => LONG.contains(&before),
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

/// The hosts that the variables of a container hold.
fn of_settings(estate: &Estate<'_>, namespace: &str, container: &Value) -> Vec<Ask> {
    let settings = crate::settings::settings(estate, namespace, container);
    settings
        .iter()
        .filter_map(|one| of_variable(namespace, container, one, &settings))
        .collect()
}

fn of_variable(
    namespace: &str,
    container: &Value,
    setting: &Setting<'_>,
    all: &[Setting<'_>],
) -> Option<Ask> {
    let (name, value) = (setting.name.as_str(), setting.value);
    let (host, port) = host_of(value)?;
    // A bare word may be anything, but where its name says that it is a host.
    let stem = is_host_by_name(name);
    let plain = value.contains("://") || port.is_some();
    if !plain && stem.is_none() {
        return None;
    }
    let beside = stem.and_then(|stem| {
        let beside = all.iter().find(|one| one.name == format!("{stem}PORT"))?;
        beside.value.parse().ok()
    });
    Some(Ask {
        container: format!("containers[name={}]", text(container, "/name")),
        place: match setting.place {
            Stands::There => Written::Field(format!("env[name={name}].value")),
            Stands::ConfigMap(map, key) => Written::ConfigMap(
                crate::estate::reference("ConfigMap", namespace, map),
                key.to_owned(),
            ),
        },
        variable: Some(name.to_owned()),
        host,
        port: port.or(beside),
        by_command: false,
    })
}

/// What stands before the word for a host in a variable's name: `DB_` of `DB_HOST`.
fn is_host_by_name(name: &str) -> Option<&str> {
    const HOSTS: &[&str] = &[
        "HOSTNAME", "HOST", "SERVER", "SERVICE", "ADDRESS", "ADDR", "ENDPOINT",
    ];
    let stem = HOSTS.iter().find_map(|ending| name.strip_suffix(ending))?;
    (stem.is_empty() || stem.ends_with('_')).then_some(stem)
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

/// Whether a name resolves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// A Service has it, or nobody knows.
    Something,
    /// No Service has it, and nothing else can.
    Nothing,
}

impl Named {
    /// What a host is from a namespace.
    pub(super) fn of(estate: &Estate<'_>, host: &str, home: &str) -> Self {
        match meaning(estate, host, home) {
            Meaning::Nothing { .. } => Self::Nothing,
            Meaning::Fine => Self::Something,
        }
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

/// The name and namespace that a host would be of, where a workload asks for it and neither a Service nor an alias is
/// called so.
fn nothing(estate: &Estate<'_>, at: usize, host: &str) -> Option<(String, String)> {
    let keeper = &estate.workloads[at];
    if is_aliased(keeper.pod_spec, host) {
        return None;
    }
    match meaning(estate, host, keeper.object.namespace) {
        Meaning::Nothing { name, namespace } => Some((name, namespace)),
        _ => None,
    }
}

/// Whether a pod gives a host an address itself.
fn is_aliased(pod_spec: &Value, host: &str) -> bool {
    let names = items(pod_spec, "/hostAliases").flat_map(|one| items(one, "/hostnames"));
    { names }.any(|name| name.as_str() == Some(host))
}

/// What was meant by a host that no Service is called, and how sure that is.
struct Meant {
    right: String,
    words: String,
    sure: bool,
}

fn judge(case: &Case<'_>, at: usize, ask: &Ask) -> Option<Candidate> {
    let estate = &case.estate;
    let keeper = &estate.workloads[at];
    let (name, namespace) = nothing(estate, at, &ask.host)?;
    let down = case.picture.symptoms.contains(&Symptom::Down(at));
    let unknown = || {
        (down && ask.by_command).then(|| Meant {
            right: "a Service that is there".to_owned(),
            words: format!("it asks for {}, which no Service is called", ask.host),
            sure: false,
        })
    };
    let Meant { right, words, sure } = meant(estate, ask, (&name, &namespace)).or_else(unknown)?;
    let (id, value) = match &ask.variable {
        Some(variable) => {
            let host = ask.host.replacen(&name, &right, 1);
            ("env_var_wrong", format!("{variable}={host}"))
        }
        None => ("service_name_wrong", right),
    };
    let field = match &ask.place {
        Written::Field(field) => format!("spec.template.spec.{}.{field}", ask.container),
        Written::ConfigMap(_, key) => format!("data.{key}"),
    };
    let weight = if sure || ask.by_command {
        Documented
    } else {
        Proven
    };
    let reference = keeper.object.reference();
    let second = if sure { Proven } else { Fits };
    let mut candidate = Candidate::at_workload(id, estate, at)?
        .field(field)
        .value("value", value)
        .value("value_host", ask.host.clone())
        .seen(weight, "object", reference.clone(), words)
        .seen(second, "object", reference, "such a name does not resolve");
    if let Written::ConfigMap(map, _) = &ask.place {
        candidate.object.clone_from(map);
    }
    if !down {
        candidate.hurts.clear();
    }
    Some(candidate)
}

/// The Service that was meant, where one is there that may be.
fn meant(estate: &Estate<'_>, ask: &Ask, (name, namespace): (&str, &str)) -> Option<Meant> {
    let services: Vec<Object<'_>> = estate.of_kind("Service").collect();
    let fits = |service: &&Object<'_>| {
        let mut ports = items(service.doc, "/spec/ports").filter_map(|one| number(one, "/port"));
        ask.port.is_none_or(|asked| ports.any(|port| port == asked))
    };
    let here = || services.iter().filter(|one| one.namespace == namespace);
    if let Some(other) = services.iter().find(|one| one.name == name) {
        let right = format!("{}.{}", other.name, other.namespace);
        let words = format!(
            "it asks for {}, and Service {name} is in namespace {}: from here it is {right}",
            ask.host, other.namespace
        );
        return Some(Meant {
            right,
            words,
            sure: true,
        });
    }
    let near = here().filter(|one| is_near(one.name, name)).find(&fits);
    // A port that is one Service's alone by custom tells of it; these are everybody's.
    let telling = !ask.by_command && ask.port.is_some_and(|port| port != 80 && port != 8080);
    let by_port = here().find(&fits).filter(|_| telling);
    let other = near.or(by_port)?;
    Some(Meant {
        right: other.name.to_owned(),
        words: format!(
            "it asks for {}, which no Service is called; Service {} is there",
            ask.host, other.name
        ),
        sure: near.is_some(),
    })
}

/// A variable that names a Service with a port that it does not have.
fn misported(estate: &Estate<'_>, at: usize, ask: &Ask) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let variable = ask.variable.as_ref().filter(|_| !ask.by_command)?;
    let port = ask.port?;
    let short = ask.host.split('.').next().unwrap_or(&ask.host);
    let own = !ask.host.contains('.')
        || ask
            .host
            .starts_with(&format!("{short}.{}", keeper.object.namespace));
    let service = estate
        .find("Service", keeper.object.namespace, short)
        .filter(|_| own)?;
    let direct = text(service.doc, "/spec/clusterIP") == "None"
        || text(service.doc, "/spec/type") == "ExternalName";
    let ports: Vec<i64> = items(service.doc, "/spec/ports")
        .filter_map(|one| number(one, "/port"))
        .collect();
    if direct || ports.is_empty() || ports.contains(&port) {
        return None;
    }
    let words = format!(
        "it asks for {short} at port {port}; the Service has {}",
        ports[0]
    );
    let mut found = Candidate::at_workload("env_var_wrong", estate, at)?
        .value("value", format!("{variable}=…:{}", ports[0]))
        .seen(Documented, "object", keeper.object.reference(), words);
    match &ask.place {
        Written::Field(field) => {
            found = found.field(format!("spec.template.spec.{}.{field}", ask.container));
        }
        Written::ConfigMap(map, key) => {
            found = found.field(format!("data.{key}"));
            found.object.clone_from(map);
        }
    }
    found.hurts.clear();
    Some(found)
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
