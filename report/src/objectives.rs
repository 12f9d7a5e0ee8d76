//! What users got, beside what they were promised.
//!
//! The SLI slides over the last 60 s and moves with each scrape. An interval without a
//! sample, or without a request, is neither met nor missed: nobody was there to be failed,
//! or nobody can tell.

use crate::story::{Scrape, Story};
use aegis_model::observation::{BUCKET_COUNT, BUCKETS, RequestStats};
use aegis_model::{LatencyTarget, Objective};

/// Length of the sliding window of an SLI, s.
pub const SLIDING: i64 = 60;

/// An objective at one scrape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When, seconds since the run's start.
    pub t: i64,
    /// Seconds for which this point stands, up to `t`; of them those from the run's start on.
    pub seconds: f64,
    /// Requests per second of the interval; `None` where it was not measured.
    pub rate: Option<f64>,
    /// Share of the last 60 s' requests that succeeded; `None` without a request.
    pub available: Option<f64>,
    /// Share of them that were fast enough; `None` without a request or a target.
    pub fast: Option<f64>,
    /// 99th percentile of the last 60 s, s; `None` without a request.
    pub p99: Option<f64>,
    /// How it stands.
    pub standing: Standing,
}

/// Whether an objective is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its SLI reaches its target.
    Met,
    /// It does not.
    Missed,
    /// No request, or no sample.
    Unknown,
}

/// The course of an objective.
#[derive(Debug, Clone)]
pub struct Course<'a> {
    /// The objective.
    pub objective: &'a Objective,
    /// A point per scrape.
    pub points: Vec<Point>,
}

/// The course of every objective of a run.
#[must_use]
pub fn courses<'a>(story: &Story<'a>) -> Vec<Course<'a>> {
    let objectives = story.objectives().iter();
    objectives
        .map(|objective| Course {
            objective,
            points: points(objective, &story.scrapes),
        })
        .collect()
}

fn points(objective: &Objective, scrapes: &[Scrape<'_>]) -> Vec<Point> {
    let at = |end: usize| point(objective, &scrapes[..=end]);
    (0..scrapes.len()).filter_map(at).collect()
}

/// The point of the last of these scrapes.
fn point(objective: &Objective, scrapes: &[Scrape<'_>]) -> Option<Point> {
    let now = scrapes.last()?;
    let last = over(objective, scrapes, SLIDING);
    let own = of(objective, now);
    let interval = now.samples.interval.max(0.0);
    Some(Point {
        t: now.t,
        seconds: interval.min(now.t.max(0) as f64),
        rate: own.map(|stats| stats.total / interval.max(1.0)),
        available: last.map(|stats| 1.0 - stats.error_share()),
        fast: last.and_then(|stats| Some(share_below(&stats, objective.latency?.below))),
        p99: last.map(|stats| quantile(&stats, 0.99)),
        standing: standing(objective, last.as_ref()),
    })
}

/// What an objective's entry got in a scrape.
fn of<'a>(objective: &Objective, scrape: &Scrape<'a>) -> Option<&'a RequestStats> {
    let mut entries = scrape.samples.entries.iter();
    let found = entries.find(|entry| entry.service == objective.service)?;
    Some(&found.requests)
}

/// Requests of an objective's entry over the last `window` seconds; `None` where there were none.
fn over(objective: &Objective, scrapes: &[Scrape<'_>], window: i64) -> Option<RequestStats> {
    let end = scrapes.last()?.t;
    let mut sum = RequestStats::default();
    let recent = scrapes.iter().rev();
    for scrape in recent.take_while(|scrape| scrape.t > end - window) {
        if let Some(stats) = of(objective, scrape) {
            sum.add(stats);
        }
    }
    (sum.total > 0.0).then_some(sum)
}

fn standing(objective: &Objective, stats: Option<&RequestStats>) -> Standing {
    let Some(stats) = stats else {
        return Standing::Unknown;
    };
    let available = 1.0 - stats.error_share() >= objective.availability;
    let is_fast = |target: LatencyTarget| share_below(stats, target.below) >= target.share;
    if available && objective.latency.is_none_or(is_fast) {
        Standing::Met
    } else {
        Standing::Missed
    }
}

/// Whether an objective is met over its whole window at the end of a story; no request misses nothing.
#[must_use]
pub fn met_at_end(objective: &Objective, story: &Story<'_>) -> bool {
    let stats = over(objective, &story.scrapes, i64::from(objective.window));
    standing(objective, stats.as_ref()) != Standing::Missed
}

/// Lower and upper bound of a bucket, s; the last one's upper bound is its lower.
fn bounds(bucket: usize) -> (f64, f64) {
    let lower = if bucket == 0 {
        0.0
    } else {
        BUCKETS[bucket - 1]
    };
    (lower, BUCKETS.get(bucket).copied().unwrap_or(lower))
}

/// Share of requests faster than a time: whole buckets, and of the one it falls into a part by length,
/// as Prometheus' `histogram_fraction` does. 1 without requests.
#[must_use]
pub fn share_below(stats: &RequestStats, time: f64) -> f64 {
    let total: f64 = stats.buckets.iter().sum();
    if total <= 0.0 {
        return 1.0;
    }
    let below = (0..BUCKET_COUNT).map(|bucket| {
        let (lower, upper) = bounds(bucket);
        let part = if upper > lower {
            ((time - lower) / (upper - lower)).clamp(0.0, 1.0)
        } else {
            0.0
        };
        stats.buckets[bucket] * part
    });
    below.sum::<f64>() / total
}

/// Latency below which a share of requests lies, s, as Prometheus' `histogram_quantile`:
/// linear within a bucket; the last bound where it lies beyond. 0 without requests.
#[must_use]
pub fn quantile(stats: &RequestStats, share: f64) -> f64 {
    let total: f64 = stats.buckets.iter().sum();
    let mut left = share.clamp(0.0, 1.0) * total;
    for (bucket, count) in stats.buckets.iter().enumerate() {
        if *count > 0.0 && *count >= left {
            let (lower, upper) = bounds(bucket);
            return lower + (upper - lower) * (left / count).clamp(0.0, 1.0);
        }
        left -= count;
    }
    if total > 0.0 {
        BUCKETS[BUCKETS.len() - 1]
    } else {
        0.0
    }
}

impl Course<'_> {
    /// Seconds of the run in which it was missed.
    #[must_use]
    pub fn lost(&self) -> f64 {
        let missed = self.points.iter().filter(|point| point.is_missed());
        // A sum of nothing would be -0.
        missed
            .map(|point| point.seconds)
            .fold(0.0, |sum, more| sum + more)
    }

    /// The worst that users got: lowest availability and highest p99 of the run.
    #[must_use]
    pub fn worst(&self) -> (Option<f64>, Option<f64>) {
        let run = || self.points.iter().filter(|point| point.t > 0);
        let lowest = run().filter_map(|point| point.available).reduce(f64::min);
        let highest = run().filter_map(|point| point.p99).reduce(f64::max);
        (lowest, highest)
    }

    /// The last point at which it was missed.
    #[must_use]
    pub fn last_missed(&self) -> Option<i64> {
        let mut points = self.points.iter().rev();
        points.find(|point| point.is_missed()).map(|point| point.t)
    }
}

impl Point {
    /// Whether the objective is missed within the run; its past does not count.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        self.standing == Standing::Missed && self.t > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(buckets: &[(usize, f64)]) -> RequestStats {
        let mut stats = RequestStats::default();
        for (bucket, count) in buckets {
            stats.buckets[*bucket] = *count;
            stats.total += count;
        }
        stats
    }

    #[test]
    fn quantiles_are_those_of_prometheus() {
        let half = stats(&[(4, 50.0), (5, 50.0)]);
        assert_eq!(quantile(&half, 0.5), 0.1);
        assert!((quantile(&half, 0.75) - 0.175).abs() < 1e-12);
        assert_eq!(quantile(&stats(&[(BUCKET_COUNT - 1, 3.0)]), 0.99), 30.0);
        assert_eq!(quantile(&stats(&[]), 0.99), 0.0);
    }

    #[test]
    fn shares_take_a_part_of_their_bucket() {
        let half = stats(&[(4, 50.0), (5, 50.0)]);
        assert!((share_below(&half, 0.175) - 0.75).abs() < 1e-12);
        assert_eq!(share_below(&half, 30.0), 1.0);
        assert_eq!(share_below(&stats(&[(BUCKET_COUNT - 1, 1.0)]), 40.0), 0.0);
        assert_eq!(share_below(&stats(&[]), 0.1), 1.0);
    }
}
