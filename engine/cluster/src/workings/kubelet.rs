//! What kubelets know and containers are: processes, back-offs, probes, images.

use aegis_model::kubernetes::{ObjectRef, Probe};
use aegis_model::objects::PodPhase;
use aegis_model::overlay::{Ends, ProbeKind};
use aegis_model::{Bytes, NodeId, PodId, Quantity, Subject, Table, TemplateId, Tick};
use aegis_shell::{Access, Files, Mount, Script, Shell};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

use super::OfNodes;
use super::pods::POD_CHUNK;

/// State of all kubelets.
#[derive(Debug, Default, Clone)]
pub struct Kubelet {
    /// What runs of each pod, by `PodId`; `None` where nothing does.
    pub runs: Table<Option<Arc<PodRun>>>,
    /// What the containers of a template do, by `TemplateId`; `None` where it was not asked yet.
    pub recipes: Table<Option<Arc<Recipe>>>,
    /// Each node, by `NodeId`.
    pub nodes: Table<NodeRun>,
    /// Thresholds of calm pods, a chunk of pods each.
    pub watched: Arc<Vec<Arc<Watched>>>,
    /// Per chunk: whether a threshold was set since [`Kubelet::take_reset`].
    reset: Vec<bool>,
    /// By turn: how much had been written when no node of that turn was short of memory.
    pub at_ease: [AtEase; NODE_TURNS],
    /// Nodes on whose disks pods wrote much, and until when `DiskPressure` stays; 0 where there is none.
    pub disks: Arc<BTreeMap<NodeId, Tick>>,
    /// Images: which exist, how large they are.
    pub images: Images,
    /// Nodes by image.
    holders: Arc<BTreeMap<u32, Arc<Vec<NodeId>>>>,
    /// Memory of each node, bytes; nothing of one that is gone or does not say.
    pub node_memory: OfNodes<Vec<Option<u64>>>,
    /// First template that ran for a workload: what it listens on is taken to be right.
    pub first_templates: Table<Option<TemplateId>>,
    /// ConfigMaps, Secrets, ServiceAccounts and claims that are taken to exist, as pods were given
    /// that run with them.
    pub assumed: Arc<BTreeSet<ObjectRef>>,
    /// Containers that were given as ending again and again, by template and position.
    pub believed_ends: Arc<BTreeMap<(TemplateId, usize), Ending>>,
    /// Templates of which a pod was given as running.
    pub given_running: Arc<BTreeSet<TemplateId>>,
    /// What the status of a pod that comes with one is taken for.
    pub beliefs: Beliefs,
    /// Nodes that mechanisms act on, and how.
    pub afflicted: Arc<Vec<(NodeId, Affliction)>>,
    /// Probe faults that acted in the last tick.
    pub probe_faults: Arc<Vec<(ProbeKind, Subject, Ends, Tick)>>,
}

/// What the status of a pod that comes with one is taken for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Beliefs {
    /// A cause that the manifest does not show: what fails goes on failing.
    #[default]
    Documents,
    /// A state: what comes next follows from the physics alone.
    Physics,
}

/// Images by their full reference, as far as they were ever pulled, and those that cannot be.
#[derive(Debug, Default, Clone)]
pub struct Images {
    known: Arc<BTreeMap<SmolStr, (u32, Bytes)>>,
    missing: Arc<BTreeSet<SmolStr>>,
}

impl Images {
    /// Declares an image (`repository:tag`, as manifests write it) as not in its registry:
    /// nobody can pull it. Images are there unless somebody says otherwise.
    pub fn declare_missing(&mut self, image: &str) {
        Arc::make_mut(&mut self.missing).insert(image.into());
    }

    /// Takes that back: the image was pushed.
    pub fn declare_present(&mut self, image: &str) {
        Arc::make_mut(&mut self.missing).remove(image);
    }

    /// Whether it was declared missing.
    #[must_use]
    pub fn is_missing(&self, image: &str) -> bool {
        self.missing.contains(image)
    }

    /// Number and size of an image that was pulled before.
    #[must_use]
    pub fn known(&self, image: &str) -> Option<(u32, Bytes)> {
        self.known.get(image).copied()
    }

    /// Number and size of an image; a new one gets the next number.
    pub fn learn(&mut self, image: &SmolStr, size: Bytes) -> (u32, Bytes) {
        if let Some(known) = self.known(image) {
            return known;
        }
        let entry = (self.known.len() as u32, size);
        Arc::make_mut(&mut self.known).insert(image.clone(), entry);
        entry
    }
}

/// One node's kubelet.
#[derive(Debug, Default, Clone)]
pub struct NodeRun {
    /// Whether it works.
    pub state: NodeState,
    /// Images on the node's disk, by number.
    pub images: Arc<BTreeSet<u32>>,
    /// When the puller is free again: it pulls one image at a time.
    pub puller_free: Tick,
    /// Images on their way, by number, and when they are there.
    pub pulls: Arc<Vec<(u32, Tick)>>,
    /// Whether it was given as not ready and nothing brings it back.
    pub believed_down: bool,
    /// Until when `MemoryPressure` stays.
    pub pressure_until: Tick,
}

/// Whether a node's kubelet works.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    /// It works.
    #[default]
    Up,
    /// It stopped then; containers run on.
    Stopped(Tick),
    /// The machine is gone since then.
    Down(Tick),
}

/// How a mechanism acts on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Affliction {
    /// Its kubelet is stopped.
    KubeletStopped,
    /// It is gone.
    Gone,
}

/// Groups of nodes whose memory is looked at together, one a second.
pub const NODE_TURNS: usize = 10;

/// When no node of a turn was short of memory, nor had been of late.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct AtEase {
    /// [`HotPods::writes`](super::HotPods::writes) then.
    pub writes: u64,
    /// Nodes then; 0 where it was not so.
    pub nodes: usize,
}

/// Above which values a pod must be looked at; infinite where nothing is watched.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Memory limit, bytes.
    pub memory: [f32; POD_CHUNK],
    /// Answer time that may fail a probe, s.
    pub answer: [f32; POD_CHUNK],
}

impl Default for Watched {
    fn default() -> Self {
        Self {
            memory: [f32::INFINITY; POD_CHUNK],
            answer: [f32::INFINITY; POD_CHUNK],
        }
    }
}

/// What a kubelet knows of a pod.
#[derive(Debug, Clone, PartialEq)]
pub struct PodRun {
    /// How far it is.
    pub stage: Stage,
    /// As in the pod's status.
    pub containers: Vec<ContainerRun>,
    /// Whether all probes pass and nothing threatens them: they are then not run one by one.
    pub calm: Calm,
    /// Files that its scripts wrote.
    pub files: Files,
    /// Why it is ended by its kubelet; it fails once its containers have stopped.
    pub verdict: Option<Verdict>,
}

/// Why a kubelet ends a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// `status.reason`.
    pub reason: &'static str,
    /// `status.message`.
    pub message: Arc<str>,
}

/// Whether a pod's probes all pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "yes and no")]
pub enum Calm {
    Yes,
    No,
}

/// How far a kubelet is with a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Not seen yet.
    New,
    /// A volume cannot be mounted; tried again at a tick, after so many seconds.
    Volumes {
        /// When it is tried again.
        retry: Tick,
        /// Seconds between the last two attempts.
        delay: u32,
    },
    /// The sandbox is being made.
    Sandbox {
        /// When it is ready.
        ready: Tick,
    },
    /// Containers are started and kept.
    Containers,
    /// Containers are being stopped; the pod is removed when they are.
    Terminating,
    /// What is left of its containers is being stopped; then it is over, in this phase.
    Ending(PodPhase),
    /// The pod succeeded or failed.
    Over,
}

/// What a kubelet knows of a container.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerRun {
    /// What it does.
    pub process: Process,
    /// Between restarts.
    pub crash: BackOff,
    /// Between attempts to pull.
    pub pull: BackOff,
    /// Startup, liveness, readiness.
    pub probes: [ProbeRun; 3],
    /// Whether the document says that it runs and is not ready.
    pub believed_unready: bool,
    /// Its script under way.
    pub shell: Option<Arc<Shell>>,
    /// Its image was changed since it was started.
    pub redefined: bool,
}

impl ContainerRun {
    /// Whether its process runs in a loop without end or pause, and uses what CPU it gets.
    #[must_use]
    pub fn spins(&self) -> bool {
        let shell = self.shell.as_ref();
        matches!(self.process, Process::Running { .. })
            && shell.is_some_and(|shell| shell.halt == aegis_shell::Halt::Spin)
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Exit code.
    pub code: i32,
    /// Whether memory was the reason.
    pub why: Why,
}

/// Why a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It took more memory than there was.
    Memory,
    /// It could not be started.
    Start,
    /// Anything else.
    Other,
}

/// What a container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// It is not its turn yet.
    Absent,
    /// Its image is being pulled.
    Pulling {
        /// When that ends.
        until: Tick,
        /// How.
        end: PullEnd,
    },
    /// Its image could not be pulled.
    PullFailed {
        /// When `ErrImagePull` turns into `ImagePullBackOff`; never again once it has.
        turns: Tick,
        /// When it is tried again.
        retry: Tick,
    },
    /// A ConfigMap or Secret is missing.
    Unconfigured {
        /// When it is tried again.
        retry: Tick,
    },
    /// Its postStart hook runs: it does not count as running yet.
    Hooked {
        /// Since when it ran.
        since: Tick,
        /// When the hook ends.
        until: Tick,
        /// How.
        hook: Hook,
    },
    /// It runs.
    Running {
        /// Since when.
        since: Tick,
        /// Operation of its script at which it goes on.
        step: u16,
        /// When it goes on, or is looked at again.
        until: Tick,
    },
    /// It got SIGTERM.
    Stopping {
        /// Since when it ran.
        since: Tick,
        /// When it ends.
        at: Tick,
        /// Exit code.
        code: i32,
    },
    /// It ended, and the kubelet has not looked yet.
    Ended {
        /// Since when it ran.
        since: Tick,
        /// When it ended.
        at: Tick,
        /// How.
        ending: Ending,
    },
    /// It is started again at a tick.
    BackingOff {
        /// When.
        until: Tick,
    },
    /// It ended for good, with this code.
    Done(i32),
}

/// How a hook ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "success and failure")]
pub enum Hook {
    Succeeds,
    Fails,
}

/// How a pull ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullEnd {
    /// The image is there; it took so many milliseconds.
    Pulled(u32),
    /// It cannot be had.
    Failed,
}

/// Exponential back-off, as client-go's `flowcontrol.Backoff` keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackOff {
    /// Present delay, s; 0 before the first.
    pub delay: u32,
    /// When it was last raised.
    pub raised: Tick,
}

/// First delay, s: `backOffPeriod` of images and restarts.
const FIRST_DELAY: u32 = 10;
/// Longest delay, s: `MaxContainerBackOff`.
const LONGEST_DELAY: u32 = 300;

impl BackOff {
    /// No failure yet.
    pub const NONE: Self = Self {
        delay: 0,
        raised: Tick(0),
    };

    /// Seconds to wait after a failure at `failed`; a series is over when
    /// twice the longest delay has passed without a failure.
    #[must_use]
    pub const fn after(self, failed: Tick) -> u32 {
        if failed.elapsed(self.raised) > 2 * LONGEST_DELAY {
            return 0;
        }
        self.delay
    }

    /// Raises the delay when another attempt begins at `now`, after a failure at `failed`.
    pub const fn raise(&mut self, failed: Tick, now: Tick) {
        let doubled = match self.after(failed) {
            0 => FIRST_DELAY,
            delay => delay * 2,
        };
        self.delay = if doubled < LONGEST_DELAY {
            doubled
        } else {
            LONGEST_DELAY
        };
        self.raised = now;
    }
}

/// One probe of a running container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeRun {
    /// When it runs next.
    pub next: Tick,
    /// Equal results in a row.
    pub streak: u32,
    /// The last result.
    pub last: ProbeResult,
    /// What counts: the last result that reached its threshold.
    pub verdict: ProbeResult,
}

/// Result of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "success and failure")]
pub enum ProbeResult {
    Success,
    Failure,
}

/// What the pods of a template do, compiled once.
#[derive(Debug, Default, Clone)]
pub struct Recipe {
    /// Init containers first, then containers.
    pub containers: Vec<ContainerRecipe>,
    /// How many are init containers.
    pub inits: usize,
    /// The container that serves requests.
    pub serving: usize,
    /// ConfigMaps and Secrets that volumes show.
    pub volumes: Vec<VolumeRecipe>,
    /// Limits of `emptyDir` volumes, by their names.
    pub empty_dirs: Vec<EmptyDirRecipe>,
    /// Volumes of paths of the node that must be there and are not, each with what is wrong.
    pub absent_paths: Vec<(SmolStr, SmolStr)>,
    /// Conditions that readiness waits for.
    pub readiness_gates: Vec<SmolStr>,
    /// Seconds from its start after which the pod fails.
    pub active_deadline: Option<u32>,
}

/// A ConfigMap or Secret that a volume shows as files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeRecipe {
    /// Name of the volume.
    pub name: SmolStr,
    /// What it shows; the key is empty.
    pub reference: Reference,
    /// The keys that it must have, and their files; all where none is named.
    pub items: Vec<(SmolStr, SmolStr)>,
}

/// An `emptyDir` volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmptyDirRecipe {
    /// Name of the volume.
    pub name: SmolStr,
    /// What it may hold, as it is written and in bytes.
    pub limit: Option<Quantity>,
}

/// What a container does, compiled once.
#[derive(Debug, Clone)]
pub struct ContainerRecipe {
    /// Name.
    pub name: SmolStr,
    /// Image.
    pub image: SmolStr,
    /// Its part in the pod.
    pub part: Part,
    /// What its command does.
    pub script: Script,
    /// When its image is pulled.
    pub pull: Pull,
    /// Startup, liveness, readiness.
    pub probes: [Option<ProbeRecipe>; 3],
    /// Memory limit.
    pub memory_limit: Option<Bytes>,
    /// ConfigMaps, Secrets and keys that its environment needs.
    pub references: Vec<Reference>,
    /// Its volumes.
    pub mounts: Vec<Mount>,
    /// Whether its own layer can be written to.
    pub layer: Access,
    /// Its hooks: postStart, preStop.
    pub hooks: [Option<HookRecipe>; 2],
    /// Why its user is refused.
    pub user: User,
    /// Limit of `ephemeral-storage`.
    pub storage_limit: Option<Quantity>,
    /// Where its termination message stands, and whether its log stands in for it.
    pub last_words: LastWords,
}

/// What a hook does.
#[derive(Debug, Clone)]
pub enum HookRecipe {
    /// Runs a command.
    Command(Script),
    /// Sleeps: seconds.
    Sleeps(u32),
    /// Asks a port.
    Asks(Answered),
}

/// Whether a container may run as the user that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// It may.
    Fits,
    /// `runAsNonRoot`, and the image's user is root.
    ImageIsRoot,
    /// `runAsNonRoot`, and `runAsUser: 0`.
    IsRoot,
}

/// Where a container's termination message comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastWords {
    /// `terminationMessagePath`.
    pub path: SmolStr,
    /// `terminationMessagePolicy`.
    pub policy: LastWordsPolicy,
}

/// `terminationMessagePolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the policy of that name")]
pub enum LastWordsPolicy {
    File,
    FallbackToLogsOnError,
}

/// A container's part in a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Runs to its end before the next.
    Init,
    /// Started among the init containers and kept.
    Sidecar,
    /// Started after them.
    Main,
}

/// When an image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the policy of that name")]
pub enum Pull {
    Always,
    IfNotPresent,
    Never,
}

/// A probe, and who answers it.
#[derive(Debug, Clone)]
pub struct ProbeRecipe {
    /// Its fields.
    pub probe: Probe,
    /// Who answers.
    pub answered: Answered,
    /// The port that it asks; 0 for a command.
    pub port: u16,
    /// The command that it runs.
    pub command: Option<Script>,
}

/// Who answers a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The server: when it serves, in its answer time.
    ByServer,
    /// Something that is always quick: a command that looks at nothing, a container beside the server.
    AtOnce,
    /// Nothing listens on the port.
    ByNobody,
    /// The server, with 404.
    NotFound,
    /// The server, until it is so many seconds old; with 500 from then on.
    FailsAfter(u32),
    /// The probe's command, as it goes.
    ByCommand,
}

/// A ConfigMap or Secret that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Which kind.
    pub kind: ReferenceKind,
    /// Name.
    pub name: SmolStr,
    /// Key; empty where the whole is meant.
    pub key: SmolStr,
}

/// Kind of a referenced object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the kind of that name")]
pub enum ReferenceKind {
    ConfigMap,
    Secret,
}

impl Kubelet {
    /// Whether a node's kubelet works.
    #[must_use]
    pub fn node_state(&self, node: NodeId) -> NodeState {
        self.nodes
            .get(node.index())
            .map_or(NodeState::Up, |run| run.state)
    }

    /// Whether a node's disk holds an image.
    #[must_use]
    pub fn holds(&self, node: NodeId, image: u32) -> bool {
        self.nodes
            .get(node.index())
            .is_some_and(|run| run.images.contains(&image))
    }

    /// A node's disk holds an image from now on.
    pub fn hold(&mut self, node: NodeId, image: u32) {
        if !Arc::make_mut(&mut self.node_mut(node).images).insert(image) {
            return;
        }
        let holders = Arc::make_mut(&mut self.holders).entry(image).or_default();
        if let Err(place) = holders.binary_search(&node) {
            Arc::make_mut(holders).insert(place, node);
        }
    }

    /// The nodes whose disks hold an image, in order of ids; those that are gone too.
    #[must_use]
    pub fn holders(&self, image: u32) -> &[NodeId] {
        self.holders
            .get(&image)
            .map_or(&[], |nodes| nodes.as_slice())
    }

    /// What the pods of a template do, once one of them was looked at.
    #[must_use]
    pub fn recipe(&self, template: TemplateId) -> Option<&Recipe> {
        self.recipes.get(template.index())?.as_deref()
    }

    /// What is known of a pod.
    #[must_use]
    pub fn run(&self, pod: PodId) -> Option<&PodRun> {
        self.runs.get(pod.index())?.as_deref()
    }

    /// A node, made if it was not met yet.
    pub fn node_mut(&mut self, node: NodeId) -> &mut NodeRun {
        while self.nodes.len() <= node.index() {
            self.nodes.push(NodeRun::default());
        }
        &mut self.nodes[node.index()]
    }

    /// What runs of a pod, with room made for it.
    pub fn run_mut(&mut self, pod: PodId) -> &mut Option<Arc<PodRun>> {
        while self.runs.len() <= pod.index() {
            self.runs.push(None);
        }
        &mut self.runs[pod.index()]
    }

    /// Sets above which memory (bytes) and answer time (s) a pod is looked at.
    pub fn watch(&mut self, pod: PodId, memory: f32, answer: f32) {
        let (chunk, row) = (pod.index() / POD_CHUNK, pod.index() % POD_CHUNK);
        if self.watched.len() <= chunk {
            let chunks = Arc::make_mut(&mut self.watched);
            chunks.resize_with(chunk + 1, Arc::default);
        }
        let present = &self.watched[chunk];
        let same = |a: f32, b: f32| a.to_bits() == b.to_bits();
        if !same(present.memory[row], memory) || !same(present.answer[row], answer) {
            let watched = Arc::make_mut(&mut Arc::make_mut(&mut self.watched)[chunk]);
            watched.memory[row] = memory;
            watched.answer[row] = answer;
            self.reset.resize(self.watched.len(), true);
            self.reset[chunk] = true;
        }
    }

    /// Whether a threshold of a chunk was set since the last call.
    pub fn take_reset(&mut self, chunk: usize) -> bool {
        self.reset.get_mut(chunk).is_some_and(core::mem::take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attempts that fail at once, from the first failure on.
    fn attempts(count: usize) -> Vec<u32> {
        let mut back_off = BackOff::NONE;
        let mut now = Tick(1000);
        let mut times = Vec::new();
        for _ in 0..count {
            let next = now.after(back_off.after(now));
            back_off.raise(now, next);
            now = next;
            times.push(now.0 - 1000);
        }
        times
    }

    #[test]
    fn a_container_that_always_crashes_is_started_at_these_seconds() {
        assert_eq!(attempts(8), [0, 10, 30, 70, 150, 310, 610, 910]);
    }

    #[test]
    fn ten_quiet_minutes_end_a_series() {
        let mut back_off = BackOff::NONE;
        back_off.raise(Tick(0), Tick(0));
        back_off.raise(Tick(0), Tick(10));
        assert_eq!(back_off.after(Tick(610)), 20);
        assert_eq!(back_off.after(Tick(611)), 0);
        back_off.raise(Tick(700), Tick(700));
        assert_eq!(back_off.delay, 10);
    }
}
