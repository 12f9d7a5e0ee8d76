//! What kube-state-metrics makes of objects: families read off a `v1 List`, as it reads them off
//! the API server.
//!
//! Names, types and labels: kube-state-metrics, docs/metrics. Left out is what it exports only where
//! a flag asks for it: labels and annotations of objects. An object that is gone has no samples.

mod conditions;
mod containers;
mod figures;
mod nodes;
mod pods;
mod policy;
mod read;
mod services;
mod table;
mod workloads;

pub(crate) use read::{seconds, text};

use crate::sheet::Sheet;
use serde_json::Value;

/// Every family of the objects of a `v1 List`.
pub(crate) fn families(list: &Value, sheet: &mut Sheet) {
    for object in read::items(list, "/items") {
        let kind = text(object, "/kind");
        figures::of(kind, object, sheet);
        match kind {
            "Pod" => pods::of(object, sheet),
            "Node" => nodes::of(object, sheet),
            "Deployment"
            | "ReplicaSet"
            | "StatefulSet"
            | "Job"
            | "CronJob"
            | "HorizontalPodAutoscaler" => workloads::of(kind, object, sheet),
            "Service"
            | "Endpoints"
            | "EndpointSlice"
            | "Ingress"
            | "ConfigMap"
            | "Secret"
            | "PersistentVolumeClaim"
            | "PersistentVolume"
            | "StorageClass" => {
                services::of(kind, object, sheet);
            }
            "ResourceQuota" | "LimitRange" | "Namespace" => policy::of(kind, object, sheet),
            _ => {}
        }
    }
}
