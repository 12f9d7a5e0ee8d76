//! What thinks: from observations to a plan, without an oracle.
//!
//! Every step is a pure function over what an operator could see and over
//! twins made from it. This crate cannot name a world: `aegis-world` is not
//! among its dependencies, and a twin is never made from anything but
//! observations.

pub mod advice;
pub mod baseline;
pub mod calibrate;
pub mod case;
pub mod course;
pub mod critics;
pub mod debate;
pub mod detect;
pub mod diagnose;
pub mod estimated;
pub mod forecast;
pub mod genome;
pub mod history;
pub mod likelihood;
pub mod onset;
pub mod plan;
pub mod proof;
pub mod remembered;
pub mod risk;
pub mod seen;
pub mod select;
pub mod series;
pub mod shadow;
pub mod signature;
pub mod topology;
pub mod trial;
pub mod twin;
pub mod undo;
pub mod unmade;
pub mod watch;
pub mod words;

pub use calibrate::Calibration;
pub use case::Case;
pub use estimated::Estimated;
pub use genome::Genome;
pub use history::History;
pub use series::{Measure, SeriesKey, SeriesSet};
pub use topology::Topology;
pub use trial::{Trial, play};
pub use twin::Twin;

use aegis_model::kubernetes::ObjectRef;
use aegis_model::{NodeId, Objects, PlainId, PolicyId, ServiceId, Target, WorkloadId};

/// The id of the newest object of that name; [`Target::Cluster`] where there is none of a kind that is reasoned over.
#[must_use]
pub fn resolve(objects: &Objects, reference: &ObjectRef) -> Target {
    let mut found = Target::Cluster;
    let mut note = |header: &aegis_model::objects::Header, target: Target| {
        if header.reference == *reference {
            found = target;
        }
    };
    objects
        .workloads
        .enumerate()
        .for_each(|(i, row)| note(&row.header, Target::Workload(WorkloadId::from(i))));
    objects
        .services
        .enumerate()
        .for_each(|(i, row)| note(&row.header, Target::Service(ServiceId::from(i))));
    objects
        .nodes
        .enumerate()
        .for_each(|(i, row)| note(&row.header, Target::Node(NodeId::from(i))));
    objects
        .policies
        .enumerate()
        .for_each(|(i, row)| note(&row.header, Target::Policy(PolicyId::from(i))));
    objects
        .plain
        .enumerate()
        .for_each(|(i, row)| note(&row.header, Target::Plain(PlainId::from(i))));
    found
}
