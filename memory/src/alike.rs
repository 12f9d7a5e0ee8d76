//! How alike two incidents, and two applications, look.

use aegis_model::{Role, Signature, SymptomKind};
use std::collections::BTreeMap;

/// From here on two incidents are of one class.
pub const SAME: f64 = 0.8;
/// From here on an incident that opens may become one of a class: so much of it is of that class.
pub const MAY_BECOME: f64 = 0.6;
/// From here on two applications are of one shape.
pub const SAME_SHAPE: f64 = 0.6;

/// What a symptom counts. Every incident burns its budget; a state of an object tells causes apart.
const fn weight(kind: SymptomKind) -> f64 {
    match kind {
        SymptomKind::BurnRate => 0.25,
        SymptomKind::Errors | SymptomKind::Latency | SymptomKind::Rate => 0.5,
        SymptomKind::Cpu | SymptomKind::Memory | SymptomKind::TelemetryMissing => 1.0,
        SymptomKind::Restarts
        | SymptomKind::OomKilled
        | SymptomKind::NotReady
        | SymptomKind::Unschedulable
        | SymptomKind::CannotStart
        | SymptomKind::NoEndpoints
        | SymptomKind::NodeNotReady => 1.5,
    }
}

/// A symptom that came second or third counts a little less: where it stands in the order is less sure.
const fn by_rank(rank: u8) -> f64 {
    match rank {
        0 | 1 => 1.0,
        2 => 0.9,
        _ => 0.8,
    }
}

fn weights(signature: &Signature) -> BTreeMap<(SymptomKind, Role), f64> {
    let mut weights = BTreeMap::new();
    for part in &signature.0 {
        let own = weight(part.kind) * by_rank(part.rank);
        let known = weights.entry((part.kind, part.role)).or_insert(0.0_f64);
        *known = known.max(own);
    }
    weights
}

/// Weighted Jaccard of two signatures, 0..=1; 0 where both are empty.
#[must_use]
pub fn signatures(a: &Signature, b: &Signature) -> f64 {
    jaccard(&weights(a), &weights(b))
}

/// How much of what a signature holds another holds too, by weight, 0..=1; 0 where it is empty.
#[must_use]
pub fn contained(part: &Signature, whole: &Signature) -> f64 {
    let whole = weights(whole);
    let (mut there, mut all) = (0.0, 0.0);
    for (key, own) in weights(part) {
        there += own.min(whole.get(&key).copied().unwrap_or(0.0));
        all += own;
    }
    if all > 0.0 { there / all } else { 0.0 }
}

/// Weighted Jaccard of two applications by how many workloads of each place they have, 0..=1.
#[must_use]
pub fn shapes(a: &[(Role, u32)], b: &[(Role, u32)]) -> f64 {
    let counts = |shape: &[(Role, u32)]| {
        let counts = shape.iter().map(|(role, count)| (*role, f64::from(*count)));
        counts.collect::<BTreeMap<Role, f64>>()
    };
    jaccard(&counts(a), &counts(b))
}

fn jaccard<K: Ord>(a: &BTreeMap<K, f64>, b: &BTreeMap<K, f64>) -> f64 {
    let (mut least, mut most) = (0.0, 0.0);
    for (key, own) in a {
        let other = b.get(key).copied().unwrap_or(0.0);
        least += own.min(other);
        most += own.max(other);
    }
    most += b
        .iter()
        .filter(|(key, _)| !a.contains_key(key))
        .map(|(_, weight)| weight)
        .sum::<f64>();
    if most > 0.0 { least / most } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_model::SignaturePart;

    fn signature(parts: &[(SymptomKind, Role, u8)]) -> Signature {
        let part = |(kind, role, rank): &(SymptomKind, Role, u8)| SignaturePart {
            kind: *kind,
            role: *role,
            rank: *rank,
        };
        Signature(parts.iter().map(part).collect())
    }

    #[test]
    fn a_late_symptom_more_is_the_same_class_and_another_state_is_not() {
        use SymptomKind::{BurnRate, Errors, NotReady, OomKilled, Restarts};
        let own = signature(&[
            (BurnRate, Role::Entry, 1),
            (Restarts, Role::Middle, 1),
            (OomKilled, Role::Middle, 1),
        ]);
        assert!((signatures(&own, &own) - 1.0).abs() < 1e-12);
        let mut later = own.clone();
        later.0.extend(signature(&[(Errors, Role::Entry, 3)]).0);
        assert!(signatures(&own, &later) >= SAME);
        let other = signature(&[(BurnRate, Role::Entry, 1), (NotReady, Role::Middle, 1)]);
        assert!(signatures(&own, &other) < 0.3);
        assert_eq!(
            signatures(&Signature::default(), &Signature::default()),
            0.0
        );
    }
}
