//! From a fault to an overlay.

use crate::fault::{Fault, Lasting, Part};
use aegis_model::overlay::{Ends, Held};
use aegis_model::{Laid, Overlay, Procedure, Subject, TemplateId, Tick};
use std::sync::Arc;

/// Where, when and how large.
#[derive(Debug, Clone, Copy)]
pub struct Laying<'a> {
    /// What the mechanisms act on.
    pub subject: Subject,
    /// Sizes in the order of the fault's parameters; what is missing is at its default.
    pub parameters: &'a [f64],
    /// First tick.
    pub from: Tick,
    /// First tick without it; [`Tick::NEVER`] stays until mended.
    pub until: Tick,
    /// The revision that is at fault, for a defect of what was rolled out; without it such a
    /// defect stays through every revision.
    pub template: Option<TemplateId>,
    /// What was written, for what lasts as long as it stands.
    pub held: Option<&'a Arc<Held>>,
}

/// The overlay that a fault is. Empty for a fault that is nothing but a change of an object.
#[must_use]
pub fn overlay(fault: &Fault, laying: &Laying<'_>) -> Overlay {
    let sizes: Vec<f64> = fault
        .parameters
        .iter()
        .enumerate()
        .map(|(index, parameter)| {
            laying
                .parameters
                .get(index)
                .copied()
                .unwrap_or(parameter.default)
        })
        .collect();
    let repair = fault.repair();
    Overlay(
        fault
            .parts
            .iter()
            .map(|part| laid(part, laying, &sizes, repair))
            .collect(),
    )
}

fn laid(part: &Part, laying: &Laying<'_>, sizes: &[f64], repair: Option<Procedure>) -> Laid {
    let until = match part.lasting {
        Lasting::Parameter(index) => {
            let seconds = sizes.get(index).copied().unwrap_or_default();
            laying.until.min(laying.from.after(seconds.max(1.0) as u32))
        }
        _ => laying.until,
    };
    Laid {
        mechanism: (part.mechanism)(sizes),
        subject: laying.subject,
        from: laying.from,
        until,
        repair,
        ends: match (part.lasting, laying.template, laying.held) {
            (Lasting::Revision, Some(template), _) => Ends::WithRevision(template.0),
            (Lasting::Pod, _, _) => Ends::WithPod,
            (Lasting::Change, _, Some(held)) => Ends::WithField(Arc::clone(held)),
            _ => Ends::WithTime,
        },
    }
}
