//! Commands and what a shell does with them.

use super::*;
use alloc::vec;

fn script(words: &[&str]) -> Script {
    let command: Vec<SmolStr> = words.iter().map(SmolStr::new).collect();
    read(&command, &[], "example.com/team/app:1")
}

fn sh(text: &str) -> Script {
    script(&["sh", "-c", text])
}

fn exits(text: &str, after: u32, code: i32) {
    let script = sh(text);
    assert_eq!(script.end, End::Exit(code), "{text}");
    assert_eq!(script.runs_for(), Some(after), "{text}");
}

fn asks(name: &str, port: Option<u16>, question: Question) -> Step {
    Step::Await(Host {
        name: name.into(),
        port,
        question,
    })
}

#[test]
fn what_plainly_exits_exits() {
    exits("exit 1", 0, 1);
    exits("exit", 0, 0);
    exits("sleep 5", 5, 0);
    exits("sleep 5; exit 3", 5, 3);
    exits("sleep 2m && false", 120, 1);
    exits("true", 0, 0);
    exits("false || true", 0, 0);
    exits("false && sleep 9; sleep 1", 1, 0);
    exits("echo crashing >&2; sleep 1.4; exit 42 # on purpose", 1, 42);
    exits("set -e; false; sleep 100", 0, 1);
    exits("echo 'a; b && c' | cat; exit 7", 0, 7);
    exits("for_x=1 true; exit 2", 0, 2);
    exits("if true; then exit 4; else exit 5; fi", 0, 4);
    exits("while true; do sleep 3; exit 9; done", 3, 9);
    exits("kill -9 1", 0, 137);
    exits("timeout 4 sleep 10", 4, 124);
}

#[test]
fn words_without_a_shell_are_a_command() {
    for (words, end) in [
        (vec!["sleep", "infinity"], End::Idle),
        (vec!["/bin/sleep", "3600"], End::Exit(0)),
        (vec!["tail", "/dev/zero"], End::EatMemory),
        (vec!["tail", "-f", "/dev/null"], End::Idle),
        (vec!["yes"], End::Spin),
        (vec!["/bin/false"], End::Exit(1)),
        (vec!["/app/server", "--port=80"], End::Serve),
        (vec!["tini", "--", "sleep", "5"], End::Exit(0)),
        (vec!["/bin/bash", "-c", "exec sleep infinity"], End::Idle),
        (vec!["bash", "/run.sh"], End::Serve),
        (vec!["env", "A=b", "sleep", "inf"], End::Idle),
    ] {
        assert_eq!(script(&words).end, end, "{words:?}");
    }
}

#[test]
fn loops_without_an_end_idle_or_spin() {
    assert_eq!(sh("while true; do sleep 30; done").end, End::Idle);
    assert_eq!(sh("while :; do echo hi; sleep 1; done").end, End::Idle);
    assert_eq!(sh("while true; do :; done").end, End::Spin);
    assert_eq!(sh("until false; do sleep 1; done").end, End::Idle);
}

#[test]
fn a_loop_over_a_host_waits_for_it() {
    let connection = Question::Connection;
    for (text, step) in [
        (
            "until nc -z db 5432; do echo waiting; sleep 2; done",
            asks("db", Some(5432), connection),
        ),
        (
            "while ! nc -w 1 -z db.shop.svc 5432 </dev/null; do sleep 1; done;",
            asks("db.shop.svc", Some(5432), connection),
        ),
        (
            "until nslookup myservice.default.svc.cluster.local; do echo waiting; sleep 2; done",
            asks("myservice.default.svc.cluster.local", None, Question::Name),
        ),
        (
            "until wget -q -O- http://web:8080/healthz; do sleep 1; done",
            asks("web", Some(8080), connection),
        ),
        (
            "until pg_isready -h postgres -U me; do sleep 1; done",
            asks("postgres", Some(5432), connection),
        ),
        (
            "until redis-cli -h cache ping | grep PONG; do sleep 1; done",
            asks("cache", Some(6379), connection),
        ),
        (
            "while ! mysqladmin ping --host=mysql --silent; do\n  sleep 1\ndone",
            asks("mysql", Some(3306), connection),
        ),
    ] {
        let script = sh(text);
        assert_eq!(script.steps, [step], "{text}");
        assert_eq!(script.end, End::Exit(0), "{text}");
    }
}

#[test]
fn a_server_may_wait_first() {
    let script = sh("until nc -z db 5432; do sleep 1; done; sleep 3; exec node server.js");
    assert_eq!(
        script.steps,
        [asks("db", Some(5432), Question::Connection), Step::Sleep(3)]
    );
    assert_eq!(script.end, End::Serve);
}

#[test]
fn what_is_not_known_is_a_server() {
    for text in [
        "npm install && npm start",
        "for i in 1 2 3; do ping -c 1 a; done",
        "(sleep 5; exit 1)",
        "if [ -f /x ]; then exit 1; fi; /app",
        "sleep $DELAY; exit 1",
        "while read line; do echo $line; done",
        "case $1 in a) exit 1;; esac",
        "while",
        "until nc -z",
        "if true; then",
        "'",
        "$(",
    ] {
        let end = sh(text).end;
        assert!(
            matches!(end, End::Serve | End::Exit(_)),
            "{text} gives {end:?}"
        );
    }
    assert_eq!(sh("npm install && npm start").end, End::Serve);
    assert_eq!(sh("if [ -f /x ]; then exit 1; fi; /app").end, End::Serve);
}

#[test]
fn images_decide_what_no_command_means() {
    let args = [SmolStr::new("sleep"), SmolStr::new("10")];
    assert_eq!(read(&[], &args, "busybox:1.36").runs_for(), Some(10));
    assert_eq!(read(&[], &args, "example.com/app").end, End::Serve);
    assert_eq!(
        read(&[], &[], "docker.io/library/alpine@sha256:1").end,
        End::Exit(0)
    );
    assert_eq!(read(&[], &[], "registry.k8s.io/pause:3.9").end, End::Idle);
    assert_eq!(read(&[], &[], "nginx").end, End::Serve);
}

#[test]
fn shells_and_sleepers_ignore_sigterm() {
    assert_eq!(sh("sleep 1000").on_term, OnTerm::Ignores);
    assert_eq!(sh("while true; do sleep 1; done").on_term, OnTerm::Ignores);
    assert_eq!(script(&["/app/server"]).on_term, OnTerm::Ends);
    assert_eq!(read(&[], &[], "pause").on_term, OnTerm::Ends);
}

#[test]
fn deep_and_long_scripts_are_read_in_time() {
    let nested = "if true; then ".repeat(2000);
    assert_eq!(sh(&nested).end, End::Serve);
    let prefixed = "exec ".repeat(20_000) + "sleep 5";
    assert_eq!(sh(&prefixed).end, End::Exit(0));
    let limited = "timeout 9 ".repeat(20_000) + "sleep 5";
    assert_eq!(sh(&limited).end, End::Serve);
    let long = "echo x; ".repeat(20_000) + "exit 7";
    assert_eq!(sh(&long).end, End::Exit(7));
    let shells = "sh -c '".repeat(50);
    assert!(matches!(sh(&shells).end, End::Serve | End::Exit(_)));
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "[a-z ;&|(){}<>$'\"\\\\\n#=/0-9-]{0,80}") {
        let _ = sh(&text);
    }

    #[test]
    fn words_of_scripts_in_any_order(words in proptest::collection::vec(0_usize..20, 0..24)) {
        const WORDS: [&str; 20] = [
            "while", "until", "do", "done", "if", "then", "else", "fi", ";", "&&", "||", "!",
            "true", "false", "sleep 1", "exit 3", "nc -z db 1", "exec", "|", "\n",
        ];
        let text: Vec<&str> = words.iter().map(|word| WORDS[*word]).collect();
        let script = sh(&text.join(" "));
        proptest::prop_assert!(script.steps.len() <= text.len());
    }
}
