//! What goes wrong at the wire: in each case a reply comes, in time, that says what went wrong.

use crate::kit::{Act, GOOD, Wire, diagnosis, event, refuses, says};
use aegis_llm::{Advisor, Budget, Endpoint};
use aegis_model::ask::{Answer, Reply, SilenceKind};
use std::io::Write;
use std::time::{Duration, Instant};

const BRIEF: Budget = Budget {
    patience: Duration::from_secs(4),
    calls: 10,
    tokens: 100_000,
    time: Duration::from_secs(60),
    prompt: 10_000,
    answer: 200,
    at_once: 4,
    failures: 2,
};

fn advisor(base: &str, budget: Budget) -> Advisor {
    Advisor::new(Endpoint::new(base, Some("test".into())), budget).expect("an advisor")
}

/// Asks once and expects this silence, with these words in its reason.
fn silence(acts: Vec<Act>, kind: SilenceKind, words: &str) -> Wire {
    let wire = Wire::new(acts);
    let begin = Instant::now();
    let exchange = advisor(&wire.base, BRIEF).ask(&diagnosis(), &mut |_| {});
    assert!(
        begin.elapsed() < Duration::from_secs(8),
        "{:?}",
        begin.elapsed()
    );
    let Reply::Silent(silence) = exchange.reply else {
        panic!("{:?}", exchange.reply);
    };
    assert_eq!(silence.kind, kind, "{}", silence.why);
    assert!(silence.why.contains(words), "{}", silence.why);
    wire
}

#[test]
fn a_good_answer_is_read_and_heard_piece_by_piece() {
    let wire = Wire::new(vec![says(GOOD)]);
    let mut advisor = advisor(&wire.base, BRIEF);
    let mut pieces = Vec::new();
    let exchange = advisor.ask(&diagnosis(), &mut |piece| pieces.push(piece.to_owned()));
    let Reply::Answered(answer) = exchange.reply else {
        panic!("{:?}", exchange.reply);
    };
    let Answer::Diagnosis(answer) = *answer else {
        panic!("{answer:?}");
    };
    assert_eq!(answer.causes[0].object, "Deployment/shop/cart");
    assert!(pieces.len() > 3, "{pieces:?}");
    assert_eq!(pieces.concat(), GOOD);
    assert_eq!(advisor.figures().tokens.prompt, 900);
    let (_, body) = &wire.requests()[0];
    let sent: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(sent["response_format"]["json_schema"]["strict"], true);
    assert_eq!(sent["stream"], true);
    assert_eq!(sent["messages"][0]["role"], "system");
}

#[test]
fn a_refused_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    drop(listener);
    let mut advisor = advisor(&base, BRIEF);
    for _ in 0..2 {
        let exchange = advisor.ask(&diagnosis(), &mut |_| {});
        let Reply::Silent(silence) = exchange.reply else {
            panic!("{:?}", exchange.reply);
        };
        assert_eq!(silence.kind, SilenceKind::Unreachable);
        assert!(silence.why.contains("cannot be reached"), "{}", silence.why);
    }
    let begin = Instant::now();
    let exchange = advisor.ask(&diagnosis(), &mut |_| {});
    assert!(
        begin.elapsed() < Duration::from_millis(200),
        "it is not asked again"
    );
    assert!(matches!(&exchange.reply, Reply::Silent(s) if s.why.contains("not asked again")));
}

#[test]
fn a_connection_that_is_closed_before_the_answer() {
    silence(
        vec![Box::new(|_| {})],
        SilenceKind::Unreachable,
        "broke off",
    );
}

#[test]
fn a_connection_that_is_cut_in_the_middle() {
    let cut: Act = Box::new(|stream| {
        let body = event("{\"causes\":[{\"fau");
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\n";
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
    });
    silence(vec![cut], SilenceKind::Unreachable, "broke off");
}

#[test]
fn a_server_that_hangs() {
    let hang: Act = Box::new(|_| std::thread::sleep(Duration::from_secs(20)));
    silence(vec![hang], SilenceKind::TimedOut, "in time");
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let wire = Wire::new(vec![
        refuses("429 Too Many Requests", &[("retry-after", "1")]),
        says(GOOD),
    ]);
    let exchange = advisor(&wire.base, BRIEF).ask(&diagnosis(), &mut |_| {});
    assert!(
        matches!(exchange.reply, Reply::Answered(_)),
        "{:?}",
        exchange.reply
    );
    let requests = wire.requests();
    assert_eq!(requests.len(), 2);
    let waited = requests[1].0 - requests[0].0;
    assert!(waited >= Duration::from_millis(950), "{waited:?}");
}

#[test]
fn a_busy_server_that_wants_a_day_is_not_waited_for() {
    let busy = refuses("429 Too Many Requests", &[("retry-after", "86400")]);
    silence(vec![busy], SilenceKind::TimedOut, "in time");
}

#[test]
fn a_broken_server_is_asked_again_and_then_left() {
    let wire = silence(
        vec![refuses("500 Internal Server Error", &[])],
        SilenceKind::Refused,
        "500",
    );
    let requests = wire.requests().len();
    assert!((2..=5).contains(&requests), "{requests}");
}

#[test]
fn half_a_json_is_repaired_once() {
    let wire = Wire::new(vec![says(&GOOD[..40]), says(GOOD)]);
    let mut advisor = advisor(&wire.base, BRIEF);
    let exchange = advisor.ask(&diagnosis(), &mut |_| {});
    assert!(
        matches!(exchange.reply, Reply::Answered(_)),
        "{:?}",
        exchange.reply
    );
    assert_eq!(advisor.figures().repaired, 1);
    assert_eq!((exchange.texts.len(), exchange.wrong.len()), (2, 1));
    let (_, second) = &wire.requests()[1];
    assert!(
        second.contains("EOF while parsing"),
        "the model is told what is wrong: {second}"
    );
}

#[test]
fn half_a_json_twice_is_dropped() {
    silence(vec![says(&GOOD[..40])], SilenceKind::Malformed, "EOF");
}

#[test]
fn an_answer_of_another_shape_is_dropped() {
    let shapes = [
        r#"{"causes":[{"fault":"a","object":"b","why":"c","kubectl":"delete ns shop"}]}"#,
        r#"{"plans":[]}"#,
        r#"{"causes":[{"fault":"a"}]}"#,
        r#"Sure! Here is the answer: {"causes":[]}"#,
        "",
    ];
    for shape in shapes {
        silence(vec![says(shape)], SilenceKind::Malformed, "");
    }
    let many = format!(
        "{{\"causes\":[{}]}}",
        [r#"{"fault":"a","object":"b","why":"c"}"#; 6].join(",")
    );
    silence(vec![says(&many)], SilenceKind::Malformed, "at most 5");
}

#[test]
fn a_million_tokens_are_not_read_to_the_end() {
    let flood: Act = Box::new(|stream| {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        let piece = event("word word word ");
        for _ in 0..1_000_000 {
            if stream.write_all(piece.as_bytes()).is_err() {
                return;
            }
        }
    });
    silence(vec![flood], SilenceKind::Malformed, "did not end");
}

#[test]
fn what_is_no_stream_is_no_answer() {
    let html: Act = Box::new(|stream| {
        crate::kit::send(
            stream,
            "200 OK",
            &[("content-type", "text/html")],
            "<html>hello</html>",
        );
    });
    silence(vec![html], SilenceKind::Malformed, "no answer");
}

#[test]
fn budgets_of_calls_tokens_and_time_hold() {
    let wire = Wire::new(vec![says(GOOD)]);
    let of = |budget: Budget| {
        let mut advisor = advisor(&wire.base, budget);
        let ask = |advisor: &mut Advisor| advisor.ask(&diagnosis(), &mut |_| {}).reply;
        assert!(matches!(ask(&mut advisor), Reply::Answered(_)));
        match ask(&mut advisor) {
            Reply::Silent(silence) => silence.why,
            Reply::Answered(_) => panic!("over budget"),
        }
    };
    assert!(of(Budget { calls: 1, ..BRIEF }).contains("calls"));
    assert!(
        of(Budget {
            tokens: 940,
            ..BRIEF
        })
        .contains("tokens")
    );
    assert!(
        of(Budget {
            time: Duration::from_nanos(1),
            ..BRIEF
        })
        .contains("time")
    );
    assert_eq!(
        wire.requests().len(),
        3,
        "what is over the budget is not sent"
    );
}

#[test]
fn several_at_once_come_in_order_and_are_bounded() {
    let wire = Wire::new(vec![says(GOOD)]);
    let mut advisor = advisor(&wire.base, Budget { calls: 3, ..BRIEF });
    let asks = [
        crate::kit::planning(),
        diagnosis(),
        diagnosis(),
        diagnosis(),
        diagnosis(),
    ];
    let exchanges = advisor.ask_all(&asks);
    let answered = |n: usize| matches!(exchanges[n].reply, Reply::Answered(_));
    assert_eq!(exchanges.len(), 5);
    assert!(!answered(0), "causes are no plans");
    assert!(answered(1) && answered(2));
    assert!(!answered(3) && !answered(4), "three calls were paid for");
}
