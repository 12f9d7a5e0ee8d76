//! Objects that select, name or serve nothing, each beside the same object as it should be: the one
//! is found, the other is left alone.

use aegis_inspect::{Scope, inspect};
use aegis_kube::read::lenient::read_lenient;
use aegis_model::bundle::{Bundle, Origin};
use aegis_model::inspection::{Inspection, InspectionVerdict};

/// A workload `web`, its pod and its Service, in namespace `shop`; all is well.
const SHOP: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example/web:1, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop, labels: {app: web}, ownerReferences: [{kind: Deployment, name: web}]}
spec: {nodeName: n1, containers: [{name: web, image: example/web:1}]}
status: {phase: Running, conditions: [{type: Ready, status: 'True'}], containerStatuses: [{name: web, ready: true, restartCount: 0}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

fn settled(more: &str) -> Inspection {
    let read = read_lenient("shop.yaml", &format!("{SHOP}---\n{more}"));
    assert!(read.unread.is_empty(), "{:?}", read.unread);
    let bundle = Bundle {
        objects: read.objects,
        origin: Origin::Settled,
        ..Bundle::default()
    };
    inspect(&bundle, &Scope::default())
}

/// `broken` has that cause first; with `wrong` replaced by `right` nothing is wrong.
fn check(fault: &str, object: &str, broken: &str, wrong: &str, right: &str) {
    assert!(
        broken.contains(wrong),
        "{fault}: {wrong} does not stand in it"
    );
    let found = settled(broken);
    let shown = format!("{found:#?}");
    let first = found.findings.first();
    let first = first.unwrap_or_else(|| panic!("{fault}: nothing found\n{shown}"));
    let got = (first.fault.as_str(), first.object.as_str());
    assert_eq!(got, (fault, object), "{shown}");
    assert!(first.field.is_some(), "{shown}");
    let mended = settled(&broken.replace(wrong, right));
    assert_eq!(
        mended.verdict,
        InspectionVerdict::Healthy,
        "{fault}: {mended:#?}"
    );
}

#[test]
fn ingresses_name_a_class_a_service_and_a_secret_that_are_there() {
    let ingress = "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: shop}, spec: {ingressClassName: nginx, tls: [{secretName: cert}], rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}\n---\n{apiVersion: v1, kind: Secret, metadata: {name: cert, namespace: shop}}";
    let check = |fault: &str, right: &str, wrong: &str| {
        let broken = ingress.replacen(right, wrong, 1);
        check(fault, "Ingress/shop/i", &broken, wrong, right);
    };
    check(
        "ingress_class_missing",
        "ingressClassName: nginx",
        "ingressClassName: none-such",
    );
    check(
        "ingress_backend_missing",
        "service: {name: web",
        "service: {name: wbe",
    );
    check(
        "ingress_backend_missing",
        "secretName: cert",
        "secretName: other",
    );
}

#[test]
fn budgets_and_policies_select_somebody() {
    check(
        "disruption_budget_selects_nothing",
        "PodDisruptionBudget/shop/b",
        "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b, namespace: shop}, spec: {maxUnavailable: 1, selector: {matchLabels: {app: wbe}}}}",
        "app: wbe",
        "app: web",
    );
    check(
        "disruption_budget_blocks",
        "PodDisruptionBudget/shop/b",
        "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b, namespace: shop}, spec: {minAvailable: 3, selector: {matchLabels: {app: web}}}, status: {disruptionsAllowed: 0, expectedPods: 3, currentHealthy: 3}}",
        "minAvailable: 3, selector: {matchLabels: {app: web}}}, status: {disruptionsAllowed: 0",
        "minAvailable: 2, selector: {matchLabels: {app: web}}}, status: {disruptionsAllowed: 1",
    );
    check(
        "network_policy_selects_nothing",
        "NetworkPolicy/shop/p",
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec: {podSelector: {matchLabels: {app: wbe}}, policyTypes: [Ingress], ingress: [{}]}}",
        "app: wbe",
        "app: web",
    );
}

#[test]
fn a_policy_that_lets_nobody_ask_for_names_cuts_off_who_calls_by_name() {
    let caller = "{apiVersion: v1, kind: Pod, metadata: {name: job, namespace: shop, labels: {app: job}}, spec: {nodeName: n1, containers: [{name: c, image: 'example/job:1', env: [{name: WEB, value: 'http://web:80'}]}]}, status: {phase: Running, containerStatuses: [{name: c, ready: true}]}}";
    let policy = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec: {podSelector: {matchLabels: {app: job}}, policyTypes: [Egress], egress: [{ports: [{port: 80}]}]}}";
    check(
        "network_policy_blocks_dns",
        "NetworkPolicy/shop/p",
        &format!("{caller}\n---\n{policy}"),
        "egress: [{ports: [{port: 80}]}]",
        "egress: [{ports: [{port: 80}]}, {ports: [{port: 53, protocol: UDP}]}]",
    );
}

#[test]
fn gateways_and_routes_hang_together() {
    let all = "{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: envoy}}\n---\n{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g, namespace: shop}, spec: {gatewayClassName: envoy, listeners: [{name: http, port: 80}]}}\n---\n{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: shop}, spec: {parentRefs: [{name: g, sectionName: http}], rules: [{backendRefs: [{name: web, port: 80}]}]}}";
    let check = |fault: &str, object: &str, right: &str, wrong: &str| {
        check(fault, object, &all.replace(right, wrong), wrong, right);
    };
    check(
        "gateway_class_missing",
        "Gateway/shop/g",
        "gatewayClassName: envoy",
        "gatewayClassName: envy",
    );
    let route = "HTTPRoute/shop/r";
    check(
        "route_detached",
        route,
        "parentRefs: [{name: g,",
        "parentRefs: [{name: h,",
    );
    check(
        "route_detached",
        route,
        "sectionName: http",
        "sectionName: tls",
    );
    check(
        "route_detached",
        route,
        "backendRefs: [{name: web",
        "backendRefs: [{name: wbe",
    );
    check("route_detached", route, "port: 80}]}]", "port: 81}]}]");
}

#[test]
fn autoscalers_have_a_target_and_something_to_count() {
    let hpa = "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h, namespace: shop}, spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]}}";
    let object = "HorizontalPodAutoscaler/shop/h";
    check(
        "autoscaler_broken",
        object,
        hpa,
        "type: Utilization, averageUtilization: 50",
        "type: AverageValue, averageValue: 1",
    );
    let by_value = hpa.replace(
        "type: Utilization, averageUtilization: 50",
        "type: AverageValue, averageValue: 1",
    );
    check(
        "autoscaler_broken",
        object,
        &by_value.replace("Deployment, name: web", "Deployment, name: wbe"),
        "Deployment, name: wbe",
        "Deployment, name: web",
    );
}

#[test]
fn cron_jobs_start_something() {
    let cron = "{apiVersion: batch/v1, kind: CronJob, metadata: {name: c, namespace: shop}, spec: {schedule: '*/5 * * * *', suspend: true, startingDeadlineSeconds: 60}}";
    let object = "CronJob/shop/c";
    check(
        "cron_job_broken",
        object,
        cron,
        "suspend: true",
        "suspend: false",
    );
    check(
        "cron_job_broken",
        object,
        &cron
            .replace("suspend: true", "suspend: false")
            .replace("Seconds: 60", "Seconds: 5"),
        "Seconds: 5",
        "Seconds: 60",
    );
    check(
        "cron_job_broken",
        object,
        &cron
            .replace("suspend: true", "suspend: false")
            .replace("'*/5 * * * *'", "'*/5 * *'"),
        "'*/5 * *'",
        "'*/5 * * * *'",
    );
}

#[test]
fn webhooks_have_somebody_who_answers() {
    check(
        "webhook_backend_missing",
        "ValidatingWebhookConfiguration/v",
        "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: v}, webhooks: [{name: a.b.c, failurePolicy: Fail, clientConfig: {service: {namespace: shop, name: wbe}}}]}",
        "name: wbe",
        "name: web",
    );
}

#[test]
fn stateful_sets_and_services_lead_to_pods() {
    check(
        "stateful_set_service_missing",
        "StatefulSet/shop/db",
        "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: shop}, spec: {replicas: 0, serviceName: wbe, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: 'example/x:1'}]}}}}",
        "serviceName: wbe",
        "serviceName: web",
    );
    check(
        "service_without_pods",
        "Service/shop/old",
        "{apiVersion: v1, kind: Service, metadata: {name: old, namespace: shop}, spec: {selector: {role: gone}, ports: [{port: 80, targetPort: 8080}]}}",
        "role: gone",
        "app: web",
    );
}

#[test]
fn storage_has_one_default() {
    let class = |name: &str, default: &str| {
        format!(
            "{{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {{name: {name}, annotations: {{storageclass.kubernetes.io/is-default-class: '{default}'}}}}, provisioner: example.com/x}}"
        )
    };
    let two = format!("{}\n---\n{}", class("a", "true"), class("b", "true"));
    let found = settled(&two);
    // Two defaults work, the newest is taken: it is told only where something else is wrong.
    assert_eq!(found.verdict, InspectionVerdict::Healthy, "{found:#?}");
}

#[test]
fn images_get_what_their_pages_ask_for() {
    let pod = |image: &str, more: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: shop, labels: {{app: p}}}}, spec: {{nodeName: n1, containers: [{{name: c, image: '{image}'{more}}}]}}, status: {{phase: Running, containerStatuses: [{{name: c, ready: true}}]}}}}"
        )
    };
    check(
        "variable_missing",
        "Pod/shop/p",
        &pod("postgres:17", ", env: [{name: POSTGRES_USER, value: x}]"),
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
    );
    check(
        "filesystem_read_only",
        "Pod/shop/p",
        &pod(
            "nginx:1.27",
            ", securityContext: {readOnlyRootFilesystem: true}",
        ),
        "readOnlyRootFilesystem: true",
        "readOnlyRootFilesystem: false",
    );
    check(
        "readiness_probe_wrong_port",
        "Pod/shop/p",
        &pod(
            "nginx:1.27",
            ", readinessProbe: {httpGet: {path: /, port: 8080}}",
        ),
        "port: 8080}}}]}, status",
        "port: 80}}}]}, status",
    );
}

#[test]
fn a_program_asks_for_what_its_account_may() {
    let all = "{apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: shop, labels: {app: agent}}, spec: {nodeName: n1, serviceAccountName: robot, containers: [{name: c, image: bitnami/kubectl, command: [sh, -c, 'kubectl get pods; sleep 9']}]}, status: {phase: Running, containerStatuses: [{name: c, ready: true}]}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: shop}, rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: shop}, roleRef: {kind: Role, name: r}, subjects: [{kind: ServiceAccount, name: robot, namespace: shop}]}";
    check(
        "permission_denied_by_rbac",
        "Pod/shop/agent",
        all,
        "verbs: [get]",
        "verbs: [get, list]",
    );
}

#[test]
fn a_policy_lets_in_somebody_who_is_there() {
    check(
        "network_policy_block",
        "NetworkPolicy/shop/p",
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {role: gone}}}]}]}}",
        "role: gone",
        "app: web",
    );
}

#[test]
fn a_service_selects_the_pods_that_it_is_for() {
    let other = "{apiVersion: v1, kind: Pod, metadata: {name: api, namespace: shop, labels: {app: api}}, spec: {nodeName: n1, containers: [{name: c, image: 'example/x:1'}]}, status: {phase: Running, containerStatuses: [{name: c, ready: true}]}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: front, namespace: shop}, spec: {selector: {tier: api}, ports: [{port: 80, targetPort: 8080}]}}";
    check(
        "service_selector_wrong",
        "Service/shop/front",
        other,
        "selector: {tier: api}",
        "selector: {app: api}",
    );
}

#[test]
fn a_service_sends_to_a_port_that_the_pods_have() {
    check(
        "service_target_port_wrong",
        "Service/shop/front",
        "{apiVersion: v1, kind: Service, metadata: {name: front, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: 9090}]}}",
        "targetPort: 9090",
        "targetPort: 8080",
    );
    check(
        "env_var_wrong",
        "Pod/shop/p",
        "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: p}}, spec: {nodeName: n1, containers: [{name: c, image: 'example/x:1', env: [{name: WEB, value: 'web:8080'}]}]}, status: {phase: Running, containerStatuses: [{name: c, ready: true}]}}",
        "web:8080",
        "web:80",
    );
}

#[test]
fn an_official_image_has_the_tag() {
    check(
        "image_missing",
        "Pod/shop/p",
        "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: p}}, spec: {nodeName: n1, containers: [{name: c, image: 'redis:my-own-try'}]}, status: {phase: Running, containerStatuses: [{name: c, ready: true}]}}",
        "redis:my-own-try",
        "redis:alpine3.20",
    );
}

#[test]
fn an_image_is_no_name_to_be_filled_in() {
    check(
        "image_missing",
        "Pod/shop/p",
        "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: p}}, spec: {nodeName: n1, containers: [{name: c, image: yourcompany/app}]}, status: {phase: Running, containerStatuses: [{name: c, ready: true}]}}",
        "yourcompany/app",
        "company/app",
    );
}

#[test]
fn a_pod_that_was_put_out_for_its_disk_says_so() {
    check(
        "ephemeral_storage_exceeded",
        "Pod/shop/p",
        "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: p}}, spec: {nodeName: n1, containers: [{name: c, image: 'example/x:1'}]}, status: {phase: Failed, reason: Evicted, message: 'Usage of EmptyDir volume \"scratch\" exceeds the limit \"10Mi\". '}}",
        "phase: Failed, reason: Evicted, message: 'Usage of EmptyDir volume \"scratch\" exceeds the limit \"10Mi\". '",
        "phase: Succeeded",
    );
}

/// A dump of one object has no pods: its own status tells.
#[test]
fn a_deployment_alone_tells_by_its_status() {
    let read = |status: &str| {
        let text = format!(
            "---\n{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web, namespace: shop, uid: '1'}}, spec: {{replicas: 2, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: c, image: 'example/x:1'}}]}}}}}}, status: {status}}}"
        );
        let bundle = Bundle {
            objects: read_lenient("web.yaml", &text).objects,
            ..Bundle::default()
        };
        inspect(&bundle, &Scope::default())
    };
    let bad = read(
        "{observedGeneration: 1, replicas: 2, conditions: [{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded, message: timed out}]}",
    );
    assert_eq!(
        bad.findings.first().map(|one| one.fault.as_str()),
        Some("rollout_stuck"),
        "{bad:#?}"
    );
    let good = read(
        "{observedGeneration: 1, replicas: 2, readyReplicas: 2, conditions: [{type: Progressing, status: 'True'}]}",
    );
    assert_eq!(good.verdict, InspectionVerdict::Healthy, "{good:#?}");
}
