//! One second of a cluster, from top to bottom.

use crate::step::{
    controllers, kubelet, metrics, metrics_server, node_autoscaler, node_lifecycle,
    overlay as laid, repairs, resources, scheduler, traffic,
};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_model::Overlay;
use aegis_model::overlay::Controller;

/// Computes the second that the clock shows, and moves the clock on.
pub fn tick<P: Clone>(
    cluster: &mut Cluster<P>,
    overlay: &Overlay,
    draws: &Draws,
    journal: &mut Journal,
) {
    let overlay = &*aegis_cluster::repair::standing(cluster, overlay);
    repairs::step(cluster, overlay, draws, journal);
    laid::step(cluster, overlay, draws, journal);
    traffic::step(cluster, overlay, draws, journal);
    resources::step(cluster, overlay, draws, journal);
    kubelet::step(cluster, overlay, draws, journal);
    node_lifecycle::step(cluster, overlay, draws, journal);
    if laid::runs(Controller::ControllerManager, overlay, cluster.clock) {
        controllers::step(cluster, overlay, draws, journal);
    }
    if laid::runs(Controller::Scheduler, overlay, cluster.clock) {
        scheduler::step(cluster, overlay, draws, journal);
    }
    node_autoscaler::step(cluster, overlay, draws, journal);
    metrics_server::step(cluster, overlay, draws, journal);
    metrics::step(cluster, overlay, draws, journal);
    cluster.clock = cluster.clock.after(1);
}
