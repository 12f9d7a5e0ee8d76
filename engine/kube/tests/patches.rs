//! Patches and differences.

use aegis_kube::patch::{
    apply, between, diff, json_patch, merge_patch, merged, strategic, strategically_merged,
};
use aegis_model::FieldChange;
use proptest::prelude::*;
use serde_json::{Value, json};

fn deployment() -> Value {
    json!({"spec": {"replicas": 2, "template": {"spec": {
        "containers": [
            {"name": "web", "image": "a:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "args": ["x", "y"]},
            {"name": "side", "image": "s:1", "ports": [{"containerPort": 80, "name": "http"}]}
        ],
        "tolerations": [{"key": "k", "operator": "Exists"}]
    }}}})
}

fn told(changes: &[FieldChange]) -> Vec<String> {
    let side = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
    let told = changes
        .iter()
        .map(|c| format!("{}: {} -> {}", c.path, side(&c.before), side(&c.after)));
    told.collect()
}

#[test]
fn a_strategic_patch_merges_lists_by_key() {
    let patch = json!({"spec": {"template": {"spec": {
        "containers": [
            {"name": "web", "image": "a:2", "env": [{"name": "B", "$patch": "delete"}, {"name": "C", "value": "3"}],
             "$setElementOrder/env": [{"name": "A"}, {"name": "C"}], "args": ["z"]},
            {"name": "side", "image": "s:2", "command": null}
        ],
        "tolerations": [{"key": "other", "operator": "Exists"}]
    }}}});
    assert_eq!(
        told(&strategic(&deployment(), &patch)),
        [
            r#"spec.template.spec.containers[name=web].args: ["x","y"] -> ["z"]"#,
            r#"spec.template.spec.containers[name=web].env[name=B]: {"name":"B","value":"2"} -> -"#,
            r#"spec.template.spec.containers[name=web].env[name=C]: - -> {"name":"C","value":"3"}"#,
            r#"spec.template.spec.containers[name=web].image: "a:1" -> "a:2""#,
            r#"spec.template.spec.containers[name=side].image: "s:1" -> "s:2""#,
            r#"spec.template.spec.tolerations[key=k]: {"key":"k","operator":"Exists"} -> -"#,
            r#"spec.template.spec.tolerations[key=other]: - -> {"key":"other","operator":"Exists"}"#,
        ]
    );
}

#[test]
fn directives_of_strategic_patches() {
    let after = |patch: Value| {
        strategically_merged(
            &deployment(),
            &json!({"spec": {"template": {"spec": patch}}}),
        )["spec"]["template"]["spec"]
            .clone()
    };
    let gone = after(json!({"containers": [{"$patch": "delete", "name": "side"}]}));
    assert_eq!(gone["containers"].as_array().map(Vec::len), Some(1));
    let replaced = after(json!({"containers": [{"$patch": "replace"}, {"name": "only"}]}));
    assert_eq!(replaced["containers"], json!([{"name": "only"}]));
    assert_eq!(after(json!({"$patch": "replace", "x": 1})), json!({"x": 1}));
    assert_eq!(
        after(json!({"$retainKeys": ["x"], "x": 1})),
        json!({"x": 1})
    );
    let ports = after(
        json!({"containers": [{"name": "side", "ports": [{"containerPort": 80, "name": "web"}]}]}),
    );
    assert_eq!(
        ports["containers"][1]["ports"],
        json!([{"containerPort": 80, "name": "web"}])
    );
    let meta = json!({"metadata": {"finalizers": ["a", "b"]}});
    let patch =
        json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}});
    assert_eq!(
        strategically_merged(&meta, &patch)["metadata"]["finalizers"],
        json!(["c", "b"])
    );
}

#[test]
fn new_items_of_a_strategic_patch_come_first_as_in_kubernetes() {
    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "new"}, {"name": "side"}]}}}});
    let after = strategically_merged(&deployment(), &patch);
    let containers = after["spec"]["template"]["spec"]["containers"]
        .as_array()
        .cloned();
    let names: Vec<Value> = containers
        .into_iter()
        .flatten()
        .map(|item| item["name"].clone())
        .collect();
    assert_eq!(names, ["new", "web", "side"]);
}

#[test]
fn a_merge_patch_replaces_lists_and_removes_nulls() {
    let patch = json!({"spec": {"replicas": null, "paused": true, "template": {"spec": {"tolerations": []}}}});
    assert_eq!(
        told(&merge_patch(&deployment(), &patch)),
        [
            "spec.paused: - -> true",
            "spec.replicas: 2 -> -",
            r#"spec.template.spec.tolerations: [{"key":"k","operator":"Exists"}] -> []"#,
        ]
    );
}

#[test]
fn json_patches_do_what_rfc_6902_says() {
    let patch = json!([
        {"op": "test", "path": "/spec/replicas", "value": 2},
        {"op": "replace", "path": "/spec/replicas", "value": 5},
        {"op": "add", "path": "/spec/template/spec/containers/0/env/-", "value": {"name": "C"}},
        {"op": "remove", "path": "/spec/template/spec/containers/1/ports/0"},
        {"op": "copy", "from": "/spec/replicas", "path": "/spec/a~1b~0c"},
        {"op": "move", "from": "/spec/template/spec/tolerations", "path": "/spec/moved"}
    ]);
    let changes = json_patch(&deployment(), &patch).expect("it applies");
    assert_eq!(
        told(&changes),
        [
            "spec.a/b~c: - -> 5",
            r#"spec.moved: - -> [{"key":"k","operator":"Exists"}]"#,
            "spec.replicas: 2 -> 5",
            r#"spec.template.spec.containers[name=web].env[name=C]: - -> {"name":"C"}"#,
            r#"spec.template.spec.containers[name=side].ports: [{"containerPort":80,"name":"http"}] -> []"#,
            r#"spec.template.spec.tolerations: [{"key":"k","operator":"Exists"}] -> -"#,
        ]
    );
}

#[test]
fn json_patches_that_do_not_apply_say_why() {
    let why = |patch: Value| {
        json_patch(&deployment(), &patch)
            .expect_err("refused")
            .to_string()
    };
    let cases = [
        (
            json!([{"op": "remove", "path": "/spec/nothing"}]),
            "operation 1 of the patch: there is nothing at /spec/nothing",
        ),
        (
            json!([{"op": "test", "path": "/spec/replicas", "value": 3}]),
            "operation 1 of the patch: /spec/replicas is 2, not 3",
        ),
        (
            json!([{"op": "add", "path": "/spec/template/spec/containers/7", "value": 1}]),
            "operation 1 of the patch: there is nothing at /spec/template/spec/containers/7",
        ),
        (
            json!([{"op": "add", "path": "/x", "value": 1}, {"op": "swap", "path": "/x"}]),
            "operation 2 of the patch: unknown `op` \"swap\"; one of add, remove, replace, move, copy, test",
        ),
        (
            json!([{"op": "move", "from": "/spec", "path": "/spec/template/x"}]),
            "operation 1 of the patch: a value cannot be moved into itself",
        ),
        (
            json!({"op": "add"}),
            "operation 1 of the patch: a JSON patch is a list of operations",
        ),
        (
            json!([{"op": "add", "path": "spec", "value": 1}]),
            "operation 1 of the patch: `spec` does not start with `/`",
        ),
        (
            json!([{"op": "remove", "path": "/spec/template/spec/containers/01"}]),
            "operation 1 of the patch: there is nothing at /spec/template/spec/containers/01",
        ),
    ];
    for (patch, message) in cases {
        assert_eq!(why(patch), message);
    }
}

#[test]
fn a_changed_order_is_a_change_of_the_list() {
    let (before, after) = (
        json!({"env": [{"name": "a"}, {"name": "b"}]}),
        json!({"env": [{"name": "b"}, {"name": "a"}]}),
    );
    assert_eq!(diff(&before, &after).len(), 1);
}

/// Documents whose lists often have keys, and whose fields often agree.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let key = prop_oneof![
            "[a-b]",
            Just("containers".to_owned()),
            Just("name".to_owned()),
            Just("ports".to_owned())
        ];
        let named = (
            prop_oneof!["[a-d]".prop_map(Value::from), (0..3).prop_map(Value::from)],
            inner.clone(),
        );
        prop_oneof![
            prop::collection::btree_map(key, inner.clone(), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
            prop::collection::vec(named, 0..4).prop_map(|items| {
                items
                    .into_iter()
                    .map(|(name, x)| json!({"name": name, "x": x}))
                    .collect()
            }),
        ]
    })
}

fn documents() -> impl Strategy<Value = Value> {
    (values(), values()).prop_map(|(a, b)| json!({"spec": a, "list": b}))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn applying_the_difference_gives_what_is_after(before in documents(), after in documents()) {
        let changes = diff(&before, &after);
        let mut document = before.clone();
        apply(&mut document, &changes);
        prop_assert_eq!(&document, &after);
        prop_assert_eq!(changes.is_empty(), before == after);
    }

    #[test]
    fn taking_changes_back_gives_the_values_before(before in documents(), after in documents()) {
        for change in diff(&before, &after) {
            prop_assert_eq!(change.path.get(&before), change.before.as_ref());
            prop_assert_eq!(change.path.get(&after), change.after.as_ref());
        }
    }

    #[test]
    fn paths_survive_being_written(before in documents(), after in documents()) {
        for change in diff(&before, &after) {
            prop_assert_eq!(change.path.to_string().parse(), Ok(change.path));
        }
    }

    #[test]
    fn a_merge_patch_between_two_documents_leads_from_one_to_the_other(before in documents(), after in documents()) {
        // A merge patch cannot say null.
        let text = after.to_string().replace("null", "0");
        let after: Value = serde_json::from_str(&text).expect("JSON");
        let patch = between(&before, &after);
        prop_assert_eq!(merged(&before, &patch), after);
    }
}

#[test]
fn first_annotations_are_put_there_one_by_one() {
    let before = json!({"metadata": {"name": "a"}, "spec": {}});
    let after = json!({"metadata": {"name": "a", "annotations": {"team": "shop", "on-call": "b"}}, "spec": {"nodeSelector": {"disk": "ssd"}}});
    let told: Vec<String> = diff(&before, &after)
        .iter()
        .map(|change| change.path.to_string())
        .collect();
    assert_eq!(
        told,
        [
            "metadata.annotations.on-call",
            "metadata.annotations.team",
            "spec.nodeSelector"
        ]
    );
}
