//! What is wrong is said with its place and with what would be right; nothing of it is a crash.

use crate::kit::Place;

#[test]
fn wrong_usage_ends_with_2_and_a_hint() {
    let place = Place::new();
    for (line, hint) in [
        ("docter", "doctor"),
        ("runs lst", "list"),
        ("runs show", "<RUN>"),
        ("doctor --output yaml", "possible values: text, json"),
        ("doctor --color red", "possible values: auto"),
        ("doctor --log loud", "off, error, warn"),
        ("--no-such-flag", "unexpected argument"),
    ] {
        let answer = place.run(line);
        answer.ends(2).complains(&[hint]);
        assert_eq!(answer.out, "", "{line}");
    }
}

#[test]
fn a_wrong_setting_names_its_file_and_line() {
    for (text, hint) in [
        (
            "logs = 'info'",
            "aegis.toml:1: unknown setting `logs`; did you mean `log`?",
        ),
        ("\nlog = 'loud'", "set by aegis.toml"),
        ("log = 1979-05-27", "aegis.toml:1: a text"),
        ("log = ", "aegis.toml:1"),
    ] {
        let place = Place::new();
        place.write("aegis.toml", text);
        place.run("doctor").ends(2).complains(&[hint]);
    }
}

/// A scenario of which everything is right, to be spoilt.
fn right(place: &Place) -> String {
    place.run("scenario new shop").ends(0).out.clone()
}

#[test]
fn a_scenario_that_is_wrong_is_wrong_at_a_place() {
    let place = Place::new();
    let text = right(&place);
    for (from, to, code, hint) in [
        ("seed: 1", "sed: 1", "AEG-S003", "did you mean `seed`?"),
        ("{to: shop, rps", "{to: shoop, rps", "AEG-S014", "shop"),
        ("duration: 15m", "duration: soon", "AEG-S005", "soon"),
        ("  description", "\tdescription", "AEG-K002", ""),
        ("at: 3m", "at: 3h", "AEG-S017", ""),
        (
            // The API server names the document, not the word: so does the place.
            "apps/v1\nkind: Deployment",
            "apps/v1\nkind: Deploymnet",
            "AEG-K008",
            "Deployment",
        ),
        ("replicas: 2", "replicas: two", "AEG-K009", "two"),
        (
            "object: service/shop",
            "object: service/chop",
            "AEG-S009",
            "shop",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let file = place.write("bad.yaml", &text.replacen(from, to, 1));
        let answer = place.run("scenario check bad.yaml");
        answer
            .ends(2)
            .complains(&["bad.yaml:", code, hint])
            .says(&["bad.yaml: ", " error"]);
        let found = place.run("scenario check -o json bad.yaml").ends(2).json();
        let problem = &found["files"][0]["problems"][0];
        assert_eq!(problem["code"], code);
        let line = problem["line"].as_u64().expect("a line") as usize;
        let spoilt = std::fs::read_to_string(&file).expect("a file");
        let shown = spoilt.lines().nth(line - 1).expect("the line");
        let first = to.lines().next().expect("a line");
        assert!(
            shown.contains(first),
            "{code} points at line {line}: {shown}"
        );
    }
}

#[test]
fn what_cannot_be_opened_is_said() {
    let place = Place::new();
    place.write("folder/x", "");
    for (name, hint) in [
        ("online-boutique-omm", "did you mean `online-boutique-oom`"),
        ("zebra", "`aegis scenario list` shows all names"),
        ("missing.yaml", "there is no file missing.yaml"),
        ("folder", "folder is a folder"),
    ] {
        place
            .run(&format!("scenario check {name}"))
            .ends(2)
            .complains(&[hint]);
    }
}

#[test]
fn what_is_no_text_is_said() {
    let place = Place::new();
    std::fs::write(place.path().join("a.yaml"), [0xff, 0xfe, b'a', 0]).expect("written");
    place
        .run("scenario check a.yaml")
        .ends(2)
        .complains(&["AEG-K001", "UTF-16"]);
    place
        .feed("scenario check -", "")
        .ends(2)
        .complains(&["stdin"]);
    place
        .feed("scenario check -", "a: \0")
        .ends(2)
        .complains(&["AEG-K001"]);
}

/// Mappings in mappings, each on the line of the one around it.
fn deep(levels: usize) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {}x{}\n",
        "{a: ".repeat(levels),
        "}".repeat(levels)
    )
}

/// A few lines of aliases that stand for ten to the tenth values.
fn bomb() -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = level - 1;
        let aliases = vec![format!("*a{before}"); 10].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    text
}

#[test]
fn hostile_text_is_refused_at_once() {
    let place = Place::new();
    for (text, code) in [
        (deep(200), "AEG-K005"),
        (deep(100_000), "AEG-K005"),
        (bomb(), "AEG-K006"),
    ] {
        place.write("hostile.yaml", &text);
        let start = std::time::Instant::now();
        place
            .run("scenario check hostile.yaml")
            .ends(2)
            .complains(&[code, "hostile.yaml:"]);
        assert!(
            start.elapsed().as_secs() < 5,
            "{code} took {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn ten_thousand_documents_are_read_and_their_errors_counted() {
    let place = Place::new();
    let document =
        |number| format!("---\napiVersion: v1\nkind: Confgmap\nmetadata: {{name: c{number}}}\n");
    let text: String = (0..10_000).map(document).collect();
    place.write("many.yaml", &text);
    let answer = place.run("scenario check many.yaml");
    answer.ends(2);
    assert!(answer.err.lines().count() < 60, "{}", answer.err);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let place = Place::new();
    place
        .run("scenario new x --out /sys/x.yaml")
        .ends(2)
        .complains(&["/sys/x.yaml cannot be written"]);
    place
        .run("scenario new Capital")
        .ends(2)
        .complains(&["lower-case"]);
}

#[test]
fn errors_of_a_stranger_do_not_steer_the_terminal() {
    let place = Place::new();
    place.write(
        "a.yaml",
        "apiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {name: x, \"\\e[2J\": y}\n",
    );
    let answer = place.run("scenario check a.yaml");
    assert!(!answer.ends(2).err.contains('\x1b'));
}
