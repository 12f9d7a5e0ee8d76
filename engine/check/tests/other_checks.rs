//! Kinds and fields without types are held against the API server's rules as well, in its words.

use aegis_check::check;
use aegis_kube::read;

/// All that is said of an object.
fn said(text: &str) -> Vec<String> {
    let documents = read("x", text).expect("it reads");
    let problems = check(&documents[0]);
    problems.iter().map(|e| e.problem.to_string()).collect()
}

/// A Pod with this spec.
fn pod(spec: &str) -> String {
    format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {spec}}}")
}

/// An object of a kind with this behind its metadata.
fn object(version: &str, kind: &str, rest: &str) -> String {
    format!("{{apiVersion: {version}, kind: {kind}, metadata: {{name: a}}, {rest}}}")
}

fn held(cases: &[(String, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(said(text), *expected, "{text}");
    }
}

const SERVED: &str = "containers: [{name: c, image: i}]";

#[test]
fn pods() {
    held(&[
        (
            pod("{activeDeadlineSeconds: 0, containers: [{name: c, image: i}]}"),
            &[
                "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
            ],
        ),
        (
            pod(
                "{containers: [{name: c, image: i, ports: [{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80}]}]}",
            ),
            &["spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//80\""],
        ),
        (
            pod(
                "{hostNetwork: true, containers: [{name: c, image: i, ports: [{containerPort: 80, hostPort: 81}]}]}",
            ),
            &[
                "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true",
            ],
        ),
        (
            pod(
                "{volumes: [{name: v, emptyDir: {}, secret: {secretName: s}}], containers: [{name: c, image: i}]}",
            ),
            &["spec.volumes[0]: Forbidden: may not specify more than 1 volume type"],
        ),
        (pod(&format!("{{volumes: [{{name: v}}], {SERVED}}}")), &[]),
    ]);
    let found = said(&pod(&format!("{{hostname: A_b, {SERVED}}}")));
    assert!(
        found[0].starts_with("spec.hostname: Invalid value: \"A_b\": a lowercase RFC 1123 label")
    );
}

#[test]
fn what_variables_and_files_show() {
    let env = |from: &str| {
        let env = format!("env: [{{name: A, valueFrom: {from}}}]");
        pod(&format!("{{containers: [{{name: c, image: i, {env}}}]}}"))
    };
    let file = |item: &str| {
        let volume = format!("{{name: v, downwardAPI: {{items: [{{path: f, {item}}}]}}}}");
        pod(&format!("{{volumes: [{volume}], {SERVED}}}"))
    };
    held(&[
        (env("{fieldRef: {fieldPath: status.podIPs}}"), &[]),
        (
            env("{fieldRef: {fieldPath: \"metadata.labels['a/b']\"}}"),
            &[],
        ),
        (
            env("{fieldRef: {fieldPath: spec.unknown}}"),
            &[
                "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.unknown\": error converting fieldPath: field label not supported: spec.unknown",
            ],
        ),
        (
            env("{fieldRef: {fieldPath: metadata.labels}}"),
            &[
                "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"metadata.labels\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\"",
            ],
        ),
        (
            env("{fieldRef: {fieldPath: \"spec.nodeName['x']\"}}"),
            &[
                "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.nodeName['x']\": error converting fieldPath: field label does not support subscript: spec.nodeName['x']",
            ],
        ),
        (
            env("{resourceFieldRef: {resource: limits.disk}}"),
            &[
                "spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value: \"limits.disk\": supported values: \"limits.cpu\", \"limits.ephemeral-storage\", \"limits.memory\", \"requests.cpu\", \"requests.ephemeral-storage\", \"requests.memory\"",
            ],
        ),
        (
            env("{resourceFieldRef: {resource: limits.hugepages-2Mi}}"),
            &[],
        ),
        (file("fieldRef: {fieldPath: metadata.labels}"), &[]),
        (
            file("fieldRef: {fieldPath: spec.nodeName}"),
            &[
                "spec.volumes[0].downwardAPI.items[0].fieldRef.fieldPath: Unsupported value: \"spec.nodeName\": supported values: \"metadata.annotations\", \"metadata.labels\", \"metadata.name\", \"metadata.namespace\", \"metadata.uid\"",
            ],
        ),
        (
            file("resourceFieldRef: {resource: limits.cpu}"),
            &[
                "spec.volumes[0].downwardAPI.items[0].resourceFieldRef.containerName: Required value",
            ],
        ),
    ]);
}

#[test]
fn jobs_of_their_own_making() {
    let job = |spec: &str, pod: &str| {
        let template = format!(
            "template: {{metadata: {{labels: {{app: a}}}}, spec: {{restartPolicy: Never, {pod}}}}}"
        );
        object("batch/v1", "Job", &format!("spec: {{{spec}, {template}}}"))
    };
    let codes = |codes: &str| {
        let rules =
            format!("podFailurePolicy: {{rules: [{{action: Count, onExitCodes: {codes}}}]}}");
        job(&rules, SERVED)
    };
    held(&[
        (job("selector: {matchLabels: {app: a}}", SERVED), &[]),
        (
            job(
                "manualSelector: true, selector: {matchLabels: {app: a}}",
                SERVED,
            ),
            &[],
        ),
        (
            job("selector: {matchLabels: {app: b}}", SERVED),
            &[
                "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"b\"}}: `selector` not auto-generated",
            ],
        ),
        (
            codes("{operator: In, values: [1, 2], containerName: c}"),
            &[],
        ),
        (
            codes("{operator: In, values: [2, 1, 1]}"),
            &[
                "spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 1",
                "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,1,1]: must be ordered",
            ],
        ),
        (
            codes("{operator: NotIn, values: [0], containerName: x}"),
            &[
                "spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: \"x\": must be one of the container or initContainer names in the pod template",
            ],
        ),
        (
            job(
                "podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: A, status: Maybe}]}]}",
                SERVED,
            ),
            &[
                "spec.podFailurePolicy.rules[0].onPodConditions[0].status: Unsupported value: \"Maybe\": supported values: \"False\", \"True\", \"Unknown\"",
            ],
        ),
    ]);
}

#[test]
fn amounts_addresses_and_classes() {
    let limit = |limits: &str| {
        pod(&format!(
            "{{containers: [{{name: c, image: i, resources: {{limits: {{{limits}}}}}}}]}}"
        ))
    };
    let claim = |class: &str| {
        let spec = format!(
            "spec: {{accessModes: [ReadWriteOnce], storageClassName: {class}, resources: {{requests: {{storage: 1Gi}}}}}}"
        );
        object("v1", "PersistentVolumeClaim", &spec)
    };
    held(&[
        (limit("example.com/x: 2k"), &[]),
        (limit("cpu: 1, hugepages-2Mi: 8Mi"), &[]),
        (
            limit("example.com/x: 1500m"),
            &[
                "spec.containers[0].resources.limits[\"example.com/x\"]: Invalid value: \"1500m\": must be an integer",
            ],
        ),
        (
            limit("cpu: 1, hugepages-2Mi: 3Mi"),
            &[
                "spec.containers[0].resources.limits.hugepages-2Mi: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of 2Mi",
            ],
        ),
        (
            pod(&format!(
                "{{hostAliases: [{{ip: 10.0.0.1, hostnames: [a.b]}}, {{ip: here, hostnames: [C]}}], {SERVED}}}"
            )),
            &[
                "spec.hostAliases[1].ip: Invalid value: \"here\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
                "spec.hostAliases[1].hostnames: Invalid value: \"C\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            ],
        ),
        (claim("''"), &[]),
        (claim("fast.ssd"), &[]),
    ]);
    let found = said(&claim("FAST"));
    assert!(found[0].starts_with(
        "spec.storageClassName: Invalid value: \"FAST\": a lowercase RFC 1123 subdomain"
    ));
}

#[test]
fn resources_of_whole_pods() {
    held(&[(
        pod(&format!(
            "{{resources: {{limits: {{ephemeral-storage: 1Gi, cpu: 1}}}}, {SERVED}}}"
        )),
        &[
            "spec.resources.limits.ephemeral-storage: Unsupported value: \"ephemeral-storage\": supported values: \"cpu\", \"hugepages-\", \"memory\"",
        ],
    )]);
}

#[test]
fn jobs() {
    let job = |spec: &str| object("batch/v1", "Job", &format!("spec: {spec}"));
    let cron = |schedule: &str| {
        let template = "jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}";
        object(
            "batch/v1",
            "CronJob",
            &format!("spec: {{schedule: '{schedule}', {template}}}"),
        )
    };
    held(&[
        (
            job("{template: {spec: {containers: [{name: c, image: i}]}}}"),
            &[
                "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"",
            ],
        ),
        (
            job(
                "{completions: -1, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}",
            ),
            &["spec.completions: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            job(
                "{completionMode: Indexed, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}",
            ),
            &["spec.completions: Required value: when completion mode is Indexed"],
        ),
        (cron("*/5 0-6 1,15 jan-MAR ?"), &[]),
        (cron("@hourly"), &[]),
        (
            cron("abc"),
            &["spec.schedule: Invalid value: \"abc\": expected exactly 5 fields, found 1: [abc]"],
        ),
        (
            cron("61 * * * *"),
            &[
                "spec.schedule: Invalid value: \"61 * * * *\": end of range (61) above maximum (59): 61",
            ],
        ),
        (
            cron("* * 0 * *"),
            &[
                "spec.schedule: Invalid value: \"* * 0 * *\": beginning of range (0) below minimum (1): 0",
            ],
        ),
        (
            cron("*/0 * * * *"),
            &[
                "spec.schedule: Invalid value: \"*/0 * * * *\": step of range should be a positive number: */0",
            ],
        ),
        (
            cron("@often"),
            &["spec.schedule: Invalid value: \"@often\": unrecognized descriptor: @often"],
        ),
    ]);
}

#[test]
fn rules_for_others() {
    held(&[
        (
            object("v1", "ResourceQuota", "spec: {hard: {pods: -1, foo: 2}}"),
            &[
                "spec.hard.foo: Invalid value: \"foo\": must be a standard resource type or fully qualified",
                "spec.hard.pods: Invalid value: \"-1\": must be greater than or equal to 0",
            ],
        ),
        (
            object(
                "v1",
                "LimitRange",
                "spec: {limits: [{type: Container, min: {cpu: 2}, max: {cpu: 1}}]}",
            ),
            &[
                "spec.limits[0].min.cpu: Invalid value: \"2\": min value 2 is greater than max value 1",
            ],
        ),
        (
            object(
                "v1",
                "LimitRange",
                "spec: {limits: [{type: Pod, default: {cpu: 1}}]}",
            ),
            &["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
        ),
        (
            object("scheduling.k8s.io/v1", "PriorityClass", "value: 2000000000"),
            &["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
        ),
        (
            object(
                "rbac.authorization.k8s.io/v1",
                "RoleBinding",
                "roleRef: {kind: Rule, name: x}, subjects: [{kind: ServiceAccount, name: s}]",
            ),
            &[
                "roleRef.kind: Unsupported value: \"Rule\": supported values: \"Role\", \"ClusterRole\"",
                "subjects[0].namespace: Required value",
            ],
        ),
        (
            object(
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
                "webhooks: [{name: a.b.c, sideEffects: None, timeoutSeconds: 99, failurePolicy: Fall, admissionReviewVersions: [v1], clientConfig: {url: 'https://x'}}]",
            ),
            &[
                "webhooks[0].timeoutSeconds: Invalid value: 99: the timeout value must be between 1 and 30 seconds",
                "webhooks[0].failurePolicy: Unsupported value: \"Fall\": supported values: \"Fail\", \"Ignore\"",
            ],
        ),
    ]);
}

#[test]
fn storage() {
    held(&[
        (
            object(
                "v1",
                "PersistentVolumeClaim",
                "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 0}}}",
            ),
            &["spec.resources.requests.storage: Invalid value: \"0\": must be greater than zero"],
        ),
        (
            object(
                "v1",
                "PersistentVolumeClaim",
                "spec: {resources: {requests: {storage: 1Gi}}}",
            ),
            &["spec.accessModes: Required value: at least 1 access mode is required"],
        ),
        (
            object(
                "v1",
                "PersistentVolume",
                "spec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}}",
            ),
            &["spec: Required value: must specify a volume type"],
        ),
    ]);
}

#[test]
fn network_and_configuration() {
    held(&[
        (
            object(
                "v1",
                "Service",
                "spec: {type: NodePort, ports: [{port: 80, nodePort: 80}]}",
            ),
            &[
                "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767",
            ],
        ),
        (
            object(
                "v1",
                "Service",
                "spec: {ports: [{port: 80, nodePort: 30080}]}",
            ),
            &["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
        ),
        (
            object(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/16, except: [11.0.0.0/24, 10.0.1.0/24]}}]}]}",
            ),
            &[
                "spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/24\": must be a strict subset of `cidr`",
            ],
        ),
        (
            object(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                "spec: {podSelector: {}, ingress: [{ports: [{port: 90, endPort: 80}]}]}",
            ),
            &[
                "spec.ingress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`",
            ],
        ),
        (
            object(
                "networking.k8s.io/v1",
                "Ingress",
                "spec: {rules: [{http: {paths: [{path: foo, pathType: Prefix, backend: {service: {name: x, port: {number: 80}}}}]}}]}",
            ),
            &["spec.rules[0].http.paths[0].path: Invalid value: \"foo\": must be an absolute path"],
        ),
    ]);
    let found = said("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {'a b': x}}");
    assert!(
        found[0].contains("Invalid value: \"a b\": a valid config key must consist of"),
        "{found:?}"
    );
}

#[test]
fn rules_by_table() {
    let one = |kind: &str, version: &str, rest: &str| object(version, kind, rest);
    held(&[
        (
            pod("{containers: [{name: c, image: i, lifecycle: {preStop: {}}}]}"),
            &["spec.containers[0].lifecycle.preStop: Required value: must specify a handler type"],
        ),
        (
            pod(
                "{volumes: [{name: v, hostPath: {path: /a/../b}}], containers: [{name: c, image: i}]}",
            ),
            &["spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"],
        ),
        (
            pod("{containers: [{name: c, image: i, envFrom: [{}]}]}"),
            &[
                "spec.containers[0].envFrom[0]: Required value: must specify one of: `configMapRef` or `secretRef`",
            ],
        ),
        (
            one(
                "StorageClass",
                "storage.k8s.io/v1",
                "provisioner: p, volumeBindingMode: Later",
            ),
            &[
                "volumeBindingMode: Unsupported value: \"Later\": supported values: \"Immediate\", \"WaitForFirstConsumer\"",
            ],
        ),
        (
            one(
                "Role",
                "rbac.authorization.k8s.io/v1",
                "rules: [{apiGroups: [\"\"], resources: [pods], verbs: []}]",
            ),
            &["rules[0].verbs: Required value: verbs must contain at least one value"],
        ),
        (
            one("ConfigMap", "v1", "data: {a: b}, binaryData: {a: Yg==}"),
            &["binaryData.a: Invalid value: \"a\": duplicate of key \"a\" in data"],
        ),
        (
            one(
                "PersistentVolume",
                "v1",
                "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], local: {path: /d}}",
            ),
            &["spec.nodeAffinity: Required value: Local volume requires node affinity"],
        ),
    ]);
}
