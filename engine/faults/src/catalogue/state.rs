//! States of components that their clients feel: credentials, caches, databases, brokers, flags.

use super::words::{
    LISTED, MIB, assumed, by_change, contain, field, outgrow, part, rises, size, undo,
};
use crate::betrayal::Turn;
use crate::fault::TargetKind::Workload;
use crate::fault::{
    Act, Candidacy, Expressed, Fault, Harms, Lasting, Needs, On, Section, Show, Spread,
};
use crate::parameter::{Parameter, Unit};
use crate::step::{Place, Step};
use aegis_model::SymptomKind as Seen;
use aegis_model::overlay::ProbeKind;
use aegis_model::{Ailment, Mechanism, Procedure};

/// A component that answers its clients with errors or late, and looks healthy itself.
const AILS: Fault = Fault {
    section: Section::Application,
    expressed: Expressed::State,
    targets: &[Workload],
    needs: Needs::Store,
    signs: &[
        rises(Seen::Errors, On::Callers),
        rises(Seen::Errors, On::Subject),
    ],
    frequency: assumed(0.1),
    ..LISTED
};

/// A feature flag in the flag service's ConfigMap: it acts while it stands there.
const FLAG: Fault = Fault {
    needs: Needs::Served,
    stage: &[Step::Apply(
        r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flagd-config", "namespace": "$ns"}, "data": {"$name": "off"}}"#,
    )],
    steps: &[Step::Patch(
        Place::Named("ConfigMap", "flagd-config"),
        r#"{"data": {"$name": "on"}}"#,
    )],
    betrayed_by_change: &[field(&["ConfigMap"], "data", Turn::Any)],
    remedies: &[undo(Act::RevertChange)],
    frequency: by_change(0.05),
    ..AILS
};

const SHARE: &[Parameter] = &[size("share", Unit::Share, 0.05, 1.0, 0.5)];

/// A flag on which a service errs.
const ERRS: Fault = Fault {
    parameters: SHARE,
    parts: &[part(
        |s| Mechanism::Ailing(Ailment::FlagOn, s[0]),
        Lasting::Change,
    )],
    shows: &[Show::Log("feature flag")],
    ..FLAG
};

pub const ROWS: &[Fault] = &[
    Fault {
        id: "database_user_missing",
        summary: "The database does not know the user of its clients, or no longer grants it anything.",
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::CredentialRefused, 1.0),
            Lasting::Time,
        )],
        shows: &[Show::Log("authentication")],
        remedies: &[undo(Act::Exec(Procedure::GrantAccess))],
        source: "S revoke_auth, storage_user_unregistered; A the same",
        ..AILS
    },
    Fault {
        id: "database_credentials_wrong",
        summary: "The password of a store was changed, and its clients have the old one.",
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::CredentialRefused, 1.0),
            Lasting::Pod,
        )],
        shows: &[Show::Log("authentication")],
        remedies: &[
            undo(Act::Exec(Procedure::ResetPassword)),
            undo(Act::RestartRollout),
        ],
        source: "S valkey_auth_disruption; I #34; O MysqlInvalidCredentials",
        ..AILS
    },
    Fault {
        id: "database_tls_required",
        summary: "A store takes connections with TLS alone, and its clients come without.",
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::TlsRequired, 1.0),
            Lasting::Time,
        )],
        shows: &[Show::Log("TLS")],
        frequency: assumed(0.05),
        remedies: &[undo(Act::Exec(Procedure::AllowPlain))],
        source: "S auth_miss_mongodb; A the same",
        ..AILS
    },
    Fault {
        id: "database_port_wrong",
        summary: "A store listens on another port than its clients ask at.",
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::NotListening, 1.0),
            Lasting::Time,
        )],
        shows: &[Show::Log("connection refused")],
        frequency: assumed(0.05),
        remedies: &[undo(Act::Exec(Procedure::ListenAgain))],
        source: "O MysqlInvalidPort",
        ..AILS
    },
    Fault {
        id: "cache_full",
        summary: "Something fills a cache to its limit: it takes no more writes.",
        parameters: SHARE,
        parts: &[
            part(
                |s| Mechanism::Ailing(Ailment::CacheFull, s[0]),
                Lasting::Pod,
            ),
            part(|_| Mechanism::MemoryStep(24.0 * MIB), Lasting::Pod),
        ],
        needs: Needs::Cache,
        signs: &[
            rises(Seen::Memory, On::Subject),
            rises(Seen::Errors, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        shows: &[Show::Log("OOM command not allowed")],
        remedies: &[
            undo(Act::Exec(Procedure::LetEvict)),
            contain(Act::RestartRollout),
            outgrow(Act::RaiseMemoryLimit),
        ],
        source: "S valkey_memory_disruption; I #40",
        ..AILS
    },
    Fault {
        id: "cache_cold",
        summary: "A cache lost what it held: misses are slow until it is warm again, and it never is while it is too small.",
        parameters: &[size("miss", Unit::Seconds, 0.02, 3.0, 0.6)],
        parts: &[part(
            |s| Mechanism::Ailing(Ailment::CacheCold, s[0]),
            Lasting::Time,
        )],
        needs: Needs::Cache,
        signs: &[
            rises(Seen::Latency, On::Callers),
            rises(Seen::Latency, On::Subject),
        ],
        shows: &[Show::Log("cache miss")],
        remedies: &[undo(Act::Exec(Procedure::GrowCache))],
        source: "S recommendationCacheFailure; I the same flag",
        ..AILS
    },
    Fault {
        id: "database_read_only",
        summary: "A database refuses to write.",
        parameters: &[size("writes", Unit::Share, 0.05, 1.0, 0.4)],
        parts: &[part(
            |s| Mechanism::Ailing(Ailment::ReadOnly, s[0]),
            Lasting::Time,
        )],
        shows: &[Show::Log("read-only")],
        remedies: &[undo(Act::Exec(Procedure::AllowWrites))],
        source: "O DBReadOnly",
        ..AILS
    },
    Fault {
        id: "database_connections_exhausted",
        summary: "Clients leak connections until a database has no slot left.",
        parameters: &[size("seconds", Unit::Seconds, 10.0, 600.0, 60.0)],
        parts: &[part(
            |s| Mechanism::Ailing(Ailment::SlotsTaken, s[0]),
            Lasting::Pod,
        )],
        shows: &[Show::Log("too many connections")],
        remedies: &[
            undo(Act::RestartRollout),
            undo(Act::Exec(Procedure::EndSessions)),
        ],
        source: "O DBConnectionExhaustion",
        ..AILS
    },
    Fault {
        id: "database_table_locked",
        summary: "A session holds an exclusive lock on a table: who reads it waits, and everything runs.",
        parameters: &[size("wait", Unit::Seconds, 0.5, 60.0, 20.0)],
        parts: &[part(
            |s| Mechanism::Ailing(Ailment::TableLocked, s[0]),
            Lasting::Pod,
        )],
        signs: &[
            rises(Seen::Latency, On::Subject),
            rises(Seen::Latency, On::Callers),
            rises(Seen::Errors, On::Callers),
        ],
        shows: &[Show::Log("lock timeout")],
        remedies: &[
            undo(Act::RestartRollout),
            undo(Act::Exec(Procedure::EndSessions)),
        ],
        source: "S postgres_lock_contention",
        ..AILS
    },
    Fault {
        id: "broker_poison_record",
        summary: "A record that no consumer can read stands first in its partition: what is behind it waits.",
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::PoisonRecord, 1.0),
            Lasting::Time,
        )],
        needs: Needs::Broker,
        signs: &[],
        harms: Harms::Nobody,
        shows: &[Show::Log("cannot deserialize record")],
        frequency: assumed(0.05),
        remedies: &[undo(Act::Exec(Procedure::SkipRecord))],
        source: "S kafka_poison_pill_hol_block",
        ..AILS
    },
    Fault {
        id: "broker_flooded",
        summary: "A producer sends without end: the broker's memory grows and its consumers fall behind.",
        parameters: &[size(
            "growth",
            Unit::BytesPerSecond,
            0.2 * MIB,
            64.0 * MIB,
            2.0 * MIB,
        )],
        parts: &[
            part(
                |_| Mechanism::Ailing(Ailment::ConsumerLags, 1.0),
                Lasting::Time,
            ),
            part(|s| Mechanism::MemoryGrowth(s[0]), Lasting::Time),
        ],
        needs: Needs::Broker,
        signs: &[
            rises(Seen::Memory, On::Subject),
            rises(Seen::Restarts, On::Subject),
        ],
        harms: Harms::Nobody,
        shows: &[Show::Log("consumer lag")],
        frequency: assumed(0.05),
        remedies: &[undo(Act::Exec(Procedure::BoundProducers))],
        source: "S kafka_producer_leak, kafka_queue_problems; A; I #11",
        ..AILS
    },
    Fault {
        id: "flag_service_fails",
        summary: "A feature flag makes a service fail a share of its requests.",
        source: "S ad_service_failure, cart_service_failure, payment_service_failure, product_catalog_failure; A and I opentelemetry-demo-feature-flag #1-15",
        ..ERRS
    },
    Fault {
        id: "flag_service_unreachable",
        candidacy: Candidacy::InDumps,
        summary: "A feature flag sends a service's callers to an address where nobody is.",
        parameters: &[],
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::FlagOn, 1.0),
            Lasting::Change,
        )],
        source: "S payment_service_unreachable; A and I paymentUnreachable",
        ..ERRS
    },
    Fault {
        id: "flag_latent_bug",
        candidacy: Candidacy::InDumps,
        summary: "A setting in a ConfigMap takes a branch of the code that fails every search.",
        parameters: &[],
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::FlagOn, 1.0),
            Lasting::Change,
        )],
        source: "S feature_flag_latent_bug",
        ..ERRS
    },
    Fault {
        id: "flag_high_cpu",
        candidacy: Candidacy::InDumps,
        summary: "A feature flag makes a service burn CPU.",
        parameters: &[size("factor", Unit::Factor, 1.5, 50.0, 12.0)],
        parts: &[part(|s| Mechanism::CpuFactor(s[0]), Lasting::Change)],
        signs: &[
            rises(Seen::Cpu, On::Subject),
            rises(Seen::Latency, On::Callers),
        ],
        shows: &[],
        source: "S ad_service_high_cpu; A and I adHighCpu",
        ..FLAG
    },
    Fault {
        id: "flag_manual_gc",
        candidacy: Candidacy::InDumps,
        summary: "A feature flag makes a service collect garbage all the time.",
        parameters: &[size("pause", Unit::Seconds, 0.05, 5.0, 1.5)],
        parts: &[
            part(|s| Mechanism::EdgeDelay(s[0]), Lasting::Change),
            part(|_| Mechanism::CpuFactor(2.0), Lasting::Change),
        ],
        signs: &[
            rises(Seen::Latency, On::Subject),
            rises(Seen::Latency, On::Callers),
        ],
        shows: &[],
        source: "S ad_service_manual_gc; A and I adManualGc",
        ..FLAG
    },
    Fault {
        id: "flag_slow_images",
        candidacy: Candidacy::InDumps,
        summary: "A feature flag makes what the entry shows load slowly.",
        parameters: &[size("delay", Unit::Seconds, 0.1, 10.0, 5.0)],
        parts: &[part(|s| Mechanism::EdgeDelay(s[0]), Lasting::Change)],
        signs: &[rises(Seen::Latency, On::Subject)],
        shows: &[],
        source: "S image_slow_load; A and I imageSlowLoad",
        ..FLAG
    },
    Fault {
        id: "flag_failed_readiness",
        candidacy: Candidacy::InDumps,
        summary: "A feature flag makes a service's health endpoint fail.",
        parts: &[part(
            |_| Mechanism::ProbeFails(ProbeKind::Readiness),
            Lasting::Change,
        )],
        signs: &[
            rises(Seen::NotReady, On::Subject),
            rises(Seen::NoEndpoints, On::Services),
        ],
        shows: &[Show::Event("Unhealthy", "Readiness probe")],
        source: "I failedReadinessProbe; A the same",
        ..FLAG
    },
    Fault {
        id: "request_filter_backtracks",
        candidacy: Candidacy::InDumps,
        summary: "A rule of the request filter at the edge backtracks without end on some requests.",
        parameters: &[size("factor", Unit::Factor, 2.0, 200.0, 25.0)],
        parts: &[part(|s| Mechanism::CpuFactor(s[0]), Lasting::Change)],
        needs: Needs::Served,
        stage: &[Step::Apply(
            r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "$name-filter", "namespace": "$ns"}, "data": {"rules": "^/admin"}}"#,
        )],
        steps: &[Step::Patch(
            Place::Named("ConfigMap", "$name-filter"),
            r#"{"data": {"rules": "^(([a-z])+.)+[A-Z]([a-z])+\u0024"}}"#,
        )],
        signs: &[
            rises(Seen::Cpu, On::Subject),
            rises(Seen::Latency, On::Subject),
        ],
        shows: &[],
        frequency: by_change(0.02),
        source: "S edge_request_filter_cpu_saturation",
        ..FLAG
    },
    Fault {
        id: "query_wrong",
        summary: "A release sends a query that the database does not understand.",
        parameters: SHARE,
        needs: Needs::Served,
        parts: &[part(
            |s| Mechanism::Ailing(Ailment::QueryWrong, s[0]),
            Lasting::Revision,
        )],
        steps: &[Step::Make(crate::change::new_release)],
        betrayed_by_change: &[field(
            super::words::TEMPLATED,
            "containers[].image",
            Turn::Any,
        )],
        candidacy: Candidacy::InDumps,
        shows: &[Show::Log("SQL")],
        remedies: &[undo(Act::RollBack), undo(Act::RevertChange)],
        frequency: by_change(0.1),
        source: "S trainticket_f17, train_ticket_f22",
        ..AILS
    },
    Fault {
        id: "file_descriptors_exhausted",
        summary: "A flood of connections takes every file descriptor that a service may open.",
        parameters: &[size("seconds", Unit::Seconds, 10.0, 600.0, 60.0)],
        needs: Needs::Served,
        parts: &[part(
            |s| Mechanism::Ailing(Ailment::FilesUsedUp, s[0]),
            Lasting::Pod,
        )],
        shows: &[Show::Log("too many open files")],
        remedies: &[undo(Act::RestartRollout)],
        source: "S file_descriptor_exhaustion",
        ..AILS
    },
    Fault {
        id: "training_stops",
        summary: "A node of a federated training is gone: its rounds wait for it.",
        expressed: Expressed::Objects,
        needs: Needs::Nothing,
        stage: &[Step::Apply(
            r#"{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "$name-training", "namespace": "$ns"}, "spec": {"parallelism": 2, "completions": 2, "template": {"metadata": {"labels": {"training": "$name"}}, "spec": {"restartPolicy": "Never", "containers": [{"name": "worker", "image": "busybox:1.36", "command": ["sh", "-c", "sleep infinity"]}]}}}}"#,
        )],
        steps: &[Step::Patch(
            Place::Named("Job", "$name-training"),
            r#"{"spec": {"suspend": true}}"#,
        )],
        betrayed_by_change: &[field(&["Job"], "spec.suspend", Turn::Any)],
        signs: &[],
        shows: &[Show::Condition("Suspended", "True")],
        harms: Harms::Nobody,
        spreads: Spread::Stays,
        remedies: &[undo(Act::RevertChange)],
        frequency: by_change(0.01),
        source: "A flower_node_stop, flower_model_misconfig",
        ..AILS
    },
];
