//! Services, their endpoints, and what pods read and store.

use super::read::{flag, items, named, number, one, text, with, word};
use crate::family::Labels;
use crate::sheet::Sheet;
use serde_json::Value;

/// Adds the samples of an object of one of these kinds.
pub(super) fn of(kind: &str, object: &Value, sheet: &mut Sheet) {
    match kind {
        "Service" => service(object, sheet),
        "EndpointSlice" => slice(object, sheet),
        "Endpoints" => endpoints(object, sheet),
        "Ingress" => ingress(object, sheet),
        "PersistentVolumeClaim" => claim(object, sheet),
        "PersistentVolume" => volume(object, sheet),
        "StorageClass" => class(object, sheet),
        "ConfigMap" => version(
            object,
            "configmap",
            (
                "kube_configmap_metadata_resource_version",
                "Resource version representing a specific version of the configmap.",
            ),
            sheet,
        ),
        _ => secret(object, sheet),
    }
}

fn service(object: &Value, sheet: &mut Sheet) {
    let mut labels = named(object, "service");
    labels.push(("uid", text(object, "/metadata/uid").to_owned()));
    let more = [
        ("cluster_ip", text(object, "/spec/clusterIP")),
        ("external_name", text(object, "/spec/externalName")),
        (
            "external_traffic_policy",
            text(object, "/spec/externalTrafficPolicy"),
        ),
        ("load_balancer_ip", text(object, "/spec/loadBalancerIP")),
    ];
    sheet
        .gauge("kube_service_info", "Information about service.")
        .add(with(&labels, &more), 1.0);
    let kind = match text(object, "/spec/type") {
        "" => "ClusterIP",
        kind => kind,
    };
    sheet
        .gauge("kube_service_spec_type", "Type about service.")
        .add(with(&labels, &[("type", kind)]), 1.0);
    let family = sheet.gauge(
        "kube_service_status_load_balancer_ingress",
        "Service load balancer ingress status.",
    );
    for ingress in items(object, "/status/loadBalancer/ingress") {
        let more = [
            ("ip", text(ingress, "/ip")),
            ("hostname", text(ingress, "/hostname")),
        ];
        family.add(with(&labels, &more), 1.0);
    }
}

fn slice(object: &Value, sheet: &mut Sheet) {
    let labels = named(object, "endpointslice");
    let kind = [("addresstype", text(object, "/addressType"))];
    sheet
        .gauge(
            "kube_endpointslice_info",
            "Information about endpointslice.",
        )
        .add(with(&labels, &kind), 1.0);
    let family = sheet.gauge(
        "kube_endpointslice_endpoints",
        "Endpoints attached to the endpointslice.",
    );
    for endpoint in items(object, "/endpoints") {
        let words = ["ready", "serving", "terminating"]
            .map(|name| word(flag(endpoint, &format!("/conditions/{name}"))));
        for address in items(endpoint, "/addresses") {
            let more = [
                ("ready", words[0].as_str()),
                ("serving", &words[1]),
                ("terminating", &words[2]),
                ("hostname", text(endpoint, "/hostname")),
                ("targetref_kind", text(endpoint, "/targetRef/kind")),
                ("targetref_name", text(endpoint, "/targetRef/name")),
                (
                    "targetref_namespace",
                    text(endpoint, "/targetRef/namespace"),
                ),
                ("nodename", text(endpoint, "/nodeName")),
                ("address", address.as_str().unwrap_or_default()),
            ];
            family.add(with(&labels, &more), 1.0);
        }
    }
    slice_ports(object, &labels, sheet);
}

fn slice_ports(object: &Value, labels: &Labels, sheet: &mut Sheet) {
    let family = sheet.gauge(
        "kube_endpointslice_ports",
        "Ports attached to the endpointslice.",
    );
    for port in items(object, "/ports") {
        let number = number(port, "/port").unwrap_or(0.0).to_string();
        let more = [
            ("port_name", text(port, "/name")),
            ("port_protocol", text(port, "/protocol")),
            ("port_number", number.as_str()),
        ];
        family.add(with(labels, &more), 1.0);
    }
}

fn endpoints(object: &Value, sheet: &mut Sheet) {
    let labels = named(object, "endpoint");
    let family = sheet.gauge(
        "kube_endpoint_address",
        "Information about Endpoint available and non available addresses.",
    );
    for subset in items(object, "/subsets") {
        for (list, ready) in [("/addresses", "true"), ("/notReadyAddresses", "false")] {
            for address in items(subset, list) {
                let more = [("ip", text(address, "/ip")), ("ready", ready)];
                family.add(with(&labels, &more), 1.0);
            }
        }
    }
}

fn ingress(object: &Value, sheet: &mut Sheet) {
    let labels = named(object, "ingress");
    let class = [("ingressclass", text(object, "/spec/ingressClassName"))];
    sheet
        .gauge("kube_ingress_info", "Information about ingress.")
        .add(with(&labels, &class), 1.0);
    let family = sheet.gauge(
        "kube_ingress_path",
        "Ingress host, paths and backend service information.",
    );
    for rule in items(object, "/spec/rules") {
        for path in items(rule, "/http/paths") {
            let port = number(path, "/backend/service/port/number");
            let port = port.map_or_else(String::new, |port| port.to_string());
            let more = [
                ("host", text(rule, "/host")),
                ("path", text(path, "/path")),
                ("path_type", text(path, "/pathType")),
                ("service_name", text(path, "/backend/service/name")),
                ("service_port", port.as_str()),
            ];
            family.add(with(&labels, &more), 1.0);
        }
    }
}

fn claim(object: &Value, sheet: &mut Sheet) {
    let labels = named(object, "persistentvolumeclaim");
    let more = [
        ("storageclass", text(object, "/spec/storageClassName")),
        ("volumename", text(object, "/spec/volumeName")),
        ("volumemode", text(object, "/spec/volumeMode")),
    ];
    sheet
        .gauge(
            "kube_persistentvolumeclaim_info",
            "Information about persistent volume claim.",
        )
        .add(with(&labels, &more), 1.0);
    let family = sheet.gauge(
        "kube_persistentvolumeclaim_status_phase",
        "The phase the persistent volume claim is currently in.",
    );
    let own = text(object, "/status/phase");
    for phase in ["Lost", "Bound", "Pending"] {
        if !own.is_empty() {
            family.add(with(&labels, &[("phase", phase)]), one(phase == own));
        }
    }
    let family = sheet.gauge(
        "kube_persistentvolumeclaim_access_mode",
        "The access mode(s) specified by the persistent volume claim.",
    );
    for mode in items(object, "/spec/accessModes") {
        let mode = mode.as_str().unwrap_or_default();
        family.add(with(&labels, &[("access_mode", mode)]), 1.0);
    }
}

fn volume(object: &Value, sheet: &mut Sheet) {
    let labels = vec![(
        "persistentvolume",
        text(object, "/metadata/name").to_owned(),
    )];
    let family = sheet.gauge(
        "kube_persistentvolume_status_phase",
        "The phase indicates if a volume is available, bound to a claim, or released by a claim.",
    );
    let own = text(object, "/status/phase");
    for phase in ["Pending", "Available", "Bound", "Released", "Failed"] {
        if !own.is_empty() {
            family.add(with(&labels, &[("phase", phase)]), one(phase == own));
        }
    }
    let family = sheet.gauge(
        "kube_persistentvolume_capacity_bytes",
        "Persistentvolume capacity in bytes.",
    );
    if let Some(amount) = number(object, "/spec/capacity/storage") {
        family.add(labels, amount);
    }
}

fn class(object: &Value, sheet: &mut Sheet) {
    let labels = vec![("storageclass", text(object, "/metadata/name").to_owned())];
    let more = [
        ("provisioner", text(object, "/provisioner")),
        ("reclaim_policy", text(object, "/reclaimPolicy")),
        ("volume_binding_mode", text(object, "/volumeBindingMode")),
    ];
    sheet
        .gauge("kube_storageclass_info", "Information about storageclass.")
        .add(with(&labels, &more), 1.0);
}

fn version(
    object: &Value,
    label: &'static str,
    (name, help): (&'static str, &'static str),
    sheet: &mut Sheet,
) {
    let family = sheet.gauge(name, help);
    if let Some(version) = number(object, "/metadata/resourceVersion") {
        family.add(named(object, label), version);
    }
}

fn secret(object: &Value, sheet: &mut Sheet) {
    let labels = named(object, "secret");
    let kind = match text(object, "/type") {
        "" => "Opaque",
        kind => kind,
    };
    sheet
        .gauge("kube_secret_type", "Type about secret.")
        .add(with(&labels, &[("type", kind)]), 1.0);
}
