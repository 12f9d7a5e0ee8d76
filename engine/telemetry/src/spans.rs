//! Spans of requests, as OTLP's JSON has them: an `ExportTraceServiceRequest` a scrape.
//!
//! Source: opentelemetry-proto, `trace/v1`, and the OTLP/JSON mapping (ids in hexadecimal, 64-bit numbers
//! as texts). A span is one sampled attempt of an edge as its caller saw it. How long it took is drawn from
//! the distribution that the solver found for the interval.

use aegis_model::observation::{BUCKET_COUNT, BUCKETS};
use serde_json::{Value, json};

/// Spans of one edge and interval at most.
const MOST: u32 = 100;

/// The attempts of an edge in an interval.
#[derive(Debug, Clone)]
pub struct Sampled {
    /// Namespace of the caller.
    pub namespace: String,
    /// Who called.
    pub source: String,
    /// What was called.
    pub destination: String,
    /// Spans that were kept.
    pub spans: u32,
    /// Share that failed, 0..=1.
    pub failing: f64,
    /// Share by latency bucket.
    pub shares: [f64; BUCKET_COUNT],
    /// End of the interval, Unix seconds.
    pub until: f64,
    /// Length of the interval, s.
    pub interval: f64,
}

/// The request that exports these spans. `draw` gives random bits by edge, span, and what for.
#[must_use]
pub fn request(edges: &[Sampled], draw: impl Fn(u64, u64, u64) -> u64) -> Value {
    let resources = edges.iter().enumerate().filter(|(_, edge)| edge.spans > 0);
    let resources = resources.map(|(index, edge)| resource(edge, index as u64, &draw));
    json!({"resourceSpans": resources.collect::<Vec<_>>()})
}

fn resource(edge: &Sampled, index: u64, draw: &impl Fn(u64, u64, u64) -> u64) -> Value {
    let spans = (0..u64::from(edge.spans.min(MOST))).map(|number| {
        let bits = |purpose: u64| draw(index, number, purpose);
        span(edge, &bits)
    });
    json!({
        "resource": {"attributes": [
            attribute("service.name", &edge.source),
            attribute("k8s.namespace.name", &edge.namespace),
        ]},
        "scopeSpans": [{"scope": {"name": "aegis.sim"}, "spans": spans.collect::<Vec<_>>()}],
    })
}

fn attribute(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// 53 of the bits as a share.
fn share(bits: u64) -> f64 {
    (bits >> 11) as f64 / 9_007_199_254_740_992.0
}

fn span(edge: &Sampled, bits: &impl Fn(u64) -> u64) -> Value {
    let took = quantile(&edge.shares, share(bits(3)));
    let end = edge.until - share(bits(4)) * edge.interval;
    let nanos = |seconds: f64| ((seconds * 1e6) as u64 * 1000).to_string();
    let failed = share(bits(5)) < edge.failing;
    json!({
        "traceId": format!("{:016x}{:016x}", bits(0), bits(1)),
        "spanId": format!("{:016x}", bits(2)),
        "name": format!("call {}", edge.destination),
        "kind": 3,
        "startTimeUnixNano": nanos(end - took),
        "endTimeUnixNano": nanos(end),
        "attributes": [attribute("server.address", &edge.destination)],
        "status": if failed { json!({"code": 2}) } else { json!({}) },
    })
}

/// The time that a share of requests stays below, straight within a bucket.
fn quantile(shares: &[f64; BUCKET_COUNT], at: f64) -> f64 {
    let total: f64 = shares.iter().sum();
    let (mut below, mut lower, wanted) = (0.0, 0.0, at * total);
    for (bound, share) in BUCKETS.iter().zip(shares) {
        if below + share >= wanted && *share > 0.0 {
            return lower + (bound - lower) * (wanted - below) / share;
        }
        below += share;
        lower = *bound;
    }
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge() -> Sampled {
        let mut shares = [0.0; BUCKET_COUNT];
        (shares[4], shares[8]) = (0.5, 0.5);
        Sampled {
            namespace: "shop".into(),
            source: "web".into(),
            destination: "cart".into(),
            spans: 40,
            failing: 0.5,
            shares,
            until: 1_735_689_615.0,
            interval: 15.0,
        }
    }

    fn mixed(edge: u64, span: u64, purpose: u64) -> u64 {
        let seed = edge * 1_000_003 + span * 101 + purpose + 1;
        let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }

    #[test]
    fn spans_lie_in_their_interval_and_take_what_their_buckets_say() {
        let request = request(&[edge()], mixed);
        let spans = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
            .as_array()
            .expect("spans")
            .clone();
        assert_eq!(spans.len(), 40);
        let nanos = |span: &Value, key: &str| {
            span[key]
                .as_str()
                .expect("a text")
                .parse::<u64>()
                .expect("a number")
        };
        for span in &spans {
            let (start, end) = (
                nanos(span, "startTimeUnixNano"),
                nanos(span, "endTimeUnixNano"),
            );
            assert!((1_735_689_600_000_000_000..=1_735_689_615_000_000_000).contains(&end));
            let took = (end - start) as f64 / 1e9;
            let fits = (0.049..=0.101).contains(&took) || (0.749..=1.001).contains(&took);
            assert!(fits, "{took}");
            assert_eq!(span["traceId"].as_str().map(str::len), Some(32));
        }
        let failed = spans
            .iter()
            .filter(|span| span["status"]["code"] == 2)
            .count();
        assert!((10..=30).contains(&failed), "{failed}");
    }

    #[test]
    fn an_edge_without_spans_is_left_out() {
        let none = Sampled { spans: 0, ..edge() };
        assert_eq!(request(&[none], mixed)["resourceSpans"], json!([]));
    }
}
