//! What users got over time, beside what they were promised; and the suspect's pods.

use super::scale::{Scale, round_up, time_axis};
use super::svg::{Anchor, Box4, Svg};
use super::timeline::stage_class;
use super::{View, details, figure, legend, table};
use crate::format::{clock, fixed, html, latency, percent};
use crate::objectives::{Course, Point};
use crate::words;
use aegis_model::{PodId, Target};
use std::collections::BTreeMap;

const WIDTH: f64 = 548.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = WIDTH - 26.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = HEIGHT - 24.0;

/// Values by second; a missing one breaks the line.
type Values = Vec<(i64, Option<f64>)>;

/// A line chart over the run's time.
struct Chart<'a> {
    title: String,
    /// Name, class and values.
    lines: Vec<(String, String, Values)>,
    /// A promised or written bound.
    bound: Option<(f64, String)>,
    unit: &'a dyn Fn(f64) -> String,
}

/// The charts of every objective.
pub(super) fn objectives(view: &View<'_>) -> String {
    view.courses
        .iter()
        .map(|course| charts(view, course))
        .collect()
}

fn charts(view: &View<'_>, course: &Course<'_>) -> String {
    let name = &view.story.names.service(course.objective.service).name;
    let line = |value: fn(&Point) -> Option<f64>| {
        let points = course.points.iter();
        let points = points.map(|point| (point.t, value(point))).collect();
        vec![(name.to_string(), "series".to_owned(), points)]
    };
    let mut out = Chart {
        title: format!("{name}: requests that failed, last 60 s"),
        lines: line(|point| Some(1.0 - point.available?)),
        bound: Some((1.0 - course.objective.availability, "budget".into())),
        unit: &percent_of,
    }
    .draw(view);
    out += &Chart {
        title: format!("{name}: p99 latency, last 60 s"),
        lines: line(|point| point.p99),
        bound: course
            .objective
            .latency
            .map(|target| (target.below, "target".into())),
        unit: &latency,
    }
    .draw(view);
    out += &Chart {
        title: format!("{name}: requests per second"),
        lines: line(|point| point.rate),
        bound: None,
        unit: &|rate| fixed(rate, 0),
    }
    .draw(view);
    out
}

fn percent_of(share: f64) -> String {
    format!(
        "{} %",
        fixed(share * 100.0, if share < 0.1 { 1 } else { 0 })
    )
}

/// Memory of the pods of the workload that the diagnosis names.
pub(super) fn suspect(view: &View<'_>) -> String {
    let Some(Target::Workload(suspect)) = view.story.top().map(|top| top.target) else {
        return String::new();
    };
    let name = view.story.names.workload(suspect).name;
    let mut pods: BTreeMap<PodId, Values> = BTreeMap::new();
    for scrape in &view.story.scrapes {
        for sample in &scrape.samples.pods {
            let pod = view.story.objects.pods.get(sample.pod.index());
            if pod.is_some_and(|pod| pod.workload == suspect) {
                let line = pods.entry(sample.pod).or_default();
                line.push((scrape.t, Some(sample.memory / 1_048_576.0)));
            }
        }
    }
    if pods.is_empty() {
        return String::new();
    }
    let lines = pods.into_iter().enumerate().map(|(at, (pod, line))| {
        let name = view.story.names.pod(pod).name.to_string();
        (name, format!("series hue-{}", at % 5), line)
    });
    Chart {
        title: format!("{name}: working set of its pods"),
        lines: lines.collect(),
        bound: None,
        unit: &mebi,
    }
    .draw(view)
}

fn mebi(mebibytes: f64) -> String {
    format!("{} Mi", fixed(mebibytes, 0))
}

impl Chart<'_> {
    fn draw(&self, view: &View<'_>) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT);
        let x = Scale::new(view.span.0 as f64, view.span.1 as f64, LEFT, RIGHT);
        let most = self.most();
        let y = Scale::new(0.0, most, BOTTOM, TOP);
        washes(&mut svg, view, &x);
        time_axis(&mut svg, &x, view.span, TOP, BOTTOM);
        for part in 0..=2 {
            let value = most * f64::from(part) / 2.0;
            svg.line("grid", (LEFT, y.at(value)), (RIGHT, y.at(value)));
            svg.text(
                "tick",
                (LEFT - 6.0, y.at(value) + 4.0),
                Anchor::End,
                &(self.unit)(value),
            );
        }
        self.bound_line(&mut svg, &y);
        for (_, class, line) in &self.lines {
            let shown = line.iter().filter(|(t, _)| *t >= view.span.0);
            let place = |(t, value): &(i64, Option<f64>)| Some((x.at(*t as f64), y.at((*value)?)));
            let points: Vec<_> = shown.map(place).collect();
            svg.polyline(class, &points);
        }
        let drawing = svg.finish(&self.label());
        figure(&self.title, &drawing, &details("Figures", &self.table()))
    }

    fn most(&self) -> f64 {
        let values = self.lines.iter().flat_map(|(_, _, line)| line);
        let highest = values.filter_map(|(_, value)| *value).fold(0.0, f64::max);
        let bound = self.bound.as_ref().map_or(0.0, |(bound, _)| bound * 1.3);
        round_up(highest.max(bound))
    }

    fn bound_line(&self, svg: &mut Svg, y: &Scale) {
        if let Some((bound, word)) = &self.bound {
            let at = y.at(*bound);
            svg.line("bound", (LEFT, at), (RIGHT, at));
            let text = format!("{word} {}", (self.unit)(*bound));
            svg.text("on-bound", (RIGHT - 2.0, at - 4.0), Anchor::End, &text);
        }
    }

    fn label(&self) -> String {
        let values = self.lines.iter().flat_map(|(_, _, line)| line);
        let highest = values.filter_map(|(_, value)| *value).fold(0.0, f64::max);
        format!("{}; at most {}", self.title, (self.unit)(highest))
    }

    /// The figures, every fourth scrape: one a minute.
    fn table(&self) -> String {
        let rows = self.lines.iter().flat_map(|(name, _, line)| {
            let minutes = line.iter().step_by(4);
            minutes.map(move |(t, value)| {
                let value = value.map_or_else(|| "–".into(), |value| (self.unit)(value));
                vec![html(name), clock(*t), value]
            })
        });
        table("", &["", "time", "value"], &rows.collect::<Vec<_>>())
    }
}

/// Phases behind a chart.
fn washes(svg: &mut Svg, view: &View<'_>, x: &Scale) {
    for phase in &view.phases {
        let (from, to) = (x.at(phase.from as f64), x.at(phase.to as f64));
        let class = format!("wash {}", stage_class(phase.stage));
        svg.rect(
            &class,
            Box4(from, TOP, to - from, BOTTOM - TOP),
            phase.stage.word(),
        );
    }
}

/// Rows of the heat map at most.
const SERVICES: usize = 30;

/// Where requests failed: a row per service, a column per scrape.
pub(super) fn heat(view: &View<'_>) -> String {
    let shares = shares(view);
    if shares.is_empty() {
        return String::new();
    }
    let width = 1136.0;
    let left = 190.0;
    let bottom = 10.0 + shares.len() as f64 * 18.0;
    let mut svg = Svg::new(width, bottom + 22.0);
    let x = Scale::new(view.span.0 as f64, view.span.1 as f64, left, width - 32.0);
    time_axis(&mut svg, &x, view.span, 8.0, bottom);
    for (row, (name, cells)) in shares.iter().enumerate() {
        let top = 10.0 + row as f64 * 18.0;
        svg.text(
            "row",
            (left - 10.0, top + 11.0),
            Anchor::End,
            &super::svg::cut(name, 26),
        );
        for (from, to, share) in cells {
            let at = Box4(x.at(*from), top, x.at(*to) - x.at(*from) + 0.4, 14.0);
            let tip = format!(
                "{name} at {}: {} failed",
                clock(*to as i64),
                percent(*share)
            );
            svg.rect(level(*share), at, &tip);
        }
    }
    let drawing = svg.finish("Share of requests that failed, by service and time");
    let keys = [
        ("heat-0", "< 0.1 %"),
        ("heat-1", "< 1 %"),
        ("heat-2", "< 5 %"),
        ("heat-3", "< 20 %"),
        ("heat-4", "20 % and more failed"),
    ];
    figure("Where requests failed", &drawing, &legend(&keys))
}

fn level(share: f64) -> &'static str {
    match share {
        share if share >= 0.2 => "heat-4",
        share if share >= 0.05 => "heat-3",
        share if share >= 0.01 => "heat-2",
        share if share >= 0.001 => "heat-1",
        _ => "heat-0",
    }
}

/// From, to, share of a cell.
type HeatCell = (f64, f64, f64);

/// By service: its name and cells; those that failed most come first where there is no room for all.
fn shares(view: &View<'_>) -> Vec<(String, Vec<HeatCell>)> {
    let mut rows: BTreeMap<u32, Vec<HeatCell>> = BTreeMap::new();
    let shown = view.story.scrapes.iter();
    for scrape in shown.filter(|scrape| scrape.t > view.span.0) {
        let from = scrape.t as f64 - scrape.samples.interval;
        for sample in scrape
            .samples
            .services
            .iter()
            .filter(|s| s.requests.total > 0.0)
        {
            let cell = (from, scrape.t as f64, sample.requests.error_share());
            rows.entry(sample.workload.0).or_default().push(cell);
        }
    }
    let mut rows: Vec<(u32, Vec<HeatCell>)> = rows.into_iter().collect();
    if rows.len() > SERVICES {
        let worst = |cells: &[HeatCell]| cells.iter().map(|cell| cell.2).fold(0.0, f64::max);
        rows.sort_by(|a, b| worst(&b.1).total_cmp(&worst(&a.1)).then(a.0.cmp(&b.0)));
        rows.truncate(SERVICES);
        rows.sort_by_key(|row| row.0);
    }
    let name = |id| {
        view.story
            .names
            .workload(aegis_model::WorkloadId(id))
            .name
            .to_string()
    };
    rows.into_iter()
        .map(|(id, cells)| (name(id), cells))
        .collect()
}

/// What was promised, in a line per objective.
pub(super) fn promises(view: &View<'_>) -> String {
    let rows: Vec<Vec<String>> = view
        .courses
        .iter()
        .map(|course| {
            let name = view.story.names.service(course.objective.service);
            let (lowest, highest) = course.worst();
            vec![
                html(&name.to_string()),
                html(&words::objective(course.objective)),
                format!("{} s", fixed(course.lost(), 0)),
                lowest.map_or_else(|| "–".into(), percent),
                highest.map_or_else(|| "–".into(), latency),
            ]
        })
        .collect();
    let heads = [
        "entry",
        "promised",
        "missed for",
        "worst success",
        "worst p99",
    ];
    format!("<div class=\"wide\">{}</div>", table("", &heads, &rows))
}
