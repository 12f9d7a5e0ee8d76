//! Plans in their futures: the grid, the spread over draws, the Pareto front.

use super::scale::{Scale, round_up};
use super::svg::{Anchor, Box4, Svg, cut};
use super::{View, figure, legend, table};
use crate::format::{clock, fixed, html};
use crate::round::{Answer, Round};
use crate::words;
use aegis_model::PlanScore;
use aegis_model::outcome::FUTURES;

/// Every decision of the run.
pub(super) fn decisions(view: &View<'_>) -> String {
    let decided = view
        .story
        .rounds
        .iter()
        .filter(|round| !round.table().is_empty());
    let drawn: String = decided.map(|round| decision(view, round)).collect();
    if drawn.is_empty() {
        return "<p class=\"none\">No plan was tried.</p>".into();
    }
    drawn
}

fn decision(view: &View<'_>, round: &Round<'_>) -> String {
    let pair = format!(
        "<div class=\"pair\">{}{}</div>",
        pareto(round),
        spread(round)
    );
    let verdict = verdict(round);
    let debate = super::debate::debate(view, round);
    format!("{verdict}{}{debate}{pair}", grid(round))
}

fn verdict(round: &Round<'_>) -> String {
    let Some((t, verdict)) = round.verdict else {
        return String::new();
    };
    let choice = match &verdict.choice {
        Some(plan) => {
            let summary = round
                .plan(plan)
                .map_or(plan.as_str(), |plan| plan.summary.as_str());
            format!("chose to <strong>{}</strong>", html(summary))
        }
        None => "chose to <strong>wait</strong>".into(),
    };
    let approval = match round.approval {
        Answer::NotAsked => "",
        Answer::Waiting => " Approval was asked for and not given.",
        Answer::Granted => " Approval was given.",
        Answer::Refused => " Approval was refused: nothing was applied.",
    };
    format!(
        "<p class=\"verdict\">At {} it {choice}: {}.{approval}</p>",
        clock(t),
        html(&verdict.why)
    )
}

fn grid(round: &Round<'_>) -> String {
    let rows: Vec<Vec<String>> = round
        .table()
        .iter()
        .map(|score| grid_row(round, score))
        .collect();
    let futures = FUTURES.iter().map(|future| words::future(*future));
    let heads: Vec<&str> = ["plan", ""]
        .into_iter()
        .chain(futures)
        .chain(FIGURES)
        .collect();
    let added = round.added.map_or(String::new(), |[next, worst]| {
        format!(
            "<p class=\"note\">Mean stability, 1 is every objective met throughout. Likely next adds {}, worst historical adds {}.</p>",
            html(&words::fault(next)),
            html(&words::fault(worst))
        )
    });
    figure(
        "Plans in their futures",
        &table("futures numbers", &heads, &rows),
        &added,
    )
}

const FIGURES: [&str; 6] = ["cost", "resilience", "risk", "score", "lasts", "why not"];

fn grid_row(round: &Round<'_>, score: &PlanScore) -> Vec<String> {
    let is_chosen = round.choice() == Some(&score.plan);
    let chosen = if is_chosen {
        "<span class=\"chosen\">chosen</span> "
    } else {
        ""
    };
    let plan = round.plan(&score.plan);
    let name = plan.map_or(score.plan.as_str(), |plan| plan.summary.as_str());
    let source = plan.map_or("", |plan| words::source(plan.source));
    let mut row = vec![
        format!("<code>{}</code>", html(&score.plan)),
        format!("{chosen}{}<br><small>{source}</small>", html(name)),
    ];
    row.extend(score.futures.iter().map(|stability| heat(*stability)));
    let figures = [score.cost, score.resilience, score.risk, score.score];
    row.extend(figures.iter().map(|figure| fixed(*figure, 2)));
    row.push(if score.durable {
        "yes".into()
    } else {
        "no".into()
    });
    row.push(html(score.rejected.as_deref().unwrap_or("")));
    row
}

/// A figure on a ground whose depth tells it.
fn heat(stability: f64) -> String {
    let level = (stability.clamp(0.0, 1.0) * 10.0) as u32;
    format!(
        "<span class=\"cell level-{level}\">{}</span>",
        fixed(stability, 2)
    )
}

const SIZE: (f64, f64) = (548.0, 300.0);

/// Stability over cost; what is dominated is hollow.
fn pareto(round: &Round<'_>) -> String {
    let scores = round.table();
    let dearest = scores.iter().map(|score| score.cost).fold(0.05, f64::max);
    let x = Scale::new(0.0, round_up(dearest * 1.15), 68.0, SIZE.0 - 20.0);
    let y = Scale::new(0.0, 1.0, SIZE.1 - 44.0, 16.0);
    let mut svg = Svg::new(SIZE.0, SIZE.1);
    axes(&mut svg, &x, &y, round_up(dearest * 1.15));
    front(&mut svg, scores, &x, &y);
    for score in scores {
        point(
            &mut svg,
            score,
            round,
            (x.at(score.cost), y.at(score.stability)),
        );
    }
    let drawing = svg.finish("Stability of each plan over its cost");
    let keys = [
        ("lead", "chosen"),
        ("free", "not dominated"),
        ("hollow", "dominated"),
    ];
    figure(
        "Stability in the main future, over cost",
        &drawing,
        &legend(&keys),
    )
}

fn axes(svg: &mut Svg, x: &Scale, y: &Scale, dearest: f64) {
    let bottom = SIZE.1 - 44.0;
    for part in 0..=5 {
        let share = f64::from(part) / 5.0;
        svg.line("grid", (56.0, y.at(share)), (SIZE.0 - 20.0, y.at(share)));
        svg.text(
            "tick",
            (50.0, y.at(share) + 4.0),
            Anchor::End,
            &fixed(share, 2),
        );
        let cost = share * dearest;
        svg.text(
            "tick",
            (x.at(cost), bottom + 16.0),
            Anchor::Middle,
            &fixed(cost, 2),
        );
    }
    svg.text("tick", (SIZE.0 - 20.0, SIZE.1 - 8.0), Anchor::End, "cost →");
}

/// The stairs of what nothing else beats in both.
fn front(svg: &mut Svg, scores: &[PlanScore], x: &Scale, y: &Scale) {
    let mut best: Vec<&PlanScore> = scores.iter().collect();
    best.sort_by(|a, b| {
        a.cost
            .total_cmp(&b.cost)
            .then(b.stability.total_cmp(&a.stability))
    });
    let mut points = Vec::new();
    let mut highest = f64::NEG_INFINITY;
    for score in best.into_iter().filter(|score| score.stability.is_finite()) {
        if score.stability > highest {
            if highest.is_finite() {
                points.push(Some((x.at(score.cost), y.at(highest))));
            }
            highest = score.stability;
            points.push(Some((x.at(score.cost), y.at(highest))));
        }
    }
    svg.polyline("front", &points);
}

fn point(svg: &mut Svg, score: &PlanScore, round: &Round<'_>, at: (f64, f64)) {
    let class = match &score.dominated_by {
        _ if round.choice() == Some(&score.plan) => "dot-lead",
        Some(_) => "dot-hollow",
        None => "dot-free",
    };
    let tip = format!(
        "{}: stability {}, cost {}, risk {}",
        score.plan,
        fixed(score.stability, 2),
        fixed(score.cost, 2),
        fixed(score.risk, 2)
    );
    svg.circle(class, at, 7.0, &tip);
    // Labels turn inward at the right end.
    let (anchor, shift) = if at.0 > SIZE.0 - 110.0 {
        (Anchor::End, -12.0)
    } else {
        (Anchor::Start, 12.0)
    };
    svg.text(
        "label",
        (at.0 + shift, at.1 + 4.0),
        anchor,
        &cut(&score.plan, 12),
    );
}

/// The loss of every draw, the same draws for every plan.
fn spread(round: &Round<'_>) -> String {
    let scores = round.table();
    let mut svg = Svg::new(SIZE.0, SIZE.1);
    let x = Scale::new(0.0, 1.0, 124.0, SIZE.0 - 20.0);
    let bottom = SIZE.1 - 44.0;
    for part in 0..=4 {
        let share = f64::from(part) / 4.0;
        svg.line("grid", (x.at(share), 16.0), (x.at(share), bottom));
        svg.text(
            "tick",
            (x.at(share), bottom + 16.0),
            Anchor::Middle,
            &fixed(share, 2),
        );
    }
    let height = (bottom - 16.0) / (scores.len().max(1) as f64);
    for (row, score) in scores.iter().enumerate() {
        let y = 16.0 + height * (row as f64 + 0.5);
        let class = if round.choice() == Some(&score.plan) {
            "draw lead"
        } else {
            "draw"
        };
        svg.text(
            "label",
            (116.0, y + 4.0),
            Anchor::End,
            &cut(&score.plan, 12),
        );
        strip(&mut svg, class, score, &x, y);
    }
    svg.text(
        "tick",
        (SIZE.0 - 20.0, SIZE.1 - 8.0),
        Anchor::End,
        "loss of a draw →",
    );
    let drawing = svg.finish("Loss of each plan in each draw");
    let note = "<p class=\"note\">Each dot is one draw over all futures, the same draws for every plan; the bar is their mean.</p>";
    figure("Spread over draws", &drawing, note)
}

fn strip(svg: &mut Svg, class: &str, score: &PlanScore, x: &Scale, y: f64) {
    let number = score.losses.len() as f64;
    if number == 0.0 {
        return svg.text(
            "tick",
            (x.at(0.0) + 6.0, y + 4.0),
            Anchor::Start,
            "no draws",
        );
    }
    let mean = score.losses.iter().sum::<f64>() / number;
    for (draw, loss) in score.losses.iter().enumerate() {
        // Neighbouring draws step aside, so that equal ones can be counted.
        let aside = (draw % 5) as f64 * 4.0 - 8.0;
        let tip = format!("draw {}: loss {}", draw + 1, fixed(*loss, 3));
        svg.circle(class, (x.at(*loss), y + aside), 3.2, &tip);
    }
    let tip = format!("mean {}", fixed(mean, 3));
    svg.rect("mean", Box4(x.at(mean) - 1.0, y - 14.0, 2.0, 28.0), &tip);
}
