//! What is written reads back as the same value.

use aegis_kube::{read, yaml};
use proptest::prelude::*;
use serde_json::{Value, json};

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9:#?&*!|>'\"%@`,{}\\[\\] ._/=~<-]{0,12}",
        "[ \\n\\t:#x-]{0,8}",
        "[0-9]{1,4}[-:._eExobm]?[0-9]{0,3}",
        "\\PC{0,6}",
        any::<String>(),
        Just("yes".to_owned()),
        Just("~".to_owned()),
        Just(".inf".to_owned()),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        texts().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-1000_i32..1000).prop_map(|n| json!(f64::from(n) + 0.25)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(texts(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn document(data: &Value) -> Value {
    json!({"apiVersion": "aegis.dev/v1", "kind": "Any", "metadata": {"name": "a"}, "data": data})
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn yaml_reads_back(data in values()) {
        let value = document(&data);
        let text = yaml::to_string(&value);
        // A zero byte is refused on the way in, and written as an escape on the way out.
        let found = read("a", &text).map_err(|e| TestCaseError::fail(format!("{e:?}\n{text}")))?;
        prop_assert_eq!(&*found[0].value, &value, "{}", text);
    }

    #[test]
    fn json_reads_back(data in values()) {
        let value = document(&data);
        let text = format!("{value:#}");
        let found = read("a", &text).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        prop_assert_eq!(&*found[0].value, &value);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[-a-c:{}\\[\\]\"'&*<>|#!%\\n \\t]{0,40}") {
        let _ = read("a", &text);
    }
}
