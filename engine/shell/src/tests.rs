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

/// Pauses of a script, to its end, where every host answers.
fn played(script: &Script, files: &mut Files) -> (Vec<Halt>, Shell) {
    let mut disk = Disk {
        files,
        mounts: &[],
        container: 0,
        content: script.content,
        layer: Access::Writable,
    };
    let mut shell = script.begin(BTreeMap::new(), 7);
    let (mut at, mut pauses) = (0, Vec::new());
    while pauses.len() < 400 {
        at = script.go_on(&mut shell, at, &mut disk);
        match shell.halt.clone() {
            Halt::Ask(_) => shell.status = 0,
            Halt::Await(_) => at += 1,
            Halt::Sleep(_) | Halt::Wait(_) | Halt::Holds { .. } => {}
            _ => break,
        }
        pauses.push(shell.halt.clone());
    }
    (pauses, shell)
}

fn end_of(script: &Script) -> Halt {
    played(script, &mut Files::default()).1.halt
}

fn slept(pauses: &[Halt]) -> u32 {
    let seconds = |halt: &Halt| match halt {
        Halt::Sleep(seconds) | Halt::Wait(seconds) => *seconds,
        _ => 0,
    };
    pauses.iter().map(seconds).sum()
}

fn exits(text: &str, after: u32, code: i32) {
    let (pauses, shell) = played(&sh(text), &mut Files::default());
    assert_eq!(shell.halt, Halt::Ended(code), "{text}");
    assert_eq!(slept(&pauses), after, "{text}");
}

fn asks(program: &str, name: &str, port: Option<u16>, question: Question) -> Halt {
    Halt::Await(Host {
        name: name.into(),
        port,
        question,
        program: program.into(),
        voice: Voice::Aloud,
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
        (vec!["sleep", "infinity"], Halt::Idle(u32::MAX)),
        (vec!["/bin/sleep", "3600"], Halt::Ended(0)),
        (vec!["tail", "/dev/zero"], Halt::EatMemory),
        (vec!["tail", "-f", "/dev/null"], Halt::Idle(u32::MAX)),
        (vec!["yes"], Halt::Spin),
        (vec!["/bin/false"], Halt::Ended(1)),
        (vec!["/app/server", "--port=80"], Halt::Serve),
        (vec!["tini", "--", "sleep", "5"], Halt::Ended(0)),
        (
            vec!["/bin/bash", "-c", "exec sleep infinity"],
            Halt::Idle(u32::MAX),
        ),
        (vec!["bash", "/run.sh"], Halt::Serve),
        (vec!["env", "A=b", "sleep", "inf"], Halt::Idle(u32::MAX)),
        (
            vec!["stress", "--vm", "1", "--vm-bytes", "250M"],
            Halt::TakeMemory(250 << 20),
        ),
        (
            vec![
                "python3",
                "-c",
                "import time, sys; time.sleep(2); sys.exit(3)",
            ],
            Halt::Ended(3),
        ),
    ] {
        assert_eq!(end_of(&script(&words)), end, "{words:?}");
    }
}

#[test]
fn loops_without_an_end_idle_or_spin() {
    for (text, end) in [
        ("while true; do sleep 30; done", Halt::Idle(30)),
        ("while :; do echo hi; sleep 1; done", Halt::Idle(1)),
        ("while true; do :; done", Halt::Spin),
        ("until false; do sleep 1; done", Halt::Idle(1)),
        (
            "while sleep 0.01; do wget -q -O- http://web; done",
            Halt::Sleep(0),
        ),
        ("while true; do wget -q -O- http://web; done", Halt::Idle(1)),
        ("i=0; while true; do i=$((i+1)); done", Halt::Spin),
    ] {
        let found = end_of(&sh(text));
        assert!(found == end || end == Halt::Sleep(0), "{text}: {found:?}");
    }
}

#[test]
fn a_loop_over_a_host_waits_for_it() {
    let connection = Question::Connection;
    for (text, step) in [
        (
            "until nc -z db 5432; do echo waiting; sleep 2; done",
            asks("nc", "db", Some(5432), connection),
        ),
        (
            "while ! nc -w 1 -z db.shop.svc 5432 </dev/null; do sleep 1; done;",
            asks("nc", "db.shop.svc", Some(5432), connection),
        ),
        (
            "until nslookup myservice.default.svc.cluster.local; do echo waiting; sleep 2; done",
            asks(
                "nslookup",
                "myservice.default.svc.cluster.local",
                None,
                Question::Name,
            ),
        ),
        (
            "until wget -q -O- http://web:8080/healthz; do sleep 1; done",
            asks("wget", "web", Some(8080), connection),
        ),
        (
            "until pg_isready -h postgres -U me; do sleep 1; done",
            asks("pg_isready", "postgres", Some(5432), connection),
        ),
        (
            "until redis-cli -h cache ping | grep PONG; do sleep 1; done",
            asks("redis-cli", "cache", Some(6379), connection),
        ),
        (
            "while ! mysqladmin ping --host=mysql --silent; do\n  sleep 1\ndone",
            asks("mysqladmin", "mysql", Some(3306), connection),
        ),
    ] {
        let (pauses, shell) = played(&sh(text), &mut Files::default());
        assert_eq!(pauses, [step], "{text}");
        assert_eq!(shell.halt, Halt::Ended(0), "{text}");
    }
}

#[test]
fn a_server_may_wait_first() {
    let script = sh("until nc -z db 5432; do sleep 1; done; sleep 3; exec node server.js");
    let (pauses, shell) = played(&script, &mut Files::default());
    assert_eq!(
        pauses,
        [
            asks("nc", "db", Some(5432), Question::Connection),
            Halt::Sleep(3)
        ]
    );
    assert_eq!(shell.halt, Halt::Serve);
    assert_eq!(script.usually, Usually::Serves);
}

#[test]
fn what_is_not_known_is_a_server() {
    for text in [
        "npm install && npm start",
        "sleep $DELAY; exit 1",
        "f() { exit 1; }; f",
        "while read line; do echo $line; done",
        "case $1 in a) exit 1;; esac",
        "while",
        "until nc -z",
        "if true; then",
        "'",
        "$(",
    ] {
        let end = end_of(&sh(text));
        assert!(
            matches!(end, Halt::Serve | Halt::Ended(_)),
            "{text} gives {end:?}"
        );
    }
    assert_eq!(end_of(&sh("npm install && npm start")), Halt::Serve);
    let branch = sh("if [ -f /x ]; then exit 1; fi; /app");
    assert_eq!(end_of(&branch), Halt::Serve);
}

#[test]
fn images_decide_what_no_command_means() {
    let args = [SmolStr::new("sleep"), SmolStr::new("10")];
    let sleeper = read(&[], &args, "busybox:1.36");
    assert_eq!(slept(&played(&sleeper, &mut Files::default()).0), 10);
    for (script, usually) in [
        (read(&[], &args, "example.com/app"), Usually::Serves),
        (
            read(&[], &[], "docker.io/library/alpine@sha256:1"),
            Usually::Ends(0),
        ),
        (read(&[], &[], "registry.k8s.io/pause:3.9"), Usually::Stays),
        (read(&[], &[], "nginx"), Usually::Serves),
    ] {
        assert_eq!(script.usually, usually);
    }
}

fn term(script: &Script, left: u32) -> OnTerm {
    let (_, shell) = played_to_pause(script);
    script.on_term(&shell, left)
}

/// A script at its first pause.
fn played_to_pause(script: &Script) -> (u16, Shell) {
    let mut files = Files::default();
    let mut disk = Disk {
        files: &mut files,
        mounts: &[],
        container: 0,
        content: script.content,
        layer: Access::Writable,
    };
    let mut shell = script.begin(BTreeMap::new(), 7);
    (script.go_on(&mut shell, 0, &mut disk), shell)
}

#[test]
fn shells_and_sleepers_ignore_sigterm_unless_they_trap_it() {
    let ends_with = |after, status| OnTerm::EndsWith { after, status };
    for (text, left, expected) in [
        ("sleep 1000", 900, OnTerm::Ignores),
        ("while true; do sleep 1; done", 1, OnTerm::Ignores),
        (
            "trap 'exit 0' TERM; while true; do sleep 1; done",
            1,
            ends_with(1, 0),
        ),
        ("trap 'exit 3' TERM; sleep 1000", 900, ends_with(900, 3)),
        (
            "trap 'sleep 5; exit 0' SIGTERM; sleep 1000 & wait",
            900,
            ends_with(5, 0),
        ),
        ("trap '' TERM; exec /app", 0, OnTerm::Ignores),
        ("/app", 0, OnTerm::Ends),
    ] {
        assert_eq!(term(&sh(text), left), expected, "{text}");
    }
    assert_eq!(term(&script(&["/app/server"]), 0), OnTerm::Ends);
    assert_eq!(term(&read(&[], &[], "pause"), 0), ends_with(0, 0));
}

#[test]
fn scripts_see_the_files_that_they_wrote() {
    let mut files = Files::default();
    let text =
        "n=$(cat /data/n 2>/dev/null || echo 0); n=$((n+1)); echo $n > /data/n; [ $n -ge 3 ]";
    let codes: Vec<Halt> = (0..3)
        .map(|_| played(&sh(text), &mut files).1.halt)
        .collect();
    assert_eq!(codes, [Halt::Ended(1), Halt::Ended(1), Halt::Ended(0)]);
    files.forget_layer(0);
    assert!(files.is_empty());
    for (text, after, code) in [
        ("touch /tmp/a; test -f /tmp/a && exit 4", 0, 4),
        ("touch /tmp/a; rm -f /tmp/a; cat /tmp/a", 0, 1),
        ("echo ok > /tmp/s; grep -q ok /tmp/s", 0, 0),
        ("echo ok | grep -q bad || exit 5", 0, 5),
        ("for i in 1 2 3; do sleep 2; done; exit 6", 6, 6),
        (
            "for i in $(seq 1 5); do if [ $i -eq 3 ]; then break; fi; sleep 1; done",
            2,
            0,
        ),
        (
            "i=0; while [ $i -lt 4 ]; do i=$((i+1)); sleep 3; done; exit $i",
            12,
            4,
        ),
        ("(exit 3) || exit 9", 0, 9),
        ("{ sleep 1; false; } || sleep 2", 3, 0),
        (
            "if [ -f /x ]; then exit 1; elif true; then exit 2; else exit 3; fi",
            0,
            2,
        ),
        (
            "until [ -f /tmp/never ]; do sleep 1; done & sleep 2; exit 8",
            2,
            8,
        ),
        ("mkdir -p /data; [ -d /data ] && ls /data; exit $?", 0, 0),
        ("X=5; Y=\"$X$X\"; [ \"$Y\" = 55 ]", 0, 0),
        ("nonexistent-command", 0, 127),
        ("! true", 0, 1),
        ("sh -c 'sleep 2; exit 3'; exit $?", 2, 3),
    ] {
        exits(text, after, code);
    }
}

#[test]
fn sizes_of_files_are_kept() {
    let mut files = Files::default();
    played(
        &sh("dd if=/dev/zero of=/tmp/a bs=1M count=200; fallocate -l 1G /tmp/b"),
        &mut files,
    );
    assert_eq!(files.in_layer(0), (200 << 20) + (1 << 30));
}

#[test]
fn programs_that_are_not_there_are_known_by_their_name() {
    for (words, missing) in [
        (&["nonexistent-command"][..], true),
        (&["/bin/does-not-exist"], true),
        (&["sh", "-c", "nonexistent"], false),
        (&["/app/server"], false),
    ] {
        assert_eq!(script(words).missing.is_some(), missing, "{words:?}");
    }
}

#[test]
fn deep_and_long_scripts_are_read_in_time() {
    let nested = "if true; then ".repeat(2000);
    assert_eq!(end_of(&sh(&nested)), Halt::Serve);
    let prefixed = "exec ".repeat(20_000) + "sleep 5";
    assert_eq!(end_of(&sh(&prefixed)), Halt::Ended(0));
    let limited = "timeout 9 ".repeat(20_000) + "sleep 5";
    assert_eq!(end_of(&sh(&limited)), Halt::Serve);
    let long = "echo x; ".repeat(20_000) + "exit 7";
    let end = end_of(&sh(&long));
    assert!(matches!(end, Halt::Serve | Halt::Ended(7)), "{end:?}");
    let shells = "sh -c '".repeat(50);
    let end = end_of(&sh(&shells));
    assert!(matches!(end, Halt::Serve | Halt::Ended(_)), "{end:?}");
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "[a-z ;&|(){}<>$'\"\\\\\n#=/0-9-]{0,80}") {
        let _ = played(&sh(&text), &mut Files::default());
    }

    #[test]
    fn words_of_scripts_in_any_order(words in proptest::collection::vec(0_usize..20, 0..24)) {
        const WORDS: [&str; 20] = [
            "while", "until", "do", "done", "if", "then", "else", "fi", ";", "&&", "||", "!",
            "true", "false", "sleep 1", "exit 3", "nc -z db 1", "exec", "|", "\n",
        ];
        let text: Vec<&str> = words.iter().map(|word| WORDS[*word]).collect();
        let script = sh(&text.join(" "));
        let _ = played(&script, &mut Files::default());
    }
}

#[test]
fn a_case_takes_the_first_arm_that_fits() {
    exits(
        "case 2 in 1) exit 7;; 2|3) exit 5 ;; *) exit 0;; esac",
        0,
        5,
    );
    exits(
        "X=web-1; case $X in *-0) exit 1;; *-1) sleep 3; exit 4;; esac",
        3,
        4,
    );
    exits("case a in b) exit 1;; esac; exit 6", 0, 6);
    exits(
        "case x in\n  (x)\n    case y in y) exit 3;; esac\n    ;;\n  *) exit 9\nesac",
        0,
        3,
    );
    exits("case '*' in '?') exit 1;; \"*\") exit 2;; esac", 0, 2);
}

#[test]
fn a_variable_is_shown_without_its_head_or_tail() {
    exits("H=web-shop-2; exit ${H##*-}", 0, 2);
    exits("H=3-a-b; exit ${H%%-*}", 0, 3);
    exits("H=a.5; exit ${H#*.}", 0, 5);
    exits("H=8.b; exit ${H%.*}", 0, 8);
}

#[test]
fn what_is_mounted_for_reading_is_not_written() {
    let mounts = [Mount {
        volume: "config".into(),
        path: "/etc/app".into(),
        files: Filled::Elsewhere,
        access: Access::ReadOnly,
        backing: Backing::Disk,
    }];
    let run = |text: &str, layer: Access| {
        let mut files = Files::default();
        let mut disk = Disk {
            files: &mut files,
            mounts: &mounts,
            container: 0,
            content: Content::Base,
            layer,
        };
        let script = sh(text);
        let mut shell = script.begin(BTreeMap::new(), 7);
        script.go_on(&mut shell, 0, &mut disk);
        (shell.halt, shell.output)
    };
    let refused = "Read-only file system";
    for text in [
        "echo a=b >> /etc/app/app.properties && sleep 3600",
        "touch /etc/app/x && sleep 3600",
        "cp /etc/hosts /etc/app/hosts && sleep 3600",
        "dd if=/dev/zero of=/etc/app/big bs=1M count=1 && sleep 3600",
    ] {
        let (halt, output) = run(text, Access::Writable);
        assert_eq!(halt, Halt::Ended(1), "{text}");
        assert!(output.contains(refused), "{output}");
    }
    assert_eq!(run("echo x > /tmp/x", Access::Writable).0, Halt::Ended(0));
    let (halt, output) = run("touch /tmp/x", Access::Denied);
    assert_eq!(halt, Halt::Ended(1));
    assert_eq!(output, "touch: /tmp/x: Permission denied\n");
    assert_eq!(run("echo x > /tmp/x", Access::ReadOnly).0, Halt::Ended(1));
    assert_eq!(
        run("echo x > /dev/null", Access::ReadOnly).0,
        Halt::Ended(0)
    );
}

#[test]
fn a_program_that_says_how_much_it_takes_holds_it() {
    let text = "import time\nblock = bytearray(180 * 1024 * 1024)\ntime.sleep(3600)";
    let (pauses, shell) = played(&script(&["python", "-c", text]), &mut Files::default());
    let held = Halt::Holds {
        bytes: 180 << 20,
        seconds: 3600,
    };
    assert_eq!(pauses, [held]);
    assert_eq!(shell.halt, Halt::Ended(0));
}

#[test]
fn a_text_that_doubles_takes_memory_until_it_is_killed() {
    let text = "p=x; while true; do p=\"${p}${p}\"; done";
    let (pauses, shell) = played(&script(&["sh", "-c", text]), &mut Files::default());
    assert_eq!((pauses.len(), shell.halt), (0, Halt::EatMemory));
}
