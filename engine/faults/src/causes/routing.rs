//! What keeps requests from the right pods.

use super::{Cause, step};

/// The rows.
pub const ROWS: &[Cause] = &[
    Cause {
        id: "service_selector_wrong",
        mechanism: "The Service's selector matches no pod: it has no endpoint.",
        prior: 0.25,
        fix: &[step(
            "kubectl -n {ns} set selector service {service} {value}",
            "kubectl -n {ns} edit service {service}",
        )],
        check: ("kubectl -n {ns} get endpoints {service}", "<none>"),
        source: "S wrong_service_selector; I #36; O ServiceSelectorMismatch",
    },
    Cause {
        id: "service_target_port_wrong",
        mechanism: "The Service sends to a port on which the pods do not listen.",
        prior: 0.25,
        fix: &[step(
            "kubectl -n {ns} edit service {service}",
            "kubectl -n {ns} edit service {service}",
        )],
        check: (
            "kubectl -n {ns} get endpoints {service}",
            "port {value}, which no container has",
        ),
        source: "S target_port; A k8s_target_port_misconfig; I #30; O ServicePortMappingMismatch",
    },
    Cause {
        id: "service_protocol_wrong",
        mechanism: "The Service forwards another protocol than its pods speak.",
        prior: 0.1,
        fix: &[step(
            "kubectl -n {ns} edit service {service}",
            "kubectl -n {ns} edit service {service}",
        )],
        check: ("kubectl -n {ns} get service {service}", "{value}"),
        source: "O ServiceProtocolMismatch",
    },
    Cause {
        id: "service_deleted",
        mechanism: "The Service does not exist: its name does not resolve.",
        prior: 0.12,
        fix: &[step(
            "kubectl -n {ns} expose {kind}/{name}",
            "kubectl -n {ns} delete service {name}",
        )],
        check: ("kubectl -n {ns} get service {name}", "not found"),
        source: "S missing_service; I deleted-service #114",
    },
    Cause {
        id: "service_traffic_policy_local",
        mechanism: "internalTrafficPolicy Local: nodes without a pod of the Service cannot reach it.",
        prior: 0.05,
        fix: &[step(
            "kubectl -n {ns} patch service {service} -p '{\"spec\":{\"internalTrafficPolicy\":\"Cluster\"}}'",
            "kubectl -n {ns} patch service {service} -p '{\"spec\":{\"internalTrafficPolicy\":\"Local\"}}'",
        )],
        check: (
            "kubectl -n {ns} get endpointslices",
            "endpoints on some nodes only",
        ),
        source: "S internal_traffic_policy_local",
    },
    Cause {
        id: "env_var_wrong",
        mechanism: "A variable holds the wrong address of a Service.",
        prior: 0.15,
        fix: &[step(
            "kubectl -n {ns} set env {kind}/{name} {value}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: ("kubectl -n {ns} get {kind}/{name} -o yaml", "{value}"),
        source: "S incorrect_port_assignment; I #16, #24; O ServiceEnvVarAddressMismatch",
    },
    Cause {
        id: "service_name_wrong",
        mechanism: "The program asks for a host by a name that no Service has from its namespace: it does not resolve.",
        prior: 0.12,
        fix: &[step(
            "kubectl -n {ns} edit {kind}/{name}   # ask for {value}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: ("kubectl get services -A", "the name under which it is"),
        source: "every troubleshooting course",
    },
    Cause {
        id: "env_var_shadowed",
        mechanism: "A variable is defined twice; the last one wins.",
        prior: 0.06,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: ("kubectl -n {ns} get {kind}/{name} -o yaml", "{value} twice"),
        source: "S env_variable_shadowing",
    },
    Cause {
        id: "dns_settings_wrong",
        mechanism: "The pods ask a name server that does not know the cluster's names.",
        prior: 0.1,
        fix: &[step(
            "kubectl -n {ns} patch {kind}/{name} --type=json -p '[{\"op\":\"replace\",\"path\":\"/spec/template/spec/dnsPolicy\",\"value\":\"ClusterFirst\"},{\"op\":\"remove\",\"path\":\"/spec/template/spec/dnsConfig\"}]'",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} exec {pod} -- cat /etc/resolv.conf",
            "another name server than the cluster's",
        ),
        source: "S wrong_dns_policy; I #43; O ServiceDNSResolutionFailure",
    },
    Cause {
        id: "host_alias_stale",
        mechanism: "hostAliases give a name to an address that is not its Service's.",
        prior: 0.04,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} get {kind}/{name} -o yaml",
            "hostAliases with {value}",
        ),
        source: "S stale_hostaliases",
    },
    Cause {
        id: "gateway_misroute",
        mechanism: "The gateway sends a path to the wrong backend.",
        prior: 0.15,
        fix: &[step(
            "kubectl -n {ns} edit {value_kind} {value}",
            "kubectl -n {ns} edit {value_kind} {value}",
        )],
        check: (
            "kubectl -n {ns} get {value_kind} {value} -o yaml",
            "a route whose backend is another's",
        ),
        source: "S ingress_misroute; O GatewayMisroute",
    },
    Cause {
        id: "ingress_backend_missing",
        mechanism: "The Ingress names a Service, port or Secret that does not exist.",
        prior: 0.08,
        fix: &[step(
            "kubectl -n {ns} edit ingress {value}",
            "kubectl -n {ns} edit ingress {value}",
        )],
        check: (
            "kubectl -n {ns} describe ingress {value}",
            "<error: endpoints not found>",
        ),
        source: "S ingress_misroute, expired_tls",
    },
    Cause {
        id: "network_policy_block",
        mechanism: "A NetworkPolicy keeps callers out.",
        prior: 0.12,
        fix: &[step(
            "kubectl -n {ns} delete networkpolicy {value}",
            "kubectl -n {ns} apply -f {value}.yaml",
        )],
        check: (
            "kubectl -n {ns} describe networkpolicy {value}",
            "no rule that lets the callers in",
        ),
        source: "S network_policy_block; I #31",
    },
    Cause {
        id: "replicas_zero",
        mechanism: "The workload is scaled to nothing.",
        prior: 0.2,
        fix: &[step(
            "kubectl -n {ns} scale {kind}/{name} --replicas=1",
            "kubectl -n {ns} scale {kind}/{name} --replicas=0",
        )],
        check: ("kubectl -n {ns} get {kind}/{name}", "0/0"),
        source: "S scale_pod; A scale_pod; I #58; O DeploymentZeroReplicas",
    },
];
