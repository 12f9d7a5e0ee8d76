//! Small scenarios, drawn: 3 to 30 services that call each other, a past with decoys, one fault.
//!
//! A [`Shape`] has no names: they come in where it is written down, so that one shape can be
//! written twice with every object renamed. What varies within a pair of worlds is a [`Variation`].

use aegis_model::Tick;
use aegis_sim::{Draws, Purpose};
use std::fmt::Write;

/// A scenario without names.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// What it was drawn from; its number among shapes.
    pub number: u64,
    /// Services; the first is the entry, the last is idle: nobody calls it.
    pub services: Vec<Part>,
    /// Requests per second at the entry.
    pub rate: u64,
    /// Word for the gap between world and twin.
    pub gap: &'static str,
    /// When the fault begins, seconds after time 0.
    pub onset: u64,
    /// What breaks.
    pub fault: Breakage,
    /// The service that breaks.
    pub broken: usize,
    /// Harmless changes.
    pub decoys: Vec<Decoy>,
}

/// One service: a Deployment and its Service.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Pods.
    pub replicas: u64,
    /// Services that it calls.
    pub calls: Vec<usize>,
}

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// A release leaks memory.
    Leak,
    /// A NetworkPolicy shuts it off.
    Lockout,
    /// The health endpoint of a release fails.
    Probe,
    /// The Service selects no pod.
    Selector,
    /// A release fails half of its requests.
    Release,
}

const BREAKAGES: [Breakage; 5] = [
    Breakage::Leak,
    Breakage::Lockout,
    Breakage::Probe,
    Breakage::Selector,
    Breakage::Release,
];

/// A harmless change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoy {
    /// Seconds after time 0.
    pub at: u64,
    /// The service.
    pub of: usize,
    /// What is changed.
    pub what: Edit,
}

/// What a decoy changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// A label of the Deployment.
    Label,
    /// An annotation of the Service.
    Annotation,
    /// The image: a rollout.
    Image,
    /// One pod more.
    Replicas,
}

const EDITS: [Edit; 4] = [Edit::Label, Edit::Annotation, Edit::Image, Edit::Replicas];

/// Nodes of every scenario.
const NODES: usize = 3;

/// Names of a shape's objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// By service.
    pub services: Vec<String>,
    /// Of the namespace.
    pub namespace: String,
    /// By node.
    pub nodes: Vec<String>,
}

/// What the two worlds of a pair do not share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variation {
    /// Name of the scenario.
    pub title: String,
    /// Labels and description.
    pub labels: String,
    /// Length of the run, s.
    pub duration: u64,
    /// Lines of `chaos`.
    pub chaos: Vec<String>,
    /// Lines of `services`: true parameters.
    pub services: Vec<String>,
    /// Line of `truth`.
    pub truth: Option<String>,
    /// Lines of `remedy`.
    pub remedy: Vec<String>,
}

/// Numbers, one after the other.
#[derive(Debug, Clone)]
pub struct Dice {
    draws: Draws,
    thrown: u32,
}

impl Dice {
    /// Dice that always fall the same way for a number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self {
            draws: Draws::new(number).derive(0x7E57),
            thrown: 0,
        }
    }

    /// 0..1.
    pub fn share(&mut self) -> f64 {
        self.thrown += 1;
        self.draws.uniform(Purpose::Prior, 0, Tick(self.thrown))
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + (self.share() * (high - low + 1) as f64) as u64
    }

    /// One of some; there must be one.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.between(0, of.len() as u64 - 1) as usize]
    }
}

/// The shape of that number.
#[must_use]
pub fn shape(number: u64) -> Shape {
    let mut dice = Dice::new(number);
    // Small ones more often: three is as much a case as thirty, and cheaper.
    let spread = dice.share();
    let count = 3 + (spread * spread * spread * 27.9) as usize;
    let onset = dice.between(60, 600);
    let rate = dice.between(20, 60);
    let gap = dice.one(&["medium", "medium", "large", "none"]);
    let fault = dice.one(&BREAKAGES);
    Shape {
        number,
        services: parts(&mut dice, count),
        rate,
        gap,
        onset,
        fault,
        broken: dice.between(1, count as u64 - 2) as usize,
        decoys: decoys(&mut dice, count, onset),
    }
}

/// Every service but the first and the last has a caller among those before it, some have two.
fn parts(dice: &mut Dice, count: usize) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::with_capacity(count);
    for index in 0..count {
        parts.push(Part {
            replicas: dice.between(1, 2),
            calls: Vec::new(),
        });
        if index == 0 || index == count - 1 {
            continue;
        }
        let callers = if dice.share() < 0.15 { 2 } else { 1 };
        for _ in 0..callers {
            let caller = dice.between(0, index as u64 - 1) as usize;
            if !parts[caller].calls.contains(&index) {
                parts[caller].calls.push(index);
            }
        }
    }
    parts
}

fn decoys(dice: &mut Dice, count: usize, onset: u64) -> Vec<Decoy> {
    let number = dice.between(2, 5);
    let decoy = |_| Decoy {
        at: dice.between(5, onset - 10),
        of: dice.between(0, count as u64 - 1) as usize,
        what: dice.one(&EDITS),
    };
    (0..number).map(decoy).collect()
}

/// Eight letters that no table of images or runtimes knows.
fn word(dice: &mut Dice) -> String {
    const CONSONANTS: [char; 8] = ['b', 'd', 'f', 'k', 'v', 'w', 'x', 'z'];
    const VOWELS: [char; 4] = ['a', 'i', 'o', 'u'];
    let syllable = |_| [dice.one(&CONSONANTS), dice.one(&VOWELS)];
    (0..4).flat_map(syllable).collect()
}

impl Naming {
    /// Names drawn from a number; two numbers share none, or all but never.
    ///
    /// # Panics
    /// Two services got one name.
    #[must_use]
    pub fn new(shape: &Shape, number: u64) -> Self {
        let mut dice = Dice::new(number ^ 0x00AA_5500);
        let mut words =
            |count: usize| -> Vec<String> { (0..count).map(|_| word(&mut dice)).collect() };
        let names = Self {
            services: words(shape.services.len()),
            namespace: words(1).concat(),
            nodes: words(NODES),
        };
        let mut sorted: Vec<&String> = names.all().collect();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), names.all().count(), "names are unique");
        names
    }

    /// Every name, in one order for all namings of a shape.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        let services = self.services.iter().chain(&self.nodes);
        services.chain([&self.namespace])
    }

    /// `kind/namespace/name` of a service.
    #[must_use]
    pub fn object(&self, kind: &str, service: usize) -> String {
        format!("{kind}/{}/{}", self.namespace, self.services[service])
    }
}

impl Shape {
    /// The idle service.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.services.len() - 1
    }

    /// What happens whatever varies: decoys, the release that the fault came with, the fault.
    #[must_use]
    pub fn chaos(&self, names: &Naming) -> Vec<String> {
        let mut lines: Vec<String> = self
            .decoys
            .iter()
            .map(|decoy| self.decoy(decoy, names))
            .collect();
        let released = matches!(self.fault, Breakage::Leak | Breakage::Probe);
        if released {
            let at = self.onset.saturating_sub(100).max(4);
            lines.push(image(names, self.broken, at, "v3"));
        }
        lines.push(self.broken_line(names));
        lines
    }

    fn decoy(&self, decoy: &Decoy, names: &Naming) -> String {
        let (at, deployment) = (decoy.at, names.object("deployment", decoy.of));
        let service = names.object("service", decoy.of);
        let more = self.services[decoy.of].replicas + 1;
        match decoy.what {
            Edit::Label => merge(at, &deployment, "{metadata: {labels: {team: blue}}}"),
            Edit::Annotation => merge(
                at,
                &service,
                "{metadata: {annotations: {audited: \"yes\"}}}",
            ),
            Edit::Image => image(names, decoy.of, at, "v2"),
            Edit::Replicas => merge(at, &deployment, &format!("{{spec: {{replicas: {more}}}}}")),
        }
    }

    fn broken_line(&self, names: &Naming) -> String {
        let at = self.onset;
        let (fault, kind, sizes) = match self.fault {
            Breakage::Leak => ("oom_storm", "deployment", ", parameters: {leak: 4Mi/s}"),
            Breakage::Lockout => ("netpol_lockout", "deployment", ""),
            Breakage::Probe => ("probe_failure", "deployment", ""),
            Breakage::Selector => ("service_selector_wrong", "service", ""),
            Breakage::Release => ("bad_release", "deployment", ""),
        };
        let target = names.object(kind, self.broken);
        format!("{{at: {at}s, fault: {fault}, target: {target}{sizes}}}")
    }

    /// The variation that adds nothing, over this many seconds.
    #[must_use]
    pub fn plain(&self, names: &Naming, duration: u64) -> Variation {
        Variation {
            title: format!("generated-{}", self.number),
            labels: "{suite: generated}".into(),
            duration,
            chaos: self.chaos(names),
            services: Vec::new(),
            truth: None,
            remedy: Vec::new(),
        }
    }

    /// The scenario as a text.
    #[must_use]
    pub fn text(&self, names: &Naming, with: &Variation) -> String {
        let mut text = self.head(names, with);
        let nodes = names.nodes.iter().zip(["a", "b", "c"]);
        text.extend(nodes.map(|(name, zone)| node(name, zone)));
        for index in 0..self.services.len() {
            text.push_str(&self.deployment(names, index));
            text.push_str(&service(names, index));
        }
        text
    }

    fn head(&self, names: &Naming, with: &Variation) -> String {
        let (entry, idle) = (&names.services[0], &names.services[self.idle()]);
        let mut text = format!(
            "apiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {{name: {}, labels: {}}}\nspec:\n  description: \"{}\"\n",
            with.title, with.labels, with.title
        );
        text.push_str(&format!(
            "  duration: {}s\n  physics: {{gap: {}}}\n",
            with.duration, self.gap
        ));
        text.push_str(&format!(
            "  traffic: [{{to: {entry}, rps: {{constant: {}}}}}, {{to: {idle}, rps: {{constant: 0}}}}]\n",
            self.rate
        ));
        text.push_str(&format!(
            "  objectives: [{{service: {entry}, availability: 99%, latency: {{p99: 1s}}, window: 5m}}]\n"
        ));
        list(&mut text, "chaos", &with.chaos);
        list(&mut text, "services", &with.services);
        list(&mut text, "remedy", &with.remedy);
        if let Some(truth) = &with.truth {
            text.push_str(&format!("  truth: {truth}\n"));
        }
        text
    }

    fn deployment(&self, names: &Naming, index: usize) -> String {
        let (name, space) = (&names.services[index], &names.namespace);
        let part = &self.services[index];
        let mut env = String::new();
        for (position, callee) in part.calls.iter().enumerate() {
            let callee = &names.services[*callee];
            let _ = writeln!(
                env,
                "            - {{name: PEER{position}_ADDR, value: \"{callee}:8080\"}}"
            );
        }
        let env = if env.is_empty() {
            env
        } else {
            format!("          env:\n{env}")
        };
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {space}}}\nspec:\n  replicas: {}\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n        - name: main\n          image: registry.test/part{index}:v1\n          ports: [{{containerPort: 8080}}]\n{env}          readinessProbe: {{httpGet: {{path: /ready, port: 8080}}, periodSeconds: 5}}\n          resources: {{requests: {{cpu: 100m, memory: 64Mi}}, limits: {{cpu: 500m, memory: 128Mi}}}}\n",
            part.replicas
        )
    }
}

fn node(name: &str, zone: &str) -> String {
    let amounts = "{cpu: \"4\", memory: 16Gi, pods: \"110\"}";
    format!(
        "---\napiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{topology.kubernetes.io/zone: {zone}, kubernetes.io/hostname: {name}}}}}\nstatus: {{capacity: {amounts}, allocatable: {amounts}}}\n"
    )
}

fn service(names: &Naming, index: usize) -> String {
    let (name, space) = (&names.services[index], &names.namespace);
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {space}}}\nspec: {{selector: {{app: {name}}}, ports: [{{port: 8080, targetPort: 8080}}]}}\n"
    )
}

fn list(text: &mut String, key: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("  {key}:\n"));
    for line in lines {
        text.push_str(&format!("    - {line}\n"));
    }
}

fn merge(at: u64, object: &str, patch: &str) -> String {
    format!("{{at: {at}s, actor: \"user:platform\", patch: {{object: {object}, merge: {patch}}}}}")
}

/// A rollout of a service.
#[must_use]
pub fn image(names: &Naming, service: usize, at: u64, tag: &str) -> String {
    let object = names.object("deployment", service);
    format!(
        "{{at: {at}s, actor: \"system:ci\", patch: {{object: {object}, json: [{{op: replace, path: /spec/template/spec/containers/0/image, value: \"registry.test/part{service}:{tag}\"}}]}}}}"
    )
}
