//! What comes to mind when an incident opens.

use crate::alike;
use crate::embed::{Embedder, SPACE};
use crate::error::MemoryError;
use crate::memory::Memory;
use crate::record::{Lesson, Onset, Record};
use crate::rules::{self, Taught};
use crate::texts::Found;
use crate::vectors::Kind;
use crate::write::{read_bans, role_of};
use aegis_model::recall::{
    Arm, Belief, Blame, Episode, Forbidden, Harm, Passage, Precursor, Rule, Stage, Transition,
};
use aegis_model::{Cue, Recalled, Role, Signature, SignaturePart, SymptomKind};
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};

/// Episodes that come to mind, at most.
const EPISODES: usize = 8;
/// Neighbours that are asked for: more than come to mind, as what weighs nothing is among them.
const NEIGHBOURS: usize = 64;
/// Parts of documents, at most.
const PASSAGES: usize = 3;
/// How far a part of a document must lie on the way from [`STRANGE`] to the very same words, to be near.
const NEAR: f64 = 0.1;
/// Texts that have nothing to do with any incident. Where they lie is what an embedder gives to texts that have
/// nothing in common: about 0 with the built-in one, 0.7 and more with some models.
const STRANGE: [&str; 6] = [
    "Boil the noodles in salted water and stir the sauce until it thickens.",
    "The river rises in the mountains and flows north to the sea.",
    "She wrote three novels and taught music at a school afterwards.",
    "The match ended in a draw after a long delay in the rain.",
    "Plant the bulbs in autumn, a hand deep, and water them sparingly.",
    "The museum is closed on Mondays; children visit it for nothing.",
];
/// Rules, at most.
const RULES: usize = 4;
/// The newest episodes and onsets that are looked through.
const NEWEST: i64 = 5_000;
/// Weight of an incident of another memory whose log was checked.
const FOREIGN: f64 = 0.1;
/// One in so many incidents goes without rules.
const HELD_OUT: u64 = 10;

/// An episode with what it weighs here.
struct Weighed {
    record: Record,
    weight: f64,
}

impl Weighed {
    /// What it taught of incidents that look so.
    fn taught(&self, signature: &Signature) -> Vec<Taught> {
        let record = &self.record;
        let taught = |lesson: &Lesson| Taught {
            signature: signature.clone(),
            cause: lesson.cause.clone(),
            deeds: lesson.deeds.clone(),
            mended: lesson.mended,
            world: (record.family.clone(), record.seed, record.genome.clone()),
            weight: lesson.weight * self.weight,
        };
        record.lessons.iter().map(taught).collect()
    }
}

impl Memory {
    /// What is known of incidents like this.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn recall(&self, cue: &Cue) -> Result<Recalled, MemoryError> {
        let shape = shape(cue);
        let weights = Weights::of(self)?;
        let newest = self.newest(&weights)?;
        let (beliefs, known) = self.beliefs(&weights)?;
        let (passages, unread) = self.passages(cue);
        Ok(Recalled {
            episodes: self.episodes(cue, &newest)?,
            rules: self.rules_of(cue, &newest)?,
            beliefs,
            known,
            transitions: self.transitions(&weights)?,
            worst: worst(&shape, &newest),
            forbidden: self.forbidden(cue)?,
            arm: self.arm(cue)?,
            precursor: self.precursor(&cue.signature)?,
            passages,
            failed: self.lost().or(unread),
        })
    }

    /// The parts of documents that are nearest to what the incident looks like, and why there are none where
    /// the embedder fails.
    fn passages(&self, cue: &Cue) -> (Vec<Passage>, Option<String>) {
        let words = words(&cue.signature);
        let has_texts = self
            .db
            .query_row("SELECT EXISTS (SELECT 1 FROM texts)", [], |row| row.get(0));
        match has_texts {
            Ok(true) if !words.is_empty() => {}
            Ok(_) => return (Vec::new(), None),
            Err(why) => return (Vec::new(), Some(why.to_string())),
        }
        match self.near(&words) {
            Ok(near) => (near.into_iter().map(passage).collect(), None),
            Err(why) => (Vec::new(), Some(why.to_string())),
        }
    }

    /// The parts of documents that lie nearer to some words than what has nothing to do with them.
    fn near(&self, words: &str) -> Result<Vec<Found>, MemoryError> {
        let texts: Vec<&str> = std::iter::once(words).chain(STRANGE).collect();
        let embedded = self.embedder().embed(&texts);
        let (space, vectors) = embedded.map_err(MemoryError::Embedder)?;
        let Some((query, strange)) = vectors.split_first() else {
            return Ok(Vec::new());
        };
        let cosines = strange.iter().map(|other| cosine(query, other));
        let level = cosines.sum::<f64>() / strange.len().max(1) as f64;
        // What lies about 0 is 0: letters that two texts share by chance are no level.
        let level = if level < NEAR { 0.0 } else { level.min(1.0) };
        let mut found = self.texts_near(&space, query, PASSAGES)?;
        found.retain(|one| one.score >= level + NEAR * (1.0 - level));
        Ok(found)
    }

    /// All that is believed.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn all_beliefs(&self) -> Result<Vec<Belief>, MemoryError> {
        Ok(self.beliefs(&Weights::of(self)?)?.0)
    }

    /// Every pattern of remedies, with how it stands, and what incidents of its cause cost with rules and without.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn all_rules(&self) -> Result<Vec<rules::Standing>, MemoryError> {
        let newest = self.newest(&Weights::of(self)?)?;
        let mut all = rules::all(&taught(&newest, Stage::Settled));
        let own: Vec<&Record> = newest
            .iter()
            .filter(|one| one.weight >= 1.0)
            .map(|one| &one.record)
            .collect();
        let cost = |cause: &Blame, arm: Arm| {
            let of = own.iter();
            let of = of.filter(|one| one.cause.as_ref() == Some(cause) && one.arm == arm);
            rules::Cost::of(&of.map(|one| one.lost).collect::<Vec<f64>>())
        };
        for standing in &mut all {
            standing.used = cost(&standing.rule.cause, Arm::Used);
            standing.held_out = cost(&standing.rule.cause, Arm::HeldOut);
        }
        Ok(all)
    }

    /// All episodes, the newest first.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn records(&self) -> Result<Vec<Record>, MemoryError> {
        let newest = self.newest(&Weights::of(self)?)?;
        Ok(newest.into_iter().map(|one| one.record).collect())
    }

    /// The newest episodes, the newest first.
    fn newest(&self, weights: &Weights) -> Result<Vec<Weighed>, MemoryError> {
        let mut statement = self
            .db
            .prepare("SELECT body, source, checked FROM episodes ORDER BY seq DESC LIMIT ?1")?;
        let mut rows = statement.query([NEWEST])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let body: String = row.get(0)?;
            all.push(Weighed {
                record: serde_json::from_str(&body)?,
                weight: weights.of_one(&row.get::<_, String>(1)?, row.get(2)?),
            });
        }
        Ok(all)
    }

    /// Those that looked alike, by signature and by vector.
    fn episodes(&self, cue: &Cue, newest: &[Weighed]) -> Result<Vec<Episode>, MemoryError> {
        let query = Embedder.signature(&cue.signature);
        let near = self.nearest(&SPACE, Kind::Episode, &query, NEIGHBOURS)?;
        let scores: BTreeMap<&str, f64> = near
            .iter()
            .map(|hit| (hit.id.as_str(), hit.score))
            .collect();
        // What looked the same lies in the same place, whichever of them the store happened to give.
        let by_vector: BTreeMap<&Signature, f64> = newest
            .iter()
            .filter_map(|one| {
                let score = scores.get(one.record.id.as_str())?;
                Some((&one.record.signature, *score))
            })
            .collect();
        let mut found: Vec<Episode> = newest
            .iter()
            .filter(|one| one.weight > 0.0)
            .filter_map(|one| {
                let by_signature = alike::signatures(&cue.signature, one.record.at(cue.stage));
                let vector = by_vector.get(&one.record.signature).copied();
                episode(&one.record, by_signature, vector)
            })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(EPISODES);
        Ok(found)
    }

    /// Beta counts of faults at places, and the weight of all incidents of known cause.
    fn beliefs(&self, weights: &Weights) -> Result<(Vec<Belief>, f64), MemoryError> {
        let mut statement = self.db.prepare(
            "SELECT fault, role, confirmed, source, checked, count(*) FROM findings
             JOIN episodes ON episodes.id = findings.episode GROUP BY 1, 2, 3, 4, 5",
        )?;
        let mut rows = statement.query([])?;
        let mut counts: BTreeMap<Blame, (f64, f64, BTreeSet<String>)> = BTreeMap::new();
        let mut known = 0.0;
        while let Some(row) = rows.next()? {
            let cause = Blame {
                fault: row.get::<_, String>(0)?.into(),
                role: role_of(&row.get::<_, String>(1)?)?,
            };
            let source: String = row.get(3)?;
            let weight = weights.of_one(&source, row.get(4)?) * row.get::<_, f64>(5)?;
            if weight <= 0.0 {
                continue;
            }
            let count = counts.entry(cause).or_default();
            count.2.insert(source);
            if row.get(2)? {
                count.0 += weight;
                known += weight;
            } else {
                count.1 += weight;
            }
        }
        Ok((counts.into_iter().map(belief).collect(), known))
    }

    /// What followed what, "nothing" included.
    fn transitions(&self, weights: &Weights) -> Result<Vec<Transition>, MemoryError> {
        let mut statement = self.db.prepare(
            "SELECT before, after, source, checked, count(*) FROM follows
             JOIN episodes ON episodes.id = follows.episode GROUP BY 1, 2, 3, 4 ORDER BY 1, 2",
        )?;
        let mut rows = statement.query([])?;
        let mut counts: BTreeMap<(String, Option<String>), f64> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let weight = weights.of_one(&row.get::<_, String>(2)?, row.get(3)?);
            let count = weight * row.get::<_, f64>(4)?;
            *counts.entry((row.get(0)?, row.get(1)?)).or_insert(0.0) += count;
        }
        let of = |((from, to), count): ((String, Option<String>), f64)| {
            let to = to.map(|to| serde_json::from_str(&to)).transpose()?;
            Ok(Transition {
                from: from.into(),
                to,
                count,
            })
        };
        counts
            .into_iter()
            .filter(|(_, count)| *count > 0.0)
            .map(of)
            .collect()
    }

    fn forbidden(&self, cue: &Cue) -> Result<Vec<Forbidden>, MemoryError> {
        let bans = read_bans(&self.db)?;
        let own = bans.iter().filter(|(_, ban)| ban.holds_for(cue));
        Ok(own.filter_map(|(_, ban)| ban.forbidden()).collect())
    }

    /// Whether this incident goes without rules: drawn by what it is and how many there were.
    fn arm(&self, cue: &Cue) -> Result<Arm, MemoryError> {
        let count: i64 = self.db.query_row(
            "SELECT count(*) FROM episodes WHERE source = ?1",
            [self.identity.as_str()],
            |row| row.get(0),
        )?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&count.to_le_bytes());
        hasher.update(&serde_json::to_vec(&cue.signature)?);
        let drawn = hasher.finalize();
        let first = drawn.as_bytes().first_chunk().copied().unwrap_or_default();
        let out = u64::from_le_bytes(first) % HELD_OUT == 0;
        Ok(if out { Arm::HeldOut } else { Arm::Used })
    }

    /// Rules for an incident that looks so. An onset looks like nothing that incidents are known by: it is answered
    /// by what mended the incidents that onsets like it became.
    fn rules_of(&self, cue: &Cue, newest: &[Weighed]) -> Result<Vec<Rule>, MemoryError> {
        let lessons = match cue.stage {
            Stage::Onset => {
                let onsets = self.onsets_like(&cue.signature)?;
                let became: BTreeSet<_> = onsets
                    .iter()
                    .flat_map(|onset| onset.incidents.iter().map(|n| (onset.log.clone(), *n)))
                    .collect();
                let is_one = |one: &&Weighed| {
                    let record = &one.record;
                    became.contains(&(record.log.clone(), record.number))
                };
                let own = newest.iter().filter(is_one);
                own.flat_map(|one| one.taught(&cue.signature)).collect()
            }
            Stage::Opening | Stage::Settled => taught(newest, cue.stage),
        };
        let mut rules = rules::rules(&cue.signature, &lessons);
        rules.truncate(RULES);
        Ok(rules)
    }

    /// One's own onsets that looked like this, the newest first.
    fn onsets_like(&self, signature: &Signature) -> Result<Vec<Onset>, MemoryError> {
        let mut statement = self
            .db
            .prepare("SELECT body FROM onsets WHERE source = ?1 ORDER BY rowid DESC LIMIT ?2")?;
        let mut rows = statement.query(params![self.identity.as_str(), NEWEST])?;
        let mut alike = Vec::new();
        while let Some(row) = rows.next()? {
            let onset: Onset = serde_json::from_str(&row.get::<_, String>(0)?)?;
            if alike::signatures(signature, &onset.signature) >= alike::SAME {
                alike.push(onset);
            }
        }
        Ok(alike)
    }

    /// What onsets that looked like this became. Only one's own count, and those that nothing was done about.
    fn precursor(&self, signature: &Signature) -> Result<Option<Precursor>, MemoryError> {
        let onsets = self.onsets_like(signature)?;
        let left_alone = || onsets.iter().filter(|onset| !onset.acted);
        let seen = left_alone().count() as f64;
        let followed = left_alone().filter(|onset| onset.followed).count() as f64;
        let bound = rules::wilson(followed, seen);
        Ok((seen > 0.0).then(|| Precursor {
            seen,
            followed,
            bound,
            why: format!("{followed} of {seen} onsets like this became incidents"),
        }))
    }
}

/// What incidents weigh: one's own 1; those of others 0.1 and jointly 1 at most, and nothing where their log
/// was not found.
struct Weights {
    identity: String,
    foreign: f64,
}

impl Weights {
    fn of(memory: &Memory) -> Result<Self, MemoryError> {
        let checked: i64 = memory.db.query_row(
            "SELECT count(*) FROM episodes WHERE source <> ?1 AND checked = 1",
            [memory.identity.as_str()],
            |row| row.get(0),
        )?;
        Ok(Self {
            identity: memory.identity.to_string(),
            foreign: FOREIGN.min(1.0 / (checked.max(1) as f64)),
        })
    }

    fn of_one(&self, source: &str, checked: bool) -> f64 {
        match (source == self.identity, checked) {
            (true, _) => 1.0,
            (false, true) => self.foreign,
            (false, false) => 0.0,
        }
    }
}

/// Cosine of two vectors of length 1.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
    products.sum()
}

fn passage(found: Found) -> Passage {
    let Found { text, score } = found;
    Passage {
        why: format!("{score:.2} near to what the incident looks like"),
        origin: text.origin,
        number: text.number,
        body: text.body,
        score,
    }
}

/// What an incident looks like, in words that a runbook would use.
fn words(signature: &Signature) -> String {
    let of = |part: &SignaturePart| {
        let what = match part.kind {
            SymptomKind::BurnRate => "objective missed, error budget burns",
            SymptomKind::Errors => "errors of requests",
            SymptomKind::Latency => "slow, high latency",
            SymptomKind::Rate => "rate of requests, load, traffic changed",
            SymptomKind::Cpu => "CPU use, throttling",
            SymptomKind::Memory => "memory use grows",
            SymptomKind::Restarts => "container restarts, crash loop, CrashLoopBackOff",
            SymptomKind::OomKilled => "OOMKilled, killed for memory, out of memory",
            SymptomKind::NotReady => "pods not ready, readiness probe fails",
            SymptomKind::Unschedulable => "pods pending, unschedulable, insufficient resources",
            SymptomKind::CannotStart => {
                "container cannot start, ImagePullBackOff, image, configuration"
            }
            SymptomKind::NoEndpoints => "Service without endpoints, selector",
            SymptomKind::NodeNotReady => "node not ready",
            SymptomKind::TelemetryMissing => "metrics missing, telemetry",
        };
        format!("{what} {:?}", part.role).to_lowercase()
    };
    let words: BTreeSet<String> = signature.0.iter().map(of).collect();
    words.into_iter().collect::<Vec<_>>().join("; ")
}

fn shape(cue: &Cue) -> Vec<(Role, u32)> {
    let mut counts: BTreeMap<Role, u32> = BTreeMap::new();
    for (target, role) in &cue.roles {
        if matches!(target, aegis_model::Target::Workload(_)) {
            *counts.entry(*role).or_insert(0) += 1;
        }
    }
    counts.into_iter().collect()
}

fn episode(record: &Record, by_signature: f64, by_vector: Option<f64>) -> Option<Episode> {
    let why = match by_vector {
        _ if by_signature >= alike::SAME => format!("{by_signature:.2} alike by signature"),
        Some(cosine) if cosine >= alike::SAME => format!("{cosine:.2} alike by vector"),
        _ => return None,
    };
    Some(Episode {
        id: record.id.clone(),
        cause: record.cause.clone(),
        ending: record.ending,
        deeds: record.deeds.clone(),
        score: by_signature.max(by_vector.unwrap_or(0.0)).min(1.0),
        why,
    })
}

fn belief((cause, (confirmed, refuted, sources)): (Blame, (f64, f64, BTreeSet<String>))) -> Belief {
    let from = if sources.len() == 1 {
        "memory"
    } else {
        "memories"
    };
    Belief {
        cause,
        confirmed,
        refuted,
        why: format!(
            "the cause {confirmed:.1} times, blamed wrongly {refuted:.1} times, from {} {from}",
            sources.len()
        ),
    }
}

/// What incidents taught, in their order.
fn taught(newest: &[Weighed], stage: Stage) -> Vec<Taught> {
    let of = |one: &Weighed| one.taught(one.record.at(stage));
    newest.iter().flat_map(of).collect()
}

/// The past fault that cost most in applications of this shape.
fn worst(shape: &[(Role, u32)], newest: &[Weighed]) -> Option<Harm> {
    let own = newest.iter().filter(|one| one.weight >= 1.0);
    let alike = own.filter(|one| alike::shapes(shape, &one.record.shape) >= alike::SAME_SHAPE);
    let known = alike.filter(|one| one.record.cause.is_some() && one.record.lost > 0.0);
    let worst = known.max_by(|a, b| a.record.lost.total_cmp(&b.record.lost))?;
    let record = &worst.record;
    Some(Harm {
        cause: record.cause.clone()?,
        parameters: record.parameters.clone(),
        lost: record.lost,
        why: format!("it cost {:.1} minutes of objectives", record.lost),
    })
}
