//! Compiles a pod template: what its containers do, need and answer.

use aegis_cluster::cluster::Cluster;
use aegis_cluster::workings::{
    Answered, ContainerRecipe, EmptyDirRecipe, HookRecipe, LastWords, LastWordsPolicy, Part,
    ProbeRecipe, Pull, Recipe, Reference, ReferenceKind, User, VolumeRecipe, is_sidecar,
};
use aegis_infer::recognise;
use aegis_model::kubernetes::{
    Container, IntOrString, KeyToPath, LifecycleHandler, PodSpec, PodTemplateSpec, Probe, Volume,
};
use aegis_model::{Bytes, Objects, PodId, TemplateId, WorkloadId};
use aegis_shell as shell;
use aegis_shell::{Access, Backing, Filled, Mount, Script};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// The recipe of a pod's template; compiled once.
pub(super) fn recipe_of<P>(cluster: &mut Cluster<P>, pod: PodId) -> Arc<Recipe> {
    let row = &cluster.objects.pods[pod.index()];
    let (template, workload) = (row.template, row.workload);
    let first = first_template(cluster, workload, template);
    let recipes = &mut cluster.workings.kubelet.recipes;
    while recipes.len() <= template.index() {
        recipes.push(None);
    }
    if let Some(recipe) = &recipes[template.index()] {
        return recipe.clone();
    }
    let recipe = Arc::new(compile(&cluster.objects, template, first));
    recipes[template.index()] = Some(recipe.clone());
    recipe
}

/// Compiles what the first look at each pod would, so that forks need not. A workload whose pods are
/// not of one template waits for that look: it decides which of them was first.
pub fn prepare<P>(cluster: &mut Cluster<P>) {
    let mut firsts: Vec<Option<PodId>> = vec![None; cluster.objects.workloads.len()];
    let mut mixed: Vec<bool> = vec![false; firsts.len()];
    for (index, row) in cluster.objects.pods.enumerate() {
        let workload = row.workload.index();
        if !row.exists() || workload >= firsts.len() {
            continue;
        }
        let first = *firsts[workload].get_or_insert(PodId::from(index));
        mixed[workload] |= cluster.objects.pods[first.index()].template != row.template;
    }
    let alike = firsts.into_iter().zip(mixed).filter(|(_, mixed)| !mixed);
    for pod in alike.filter_map(|(first, _)| first) {
        recipe_of(cluster, pod);
    }
}

/// The template that ran first for a workload.
fn first_template<P>(
    cluster: &mut Cluster<P>,
    workload: WorkloadId,
    template: TemplateId,
) -> TemplateId {
    let firsts = &mut cluster.workings.kubelet.first_templates;
    while firsts.len() <= workload.index() {
        firsts.push(None);
    }
    if let Some(first) = firsts[workload.index()] {
        return first;
    }
    firsts[workload.index()] = Some(template);
    template
}

fn compile(objects: &Objects, template: TemplateId, first: TemplateId) -> Recipe {
    let pods = &objects.templates[template.index()].spec;
    let first = &objects.templates[first.index()].spec;
    let spec = &pods.spec;
    let serving = serving(pods);
    let all = spec.init_containers.iter().chain(&spec.containers);
    let containers = all.enumerate().map(|(index, container)| {
        let by = match index == serving {
            true => Answered::ByServer,
            false => Answered::AtOnce,
        };
        let probe = |probe: &Option<Probe>| {
            let probe = probe.as_ref();
            probe.map(|probe| compile_probe(probe, container, by, spec, &first.spec))
        };
        ContainerRecipe {
            name: container.name.clone(),
            image: container.image.clone(),
            part: match index < spec.init_containers.len() {
                true if is_sidecar(container) => Part::Sidecar,
                true => Part::Init,
                false => Part::Main,
            },
            script: script(container),
            pull: pull(container),
            probes: [
                probe(&container.startup_probe),
                probe(&container.liveness_probe),
                probe(&container.readiness_probe),
            ],
            memory_limit: memory_limit(container, spec),
            references: references(container),
            mounts: mounts(container, spec),
            layer: layer(container),
            hooks: [
                &container.lifecycle.post_start,
                &container.lifecycle.pre_stop,
            ]
            .map(|hook| {
                hook.as_ref()
                    .map(|hook| hook_recipe(hook, container, spec, first))
            }),
            user: user(container, spec),
            storage_limit: container.resources.limits.get("ephemeral-storage"),
            last_words: last_words(container),
        }
    });
    Recipe {
        containers: containers.collect(),
        inits: spec.init_containers.len(),
        serving,
        volumes: volumes(spec),
        empty_dirs: empty_dirs(spec),
        absent_paths: absent_paths(spec),
        readiness_gates: spec
            .readiness_gates
            .iter()
            .map(|gate| gate.condition_type.clone())
            .collect(),
        active_deadline: spec.active_deadline_seconds,
    }
}

/// Position of the container that serves, among all.
fn serving(pods: &PodTemplateSpec) -> usize {
    let main = recognise::main_container(pods).map(|container| &container.name);
    let containers = &pods.spec.containers;
    let position = containers.iter().position(|c| Some(&c.name) == main);
    pods.spec.init_containers.len() + position.unwrap_or(0)
}

/// `imagePullPolicy`; by default `Always` for `latest` or no tag.
/// Source: pkg/apis/core/v1/defaults.go.
/// Memory above which a container's process is killed: its own limit, or that of its pod where it is less
/// (pod-level resources, beta and on in 1.34).
fn memory_limit(container: &Container, spec: &PodSpec) -> Option<Bytes> {
    let own = container.resources.limits.memory();
    let all = spec.resources.limits.memory();
    own.into_iter().chain(all).min_by_key(|bytes| bytes.0)
}

fn pull(container: &Container) -> Pull {
    match container.image_pull_policy.as_deref() {
        Some("Always") => Pull::Always,
        Some("Never") => Pull::Never,
        Some("IfNotPresent") => Pull::IfNotPresent,
        _ if is_latest(&container.image) => Pull::Always,
        _ => Pull::IfNotPresent,
    }
}

fn is_latest(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn compile_probe(
    probe: &Probe,
    container: &Container,
    by: Answered,
    spec: &PodSpec,
    first: &PodSpec,
) -> ProbeRecipe {
    let port = probe_port(probe, container);
    ProbeRecipe {
        probe: probe.clone(),
        answered: answered(probe, port, container, by, spec, first),
        port: port.unwrap_or(0),
        command: probe
            .exec
            .as_ref()
            .map(|exec| shell::read(&exec.command, &[], &container.image)),
    }
}

/// The port that a probe asks; a name that the container does not declare is none.
fn probe_port(probe: &Probe, container: &Container) -> Option<u16> {
    let http = probe.http_get.as_ref().map(|get| &get.port);
    let other = probe.tcp_socket.as_ref().or(probe.grpc.as_ref());
    match http.or(other.map(|port| &port.port))? {
        IntOrString::Int(number) => u16::try_from(*number).ok(),
        IntOrString::Text(name) => container
            .ports
            .iter()
            .find(|port| port.name.as_ref() == Some(name))
            .map(|port| port.container_port),
    }
}

fn answered(
    probe: &Probe,
    port: Option<u16>,
    container: &Container,
    by: Answered,
    spec: &PodSpec,
    first: &PodSpec,
) -> Answered {
    if probe.exec.is_some() {
        return Answered::ByCommand;
    }
    let Some(port) = port else {
        return Answered::ByNobody;
    };
    if !listens(container, port, spec, first) {
        return Answered::ByNobody;
    }
    if !has_path(probe, first) || lacks_path(probe, container) {
        return Answered::NotFound;
    }
    if is_liveness_example(container) && probe.http_get.is_some() {
        return Answered::FailsAfter(LIVENESS_EXAMPLE);
    }
    by
}

/// What the container's command does, with `$(NAME)` of its own variables filled in.
fn script(container: &Container) -> Script {
    // A container listens on the ports that it declares: with some, pause stands in for a server.
    if shell::is_pause(&container.image) && !container.ports.is_empty() {
        return Script::stand_in(&container.image);
    }
    let fill = |words: &[SmolStr]| -> Vec<SmolStr> {
        words
            .iter()
            .map(|word| filled_in(word, container))
            .collect()
    };
    shell::read(
        &fill(&container.command),
        &fill(&container.args),
        &container.image,
    )
}

/// Source: third_party/forked/golang/expansion: a name that is not defined stays as it is. What differs from
/// pod to pod is left to the shell, which has the same variables.
fn filled_in(word: &SmolStr, container: &Container) -> SmolStr {
    // The controller of an indexed Job gives its containers this one.
    let mut text = word.replace("$(JOB_COMPLETION_INDEX)", "${JOB_COMPLETION_INDEX}");
    for variable in container.env.iter().filter(|_| word.contains("$(")) {
        let reference = alloc::format!("$({})", variable.name);
        text = match &variable.value {
            Some(value) => text.replace(&reference, value),
            None => text.replace(&reference, &alloc::format!("${{{}}}", variable.name)),
        };
    }
    text.into()
}

fn mounts(container: &Container, spec: &PodSpec) -> Vec<Mount> {
    let filled = |name: &SmolStr| {
        let volume = spec.volumes.iter().find(|volume| volume.name == *name);
        let own = |volume: &Volume| {
            volume.empty_dir.is_some()
                || volume.persistent_volume_claim.is_some()
                || volume.ephemeral.is_some()
        };
        match volume {
            Some(volume) if !own(volume) => Filled::Elsewhere,
            _ => Filled::ByScripts,
        }
    };
    // What shows objects is mounted for reading alone, whatever the mount says.
    let is_of_objects = |name: &SmolStr| {
        let volume = spec.volumes.iter().find(|volume| volume.name == *name);
        volume.is_some_and(|volume| {
            volume.config_map.is_some() || volume.secret.is_some() || volume.projected.is_some()
        })
    };
    // A fresh file system belongs to root; with `fsGroup` its files are given to the group.
    let user = container.security_context.run_as_user;
    let user = user.or(spec.security_context.run_as_user).unwrap_or(0);
    let is_of_another = |name: &SmolStr| {
        let volume = spec.volumes.iter().find(|volume| volume.name == *name);
        let is_claim = volume.is_some_and(|volume| {
            volume.persistent_volume_claim.is_some() || volume.ephemeral.is_some()
        });
        is_claim && user != 0 && spec.security_context.fs_group.is_none()
    };
    let mounts = container.volume_mounts.iter().map(|mount| Mount {
        volume: mount.name.clone(),
        path: mount.mount_path.clone(),
        files: filled(&mount.name),
        access: match mount.read_only || is_of_objects(&mount.name) {
            true => Access::ReadOnly,
            false if is_of_another(&mount.name) => Access::Denied,
            false => Access::Writable,
        },
        backing: backing(&mount.name, spec),
    });
    mounts.collect()
}

/// Source: Kubernetes' page on volumes: files of an emptyDir of medium Memory count against the memory
/// limit of the container that wrote them.
fn backing(name: &SmolStr, spec: &PodSpec) -> Backing {
    let volume = spec.volumes.iter().find(|volume| volume.name == *name);
    let dir = volume.and_then(|volume| volume.empty_dir.as_ref());
    match dir.and_then(|dir| dir.medium.as_deref()) {
        Some("Memory") => Backing::Memory,
        _ => Backing::Disk,
    }
}

fn layer(container: &Container) -> Access {
    match container.security_context.read_only_root_filesystem {
        Some(true) => Access::ReadOnly,
        _ => Access::Writable,
    }
}

fn hook_recipe(
    hook: &LifecycleHandler,
    container: &Container,
    spec: &PodSpec,
    first: &PodTemplateSpec,
) -> HookRecipe {
    if let Some(exec) = &hook.exec {
        return HookRecipe::Command(shell::read(&exec.command, &[], &container.image));
    }
    if let Some(sleep) = &hook.sleep {
        return HookRecipe::Sleeps(sleep.seconds);
    }
    let probe = Probe {
        http_get: hook.http_get.clone(),
        ..Probe::default()
    };
    let port = probe_port(&probe, container);
    let listens = port.is_some_and(|port| listens(container, port, spec, &first.spec));
    HookRecipe::Asks(match listens {
        true => Answered::AtOnce,
        false => Answered::ByNobody,
    })
}

/// Whether the container may run as its user. Of an image that nobody knows it is taken to fit.
fn user(container: &Container, spec: &PodSpec) -> User {
    let (own, pod) = (&container.security_context, &spec.security_context);
    if own.run_as_non_root.or(pod.run_as_non_root) != Some(true) {
        return User::Fits;
    }
    match own.run_as_user.or(pod.run_as_user) {
        Some(0) => User::IsRoot,
        None if super::images::runs_as_root(&container.image) => User::ImageIsRoot,
        _ => User::Fits,
    }
}

fn last_words(container: &Container) -> LastWords {
    let path = container.termination_message_path.clone();
    LastWords {
        path: path.unwrap_or_else(|| "/dev/termination-log".into()),
        policy: match container.termination_message_policy.as_deref() {
            Some("FallbackToLogsOnError") => LastWordsPolicy::FallbackToLogsOnError,
            _ => LastWordsPolicy::File,
        },
    }
}

fn empty_dirs(spec: &PodSpec) -> Vec<EmptyDirRecipe> {
    let dirs = spec.volumes.iter().filter_map(|volume| {
        let dir = volume.empty_dir.as_ref()?;
        Some(EmptyDirRecipe {
            name: volume.name.clone(),
            limit: dir.size_limit.filter(|limit| limit.milli > 0),
        })
    });
    dirs.collect()
}

/// Folders of a usual node; what lies elsewhere is not there until somebody makes it.
const OF_NODES: [&str; 19] = [
    "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root",
    "run", "sbin", "srv", "sys", "tmp", "usr", "var",
];

/// Volumes of paths that must be there and are not, with what is wrong.
/// Source: pkg/volume/hostpath/host_path.go `checkTypeInternal`.
fn absent_paths(spec: &PodSpec) -> Vec<(SmolStr, SmolStr)> {
    let volumes = spec.volumes.iter();
    let absent = volumes.filter_map(|volume| {
        let path = volume.host_path.as_ref()?;
        let what = match path.kind.as_deref()? {
            "Directory" => "directory",
            "File" => "file",
            "Socket" => "socket file",
            "CharDevice" => "character device",
            "BlockDevice" => "block device",
            _ => return None,
        };
        let first = path.path.trim_start_matches('/').split('/').next()?;
        let usual = first.is_empty() || OF_NODES.contains(&first);
        let absent = !usual || shell::is_plainly_absent(&path.path);
        let why =
            smol_str::format_smolstr!("hostPath type check failed: {} is not a {what}", path.path);
        absent.then(|| (volume.name.clone(), why))
    });
    absent.collect()
}

/// Ports on which common images listen beside those that manifests declare.
/// Sources: the images' own pages and default configurations.
const KNOWN_PORTS: [(&str, &[u16]); 14] = [
    ("coredns", &[8080, 8181]),
    ("proxyv2", &[15020, 15021, 15090]),
    ("envoy", &[9901]),
    ("nginx", &[80]),
    ("httpd", &[80]),
    ("redis", &[6379]),
    ("memcached", &[11211]),
    ("mongo", &[27017]),
    ("mysql", &[3306]),
    ("mariadb", &[3306]),
    ("postgres", &[5432]),
    ("rabbitmq", &[5672, 15672]),
    ("opentelemetry-collector", &[13133]),
    ("opentelemetry-collector-contrib", &[13133]),
];

/// Whether the image is that of a server, whatever the manifest declares.
pub(super) fn listens_by_itself(container: &Container) -> bool {
    let family = shell::image_family(&container.image);
    KNOWN_PORTS.iter().any(|(image, _)| *image == family)
}

/// Whether something in the pod listens on a port: one that it declares, or one that
/// the image is known for. A container that declares none listens on the ports on
/// which the workload was probed when it first ran; where it was not, on any. `pause` listens on none.
fn listens(container: &Container, port: u16, spec: &PodSpec, first: &PodSpec) -> bool {
    let family = shell::image_family(&container.image);
    let known = KNOWN_PORTS
        .iter()
        .any(|(image, ports)| *image == family && ports.contains(&port));
    let mut declared = spec.containers.iter().flat_map(|c| &c.ports);
    if known || declared.any(|one| one.container_port == port) {
        return true;
    }
    // A server of a known image without a word of configuration listens where it always does.
    let as_it_comes = listens_by_itself(container)
        && container.command.is_empty()
        && container.args.is_empty()
        && container.env.is_empty()
        && container.env_from.is_empty()
        && container.volume_mounts.is_empty();
    container.ports.is_empty()
        && !as_it_comes
        && !shell::is_pause(&container.image)
        && at_first(container, first).is_none_or(|ports| ports.contains(&port))
}

/// Ports that the container declared or was probed on when the workload first ran; `None` if none.
fn at_first(container: &Container, first: &PodSpec) -> Option<Vec<u16>> {
    let then = first.containers.iter().find(|c| c.name == container.name)?;
    let declared = then.ports.iter().map(|port| port.container_port);
    let probed = probes(then).filter_map(|probe| probe_port(probe, then));
    let ports: Vec<u16> = declared.chain(probed).collect();
    (!ports.is_empty()).then_some(ports)
}

fn probes(container: &Container) -> impl Iterator<Item = &Probe> {
    [
        &container.startup_probe,
        &container.liveness_probe,
        &container.readiness_probe,
    ]
    .into_iter()
    .flatten()
}

/// Seconds for which the documentation's example of HTTP probes is well.
/// Source: test/images/agnhost/liveness/server.go.
const LIVENESS_EXAMPLE: u32 = 10;

fn is_liveness_example(container: &Container) -> bool {
    let family = shell::image_family(&container.image);
    let words = || container.command.iter().chain(&container.args);
    match family {
        "agnhost" => words().any(|word| word == "liveness"),
        "liveness" => true,
        _ => false,
    }
}

/// Whether a server that shows only what came with its image is asked for something else.
fn lacks_path(probe: &Probe, container: &Container) -> bool {
    let Some(get) = &probe.http_get else {
        return false;
    };
    let plain = container.command.is_empty()
        && container.args.is_empty()
        && container.volume_mounts.is_empty();
    let known = ["/", "/index.html", "/50x.html"];
    let family = shell::image_family(&container.image);
    let path = get.path.as_deref().unwrap_or("/");
    let path = path.split('?').next().unwrap_or(path);
    plain && matches!(family, "nginx" | "httpd") && !known.contains(&path)
}

/// Whether the server knows the path: `/`, or one that was probed when the workload
/// first ran; where none was, any.
fn has_path(probe: &Probe, first: &PodSpec) -> bool {
    let Some(get) = &probe.http_get else {
        return true;
    };
    let path = |path: &Option<SmolStr>| path.clone().unwrap_or_else(|| "/".into());
    let wanted = path(&get.path);
    let mut known = first
        .containers
        .iter()
        .flat_map(probes)
        .filter_map(|probe| probe.http_get.as_ref())
        .peekable();
    wanted == "/" || known.peek().is_none() || known.any(|get| path(&get.path) == wanted)
}

fn references(container: &Container) -> Vec<Reference> {
    let mut all = Vec::new();
    let mut push = |kind, name: &SmolStr, key: &SmolStr, optional: bool| {
        if !optional && !name.is_empty() {
            all.push(Reference {
                kind,
                name: name.clone(),
                key: key.clone(),
            });
        }
    };
    let whole = SmolStr::default();
    for from in &container.env_from {
        if let Some(map) = &from.config_map_ref {
            push(ReferenceKind::ConfigMap, &map.name, &whole, map.optional);
        }
        if let Some(secret) = &from.secret_ref {
            push(ReferenceKind::Secret, &secret.name, &whole, secret.optional);
        }
    }
    for source in container
        .env
        .iter()
        .filter_map(|var| var.value_from.as_ref())
    {
        if let Some(map) = &source.config_map_key_ref {
            push(ReferenceKind::ConfigMap, &map.name, &map.key, map.optional);
        }
        if let Some(secret) = &source.secret_key_ref {
            push(
                ReferenceKind::Secret,
                &secret.name,
                &secret.key,
                secret.optional,
            );
        }
    }
    all
}

/// ConfigMaps and Secrets that volumes show, those of projected volumes too.
fn volumes(spec: &PodSpec) -> Vec<VolumeRecipe> {
    let mut all = Vec::new();
    for volume in &spec.volumes {
        let mut show = |kind, name: &SmolStr, optional: bool, items: &[KeyToPath]| {
            if !optional && !name.is_empty() {
                all.push(volume_recipe(&volume.name, kind, name, items));
            }
        };
        let sources = volume.projected.iter().flat_map(|all| &all.sources);
        let projected = sources.map(|source| (&source.config_map, &source.secret));
        for (map, secret) in projected {
            if let Some(map) = map {
                show(
                    ReferenceKind::ConfigMap,
                    &map.name,
                    map.optional,
                    &map.items,
                );
            }
            if let Some(one) = secret {
                show(ReferenceKind::Secret, &one.name, one.optional, &one.items);
            }
        }
        if let Some(map) = &volume.config_map {
            show(
                ReferenceKind::ConfigMap,
                &map.name,
                map.optional,
                &map.items,
            );
        }
        if let Some(one) = &volume.secret {
            show(
                ReferenceKind::Secret,
                &one.secret_name,
                one.optional,
                &one.items,
            );
        }
    }
    all
}

fn volume_recipe(
    volume: &SmolStr,
    kind: ReferenceKind,
    name: &SmolStr,
    items: &[KeyToPath],
) -> VolumeRecipe {
    let items = items
        .iter()
        .map(|item| (item.key.clone(), item.path.clone()));
    VolumeRecipe {
        name: volume.clone(),
        reference: Reference {
            kind,
            name: name.clone(),
            key: SmolStr::default(),
        },
        items: items.collect(),
    }
}
