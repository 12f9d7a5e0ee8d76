//! A real server: llama.cpp's, with a model of random weights, and with a small real one for the soak.

use crate::kit::{diagnosis, planning};
use aegis_llm::probe::probe;
use aegis_llm::{Advisor, Budget, Embedder, Endpoint};
use aegis_model::ask::{Answer, Reply};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

/// The server of `scripts/llm-server.py`; it goes when this does.
struct Llama {
    child: Child,
    _held: Option<ChildStdin>,
    base: String,
}

impl Llama {
    fn start(model: &str, embeddings: bool) -> Self {
        let python = std::env::var("AEGIS_PYTHON").expect("AEGIS_PYTHON");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/llm-server.py");
        let mut command = Command::new(python);
        command.arg(script).arg(model);
        if embeddings {
            command.arg("--embeddings");
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let ready = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
        Self {
            _held: child.stdin.take(),
            child,
            base: ready.expect("the server is ready"),
        }
    }
}

impl Drop for Llama {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn model(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names a GGUF"))
}

/// Answers of any model are of the right shape and name what was listed, for the schema binds them.
fn answers_fit(path: &str) {
    let server = Llama::start(path, false);
    let mut advisor =
        Advisor::new(Endpoint::new(&server.base, None), Budget::default()).expect("an advisor");
    let mut heard = 0;
    let exchange = advisor.ask(&diagnosis(), &mut |piece| heard += piece.len());
    assert!(heard > 0, "the answer is streamed");
    if let Reply::Answered(answer) = &exchange.reply {
        let Answer::Diagnosis(answer) = answer.as_ref() else {
            panic!("{answer:?}");
        };
        let faults = ["memory_leak", "wrong_env", "node_down", "dns_down"];
        for cause in &answer.causes {
            assert!(faults.contains(&cause.fault.as_str()), "{cause:?}");
            assert!(cause.object.contains('/'), "{cause:?}");
        }
    }
    let plans = advisor.ask(&planning(), &mut |_| {});
    println!(
        "{:?}\n{:?}\n{:?}",
        exchange.reply,
        plans.reply,
        advisor.figures()
    );
    assert!(
        advisor.model().is_some_and(|name| name.contains("gguf")),
        "{:?}",
        advisor.model()
    );
    let figures = advisor.figures();
    assert!(
        figures.tokens.prompt > 100 && figures.tokens.answer > 0,
        "{figures:?}"
    );
    assert!(figures.failures == 0, "{figures:?}");
}

#[test]
#[ignore = "needs llama.cpp: scripts/test.sh brings it"]
fn a_tiny_model_answers_in_the_wanted_shape() {
    answers_fit(&model("AEGIS_TEST_TINY_GGUF"));
}

#[test]
#[ignore = "needs llama.cpp: scripts/test.sh brings it"]
fn the_server_is_found_with_its_model() {
    let server = Llama::start(&model("AEGIS_TEST_TINY_GGUF"), false);
    let nobody = "http://127.0.0.1:9/v1".to_owned();
    let found = probe(&[
        ("llama.cpp".into(), server.base.clone()),
        ("nobody".into(), nobody),
    ]);
    assert_eq!(found[0].models.as_ref().map(Vec::len), Ok(1));
    assert!(found[1].models.is_err());
}

#[test]
#[ignore = "needs llama.cpp: scripts/test.sh brings it"]
fn texts_become_vectors_of_length_one() {
    let server = Llama::start(&model("AEGIS_TEST_TINY_GGUF"), true);
    let endpoint = Endpoint::new(&server.base, Some("tiny".into()));
    let embedder = Embedder::new(&endpoint, Duration::from_secs(30)).expect("an embedder");
    let vectors = embedder
        .embed(&["the cart is down", "a disk is full"])
        .expect("vectors");
    assert_eq!(vectors.len(), 2);
    for vector in &vectors {
        let norm: f32 = vector.iter().map(|x| x * x).sum();
        assert!((norm - 1.0).abs() < 1e-3, "{norm}");
    }
    assert_ne!(vectors[0], vectors[1]);
}

#[test]
#[ignore = "needs SmolLM2 in AEGIS_TEST_SMOL_GGUF: part of the soak"]
fn a_small_real_model_answers_in_the_wanted_shape() {
    answers_fit(&model("AEGIS_TEST_SMOL_GGUF"));
}
