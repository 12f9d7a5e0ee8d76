//! Scripts of containers: what a process does between its start and its end.

use super::container::KILLED;
use super::recipe::listens_by_itself;
use super::references;
use super::sync::Sync;
use aegis_cluster::dns::Config;
use aegis_cluster::draws::Purpose;
use aegis_cluster::workings::{
    Ending, LastWordsPolicy, Part, Process, Reference, ReferenceKind, Why,
};
use aegis_model::Tick;
use aegis_model::kubernetes::{Container, EnvFrom, EnvVar, Kind};
use aegis_model::objects::Severity;
use aegis_shell::{Answer, Content, Disk, Halt, NAMESPACE, RESOLV_CONF, Script, Shell};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Seconds between two questions of a script that waits for a host.
const ASK_EVERY: u32 = 2;
/// Bytes per second that a program takes which only takes memory.
const GREED: u64 = 1 << 30;
/// Seconds until such a program is stopped where it has no limit: its node's memory is the limit.
const GREED_UNLIMITED: u32 = 16;
/// Pauses that have passed already and are followed in one look.
const MOST_PASSED: u32 = 64;

/// Seconds that a program takes of which nothing is known, in a Job: it does its work and ends.
const BATCH_WORK: u32 = 10;

/// What a container's name for itself is, beside what its spec says.
const HOSTNAME: &str = "HOSTNAME";
/// Label of a pod of an indexed Job.
const INDEX_LABEL: &str = "batch.kubernetes.io/job-completion-index";

impl<P: Clone> Sync<'_, P> {
    /// The container's first process, which runs since then, begins its script at `begin`.
    pub fn begin_script(&mut self, index: usize, since: Tick, begin: Tick) {
        let variables = self.variables(index);
        let seed = self.bits(Purpose::Startup, index);
        let shell = self.recipe.containers[index].script.begin(variables, seed);
        self.run.containers[index].shell = Some(Arc::new(shell));
        self.enter_step(index, since, 0, begin);
    }

    /// The pause is over.
    pub fn go_on(&mut self, index: usize, since: Tick, step: u16, until: Tick) {
        let halt = self.halt(index);
        match halt {
            Halt::EatMemory | Halt::TakeMemory(_) => {
                if self.recipe.containers[index].memory_limit.is_none() {
                    self.say_that_the_node_ran_out(index);
                }
                self.end_by_memory(index, since, until);
            }
            Halt::Holds { bytes, .. } if self.is_too_much(index, bytes) => {
                self.end_by_memory(index, since, until);
            }
            Halt::Await(_) | Halt::Ask(_) | Halt::Call(_) => {
                self.enter_step(index, since, step, self.now);
            }
            // An init container, or a Job's, of which nothing is known does its work and ends.
            Halt::Serve => self.end_with(index, since, until, 0),
            _ => self.enter_step(index, since, step, until),
        }
    }

    /// Source: pkg/kubelet/oom/oom_watcher_linux.go: kills that no container's limit asked for.
    fn say_that_the_node_ran_out(&mut self, index: usize) {
        let template = &self.cluster.objects.templates[self.row().template.index()];
        let spec = &template.spec.spec;
        let mut all = spec.init_containers.iter().chain(&spec.containers);
        let program = all.nth(index).map(program_of).unwrap_or_default();
        let pid = 1000 + self.pod.0;
        let text = alloc::format!("System OOM encountered, victim process: {program}, pid: {pid}");
        let (node, warning) = (self.node, Severity::Warning);
        let (cluster, journal) = (&mut *self.cluster, &mut *self.journal);
        super::memory::say_of_node(cluster, journal, node, warning, "SystemOOM", &text);
    }

    fn halt(&self, index: usize) -> Halt {
        let shell = self.run.containers[index].shell.as_ref();
        shell.map_or(Halt::Serve, |shell| shell.halt.clone())
    }

    /// Follows the script from an operation at `begin` to where it pauses, ends or serves.
    pub fn enter_step(&mut self, index: usize, since: Tick, mut step: u16, mut begin: Tick) {
        for _ in 0..MOST_PASSED {
            step = self.run_script(index, step);
            match self.halt(index) {
                Halt::Await(host) if self.answers(&host) => step += 1,
                Halt::Sleep(seconds) | Halt::Wait(seconds) if begin.after(seconds) < self.now => {
                    begin = begin.after(seconds);
                }
                halt => return self.pause(index, since, step, begin, &halt),
            }
        }
        self.run_until(index, since, step, self.now.after(1));
    }

    fn run_until(&mut self, index: usize, since: Tick, step: u16, until: Tick) {
        self.set_process(index, Process::Running { since, step, until });
    }

    fn pause(&mut self, index: usize, since: Tick, step: u16, begin: Tick, halt: &Halt) {
        let until = match halt {
            Halt::Sleep(seconds) | Halt::Wait(seconds) => begin.after(*seconds),
            Halt::Await(_) => begin.after(ASK_EVERY),
            Halt::Ask(host) => {
                let heard = self.heard(host);
                if let Some(shell) = &mut self.run.containers[index].shell {
                    Arc::make_mut(shell).answered(host, &heard);
                }
                begin.after(1)
            }
            Halt::Call(call) => {
                let answer = self.call(call);
                self.note_status(index, i32::from(answer.is_err()));
                if let (Err(words), Some(shell)) = (answer, &mut self.run.containers[index].shell) {
                    Arc::make_mut(shell).hear(&words);
                }
                begin.after(1)
            }
            Halt::EatMemory => begin.after(self.seconds_of_greed(index)),
            Halt::TakeMemory(bytes) | Halt::Holds { bytes, .. }
                if self.is_too_much(index, *bytes) =>
            {
                begin.after(1)
            }
            Halt::Holds { seconds, .. } => begin.after(*seconds),
            Halt::Serve if self.recipe.containers[index].part == Part::Init => {
                let extra = self.uniform(Purpose::Startup, index) < 0.5;
                begin.after(1 + u32::from(extra))
            }
            Halt::Serve if self.is_batch_work(index) => begin.after(BATCH_WORK),
            _ => Tick::NEVER,
        };
        self.run_until(index, since, step, until);
        match halt {
            Halt::Ended(code) => self.end_with(index, since, begin, *code),
            Halt::Serve if until == Tick::NEVER => self.serve(index, begin),
            _ => {}
        }
    }

    /// Whether the container belongs to a Job and opens no port: of a program that nobody knows there,
    /// it is known that it ends.
    fn is_batch_work(&self, index: usize) -> bool {
        let row = self.row();
        let owner = &self.cluster.objects.workloads[row.workload.index()];
        let spec = &self.cluster.objects.templates[row.template.index()]
            .spec
            .spec;
        let container = index.checked_sub(spec.init_containers.len());
        let opens_none = container
            .and_then(|index| spec.containers.get(index))
            .is_some_and(|container| container.ports.is_empty() && !listens_by_itself(container));
        owner.header.reference.kind == Kind::Job && opens_none
    }

    fn end_with(&mut self, index: usize, since: Tick, at: Tick, code: i32) {
        let why = Why::Other;
        self.end(index, since, at, Ending { code, why });
    }

    fn end_by_memory(&mut self, index: usize, since: Tick, at: Tick) {
        let ending = Ending {
            code: KILLED,
            why: Why::Memory,
        };
        self.end(index, since, at, ending);
    }

    fn seconds_of_greed(&self, index: usize) -> u32 {
        let limit = self.recipe.containers[index].memory_limit;
        let seconds = limit.map_or(GREED_UNLIMITED, |limit| {
            u32::try_from(limit.0.div_ceil(GREED)).unwrap_or(u32::MAX)
        });
        seconds.max(1)
    }

    fn is_too_much(&self, index: usize, bytes: u64) -> bool {
        let limit = self.recipe.containers[index].memory_limit;
        limit.is_some_and(|limit| bytes > limit.0)
    }

    fn note_status(&mut self, index: usize, status: i32) {
        if let Some(shell) = &mut self.run.containers[index].shell {
            Arc::make_mut(shell).status = status;
        }
    }

    /// Runs the script on from an operation; returns where it stopped.
    fn run_script(&mut self, index: usize, step: u16) -> u16 {
        let recipe = self.recipe.clone();
        let container = &recipe.containers[index];
        let run = &mut self.run;
        let Some(shell) = &mut run.containers[index].shell else {
            return step;
        };
        let mut disk = Disk {
            files: &mut run.files,
            mounts: &container.mounts,
            container: index,
            content: container.script.content,
            layer: container.layer,
        };
        let shell: &mut Shell = Arc::make_mut(shell);
        container.script.go_on(shell, step, &mut disk)
    }

    /// What a command answers in a container, as a probe or a hook asks it. It may leave files.
    pub fn run_command(&mut self, index: usize, script: &Script) -> Answer {
        let recipe = self.recipe.clone();
        let variables = self.variables(index);
        let container = &recipe.containers[index];
        let mut disk = Disk {
            files: &mut self.run.files,
            mounts: &container.mounts,
            container: index,
            content: container.script.content,
            layer: container.layer,
        };
        script.ask(variables, &mut disk)
    }

    /// What a command would answer.
    pub fn try_command(&self, index: usize, script: &Script) -> Answer {
        let container = &self.recipe.containers[index];
        let mut files = self.run.files.clone();
        let mut disk = Disk {
            files: &mut files,
            mounts: &container.mounts,
            container: index,
            content: container.script.content,
            layer: container.layer,
        };
        script.ask(self.variables(index), &mut disk)
    }

    /// The container's environment, as far as it is known here.
    fn variables(&self, index: usize) -> BTreeMap<SmolStr, SmolStr> {
        let row = self.row();
        let spec = &self.cluster.objects.templates[row.template.index()]
            .spec
            .spec;
        let mut all = spec.init_containers.iter().chain(&spec.containers);
        let mut variables = BTreeMap::new();
        variables.insert(HOSTNAME.into(), row.name.clone());
        variables.insert(NAMESPACE.into(), row.namespace.clone());
        if let Some(number) = row.labels.get(INDEX_LABEL) {
            variables.insert("JOB_COMPLETION_INDEX".into(), number.clone());
        }
        let Some(container) = all.nth(index) else {
            return variables;
        };
        let mut words = container.command.iter().chain(&container.args);
        if words.any(|word| word.contains("resolv.conf")) {
            let file = Config::of_pod(&self.cluster.objects, self.pod);
            variables.insert(RESOLV_CONF.into(), smol_str::format_smolstr!("{file}"));
        }
        for from in &container.env_from {
            self.take_all(from, &mut variables);
        }
        for variable in &container.env {
            if let Some(value) = self.value_of(variable) {
                variables.insert(variable.name.clone(), value);
            }
        }
        variables
    }

    /// All keys of a ConfigMap or Secret as variables.
    fn take_all(&self, from: &EnvFrom, variables: &mut BTreeMap<SmolStr, SmolStr>) {
        let named = [
            (ReferenceKind::ConfigMap, &from.config_map_ref),
            (ReferenceKind::Secret, &from.secret_ref),
        ];
        for (kind, name) in named {
            let Some(name) = name else { continue };
            let reference = Reference {
                kind,
                name: name.name.clone(),
                key: SmolStr::default(),
            };
            let namespace = &self.row().namespace;
            for (key, value) in references::entries(self.cluster, namespace, &reference) {
                let key = smol_str::format_smolstr!("{}{key}", from.prefix);
                variables.insert(key, value.into());
            }
        }
    }

    /// The value of a variable: as it stands, of a key, or of a field of the pod.
    fn value_of(&self, variable: &EnvVar) -> Option<SmolStr> {
        if let Some(value) = &variable.value {
            return Some(value.clone());
        }
        let source = variable.value_from.as_ref()?;
        let keys = [
            (ReferenceKind::ConfigMap, &source.config_map_key_ref),
            (ReferenceKind::Secret, &source.secret_key_ref),
        ];
        let row = self.row();
        for (kind, key) in keys {
            let Some(key) = key else { continue };
            let reference = Reference {
                kind,
                name: key.name.clone(),
                key: key.key.clone(),
            };
            let document = references::document(self.cluster, &row.namespace, &reference)?;
            return references::value(&document, &key.key).map(Into::into);
        }
        let path = source.field_ref.as_ref()?.field_path.as_str();
        let label = path.strip_prefix("metadata.labels['");
        if let Some(key) = label.and_then(|rest| rest.strip_suffix("']")) {
            return Some(row.labels.get(key).cloned().unwrap_or_default());
        }
        match path {
            "metadata.name" => Some(row.name.clone()),
            "metadata.namespace" => Some(row.namespace.clone()),
            "spec.serviceAccountName" => {
                let spec = &self.cluster.objects.templates[row.template.index()]
                    .spec
                    .spec;
                let named = spec.service_account_name.clone();
                Some(named.unwrap_or_else(|| "default".into()))
            }
            "spec.nodeName" => {
                let node = &self.cluster.objects.nodes[self.node.index()];
                Some(node.header.reference.name.clone())
            }
            _ => None,
        }
    }

    /// Why a container ended, in its own words.
    pub fn last_words(&self, index: usize, ending: Ending) -> Option<Arc<str>> {
        let recipe = &self.recipe.containers[index];
        if let (Why::Start, Some(program)) = (ending.why, &recipe.script.missing) {
            return Some(super::words::start_error(program).into());
        }
        let mut files = self.run.files.clone();
        let disk = Disk {
            files: &mut files,
            mounts: &recipe.mounts,
            container: index,
            content: Content::Base,
            layer: recipe.layer,
        };
        let written = disk.get(&recipe.last_words.path);
        let written = written.and_then(|file| file.text.clone());
        if let Some(text) = written.filter(|text| !text.is_empty()) {
            return Some(text.as_str().into());
        }
        let falls_back = recipe.last_words.policy == LastWordsPolicy::FallbackToLogsOnError;
        let shell = self.run.containers[index].shell.as_ref();
        let log = shell.filter(|_| falls_back && ending.code != 0)?;
        (!log.output.is_empty()).then(|| log.output.as_str().into())
    }
}

/// The program that a container's command runs, by its name; behind a shell the first one of its text.
fn program_of(container: &Container) -> SmolStr {
    let words = container.command.iter().chain(&container.args);
    let words: Vec<&str> = words.map(SmolStr::as_str).collect();
    let text = match words.as_slice() {
        [shell, "-c", text, ..] if shell.ends_with("sh") => text,
        [first, ..] => first,
        [] => container.name.as_str(),
    };
    let first = text.split_whitespace().next().unwrap_or_default();
    first.rsplit('/').next().unwrap_or(first).into()
}
