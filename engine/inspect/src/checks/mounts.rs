//! What containers mount: files that are in no volume, folders that may only be read, paths of nodes
//! that are not there.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Documented, Fits, Proven, Said},
};
use crate::doc::{items, text, texts};
use crate::estate::{Estate, Pod};
use aegis_model::bundle::{Complaint, Log, Origin};
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for at in 0..estate.workloads.len() {
        if estate.bundle.origin == Origin::Settled {
            found.extend(no_such_file(estate, at));
            found.extend(misspelt_key(estate, at));
            found.extend(unusual_path(estate, at));
        }
        let mut waiting = estate.pods_of(at).filter(|pod| !pod.is_ready());
        found.extend(waiting.find_map(|pod| no_such_path(case, at, pod)));
    }
    found
}

fn volume<'a>(pod_spec: &'a Value, name: &str) -> Option<&'a Value> {
    items(pod_spec, "/volumes").find(|volume| text(volume, "/name") == name)
}

/// The files that a volume of a ConfigMap or Secret shows; nothing where they are not all known.
fn files_of<'a>(estate: &Estate<'a>, namespace: &str, volume: &'a Value) -> Option<Vec<&'a str>> {
    const SOURCES: &[(&str, &str, &str)] = &[
        ("/configMap", "/configMap/name", "ConfigMap"),
        ("/secret", "/secret/secretName", "Secret"),
    ];
    let (source, name, kind) = SOURCES
        .iter()
        .find(|(source, ..)| volume.pointer(source).is_some())?;
    let chosen: Vec<&str> = items(volume, &format!("{source}/items"))
        .map(|item| text(item, "/path"))
        .collect();
    if !chosen.is_empty() {
        return Some(chosen);
    }
    let shown = estate.find(kind, namespace, text(volume, name))?;
    let parts = ["/data", "/binaryData", "/stringData"].into_iter();
    let keys = parts.filter_map(|part| shown.doc.pointer(part).and_then(Value::as_object));
    Some(keys.flatten().map(|(key, _)| key.as_str()).collect())
}

/// A `subPath` that names no file of its ConfigMap or Secret: an empty folder is mounted instead, and
/// over a file not even that.
fn no_such_file(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let lists = ["/initContainers", "/containers"];
    let mut mounts = lists.into_iter().flat_map(|list| {
        let containers = items(keeper.pod_spec, list);
        containers.flat_map(move |one| {
            let own = move |mount| (&list[1..], text(one, "/name"), mount);
            items(one, "/volumeMounts").map(own)
        })
    });
    let (list, container, mount, files) = mounts.find_map(|(list, container, mount)| {
        let wanted = text(mount, "/subPath");
        let source = volume(keeper.pod_spec, text(mount, "/name"))?;
        let files = files_of(estate, keeper.object.namespace, source)?;
        let within = |file: &&str| {
            *file == wanted
                || file
                    .strip_prefix(wanted)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        let absent = !wanted.is_empty() && !files.iter().any(within);
        absent.then_some((list, container, mount, files))
    })?;
    let (wanted, path) = (text(mount, "/subPath"), text(mount, "/mountPath"));
    let name = text(mount, "/name");
    let words = format!(
        "subPath {wanted} is no file of volume {name}, which shows {}: the kubelet makes an empty folder at {path}",
        files.join(", ")
    );
    let candidate = Candidate::at_workload("configuration_key_missing", estate, at)?
        .field(format!(
            "spec.template.spec.{list}[name={container}].volumeMounts[name={name}].subPath"
        ))
        .value("value", name)
        .seen(Documented, "object", keeper.object.reference(), words);
    Some(candidate.by_itself())
}

/// A key that may be absent, that is absent, and of which another is a slip: nothing says so at run time.
fn misspelt_key(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let namespace = keeper.object.namespace;
    crate::containers::of_workload(estate, at).find_map(|one| {
        items(one.doc, "/env").find_map(|variable| {
            let (kind, owner, key) = source_of(variable)?;
            let object = estate.find(kind, namespace, owner)?;
            let parts = ["/data", "/stringData"].into_iter();
            let keys = parts.filter_map(|part| object.doc.pointer(part).and_then(Value::as_object));
            let names: Vec<&String> = keys.flatten().map(|(name, _)| name).collect();
            if names.iter().any(|name| *name == key) {
                return None;
            }
            let near = names.into_iter().find(|name| {
                key.len() > 3 && super::names::distance(name, key) <= 2
                    || name.eq_ignore_ascii_case(key)
            })?;
            let words = format!("{kind} {owner} has {near} and no {key}, and the key may be absent: the variable stays unset");
            let asked = text(variable, "/name");
            let found = Candidate::at_workload("configuration_key_missing", estate, at)?
                .field(one.field(&format!("env[name={asked}].valueFrom")))
                .value("value", owner)
                .value("value_kind", kind.to_ascii_lowercase())
                .seen(Proven, "object", keeper.object.reference(), words);
            Some(found.by_itself())
        })
    })
}

/// Folders of nodes under which paths are there, or are made by what runs on each node.
const OF_NODES: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home/kubernetes",
    "/lib",
    "/lib64",
    "/opt/cni",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib",
    "/var/log",
    "/var/run",
    "/snap",
];

/// A path that a fresh node does not have, and that the volume demands.
fn unusual_path(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let volume = items(keeper.pod_spec, "/volumes").find(|volume| {
        let path = text(volume, "/hostPath/path").trim_end_matches('/');
        let demanded = matches!(
            text(volume, "/hostPath/type"),
            "Directory" | "File" | "Socket"
        );
        let within = |folder: &&str| {
            path.strip_prefix(*folder)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let top = path.matches('/').count() < 2;
        demanded && !top && !OF_NODES.iter().any(within)
    })?;
    let (name, path) = (text(volume, "/name"), text(volume, "/hostPath/path"));
    let kind = text(volume, "/hostPath/type");
    let words = format!(
        "hostPath type {kind} demands that {path} be there, and a fresh node does not have it"
    );
    let found = Candidate::at_workload("host_path_missing", estate, at)?
        .field(format!("spec.template.spec.volumes[name={name}].hostPath"))
        .value(
            "value",
            if kind == "File" {
                "FileOrCreate"
            } else {
                "DirectoryOrCreate"
            },
        )
        .seen(Proven, "object", keeper.object.reference(), words);
    Some(found.by_itself())
}

/// A path of the node that is not of the type that a volume asks for.
fn no_such_path(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Option<Candidate> {
    let object = &pod.object;
    let mut warnings = case.estate.warnings("Pod", object.namespace, object.name);
    let said = warnings.find(|event| event.message.contains("hostPath type check failed"))?;
    let keeper = &case.estate.workloads[at];
    let of = |volume: &&Value| {
        let path = text(volume, "/hostPath/path");
        !path.is_empty() && said.message.contains(path)
    };
    let volume = items(keeper.pod_spec, "/volumes").find(of)?;
    let kind = match text(volume, "/hostPath/type") {
        "File" => "FileOrCreate",
        _ => "DirectoryOrCreate",
    };
    Some(
        Candidate::at_workload("host_path_missing", &case.estate, at)?
            .field(format!(
                "spec.template.spec.volumes[name={}].hostPath",
                text(volume, "/name")
            ))
            .value("value", kind)
            .seen(Said, "event", object.reference(), said.message.clone())
            .seen(
                Proven,
                "object",
                object.reference(),
                "the pod waits for the volume",
            ),
    )
}

/// Volumes that are mounted for reading alone, whatever the mount says.
const OF_OBJECTS: &[&str] = &["/configMap", "/secret", "/projected", "/downwardAPI"];

/// The container that wrote a log, and the list in which it stands.
fn writer<'a>(pod_spec: &'a Value, log: &Log) -> Option<(&'static str, &'a Value)> {
    let lists = ["initContainers", "containers"];
    lists.into_iter().find_map(|list| {
        let mut all = items(
            pod_spec,
            if list == "containers" {
                "/containers"
            } else {
                "/initContainers"
            },
        );
        let found = all
            .find(|one| log.container.is_empty() || text(one, "/name") == log.container.as_str())?;
        Some((list, found))
    })
}

/// A container that ends as it wrote where it may only read: what forbids it, and what would let it.
pub(super) fn read_only(
    case: &Case<'_>,
    at: usize,
    log: &Log,
    complaint: &Complaint,
) -> Option<Candidate> {
    let keeper = &case.estate.workloads[at];
    let (list, container) = writer(keeper.pod_spec, log)?;
    let place = format!(
        "spec.template.spec.{list}[name={}]",
        text(container, "/name")
    );
    let path = path_in(&complaint.sample).unwrap_or_default();
    let below = |mount: &&Value| {
        let folder = text(mount, "/mountPath").trim_end_matches('/');
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mount = items(container, "/volumeMounts")
        .filter(below)
        .max_by_key(|mount| text(mount, "/mountPath").len());
    let shows_object = mount.is_some_and(|mount| {
        let source = volume(keeper.pod_spec, text(mount, "/name"));
        source.is_some_and(|source| OF_OBJECTS.iter().any(|one| source.pointer(one).is_some()))
    });
    let (field, value) = match mount {
        Some(mount) if shows_object => (
            format!("{place}.volumeMounts[name={}]", text(mount, "/name")),
            "an emptyDir where it writes: files of ConfigMaps and Secrets are for reading"
                .to_owned(),
        ),
        Some(mount) => (
            format!(
                "{place}.volumeMounts[name={}].readOnly",
                text(mount, "/name")
            ),
            "readOnly: false".to_owned(),
        ),
        None => (
            format!("{place}.securityContext.readOnlyRootFilesystem"),
            format!("an emptyDir at the folder of {path}"),
        ),
    };
    let words = match mount {
        Some(mount) => format!(
            "volume {} is mounted at {} for reading",
            text(mount, "/name"),
            text(mount, "/mountPath")
        ),
        None => "its root file system is for reading".to_owned(),
    };
    Some(
        Candidate::at_workload("filesystem_read_only", &case.estate, at)?
            .field(field)
            .value("value", value)
            .seen(
                Said,
                "log",
                format!("logs/{}", log.of),
                complaint.sample.clone(),
            )
            .seen(Fits, "object", keeper.object.reference(), words),
    )
}

/// The first path in a line.
fn path_in(line: &str) -> Option<&str> {
    let words = line.split([' ', '\'', '"', ':', ',', '(', ')', '‘', '’']);
    { words }.find(|word| word.len() > 1 && word.starts_with('/'))
}

/// A key that may be absent, that is absent, and without which a container ends.
pub(super) fn optional_key(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Option<Candidate> {
    let estate = &case.estate;
    let keeper = &estate.workloads[at];
    let namespace = keeper.object.namespace;
    items(keeper.pod_spec, "/containers").find_map(|container| {
        let name = text(container, "/name");
        let said = super::crashes::last_words(case, pod, name)?;
        let variable = items(container, "/env").find(|variable| {
            let asked = text(variable, "/name");
            said.contains(asked) && is_absent(estate, namespace, variable)
        })?;
        let (asked, source) = (text(variable, "/name"), source_of(variable)?);
        let (kind, owner, key) = source;
        let words =
            format!("{kind} {owner} has no key {key}, which is optional: {asked} is not set");
        Some(
            Candidate::at_workload("configuration_key_missing", estate, at)?
                .field(format!(
                    "spec.template.spec.containers[name={name}].env[name={asked}].valueFrom"
                ))
                .value("value", owner)
                .value("value_kind", kind.to_ascii_lowercase())
                .seen(Said, "log", pod.object.reference(), said)
                .seen(Proven, "object", keeper.object.reference(), words),
        )
    })
}

/// A file that a container misses, and that a volume shows at another place: made by an init container, or
/// a key of what is mounted.
pub(super) fn elsewhere(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Option<Candidate> {
    let estate = &case.estate;
    let keeper = &estate.workloads[at];
    if estate.bundle.origin != Origin::Settled {
        return None;
    }
    items(keeper.pod_spec, "/containers").find_map(|container| {
        let name = text(container, "/name");
        let said = super::crashes::last_words(case, pod, name)?;
        let path = path_in(&said)?;
        let (folder, file) = path.rsplit_once('/')?;
        let own = || {
            items(container, "/volumeMounts")
                .filter(|mount| !text(mount, "/mountPath").starts_with("/var/run/secrets/"))
        };
        let below = |mount: &Value| folder.starts_with(text(mount, "/mountPath").trim_end_matches('/'));
        if own().any(below) || file.is_empty() {
            return None;
        }
        let mount = own().find(|mount| holds(estate, keeper.object.namespace, keeper.pod_spec, mount, file))?;
        let (volume, place) = (text(mount, "/name"), text(mount, "/mountPath"));
        let words = format!("it looks for {path}, and volume {volume} shows {file} at {place}");
        Some(
            Candidate::at_workload("misconfiguration", estate, at)?
                .field(format!(
                    "spec.template.spec.containers[name={name}].volumeMounts[name={volume}].mountPath"
                ))
                .value("value", folder)
                .seen(Said, "log", pod.object.reference(), said.clone())
                .seen(Proven, "object", keeper.object.reference(), words),
        )
    })
}

/// Whether a volume shows a file of that name.
fn holds(
    estate: &Estate<'_>,
    namespace: &str,
    pod_spec: &Value,
    mount: &Value,
    file: &str,
) -> bool {
    let name = text(mount, "/name");
    let shown = volume(pod_spec, name).and_then(|source| files_of(estate, namespace, source));
    let made = items(pod_spec, "/initContainers").any(|one| {
        let mounted = items(one, "/volumeMounts").any(|mount| text(mount, "/name") == name);
        let mut words = items(one, "/command").chain(items(one, "/args"));
        mounted
            && words.any(|word| {
                word.as_str()
                    .is_some_and(|word| word.contains(&format!("/{file}")))
            })
    });
    made || shown.is_some_and(|files| files.contains(&file))
}

fn source_of(variable: &Value) -> Option<(&'static str, &str, &str)> {
    const SOURCES: &[(&str, &str)] =
        &[("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")];
    SOURCES.iter().find_map(|(field, kind)| {
        let at = |part: &str| text(variable, &format!("/valueFrom/{field}/{part}"));
        (!at("key").is_empty()).then(|| (*kind, at("name"), at("key")))
    })
}

fn is_absent(estate: &Estate<'_>, namespace: &str, variable: &Value) -> bool {
    let Some((kind, name, key)) = source_of(variable) else {
        return false;
    };
    let Some(object) = estate.find(kind, namespace, name) else {
        return estate.knows(kind, namespace);
    };
    let has = |part: &str| {
        let fields = object.doc.pointer(part).and_then(Value::as_object);
        fields.is_some_and(|fields| fields.contains_key(key))
    };
    !["/data", "/stringData", "/binaryData"].into_iter().any(has)
        && texts(object.doc, "/metadata/annotations").all(|(key, _)| key != "bundle/partial")
}

#[cfg(test)]
mod tests {
    use super::path_in;

    #[test]
    fn the_path_of_a_line_is_found() {
        for (line, path) in [
            (
                "sh: can't create /etc/app/x: Read-only file system",
                Some("/etc/app/x"),
            ),
            (
                "touch: cannot touch '/data/x': Read-only file system",
                Some("/data/x"),
            ),
            (
                "open /var/run/nginx.pid: read-only file system",
                Some("/var/run/nginx.pid"),
            ),
            ("Read-only file system", None),
        ] {
            assert_eq!(path_in(line), path);
        }
    }
}
