//! Words of `chaos`: what happens, and when.

use super::{Shape, Words, optional, required};

pub(super) static ENTRY: Words = Words {
    words: &[
        required("at", Shape::Length, "When, from time 0."),
        optional(
            "for",
            Shape::Length,
            "How long; without it it stays until it is mended.",
        ),
        optional(
            "fault",
            Shape::Text,
            "An id of the catalogue, or one of the five events.",
        ),
        optional(
            "stage",
            Shape::Text,
            "An id of the catalogue: what that fault needs of an application (a claim, a Secret) is put there.",
        ),
        optional("target", Shape::Object, "What the fault acts on."),
        optional("parameters", Shape::Any, "Sizes of the fault, by name."),
        optional(
            "actor",
            Shape::Text,
            "Who makes the change; default user:deployer.",
        ),
        optional(
            "every",
            Shape::Length,
            "After which time the actor makes it again.",
        ),
        optional(
            "patch",
            Shape::Words(&super::PATCH),
            "A change of an object.",
        ),
        optional(
            "apply",
            Shape::Any,
            "An object that is created or replaced.",
        ),
        optional(
            "delete",
            Shape::Either(&[Shape::Object, Shape::Words(&CHOICE)]),
            "An object that is deleted.",
        ),
        optional(
            "propagationPolicy",
            Shape::OneOf(&["Background", "Foreground", "Orphan"]),
            "With delete: what becomes of what the object owns; default Background.",
        ),
        optional("load", Shape::Words(&LOAD), "Users send more, or less."),
    ],
    exactly_one: &["fault", "stage", "patch", "apply", "delete", "load"],
};

static CHOICE: Words = Words {
    words: &[
        optional("kind", Shape::Text, "With a selector: the kind."),
        optional(
            "selector",
            Shape::Any,
            "Labels, all of which must be there.",
        ),
        optional("owner", Shape::Object, "Pods of this workload."),
    ],
    exactly_one: &["selector", "owner"],
};

static LOAD: Words = Words {
    words: &[
        required("to", Shape::Text, "The entry."),
        required(
            "rps",
            Shape::Number(0.0, 1e7),
            "Requests per second from then on.",
        ),
    ],
    exactly_one: &[],
};
