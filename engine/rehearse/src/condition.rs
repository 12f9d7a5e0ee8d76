//! `--fail-if`: a condition over the figures of a result, as `slo_minutes_lost>5 || harm`.
//!
//! `||` binds weakest, then `&&`; a figure by itself holds where it is above 0.

use std::fmt;

/// How a figure is held against a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    Unequal,
}

/// All relations as they are written, the longer of two that begin alike first.
const RELATIONS: [(&str, Relation); 6] = [
    (">=", Relation::AtLeast),
    ("<=", Relation::AtMost),
    ("==", Relation::Equal),
    ("!=", Relation::Unequal),
    (">", Relation::Above),
    ("<", Relation::Below),
];

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    figure: String,
    relation: Relation,
    bound: f64,
}

/// A condition: it holds if all terms of one of its parts do.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition(Vec<Vec<Term>>);

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoCondition {
    /// The part that cannot be read.
    pub part: String,
    /// What would be right.
    pub right: String,
}

impl fmt::Display for NoCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no condition: {}", self.part, self.right)
    }
}

impl Condition {
    /// Reads a condition over these figures.
    ///
    /// # Errors
    /// The first part that is none, and what would be right.
    pub fn parse(text: &str, figures: &[&str]) -> Result<Self, NoCondition> {
        let all = text.split("||").map(|part| {
            let terms = part.split("&&");
            terms.map(|term| parse_term(term.trim(), figures)).collect()
        });
        all.collect::<Result<_, _>>().map(Self)
    }

    /// Whether it holds; `figure` gives a figure by its name.
    #[must_use]
    pub fn holds(&self, figure: impl Fn(&str) -> f64) -> bool {
        let holds = |term: &Term| term.relation.holds(figure(&term.figure), term.bound);
        self.0.iter().any(|terms| terms.iter().all(holds))
    }
}

fn parse_term(text: &str, figures: &[&str]) -> Result<Term, NoCondition> {
    let found = RELATIONS
        .iter()
        .find_map(|(sign, relation)| Some((text.split_once(sign)?, *relation)));
    let ((figure, bound), relation) = found.unwrap_or(((text, "0"), Relation::Above));
    let figure = figure.trim();
    if !figures.contains(&figure) {
        return Err(NoCondition {
            part: text.to_owned(),
            right: format!("a figure is one of {}", figures.join(", ")),
        });
    }
    let bound = bound
        .trim()
        .parse::<f64>()
        .ok()
        .filter(|bound| bound.is_finite());
    let bound = bound.ok_or_else(|| NoCondition {
        part: text.to_owned(),
        right: format!("a number belongs behind `{figure}`, as `{figure}>5`"),
    })?;
    Ok(Term {
        figure: figure.to_owned(),
        relation,
        bound,
    })
}

impl Relation {
    fn holds(self, figure: f64, bound: f64) -> bool {
        match self {
            Self::Above => figure > bound,
            Self::AtLeast => figure >= bound,
            Self::Below => figure < bound,
            Self::AtMost => figure <= bound,
            Self::Equal => (figure - bound).abs() < 1e-9,
            Self::Unequal => (figure - bound).abs() >= 1e-9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Condition;

    fn check(text: &str, minutes: f64, harm: f64, holds: bool) {
        let condition = Condition::parse(text, &["minutes", "harm"]);
        let condition = condition.unwrap_or_else(|why| panic!("{why}"));
        let figure = |name: &str| if name == "harm" { harm } else { minutes };
        assert_eq!(condition.holds(figure), holds, "{text}");
    }

    #[test]
    fn conditions_say_what_they_look_like() {
        check("minutes>5", 5.0, 0.0, false);
        check("minutes >= 5", 5.0, 0.0, true);
        check("harm", 0.0, 1.0, true);
        check("minutes>5 || harm", 1.0, 1.0, true);
        check("minutes>5 && harm", 6.0, 0.0, false);
        check("minutes != 2", 2.0, 0.0, false);
    }

    #[test]
    fn what_is_none_says_what_would_be_right() {
        let wrong =
            |text: &str| Condition::parse(text, &["minutes"]).map_err(|why| why.to_string());
        assert!(wrong("minuets>5").is_err_and(|why| why.contains("one of minutes")));
        assert!(wrong("minutes>five").is_err_and(|why| why.contains("a number")));
    }
}
