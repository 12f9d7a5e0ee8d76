//! The state of the cluster on a terminal, drawn again as it changes: clock, step, services, hot pods.

use crate::output::to_stderr;
use crate::paint::Paint;
use aegis_model::observation::{PodSample, ServiceSample};
use aegis_model::{ObservationDelta, RunEvent, Samples, Stamped};
use aegis_report::Names;
use aegis_report::format::{clock, fixed, latency, percent};
use aegis_report::objectives::quantile;
use std::time::{Duration, Instant};

/// Services shown at most, those that fail most first.
const SERVICES: usize = 8;

/// Pods shown at most.
const PODS: usize = 3;

/// Between two drawings, unless the step changes.
const PAUSE: Duration = Duration::from_millis(50);

/// What is drawn.
#[derive(Debug, Default)]
pub struct Live {
    /// Rows on the terminal now.
    drawn: usize,
    last: Option<Instant>,
    step: &'static str,
    rows: Vec<String>,
}

impl Live {
    /// Takes an event and draws what it changes.
    pub fn take(&mut self, stamped: &Stamped, names: &Names, paint: Paint) {
        let step = step(&stamped.event).unwrap_or(self.step);
        let is_new = step != self.step;
        self.step = step;
        if let RunEvent::Observed(delta) = &stamped.event {
            self.rows = state(delta, names, paint);
        }
        let due = self.last.is_none_or(|last| last.elapsed() >= PAUSE);
        if is_new || due {
            self.draw(stamped.t, paint);
        }
    }

    /// Takes it away.
    pub fn clear(&mut self) {
        if self.drawn > 0 {
            to_stderr(&erased(self.drawn));
            self.drawn = 0;
        }
    }

    fn draw(&mut self, t: i64, paint: Paint) {
        let head = format!("  {}  {}", paint.bold(&clock(t)), paint.cyan(self.step));
        let rows: Vec<&String> = [&head].into_iter().chain(&self.rows).collect();
        let mut text = erased(self.drawn);
        // A row that is wider than the terminal must not become two.
        text += "\x1b[?7l";
        for row in &rows {
            text += row;
            text += "\n";
        }
        text += "\x1b[?7h";
        to_stderr(&text);
        self.drawn = rows.len();
        self.last = Some(Instant::now());
    }
}

/// Takes away the rows above the cursor.
fn erased(rows: usize) -> String {
    if rows == 0 {
        String::new()
    } else {
        format!("\x1b[{rows}A\x1b[J")
    }
}

/// What the engine does after an event, in words.
const fn step(event: &RunEvent) -> Option<&'static str> {
    Some(match event {
        RunEvent::Started { .. } => "observing",
        RunEvent::IncidentOpened { .. } => "calibrating the twin",
        RunEvent::Calibrated { .. } => "diagnosing",
        RunEvent::Diagnosed { .. } => "drafting plans",
        RunEvent::Planned { .. } => "playing plans in three futures",
        RunEvent::Shadowed { .. } => "selecting",
        RunEvent::ApprovalAsked { .. } => "waiting for approval",
        RunEvent::ApplyStarted { .. } | RunEvent::StepApplied { .. } => "applying",
        RunEvent::Watched { .. } => "watching what the plan does",
        RunEvent::IncidentClosed { .. } => "observing",
        _ => return None,
    })
}

/// Services and pods as they were last seen.
fn state(delta: &ObservationDelta, names: &Names, paint: Paint) -> Vec<String> {
    let samples = &delta.samples;
    let mut services: Vec<&ServiceSample> = samples.services.iter().collect();
    services.sort_by(|a, b| worse(b, a));
    let head = format!(
        "  {:<24}{:>10}{:>9}{:>9}",
        "SERVICE", "RATE", "ERRORS", "P99"
    );
    let mut rows = vec![paint.dim(&head)];
    let shown = services.iter().take(SERVICES);
    rows.extend(shown.map(|one| service(one, samples, names, paint)));
    rows.extend(hot(samples, names, paint));
    rows
}

fn worse(a: &ServiceSample, b: &ServiceSample) -> std::cmp::Ordering {
    let errors = a
        .requests
        .error_share()
        .total_cmp(&b.requests.error_share());
    errors.then(a.requests.total.total_cmp(&b.requests.total))
}

fn service(one: &ServiceSample, samples: &Samples, names: &Names, paint: Paint) -> String {
    let rate = one.requests.total / samples.interval.max(1.0);
    let share = one.requests.error_share();
    let errors = format!("{:>9}", percent(share));
    let errors = if share > 0.01 {
        paint.red(&errors)
    } else {
        errors
    };
    format!(
        "  {:<24}{:>8}/s{errors}{:>9}",
        names.workload(one.workload).name,
        fixed(rate, 1),
        latency(quantile(&one.requests, 0.99)),
    )
}

/// The pods that use the most CPU.
fn hot(samples: &Samples, names: &Names, paint: Paint) -> Option<String> {
    let mut pods: Vec<&PodSample> = samples.pods.iter().collect();
    pods.sort_by(|a, b| b.cpu.total_cmp(&a.cpu));
    let pod = |pod: &&PodSample| {
        let memory = pod.memory / f64::from(1 << 20);
        let name = names.pod(pod.pod).name;
        format!(
            "{name} {} cores {} MiB",
            fixed(pod.cpu, 2),
            fixed(memory, 0)
        )
    };
    let hot: Vec<String> = pods.iter().take(PODS).map(pod).collect();
    (!hot.is_empty()).then(|| paint.dim(&format!("  hot: {}", hot.join(" · "))))
}
