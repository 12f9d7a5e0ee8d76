//! What images run as they come, and what commands ask of images that do not hold it: shells without
//! input, servers that go into the background, files and modules that no image of a language has.

use super::Case;
use crate::candidate::{Candidate, Weight::Fits};
use crate::containers::{Container, base, commands, of_workload};
use crate::doc::text;
use crate::estate::Estate;
use aegis_images::Entry;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = 0..estate.workloads.len();
    all.filter_map(|at| {
        let mut containers = of_workload(estate, at);
        containers.find_map(|one| {
            as_it_comes(estate, &one)
                .or_else(|| into_the_background(estate, &one))
                .or_else(|| no_subcommand(estate, &one))
                .or_else(|| not_in_the_image(estate, &one))
                .or_else(|| unset_or_absent(estate, &one))
        })
    })
    .collect()
}

/// Whether a container of a workload is to stay.
fn stays(estate: &Estate<'_>, one: &Container<'_>) -> bool {
    let keeper = &estate.workloads[one.at];
    let policy = text(one.pod, "/restartPolicy");
    one.list == "containers"
        && !matches!(keeper.object.kind, "Job" | "CronJob")
        && matches!(policy, "" | "Always")
}

/// An image that has nothing to do without a command, in a pod that is to stay; and one that wants its
/// configuration.
fn as_it_comes(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    if !one.is_plain() {
        return None;
    }
    let image = text(one.doc, "/image");
    match one.known()?.entry {
        Entry::Ends(why) if stays(estate, one) && !one.is_interactive() => {
            let words = format!("{image} ends at once: {why}");
            Candidate::documented(estate, one, ("command_wrong", "command"), words)
        }
        Entry::Wants(folder) if !one.mounts_near(folder) => {
            let words = format!(
                "{image} ends at once: nothing is mounted at {folder}, where it looks for its configuration"
            );
            Candidate::documented(
                estate,
                one,
                ("configuration_missing", "volumeMounts"),
                words,
            )
        }
        _ => None,
    }
}

/// A server that leaves its container: the first process ends, and the container with it.
fn into_the_background(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    if !stays(estate, one) || one.image().known().is_none_or(|row| row.ports.is_empty()) {
        return None;
    }
    let script = one.script().map(commands);
    let line: Vec<String> = match &script {
        Some(all) => all.last()?.clone(),
        None => one.words().into_iter().map(str::to_owned).collect(),
    };
    let has = |word: &str| line.iter().any(|one| one.contains(word));
    let follows = |flag: &str, value: &str| {
        line.windows(2)
            .any(|pair| pair[0] == flag && pair[1] == value)
    };
    let words = match base(line.first()?) {
        "nginx" if line.len() == 1 => "nginx goes into the background without `daemon off;`",
        "httpd" | "apachectl" if line.len() == 1 || has("start") && !has("FOREGROUND") => {
            "httpd goes into the background without -DFOREGROUND"
        }
        "redis-server" if follows("--daemonize", "yes") => {
            "--daemonize yes sends it into the background"
        }
        "mongod" if has("--fork") => "--fork sends it into the background",
        "service" if line.len() == 3 && line[2] == "start" => {
            "`service … start` returns, and the container ends with its shell"
        }
        "systemctl" => "there is no systemd in a container",
        _ => return None,
    };
    // What a mounted nginx.conf says of it is not known here.
    let told = one.mounts_near("/etc/nginx/nginx.conf") && base(&line[0]) == "nginx";
    (!told).then(|| {
        let field = one.list_of_words();
        Candidate::documented(estate, one, ("command_wrong", field), words.to_owned())
    })?
}

/// Subcommands of agnhost. Source: kubernetes/kubernetes, test/images/agnhost/agnhost.go.
const OF_AGNHOST: &str = " audit-proxy connect crd-conversion-webhook dns-suffix dns-server-list entrypoint-tester \
    etc-hosts fake-gitserver fake-registry-server grpc-health-checking guestbook help inclusterclient liveness \
    logs-generator mounttest mtlsclient mtlsserver net netexec nettest no-snat-test no-snat-test-proxy \
    openidmetadata pause podcertificatesigner porter port-forward-tester resource-consumer-controller \
    serve-hostname stress tcp-reset test-webserver version webhook completion ";

/// An image whose program takes a subcommand, and is given one that it does not have.
fn no_subcommand(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    let is_agnhost = one.image().repository.ends_with("agnhost") && one.command().next().is_none();
    let asked = one
        .args()
        .next()
        .filter(|word| is_agnhost && !word.starts_with('-'))?;
    if OF_AGNHOST
        .split_ascii_whitespace()
        .any(|known| known == asked)
    {
        return None;
    }
    let words = format!("Error: unknown command \"{asked}\" for \"app\"");
    Candidate::documented(estate, one, ("command_wrong", "args"), words)
}

/// What an interpreter is told to run.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// A file.
    File(String),
    /// A module of Python.
    Module(String),
    /// A program that comes with a package of the language.
    Program(String),
    /// A text.
    Text(String),
}

/// Words of scripts that may bring what they run.
const BRINGING: &[&str] = &[
    "install", "wget", "curl", "git ", "cat >", "cat <<", "tee ", "cp ", "mv ", "tar ", "echo ",
    "printf", "npm i", "npm ci", "yarn", "pip", "apk", "apt", "ln ", "cd ", "> ",
];

/// A file, module or program that an official image of a language does not have, where nothing mounts or
/// brings it.
fn not_in_the_image(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    let language = language(one)?;
    let line = line_of(one)?;
    let program = base(line.first()?).to_owned();
    let (field, image) = (one.list_of_words(), text(one.doc, "/image"));
    let words = match asked(&line, language)? {
        Asked::File(path) if !is_shown(one, &path) => {
            format!(
                "{program} is told to run {path}: {image} has no such file, and nothing mounts it"
            )
        }
        Asked::Module(name) if !is_of_python(&name) && one.mounts().next().is_none() => {
            format!("{program} is told to run module {name}, which {image} does not have")
        }
        Asked::Program(name) if one.mounts().next().is_none() => {
            format!("{image} has no {name}, and nothing installs it")
        }
        _ => return None,
    };
    Candidate::documented(estate, one, ("command_wrong", field), words)
}

/// The words that a container runs: those of its command, or of a script that is one command.
fn line_of(one: &Container<'_>) -> Option<Vec<String>> {
    let Some(script) = one.script() else {
        return Some(one.words().into_iter().map(str::to_owned).collect());
    };
    let brings = BRINGING.iter().any(|word| script.contains(word));
    let mut all = commands(script).into_iter();
    let first = all.next().filter(|_| !brings)?;
    all.next().is_none().then_some(first)
}

/// The language of whose official image a container is.
fn language(one: &Container<'_>) -> Option<&'static str> {
    const LANGUAGES: &[(&str, &str)] = &[
        ("python", "python"),
        ("node", "node"),
        ("ruby", "ruby"),
        ("php", "php"),
        ("perl", "perl"),
        ("openjdk", "java"),
        ("eclipse-temurin", "java"),
        ("amazoncorretto", "java"),
        ("golang", "go"),
    ];
    let image = one.image();
    let found = LANGUAGES.iter().find(|(name, _)| *name == image.repository);
    found
        .filter(|_| image.is_of_library())
        .map(|(_, language)| *language)
}

fn asked(line: &[String], language: &str) -> Option<Asked> {
    let (program, args) = line.split_first()?;
    let first = || args.iter().find(|arg| !arg.starts_with('-')).cloned();
    let behind = |flag: &str| {
        let at = args.iter().position(|arg| arg == flag)?;
        args.get(at + 1).cloned()
    };
    match (language, base(program)) {
        ("python", "python" | "python3") => behind("-c")
            .map(Asked::Text)
            .or_else(|| behind("-m").map(Asked::Module))
            .or_else(|| {
                first()
                    .filter(|name| name.ends_with(".py"))
                    .map(Asked::File)
            }),
        ("node", "node") => behind("-e").map(Asked::Text).or_else(|| {
            first()
                .filter(|name| name.contains('.') || name.contains('/'))
                .map(Asked::File)
        }),
        ("node", "npm" | "yarn") => {
            let runs = args
                .first()
                .is_some_and(|word| matches!(word.as_str(), "start" | "run" | "test"));
            runs.then(|| Asked::File("package.json".to_owned()))
        }
        ("ruby", "ruby") => first()
            .filter(|name| name.ends_with(".rb"))
            .map(Asked::File),
        ("php", "php") => first()
            .filter(|name| name.ends_with(".php"))
            .map(Asked::File),
        ("java", "java") => behind("-jar").map(Asked::File),
        ("go", "go") => {
            let file = args.get(1).filter(|name| name.ends_with(".go"));
            file.cloned().map(Asked::File)
        }
        ("python", name) if OF_PIP.contains(&name) => Some(Asked::Program(name.to_owned())),
        ("node", name) if OF_NPM.contains(&name) => Some(Asked::Program(name.to_owned())),
        ("ruby", name @ ("rails" | "puma" | "unicorn" | "sidekiq")) => {
            Some(Asked::Program(name.to_owned()))
        }
        _ => None,
    }
}

/// Programs that come with packages of the Python Package Index.
const OF_PIP: &[&str] = &[
    "gunicorn",
    "uvicorn",
    "flask",
    "celery",
    "django-admin",
    "streamlit",
    "jupyter",
    "airflow",
    "ansible",
    "pytest",
    "hypercorn",
    "daphne",
    "uwsgi",
    "fastapi",
    "poetry",
    "scrapy",
    "mlflow",
];
/// Programs that come with packages of npm.
const OF_NPM: &[&str] = &[
    "nodemon",
    "pm2",
    "ts-node",
    "tsx",
    "next",
    "nest",
    "ng",
    "vite",
    "http-server",
    "serve",
    "webpack",
];

/// Whether a file of a container may be there: something is mounted at it or above it, or its folder is
/// not known.
fn is_shown(one: &Container<'_>, path: &str) -> bool {
    if path.contains(['$', '*']) {
        return true;
    }
    let folder = text(one.doc, "/workingDir");
    let whole = match (path.starts_with('/'), folder) {
        (true, _) => path.to_owned(),
        (false, "") => format!("/{}", path.trim_start_matches("./")),
        (false, folder) => format!(
            "{}/{}",
            folder.trim_end_matches('/'),
            path.trim_start_matches("./")
        ),
    };
    // The interpreters' own files stand there.
    one.mount_at(&whole).is_some() || whole.starts_with("/usr/")
}

/// Modules of Python's standard library, and those that its images bring.
/// Source: docs.python.org, "Python Module Index".
const OF_PYTHON: &str = " __future__ abc argparse array ast asyncio atexit base64 bdb binascii bisect builtins bz2 \
    calendar cgi cmath cmd code codecs collections colorsys compileall concurrent configparser contextlib \
    contextvars copy cProfile csv ctypes curses dataclasses datetime dbm decimal difflib dis doctest email \
    ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc getopt \
    getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib importlib inspect io \
    ipaddress itertools json keyword linecache locale logging lzma mailbox marshal math mimetypes mmap \
    multiprocessing netrc numbers operator os pathlib pdb pickle pickletools pip pkgutil platform plistlib \
    poplib posix pprint profile pstats pty pwd py_compile pyclbr pydoc queue quopri random re readline \
    resource runpy sched secrets select selectors setuptools shelve shlex shutil signal site smtpd smtplib \
    socket socketserver sqlite3 ssl stat statistics string stringprep struct subprocess symtable sys \
    sysconfig syslog tabnanny tarfile telnetlib tempfile termios test textwrap this threading time timeit \
    tkinter token tokenize tomllib trace traceback tracemalloc tty turtle types typing unicodedata unittest \
    urllib uuid venv warnings wave weakref webbrowser wheel wsgiref xml xmlrpc zipapp zipfile zipimport zlib \
    zoneinfo ";

fn is_of_python(module: &str) -> bool {
    let first = module.split('.').next().unwrap_or(module);
    OF_PYTHON.split_ascii_whitespace().any(|one| one == first)
}

/// A text of a program that takes a variable which nobody sets, or a module that its image does not have.
fn unset_or_absent(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    let line = line_of(one)?;
    let language = language(one)?;
    let Asked::Text(program) = asked(&line, language)? else {
        return None;
    };
    if let Some(name) = demanded(&program)
        .into_iter()
        .find(|name| !one.may_have(name))
    {
        let words = format!("its program takes variable {name}, which nobody sets, and ends");
        let found = Candidate::documented(estate, one, ("variable_missing", "env"), words)?;
        return Some(found.value("value", name));
    }
    if let Some(found) = turned_away(estate, one, &program) {
        return Some(found);
    }
    let image = text(one.doc, "/image");
    let module = modules(&program, language)
        .into_iter()
        .find(|name| match language {
            "python" => !is_of_python(name),
            _ => !OF_NODE.contains(&name.as_str()),
        })?;
    if one.mounts().next().is_some() || program.contains("except") || program.contains("try") {
        return None;
    }
    let words = format!("its program needs module {module}, which {image} does not have");
    let found = Candidate::documented(
        estate,
        one,
        ("command_wrong", one.list_of_words()),
        words.clone(),
    )?;
    let reference = estate.workloads[one.at].object.reference();
    Some(found.seen(Fits, "object", reference, "nothing installs it before"))
}

/// A program that ends unless a variable has a value which it does not have: `if mode != "production": exit`.
fn turned_away(estate: &Estate<'_>, one: &Container<'_>, program: &str) -> Option<Candidate> {
    let namespace = estate.workloads[one.at].object.namespace;
    let settings = crate::settings::settings(estate, namespace, one.doc);
    let (held, variable) = program
        .lines()
        .flat_map(|line| line.split(';'))
        .find_map(|line| {
            let (held, value) = line.split_once('=')?;
            let rest = value
                .split_once("os.environ.get(")
                .or_else(|| value.split_once("os.getenv("))?
                .1;
            let quote = rest
                .chars()
                .next()
                .filter(|letter| matches!(letter, '"' | '\''))?;
            Some((held.trim(), rest[1..].split(quote).next()?))
        })?;
    let setting = settings.iter().find(|one| one.name == variable)?;
    let (_, guard) = program.split_once(&format!("if {held} != "))?;
    let quote = guard
        .chars()
        .next()
        .filter(|letter| matches!(letter, '"' | '\''))?;
    let wanted = guard[1..].split(quote).next()?;
    // On the line of the guard, or in the block below it.
    let (line, below) = guard.split_once('\n').unwrap_or((guard, ""));
    let block = below
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with([' ', '\t']));
    let then: String = core::iter::once(line).chain(block).collect();
    let ends = then.contains("exit(1") || then.contains("exit(2") || then.contains("raise ");
    if setting.value == wanted || !ends {
        return None;
    }
    let words = format!(
        "its program ends unless {variable} is {wanted}, and it is set to {}",
        setting.value
    );
    let field = format!("env[name={variable}].value");
    let found = Candidate::documented(estate, one, ("env_var_wrong", &field), words)?;
    Some(
        found
            .value("value", format!("{variable}={wanted}"))
            .value("value_host", setting.value),
    )
}

/// Variables that a program cannot do without: `os.environ["X"]`.
fn demanded(program: &str) -> Vec<String> {
    if program.contains("except") || program.contains("environ[") && program.contains("] =") {
        return Vec::new();
    }
    let places = program.split("os.environ[").skip(1);
    places
        .filter_map(|rest| {
            let quote = rest
                .chars()
                .next()
                .filter(|letter| matches!(letter, '"' | '\''))?;
            rest[1..].split(quote).next().map(str::to_owned)
        })
        .filter(|name| !name.is_empty() && !matches!(name.as_str(), "PATH" | "HOSTNAME" | "HOME"))
        .collect()
}

/// Modules of Node itself that programs ask for most. Source: nodejs.org/api.
const OF_NODE: &[&str] = &[
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "crypto",
    "dgram",
    "dns",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "querystring",
    "readline",
    "repl",
    "stream",
    "string_decoder",
    "timers",
    "tls",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "worker_threads",
    "zlib",
];

/// The modules that a program asks for at its start.
fn modules(program: &str, language: &str) -> Vec<String> {
    let plain = |name: &str| -> Option<String> {
        let name = name.split([' ', '.', ',']).next().unwrap_or(name).trim();
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (is_name && !name.is_empty()).then(|| name.to_owned())
    };
    if language == "node" {
        let places = program.split("require(").skip(1);
        let named = places.filter_map(|rest| rest.get(1..)?.split(['\'', '"']).next());
        let bare = named.map(|name| name.strip_prefix("node:").unwrap_or(name));
        return bare
            .map(|name| name.split('/').next().unwrap_or(name).to_owned())
            .filter(|name| !name.is_empty() && !name.starts_with('.'))
            .collect();
    }
    let lines = program.split(['\n', ';']).map(str::trim);
    let mut found = Vec::new();
    for line in lines {
        if let Some(rest) = line.strip_prefix("import ") {
            found.extend(rest.split(',').filter_map(|name| plain(name.trim())));
        } else if let Some(rest) = line.strip_prefix("from ") {
            found.extend(plain(rest));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Asked, asked, demanded, modules};

    fn line(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn what_interpreters_are_told_is_read() {
        let file = |name: &str| Some(Asked::File(name.to_owned()));
        assert_eq!(
            asked(&line("python /app/a.py"), "python"),
            file("/app/a.py")
        );
        assert_eq!(asked(&line("node server.js"), "node"), file("server.js"));
        assert_eq!(asked(&line("java -jar /a.jar"), "java"), file("/a.jar"));
        assert_eq!(asked(&line("npm start"), "node"), file("package.json"));
        assert_eq!(asked(&line("npm ci"), "node"), None);
        assert_eq!(asked(&line("python --version"), "python"), None);
    }

    #[test]
    fn what_programs_cannot_do_without_is_read() {
        assert_eq!(demanded("import os; print(os.environ['DB'])"), ["DB"]);
        assert!(demanded("os.environ['DB'] = 'x'").is_empty());
        assert_eq!(
            modules("import os, redis; from x.y import z", "python"),
            ["os", "redis", "x"]
        );
        assert_eq!(
            modules("require('express'); require('node:fs')", "node"),
            ["express", "fs"]
        );
    }
}
