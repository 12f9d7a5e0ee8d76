//! Calls of the API server by what runs in a pod: as its account, by what RBAC lets it do.

use super::sync::Sync;
use aegis_cluster::api::{self, Actor, Propagation};
use aegis_cluster::rbac::{self, Request, Subject};
use aegis_cluster::workings::Slot;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{FieldChange, FieldPath};
use aegis_shell::{Call, Cascade, KubectlDeed, Place};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;
use smol_str::SmolStr;

/// Kinds of resources of which a missing one is known to be missing.
const FOUND: [(&str, Kind); 9] = [
    ("configmaps", Kind::ConfigMap),
    ("daemonsets", Kind::DaemonSet),
    ("deployments", Kind::Deployment),
    ("jobs", Kind::Job),
    ("pods", Kind::Pod),
    ("secrets", Kind::Secret),
    ("services", Kind::Service),
    ("statefulsets", Kind::StatefulSet),
    ("nodes", Kind::Node),
];

/// Kinds of resources that commands change here.
const CHANGED: [(&str, Kind); 11] = [
    ("configmaps", Kind::ConfigMap),
    ("cronjobs", Kind::CronJob),
    ("daemonsets", Kind::DaemonSet),
    ("deployments", Kind::Deployment),
    ("jobs", Kind::Job),
    ("nodes", Kind::Node),
    ("pods", Kind::Pod),
    ("replicasets", Kind::ReplicaSet),
    ("secrets", Kind::Secret),
    ("services", Kind::Service),
    ("statefulsets", Kind::StatefulSet),
];

/// What kubectl asks for: the background where nothing is said.
const fn propagation(cascade: Option<Cascade>) -> Propagation {
    match cascade {
        None | Some(Cascade::Background) => Propagation::Background,
        Some(Cascade::Foreground) => Propagation::Foreground,
        Some(Cascade::Orphan) => Propagation::Orphan,
    }
}

impl<P: Clone> Sync<'_, P> {
    /// What comes of a call: nothing, or what kubectl prints before it exits with 1.
    pub fn call(&mut self, call: &Call) -> Result<(), String> {
        let namespace = self.asked(call)?;
        self.done(call, &namespace)
    }

    /// Whether the account may make the call, and there is what it names; gives the namespace.
    fn asked(&self, call: &Call) -> Result<SmolStr, String> {
        let row = self.row();
        let template = &self.cluster.objects.templates[row.template.index()];
        let spec = &template.spec.spec;
        if template.doc["spec"]["automountServiceAccountToken"] == false {
            return Err("The connection to the server localhost:8080 was refused - did you specify the right host or port?".into());
        }
        let named = spec.service_account_name.as_deref().unwrap_or_default();
        let subject = Subject {
            namespace: &row.namespace,
            account: if named.is_empty() { "default" } else { named },
        };
        let namespace = match &call.place {
            Place::Own => Some(row.namespace.as_str()),
            Place::Named(name) => Some(name.as_str()),
            Place::All => None,
        };
        for verb in call.verbs {
            let request = Request {
                verb,
                group: call.group,
                resource: &call.resource,
                name: call.name.as_deref(),
                namespace: namespace.filter(|_| rbac::is_namespaced(&call.resource)),
            };
            if !rbac::may(self.cluster, &subject, &request) {
                if call.deed == KubectlDeed::CanI {
                    return Err("no".into());
                }
                let why = rbac::forbidden(&subject, &request);
                return Err(format!("Error from server (Forbidden): {why}"));
            }
        }
        let namespace = namespace.unwrap_or_default();
        match call.deed {
            KubectlDeed::CanI => {}
            _ => self.there(call, namespace)?,
        }
        Ok(namespace.into())
    }

    /// Does what the command does, in the account's name.
    fn done(&mut self, call: &Call, namespace: &str) -> Result<(), String> {
        let bare = call.resource.split('/').next().unwrap_or_default();
        let known = CHANGED.iter().find(|(resource, _)| *resource == bare);
        let (Some((_, kind)), Some(name)) = (known, &call.name) else {
            return Ok(());
        };
        let inside = if rbac::is_namespaced(bare) {
            namespace
        } else {
            ""
        };
        let object = ObjectRef::new(kind.clone(), inside, name);
        let user = self.user();
        let actor = Actor::Recorded(&user);
        let Some(slot) = api::find(self.cluster, &object) else {
            return Ok(());
        };
        let written = match (&call.deed, slot) {
            (KubectlDeed::Deletes(cascade), _) => {
                api::delete_by(self.cluster, &object, propagation(*cascade), actor)
            }
            (KubectlDeed::Drains, Slot::Node(node)) => api::drain(self.cluster, node, actor),
            (KubectlDeed::Uncordons, Slot::Node(node)) => api::uncordon(self.cluster, node, actor),
            (deed, slot) => {
                let fields = self.fields(deed, slot);
                match fields.is_empty() {
                    true => Ok(()),
                    false => api::update(self.cluster, &object, &fields, actor),
                }
            }
        };
        written.map_err(|error| format!("Error from server: {error}"))
    }

    /// The fields that a command changes.
    fn fields(&self, deed: &KubectlDeed, slot: Slot) -> Vec<FieldChange> {
        let spec = FieldPath::default().key("spec");
        let metadata = FieldPath::default().key("metadata");
        let one = |path: FieldPath, after: Option<Value>| {
            let before = None;
            Vec::from([FieldChange {
                path,
                before,
                after,
            }])
        };
        let each = |list: &str, pairs: &[(SmolStr, Option<SmolStr>)]| {
            let at = metadata.key(list);
            let change = |(key, value): &(SmolStr, Option<SmolStr>)| {
                one(at.key(key), value.as_ref().map(|text| text.as_str().into()))
            };
            pairs.iter().flat_map(change).collect()
        };
        match deed {
            KubectlDeed::Scales(replicas) => one(spec.key("replicas"), Some((*replicas).into())),
            KubectlDeed::Cordons => one(spec.key("unschedulable"), Some(true.into())),
            KubectlDeed::Restarts => {
                let at = spec.key("template").key("metadata").key("annotations");
                let at = at.key("kubectl.kubernetes.io/restartedAt");
                one(at, Some(format!("{}", self.now.0).into()))
            }
            KubectlDeed::Undoes => match slot {
                Slot::Workload(id) => api::previous_template(self.cluster, id, None)
                    .map(|template| one(spec.key("template"), Some((*template).clone())))
                    .unwrap_or_default(),
                _ => Vec::new(),
            },
            KubectlDeed::Labels(pairs) => each("labels", pairs),
            KubectlDeed::Annotates(pairs) => each("annotations", pairs),
            _ => Vec::new(),
        }
    }

    /// The name of the account as which the pod calls.
    fn user(&self) -> String {
        let row = self.row();
        let spec = &self.cluster.objects.templates[row.template.index()]
            .spec
            .spec;
        let named = spec.service_account_name.as_deref().unwrap_or_default();
        let account = if named.is_empty() { "default" } else { named };
        format!("system:serviceaccount:{}:{account}", row.namespace)
    }

    fn there(&self, call: &Call, namespace: &str) -> Result<(), String> {
        let bare = call.resource.split('/').next().unwrap_or_default();
        let known = FOUND.iter().find(|(resource, _)| *resource == bare);
        let (Some((_, kind)), Some(name)) = (known, &call.name) else {
            return Ok(());
        };
        let object = ObjectRef::new(kind.clone(), namespace, name);
        if api::find(self.cluster, &object).is_some() || call.verbs == ["create"] {
            return Ok(());
        }
        let resource = api::resource(kind);
        Err(format!(
            "Error from server (NotFound): {resource} {name:?} not found"
        ))
    }
}
