//! Rules that some objects set for others: gathered when such an object changes, looked up per write.

use super::index::Slot;
use crate::api::admission::{Amounts, Demand, Life};
use aegis_model::{Doc, PlainId, PodId, TemplateId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::Value;
use smol_str::SmolStr;

/// What admission knows. All of it follows from the objects.
#[derive(Debug, Default, Clone)]
pub struct Policies {
    /// Whether an object that sets rules came, changed or went since they were gathered.
    pub(crate) stale: bool,
    /// Rules by namespace; those without any have no entry.
    pub(crate) namespaces: Arc<BTreeMap<SmolStr, Rules>>,
    /// Configurations of webhooks, mutating ones first, by name.
    pub(crate) hooks: Arc<Vec<Doc>>,
    /// The PriorityClass of pods that name none.
    pub(crate) default_class: Option<Doc>,
    /// What admission made of a revision's template.
    pub(crate) variants: Arc<BTreeMap<TemplateId, TemplateId>>,
    /// What mutating webhooks made of it, by what they wrote.
    pub(crate) mutated: Arc<BTreeMap<(TemplateId, String), TemplateId>>,
    /// ResourceQuotas, by id.
    pub(crate) ledgers: Arc<Vec<Ledger>>,
    /// Pods that count in some quota.
    pub(crate) charged: Arc<BTreeMap<PodId, Life>>,
    /// Pods that may count otherwise now.
    pub(crate) dirty: Arc<BTreeSet<PodId>>,
    /// Namespaces without a document in which something lies from the start.
    pub(crate) settled: Arc<BTreeSet<SmolStr>>,
    /// Namespaces that go when nothing is left in them, each with something that was there last.
    pub(crate) terminating: Arc<BTreeMap<PlainId, Option<Slot>>>,
    /// State of the index when objects that are no pods were last counted.
    pub(crate) counted: u32,
}

/// Rules of one namespace.
#[derive(Debug, Default, Clone)]
pub(crate) struct Rules {
    /// Items of each LimitRange, with defaults.
    pub(crate) limits: Vec<Vec<Value>>,
    /// Positions of its quotas among the ledgers.
    pub(crate) quotas: Vec<usize>,
    /// What its pods must be like.
    pub(crate) enforce: Option<Demand>,
}

/// A ResourceQuota and what is used of it.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    /// The quota.
    pub(crate) quota: PlainId,
    /// Its namespace.
    pub(crate) namespace: SmolStr,
    /// Its name.
    pub(crate) name: SmolStr,
    /// Its document.
    pub(crate) document: Doc,
    /// `spec.hard`.
    pub(crate) hard: Amounts,
    /// Used by pods.
    pub(crate) by_pods: Amounts,
    /// Used by other objects.
    pub(crate) by_others: Amounts,
}

impl Policies {
    /// Notes that a pod came, ended or went.
    pub(crate) fn mark(&mut self, pod: PodId) {
        if !self.ledgers.is_empty() && !self.dirty.contains(&pod) {
            Arc::make_mut(&mut self.dirty).insert(pod);
        }
    }
}
