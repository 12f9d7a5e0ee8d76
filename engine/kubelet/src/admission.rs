//! What a kubelet refuses to run, and says why.
//! Sources: pkg/kubelet/lifecycle/predicate.go, pkg/kubelet/eviction/eviction_manager.go `Admit`.

use super::sync::Sync;
use aegis_cluster::api;
use aegis_cluster::api::pods::set_phase;
use aegis_cluster::rules::{MEMORY_PRESSURE, NodeView, matches_node, tolerates};
use aegis_cluster::workings::{HostPort, Stage};
use aegis_model::PodId;
use aegis_model::kubernetes::{Qos, Taint};
use aegis_model::objects::{ConditionStatus, PodPhase, Severity};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use smol_str::{SmolStr, format_smolstr};

/// Why a pod is refused.
struct Refusal {
    reason: SmolStr,
    message: String,
}

impl<P: Clone> Sync<'_, P> {
    /// Refuses the pod if its node may not run it; returns whether it did.
    pub fn refuse(&mut self) -> bool {
        let refusal = self.under_pressure();
        let refusal = match self.is_bound_by_hand() {
            true => refusal
                .or_else(|| self.too_large_even_alone())
                .or_else(|| self.unselected())
                .or_else(|| self.crowded_ports())
                .or_else(|| self.untolerated()),
            // What the scheduler binds fits: it has looked.
            false => refusal,
        };
        let Some(Refusal { reason, message }) = refusal else {
            return false;
        };
        self.say(Severity::Warning, &reason, &message);
        let now = self.now;
        let row = &mut self.cluster.objects.pods[self.pod.index()];
        row.started = row.started.or(Some(now));
        row.reason = Some(reason);
        row.message = Some(format!("Pod was rejected: {message}").into());
        // A refused pod has no containers, and no conditions but that of the scheduler.
        row.containers.clear();
        self.run.containers.clear();
        self.run.stage = Stage::Over;
        set_phase(self.cluster, self.pod, PodPhase::Failed);
        let scheduler = &mut self.cluster.workings.scheduler;
        scheduler.release(&self.cluster.objects, self.pod);
        true
    }

    fn is_bound_by_hand(&self) -> bool {
        let template = self.row().template;
        let spec = &self.cluster.objects.templates[template.index()].spec.spec;
        spec.node_name.is_some()
    }

    /// Under memory pressure `BestEffort` pods are refused, under any other all that are not critical.
    fn under_pressure(&self) -> Option<Refusal> {
        let node = &self.cluster.objects.nodes[self.node.index()];
        let kinds = ["MemoryPressure", "DiskPressure", "PIDPressure"];
        let present: Vec<&str> = kinds
            .into_iter()
            .filter(|kind| node.condition(kind) == ConditionStatus::True)
            .collect();
        if present.is_empty() || api::is_critical(&self.cluster.objects, self.pod) {
            return None;
        }
        if present == ["MemoryPressure"] && self.stands_memory_pressure() {
            return None;
        }
        Some(Refusal {
            reason: "Evicted".into(),
            message: format!("The node had condition: [{}]. ", present.join(" ")),
        })
    }

    fn stands_memory_pressure(&self) -> bool {
        let template = self.row().template;
        let spec = &self.cluster.objects.templates[template.index()].spec.spec;
        let taint = Taint {
            key: MEMORY_PRESSURE.into(),
            effect: "NoSchedule".into(),
            ..Taint::default()
        };
        Qos::of(spec) != Qos::BestEffort
            || spec.tolerations.iter().any(|one| tolerates(one, &taint))
    }

    /// As [`Self::too_large`], for a critical pod after others have made room for it.
    fn too_large_even_alone(&mut self) -> Option<Refusal> {
        let refusal = self.too_large()?;
        if api::is_critical(&self.cluster.objects, self.pod) && self.make_room() {
            return None;
        }
        Some(refusal)
    }

    /// The first resource of which the node has too little beside the pods that it runs already.
    fn too_large(&mut self) -> Option<Refusal> {
        let amounts = self.cluster.objects.nodes[self.node.index()]
            .capacity
            .clone();
        let list = if amounts.allocatable.0.is_empty() {
            &amounts.capacity
        } else {
            &amounts.allocatable
        };
        let others = self.admitted();
        let pods = list
            .get("pods")
            .map_or(u64::MAX, |pods| (pods.milli / 1000) as u64);
        if others.len() as u64 + 1 > pods {
            return Some(lacking("pods", 1, others.len() as u64, pods));
        }
        let own = self.demand(self.pod);
        let (mut cpu, mut memory) = (0, 0);
        for pod in others {
            let (more_cpu, more_memory) = self.demand(pod);
            cpu += more_cpu;
            memory += more_memory;
        }
        let rows = [
            ("cpu", own.0, cpu, list.cpu().map(|cpu| cpu.0)),
            (
                "memory",
                own.1,
                memory,
                list.memory().map(|memory| memory.0),
            ),
        ];
        rows.into_iter().find_map(|(name, asked, used, capacity)| {
            let capacity = capacity?;
            (asked > 0 && asked + used > capacity).then(|| lacking(name, asked, used, capacity))
        })
    }

    /// Pods that this kubelet has taken on already, and that are not over.
    pub(super) fn admitted(&self) -> Vec<PodId> {
        let cluster = &*self.cluster;
        let pods = cluster.workings.index.pods_on(self.node).iter().copied();
        pods.filter(|pod| {
            let run = cluster.workings.kubelet.run(*pod);
            let seen = run.is_some_and(|run| run.stage != Stage::New);
            *pod != self.pod && seen && !cluster.objects.pods[pod.index()].phase.is_terminal()
        })
        .collect()
    }

    /// Requests of a pod: millicores, bytes.
    pub(super) fn demand(&mut self, pod: PodId) -> (u64, u64) {
        let template = self.cluster.objects.pods[pod.index()].template;
        let scheduler = &mut self.cluster.workings.scheduler;
        let demand = scheduler.demand(&self.cluster.objects, template);
        (demand.cpu, demand.memory)
    }

    /// Ports of the node that a pod which it runs already has.
    fn crowded_ports(&mut self) -> Option<Refusal> {
        let wanted = self.ports(self.pod);
        if wanted.is_empty() {
            return None;
        }
        let others = self.admitted();
        let mut taken = others.into_iter().flat_map(|pod| self.ports(pod));
        taken.find(|port| wanted.iter().any(|own| own.conflicts(port)))?;
        let why = "node(s) didn't have free ports for the requested pod ports";
        Some(predicate("NodePorts", why))
    }

    fn ports(&mut self, pod: PodId) -> Vec<HostPort> {
        let template = self.cluster.objects.pods[pod.index()].template;
        let scheduler = &mut self.cluster.workings.scheduler;
        let demand = scheduler.demand(&self.cluster.objects, template);
        demand.ports.clone()
    }

    /// Labels that the pod asks for.
    fn unselected(&self) -> Option<Refusal> {
        let template = self.row().template;
        let spec = &self.cluster.objects.templates[template.index()].spec.spec;
        let node = &self.cluster.objects.nodes[self.node.index()];
        let view = NodeView {
            name: &node.header.reference.name,
            labels: &node.header.labels,
            spec: &node.spec,
        };
        let why = "node(s) didn't match Pod's node affinity/selector";
        (!matches_node(spec, view)).then(|| predicate("NodeAffinity", why))
    }

    /// `NoExecute` taints that the pod does not tolerate.
    fn untolerated(&self) -> Option<Refusal> {
        let template = self.row().template;
        let spec = &self.cluster.objects.templates[template.index()].spec.spec;
        let node = &self.cluster.objects.nodes[self.node.index()];
        let stands = |taint: &Taint| spec.tolerations.iter().any(|one| tolerates(one, taint));
        let health = |taint: &Taint| taint.key.starts_with("node.kubernetes.io/");
        let mut taints = node.spec.taints.iter();
        // Admission gives every pod tolerations of the taints that the node's health brings.
        taints.find(|taint| taint.effect == "NoExecute" && !health(taint) && !stands(taint))?;
        let why = "node(s) had taints that the pod didn't tolerate";
        Some(predicate("TaintToleration", why))
    }
}

fn lacking(name: &str, asked: u64, used: u64, capacity: u64) -> Refusal {
    Refusal {
        reason: format_smolstr!("OutOf{name}"),
        message: format!(
            "Node didn't have enough resource: {name}, requested: {asked}, used: {used}, capacity: {capacity}"
        ),
    }
}

fn predicate(name: &str, why: &str) -> Refusal {
    Refusal {
        reason: name.into(),
        message: format!("Predicate {name} failed: {why}"),
    }
}
