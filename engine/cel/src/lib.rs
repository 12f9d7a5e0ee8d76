//! Expressions of admission, as policies and webhooks carry them: a part of the Common Expression
//! Language (<https://github.com/google/cel-spec>, doc/langdef.md).
//!
//! Values are JSON. Known are literals, lists, maps, operators, `has`, the macros over lists and maps
//! (`all`, `exists`, `exists_one`, `map`, `filter`), and the functions that [`functions`] lists. What
//! is not known is an error of reading ([`Unread`]), never a value: whoever asks must say what becomes
//! of an expression that is not understood. Regular expressions, time, the authorizer and Kubernetes'
//! libraries of addresses, URLs and quantities are not known.
//!
//! Reading and evaluating are bounded in depth and steps.
#![no_std]

extern crate alloc;

mod evaluate;
mod functions;
mod names;
mod parse;
mod tokens;

pub use evaluate::Variables;

use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;

/// An expression that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression(Node);

/// Why a text is no expression that is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It is no expression of the language.
    Broken(String),
    /// It may be one: of a part of the language that is not known here.
    Unknown(String),
}

/// Why an expression has no value, in the words of CEL: `no such key: a`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoValue(pub String);

/// A part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Literal(Value),
    Name(String),
    /// `of.field`.
    Field(alloc::boxed::Box<Node>, String),
    /// `of[index]`.
    Index(alloc::boxed::Box<Node>, alloc::boxed::Box<Node>),
    /// `has(of.field)`.
    Has(alloc::boxed::Box<Node>, String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Not(alloc::boxed::Box<Node>),
    Minus(alloc::boxed::Box<Node>),
    Binary(Operator, alloc::boxed::Box<(Node, Node)>),
    /// `if ? then : otherwise`.
    Choice(alloc::boxed::Box<(Node, Node, Node)>),
    /// `name(arguments)`, or `of.name(arguments)` with `of` first.
    Call(functions::Function, Vec<Node>),
    /// `over.all(variable, body)` and its like.
    Macro(alloc::boxed::Box<Comprehension>),
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the operator of that name")]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    In,
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
}

/// What is asked of the items of a list, or of the keys of a map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comprehension {
    pub(crate) kind: Asked,
    pub(crate) over: Node,
    pub(crate) variable: String,
    pub(crate) body: Node,
}

/// Which macro.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is not known here, or no expression.
    pub fn read(text: &str) -> Result<Self, Unread> {
        parse::read(text).map(Self)
    }

    /// The names that it takes from outside: not those of its own macros, nor of types.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        names::free(&self.0).into_iter()
    }

    /// Names of which a method is asked: those that nobody declared may be libraries' (`ip.isCanonical(…)`).
    pub fn receivers(&self) -> impl Iterator<Item = &str> {
        names::receivers(&self.0).into_iter()
    }

    /// Its value.
    ///
    /// # Errors
    /// A field that is not there, operands that do not fit, too many steps.
    pub fn value(&self, variables: &Variables<'_>) -> Result<Value, NoValue> {
        evaluate::value(&self.0, variables)
    }
}
