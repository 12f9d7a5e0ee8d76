//! What the binary says when all is well.

use crate::kit::Place;
use std::time::{Duration, Instant};

#[test]
fn alone_it_shows_five_commands() {
    let place = Place::new();
    let answer = place.run("");
    answer
        .ends(0)
        .says(&["aegis doctor", "`aegis --help` lists everything"]);
    let shown = answer
        .out
        .lines()
        .filter(|line| line.starts_with("  aegis "))
        .count();
    assert_eq!(shown, 5);
}

/// The commands under a heading of clap's help.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with("   "));
    listed
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// Help of a command and of all below it, with the words that lead there.
fn all_help(place: &Place, words: &str, found: &mut Vec<(String, String)>) {
    let answer = place.run(&format!("{words} --help"));
    answer.ends(0);
    for command in commands(&answer.out)
        .iter()
        .filter(|command| *command != "help")
    {
        all_help(place, &format!("{words} {command}"), found);
    }
    found.push((words.to_owned(), answer.out));
}

#[test]
fn every_command_explains_itself_and_knows_the_flags_of_everywhere() {
    let mut found = Vec::new();
    all_help(&Place::new(), "", &mut found);
    assert!(found.len() > 8, "{found:?}");
    for (words, help) in found {
        assert!(help.contains("Usage: aegis"), "{words}: {help}");
        assert!(help.contains("--json-logs"), "{words}: {help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{words}: {help}"
        );
    }
}

#[test]
fn what_is_not_built_is_not_shown() {
    let help = Place::new().run("--help").out;
    for absent in ["serve", "evolve", "experiment"] {
        assert!(
            !commands(&help).iter().any(|command| command == absent),
            "{absent}: {help}"
        );
    }
}

#[test]
fn the_version_comes_at_once() {
    let place = Place::new();
    let quickest = (0..5).map(|_| {
        let start = Instant::now();
        place.run("version").ends(0).says(&["aegis "]);
        start.elapsed()
    });
    // 10 ms is what is aimed at; a busy machine gets some more.
    assert!(quickest.min().expect("five") < Duration::from_millis(40));
    assert_eq!(
        place.run("version -o json").json()["schema"],
        "aegis.dev/version/v1"
    );
}

#[test]
fn the_version_comes_even_with_broken_settings() {
    let place = Place::new();
    place.write("aegis.toml", "log = [");
    place.run("version").ends(0);
    place.run("doctor").ends(2).complains(&["aegis.toml:1"]);
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        Place::new()
            .run(&format!("completions {shell}"))
            .ends(0)
            .says(&["doctor"]);
    }
    Place::new()
        .run("completions tcsh")
        .ends(2)
        .complains(&["possible values"]);
}

#[test]
fn doctor_names_the_origin_of_each_setting() {
    let place = Place::new();
    place.write("aegis.toml", "log = 'info'\ndata_dir = 'from-file'\n");
    place.write(
        "home/.config/aegis/aegis.toml",
        "log = 'off'\njson_logs = true\n",
    );
    let answer = place.run_with(
        "doctor -o json --color never",
        &[("AEGIS_DATA_DIR", "from-env"), ("AEGIS_LGO", "x")],
    );
    let found = answer.ends(0).json();
    let origins: Vec<String> = found["settings"]
        .as_array()
        .expect("settings")
        .iter()
        .map(|row| format!("{}={} {}", row["name"], row["value"], row["origin"]).replace('"', ""))
        .collect();
    let own = format!(
        "json_logs=true {}/home/.config/aegis/aegis.toml",
        place.path().display()
    );
    let expected = [
        "data_dir=from-env environment AEGIS_DATA_DIR",
        "color=never flag --color",
        "log=info aegis.toml",
        &own,
    ];
    assert_eq!(origins, expected);
    assert!(
        found["warnings"][0]
            .as_str()
            .expect("a warning")
            .contains("did you mean AEGIS_LOG")
    );
    assert_eq!(found["data_dir"]["writable"], true);
    assert!(
        !place.path().join("from-env").exists(),
        "doctor looks and leaves no trace"
    );
}

#[test]
fn doctor_says_that_nothing_can_be_written() {
    // Nobody makes folders in sysfs, root neither.
    let answer = Place::new().run_with("doctor", &[("AEGIS_DATA_DIR", "/sys/aegis")]);
    answer
        .ends(3)
        .says(&["/sys/aegis: not writable", "--data-dir"]);
}

#[test]
fn every_code_is_explained() {
    let place = Place::new();
    let all = place.run("explain -o json").ends(0).json();
    let codes = all["codes"].as_array().expect("codes");
    assert!(codes.len() > 15);
    place.run("explain").ends(0).says(&["AEG-K002"]);
    place
        .run("explain aeg-k002")
        .ends(0)
        .says(&["AEG-K002: the YAML is broken"]);
    place
        .run("explain AEG-K092")
        .ends(2)
        .complains(&["did you mean"]);
    place
        .run("explain zebra")
        .ends(2)
        .complains(&["no run `zebra`", "`aegis explain` lists all codes"]);
}

#[test]
fn colour_comes_when_it_is_asked_for() {
    let place = Place::new();
    let coloured = |line: &str, variables: &[(&str, &str)]| {
        place.run_with(line, variables).out.contains('\x1b')
    };
    assert!(!coloured("doctor", &[]));
    assert!(coloured("doctor --color always", &[("NO_COLOR", "1")]));
    assert!(coloured("doctor", &[("AEGIS_COLOR", "always")]));
    assert!(!coloured(
        "doctor",
        &[
            ("AEGIS_COLOR", "always"),
            ("TERM", "dumb"),
            ("AEGIS_COLOR", "never")
        ]
    ));
}

#[test]
fn errors_are_log_lines_where_logs_are_json() {
    let answer = Place::new().run("explain X1 --json-logs");
    let line: serde_json::Value = serde_json::from_str(&answer.ends(2).err).expect("one object");
    assert_eq!(line["level"], "ERROR");
}
