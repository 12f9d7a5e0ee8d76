//! Services.

use super::IntOrString;
use super::meta::Labels;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// `spec:` of a Service.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceSpec {
    /// `ClusterIP` (default), `NodePort`, `LoadBalancer`, `ExternalName`.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// Pods behind it; empty selects none (endpoints are then made by hand).
    pub selector: Labels,
    /// Ports.
    pub ports: Vec<ServicePort>,
    /// `None` for a headless Service.
    #[serde(rename = "clusterIP")]
    pub cluster_ip: Option<SmolStr>,
    /// `None` (default) or `ClientIP`.
    pub session_affinity: Option<SmolStr>,
    /// `Cluster` (default) or `Local`.
    pub internal_traffic_policy: Option<SmolStr>,
    /// `Cluster` (default) or `Local`.
    pub external_traffic_policy: Option<SmolStr>,
    /// Whether pods that are not ready are endpoints too.
    pub publish_not_ready_addresses: bool,
    /// CNAME of an `ExternalName` Service.
    pub external_name: Option<SmolStr>,
}

/// One port of a Service.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServicePort {
    /// Name.
    pub name: Option<SmolStr>,
    /// Port of the Service.
    pub port: u16,
    /// Port of the pods, by number or name; `port` by default.
    pub target_port: Option<IntOrString>,
    /// `TCP` by default.
    pub protocol: Option<SmolStr>,
    /// Port on every node.
    pub node_port: Option<u16>,
}
