//! Users, passwords and databases with which a database is made, against those with which its clients ask:
//! where both stand plainly in variables. What they are is not shown.

use super::Case;
use crate::candidate::{Candidate, Weight::Documented};
use crate::containers::{Container, of_workload};
use crate::estate::Estate;
use crate::settings::{Setting, settings};

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let stores: Vec<Store<'_>> = (0..estate.workloads.len())
        .filter_map(|at| store(estate, at))
        .collect();
    let all = 0..estate.workloads.len();
    all.filter_map(|at| stores.iter().find_map(|store| differs(estate, at, store)))
        .collect()
}

/// A database with what it lets in: users with their passwords, and the databases that it makes.
struct Store<'a> {
    at: usize,
    users: Vec<(&'a str, &'a str)>,
    database: Option<&'a str>,
}

/// Variables with which images are made: users and passwords, database.
/// Sources: the images' pages, "Environment Variables".
struct Made {
    image: &'static str,
    users: &'static [(&'static str, &'static str, &'static str)],
    database: &'static str,
}

const MADE: &[Made] = &[
    Made {
        image: "postgres",
        users: &[("POSTGRES_USER", "postgres", "POSTGRES_PASSWORD")],
        database: "POSTGRES_DB",
    },
    Made {
        image: "mysql",
        users: &[
            ("", "root", "MYSQL_ROOT_PASSWORD"),
            ("MYSQL_USER", "", "MYSQL_PASSWORD"),
        ],
        database: "MYSQL_DATABASE",
    },
    Made {
        image: "mariadb",
        users: &[
            ("", "root", "MARIADB_ROOT_PASSWORD"),
            ("", "root", "MYSQL_ROOT_PASSWORD"),
            ("MARIADB_USER", "", "MARIADB_PASSWORD"),
            ("MYSQL_USER", "", "MYSQL_PASSWORD"),
        ],
        database: "MARIADB_DATABASE",
    },
    Made {
        image: "mongo",
        users: &[(
            "MONGO_INITDB_ROOT_USERNAME",
            "",
            "MONGO_INITDB_ROOT_PASSWORD",
        )],
        database: "",
    },
];

fn store<'a>(estate: &Estate<'a>, at: usize) -> Option<Store<'a>> {
    let (one, made) = of_workload(estate, at).find_map(|one| {
        let made = MADE
            .iter()
            .find(|row| one.image().is_of_library() && row.image == one.image().repository)?;
        Some((one, made))
    })?;
    let all = settings(estate, estate.workloads[at].object.namespace, one.doc);
    let value = |name: &str| {
        let found = all.iter().find(|one| one.name == name);
        found.map(|one| one.value).filter(|value| !value.is_empty())
    };
    let users = made.users.iter().filter_map(|(user, usually, password)| {
        let user = value(user)
            .or(Some(*usually))
            .filter(|user| !user.is_empty())?;
        Some((user, value(password)?))
    });
    let users: Vec<(&str, &str)> = users.collect();
    (!users.is_empty()).then(|| Store {
        at,
        users,
        database: value(made.database),
    })
}

/// With what a client asks.
struct Asked<'a> {
    user: Option<&'a str>,
    password: Option<&'a str>,
    database: Option<&'a str>,
    variable: String,
}

fn differs(estate: &Estate<'_>, at: usize, store: &Store<'_>) -> Option<Candidate> {
    if at == store.at {
        return None;
    }
    let namespace = estate.workloads[at].object.namespace;
    of_workload(estate, at).find_map(|one| {
        let all = settings(estate, namespace, one.doc);
        let asked = all.iter().find_map(|setting| {
            by_url(estate, namespace, store, setting)
                .or_else(|| by_parts(estate, namespace, store, setting, &all))
        })?;
        let words = contradicts(store, &asked)?;
        told(estate, &one, store, &asked, words)
    })
}

fn told(
    estate: &Estate<'_>,
    one: &Container<'_>,
    store: &Store<'_>,
    asked: &Asked<'_>,
    words: &str,
) -> Option<Candidate> {
    let reference = estate.workloads[one.at].object.reference();
    let name = estate.workloads[store.at].object.reference();
    let found = Candidate::at_workload("database_credentials_wrong", estate, one.at)?
        .field(one.field(&format!("env[name={}].value", asked.variable)))
        .value("value", asked.variable.as_str())
        .seen(
            Documented,
            "object",
            reference,
            format!("{words} {name} is made with"),
        );
    Some(found.by_itself())
}

/// What of a client's words is not the database's.
fn contradicts(store: &Store<'_>, asked: &Asked<'_>) -> Option<&'static str> {
    let user = asked
        .user
        .filter(|user| !store.users.iter().any(|(own, _)| own == user));
    if user.is_some() {
        return Some("its user is none that");
    }
    let password = asked.password.filter(|password| {
        let mut of_user = store
            .users
            .iter()
            .filter(|(own, _)| asked.user.is_none_or(|user| user == *own));
        !of_user.any(|(_, own)| own == password)
    });
    if password.is_some() {
        return Some("its password is not the one that");
    }
    let database = asked
        .database
        .filter(|name| store.database.is_some_and(|own| own != *name));
    database.map(|_| "its database is not the one that")
}

/// Whether a host is a Service before the database.
fn is_before(estate: &Estate<'_>, namespace: &str, store: &Store<'_>, host: &str) -> bool {
    let short = host.split('.').next().unwrap_or(host);
    let service = estate.find(
        "Service",
        estate.workloads[store.at].object.namespace,
        short,
    );
    let own = host.contains('.') || namespace == estate.workloads[store.at].object.namespace;
    own && service.is_some_and(|service| estate.behind(&service).contains(&store.at))
}

/// `postgres://user:password@host:5432/database`.
fn by_url<'a>(
    estate: &Estate<'_>,
    namespace: &str,
    store: &Store<'_>,
    setting: &Setting<'a>,
) -> Option<Asked<'a>> {
    let (_, rest) = setting.value.split_once("://")?;
    let (who, rest) = rest.split_once('@')?;
    let (user, password) = who.split_once(':')?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.split(':').next()?;
    let database = path.split('?').next().filter(|name| !name.is_empty());
    let plain = !setting.value.contains('$') && !password.contains('%');
    (plain && is_before(estate, namespace, store, host)).then(|| Asked {
        user: Some(user),
        password: Some(password),
        database,
        variable: setting.name.clone(),
    })
}

/// `DB_HOST` with `DB_USER`, `DB_PASSWORD`, `DB_NAME` beside it.
fn by_parts<'a>(
    estate: &Estate<'_>,
    namespace: &str,
    store: &Store<'_>,
    setting: &Setting<'_>,
    all: &[Setting<'a>],
) -> Option<Asked<'a>> {
    let stem = setting
        .name
        .strip_suffix("HOST")
        .or_else(|| setting.name.strip_suffix("HOSTNAME"))?;
    let host = setting.value.split(':').next()?;
    if stem.is_empty() || !is_before(estate, namespace, store, host) {
        return None;
    }
    let of = |endings: &[&str]| {
        let named = |one: &&Setting<'a>| {
            endings
                .iter()
                .any(|ending| one.name == format!("{stem}{ending}"))
        };
        all.iter()
            .find(named)
            .filter(|one| !one.value.is_empty() && !one.value.contains('$'))
    };
    let password = of(&["PASSWORD", "PASS", "PWD"]);
    let user = of(&["USER", "USERNAME"]);
    let database = of(&["NAME", "DATABASE", "DB"]);
    let first = password.or(user).or(database)?;
    Some(Asked {
        user: user.map(|one| one.value),
        password: password.map(|one| one.value),
        database: database.map(|one| one.value),
        variable: first.name.clone(),
    })
}
