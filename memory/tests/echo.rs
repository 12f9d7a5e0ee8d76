//! What was refuted is not blamed again, and what is true comes back.

mod kit;

use aegis_memory::write::Log;
use aegis_memory::{KnownBy, Memory, Record};
use aegis_model::Role;
use aegis_model::outcome::Finding;
use aegis_model::recall::Standing;
use kit::{ban_on_leak, blame, claimed, cue, leak, record, withheld};

fn memory() -> Memory {
    Memory::transient().expect("it opens")
}

fn keep(memory: &Memory, record: &Record) {
    memory.keep(record).expect("it is kept");
}

#[test]
fn a_refuted_cause_is_forbidden_for_the_next_five_incidents_that_look_alike_and_no_others() {
    let memory = memory();
    keep(&memory, &claimed(0, leak(), Finding::Refuted));
    for left in (1..=5).rev() {
        let ban = ban_on_leak(&memory).expect("forbidden");
        assert_eq!((ban.left, ban.standing), (left, Standing::Forbidden));
        let mut other = record(100 + u64::from(left));
        other.signature.0.truncate(1);
        other.first.0.truncate(1);
        keep(&memory, &other);
        keep(&memory, &record(u64::from(left)));
        // The same incident twice is one.
        keep(&memory, &record(u64::from(left)));
    }
    assert_eq!(ban_on_leak(&memory), None, "served");
}

#[test]
fn further_strikes_forbid_for_ten_and_twenty() {
    let memory = memory();
    for (strike, term) in [(1, 5), (2, 10), (3, 20), (4, 20)] {
        keep(&memory, &claimed(strike, leak(), Finding::Refuted));
        let ban = ban_on_leak(&memory).expect("forbidden");
        assert_eq!((u64::from(ban.strikes), ban.left), (strike, term));
        (0..term).for_each(|n| keep(&memory, &record(1000 * strike + u64::from(n))));
        assert_eq!(ban_on_leak(&memory), None);
    }
}

#[test]
fn a_truth_that_was_banned_is_back_within_three_incidents_by_parole_alone() {
    let memory = memory();
    keep(&memory, &claimed(0, leak(), Finding::Refuted));
    keep(&memory, &withheld(1, leak(), 0.93));
    assert_eq!(
        ban_on_leak(&memory).expect("once is not twice").standing,
        Standing::Forbidden
    );
    keep(&memory, &withheld(2, leak(), 0.88));
    assert_eq!(
        ban_on_leak(&memory).expect("on parole").standing,
        Standing::Paroled
    );
    // The third incident may blame it; its evidence lifts the ban for good.
    keep(&memory, &claimed(3, leak(), Finding::Confirmed));
    assert_eq!(ban_on_leak(&memory), None);
}

#[test]
fn parole_is_for_one_use() {
    let memory = memory();
    keep(&memory, &claimed(0, leak(), Finding::Refuted));
    keep(&memory, &withheld(1, leak(), 0.9));
    keep(&memory, &withheld(2, leak(), 0.9));
    keep(&memory, &claimed(3, leak(), Finding::Undecided));
    assert_eq!(
        ban_on_leak(&memory).expect("again").standing,
        Standing::Forbidden
    );
    keep(&memory, &withheld(4, leak(), 0.59));
    assert_eq!(
        ban_on_leak(&memory)
            .expect("0.59 is less than 0.6")
            .standing,
        Standing::Forbidden
    );
}

#[test]
fn truth_and_a_person_lift_a_ban_and_what_one_does_not_know_is_never_banned() {
    let memory = memory();
    keep(&memory, &claimed(0, leak(), Finding::Refuted));
    let told = Record {
        cause: Some(leak()),
        known_by: KnownBy::Truth,
        ..record(1)
    };
    keep(&memory, &told);
    assert_eq!(ban_on_leak(&memory), None, "by truth");
    keep(&memory, &claimed(2, leak(), Finding::Refuted));
    let (id, _) = memory.bans().expect("they can be read")[0].clone();
    memory.pardon(id).expect("it is there");
    assert_eq!(ban_on_leak(&memory), None, "by a person");
    assert!(memory.pardon(id).is_err());
    for free in ["unknown", "no_fault"] {
        let cause = blame(free, Role::Other);
        keep(&memory, &claimed(3, cause, Finding::Refuted));
    }
    assert!(memory.bans().expect("they can be read").is_empty());
}

/// False episodes of another memory: each claims another cause than the true one, and refutes the true one.
fn false_one(n: u64, fault: &str) -> Record {
    let mut lie = claimed(n, leak(), Finding::Refuted);
    lie.source = "elsewhere".into();
    lie.cause = Some(blame(fault, Role::Middle));
    lie.known_by = KnownBy::Truth;
    lie.sealed().expect("it has JSON")
}

#[test]
fn a_hundred_false_episodes_of_one_source_weigh_no_more_than_one_incident() {
    for log in [Log::Unchecked, Log::Checked] {
        let memory = memory();
        for n in 0..100 {
            // Half of them say the same, half of them anything.
            let fault = if n % 2 == 0 {
                "cpu_hog".to_owned()
            } else {
                format!("fault_{n}")
            };
            memory
                .keep_foreign(&false_one(n, &fault), log)
                .expect("it is kept");
        }
        let recalled = memory.recall(&cue()).expect("it answers");
        assert_eq!(recalled.forbidden, [], "a ban is a judgement of one's own");
        assert!(recalled.rules.is_empty());
        let most = if log == Log::Checked { 1.0 + 1e-9 } else { 0.0 };
        assert!(recalled.known <= most, "{log:?}: {}", recalled.known);
        let refuted: f64 = recalled.beliefs.iter().map(|belief| belief.refuted).sum();
        assert!(refuted <= most, "{log:?}: {refuted}");
        assert_eq!(recalled.episodes.is_empty(), log == Log::Unchecked);
        // One incident of one's own says as much as all of them.
        memory
            .keep(&claimed(7, leak(), Finding::Confirmed))
            .expect("it is kept");
        let after = memory.recall(&cue()).expect("it answers");
        let own = after.beliefs.iter().find(|belief| belief.cause == leak());
        assert!(own.is_some_and(|own| own.confirmed >= 1.0));
    }
}
