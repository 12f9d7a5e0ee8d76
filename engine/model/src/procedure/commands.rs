//! What a person types for a procedure, by the server that it is done to.
//!
//! A command that opens with `kubectl ` stands for itself, with `$name` and `$ns` for what it is done to; all others
//! run in a shell: in the container, or at the node with its own file system as root. Variables are those that the
//! servers' official images take their first settings from. Sources: the servers' own references (redis.io/commands,
//! PostgreSQL and MySQL manuals, mongosh, rabbitmqctl, Kafka's tools), kernel sysctl documentation, Kubernetes'
//! pages on debugging nodes, flow control and kubelet configuration, and the Cluster API book ("Scaling nodes", "Labels and
//! annotations") for pools of machines.

use super::{Procedure, Software};

/// A command, and the one that takes it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// Does it.
    pub done: &'static str,
    /// Takes it back, where that can be.
    pub back: Option<&'static str>,
}

const fn does(done: &'static str) -> Command {
    Command { done, back: None }
}

const fn takes_back(done: &'static str, back: &'static str) -> Command {
    Command {
        done,
        back: Some(back),
    }
}

type Row = (Procedure, Option<Software>, Command);

/// By procedure, and by server where it is done to one.
const COMMANDS: &[Row] = &[
    (
        Procedure::GrantAccess,
        Some(Software::Redis),
        does("redis-cli ACL SETUSER default on '~*' '&*' +@all"),
    ),
    (
        Procedure::GrantAccess,
        Some(Software::Postgres),
        does(
            "psql -U \"$POSTGRES_USER\" -d \"$POSTGRES_DB\" -c 'GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC'",
        ),
    ),
    (
        Procedure::GrantAccess,
        Some(Software::Mysql),
        does(
            "mysql -uroot -p\"$MYSQL_ROOT_PASSWORD\" -e \"GRANT ALL ON $MYSQL_DATABASE.* TO '${MYSQL_USER:-root}'@'%'; FLUSH PRIVILEGES\"",
        ),
    ),
    (
        Procedure::GrantAccess,
        Some(Software::Mongo),
        does(
            "mongosh admin --eval \"db.grantRolesToUser('${MONGO_INITDB_ROOT_USERNAME:-app}', ['readWriteAnyDatabase'])\"",
        ),
    ),
    (
        Procedure::ResetPassword,
        Some(Software::Redis),
        does("redis-cli -a \"$REDIS_PASSWORD\" CONFIG SET requirepass ''"),
    ),
    (
        Procedure::ResetPassword,
        Some(Software::Postgres),
        does(
            "psql -U \"$POSTGRES_USER\" -c \"ALTER ROLE $POSTGRES_USER PASSWORD '$POSTGRES_PASSWORD'\"",
        ),
    ),
    (
        Procedure::ResetPassword,
        Some(Software::Mysql),
        does(
            "mysql -uroot -p\"$MYSQL_ROOT_PASSWORD\" -e \"ALTER USER '${MYSQL_USER:-root}'@'%' IDENTIFIED BY '${MYSQL_PASSWORD:-$MYSQL_ROOT_PASSWORD}'\"",
        ),
    ),
    (
        Procedure::ResetPassword,
        Some(Software::Mongo),
        does(
            "mongosh admin --eval \"db.changeUserPassword('${MONGO_INITDB_ROOT_USERNAME:-app}', '$MONGO_INITDB_ROOT_PASSWORD')\"",
        ),
    ),
    (
        Procedure::AllowPlain,
        Some(Software::Redis),
        takes_back(
            "redis-cli CONFIG SET port 6379",
            "redis-cli CONFIG SET port 0",
        ),
    ),
    (
        Procedure::AllowPlain,
        Some(Software::Postgres),
        takes_back(
            "sed -i s/^hostssl/host/ \"$PGDATA/pg_hba.conf\" && psql -U \"$POSTGRES_USER\" -c 'SELECT pg_reload_conf()'",
            "sed -i 's/^host /hostssl /' \"$PGDATA/pg_hba.conf\" && psql -U \"$POSTGRES_USER\" -c 'SELECT pg_reload_conf()'",
        ),
    ),
    (
        Procedure::AllowPlain,
        Some(Software::Mysql),
        takes_back(
            "mysql -uroot -p\"$MYSQL_ROOT_PASSWORD\" -e 'SET GLOBAL require_secure_transport = OFF'",
            "mysql -uroot -p\"$MYSQL_ROOT_PASSWORD\" -e 'SET GLOBAL require_secure_transport = ON'",
        ),
    ),
    (
        Procedure::AllowPlain,
        Some(Software::Mongo),
        takes_back(
            "sed -i s/requireTLS/preferTLS/ /data/configdb/mongod.conf && mongosh admin --eval 'db.shutdownServer()'",
            "sed -i s/preferTLS/requireTLS/ /data/configdb/mongod.conf && mongosh admin --eval 'db.shutdownServer()'",
        ),
    ),
    (
        Procedure::ListenAgain,
        Some(Software::Redis),
        does("redis-cli -p \"$REDIS_PORT\" CONFIG SET port 6379"),
    ),
    (
        Procedure::ListenAgain,
        Some(Software::Postgres),
        does("psql -U \"$POSTGRES_USER\" -c 'ALTER SYSTEM RESET port' && kill -INT 1"),
    ),
    (
        Procedure::ListenAgain,
        Some(Software::Mysql),
        does("mysql -uroot -p\"$MYSQL_ROOT_PASSWORD\" -e 'RESET PERSIST port; SHUTDOWN'"),
    ),
    (
        Procedure::ListenAgain,
        Some(Software::Mongo),
        does("sed -i '/^ *port:/d' /data/configdb/mongod.conf && kill -TERM 1"),
    ),
    (
        Procedure::LetEvict,
        Some(Software::Redis),
        takes_back(
            "redis-cli CONFIG SET maxmemory-policy allkeys-lru",
            "redis-cli CONFIG SET maxmemory-policy noeviction",
        ),
    ),
    (
        Procedure::LetEvict,
        Some(Software::Memcached),
        takes_back(
            "printf 'cache_memlimit 1024\\r\\nquit\\r\\n' | nc 127.0.0.1 11211",
            "printf 'cache_memlimit 64\\r\\nquit\\r\\n' | nc 127.0.0.1 11211",
        ),
    ),
    (
        Procedure::GrowCache,
        Some(Software::Redis),
        takes_back(
            "redis-cli CONFIG GET maxmemory | tail -n 1 > /tmp/maxmemory && redis-cli CONFIG SET maxmemory 0",
            "redis-cli CONFIG SET maxmemory \"$(cat /tmp/maxmemory)\"",
        ),
    ),
    (
        Procedure::GrowCache,
        Some(Software::Memcached),
        takes_back(
            "printf 'cache_memlimit 1024\\r\\nquit\\r\\n' | nc 127.0.0.1 11211",
            "printf 'cache_memlimit 64\\r\\nquit\\r\\n' | nc 127.0.0.1 11211",
        ),
    ),
    (
        Procedure::AllowWrites,
        Some(Software::Redis),
        takes_back(
            "redis-cli CONFIG SET replica-read-only no",
            "redis-cli CONFIG SET replica-read-only yes",
        ),
    ),
    (
        Procedure::AllowWrites,
        Some(Software::Postgres),
        takes_back(
            "psql -U \"$POSTGRES_USER\" -c 'ALTER SYSTEM SET default_transaction_read_only = off' -c 'SELECT pg_reload_conf()'",
            "psql -U \"$POSTGRES_USER\" -c 'ALTER SYSTEM SET default_transaction_read_only = on' -c 'SELECT pg_reload_conf()'",
        ),
    ),
    (
        Procedure::AllowWrites,
        Some(Software::Mysql),
        takes_back(
            "mysql -uroot -p\"$MYSQL_ROOT_PASSWORD\" -e 'SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF'",
            "mysql -uroot -p\"$MYSQL_ROOT_PASSWORD\" -e 'SET GLOBAL super_read_only = ON'",
        ),
    ),
    (
        Procedure::AllowWrites,
        Some(Software::Mongo),
        takes_back(
            "mongosh admin --eval 'db.fsyncUnlock()'",
            "mongosh admin --eval 'db.fsyncLock()'",
        ),
    ),
    (
        Procedure::EndSessions,
        Some(Software::Redis),
        does("redis-cli CLIENT KILL TYPE normal"),
    ),
    (
        Procedure::EndSessions,
        Some(Software::Postgres),
        does(
            "psql -U \"$POSTGRES_USER\" -c 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()'",
        ),
    ),
    (
        Procedure::EndSessions,
        Some(Software::Mysql),
        does(
            "mysql -uroot -p\"$MYSQL_ROOT_PASSWORD\" -Ne \"SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE id <> CONNECTION_ID()\" | mysql -uroot -p\"$MYSQL_ROOT_PASSWORD\"",
        ),
    ),
    (
        Procedure::EndSessions,
        Some(Software::Mongo),
        does("mongosh admin --eval 'db.runCommand({killAllSessions: []})'"),
    ),
    (
        Procedure::SkipRecord,
        Some(Software::Kafka),
        does(
            "kafka-consumer-groups.sh --bootstrap-server localhost:9092 --all-groups --all-topics --reset-offsets --shift-by 1 --execute",
        ),
    ),
    (
        Procedure::SkipRecord,
        Some(Software::Rabbit),
        does(
            "rabbitmqctl list_queues -q name | while read -r queue; do rabbitmqadmin get queue=\"$queue\" ackmode=reject_requeue_false count=1; done",
        ),
    ),
    (
        Procedure::BoundProducers,
        Some(Software::Kafka),
        takes_back(
            "kafka-configs.sh --bootstrap-server localhost:9092 --alter --entity-type clients --entity-default --add-config producer_byte_rate=1048576",
            "kafka-configs.sh --bootstrap-server localhost:9092 --alter --entity-type clients --entity-default --delete-config producer_byte_rate",
        ),
    ),
    (
        Procedure::BoundProducers,
        Some(Software::Rabbit),
        takes_back(
            "rabbitmqctl set_policy bounded '.*' '{\"max-length\": 10000, \"overflow\": \"reject-publish\"}' --apply-to queues",
            "rabbitmqctl clear_policy bounded",
        ),
    ),
    (
        Procedure::ClearPacketRules,
        None,
        does("tc qdisc del dev eth0 root"),
    ),
    (Procedure::StepClock, None, does("chronyc makestep")),
    (
        Procedure::ResetEviction,
        None,
        takes_back(
            "sed -i.before '/^evictionHard:/,/^[^ ]/{/^ /d;/^evictionHard:/d}' /var/lib/kubelet/config.yaml && systemctl restart kubelet",
            "mv /var/lib/kubelet/config.yaml.before /var/lib/kubelet/config.yaml && systemctl restart kubelet",
        ),
    ),
    (
        Procedure::WidenConnections,
        None,
        takes_back(
            "sysctl -n net.netfilter.nf_conntrack_max > /run/conntrack.before && sysctl -w net.netfilter.nf_conntrack_max=1048576",
            "sysctl -w net.netfilter.nf_conntrack_max=\"$(cat /run/conntrack.before)\"",
        ),
    ),
    (
        Procedure::WidenPorts,
        None,
        takes_back(
            "sysctl -n net.ipv4.ip_local_port_range > /run/ports.before && sysctl -w net.ipv4.ip_local_port_range='32768 60999'",
            "sysctl -w net.ipv4.ip_local_port_range=\"$(cat /run/ports.before)\"",
        ),
    ),
    (
        Procedure::RenewProxy,
        None,
        does(
            "kubectl -n kube-system delete pod -l k8s-app=kube-proxy --field-selector spec.nodeName=$name",
        ),
    ),
    (
        Procedure::RenewRoutes,
        None,
        does(
            "kubectl -n kube-system delete pod -l k8s-app=calico-node --field-selector spec.nodeName=$name",
        ),
    ),
    (
        Procedure::ReplaceNode,
        None,
        does("kubectl delete node/$name"),
    ),
    (
        Procedure::StartScheduler,
        None,
        does(
            "kubectl debug node/\"$(kubectl get nodes -l node-role.kubernetes.io/control-plane -o 'jsonpath={.items[0].metadata.name}')\" -i --image=busybox:1.36 --profile=sysadmin -- chroot /host sh -c 'crictl ps -aq --name kube-scheduler | xargs crictl rm -f'",
        ),
    ),
    (
        Procedure::StartControllers,
        None,
        does(
            "kubectl debug node/\"$(kubectl get nodes -l node-role.kubernetes.io/control-plane -o 'jsonpath={.items[0].metadata.name}')\" -i --image=busybox:1.36 --profile=sysadmin -- chroot /host sh -c 'crictl ps -aq --name kube-controller-manager | xargs crictl rm -f'",
        ),
    ),
    (
        Procedure::ThrottleClients,
        None,
        takes_back(
            "kubectl patch flowschema/service-accounts --type=merge -p '{\"spec\":{\"priorityLevelConfiguration\":{\"name\":\"catch-all\"}}}'",
            "kubectl patch flowschema/service-accounts --type=merge -p '{\"spec\":{\"priorityLevelConfiguration\":{\"name\":\"workload-low\"}}}'",
        ),
    ),
    (
        Procedure::RestoreNames,
        None,
        does(
            "kubectl -n kube-system get configmap/coredns -o yaml | sed '/^ *template /,/^ *}/d' | kubectl replace -f - && kubectl -n kube-system rollout restart deployment/coredns",
        ),
    ),
    (
        Procedure::AddAddresses,
        None,
        takes_back(
            "kubectl patch ipamconfig/default --type=merge -p '{\"spec\":{\"maxBlocksPerHost\":0}}'",
            "kubectl patch ipamconfig/default --type=merge -p '{\"spec\":{\"maxBlocksPerHost\":1}}'",
        ),
    ),
    (
        Procedure::RenewCertificate,
        None,
        does("kubectl -n $ns delete secret -l controller.cert-manager.io/fao=true"),
    ),
    (
        Procedure::RestartCollector,
        None,
        does(
            "kubectl rollout restart daemonset -n monitoring -l app.kubernetes.io/name=opentelemetry-collector",
        ),
    ),
    (
        Procedure::AddNode,
        None,
        takes_back(
            "kubectl get machines -A -o 'jsonpath={range .items[?(@.status.nodeRef.name==\"$name\")]}{.metadata.namespace} {.metadata.labels.cluster\\.x-k8s\\.io/deployment-name}{end}' | { read -r space pool; kubectl -n \"$space\" scale machinedeployment/\"$pool\" --replicas=$(($(kubectl -n \"$space\" get machinedeployment/\"$pool\" -o 'jsonpath={.spec.replicas}') + 1)); }",
            "kubectl get machines -A -o 'jsonpath={range .items[?(@.status.nodeRef.name==\"$name\")]}{.metadata.namespace} {.metadata.labels.cluster\\.x-k8s\\.io/deployment-name}{end}' | { read -r space pool; kubectl -n \"$space\" scale machinedeployment/\"$pool\" --replicas=$(($(kubectl -n \"$space\" get machinedeployment/\"$pool\" -o 'jsonpath={.spec.replicas}') - 1)); }",
        ),
    ),
];

impl Procedure {
    /// The command that does it to this server, or at its place; `None` where none is known.
    #[must_use]
    pub fn command(self, software: Option<Software>) -> Option<Command> {
        let row =
            |(procedure, of, _): &&Row| *procedure == self && (of.is_none() || *of == software);
        COMMANDS.iter().find(row).map(|(.., command)| *command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedure::{Back, PROCEDURES};

    #[test]
    fn each_has_a_command_and_an_undo_where_it_says_so() {
        for procedure in PROCEDURES {
            let mut own = COMMANDS
                .iter()
                .filter(|(of, ..)| *of == procedure)
                .peekable();
            assert!(own.peek().is_some(), "{procedure:?}");
            let can = procedure.facts().back == Back::ByCommand;
            assert!(
                own.all(|(.., command)| command.back.is_some() == can),
                "{procedure:?}"
            );
        }
    }
}
