//! Questions and a small real server for the tests of this crate.

use aegis_model::ask::{
    Ask, CallLine, CauseLine, DiagnosisContext, Evidence, FaultLine, KnownObject, PlanningContext,
    Scene, Source, SymptomLine,
};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

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

/// What the server does with one connection.
pub type Act = Box<dyn Fn(&mut TcpStream) + Send>;

/// A server that does with the nth connection what the nth act says, and with further ones the last.
pub struct Wire {
    pub base: String,
    seen: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Wire {
    pub fn new(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { return };
                let body = request(&mut stream);
                log.lock().expect("a log").push((Instant::now(), body));
                acts[n.min(acts.len() - 1)](&mut stream);
            }
        });
        Self { base, seen }
    }

    /// When each request came, and its body.
    pub fn requests(&self) -> Vec<(Instant, String)> {
        self.seen.lock().expect("a log").clone()
    }
}

/// Reads a request to the end of its body.
fn request(stream: &mut TcpStream) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("set");
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap_or_default();
    String::from_utf8_lossy(&body).into_owned()
}

/// Answers with a whole stream of these pieces.
pub fn says(text: &str) -> Act {
    let text = text.to_owned();
    Box::new(move |stream| {
        let mut body = String::new();
        for piece in text.as_bytes().chunks(24) {
            body += &event(&String::from_utf8_lossy(piece));
        }
        body +=
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":900,\"completion_tokens\":40}}\n\n";
        body += "data: [DONE]\n\n";
        send(
            stream,
            "200 OK",
            &[("content-type", "text/event-stream")],
            &body,
        );
    })
}

pub fn event(piece: &str) -> String {
    let chunk = serde_json::json!({"choices": [{"index": 0, "delta": {"content": piece}}]});
    format!("data: {chunk}\n\n")
}

/// Answers with a status.
pub fn refuses(status: &'static str, headers: &'static [(&'static str, &'static str)]) -> Act {
    Box::new(move |stream| {
        let body = r#"{"error":{"message":"busy","type":"server_error","param":null,"code":null}}"#;
        send(stream, status, headers, body);
    })
}

pub fn send(stream: &mut TcpStream, status: &str, headers: &[(&str, &str)], body: &str) {
    let mut head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes());
}
