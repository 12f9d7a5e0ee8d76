//! A small real server that does what it is told with each connection, for every crate whose tests ask a model.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What the server does with one connection.
pub type Act = Box<dyn Fn(&mut TcpStream) + Send>;

/// A server that does with the nth connection what the nth act says, and with further ones the last.
pub struct Wire {
    pub base: String,
    seen: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Wire {
    pub fn new(acts: Vec<Act>) -> Self {
        Self::serving(move |n, _, stream| acts[n.min(acts.len() - 1)](stream))
    }

    /// A server that does this with each connection, by its number and the body of the request.
    pub fn serving(act: impl Fn(usize, &str, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { return };
                let body = request(&mut stream);
                log.lock()
                    .expect("a log")
                    .push((Instant::now(), body.clone()));
                act(n, &body, &mut stream);
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
