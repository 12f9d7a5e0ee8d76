//! The value of an expression.

use super::functions::{self, no_overload};
use super::{Asked, Comprehension, NoValue, Node, Operator};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Ordering;
use serde_json::{Map, Number, Value};

/// Values by name.
pub type Variables<'a> = BTreeMap<&'a str, Value>;

/// Steps that one expression may take: the API server has a budget too.
const STEPS: u32 = 100_000;

/// The value of a whole expression.
pub(crate) fn value(node: &Node, variables: &Variables<'_>) -> Result<Value, NoValue> {
    let mut scope = Scope {
        variables,
        locals: Vec::new(),
        steps: STEPS,
    };
    scope.value(node)
}

struct Scope<'a> {
    variables: &'a Variables<'a>,
    /// Variables of macros, inner ones last.
    locals: Vec<(String, Value)>,
    steps: u32,
}

type Valued = Result<Value, NoValue>;

impl Scope<'_> {
    fn value(&mut self, node: &Node) -> Valued {
        self.steps = match self.steps.checked_sub(1) {
            Some(left) => left,
            None => return Err(NoValue("actual cost limit exceeded".into())),
        };
        match node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Name(name) => self.named(name),
            Node::Field(of, field) => {
                let of = self.value(of)?;
                member(&of, field)
            }
            Node::Index(of, index) => {
                let (of, index) = (self.value(of)?, self.value(index)?);
                item(&of, &index)
            }
            Node::Has(of, field) => {
                let of = self.value(of)?;
                let fields = of.as_object().ok_or_else(no_overload)?;
                Ok(fields.contains_key(field).into())
            }
            Node::List(items) => {
                let items = items.iter().map(|item| self.value(item));
                items.collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            Node::Map(entries) => self.map(entries),
            Node::Not(of) => Ok((!truth(&self.value(of)?)?).into()),
            Node::Minus(of) => {
                let of = self.value(of)?;
                arithmetic(Operator::Minus, &Value::from(0), &of)
            }
            Node::Binary(operator, operands) => self.binary(*operator, &operands.0, &operands.1),
            Node::Choice(parts) => match truth(&self.value(&parts.0)?)? {
                true => self.value(&parts.1),
                false => self.value(&parts.2),
            },
            Node::Call(function, arguments) => {
                let arguments = arguments.iter().map(|argument| self.value(argument));
                let arguments: Vec<Value> = arguments.collect::<Result<_, _>>()?;
                functions::call(*function, &arguments)
            }
            Node::Macro(comprehension) => self.comprehension(comprehension),
        }
    }

    fn named(&self, name: &str) -> Valued {
        let mut locals = self.locals.iter().rev();
        let local = locals
            .find(|(known, _)| known == name)
            .map(|(_, value)| value);
        let found = local.or_else(|| self.variables.get(name));
        found
            .cloned()
            .ok_or_else(|| NoValue(format!("undeclared reference to '{name}'")))
    }

    fn map(&mut self, entries: &[(Node, Node)]) -> Valued {
        let mut fields = Map::new();
        for (key, value) in entries {
            let key = self.value(key)?;
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_string);
            fields.insert(key, self.value(value)?);
        }
        Ok(Value::Object(fields))
    }

    fn binary(&mut self, operator: Operator, left: &Node, right: &Node) -> Valued {
        match operator {
            Operator::Or => return self.decided(left, right, true),
            Operator::And => return self.decided(left, right, false),
            _ => {}
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        let ordered = |wanted: fn(Ordering) -> bool| {
            let order = compare(&left, &right).ok_or_else(no_overload)?;
            Ok(Value::from(wanted(order)))
        };
        match operator {
            Operator::Equal => Ok(equal(&left, &right).into()),
            Operator::NotEqual => Ok((!equal(&left, &right)).into()),
            Operator::Less => ordered(Ordering::is_lt),
            Operator::AtMost => ordered(Ordering::is_le),
            Operator::Greater => ordered(Ordering::is_gt),
            Operator::AtLeast => ordered(Ordering::is_ge),
            Operator::In => contains(&right, &left),
            _ => arithmetic(operator, &left, &right),
        }
    }

    /// `||` and `&&`: one side alone may decide, whatever is wrong with the other.
    fn decided(&mut self, left: &Node, right: &Node, decisive: bool) -> Valued {
        let first = self.value(left).and_then(|value| truth(&value));
        if first == Ok(decisive) {
            return Ok(decisive.into());
        }
        let second = self.value(right).and_then(|value| truth(&value));
        if second == Ok(decisive) {
            return Ok(decisive.into());
        }
        first?;
        second.map(Value::from)
    }

    fn comprehension(&mut self, asked: &Comprehension) -> Valued {
        let items: Vec<Value> = match self.value(&asked.over)? {
            Value::Array(items) => items,
            Value::Object(fields) => fields.into_iter().map(|(key, _)| key.into()).collect(),
            _ => return Err(no_overload()),
        };
        let mut answers = Vec::with_capacity(items.len());
        for item in &items {
            self.locals.push((asked.variable.clone(), item.clone()));
            let answer = self.value(&asked.body);
            self.locals.pop();
            answers.push(answer);
        }
        match asked.kind {
            Asked::Map => answers
                .into_iter()
                .collect::<Result<Vec<_>, _>>()
                .map(Value::Array),
            Asked::All => folded(answers, false),
            Asked::Exists => folded(answers, true),
            Asked::ExistsOne => Ok((held(&answers)?.len() == 1).into()),
            Asked::Filter => {
                let kept = held(&answers)?.into_iter().map(|at| items[at].clone());
                Ok(kept.collect())
            }
        }
    }
}

/// Like `||` or `&&` over all answers.
fn folded(answers: Vec<Valued>, decisive: bool) -> Valued {
    let mut wrong = None;
    for answer in answers {
        match answer.and_then(|value| truth(&value)) {
            Ok(answer) if answer == decisive => return Ok(decisive.into()),
            Ok(_) => {}
            Err(why) => wrong = wrong.or(Some(why)),
        }
    }
    wrong.map_or(Ok((!decisive).into()), Err)
}

/// Places of the answers that are true.
fn held(answers: &[Valued]) -> Result<Vec<usize>, NoValue> {
    let mut places = Vec::new();
    for (at, answer) in answers.iter().enumerate() {
        if truth(&answer.clone()?)? {
            places.push(at);
        }
    }
    Ok(places)
}

fn truth(value: &Value) -> Result<bool, NoValue> {
    value.as_bool().ok_or_else(no_overload)
}

fn member(of: &Value, field: &str) -> Valued {
    let Some(fields) = of.as_object() else {
        return Err(no_overload());
    };
    let found = fields.get(field).cloned();
    found.ok_or_else(|| NoValue(format!("no such key: {field}")))
}

fn item(of: &Value, index: &Value) -> Valued {
    match (of, index) {
        (Value::Object(_), Value::String(key)) => member(of, key),
        (Value::Array(items), Value::Number(number)) => {
            let at = number.as_u64().and_then(|at| items.get(at as usize));
            at.cloned()
                .ok_or_else(|| NoValue(format!("index out of bounds: {number}")))
        }
        _ => Err(no_overload()),
    }
}

fn contains(of: &Value, wanted: &Value) -> Valued {
    match (of, wanted) {
        (Value::Array(items), _) => Ok(items.iter().any(|item| equal(item, wanted)).into()),
        (Value::Object(fields), Value::String(key)) => Ok(fields.contains_key(key).into()),
        (Value::Object(_), _) => Ok(false.into()),
        _ => Err(no_overload()),
    }
}

/// Equality; 1 and 1.0 are equal.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => compare(left, right) == Some(Ordering::Equal),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| equal(a, b))
        }
        _ => left == right,
    }
}

/// Order of two numbers, texts or truth values.
pub(crate) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Sums, products and the like; `+` joins texts and lists.
pub(crate) fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Valued {
    match (operator, left, right) {
        (Operator::Plus, Value::String(a), Value::String(b)) => Ok(format!("{a}{b}").into()),
        (Operator::Plus, Value::Array(a), Value::Array(b)) => {
            Ok(a.iter().chain(b).cloned().collect())
        }
        (_, Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => whole(operator, a, b),
            _ => real(operator, a, b),
        },
        _ => Err(no_overload()),
    }
}

fn whole(operator: Operator, a: i64, b: i64) -> Valued {
    let result = match operator {
        Operator::Plus => a.checked_add(b),
        Operator::Minus => a.checked_sub(b),
        Operator::Times => a.checked_mul(b),
        Operator::Over | Operator::Modulo if b == 0 => {
            let what = if operator == Operator::Over {
                "division"
            } else {
                "modulus"
            };
            return Err(NoValue(format!("{what} by zero")));
        }
        Operator::Over => a.checked_div(b),
        Operator::Modulo => a.checked_rem(b),
        _ => return Err(no_overload()),
    };
    result
        .map(Value::from)
        .ok_or_else(|| NoValue("integer overflow".into()))
}

fn real(operator: Operator, a: &Number, b: &Number) -> Valued {
    let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) else {
        return Err(no_overload());
    };
    let result = match operator {
        Operator::Plus => a + b,
        Operator::Minus => a - b,
        Operator::Times => a * b,
        Operator::Over => a / b,
        _ => return Err(no_overload()),
    };
    Number::from_f64(result)
        .map(Value::Number)
        .ok_or_else(no_overload)
}
