//! Questions for the tests of this crate, and the server that they go to.

pub use crate::server::{Act, Wire, event, refuses, says, send};

use aegis_model::ask::{
    Ask, CallLine, CauseLine, DiagnosisContext, DocumentLine, Evidence, FaultLine, KnownObject,
    PlanningContext, Scene, Source, SymptomLine,
};

/// What is seen when a cart forgets its cache's address.
pub fn scene() -> Scene {
    let object = |name: &str, state: &str, weight: f64| KnownObject {
        object: name.into(),
        state: state.into(),
        weight,
    };
    let evidence = |source, object: &str, ago, text: &str, number, weight| Evidence {
        source,
        object: object.into(),
        ago,
        text: text.into(),
        number,
        weight,
    };
    Scene {
        symptoms: vec![SymptomLine {
            kind: "burn_rate".into(),
            object: "Service/shop/front".into(),
            severity: 1.0,
            ago: 30,
            figures: "burn 14.2 over 30 s".into(),
        }],
        objects: vec![
            object("Deployment/shop/cart", "0 of 2 pods ready", 1.0),
            object("Service/shop/front", "", 0.9),
            object("Deployment/shop/front", "2 of 2 pods ready", 0.4),
            object("Node/node-1", "ready", 0.05),
        ],
        calls: vec![CallLine {
            from: "Deployment/shop/front".into(),
            to: "Deployment/shop/cart".into(),
        }],
        evidence: vec![
            evidence(
                Source::Change,
                "Deployment/shop/cart",
                45,
                "spec.template.spec.containers[name=server].env[name=CACHE].value: \"cache:6379\" -> \"cache:6380\" by user:deployer",
                Some(7),
                0.86,
            ),
            evidence(
                Source::Event,
                "Pod/shop/cart-1",
                15,
                "Unhealthy (4 times): Readiness probe failed: connection refused",
                None,
                0.76,
            ),
            evidence(
                Source::Log,
                "Deployment/shop/cart",
                10,
                "cannot reach cache at <*>: connection refused (lines: 0 before, 120 since)",
                None,
                0.7,
            ),
        ],
        documents: Vec::new(),
    }
}

/// A part of a runbook that was recalled.
pub fn runbook() -> DocumentLine {
    DocumentLine {
        origin: "runbooks/cart.md".into(),
        text: "The cart finds its cache by the variable CACHE. When it was set wrong, roll the Deployment back.".into(),
        weight: 0.31,
    }
}

pub fn diagnosis() -> Ask {
    let fault = |id: &str, summary: &str, weight: f64| FaultLine {
        id: id.into(),
        summary: summary.into(),
        weight,
    };
    Ask::Diagnosis(DiagnosisContext {
        scene: scene(),
        faults: vec![
            fault("memory_leak", "a process keeps what it does not need", 0.2),
            fault("wrong_env", "a variable has a wrong value", 0.9),
            fault("node_down", "a node is gone", 0.1),
            fault("dns_down", "names do not resolve", 0.3),
        ],
        refuted: Vec::new(),
    })
}

pub fn planning() -> Ask {
    Ask::Planning(PlanningContext {
        scene: scene(),
        causes: vec![CauseLine {
            fault: "wrong_env".into(),
            object: "Deployment/shop/cart".into(),
            confidence: Some(0.8),
        }],
        tried: Vec::new(),
    })
}

/// An answer that fits the question.
pub const GOOD: &str = r#"{"causes":[{"fault":"wrong_env","object":"Deployment/shop/cart","why":"the port of the cache was changed"}]}"#;
