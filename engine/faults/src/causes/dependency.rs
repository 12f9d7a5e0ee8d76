//! What is wrong between a client and what it depends on.

use super::{Cause, step};

/// The rows.
pub const ROWS: &[Cause] = &[
    Cause {
        id: "database_credentials_wrong",
        mechanism: "The database refuses the client's credentials.",
        prior: 0.2,
        fix: &[
            step(
                "kubectl -n {ns} edit secret {value}",
                "kubectl -n {ns} edit secret {value}",
            ),
            step("kubectl -n {ns} rollout restart {kind}/{name}", ""),
        ],
        check: ("kubectl -n {ns} logs {pod} --previous", "Access denied"),
        source: "S revoke_auth; A revoke_auth; O MysqlInvalidCredentials",
    },
    Cause {
        id: "database_port_wrong",
        mechanism: "The client asks the database on a port on which it does not listen.",
        prior: 0.15,
        fix: &[
            step(
                "kubectl -n {ns} edit secret {value}",
                "kubectl -n {ns} edit secret {value}",
            ),
            step("kubectl -n {ns} rollout restart {kind}/{name}", ""),
        ],
        check: (
            "kubectl -n {ns} logs {pod} --previous",
            "Connection refused to a database that is up",
        ),
        source: "O MysqlInvalidPort",
    },
    Cause {
        id: "database_read_only",
        mechanism: "The database refuses to write.",
        prior: 0.12,
        fix: &[step(
            "kubectl -n {ns} exec {kind}/{name} -- mysql -e 'SET GLOBAL super_read_only=OFF; SET GLOBAL read_only=OFF'",
            "kubectl -n {ns} exec {kind}/{name} -- mysql -e 'SET GLOBAL read_only=ON'",
        )],
        check: (
            "kubectl -n {ns} exec {kind}/{name} -- mysql -e 'SELECT @@read_only'",
            "1",
        ),
        source: "O DBReadOnly",
    },
    Cause {
        id: "database_connections_exhausted",
        mechanism: "The database has no connection slot left.",
        prior: 0.15,
        fix: &[step(
            "kubectl -n {ns} exec {kind}/{name} -- mysql -e 'SET GLOBAL max_connections=500'",
            "kubectl -n {ns} exec {kind}/{name} -- mysql -e 'SET GLOBAL max_connections=151'",
        )],
        check: (
            "kubectl -n {ns} exec {kind}/{name} -- mysql -e 'SHOW STATUS LIKE \"Threads_connected\"'",
            "as many as max_connections",
        ),
        source: "O DBConnectionExhaustion",
    },
    Cause {
        id: "dead_dependency",
        mechanism: "What it depends on does not answer.",
        prior: 0.05,
        fix: &[step("kubectl -n {ns} rollout restart {kind}/{name}", "")],
        check: (
            "kubectl -n {ns} logs {pod}",
            "nothing, or errors of its own",
        ),
        source: "AIOpsLab, Chaos Mesh",
    },
    Cause {
        id: "release_fails_requests",
        mechanism: "The workload answers with errors of its own.",
        prior: 0.05,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} logs {pod}",
            "errors that name no dependency",
        ),
        source: "S *_failure; A; I #1-15",
    },
];
