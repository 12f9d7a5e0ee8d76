//! Graphs that cannot run are refused before they do, by name.

use aegis_graphs::executor::{Blueprint, GraphError, NodeSpec, node};

use crate::kitchen::*;

/// A node that goes where it may.
fn at(id: &'static str, to: &[&'static str]) -> NodeSpec<Kitchen> {
    node(At(id), |_, _| Step::new()).to(to.iter().map(|n| At(n)))
}

fn graph(nodes: impl IntoIterator<Item = NodeSpec<Kitchen>>) -> Blueprint<Kitchen> {
    nodes.into_iter().fold(blueprint("a"), Blueprint::with)
}

fn refused(blueprint: Blueprint<Kitchen>) -> String {
    blueprint
        .build()
        .err()
        .map_or("accepted".to_owned(), |e: GraphError| e.to_string())
}

#[test]
fn what_is_wrong_with_a_graph_is_said() {
    let a = || at("a", &["b"]);
    let b = || at("b", &[]).exits();
    let cases = [
        (graph([a(), b()]), "accepted"),
        (
            graph([a(), a(), b()]),
            "graph `kitchen` declares node `a` twice",
        ),
        (
            graph([b()]),
            "graph `kitchen` is to be entered at `a`, which it does not declare",
        ),
        (
            graph([at("a", &["z"]), b()]),
            "node `a` names `z`, which graph `kitchen` does not declare",
        ),
        (
            graph([a().each([At("z")]), b()]),
            "node `a` names `z`, which graph `kitchen` does not declare",
        ),
        (
            graph([a(), b().join([At("z")])]),
            "node `b` names `z`, which graph `kitchen` does not declare",
        ),
        (
            graph([at("a", &[]).exits(), b()]),
            "node `b` cannot be reached from the entry",
        ),
        (
            graph([a(), at("b", &[])]),
            "graph `kitchen` has no exit: mark at least one node with `exits`",
        ),
        (
            graph([at("a", &["b", "c"]), b(), at("c", &[])]),
            "no path leads from node `c` to an exit",
        ),
        (
            graph([at("a", &["b", "c"]), b(), at("c", &["c"])]),
            "no path leads from node `c` to an exit",
        ),
    ];
    for (blueprint, expected) in cases {
        assert_eq!(refused(blueprint), expected);
    }
}

#[test]
fn what_is_wrong_further_in_is_said_too() {
    let a = || at("a", &["b"]);
    let b = || at("b", &[]).exits();
    let sub = |inner| NodeSpec::sub_graph(At("b"), inner);
    let cases = [
        (
            graph([a(), b().join([])]),
            "join `b` waits for `nothing`, which never goes there",
        ),
        (
            graph([
                at("a", &["b", "c"]),
                b().join([At("a"), At("c")]),
                at("c", &[]).exits(),
            ]),
            "join `b` waits for `c`, which never goes there",
        ),
        (
            graph([
                a(),
                at("b", &["c"]).join([At("a"), At("c")]),
                at("c", &["b"]).exits(),
            ]),
            "join `b` can never be complete: it waits for `c`, which comes only after it",
        ),
        (
            graph([
                at("a", &["b", "c"]),
                at("b", &["c"]).join([At("a"), At("c")]),
                at("c", &["b"]).gather([At("a"), At("b")]).exits(),
            ]),
            "join `b` can never be complete: it waits for `c`, which comes only after it",
        ),
        (
            graph([a(), at("b", &["a"]).exits()]),
            "node `a` lies on a cycle, and the graph has no limit of steps",
        ),
        (
            graph([a(), at("b", &["b"]).exits()]),
            "node `b` lies on a cycle, and the graph has no limit of steps",
        ),
        (
            graph([a(), at("b", &["a"]).exits()]).limits(steps(9)),
            "accepted",
        ),
        (graph([a(), sub(graph([at("a", &[]).exits()]))]), "accepted"),
        (
            graph([a(), sub(graph([at("a", &["q"]).exits()]))]),
            "node `a` names `q`, which graph `kitchen` does not declare",
        ),
        (
            graph([
                a(),
                sub(graph([at("a", &[]).exits(), at("c", &[]).exits()])),
            ]),
            "node `b/c` cannot be reached from the entry",
        ),
        (
            graph([a(), sub(graph([at("a", &[]).exits()])).join([At("a")])]),
            "node `b` is a sub-graph: it takes edges by `to` only, no join, copies, exit beside edges, or policy",
        ),
    ];
    for (blueprint, expected) in cases {
        assert_eq!(refused(blueprint), expected);
    }
}

#[test]
fn the_version_of_a_graph_follows_its_shape() {
    let version = |b: Blueprint<Kitchen>| b.build().expect("a sound graph").version();
    let a = || at("a", &["b"]);
    let b = || at("b", &[]).exits();
    let base = version(graph([a(), b()]));
    assert_eq!(base, version(graph([a(), b()])));
    let others = [
        version(graph([a().exits(), b()])),
        version(graph([a().policy(attempts(2)), b()])),
        version(graph([a(), b()]).limits(steps(9))),
        version(graph([a(), b().join([At("a")])])),
        version(Blueprint::new("kitchen", "2", At("a")).with(a()).with(b())),
        version(Blueprint::new("canteen", "1", At("a")).with(a()).with(b())),
    ];
    for (i, other) in others.iter().enumerate() {
        assert_ne!(base, *other, "case {i}");
    }
}
