//! One look of a kubelet at one pod.

use super::recipe::recipe_of;
use super::{references, words};
use aegis_cluster::api;
use aegis_cluster::api::events::Source;
use aegis_cluster::api::pods::PodConditionKind;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::dns;
use aegis_cluster::draws::pod_key;
use aegis_cluster::draws::{Draws, Purpose};
use aegis_cluster::journal::Journal;
use aegis_cluster::volumes::{self, Attachment};
use aegis_cluster::workings::{
    BackOff, Calm, ContainerRun, PodRun, ProbeResult, ProbeRun, Process, Recipe, Stage,
};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{ConditionStatus, Pod, Severity};
use aegis_model::{Laid, Mechanism, NodeId, Overlay, PodId, Tick};
use aegis_shell::Files;
use alloc::format;
use alloc::sync::Arc;
use smol_str::format_smolstr;

/// Seconds that a sandbox takes.
const SANDBOX: u32 = 1;
/// Seconds until a sandbox that failed is tried again: once a sync, as its workers back off.
const SANDBOX_RETRY: u32 = 13;
/// What the runtime says where the pool of addresses is used up (Calico's words).
const NO_ADDRESS: &str = "Failed to create pod sandbox: plugin type=\"calico\" failed (add): no free affine blocks found: IP address pool exhausted";
/// Seconds for which a kubelet waits for the volumes of a pod (`podAttachAndMountTimeout`).
const MOUNT_TIMEOUT: u32 = 123;
/// Seconds between looks at a volume that is attached elsewhere.
const ATTACH_RETRY: u32 = 2;
/// Longest time between attempts to mount: pkg/volume/util/nestedpendingoperations, 2 min 2 s.
const LONGEST_MOUNT_DELAY: u32 = 122;

/// A look at a pod: the pod, and all that may be asked or changed meanwhile.
pub(super) struct Sync<'a, P> {
    pub cluster: &'a mut Cluster<P>,
    pub overlay: &'a Overlay,
    pub draws: &'a Draws,
    pub journal: &'a mut Journal,
    pub pod: PodId,
    pub node: NodeId,
    pub now: Tick,
    pub recipe: Arc<Recipe>,
    pub run: PodRun,
}

const fn idle_container() -> ContainerRun {
    let probe = ProbeRun {
        next: Tick::NEVER,
        streak: 0,
        last: ProbeResult::Success,
        verdict: ProbeResult::Success,
    };
    ContainerRun {
        process: Process::Absent,
        crash: BackOff::NONE,
        pull: BackOff::NONE,
        probes: [probe; 3],
        believed_unready: false,
        shell: None,
        redefined: false,
    }
}

impl<'a, P: Clone> Sync<'a, P> {
    pub fn new(
        cluster: &'a mut Cluster<P>,
        overlay: &'a Overlay,
        draws: &'a Draws,
        journal: &'a mut Journal,
        pod: PodId,
        node: NodeId,
    ) -> Self {
        let recipe = recipe_of(cluster, pod);
        let known = cluster.workings.kubelet.run_mut(pod).take();
        let run = known.map_or_else(
            || PodRun {
                stage: Stage::New,
                containers: alloc::vec![idle_container(); recipe.containers.len()],
                calm: Calm::No,
                files: Files::default(),
                verdict: None,
            },
            Arc::unwrap_or_clone,
        );
        Self {
            now: cluster.clock,
            cluster,
            overlay,
            draws,
            journal,
            pod,
            node,
            recipe,
            run,
        }
    }

    /// The whole look.
    pub fn run(mut self) {
        if self.run.stage == Stage::New {
            self.admit();
        }
        if !self.is_refused() {
            self.advance();
        }
        self.keep();
    }

    /// Evicts the pod, whatever it is at.
    pub fn run_eviction(mut self, message: &str) {
        self.evict(message);
        self.write_status();
        self.plan_next();
        self.keep();
    }

    /// Ends the pod to make room for a critical one.
    pub fn run_preemption(mut self) {
        self.give_way();
        self.write_status();
        self.plan_next();
        self.keep();
    }

    /// Keeps what was learnt; a pod that was to go and has stopped is removed.
    fn keep(self) {
        let removed = self.is_stopped();
        let Self {
            cluster, pod, run, ..
        } = self;
        *cluster.workings.kubelet.run_mut(pod) = Some(Arc::new(run));
        if removed {
            cluster
                .workings
                .kubelet
                .watch(pod, f32::INFINITY, f32::INFINITY);
            api::pods::remove(cluster, pod);
        }
    }

    fn advance(&mut self) {
        if self.row().deletion.is_some() && self.run.stage != Stage::Over {
            self.terminate();
        }
        self.heed_deadline();
        self.advance_stage();
        self.heed_storage();
        self.settle_calm();
        self.write_status();
        self.plan_next();
    }

    /// A pod that its kubelet refused has no containers.
    fn is_refused(&self) -> bool {
        self.run.stage == Stage::Over && self.run.containers.is_empty()
    }

    pub fn row(&self) -> &Pod {
        &self.cluster.objects.pods[self.pod.index()]
    }

    /// A draw of this pod and container at this tick.
    pub fn uniform(&self, purpose: Purpose, container: usize) -> f64 {
        let key = pod_key(&self.cluster.objects, self.pod);
        let draws = self.draws.derive(container as u64);
        draws.uniform(purpose, key, self.now)
    }

    /// Bits drawn for this pod and container at this tick.
    pub fn bits(&self, purpose: Purpose, container: usize) -> u64 {
        let key = pod_key(&self.cluster.objects, self.pod);
        let draws = self.draws.derive(container as u64);
        draws.bits(purpose, key, self.now)
    }

    /// Records an Event about one of the pod's containers.
    pub fn say_of(&mut self, index: usize, severity: Severity, reason: &str, message: &str) {
        let recipe = &self.recipe.containers[index];
        let list = match index < self.recipe.inits {
            true => "initContainers",
            false => "containers",
        };
        let field = format_smolstr!("spec.{list}{{{}}}", recipe.name);
        let object = api::events::pod_ref(self.row());
        let source = Source::kubelet(self.node);
        let (cluster, journal) = (&mut *self.cluster, &mut *self.journal);
        let at = api::events::record(cluster, journal, severity, reason, message, &object, source);
        api::events::point_at(cluster, at, &field);
    }

    /// Records an Event about the pod.
    pub fn say(&mut self, severity: Severity, reason: &str, message: &str) {
        let object = api::events::pod_ref(self.row());
        let source = Source::kubelet(self.node);
        api::events::record(
            self.cluster,
            self.journal,
            severity,
            reason,
            message,
            &object,
            source,
        );
    }

    pub fn condition(
        &mut self,
        kind: PodConditionKind,
        status: ConditionStatus,
        reason: &str,
        message: Option<&str>,
    ) {
        let message = message.map(Arc::from);
        api::pods::set_condition(self.cluster, self.pod, kind, status, reason, message);
    }

    /// The kubelet sees the pod for the first time.
    fn admit(&mut self) {
        if self.adopt() || self.refuse() {
            return;
        }
        let now = self.now;
        let row = &mut self.cluster.objects.pods[self.pod.index()];
        row.started = row.started.or(Some(now));
        self.mount(1);
    }

    /// Volumes, then the sandbox.
    fn mount(&mut self, delay: u32) {
        if let Some((volume, why)) = volumes::unprocessed(self.cluster, self.pod) {
            let message = format!(
                "Unable to attach or mount volumes: unmounted volumes=[{volume}], unattached volumes=[], failed to process volumes=[{volume}]: {why}"
            );
            return self.fail_to_mount(&message, delay);
        }
        if volumes::attach(self.cluster, self.journal, self.pod) == Attachment::Waits {
            self.say_what_is_unattached();
            self.run.stage = Stage::Volumes {
                retry: self.now.after(ATTACH_RETRY),
                delay: 1,
            };
            return;
        }
        if let Some(volume) = volumes::out_of_reach(self.cluster, self.pod, self.node) {
            let message = format!(
                "MountVolume.NodeAffinity check failed for volume \"{volume}\" : no matching NodeSelectorTerms"
            );
            return self.fail_to_mount(&message, delay);
        }
        let recipe = self.recipe.clone();
        let namespace = self.row().namespace.clone();
        let missing = recipe.volumes.iter().find_map(|volume| {
            let why = references::missing_files(self.cluster, &namespace, volume)?;
            Some((volume.name.clone(), why))
        });
        let absent = recipe.absent_paths.first();
        let absent = absent.map(|(volume, why)| (volume.clone(), why.as_str().into()));
        let Some((volume, why)) = missing.or(absent) else {
            self.show_files();
            self.say_what_secrets_are_missing();
            self.say_what_is_left_out_of_names();
            self.run.stage = Stage::Sandbox {
                ready: self.now.after(SANDBOX),
            };
            return;
        };
        let message = format!("MountVolume.SetUp failed for volume \"{volume}\" : {why}");
        self.fail_to_mount(&message, delay);
    }

    /// Says why a volume is not mounted, and tries again after `delay` s.
    fn fail_to_mount(&mut self, message: &str, delay: u32) {
        self.say(Severity::Warning, "FailedMount", message);
        self.run.stage = Stage::Volumes {
            retry: self.now.after(delay),
            delay,
        };
    }

    /// Secrets for the registry that are not there do not keep the kubelet from asking it.
    /// Source: pkg/kubelet/kubelet_pods.go `getPullSecretsForPod`.
    fn say_what_secrets_are_missing(&mut self) {
        let row = self.row();
        let template = &self.cluster.objects.templates[row.template.index()];
        let listed = template.doc["spec"]["imagePullSecrets"].as_array();
        let named = listed
            .into_iter()
            .flatten()
            .filter_map(|one| one["name"].as_str());
        let assumed = &self.cluster.workings.kubelet.assumed;
        let missing = named.filter(|name| {
            let secret = ObjectRef::new(Kind::Secret, &row.namespace, name);
            !assumed.contains(&secret) && api::find(self.cluster, &secret).is_none()
        });
        let missing: alloc::vec::Vec<&str> = missing.collect();
        if missing.is_empty() {
            return;
        }
        let message = format!(
            "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.",
            missing.join(", ")
        );
        let reason = "FailedToRetrieveImagePullSecret";
        self.say(Severity::Warning, reason, &message);
    }

    /// A resolv.conf holds so much and no more.
    fn say_what_is_left_out_of_names(&mut self) {
        let objects = &self.cluster.objects;
        if dns::is_usual(objects, self.pod) {
            return;
        }
        let config = dns::Config::of_pod(objects, self.pod);
        for cut in &config.cut {
            let message = config.complaint(*cut);
            self.say(Severity::Warning, "DNSConfigForming", &message);
        }
    }

    /// Keys of ConfigMaps and Secrets become files, where a script could look at them.
    fn show_files(&mut self) {
        let recipe = self.recipe.clone();
        let namespace = self.row().namespace.clone();
        for volume in &recipe.volumes {
            for (name, text) in references::files_of(self.cluster, &namespace, volume) {
                self.run.files.put(&volume.name, &name, &text);
            }
        }
    }

    /// Each time that the kubelet has waited as long as it does for volumes of a pod.
    fn say_what_is_unattached(&mut self) {
        let row = self.row();
        let waited = row.started.map_or(0, |since| self.now.elapsed(since));
        if waited < MOUNT_TIMEOUT || waited % MOUNT_TIMEOUT >= ATTACH_RETRY {
            return;
        }
        let names = api::storage::claim_names(&self.cluster.objects, row);
        let names: alloc::vec::Vec<_> = names.map(|(volume, _)| volume).collect();
        let names = names.join(" ");
        let message = format!(
            "Unable to attach or mount volumes: unmounted volumes=[{names}], unattached volumes=[{names}], failed to process volumes=[]: context deadline exceeded"
        );
        self.say(Severity::Warning, "FailedMount", &message);
    }

    fn advance_stage(&mut self) {
        match self.run.stage {
            Stage::Volumes { retry, delay } if retry <= self.now => {
                self.mount((delay * 2).min(LONGEST_MOUNT_DELAY));
            }
            Stage::Sandbox { ready } if ready <= self.now && self.has_no_address() => {
                self.say(Severity::Warning, "FailedCreatePodSandBox", NO_ADDRESS);
                self.run.stage = Stage::Sandbox {
                    ready: self.now.after(SANDBOX_RETRY),
                };
            }
            Stage::Sandbox { ready } if ready <= self.now => {
                self.condition(PodConditionKind::Sandbox, ConditionStatus::True, "", None);
                self.run.stage = Stage::Containers;
                self.advance_containers();
            }
            Stage::Containers | Stage::Terminating | Stage::Ending(_) | Stage::Over => {
                self.advance_containers();
            }
            _ => {}
        }
    }

    fn has_no_address(&self) -> bool {
        let laid = |laid: &Laid| laid.mechanism == Mechanism::NoAddress;
        self.overlay.active(self.now).any(laid)
    }

    /// Says when to look again.
    fn plan_next(&mut self) {
        let next = match self.run.stage {
            Stage::New => Tick::NEVER,
            Stage::Volumes { retry, .. } => retry,
            Stage::Sandbox { ready } => ready,
            Stage::Containers | Stage::Terminating | Stage::Ending(_) | Stage::Over => {
                self.next_of_containers()
            }
        };
        let next = next.min(self.deadline());
        let later = next.max(self.now.after(1));
        if next != Tick::NEVER {
            self.cluster.workings.pods.set_due(self.pod, later);
        }
    }

    fn next_of_containers(&self) -> Tick {
        let containers = 0..self.run.containers.len();
        containers
            .map(|index| self.next_of(index))
            .min()
            .unwrap_or(Tick::NEVER)
    }

    /// Whether all containers of a pod that is to go have ended.
    fn is_stopped(&self) -> bool {
        self.run.stage == Stage::Terminating
            && self
                .run
                .containers
                .iter()
                .all(|container| matches!(container.process, Process::Absent | Process::Done(_)))
    }

    pub fn name_of(&self, index: usize) -> smol_str::SmolStr {
        self.recipe.containers[index].name.clone()
    }

    /// Text for a container in crash-loop back-off.
    pub fn back_off_texts(
        &self,
        index: usize,
        delay: u32,
    ) -> (alloc::string::String, alloc::string::String) {
        let name = self.name_of(index);
        let row = self.row();
        (
            words::back_off_event(&name, row),
            words::back_off_status(&name, row, delay),
        )
    }
}
