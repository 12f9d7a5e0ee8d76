//! What a container serves: the ports on which it listens, and the paths that it has. By its command where
//! that says so, else by what is known of its image.

use crate::containers::{Container, base, commands};
use crate::doc::{items, text, texts};
use crate::estate::Estate;
use aegis_images::{Http, Known};
use serde_json::Value;

/// Where something listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listening {
    /// Its ports, the main one first.
    pub ports: Vec<i64>,
    /// What it is, as the beginning of a sentence.
    pub why: String,
}

/// Where a container listens; nothing where nobody knows.
pub(super) fn listening(estate: &Estate<'_>, one: &Container<'_>) -> Option<Listening> {
    let image = text(one.doc, "/image");
    if let Some(ports) = configured(estate, one) {
        let why = "nginx, by its configuration,".to_owned();
        return Some(Listening { ports, why });
    }
    if one.is_plain() {
        let row = one.known().filter(|_| is_as_it_comes(estate, one))?;
        let why = format!("{image}, as it comes,");
        let ports = row.ports.to_vec();
        return (!ports.is_empty()).then_some(Listening { ports, why });
    }
    let ports = match one.script() {
        Some(script) => by_script(script)?,
        None => {
            let words: Vec<String> = one.words().into_iter().map(str::to_owned).collect();
            by_flags(one, &words).or_else(|| by_command(&words))?
        }
    };
    let why = "what its command runs".to_owned();
    (!ports.is_empty()).then_some(Listening { ports, why })
}

/// Words of variables that may say where a server listens.
const SAYING: &[&str] = &[
    "PORT", "LISTEN", "BIND", "ADDR", "CONF", "OPTS", "ARGS", "SERVER",
];

/// Whether nothing tells an image where to listen.
fn is_as_it_comes(estate: &Estate<'_>, one: &Container<'_>) -> bool {
    let says = |name: &str| {
        let name = name.to_ascii_uppercase();
        SAYING.iter().any(|word| name.contains(word))
    };
    let by_mount = one.mounts().any(|mount| {
        let path = text(mount, "/mountPath");
        path.starts_with("/etc")
            || path.contains("conf")
            || path == "/"
            || path.starts_with("/opt/")
    });
    let by_variable = one.variables().any(|(name, _)| says(name));
    !by_mount
        && !by_variable
        && keys_of_sets(estate, one).is_some_and(|keys| !keys.iter().any(|key| says(key)))
}

/// The names of the variables that a container takes in sets; nothing where a set is not known.
fn keys_of_sets<'a>(estate: &Estate<'a>, one: &Container<'_>) -> Option<Vec<&'a str>> {
    const SETS: &[(&str, &str)] = &[
        ("ConfigMap", "/configMapRef/name"),
        ("Secret", "/secretRef/name"),
    ];
    let namespace = estate.workloads[one.at].object.namespace;
    let mut keys = Vec::new();
    for from in items(one.doc, "/envFrom") {
        let (kind, pointer) = SETS
            .iter()
            .find(|(_, pointer)| !text(from, pointer).is_empty())?;
        let set = estate.find(kind, namespace, text(from, pointer))?;
        for part in ["/data", "/stringData"] {
            let fields = set.doc.pointer(part).and_then(Value::as_object);
            keys.extend(fields.into_iter().flatten().map(|(key, _)| key.as_str()));
        }
    }
    Some(keys)
}

/// The ports of nginx where all of its servers stand in ConfigMaps that it mounts.
fn configured(estate: &Estate<'_>, one: &Container<'_>) -> Option<Vec<i64>> {
    let nginx = matches!(
        one.image().repository,
        "nginx" | "nginxinc/nginx-unprivileged"
    );
    let folder = one
        .mount_at("/etc/nginx/conf.d/default.conf")
        .or_else(|| one.mount_at("/etc/nginx/nginx.conf"))?;
    if !nginx || !one.is_plain() {
        return None;
    }
    let volume = one.volume(folder)?;
    let namespace = estate.workloads[one.at].object.namespace;
    let map = estate.find("ConfigMap", namespace, text(volume, "/configMap/name"))?;
    let wanted = text(folder, "/subPath");
    let files = texts(map.doc, "/data").filter(|(file, _)| wanted.is_empty() || *file == wanted);
    let mut ports = Vec::new();
    for (_, content) in files {
        if content.contains("include /etc/nginx/conf.d") && wanted == "nginx.conf" {
            return None;
        }
        ports.extend(listens(content));
    }
    (!ports.is_empty()).then_some(ports)
}

/// The ports of `listen` directives.
fn listens(content: &str) -> Vec<i64> {
    let statements = content.split([';', '{', '}', '\n']).map(str::trim);
    let values =
        statements.filter_map(|one| one.strip_prefix("listen ")?.split_whitespace().next());
    values
        .filter_map(|value| value.rsplit(':').next()?.trim_end_matches(']').parse().ok())
        .collect()
}

/// How programs that listen are told where: names, flags that hold a port, ports without them.
struct Program {
    names: &'static [&'static str],
    flags: &'static [&'static str],
    usually: &'static [i64],
}

const PROGRAMS: &[Program] = &[
    Program {
        names: &["redis-server"],
        flags: &["--port"],
        usually: &[6379],
    },
    Program {
        names: &["memcached"],
        flags: &["-p", "--port"],
        usually: &[11211],
    },
    Program {
        names: &["mongod"],
        flags: &["--port"],
        usually: &[27017],
    },
    Program {
        names: &["mysqld", "mariadbd"],
        flags: &["--port", "-P"],
        usually: &[3306, 33060],
    },
    Program {
        names: &["postgres"],
        flags: &["-p", "--port"],
        usually: &[5432],
    },
    Program {
        names: &["http-echo"],
        flags: &["-listen", "--listen"],
        usually: &[5678],
    },
    Program {
        names: &["podinfo"],
        flags: &["--port", "--port-metrics", "--grpc-port"],
        usually: &[9898],
    },
    Program {
        names: &["uvicorn"],
        flags: &["--port"],
        usually: &[8000],
    },
    Program {
        names: &["gunicorn"],
        flags: &["-b", "--bind"],
        usually: &[8000],
    },
    Program {
        names: &["http-server"],
        flags: &["-p", "--port"],
        usually: &[8080],
    },
];

/// First programs of images whose arguments are flags of them.
const ENTRIES: &[(&str, &str)] = &[
    ("redis", "redis-server"),
    ("memcached", "memcached"),
    ("mongo", "mongod"),
    ("mysql", "mysqld"),
    ("mariadb", "mariadbd"),
    ("postgres", "postgres"),
    ("hashicorp/http-echo", "http-echo"),
];

/// The ports of an image whose first program takes the container's arguments, or of agnhost.
fn by_flags(one: &Container<'_>, words: &[String]) -> Option<Vec<i64>> {
    let image = one.image();
    if image.repository.ends_with("/agnhost") && one.command().next().is_none() {
        return agnhost(words);
    }
    let (_, program) = ENTRIES.iter().find(|(name, _)| *name == image.repository)?;
    let flags = one.command().next().is_none() && words.first()?.starts_with('-');
    flags.then(|| ports_of(program, words))?
}

fn agnhost(words: &[String]) -> Option<Vec<i64>> {
    match words.first()?.as_str() {
        "netexec" => Some(vec![flag(words, &["--http-port"]).unwrap_or(8080)]),
        "serve-hostname" => Some(vec![flag(words, &["--port"]).unwrap_or(9376)]),
        _ => None,
    }
}

fn ports_of(program: &str, words: &[String]) -> Option<Vec<i64>> {
    let row = PROGRAMS.iter().find(|row| row.names.contains(&program))?;
    // Whatever stands in a file of configuration is not known here.
    let told = words
        .iter()
        .any(|word| word.ends_with(".conf") || word.ends_with(".cnf") || word.contains('$'));
    let named: Vec<i64> = row
        .flags
        .iter()
        .filter_map(|name| flag(words, &[name]))
        .collect();
    match named.is_empty() {
        true if told => None,
        true => Some(row.usually.to_vec()),
        false => Some(named),
    }
}

/// The port behind a flag: `-p 80`, `--port=80`, `--listen :80`, `-b 0.0.0.0:80`.
fn flag(words: &[String], names: &[&str]) -> Option<i64> {
    let port = |value: &str| value.rsplit(':').next()?.parse().ok();
    words.iter().enumerate().find_map(|(at, word)| {
        if names.contains(&word.as_str()) {
            return port(words.get(at + 1)?);
        }
        let (name, value) = word.split_once('=')?;
        names.contains(&name).then(|| port(value))?
    })
}

/// The ports on which one command listens; an empty list for one that listens on none.
fn by_command(words: &[String]) -> Option<Vec<i64>> {
    let (program, args) = words.split_first()?;
    let number = |word: &String| word.parse::<i64>().ok();
    match base(program) {
        "python" | "python3" => python(args),
        "node" => {
            let at = args.iter().position(|arg| arg == "-e")?;
            ports_in(args.get(at + 1)?, &[".listen("])
        }
        "httpd"
            if args
                .iter()
                .any(|arg| matches!(arg.as_str(), "-f" | "-h" | "-p" | "-vf" | "-fv")) =>
        {
            Some(vec![flag(args, &["-p"]).unwrap_or(80)])
        }
        "nc" | "ncat" | "netcat"
            if args
                .iter()
                .any(|arg| arg.starts_with('-') && arg.contains('l')) =>
        {
            let last = args.iter().filter_map(number).next_back()?;
            Some(vec![
                flag(args, &["-p", "-lp", "-lkp", "-klp"]).unwrap_or(last),
            ])
        }
        "socat" => {
            let listens = args.iter().find_map(|arg| {
                let upper = arg.to_ascii_uppercase();
                let rest = upper
                    .strip_prefix("TCP-LISTEN:")
                    .or_else(|| upper.strip_prefix("TCP4-LISTEN:"))?;
                rest.split(',').next()?.parse().ok()
            })?;
            Some(vec![listens])
        }
        "php" => Some(vec![flag(args, &["-S"])?]),
        name if PROGRAMS.iter().any(|row| row.names.contains(&name)) => ports_of(name, args),
        name if SILENT.contains(&name) => Some(Vec::new()),
        _ => None,
    }
}

fn python(args: &[String]) -> Option<Vec<i64>> {
    if let Some(at) = args
        .iter()
        .position(|arg| matches!(arg.as_str(), "http.server" | "SimpleHTTPServer"))
    {
        let named = args[at + 1..].iter().find_map(|arg| arg.parse().ok());
        return Some(vec![named.unwrap_or(8000)]);
    }
    let at = args.iter().position(|arg| arg == "-c")?;
    ports_in(
        args.get(at + 1)?,
        &["HTTPServer((", "TCPServer((", ".bind(("],
    )
}

/// Numbers in calls that open a port.
fn ports_in(program: &str, calls: &[&str]) -> Option<Vec<i64>> {
    let ports: Vec<i64> = calls
        .iter()
        .flat_map(|call| program.split(call).skip(1))
        .filter_map(|rest| {
            let inner = rest.split(')').next()?;
            let parts = inner.split(',').map(str::trim);
            { parts }.find_map(|part| part.parse().ok())
        })
        .collect();
    (!ports.is_empty()).then_some(ports)
}

/// Programs that open no port.
const SILENT: &[&str] = &[
    "echo", "printf", "sleep", "mkdir", "touch", "cat", "true", ":", "date", "cd", "export",
    "chmod", "done", "fi", "for", "[", "test", "ls", "hostname", "set", "trap", "wait", "seq",
    "head", "rm", "cp", "ln", "tail", "true;", "until", "(", ")", "}", "{",
];

/// The ports of a script all of whose commands are known; nothing where one is not.
fn by_script(script: &str) -> Option<Vec<i64>> {
    let mut ports = Vec::new();
    for words in commands(script) {
        let is_assignment = words.len() == 1 && words[0].contains('=');
        if words[0].starts_with('#') || is_assignment {
            continue;
        }
        ports.extend(by_command(&words)?);
    }
    Some(ports)
}

/// Why a container does not serve a path; nothing where it does, or nobody knows.
pub(super) fn lacks(estate: &Estate<'_>, one: &Container<'_>, path: &str) -> Option<String> {
    let image = text(one.doc, "/image");
    if let Some(script) = one.script() {
        return of_busybox(one, script, path);
    }
    let words = one.words();
    let program = words.first().map_or("", |word| base(word));
    let own = one.image().repository.rsplit('/').next() == Some(program);
    if !one.is_plain() && !own {
        return serves_files(one, path);
    }
    let row = one.known()?;
    if let Some(words) = empty_root(estate, one, row, path) {
        return Some(words);
    }
    if one.mounts().next().is_some() || one.takes_sets() {
        return None;
    }
    match row.http {
        Http::Only(paths) if !has(paths, path) => Some(format!(
            "{image}, as it comes, has no {path}: it answers 404"
        )),
        Http::Refuses(paths) if paths.contains(&path) => Some(format!(
            "{image} answers {path} with an error to who has not logged in"
        )),
        _ => None,
    }
}

fn has(paths: &[&str], path: &str) -> bool {
    paths.iter().any(|one| match one.strip_suffix('*') {
        Some(folder) => path.starts_with(folder),
        None => *one == path,
    })
}

/// Folders of web servers' documents.
const ROOTS: &[(&str, &str)] = &[
    ("nginx", "/usr/share/nginx/html"),
    ("nginxinc/nginx-unprivileged", "/usr/share/nginx/html"),
    ("httpd", "/usr/local/apache2/htdocs"),
];

/// A web server whose documents are an empty folder that nobody fills.
fn empty_root(estate: &Estate<'_>, one: &Container<'_>, row: &Known, path: &str) -> Option<String> {
    let (_, root) = ROOTS.iter().find(|(name, _)| row.names.contains(name))?;
    let mount = one
        .mount_at(root)
        .filter(|mount| text(mount, "/mountPath").trim_end_matches('/') == *root)?;
    let volume = one
        .volume(mount)
        .filter(|volume| volume.get("emptyDir").is_some())?;
    let name = text(volume, "/name");
    let shared = |other: &Container<'_>| {
        other.name() != one.name() && other.mounts().any(|mount| text(mount, "/name") == name)
    };
    let filled = crate::containers::of_workload(estate, one.at).any(|other| shared(&other))
        || one.doc.pointer("/lifecycle/postStart").is_some();
    let configured = one.mounts_near("/etc/nginx") || one.mounts_near("/usr/local/apache2/conf");
    (!filled && !configured).then(|| {
        format!("volume {name} is empty, is mounted over {root}, and nobody writes to it: {path} is answered with 403 or 404")
    })
}

/// `python -m http.server` has the files of its folder alone.
fn serves_files(one: &Container<'_>, path: &str) -> Option<String> {
    let words = one.words();
    let is_server = words.contains(&"http.server");
    let bare = one.mounts().next().is_none() && path != "/" && !words.contains(&"--directory");
    (is_server && bare)
        .then(|| format!("http.server has the files of its folder alone, and no {path}"))
}

/// Files that a script writes into the folder that busybox' server shows.
fn of_busybox(one: &Container<'_>, script: &str, path: &str) -> Option<String> {
    let all = commands(script);
    let server = all.iter().find(|words| base(&words[0]) == "httpd")?;
    let at = server.iter().position(|word| word == "-h")?;
    let root = server.get(at + 1)?.trim_end_matches('/');
    let wanted = match path {
        "/" => format!("{root}/index.html"),
        path => format!("{root}{path}"),
    };
    let written = script.contains(&wanted) || script.contains("cp ") || script.contains("wget");
    let moves = script.contains("cd ") || script.contains('$') || one.mount_at(root).is_some();
    (!written && !moves)
        .then(|| format!("httpd shows {root}, in which nothing writes {wanted}: it answers 404"))
}

#[cfg(test)]
mod tests {
    use super::{by_command, by_script, listens};

    fn line(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn commands_say_where_they_listen() {
        for (text, ports) in [
            ("python3 -m http.server 8000", Some(vec![8000])),
            ("httpd -f -p 8081 -h /www", Some(vec![8081])),
            ("httpd -f -p 0.0.0.0:8081", Some(vec![8081])),
            ("httpd -DFOREGROUND", None),
            ("nc -lk -p 9000", Some(vec![9000])),
            ("nc -l 9000", Some(vec![9000])),
            ("nc -z db 5432", None),
            ("redis-server --port 6380", Some(vec![6380])),
            ("redis-server", Some(vec![6379])),
            ("redis-server /etc/redis.conf", None),
            ("socat TCP-LISTEN:7000,fork EXEC:cat", Some(vec![7000])),
            ("./server", None),
        ] {
            assert_eq!(by_command(&line(text)), ports, "{text}");
        }
    }

    #[test]
    fn scripts_are_known_as_a_whole_or_not_at_all() {
        let loops = "while true; do echo ok | nc -l -p 9000; done";
        assert_eq!(by_script(loops), Some(vec![9000]));
        assert_eq!(by_script("echo a; ./server"), None);
        assert_eq!(by_script("echo a; sleep 5"), Some(vec![]));
    }

    #[test]
    fn ports_of_nginx_are_read_out_of_its_configuration() {
        assert_eq!(
            listens("server { listen 8080; listen [::]:8081 default_server; }"),
            [8080, 8081]
        );
    }
}
