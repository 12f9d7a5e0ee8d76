//! What a table of families says of a kind: one figure of each object a family.

use super::read;
use crate::family::{Kind, Labels};
use crate::sheet::Sheet;
use serde_json::Value;

/// Families of a kind that are one figure of each object.
pub(super) struct Table {
    /// The kind.
    pub kind: &'static str,
    /// The label that carries the object's name.
    pub label: &'static str,
    /// The families.
    pub rows: &'static [Row],
}

/// A family: name, help, where its figure stands.
pub(super) type Row = (&'static str, &'static str, Figure);

/// Where a figure stands.
pub(super) enum Figure {
    /// A number; without it there is no sample.
    Number(&'static str),
    /// A number, and what it is where it does not stand.
    NumberOr(&'static str, f64),
    /// A time, as Unix seconds.
    Time(&'static str),
    /// 1 where a flag is set, else 0.
    Flag(&'static str),
    /// Always 1: the labels say it all.
    Info,
}

impl Figure {
    fn of(&self, object: &Value) -> Option<f64> {
        match self {
            Self::Number(pointer) => read::number(object, pointer),
            Self::NumberOr(pointer, other) => Some(read::number(object, pointer).unwrap_or(*other)),
            Self::Time(pointer) => read::time(object, pointer),
            Self::Flag(pointer) => Some(read::one(read::flag(object, pointer))),
            Self::Info => Some(1.0),
        }
    }
}

impl Table {
    /// Adds the samples of an object.
    pub fn add(&self, object: &Value, sheet: &mut Sheet) {
        let labels = self.labels(object);
        for (name, help, figure) in self.rows {
            let family = sheet.family(Kind::Gauge, name, help);
            if let Some(value) = figure.of(object) {
                family.add(labels.clone(), value);
            }
        }
    }

    fn labels(&self, object: &Value) -> Labels {
        let name = read::text(object, "/metadata/name").to_owned();
        match self.kind {
            "Node" | "Namespace" | "PersistentVolume" | "StorageClass" => vec![(self.label, name)],
            "Service" => {
                let mut labels = read::named(object, self.label);
                labels.push(("uid", read::text(object, "/metadata/uid").to_owned()));
                labels
            }
            _ => read::named(object, self.label),
        }
    }
}
