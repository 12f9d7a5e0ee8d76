//! Repairs that are made through the API server without a write to an object of the application: a command in a
//! container, at a node, or on an add-on of the cluster. Data: what each is, where it is done, what it takes.

use crate::kubernetes::Container;
use alloc::borrow::ToOwned;
use serde::{Deserialize, Serialize};

mod commands;

pub use commands::Command;

/// A repair. What it ends is whatever a fault's row says that it ends; elsewhere it does what it costs, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Procedure {
    /// Gives a store's user its rights back.
    GrantAccess,
    /// Gives a store the password that its clients have.
    ResetPassword,
    /// Lets a store take connections without TLS again.
    AllowPlain,
    /// Lets a store listen at its usual port again.
    ListenAgain,
    /// Lets a full cache evict what was used least.
    LetEvict,
    /// Gives a cache more memory for what it keeps.
    GrowCache,
    /// Lets a store take writes again.
    AllowWrites,
    /// Ends the sessions of a store that hold locks or slots.
    EndSessions,
    /// Takes the record that nobody can read out of its queue.
    SkipRecord,
    /// Bounds what a broker takes from its producers.
    BoundProducers,
    /// Takes rules off a network interface that lose or hold up packets.
    ClearPacketRules,
    /// Sets a node's clock.
    StepClock,
    /// Sets a kubelet's eviction thresholds back.
    ResetEviction,
    /// Makes room in a node's connection table.
    WidenConnections,
    /// Gives a node's connections the usual ports again.
    WidenPorts,
    /// Makes a node's kube-proxy anew.
    RenewProxy,
    /// Makes a node's network agent anew, and labels the node as its routes need.
    RenewRoutes,
    /// Deletes a node, so that whoever provides machines brings another.
    ReplaceNode,
    /// Starts the scheduler again.
    StartScheduler,
    /// Starts the controller manager again.
    StartControllers,
    /// Gives a flood of requests to the API server the lowest priority.
    ThrottleClients,
    /// Takes what was written over the cluster's names out of its DNS.
    RestoreNames,
    /// Lets nodes take more blocks of pod addresses.
    AddAddresses,
    /// Has a certificate issued anew.
    RenewCertificate,
    /// Starts what collects metrics again.
    RestartCollector,
    /// Has whoever provides machines bring one more of a node's kind.
    AddNode,
}

/// All of them, in the order of their rows.
pub const PROCEDURES: [Procedure; 26] = [
    Procedure::GrantAccess,
    Procedure::ResetPassword,
    Procedure::AllowPlain,
    Procedure::ListenAgain,
    Procedure::LetEvict,
    Procedure::GrowCache,
    Procedure::AllowWrites,
    Procedure::EndSessions,
    Procedure::SkipRecord,
    Procedure::BoundProducers,
    Procedure::ClearPacketRules,
    Procedure::StepClock,
    Procedure::ResetEviction,
    Procedure::WidenConnections,
    Procedure::WidenPorts,
    Procedure::RenewProxy,
    Procedure::RenewRoutes,
    Procedure::ReplaceNode,
    Procedure::StartScheduler,
    Procedure::StartControllers,
    Procedure::ThrottleClients,
    Procedure::RestoreNames,
    Procedure::AddAddresses,
    Procedure::RenewCertificate,
    Procedure::RestartCollector,
    Procedure::AddNode,
];

/// Where a procedure is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// In a running container of a workload.
    Container,
    /// At a node, through its kubelet.
    Node,
    /// In the pods of a workload or at a node, wherever the rules lie.
    Interface,
    /// At a node, whether or not its kubelet answers.
    Machine,
    /// On what belongs to a Service.
    Service,
    /// On an add-on of the cluster.
    Cluster,
}

/// What a procedure does beside its purpose, wherever it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SideEffect {
    /// Nothing that anybody feels.
    None,
    /// The server starts anew, in each pod.
    RestartsServer,
    /// The node's pods go, and another node comes.
    EmptiesNode,
    /// There is one node more, until it is taken back.
    AddsNode,
}

/// Whether what a procedure does can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// By another command.
    ByCommand,
    /// There is nothing to take back: a service that was started, a clock that is right.
    NothingToTake,
    /// No: what it takes away is lost.
    Lost(&'static str),
}

/// What is known of a procedure.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// In words, before the name of what it is done to.
    pub name: &'static str,
    /// Where.
    pub site: Site,
    /// Seconds until it has its effect.
    pub takes: u32,
    /// What else it does.
    pub hurts: SideEffect,
    /// Whether it can be taken back.
    pub back: Back,
}

const fn facts(name: &'static str, site: Site, takes: u32, back: Back) -> Facts {
    Facts {
        name,
        site,
        takes,
        hurts: SideEffect::None,
        back,
    }
}

const fn hurting(hurts: SideEffect, facts: Facts) -> Facts {
    Facts { hurts, ..facts }
}

/// By number of procedure.
const FACTS: [Facts; 26] = [
    facts("grant access to", Site::Container, 2, Back::NothingToTake),
    facts(
        "reset the password of",
        Site::Container,
        2,
        Back::NothingToTake,
    ),
    hurting(
        SideEffect::RestartsServer,
        facts(
            "allow connections without TLS to",
            Site::Container,
            5,
            Back::ByCommand,
        ),
    ),
    hurting(
        SideEffect::RestartsServer,
        facts("reset the port of", Site::Container, 5, Back::NothingToTake),
    ),
    facts("allow evictions in", Site::Container, 2, Back::ByCommand),
    facts(
        "give more memory for keys to",
        Site::Container,
        2,
        Back::ByCommand,
    ),
    facts("allow writes to", Site::Container, 2, Back::ByCommand),
    facts("end sessions of", Site::Container, 2, Back::NothingToTake),
    facts(
        "skip the first record of",
        Site::Container,
        5,
        Back::Lost("drops a record that nobody has read"),
    ),
    facts(
        "bound the producers of",
        Site::Container,
        2,
        Back::ByCommand,
    ),
    facts(
        "clear packet rules of",
        Site::Interface,
        10,
        Back::NothingToTake,
    ),
    facts("set the clock of", Site::Node, 10, Back::NothingToTake),
    facts(
        "reset eviction thresholds of",
        Site::Node,
        15,
        Back::ByCommand,
    ),
    facts(
        "widen the connection table of",
        Site::Node,
        10,
        Back::ByCommand,
    ),
    facts(
        "widen the range of ports of",
        Site::Node,
        10,
        Back::ByCommand,
    ),
    facts("renew the proxy of", Site::Node, 15, Back::NothingToTake),
    facts("renew the routes of", Site::Node, 20, Back::NothingToTake),
    hurting(
        SideEffect::EmptiesNode,
        facts("replace", Site::Machine, NEW_NODE, Back::NothingToTake),
    ),
    facts(
        "start the scheduler of",
        Site::Cluster,
        15,
        Back::NothingToTake,
    ),
    facts(
        "start the controller manager of",
        Site::Cluster,
        15,
        Back::NothingToTake,
    ),
    facts(
        "throttle clients of the API server of",
        Site::Cluster,
        5,
        Back::ByCommand,
    ),
    facts("restore names of", Site::Cluster, 20, Back::NothingToTake),
    facts("add pod addresses to", Site::Cluster, 5, Back::ByCommand),
    facts(
        "renew the certificate of",
        Site::Service,
        20,
        Back::NothingToTake,
    ),
    facts(
        "restart the collectors of",
        Site::Cluster,
        20,
        Back::NothingToTake,
    ),
    hurting(
        SideEffect::AddsNode,
        facts("add a node like", Site::Machine, NEW_NODE, Back::ByCommand),
    ),
];

/// Seconds from the deletion of a node, or from the wish for one more, until another one of its kind is there: machines of public clouds take one to
/// three minutes.
pub const NEW_NODE: u32 = 120;

impl Procedure {
    /// What is known of it.
    #[must_use]
    pub const fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }

    /// Whether another command takes it back.
    #[must_use]
    pub const fn has_undo(self) -> bool {
        matches!(self.facts().back, Back::ByCommand)
    }
}

/// A server whose commands are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Software {
    /// Redis, or Valkey.
    Redis,
    /// Memcached.
    Memcached,
    /// PostgreSQL.
    Postgres,
    /// MySQL, or MariaDB.
    Mysql,
    /// MongoDB.
    Mongo,
    /// Kafka.
    Kafka,
    /// RabbitMQ.
    Rabbit,
}

/// Words of an image's name, and the port that the server registered (IANA, service names and port numbers).
const SOFTWARE: [(Software, &[&str], u16); 7] = [
    (Software::Redis, &["redis", "valkey"], 6379),
    (Software::Memcached, &["memcached"], 11211),
    (Software::Postgres, &["postgres", "postgresql"], 5432),
    (Software::Mysql, &["mysql", "mariadb"], 3306),
    (Software::Mongo, &["mongo", "mongodb"], 27017),
    (Software::Kafka, &["kafka"], 9092),
    (Software::Rabbit, &["rabbitmq"], 5672),
];

impl Software {
    /// The server that a container runs: by the words of its image's name, else by a port that it declares.
    #[must_use]
    pub fn of(container: &Container) -> Option<Self> {
        let path = container.image.split('@').next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        let name = last.split(':').next().unwrap_or_default().to_owned();
        let worded = |words: &[&str]| {
            name.split(['-', '_', '.'])
                .any(|word| words.contains(&word))
        };
        let ports = || container.ports.iter().map(|port| port.container_port);
        let known = SOFTWARE.iter().find(|(_, words, _)| worded(words));
        let known = known.or_else(|| {
            SOFTWARE
                .iter()
                .find(|(_, _, port)| ports().any(|declared| declared == *port))
        });
        known.map(|(software, ..)| *software)
    }
}

/// Whether something is done, or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Done.
    Done,
    /// Taken back.
    TakenBack,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_procedures() {
        for (position, procedure) in PROCEDURES.iter().enumerate() {
            assert_eq!(*procedure as usize, position);
        }
        assert_eq!(
            Procedure::ReplaceNode.facts().hurts,
            SideEffect::EmptiesNode
        );
        assert_eq!(
            Procedure::AllowPlain.facts().hurts,
            SideEffect::RestartsServer
        );
        assert_eq!(Procedure::StepClock.facts().site, Site::Node);
        assert_eq!(Procedure::RestartCollector.facts().site, Site::Cluster);
        assert_eq!(Procedure::SkipRecord.facts().takes, 5);
    }
}
