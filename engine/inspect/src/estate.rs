//! The objects of a bundle, found by what one asks for: workloads with their pods, Services, nodes.

use crate::doc::{has, items, number, text, texts};
use crate::labels::{Labels, selects};
use aegis_model::bundle::{Bundle, ClusterEvent, Origin};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An object.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// Its namespace; empty if it is cluster-scoped or unknown.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// All of it.
    pub doc: &'a Value,
}

impl Object<'_> {
    /// `Kind/namespace/name`, or `Kind/name`.
    #[must_use]
    pub fn reference(&self) -> String {
        reference(self.kind, self.namespace, self.name)
    }
}

/// `Kind/namespace/name`, or `Kind/name`.
#[must_use]
pub fn reference(kind: &str, namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        format!("{kind}/{name}")
    } else {
        format!("{kind}/{namespace}/{name}")
    }
}

/// What keeps pods: a Deployment, StatefulSet, DaemonSet, a CronJob, or a Job, pod or ReplicaSet that nobody
/// owns.
#[derive(Debug)]
pub struct Workload<'a> {
    /// The object.
    pub object: Object<'a>,
    /// The spec of its pods.
    pub pod_spec: &'a Value,
    /// Labels of its pods.
    pub labels: Labels<'a>,
    /// Replicas asked for, where it counts them.
    pub desired: Option<i64>,
    /// Its pods, as positions in [`Estate::pods`].
    pub pods: Vec<usize>,
    /// Labels of its pods as they are: some are set while they run.
    pub pod_labels: Vec<Labels<'a>>,
    /// Names of its ReplicaSets.
    pub sets: BTreeSet<&'a str>,
}

/// A pod.
#[derive(Debug)]
pub struct Pod<'a> {
    /// The object.
    pub object: Object<'a>,
    /// Its node; empty if it has none.
    pub node: &'a str,
    /// Its phase; empty if unknown.
    pub phase: &'a str,
    /// Its workload, as a position in [`Estate::workloads`].
    pub workload: Option<usize>,
}

/// The objects, indexed.
#[derive(Debug)]
pub struct Estate<'a> {
    /// The bundle they are from.
    pub bundle: &'a Bundle,
    /// All of them.
    pub objects: Vec<Object<'a>>,
    /// What keeps pods.
    pub workloads: Vec<Workload<'a>>,
    /// Pods.
    pub pods: Vec<Pod<'a>>,
    by_name: BTreeMap<(&'a str, &'a str, &'a str), usize>,
}

const KEEPERS: &[&str] = &["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];

impl<'a> Estate<'a> {
    /// Indexes a bundle.
    #[must_use]
    pub fn of(bundle: &'a Bundle) -> Self {
        let objects: Vec<Object<'a>> = bundle.objects.iter().filter_map(object).collect();
        let mut by_name = BTreeMap::new();
        for (at, object) in objects.iter().enumerate() {
            by_name.insert((object.kind, object.namespace, object.name), at);
        }
        let mut estate = Self {
            bundle,
            objects,
            workloads: Vec::new(),
            pods: Vec::new(),
            by_name,
        };
        estate.keepers();
        estate.keep_pods();
        estate
    }

    fn keepers(&mut self) {
        for object in &self.objects {
            let owned = items(object.doc, "/metadata/ownerReferences")
                .next()
                .is_some();
            let keeper = KEEPERS.contains(&object.kind) && !(object.kind == "Job" && owned);
            if keeper || (object.kind == "ReplicaSet" && !owned) {
                let template = match object.kind {
                    "CronJob" => "/spec/jobTemplate/spec/template",
                    _ => "/spec/template",
                };
                self.workloads.push(workload(*object, template));
            }
        }
    }

    fn keep_pods(&mut self) {
        let places: BTreeMap<(&str, &str, &str), usize> = self
            .workloads
            .iter()
            .enumerate()
            .map(|(at, keeper)| (key(&keeper.object), at))
            .collect();
        let mut pods = Vec::new();
        let sets: Vec<Object<'a>> = self.of_kind("ReplicaSet").collect();
        for set in sets {
            if let Some(at) = self.owner_of(&set).and_then(|owner| places.get(&owner)) {
                self.workloads[*at].sets.insert(set.name);
            }
        }
        for object in self.objects.iter().filter(|object| object.kind == "Pod") {
            let keeper = self
                .keeper_of(object)
                .and_then(|keeper| places.get(&keeper));
            let at = keeper.copied().or_else(|| self.by_labels(object));
            pods.push(pod(*object, at));
        }
        self.pods = pods;
        for at in 0..self.pods.len() {
            match self.pods[at].workload {
                Some(keeper) => self.keep(keeper, at),
                None if !is_owned(&self.pods[at].object) => self.lone_pod(at),
                None => {}
            }
        }
    }

    fn keep(&mut self, keeper: usize, at: usize) {
        let labels = texts(self.pods[at].object.doc, "/metadata/labels").collect();
        self.workloads[keeper].pods.push(at);
        self.workloads[keeper].pod_labels.push(labels);
    }

    /// A pod that nobody keeps is its own workload.
    fn lone_pod(&mut self, at: usize) {
        let mut keeper = workload(self.pods[at].object, "");
        keeper.pods.push(at);
        keeper.desired = Some(1);
        self.pods[at].workload = Some(self.workloads.len());
        self.workloads.push(keeper);
    }

    /// The owner of a pod, through its ReplicaSet if it has one.
    fn keeper_of(&self, pod: &Object<'a>) -> Option<(&'a str, &'a str, &'a str)> {
        let owner = self.owner_of(pod)?;
        let above = self
            .by_name
            .get(&owner)
            .and_then(|at| self.owner_of(&self.objects[*at]));
        Some(above.unwrap_or(owner))
    }

    fn owner_of(&self, object: &Object<'a>) -> Option<(&'a str, &'a str, &'a str)> {
        let owner = items(object.doc, "/metadata/ownerReferences").next()?;
        Some((text(owner, "/kind"), object.namespace, text(owner, "/name")))
    }

    /// The workload whose selector takes a pod whose ReplicaSet is not in the bundle.
    fn by_labels(&self, pod: &Object<'a>) -> Option<usize> {
        let owner = items(pod.doc, "/metadata/ownerReferences").next()?;
        let labels: Labels<'_> = texts(pod.doc, "/metadata/labels").collect();
        self.workloads.iter().position(|keeper| {
            keeper.object.namespace == pod.namespace
                && text(owner, "/name").starts_with(keeper.object.name)
                && keeper
                    .object
                    .doc
                    .pointer("/spec/selector")
                    .is_some_and(|selector| selects(selector, &labels))
        })
    }

    /// All objects of a kind.
    pub fn of_kind<'b>(&'b self, kind: &'b str) -> impl Iterator<Item = Object<'a>> + use<'a, 'b> {
        self.objects
            .iter()
            .copied()
            .filter(move |object| object.kind == kind)
    }

    /// An object by its name.
    #[must_use]
    pub fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<Object<'a>> {
        let at = self.by_name.get(&(kind, namespace, name))?;
        Some(self.objects[*at])
    }

    /// Whether an object is in the input and was not taken: then it is what to mend, not what is missing.
    #[must_use]
    pub fn is_refused(&self, kind: &str, namespace: &str, name: &str) -> bool {
        let wanted = reference(kind, namespace, name);
        self.bundle.refused.iter().any(|one| one.object == wanted)
    }

    /// Whether objects of a kind were collected at all: only then does a missing one mean something.
    #[must_use]
    pub fn knows(&self, kind: &str, namespace: &str) -> bool {
        if self.bundle.origin == Origin::Settled {
            return true;
        }
        let mut of_kind = self.of_kind(kind);
        of_kind.any(|object| object.namespace == namespace)
    }

    /// Warnings about an object, oldest first as the bundle has them.
    pub fn warnings<'b>(
        &'b self,
        kind: &'b str,
        namespace: &'b str,
        name: &'b str,
    ) -> impl Iterator<Item = &'a ClusterEvent> + use<'a, 'b> {
        self.bundle.events.iter().filter(move |event| {
            event.warning
                && event.name == name
                && event.kind == kind
                && (event.namespace == namespace || event.namespace.is_empty())
        })
    }

    /// Warnings about a workload, its ReplicaSets and its pods.
    #[must_use]
    pub fn warnings_of(&self, at: usize) -> Vec<&'a ClusterEvent> {
        let keeper = &self.workloads[at];
        let namespace = keeper.object.namespace;
        let pods: BTreeSet<&str> = keeper
            .pods
            .iter()
            .map(|pod| self.pods[*pod].object.name)
            .collect();
        let about = |event: &ClusterEvent| match event.kind.as_str() {
            "Pod" => pods.contains(event.name.as_str()),
            "ReplicaSet" => keeper.sets.contains(event.name.as_str()),
            kind => kind == keeper.object.kind && event.name == keeper.object.name,
        };
        let all = self.bundle.events.iter();
        all.filter(|event| event.warning && event.namespace == namespace && about(event))
            .collect()
    }

    /// Pods that the workload at that place keeps.
    pub fn pods_of(&self, at: usize) -> impl Iterator<Item = &Pod<'a>> + Clone {
        let places = self.workloads[at].pods.iter();
        places.map(|place| &self.pods[*place])
    }

    /// Services whose selector takes a workload's pods.
    #[must_use]
    pub fn services_of(&self, at: usize) -> Vec<Object<'a>> {
        let keeper = &self.workloads[at];
        self.of_kind("Service")
            .filter(|service| service.namespace == keeper.object.namespace)
            .filter(|service| stands_before(service, keeper))
            .collect()
    }

    /// Workloads that a Service's selector takes.
    #[must_use]
    pub fn behind(&self, service: &Object<'_>) -> Vec<usize> {
        let places = 0..self.workloads.len();
        places
            .filter(|at| {
                let keeper = &self.workloads[*at];
                keeper.object.namespace == service.namespace && stands_before(service, keeper)
            })
            .collect()
    }

    /// A workload by its name.
    #[must_use]
    pub fn workload_named(&self, namespace: &str, name: &str) -> Option<usize> {
        self.workloads.iter().position(|keeper| {
            keeper.object.name == name
                && (namespace.is_empty() || keeper.object.namespace == namespace)
        })
    }

    /// The workload that a log, an alert or a metric means by a name: a pod, a workload, a Service.
    #[must_use]
    pub fn meant_by(&self, name: &str) -> Option<usize> {
        let home = self.bundle.namespace.as_deref().unwrap_or("");
        let pod = self.pods.iter().find(|pod| pod.object.name == name);
        pod.and_then(|pod| pod.workload)
            .or_else(|| self.workload_named(home, name))
            .or_else(|| {
                let service = self.of_kind("Service").find(|service| {
                    service.name == name && (home.is_empty() || service.namespace == home)
                })?;
                self.behind(&service).first().copied()
            })
    }
}

fn key<'a>(object: &Object<'a>) -> (&'a str, &'a str, &'a str) {
    (object.kind, object.namespace, object.name)
}

fn is_owned(object: &Object<'_>) -> bool {
    items(object.doc, "/metadata/ownerReferences")
        .next()
        .is_some()
}

/// Whether a Service takes the pods of a workload: as they are, or as new ones will be.
fn stands_before(service: &Object<'_>, keeper: &Workload<'_>) -> bool {
    takes(service, &keeper.labels)
        || keeper
            .pod_labels
            .iter()
            .any(|labels| takes(service, labels))
}

fn takes(service: &Object<'_>, labels: &Labels<'_>) -> bool {
    let mut wanted = texts(service.doc, "/spec/selector").peekable();
    wanted.peek().is_some() && wanted.all(|(key, value)| labels.get(key) == Some(&value))
}

fn object(doc: &Value) -> Option<Object<'_>> {
    let (kind, name) = (text(doc, "/kind"), text(doc, "/metadata/name"));
    (!kind.is_empty() && !name.is_empty()).then(|| Object {
        kind,
        namespace: text(doc, "/metadata/namespace"),
        name,
        doc,
    })
}

fn workload<'a>(object: Object<'a>, template: &str) -> Workload<'a> {
    let template = object.doc.pointer(template).unwrap_or(object.doc);
    let counts = matches!(object.kind, "Deployment" | "StatefulSet" | "ReplicaSet");
    let given = number(object.doc, "/spec/replicas");
    Workload {
        object,
        pod_spec: template.pointer("/spec").unwrap_or(template),
        labels: texts(template, "/metadata/labels").collect(),
        desired: match object.kind {
            _ if counts => given.or(Some(1)),
            "DaemonSet" => number(object.doc, "/status/desiredNumberScheduled"),
            _ => None,
        },
        pods: Vec::new(),
        pod_labels: Vec::new(),
        sets: BTreeSet::new(),
    }
}

fn pod<'a>(object: Object<'a>, workload: Option<usize>) -> Pod<'a> {
    Pod {
        object,
        node: text(object.doc, "/spec/nodeName"),
        phase: text(object.doc, "/status/phase"),
        workload,
    }
}

impl Pod<'_> {
    /// Whether all of its containers are ready; a pod that is done counts as ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        if self.phase == "Succeeded" {
            return true;
        }
        let condition = items(self.object.doc, "/status/conditions")
            .find(|condition| text(condition, "/type") == "Ready");
        let mut statuses = items(self.object.doc, "/status/containerStatuses").peekable();
        let known = statuses.peek().is_some();
        let ready = statuses.all(|status| status.pointer("/ready") == Some(&Value::Bool(true)));
        let said = condition.map(|condition| text(condition, "/status") == "True");
        self.phase == "Running" && said.unwrap_or(true) && (ready || !known)
    }

    /// Whether it is on its way out.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        has(self.object.doc, "/metadata/deletionTimestamp")
    }
}

impl Estate<'_> {
    /// Whether a namespace is the application's; every one is where the bundle names none.
    #[must_use]
    pub fn is_home(&self, namespace: &str) -> bool {
        let home = self.bundle.namespace.as_deref();
        home.is_none_or(|home| home == namespace)
    }

    /// Whether pods were collected at all.
    #[must_use]
    pub fn knows_pods(&self) -> bool {
        !self.pods.is_empty() || self.bundle.origin == Origin::Settled
    }
}

impl Workload<'_> {
    /// Whether its pods do their work and end.
    #[must_use]
    pub fn is_batch(&self) -> bool {
        matches!(self.object.kind, "Job" | "CronJob")
    }
}

impl<'a> Pod<'a> {
    /// The statuses of its containers, init containers first.
    pub fn statuses(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let doc = self.object.doc;
        items(doc, "/status/initContainerStatuses").chain(items(doc, "/status/containerStatuses"))
    }

    /// Whether a container of it waits for something that does not come by itself.
    #[must_use]
    pub fn is_held(&self) -> bool {
        const HELD: &[&str] = &[
            "CrashLoopBackOff",
            "ImagePullBackOff",
            "ErrImagePull",
            "ErrImageNeverPull",
            "InvalidImageName",
            "CreateContainerConfigError",
            "CreateContainerError",
            "RunContainerError",
        ];
        let waits = |status: &Value| HELD.contains(&text(status, "/state/waiting/reason"));
        self.statuses().any(waits) || self.phase == "Pending" && self.node.is_empty()
    }

    /// Whether a container of it is restarted again and again, for no good end.
    #[must_use]
    pub fn restarts_again(&self) -> bool {
        self.statuses().any(|status| {
            let failed =
                number(status, "/lastState/terminated/exitCode").is_some_and(|code| code != 0);
            let often = number(status, "/restartCount").unwrap_or(0) >= crate::symptoms::RESTARTS;
            let ready = status.pointer("/ready") == Some(&Value::Bool(true));
            failed && often && (!ready || number(status, "/restartCount").unwrap_or(0) > 0)
        })
    }
}
