//! The names of an expression that something outside must give a meaning to.

use super::Node;
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
