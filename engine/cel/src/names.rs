//! The names of an expression that something outside must give a meaning to.

use super::Node;
use super::functions::Function;
use alloc::vec::Vec;

/// Names of types, which are values too.
const TYPES: [&str; 14] = [
    "bool",
    "bytes",
    "double",
    "duration",
    "dyn",
    "google",
    "int",
    "list",
    "map",
    "null_type",
    "optional",
    "string",
    "timestamp",
    "type",
];

/// Free names, in order of reading.
pub(crate) fn free(node: &Node) -> Vec<&str> {
    let mut found = Vec::new();
    walk(node, &mut Vec::new(), &mut found);
    found
}

/// Free names of which a method is asked. `size`, `string`, `int` and `double` are functions as well.
pub(crate) fn receivers(node: &Node) -> Vec<&str> {
    let mut found = Vec::new();
    ask(node, &mut found);
    found
}

fn ask<'a>(node: &'a Node, found: &mut Vec<&'a str>) {
    if let Node::Call(function, items) = node {
        let only_method = !matches!(
            function,
            Function::Size | Function::Text | Function::Int | Function::Double
        );
        if let (true, Some(Node::Name(name))) = (only_method, items.first()) {
            found.push(name);
        }
    }
    for part in parts(node) {
        ask(part, found);
    }
}

fn parts(node: &Node) -> Vec<&Node> {
    match node {
        Node::Literal(_) | Node::Name(_) => Vec::new(),
        Node::Field(of, _) | Node::Has(of, _) | Node::Not(of) | Node::Minus(of) => [&**of].into(),
        Node::Index(of, index) => [&**of, &**index].into(),
        Node::List(items) | Node::Call(_, items) => items.iter().collect(),
        Node::Map(entries) => { entries.iter() }
            .flat_map(|(key, value)| [key, value])
            .collect(),
        Node::Binary(_, sides) => [&sides.0, &sides.1].into(),
        Node::Choice(all) => [&all.0, &all.1, &all.2].into(),
        Node::Macro(asked) => [&asked.over, &asked.body].into(),
    }
}

fn walk<'a>(node: &'a Node, bound: &mut Vec<&'a str>, found: &mut Vec<&'a str>) {
    match node {
        Node::Literal(_) => {}
        Node::Name(name) => {
            let known = bound.contains(&name.as_str()) || TYPES.contains(&name.as_str());
            if !known && name != "uint" {
                found.push(name);
            }
        }
        Node::Field(of, _) | Node::Has(of, _) | Node::Not(of) | Node::Minus(of) => {
            walk(of, bound, found);
        }
        Node::Index(of, index) => {
            walk(of, bound, found);
            walk(index, bound, found);
        }
        Node::List(items) | Node::Call(_, items) => {
            items.iter().for_each(|item| walk(item, bound, found));
        }
        Node::Map(entries) => entries.iter().for_each(|(key, value)| {
            walk(key, bound, found);
            walk(value, bound, found);
        }),
        Node::Binary(_, sides) => {
            walk(&sides.0, bound, found);
            walk(&sides.1, bound, found);
        }
        Node::Choice(parts) => {
            walk(&parts.0, bound, found);
            walk(&parts.1, bound, found);
            walk(&parts.2, bound, found);
        }
        Node::Macro(asked) => {
            walk(&asked.over, bound, found);
            bound.push(&asked.variable);
            walk(&asked.body, bound, found);
            bound.pop();
        }
    }
}
