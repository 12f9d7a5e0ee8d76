//! Services, whose addresses and ports on nodes only one may have.
//!
//! Source: pkg/registry/core/service/storage/alloc.go; portallocator; ipallocator.

use super::create::{Arrival, header, register};
use super::document::read;
use super::error::ApiError;
use super::validate::invalid;
use crate::cluster::Cluster;
use crate::workings::Slot;
use aegis_model::ServiceId;
use aegis_model::kubernetes::{ObjectRef, ServiceSpec};
use aegis_model::objects::Service;
use alloc::format;
use alloc::string::ToString as _;
use alloc::sync::Arc;

/// Creates a Service.
pub(super) fn create<P>(cluster: &mut Cluster<P>, arrival: &Arrival) -> Result<Slot, ApiError> {
    let spec: ServiceSpec = read(&arrival.reference, &arrival.document, "spec")?;
    allocate(cluster, &arrival.reference, &spec)?;
    let row = Service {
        spec: Arc::new(spec),
        header: header(cluster, arrival),
        endpoints: Arc::default(),
    };
    let id = ServiceId::from(cluster.objects.services.push(row));
    Arc::make_mut(&mut cluster.workings.control.dirty_services).insert(id);
    cluster.workings.index.topology_dirty = true;
    Ok(register(cluster, arrival, Slot::Service(id)))
}

/// Whether what a Service asks for by number is still to be had.
fn allocate<P>(
    cluster: &Cluster<P>,
    object: &ObjectRef,
    spec: &ServiceSpec,
) -> Result<(), ApiError> {
    let asked = spec.cluster_ip.as_deref();
    let address = asked.filter(|ip| !ip.is_empty() && *ip != "None");
    let asks_for_port = spec.ports.iter().any(|port| port.node_port.is_some());
    if address.is_none() && !asks_for_port {
        return Ok(());
    }
    for row in cluster
        .objects
        .services
        .iter()
        .filter(|row| row.header.exists())
    {
        if let Some(ip) = address.filter(|_| row.spec.cluster_ip.as_deref() == address) {
            let detail = format!("failed to allocate IP {ip}: provided IP is already allocated");
            return Err(invalid(
                object,
                "spec.clusterIPs",
                &format!("[{ip:?}]"),
                &detail,
            ));
        }
        let held = |port: u16| {
            row.spec
                .ports
                .iter()
                .any(|other| other.node_port == Some(port))
        };
        for (index, port) in spec.ports.iter().enumerate() {
            if let Some(number) = port
                .node_port
                .filter(|number| *number != 0 && held(*number))
            {
                let path = format!("spec.ports[{index}].nodePort");
                let detail = "provided port is already allocated";
                return Err(invalid(object, &path, &number.to_string(), detail));
            }
        }
    }
    Ok(())
}
