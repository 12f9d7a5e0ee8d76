//! What single commands do.

use super::{Host, Question, Voice};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// What one command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// Ends with a status after some seconds.
    Ends {
        /// Seconds.
        after: u32,
        /// Status.
        status: i32,
    },
    /// Ends the script; without a code, with the last status.
    Exit(Option<i32>),
    /// Nothing, for ever.
    Idle,
    /// Waits for what runs in the background.
    Waits,
    /// Takes memory until killed.
    EatMemory,
    /// Takes so many bytes.
    TakeMemory(u64),
    /// It takes so many bytes, and ends after a while with this status.
    Holds { bytes: u64, after: u32, status: i32 },
    /// Uses a core for ever.
    Spin,
    /// Succeeds if a host answers.
    Ask(Host),
    /// Succeeds if the API server lets it.
    Call(super::Call),
    /// Not known.
    Unknown,
}

pub(super) const fn ends(status: i32) -> Deed {
    Deed::Ends { after: 0, status }
}

/// Programs that succeed at once whatever their arguments are.
const AT_ONCE: [&str; 26] = [
    "true", ":", "echo", "printf", "date", "set", "export", "cd", "mkdir", "touch", "cp", "mv",
    "rm", "chown", "chmod", "ln", "ls", "hostname", "whoami", "id", "uname", "umask", "ulimit",
    "sync", "sysctl", "shift",
];

/// Whole words of names that say of themselves that they are not there.
const ABSENT: [&str; 13] = [
    "nonexistent",
    "nonexisting",
    "nonexist",
    "noexist",
    "notexist",
    "doesnotexist",
    "non-existent",
    "non-existing",
    "non-exist",
    "not-exist",
    "not-existing",
    "no-such",
    "nosuch",
];

/// Whether a name says of itself that nothing of that name is there: `nonexistent-node`,
/// `/does/not/exist`. Files, programs and registries are not known here, and people who want something
/// that is missing call it so; it is no proof. The only list of its kind, of words that hardly stand in
/// names of what is there.
#[must_use]
pub fn is_plainly_absent(name: &str) -> bool {
    let parts = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
    let whole = format!("-{}-", words.join("-"));
    ABSENT
        .iter()
        .any(|word| whole.contains(&format!("-{word}-")))
}

/// Programs that run what follows them.
const PREFIXES: [&str; 7] = [
    "exec",
    "nohup",
    "time",
    "command",
    "tini",
    "dumb-init",
    "env",
];

/// The words of the command that runs in the end: behind assignments and programs that run another.
pub(super) fn innermost(mut words: &[SmolStr]) -> &[SmolStr] {
    loop {
        words = without_assignments(words);
        match words.split_first() {
            Some((program, args)) if PREFIXES.contains(&basename(program)) => {
                words = after_dashes(args);
            }
            _ => return words,
        }
    }
}

/// What the command of these words does; the words hold no operator.
pub(super) fn read(words: &[SmolStr]) -> Deed {
    let Some((program, args)) = innermost(words).split_first() else {
        return ends(0);
    };
    match basename(program) {
        "exit" | "return" => Deed::Exit(args.first().and_then(|code| code.parse().ok())),
        "false" => ends(1),
        "wait" => Deed::Waits,
        "stress" | "stress-ng" => stress(args),
        "python" | "python3" | "perl" | "node" | "ruby" => program_text(args),
        "sleep" => sleep(args),
        "tail" => tail(args),
        "cat" => cat(args),
        "yes" => Deed::Spin,
        "dd" => dd(args),
        "kill" => kill(args),
        "timeout" => timeout(args),
        "kubectl" => super::kubectl::read(args).map_or(Deed::Unknown, Deed::Call),
        program if AT_ONCE.contains(&program) => ends(0),
        program => ask(program, args).map_or(Deed::Unknown, Deed::Ask),
    }
}

/// `A=b C=d command` sets variables for the command.
fn without_assignments(words: &[SmolStr]) -> &[SmolStr] {
    let is_assignment = |word: &SmolStr| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    let count = words.iter().take_while(|word| is_assignment(word)).count();
    &words[count..]
}

fn after_dashes(words: &[SmolStr]) -> &[SmolStr] {
    let count = words
        .iter()
        .take_while(|word| word.starts_with('-'))
        .count();
    &words[count..]
}

/// The program's name without its folder.
pub(super) fn basename(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn sleep(args: &[SmolStr]) -> Deed {
    let mut sum = 0.0;
    for arg in args {
        if arg.starts_with("inf") {
            return Deed::Idle;
        }
        let Some(seconds) = duration(arg) else {
            return if arg.contains('$') {
                Deed::Unknown
            } else {
                ends(1)
            };
        };
        sum += seconds;
    }
    Deed::Ends {
        after: libm::round(sum) as u32,
        status: i32::from(args.is_empty()),
    }
}

/// `5`, `0.5`, `2m`, `1h`, `1d` in seconds.
fn duration(text: &str) -> Option<f64> {
    let (number, unit) = match text.char_indices().next_back()? {
        (at, 's') => (&text[..at], 1.0),
        (at, 'm') => (&text[..at], 60.0),
        (at, 'h') => (&text[..at], 3600.0),
        (at, 'd') => (&text[..at], 86400.0),
        _ => (text, 1.0),
    };
    let number: f64 = number.parse().ok()?;
    (number >= 0.0).then_some(number * unit)
}

/// `tail -f` follows for ever; of `/dev/zero` it looks for a line's end in vain and keeps all it has read.
fn tail(args: &[SmolStr]) -> Deed {
    let follows = args
        .iter()
        .any(|arg| matches!(arg.as_str(), "-f" | "-F" | "--follow") || arg.starts_with("-fn"));
    if args.iter().any(|arg| arg == "/dev/zero") {
        return Deed::EatMemory;
    }
    if follows { Deed::Idle } else { ends(0) }
}

/// `cat` of nothing reads a closed standard input.
fn cat(args: &[SmolStr]) -> Deed {
    match args.first().map(SmolStr::as_str) {
        Some("/dev/zero" | "/dev/urandom" | "/dev/random") => Deed::Spin,
        _ => ends(0),
    }
}

/// `stress --vm 1 --vm-bytes 250M --vm-hang 1 --timeout 60s`.
fn stress(args: &[SmolStr]) -> Deed {
    let memory = flag(args, &["--vm-bytes"]).and_then(|size| super::builtins::bytes(&size));
    let workers = flag(args, &["--vm", "-m"]).and_then(|count| count.parse::<u64>().ok());
    let time = flag(args, &["--timeout", "-t"]).and_then(|time| duration(&time));
    match (memory, workers, time) {
        (Some(bytes), workers, _) => Deed::TakeMemory(bytes.saturating_mul(workers.unwrap_or(1))),
        // The default of --vm-bytes: 256 MiB for each worker.
        (None, Some(workers), _) => Deed::TakeMemory(workers.saturating_mul(256 << 20)),
        (None, None, Some(time)) => Deed::Ends {
            after: libm::round(time) as u32,
            status: 0,
        },
        _ => Deed::Spin,
    }
}

/// Seconds that a computation takes of which only that it ends is plain. A prior.
const COMPUTES: u32 = 3;

/// `python -c text`, `perl -e text`: what it sleeps, and how it plainly exits.
fn program_text(args: &[SmolStr]) -> Deed {
    let is_flag = |arg: &SmolStr| arg.starts_with('-') && (arg.contains('c') || arg.contains('e'));
    let Some(text) = args
        .iter()
        .position(is_flag)
        .and_then(|at| args.get(at + 1))
    else {
        return Deed::Unknown;
    };
    let endless =
        text.contains("while True") || text.contains("while (1)") || text.contains("while(1)");
    let slept = number_behind(text, "sleep(").or_else(|| number_behind(text, "sleep "));
    let code = number_behind(text, "exit(").or_else(|| number_behind(text, "exit "));
    if text.contains("serve") || text.contains("listen") {
        return Deed::Unknown;
    }
    match (endless, code) {
        (true, None) if text.contains("append") || text.contains("+=") => Deed::EatMemory,
        (true, None) if slept.is_some() => Deed::Idle,
        (true, None) => Deed::Spin,
        (_, code) => {
            let after = slept.map_or(COMPUTES, |seconds| libm::round(seconds) as u32);
            let status = match code {
                Some(code) => code as i32,
                None => i32::from(text.contains("raise ") || text.contains("die ")),
            };
            match super::memory::taken(text) {
                Some(bytes) => Deed::Holds {
                    bytes,
                    after,
                    status,
                },
                None => Deed::Ends { after, status },
            }
        }
    }
}

/// The number that stands behind the first place where `word` stands.
fn number_behind(text: &str, word: &str) -> Option<f64> {
    let rest = &text[text.find(word)? + word.len()..];
    let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
    rest[..length.unwrap_or(rest.len())].parse().ok()
}

fn dd(args: &[SmolStr]) -> Deed {
    let bounded = args.iter().any(|arg| arg.starts_with("count="));
    if bounded { ends(0) } else { Deed::Spin }
}

/// `kill 1` and `kill $$` end the container's own shell.
fn kill(args: &[SmolStr]) -> Deed {
    let forced = args
        .iter()
        .any(|arg| matches!(arg.as_str(), "-9" | "-KILL" | "-SIGKILL"));
    let own = args.iter().any(|arg| matches!(arg.as_str(), "1" | "$$"));
    match (own, forced) {
        (true, true) => Deed::Exit(Some(137)),
        _ => ends(0),
    }
}

/// `timeout 5 command`: the command, cut off.
fn timeout(args: &[SmolStr]) -> Deed {
    let args = after_dashes(args);
    let Some((limit, command)) = args.split_first() else {
        return ends(125);
    };
    let Some(limit) = duration(limit) else {
        return Deed::Unknown;
    };
    let limit = libm::round(limit) as u32;
    let inner = innermost(command).first().map(|program| basename(program));
    if inner == Some("timeout") {
        return Deed::Unknown;
    }
    match read(command) {
        Deed::Idle | Deed::Spin => Deed::Ends {
            after: limit,
            status: 124,
        },
        Deed::Ends { after, .. } if after > limit => Deed::Ends {
            after: limit,
            status: 124,
        },
        other => other,
    }
}

/// The host that a command asks, where it is one of those that scripts wait with.
fn ask(program: &str, args: &[SmolStr]) -> Option<Host> {
    let host = match program {
        "nslookup" | "dig" | "host" | "getent" => name_of(args),
        "ping" => plain_host(args),
        "nc" | "netcat" | "ncat" | "telnet" => host_and_port(args),
        "wget" | "curl" => address_in(args),
        "pg_isready" | "psql" => with_flags(args, 5432),
        "mysqladmin" | "mysql" | "mariadb-admin" => with_flags(args, 3306),
        "redis-cli" => with_flags(args, 6379),
        "mongo" | "mongosh" => address_in(args).or_else(|| with_flags(args, 27017)),
        _ => None,
    };
    host.map(|host| Host {
        program: program.into(),
        ..host
    })
}

fn operands(args: &[SmolStr]) -> impl Iterator<Item = &SmolStr> {
    args.iter().filter(|arg| !arg.starts_with('-'))
}

fn looks_like_host(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    !text.is_empty() && text.chars().all(known) && text.chars().any(char::is_alphabetic)
}

fn named(name: &str, port: Option<u16>, question: Question) -> Option<Host> {
    looks_like_host(name).then(|| Host {
        name: name.into(),
        port,
        question,
        program: SmolStr::default(),
        voice: Voice::Aloud,
    })
}

/// `nslookup db`, `dig +short db`, `getent hosts db`.
fn name_of(args: &[SmolStr]) -> Option<Host> {
    let operand = operands(args).find(|arg| !arg.starts_with('+') && *arg != "hosts");
    named(operand?, None, Question::Name)
}

/// `ping -c 1 db`: a Service's address answers no ping, its name resolves.
fn plain_host(args: &[SmolStr]) -> Option<Host> {
    let host = operands(args).find(|arg| looks_like_host(arg))?;
    named(host, None, Question::Name)
}

/// `nc -z db 5432`, `nc -w 2 db 5432`.
fn host_and_port(args: &[SmolStr]) -> Option<Host> {
    let mut hosts = operands(args).skip_while(|arg| !looks_like_host(arg));
    let host = hosts.next()?;
    let port = hosts.next().and_then(|port| port.parse().ok());
    named(host, port, Question::Connection)
}

/// `curl -f http://web:8080/healthz`, `wget -q -O- web`.
fn address_in(args: &[SmolStr]) -> Option<Host> {
    let operand = args
        .iter()
        .find(|arg| arg.contains("://"))
        .or_else(|| last_host(args))?;
    let (scheme, rest) = operand.split_once("://").unwrap_or(("http", operand));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (authority, default_port(scheme)),
    };
    named(host, port, Question::Connection)
}

const fn default_port(scheme: &str) -> Option<u16> {
    match scheme.as_bytes() {
        b"https" => Some(443),
        b"mongodb" => Some(27017),
        _ => Some(80),
    }
}

/// `pg_isready -h db -p 5432`, `mysqladmin ping --host=db`.
fn with_flags(args: &[SmolStr], default: u16) -> Option<Host> {
    let host = flag(args, &["-h", "--host"])?;
    let port = flag(args, &["-p", "-P", "--port"]).and_then(|port| port.parse().ok());
    named(&host, port.or(Some(default)), Question::Connection)
}

/// The value of a flag: `-h db`, `-hdb`, `--host db`, `--host=db`.
fn flag(args: &[SmolStr], names: &[&str]) -> Option<SmolStr> {
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if names.contains(&arg.as_str()) {
            return args.next().cloned();
        }
        let glued = names.iter().find_map(|name| arg.strip_prefix(name));
        if let Some(value) = glued {
            return Some(value.trim_start_matches('=').into());
        }
    }
    None
}

/// The last operand that could begin with a host.
fn last_host(args: &[SmolStr]) -> Option<&SmolStr> {
    let hosts =
        operands(args).filter(|arg| looks_like_host(arg.split([':', '/']).next().unwrap_or(arg)));
    hosts.last()
}
