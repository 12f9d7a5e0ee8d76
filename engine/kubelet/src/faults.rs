//! What mechanisms and killers do to pods, beside what kubelets do.

use super::probes::end_calm;
use aegis_cluster::acting::holds;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::workings::{Ending, Process, Why};
use aegis_model::overlay::{Ends, ProbeKind};
use aegis_model::{Mechanism, Overlay, PodId, Subject, Tick};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The pod's server is gone: nothing answers, and what it held is free.
pub(super) fn silence<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let (chunk, row) = cluster.workings.pods.at_mut(pod);
    chunk.serving_from[row] = Tick::NEVER;
    chunk.answer[row] = f32::INFINITY;
    chunk.grown[row] = 0.0;
    chunk.memory[row] = 0.0;
    chunk.cpu[row] = 0.0;
    cluster.workings.index.topology_dirty = true;
}

/// Ends all processes of a pod now; the kubelet sees it at the next second.
pub(super) fn end_processes<P>(cluster: &mut Cluster<P>, pod: PodId, ending: Ending) {
    let now = cluster.clock;
    let Some(run) = cluster.workings.kubelet.run_mut(pod).as_mut() else {
        return;
    };
    for container in &mut Arc::make_mut(run).containers {
        if let Process::Running { since, .. } | Process::Stopping { since, .. } = container.process
        {
            container.process = Process::Ended {
                since,
                at: now,
                ending,
            };
        }
    }
    silence(cluster, pod);
    cluster.workings.pods.set_due(pod, now.after(1));
}

/// Kills all containers of a pod (SIGKILL, exit code 137); its restart policy decides what follows.
pub fn kill<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let ending = Ending {
        code: super::container::KILLED,
        why: Why::Other,
    };
    end_processes(cluster, pod, ending);
}

type ProbeFault = (ProbeKind, Subject, Ends, Tick);

/// When faults on probes begin or end, the pods they act on are no longer calm.
pub(super) fn follow_probe_faults<P>(cluster: &mut Cluster<P>, overlay: &Overlay) {
    let active: Vec<ProbeFault> = overlay
        .active(cluster.clock)
        .filter(|laid| holds(cluster, laid))
        .filter_map(|laid| match laid.mechanism {
            Mechanism::ProbeFails(kind) => Some((kind, laid.subject, laid.ends.clone(), laid.from)),
            _ => None,
        })
        .collect();
    let known = &cluster.workings.kubelet.probe_faults;
    if **known == active {
        return;
    }
    let begun = active.iter().filter(|fault| !known.contains(fault));
    let ended = known.iter().filter(|fault| !active.contains(fault));
    let subjects: Vec<Subject> = begun.chain(ended).map(|fault| fault.1).collect();
    cluster.workings.kubelet.probe_faults = Arc::new(active);
    for subject in subjects {
        for pod in pods_of(cluster, subject) {
            end_calm(cluster, pod);
        }
    }
}

/// Pods that a subject may mean.
fn pods_of<P>(cluster: &Cluster<P>, subject: Subject) -> Vec<PodId> {
    match subject {
        Subject::Workload(workload) => {
            let row = cluster.objects.workloads.get(workload.index());
            row.map_or_else(Vec::new, |row| row.pods.to_vec())
        }
        Subject::Pod(pod) => alloc::vec![pod],
        Subject::Node(node) => cluster.workings.index.pods_on(node).to_vec(),
        Subject::Cluster => {
            let pods = cluster.objects.pods.enumerate();
            let existing = pods.filter(|(_, pod)| pod.exists());
            existing.map(|(index, _)| PodId::from(index)).collect()
        }
        Subject::Service(_) | Subject::Edge(..) => Vec::new(),
    }
}
