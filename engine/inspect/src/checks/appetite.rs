//! What commands plainly take, against what their containers may take: loops without a pause, programs
//! that only compute, texts that are kept in a shell's variables.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Documented, Fits, Proven},
};
use crate::doc::{items, quantity, text};
use crate::estate::Estate;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for at in 0..estate.workloads.len() {
        for container in items(estate.workloads[at].pod_spec, "/containers") {
            let script = script_of(container);
            found.extend(throttled(estate, at, container, &script));
            found.extend(hoards(estate, at, container, &script));
            found.extend(outgrown(estate, at, container, &script));
        }
    }
    found
}

fn script_of(container: &Value) -> String {
    let words = items(container, "/command").chain(items(container, "/args"));
    let words: Vec<&str> = words.filter_map(Value::as_str).collect();
    words.join(" ")
}

/// Thousandths of a core under which what wants a whole one is slowed down to a crawl: a tenth.
const CRAWL: i128 = 100;

/// A program that computes without an end under a limit of a small part of a core.
fn throttled(estate: &Estate<'_>, at: usize, container: &Value, script: &str) -> Option<Candidate> {
    let limit = quantity(container, "/resources/limits/cpu")?;
    let wanted = cores(script)?.checked_mul(1000)?;
    if limit > CRAWL && limit > wanted / 10 {
        return None;
    }
    let (name, shown) = (
        text(container, "/name"),
        text(container, "/resources/limits/cpu"),
    );
    let reference = estate.workloads[at].object.reference();
    let words = format!(
        "it computes without a pause and wants {} cores; its limit is {shown}",
        wanted / 1000
    );
    let found = Candidate::at_workload("cpu_overload", estate, at)?
        .field(format!(
            "spec.template.spec.containers[name={name}].resources.limits.cpu"
        ))
        .value("value", shown)
        .seen(Proven, "object", reference.clone(), words)
        .seen(Fits, "object", reference, "it is throttled in each period");
    Some(found.by_itself())
}

/// Commands that use a core each and never end or pause.
const SPINNING: &[&str] = &[
    "do :; done",
    "do true; done",
    "do : ; done",
    "do true ; done",
    "do (( i++ )); done",
    "do ((i++)); done",
    "yes >",
    "yes > /dev/null",
    "md5sum /dev/zero",
    "sha1sum /dev/zero",
    "sha256sum /dev/zero",
    "sha512sum /dev/zero",
    "md5sum /dev/urandom",
    "sha256sum /dev/urandom",
    "cat /dev/zero > /dev/null",
    "cat /dev/urandom > /dev/null",
    "if=/dev/zero of=/dev/null",
    "while True: pass",
    "while(true){}",
    "for(;;){}",
];

/// Cores that a script uses for ever; nothing where it does not say so.
fn cores(script: &str) -> Option<i128> {
    let one_line = script.split_whitespace().collect::<Vec<_>>().join(" ");
    let spins = SPINNING.iter().any(|words| one_line.contains(words));
    let bounded = one_line.contains("count=") || one_line.contains("timeout ");
    if spins && !bounded && !one_line.contains("sleep") {
        return Some(1);
    }
    let mut words = one_line.split(' ');
    words.find(|word| word.ends_with("stress") || word.ends_with("stress-ng"))?;
    let flags: Vec<&str> = words.collect();
    // It ends by itself.
    let ends = |word: &&str| word.starts_with("--timeout") || matches!(*word, "-t");
    if bounded || flags.iter().any(ends) {
        return None;
    }
    let at = flags
        .iter()
        .position(|word| matches!(*word, "--cpu" | "-c"))?;
    flags.get(at + 1)?.parse().ok()
}

/// A shell that keeps more in a variable than its container may take.
fn hoards(estate: &Estate<'_>, at: usize, container: &Value, script: &str) -> Option<Candidate> {
    let limit = quantity(container, "/resources/limits/memory")? / 1000;
    let kept = kept(script)?;
    if kept <= limit {
        return None;
    }
    let (name, shown) = (
        text(container, "/name"),
        text(container, "/resources/limits/memory"),
    );
    let reference = estate.workloads[at].object.reference();
    let words = format!(
        "its command keeps {} MiB in a variable; its limit is {shown}",
        kept >> 20
    );
    let found = Candidate::at_workload("memory_limit_too_low", estate, at)?
        .field(format!(
            "spec.template.spec.containers[name={name}].resources.limits.memory"
        ))
        .value("value", shown)
        .seen(Proven, "object", reference.clone(), words)
        .seen(
            Fits,
            "object",
            reference,
            "it is killed each time that it starts",
        );
    Some(found.by_itself())
}

/// A heap or a buffer that may grow beyond the container's limit, by its own settings; a program that keeps
/// what it makes in an endless loop.
fn outgrown(estate: &Estate<'_>, at: usize, container: &Value, script: &str) -> Option<Candidate> {
    let limit = quantity(container, "/resources/limits/memory")? / 1000;
    let shown = text(container, "/resources/limits/memory");
    let variables = items(container, "/env").map(|one| (text(one, "/name"), text(one, "/value")));
    let texts = variables.chain([("its command", script)]);
    let told = { texts }.find_map(|(name, value)| {
        let (flag, bytes) = heap(value, text(container, "/image"))?;
        (bytes >= limit).then(|| format!("{name} says {flag}: more than the limit of {shown}"))
    });
    let words = told.or_else(|| {
        grows(script).then(|| {
            format!("its command keeps what it makes in an endless loop; its limit is {shown}")
        })
    })?;
    let name = text(container, "/name");
    let reference = estate.workloads[at].object.reference();
    let found = Candidate::at_workload("memory_limit_too_low", estate, at)?
        .field(format!(
            "spec.template.spec.containers[name={name}].resources.limits.memory"
        ))
        .value("value", shown)
        .value("container", name)
        .seen(Documented, "object", reference, words);
    Some(found.by_itself())
}

/// The largest heap or buffer that flags ask for, with the flag.
fn heap(value: &str, image: &str) -> Option<(String, i128)> {
    let words: Vec<&str> = value.split([' ', '"', '\'']).collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let next = || words.get(at + 1).copied().unwrap_or_default();
        let mebi = |text: &str| Some(text.parse::<i128>().ok()? << 20);
        let size = if let Some(size) = word
            .strip_prefix("-Xmx")
            .or_else(|| word.strip_prefix("-Xms"))
        {
            bytes(size)
        } else if let Some(size) = word.strip_prefix("--max-old-space-size=") {
            mebi(size)
        } else if let Some(size) = word
            .strip_prefix("--innodb-buffer-pool-size=")
            .or_else(|| word.strip_prefix("--innodb_buffer_pool_size="))
        {
            bytes(size)
        } else if let Some(size) = word.strip_prefix("shared_buffers=") {
            bytes(size)
        } else if *word == "--maxmemory" {
            bytes(next())
        } else if *word == "-m" && image.starts_with("memcached") {
            mebi(next())
        } else {
            None
        };
        Some(((*word).to_owned(), size?))
    })
}

/// Whether a program adds to what it keeps in a loop that nothing ends: `s = s x`, `a.push(…)`, `@a`.
fn grows(script: &str) -> bool {
    const LOOPS: &[&str] = &[
        "while (1)",
        "while(1)",
        "while (true)",
        "while(true)",
        "while 1",
        "for (;;)",
        "for(;;)",
        "setInterval(",
        "loop {",
        "loop do",
    ];
    let language = ["awk", "node ", "perl ", "ruby ", "php "]
        .iter()
        .any(|word| script.contains(word));
    let endless = LOOPS.iter().any(|word| script.contains(word));
    let keeps = [".push(", "push @", ".=", "+=", "<<", ".concat("]
        .iter()
        .any(|word| script.contains(word))
        || script.split([';', '\n', '{', '}']).any(appends);
    let ends = ["sleep 0", "break", "exit"]
        .iter()
        .any(|word| script.contains(word));
    language && endless && keeps && !ends
}

/// `data = data chunk`.
fn appends(statement: &str) -> bool {
    let Some((name, value)) = statement.split_once('=') else {
        return false;
    };
    let (name, mut words) = (name.trim(), value.split_whitespace());
    !name.is_empty() && !name.contains(' ') && words.next() == Some(name) && words.next().is_some()
}

/// Bytes that a command substitution gives: `$(dd if=/dev/zero bs=1M count=200)`, `$(head -c 200M /dev/zero)`.
fn kept(script: &str) -> Option<i128> {
    // `tail` keeps all that it reads until a line ends, and zeros end none.
    let tailed = script.split([';', '\n', '&']).find(|one| {
        one.contains("/dev/zero")
            && one
                .split('|')
                .skip(1)
                .any(|part| part.trim_start().starts_with("tail"))
    });
    let substituted = script
        .split_once("$(")
        .map(|(_, inner)| inner.split(')').next().unwrap_or(inner));
    let inner = tailed.or(substituted)?;
    // What is counted or digested is not kept.
    let digested = ["wc ", "sum", "grep", "head -1", "cut ", "of=/"];
    if !inner.contains("/dev/") || digested.iter().any(|word| inner.contains(word)) {
        return None;
    }
    let words: Vec<&str> = inner.split_whitespace().collect();
    let value = |name: &str| words.iter().find_map(|word| word.strip_prefix(name));
    if let (Some(block), Some(count)) = (value("bs="), value("count=")) {
        return bytes(block)?.checked_mul(count.parse().ok()?);
    }
    let head = words.iter().position(|word| word.ends_with("head"))?;
    let at = words[head..].iter().position(|word| *word == "-c")?;
    bytes(words.get(head + at + 1)?)
}

/// `1M`, `200MB`, `512k`, `1G` in bytes.
fn bytes(text: &str) -> Option<i128> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text[digits.len()..].chars().next() {
        None | Some('c') => 1,
        Some('k' | 'K') => 1 << 10,
        Some('m' | 'M') => 1 << 20,
        Some('g' | 'G') => 1 << 30,
        Some(_) => return None,
    };
    digits.parse::<i128>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::{cores, kept};

    #[test]
    fn what_a_command_takes_is_read_out_of_it() {
        assert_eq!(cores("sh -c while true; do :; done"), Some(1));
        assert_eq!(cores("sh -c while true; do :; sleep 1; done"), None);
        assert_eq!(cores("stress --cpu 4"), Some(4));
        assert_eq!(cores("stress --cpu 4 --timeout 10s"), None);
        assert_eq!(cores("timeout 10 stress -c 4"), None);
        let vast = "9".repeat(38);
        assert_eq!(kept(&format!("X=$(head -c {vast}G /dev/zero)")), None);
        assert_eq!(
            kept(&format!("X=$(dd if=/dev/zero bs={vast} count={vast})")),
            None
        );
        assert_eq!(cores("nginx -c /etc/nginx.conf"), None);
        assert_eq!(
            kept("X=$(dd if=/dev/zero bs=1M count=200 | tr a b)"),
            Some(200 << 20)
        );
        assert_eq!(kept("X=$(head -c 64k /dev/urandom | sha256sum)"), None);
        assert_eq!(kept("X=$(date)"), None);
        assert_eq!(
            kept("head -c 256m /dev/zero | tail > /dev/null; sleep 3600"),
            Some(256 << 20)
        );
    }
}
