//! Gathers the rules that objects set for others.

use super::{Demand, limits, quotas};
use crate::api::error::plural_of;
use crate::cluster::Cluster;
use crate::workings::{Ledger, Rules};
use aegis_model::kubernetes::Kind;
use aegis_model::objects::Header;
use aegis_model::{Doc, PlainId};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Whether objects of a kind set rules for others.
pub(crate) fn sets_rules(kind: &Kind) -> bool {
    const KINDS: [&str; 10] = [
        "LimitRange",
        "MutatingWebhookConfiguration",
        "Namespace",
        "PriorityClass",
        "ResourceQuota",
        "RuntimeClass",
        "ServiceAccount",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    ];
    KINDS.contains(&kind.as_str())
}

/// The plural of a kind, without its group.
pub(super) fn plural(kind: &Kind) -> String {
    // A kind that another group has too is kept as `Kind.group`.
    let bare = kind.as_str().split('.').next().unwrap_or_default();
    plural_of(bare)
}

/// Gathers the rules anew, where one has changed.
pub(super) fn freshen<P>(cluster: &mut Cluster<P>) {
    if !cluster.workings.policies.stale {
        return;
    }
    let mut gathered = Gathered::default();
    for (index, row) in cluster.objects.plain.enumerate() {
        if row.header.exists() && sets_rules(&row.header.reference.kind) {
            gathered.take(PlainId::from(index), &row.header);
        }
    }
    let policies = &mut cluster.workings.policies;
    policies.stale = false;
    policies.hooks = gathered.hooks();
    policies.namespaces = Arc::new(gathered.namespaces);
    policies.ledgers = Arc::new(gathered.ledgers);
    policies.default_class = gathered.default_class;
    policies.variants = Arc::default();
    policies.mutated = Arc::default();
    quotas::count(cluster);
}

#[derive(Default)]
struct Gathered {
    namespaces: BTreeMap<SmolStr, Rules>,
    ledgers: Vec<Ledger>,
    default_class: Option<Doc>,
    /// Configurations with what they are ordered by.
    configurations: Vec<(SmolStr, SmolStr, Doc)>,
}

impl Gathered {
    fn take(&mut self, id: PlainId, header: &Header) {
        let reference = &header.reference;
        match reference.kind.as_str() {
            "LimitRange" => {
                let items = limits::items(&header.doc);
                self.rules(&reference.namespace).limits.push(items);
            }
            "ResourceQuota" => self.quota(id, header),
            "Namespace" => {
                let demand = Demand::of(&header.labels, "enforce");
                if demand.is_some() {
                    self.rules(&reference.name).enforce = demand;
                }
            }
            "PriorityClass" => {
                let default = Some(&header.doc).filter(|doc| doc["globalDefault"] == true);
                self.default_class = self.default_class.take().or(default.cloned());
            }
            // They are looked up by name; what they wrote into pods is no longer true.
            "RuntimeClass" | "ServiceAccount" => {}
            kind => {
                let configuration = (kind.into(), reference.name.clone(), header.doc.clone());
                self.configurations.push(configuration);
            }
        }
    }

    fn rules(&mut self, namespace: &SmolStr) -> &mut Rules {
        self.namespaces.entry(namespace.clone()).or_default()
    }

    fn quota(&mut self, id: PlainId, header: &Header) {
        let namespace = header.reference.namespace.clone();
        let position = self.ledgers.len();
        self.rules(&namespace).quotas.push(position);
        self.ledgers.push(Ledger {
            quota: id,
            namespace,
            name: header.reference.name.clone(),
            document: header.doc.clone(),
            hard: super::claim::amounts(&header.doc["spec"]["hard"]),
            by_pods: BTreeMap::new(),
            by_others: BTreeMap::new(),
        });
    }

    /// `Mutating…` comes before `Validating…`, as it does by name.
    fn hooks(&mut self) -> Arc<Vec<Doc>> {
        let mut all = core::mem::take(&mut self.configurations);
        all.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        Arc::new(all.into_iter().map(|(_, _, document)| document).collect())
    }
}
