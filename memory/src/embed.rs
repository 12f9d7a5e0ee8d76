//! Who makes vectors of texts: the built-in embedder, which needs no model and gives the same numbers everywhere,
//! or a server's behind [`Embeds`].
//!
//! A signature is always embedded by the built-in one: its structure says more than words about it would, and
//! which incidents come to mind then hangs on no server. Which parts of documents do is asked of the embedder
//! that the memory was given, at each recall.
//!
//! Words and the n-grams of their letters are hashed to one of 256 places with a sign (Weinberger et al.
//! 2009), weighed by 1 + ln of how often they come, and the whole is brought to length 1. A signature keeps
//! its structure: each symptom at its place is a feature, and so are the symptom and the place alone, so that
//! equal incidents meet and similar ones lie near.

use crate::vectors::Space;
use aegis_model::Signature;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Numbers of a vector.
pub const DIMENSIONS: usize = 256;

/// Whose vectors these are. The version changes with anything that changes a number.
pub const SPACE: Space = Space {
    embedder: SmolStr::new_static("aegis-hash"),
    version: 1,
    dimensions: DIMENSIONS,
};

/// Letters of an n-gram, at least and at most.
const GRAMS: std::ops::RangeInclusive<usize> = 3..=4;
/// Weight of an n-gram beside a word.
const GRAM: f64 = 0.5;

/// Makes vectors of texts.
pub trait Embeds {
    /// A vector of length 1 for each text, in order, and the space that they all belong to.
    ///
    /// # Errors
    /// Why there are none, in words.
    fn embed(&self, texts: &[&str]) -> Result<(Space, Vec<Vec<f32>>), String>;

    /// What a user calls it.
    fn name(&self) -> &str;
}

impl Embeds for Embedder {
    fn embed(&self, texts: &[&str]) -> Result<(Space, Vec<Vec<f32>>), String> {
        Ok((SPACE, texts.iter().map(|text| self.text(text)).collect()))
    }

    fn name(&self) -> &'static str {
        "builtin"
    }
}

/// The built-in embedder.
#[derive(Debug, Clone, Copy)]
pub struct Embedder;

impl Embedder {
    /// The vector of a text; zeros where it has no word.
    #[must_use]
    pub fn text(self, text: &str) -> Vec<f32> {
        let mut bag = Bag::default();
        let words = text.split(|letter: char| !letter.is_alphanumeric());
        for word in words.filter(|word| !word.is_empty()) {
            let word = word.to_lowercase();
            bag.add(&format!("word {word}"), 1.0);
            let letters: Vec<char> = format!("<{word}>").chars().collect();
            for size in GRAMS.filter(|size| *size < letters.len()) {
                for gram in letters.windows(size) {
                    let gram: String = gram.iter().collect();
                    bag.add(&format!("gram {gram}"), GRAM);
                }
            }
        }
        bag.vector()
    }

    /// The vector of a signature.
    #[must_use]
    pub fn signature(self, signature: &Signature) -> Vec<f32> {
        let mut bag = Bag::default();
        for part in &signature.0 {
            let (kind, role) = (format!("{:?}", part.kind), format!("{:?}", part.role));
            bag.add(&format!("at {kind} {role}"), 2.0);
            bag.add(&format!("rank {kind} {role} {}", part.rank), 0.5);
            bag.add(&format!("kind {kind}"), 0.5);
            bag.add(&format!("role {role}"), 0.25);
        }
        bag.vector()
    }
}

/// Features, how often they came, and what one is worth.
#[derive(Default)]
struct Bag(BTreeMap<String, (f64, f64)>);

impl Bag {
    fn add(&mut self, feature: &str, weight: f64) {
        let known = self.0.entry(feature.to_owned()).or_insert((0.0, weight));
        known.0 += 1.0;
    }

    fn vector(&self) -> Vec<f32> {
        let mut sums = vec![0.0_f64; DIMENSIONS];
        for (feature, (count, weight)) in &self.0 {
            let hash = fnv(feature.as_bytes());
            let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
            sums[(hash % DIMENSIONS as u64) as usize] += sign * weight * (1.0 + libm::log(*count));
        }
        let length = libm::sqrt(sums.iter().map(|sum| sum * sum).sum());
        let scaled = sums
            .iter()
            .map(|sum| if length > 0.0 { sum / length } else { 0.0 });
        scaled.map(|sum| sum as f32).collect()
    }
}

/// FNV-1a of 64 bits, its high bits stirred once more: place and sign are read off different ends.
fn fnv(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Cosine of two vectors of length 1.
#[must_use]
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
    products.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_model::{Role, SignaturePart, SymptomKind};

    #[test]
    fn near_texts_lie_nearer_than_far_ones() {
        let of = |text| Embedder.text(text);
        let query = of("cartservice is killed for memory again");
        let near = of("Runbook: cart service OOM killed, memory grows until the limit kills it");
        let far = of("TLS certificates expire at the ingress; renew the secret");
        assert!(cosine(&query, &near) > 2.0 * cosine(&query, &far).max(0.05));
        assert!((cosine(&query, &query) - 1.0).abs() < 1e-6);
        assert_eq!(of("  ,, "), vec![0.0; DIMENSIONS]);
    }

    #[test]
    fn a_signature_keeps_its_structure() {
        let of = |kind, role| {
            let part = SignaturePart {
                kind,
                role,
                rank: 1,
            };
            Embedder.signature(&Signature(vec![part]))
        };
        let own = of(SymptomKind::OomKilled, Role::Store);
        let kind = cosine(&own, &of(SymptomKind::OomKilled, Role::Cache));
        let none = cosine(&own, &of(SymptomKind::Latency, Role::Entry));
        assert!(kind > none + 0.02 && kind < 0.9, "{kind} {none}");
    }
}
