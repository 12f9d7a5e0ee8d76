//! From tokens to an expression: one function for each level of precedence.

use super::functions::Function;
use super::tokens::{self, Token};
use super::{Asked, Comprehension, Node, Operator, Unread};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Levels of brackets at most.
const DEEPEST: usize = 64;

/// Reads a whole text.
pub(crate) fn read(text: &str) -> Result<Node, Unread> {
    let mut reader = Reader {
        tokens: tokens::of(text)?,
        at: 0,
        depth: 0,
    };
    let node = reader.choice()?;
    match reader.peek() {
        None => Ok(node),
        Some(token) => Err(unexpected(token)),
    }
}

/// A token that cannot stand where it stands; `?` may be the sign of an optional field, which is not known.
fn unexpected(token: &Token) -> Unread {
    let why = format!("{token:?} was not expected");
    match token {
        Token::Sign("?") => Unread::Unknown(why),
        _ => Unread::Broken(why),
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

type Parsed = Result<Node, Unread>;

/// Signs of one level and what they mean.
type Level = &'static [(&'static str, Operator)];

const LEVELS: [Level; 5] = [
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("in", Operator::In),
    ],
    &[("+", Operator::Plus), ("-", Operator::Minus)],
    &[
        ("*", Operator::Times),
        ("/", Operator::Over),
        ("%", Operator::Modulo),
    ],
];

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Takes a sign, where it is next.
    fn take(&mut self, sign: &'static str) -> bool {
        let is_next = self.peek() == Some(&Token::Sign(sign));
        self.at += usize::from(is_next);
        is_next
    }

    fn require(&mut self, sign: &'static str) -> Result<(), Unread> {
        match self.take(sign) {
            true => Ok(()),
            false => Err(self.broken(&format!("`{sign}` is missing"))),
        }
    }

    /// Something else had to stand here.
    fn broken(&self, why: &str) -> Unread {
        match self.peek() {
            None => Unread::Broken("mismatched input '<EOF>'".into()),
            Some(Token::Sign("?")) => Unread::Unknown(why.into()),
            Some(_) => Unread::Broken(why.into()),
        }
    }

    fn name(&mut self) -> Result<String, Unread> {
        let Some(Token::Name(name)) = self.peek().cloned() else {
            return Err(self.broken("a name is missing"));
        };
        self.at += 1;
        Ok(name)
    }

    fn choice(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Unread::Unknown("too deep".into()));
        }
        let condition = self.level(0)?;
        let node = if self.take("?") {
            let then = self.choice()?;
            self.require(":")?;
            let otherwise = self.choice()?;
            Node::Choice(Box::new((condition, then, otherwise)))
        } else {
            condition
        };
        self.depth -= 1;
        Ok(node)
    }

    fn level(&mut self, level: usize) -> Parsed {
        let Some(signs) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.level(level + 1)?;
        while let Some((_, operator)) = signs.iter().find(|(sign, _)| self.take(sign)) {
            let right = self.level(level + 1)?;
            left = Node::Binary(*operator, Box::new((left, right)));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let (mut nots, mut minuses) = (0, 0);
        while self.take("!") {
            nots += 1;
        }
        while nots == 0 && self.take("-") {
            minuses += 1;
        }
        let mut node = self.member()?;
        for _ in 0..nots {
            node = Node::Not(Box::new(node));
        }
        for _ in 0..minuses {
            node = Node::Minus(Box::new(node));
        }
        Ok(node)
    }

    fn member(&mut self) -> Parsed {
        let mut node = self.primary()?;
        loop {
            if self.take(".") {
                let name = self.name()?;
                node = match self.take("(") {
                    true => self.method(node, &name)?,
                    false => Node::Field(Box::new(node), name),
                };
            } else if self.take("[") {
                let index = self.choice()?;
                self.require("]")?;
                node = Node::Index(Box::new(node), Box::new(index));
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Parsed {
        if self.take("(") {
            let node = self.choice()?;
            self.require(")")?;
            return Ok(node);
        }
        if self.take("[") {
            return self.items("]").map(Node::List);
        }
        if self.take("{") {
            return self.entries();
        }
        if let Some(Token::Literal(value)) = self.peek().cloned() {
            self.at += 1;
            return Ok(Node::Literal(value));
        }
        let name = self.name()?;
        match self.take("(") {
            true => self.function(&name),
            false => Ok(Node::Name(name)),
        }
    }

    /// Expressions up to a closing sign.
    fn items(&mut self, close: &'static str) -> Result<Vec<Node>, Unread> {
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(self.choice()?);
            if !self.take(",") {
                self.require(close)?;
                break;
            }
        }
        Ok(items)
    }

    fn entries(&mut self) -> Parsed {
        let mut entries = Vec::new();
        while !self.take("}") {
            let key = self.choice()?;
            self.require(":")?;
            entries.push((key, self.choice()?));
            if !self.take(",") {
                self.require("}")?;
                break;
            }
        }
        Ok(Node::Map(entries))
    }

    fn function(&mut self, name: &str) -> Parsed {
        let arguments = self.items(")")?;
        if name == "has" {
            return match <[Node; 1]>::try_from(arguments) {
                Ok([Node::Field(of, field)]) => Ok(Node::Has(of, field)),
                _ => Err(Unread::Broken("invalid argument to has() macro".into())),
            };
        }
        call(name, arguments)
    }

    fn method(&mut self, of: Node, name: &str) -> Parsed {
        let arguments = self.items(")")?;
        let asked = match name {
            "all" => Asked::All,
            "exists" => Asked::Exists,
            "exists_one" => Asked::ExistsOne,
            "map" => Asked::Map,
            "filter" => Asked::Filter,
            _ => {
                let all = [of].into_iter().chain(arguments);
                return call(name, all.collect());
            }
        };
        match <[Node; 2]>::try_from(arguments) {
            Ok([Node::Name(variable), body]) => Ok(Node::Macro(Box::new(Comprehension {
                kind: asked,
                over: of,
                variable,
                body,
            }))),
            _ => Err(Unread::Unknown(format!(
                "{name}() takes a variable and what is asked of it"
            ))),
        }
    }
}

fn call(name: &str, arguments: Vec<Node>) -> Parsed {
    match Function::named(name, arguments.len()) {
        Some(function) => Ok(Node::Call(function, arguments)),
        None => Err(Unread::Unknown(format!("{name}() is not known"))),
    }
}
