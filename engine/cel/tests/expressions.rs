//! Expressions as policies of admission write them, and what they come to.

use aegis_cel::{Expression, Unread, Variables};
use serde_json::{Value, json};

fn object() -> Value {
    json!({
        "metadata": {"name": "web", "labels": {"app": "web", "tier": "front"}},
        "spec": {
            "replicas": 3,
            "containers": [
                {"name": "a", "image": "registry.example/a:1", "resources": {"limits": {"cpu": "1"}}},
                {"name": "b", "image": "docker.io/b"},
            ],
        },
    })
}

/// The value, or why there is none.
fn of(text: &str) -> String {
    let variables = Variables::from([("object", object()), ("oldObject", Value::Null)]);
    match Expression::read(text) {
        Ok(expression) => match expression.value(&variables) {
            Ok(value) => value.to_string(),
            Err(why) => format!("no value: {}", why.0),
        },
        Err(Unread::Broken(why) | Unread::Unknown(why)) => format!("unread: {why}"),
    }
}

#[test]
fn what_policies_ask_has_an_answer() {
    for (text, wanted) in [
        ("object.spec.replicas <= 5", "true"),
        ("object.metadata.name.startsWith('x')", "false"),
        (
            "has(object.metadata.labels) && 'app' in object.metadata.labels",
            "true",
        ),
        (
            "!has(object.spec.hostNetwork) || !object.spec.hostNetwork",
            "true",
        ),
        (
            "object.spec.containers.all(c, has(c.resources) && has(c.resources.limits))",
            "false",
        ),
        (
            "object.spec.containers.exists(c, c.image.contains(\"docker.io\"))",
            "true",
        ),
        (
            "object.spec.containers.exists_one(c, c.name == 'b')",
            "true",
        ),
        (
            "object.spec.containers.filter(c, c.name != 'a').map(c, c.image)",
            r#"["docker.io/b"]"#,
        ),
        (
            "size(object.spec.containers) + object.spec.containers.size() * 2",
            "6",
        ),
        (
            "object.metadata.labels['tier'] in ['front', 'back']",
            "true",
        ),
        ("object.metadata.labels.all(key, key.size() > 2)", "true"),
        ("oldObject == null", "true"),
        ("object.spec.replicas > 2 ? 'many' : 'few'", "\"many\""),
        (
            "'replicas: ' + string(object.spec.replicas)",
            "\"replicas: 3\"",
        ),
        ("-object.spec.replicas + 7 % 4 == 0", "true"),
        ("1.5 * 2.0 >= 3", "true"),
        ("{'a': [1, 2]}.a[1]", "2"),
        (
            "'A,b'.split(',').map(x, x.lowerAscii()).join('-')",
            "\"a-b\"",
        ),
        (
            "[3, 1, 2].max() - [3, 1, 2].min() == 2 && [1, 2].isSorted()",
            "true",
        ),
        ("r'a\\d' == 'a\\\\d' // a comment", "true"),
    ] {
        assert_eq!(of(text), wanted, "{text}");
    }
}

#[test]
fn what_is_not_there_is_no_value() {
    for (text, wanted) in [
        (
            "object.spec.hostNetwork",
            "no value: no such key: hostNetwork",
        ),
        ("object.spec.replicas + 'a'", "no value: no such overload"),
        (
            "object.spec.containers[7].name",
            "no value: index out of bounds: 7",
        ),
        ("1 / 0 == 1", "no value: division by zero"),
        ("nobody.home", "no value: undeclared reference to 'nobody'"),
        // One side of an alternative is enough.
        ("object.spec.hostNetwork || true", "true"),
        (
            "object.spec.containers.exists(c, c.resources.limits.cpu == '1')",
            "true",
        ),
        (
            "object.spec.containers.all(c, c.resources.limits.cpu == '1')",
            "no value: no such key: resources",
        ),
    ] {
        assert_eq!(of(text), wanted, "{text}");
    }
}

#[test]
fn what_is_not_known_is_not_read() {
    for text in [
        "object.metadata.name.matches('^a')",
        "authorizer.group('').check('create').allowed()",
        "object.spec.replicas <=",
        "a b",
        "'open",
        "has(object)",
        "object.spec ~ 1",
    ] {
        assert!(of(text).starts_with("unread: "), "{text}: {}", of(text));
    }
    let deep = "(".repeat(100) + "1" + &")".repeat(100);
    assert_eq!(of(&deep), "unread: too deep");
}

#[test]
fn what_is_broken_is_told_from_what_is_not_known() {
    for (text, broken) in [
        ("object.spec.replicas <=", true),
        ("object.spec.containers.all(c, c.image ==)", true),
        ("(1 + 2", true),
        ("object.metadata.name.matches('^a')", false),
        ("object.?spec.?replicas", false),
    ] {
        let read = Expression::read(text);
        assert_eq!(matches!(read, Err(Unread::Broken(_))), broken, "{text}");
    }
}

#[test]
fn free_names_are_those_that_no_macro_binds() {
    for (text, names) in [
        (
            "object.spec.items.all(i, i.x == limit)",
            vec!["object", "limit"],
        ),
        ("[1, 2].exists(i, i == 1) ? a.b : c == int", vec!["a", "c"]),
    ] {
        let read = Expression::read(text).expect(text);
        assert_eq!(read.names().collect::<Vec<_>>(), names, "{text}");
    }
}

#[test]
fn what_a_method_is_asked_of_is_told() {
    for (text, receivers) in [
        ("lib.contains('a')", vec!["lib"]),
        (
            "[1].all(i, lib.startsWith('a') && size(a) > 0)",
            vec!["lib"],
        ),
        ("a.b.contains('c') || string(d) == 'd'", vec![]),
    ] {
        let read = Expression::read(text).expect(text);
        assert_eq!(read.receivers().collect::<Vec<_>>(), receivers, "{text}");
    }
}
