//! Routes of gateways: in Ingresses, and in the configuration files that ConfigMaps hold. A route
//! whose name or path is one Service's and whose backend is another's sends requests astray.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Fits, Proven, Said},
};
use crate::doc::{items, number, text, texts};
use crate::estate::{Estate, Object};
use aegis_model::bundle::Condition;
use std::collections::{BTreeMap, BTreeSet};

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Route {
    name: String,
    path: String,
    backend: String,
}

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for map in estate
        .of_kind("ConfigMap")
        .filter(|map| estate.is_home(map.namespace))
    {
        for (file, content) in texts(map.doc, "/data") {
            found.extend(astray(case, &map, file, &routes(content)));
        }
    }
    for ingress in estate
        .of_kind("Ingress")
        .filter(|one| estate.is_home(one.namespace))
    {
        found.extend(astray(
            case,
            &ingress,
            "spec.rules",
            &ingress_routes(&ingress),
        ));
        found.extend(dangling(case, &ingress));
    }
    found
}

/// Routes in a configuration file: `id`, `uri` and `Path=` of Spring Cloud Gateway; `location` and
/// `proxy_pass` of nginx. Lines are enough: the file may be partial.
fn routes(content: &str) -> Vec<Route> {
    let mut found: Vec<Route> = Vec::new();
    for line in content.lines().map(str::trim) {
        let bare = line.trim_start_matches("- ");
        if let Some(name) = bare.strip_prefix("id:") {
            found.push(Route {
                name: plain(name),
                path: String::new(),
                backend: String::new(),
            });
        } else if let Some(rest) = line.strip_prefix("location ") {
            let path = rest
                .split_whitespace()
                .find(|word| word.starts_with('/'))
                .unwrap_or("");
            found.push(Route {
                name: String::new(),
                path: plain(path),
                backend: String::new(),
            });
        } else if let Some(route) = found.last_mut() {
            if let Some(uri) = bare
                .strip_prefix("uri:")
                .or_else(|| line.strip_prefix("proxy_pass "))
            {
                route.backend = backend(uri);
            } else if let Some((_, path)) = bare.split_once("Path=") {
                route.path = plain(path.split(',').next().unwrap_or(path));
            }
        }
    }
    found.retain(|route| !route.path.is_empty() && !route.backend.is_empty());
    found
}

fn plain(text: &str) -> String {
    text.trim().trim_matches(['"', '\'', ';']).to_owned()
}

/// The host that a URI names, the default where it names a variable: `lb://${HOST:orders}` is `orders`.
fn backend(uri: &str) -> String {
    let rest = uri.rsplit_once("//").map_or(uri, |(_, rest)| rest);
    let rest = match rest.trim().strip_prefix("${") {
        Some(inner) => inner
            .split('}')
            .next()
            .unwrap_or(inner)
            .rsplit(":-")
            .next()
            .unwrap_or(inner)
            .rsplit(':')
            .next()
            .unwrap_or(inner),
        None => rest,
    };
    let host = rest.trim().trim_matches(['"', '\'', ';']);
    let end = host.find(['/', ':', '.']).unwrap_or(host.len());
    host[..end].trim_start_matches('-').to_owned()
}

fn ingress_routes(ingress: &Object<'_>) -> Vec<Route> {
    let rules = items(ingress.doc, "/spec/rules");
    rules
        .flat_map(|rule| items(rule, "/http/paths"))
        .map(|path| Route {
            name: String::new(),
            path: text(path, "/path").to_owned(),
            backend: text(path, "/backend/service/name").to_owned(),
        })
        .filter(|route| !route.path.is_empty() && !route.backend.is_empty())
        .collect()
}

/// The words of a name that are not common to half of the Services: what it is about.
fn subject(name: &str, common: &BTreeSet<String>) -> String {
    let words = name
        .split(['-', '_', '/', '.'])
        .map(str::to_ascii_lowercase);
    words.filter(|word| !common.contains(word)).collect()
}

fn common_words(estate: &Estate<'_>, namespace: &str) -> BTreeSet<String> {
    let names: Vec<&str> = estate
        .of_kind("Service")
        .filter(|one| one.namespace == namespace)
        .map(|one| one.name)
        .collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for word in names.iter().flat_map(|name| name.split('-')) {
        *counts.entry(word.to_ascii_lowercase()).or_default() += 1;
    }
    let half = names.len() / 2;
    counts
        .into_iter()
        .filter(|(_, count)| *count > half.max(2))
        .map(|(word, _)| word)
        .collect()
}

fn astray(case: &Case<'_>, holder: &Object<'_>, file: &str, routes: &[Route]) -> Vec<Candidate> {
    if routes.len() < 2 {
        return Vec::new();
    }
    let common = common_words(&case.estate, holder.namespace);
    let used: BTreeSet<&str> = routes.iter().map(|route| route.backend.as_str()).collect();
    let found = routes.iter().filter_map(|route| {
        let meant = meant(&case.estate, holder.namespace, route, &common, &used)?;
        misrouted(case, holder, file, route, &meant)
    });
    found.collect()
}

/// The Service that a route's name or path is about, where its backend is another and no route
/// leads to it.
fn meant<'a>(
    estate: &Estate<'a>,
    namespace: &str,
    route: &Route,
    common: &BTreeSet<String>,
    used: &BTreeSet<&str>,
) -> Option<Object<'a>> {
    let about = subject(&route.name, common);
    let segments: Vec<String> = route
        .path
        .split('/')
        .map(|segment| subject(segment, common))
        .collect();
    let is_of = |service: &Object<'_>| {
        let subject = subject(service.name, common);
        let plain = service.name.replace('-', "").to_ascii_lowercase();
        let in_path = segments.iter().any(|segment| {
            !segment.is_empty()
                && (*segment == subject
                    || plain.ends_with(segment.as_str()) && segment.starts_with(&subject))
        });
        !subject.is_empty() && (about == subject || in_path)
    };
    let services: Vec<Object<'a>> = estate
        .of_kind("Service")
        .filter(|one| one.namespace == namespace)
        .collect();
    if services
        .iter()
        .any(|one| one.name == route.backend && is_of(one))
    {
        return None;
    }
    services
        .into_iter()
        .find(|one| is_of(one) && !used.contains(one.name))
}

fn misrouted(
    case: &Case<'_>,
    holder: &Object<'_>,
    file: &str,
    route: &Route,
    meant: &Object<'_>,
) -> Option<Candidate> {
    let estate = &case.estate;
    let behind = estate.behind(meant).first().copied();
    let words = format!(
        "route {} for {} leads to {}; nothing leads to {}",
        route.name, route.path, route.backend, meant.name
    );
    let mut candidate = match behind {
        Some(at) => Candidate::at_workload("gateway_misroute", estate, at)?,
        None => Candidate::new("gateway_misroute", meant.reference())?,
    };
    candidate.object = meant.reference();
    let candidate = candidate
        .field(format!("{}: {file}", holder.reference()))
        .cuts(meant.name)
        .value("value", holder.name)
        .value("value_kind", holder.kind.to_ascii_lowercase())
        .seen(Proven, "object", holder.reference(), words);
    let prefix = route.path.trim_end_matches(['*', '/']);
    Some(match refused_path(case, prefix) {
        Some(sample) => candidate.seen(Said, "log", "logs", sample),
        None => candidate,
    })
}

/// A line or alert in which a request below a path is answered with 404.
fn refused_path(case: &Case<'_>, prefix: &str) -> Option<String> {
    let bundle = case.estate.bundle;
    let mut lines = bundle.logs.iter().flat_map(|log| &log.complaints);
    let line =
        lines.find(|one| one.condition == Condition::NotFound && one.target.starts_with(prefix));
    let alert = bundle
        .alerts
        .iter()
        .find(|alert| alert.path.starts_with(prefix) && alert.text.contains("404"));
    line.map(|one| one.sample.clone())
        .or_else(|| alert.map(|alert| alert.text.clone()))
}

/// Backends and Secrets of an Ingress that do not exist.
fn dangling(case: &Case<'_>, ingress: &Object<'_>) -> Option<Candidate> {
    let estate = &case.estate;
    let routes = ingress_routes(ingress);
    let default = text(ingress.doc, "/spec/defaultBackend/service/name");
    let mut backends = routes
        .iter()
        .map(|route| route.backend.as_str())
        .chain([default]);
    let knows = estate.knows("Service", ingress.namespace);
    let gone = backends.find(|name| {
        knows && !name.is_empty() && estate.find("Service", ingress.namespace, name).is_none()
    });
    let secret = items(ingress.doc, "/spec/tls")
        .map(|tls| text(tls, "/secretName"))
        .find(|name| {
            !name.is_empty()
                && estate.knows("Secret", ingress.namespace)
                && estate.find("Secret", ingress.namespace, name).is_none()
        });
    let portless = portless(estate, ingress);
    let (field, words) = match (gone, portless, secret) {
        (Some(name), ..) => (
            "spec.rules",
            format!("it names Service {name}, which does not exist"),
        ),
        (None, Some(words), _) => ("spec.rules[].http.paths[].backend.service.port", words),
        (None, None, Some(name)) => (
            "spec.tls",
            format!("it names Secret {name}, which does not exist"),
        ),
        (None, None, None) => return None,
    };
    Some(
        Candidate::new("ingress_backend_missing", ingress.reference())?
            .field(field)
            .value("value", ingress.name)
            .seen(Proven, "object", ingress.reference(), words)
            .seen(
                Fits,
                "object",
                ingress.reference(),
                "requests for it are turned away",
            ),
    )
}

/// A backend's port that its Service does not have.
fn portless(estate: &Estate<'_>, ingress: &Object<'_>) -> Option<String> {
    let paths = items(ingress.doc, "/spec/rules").flat_map(|rule| items(rule, "/http/paths"));
    let backends = paths.filter_map(|path| path.pointer("/backend/service"));
    let default = ingress.doc.pointer("/spec/defaultBackend/service");
    backends.chain(default).find_map(|backend| {
        let name = text(backend, "/name");
        let service = estate.find("Service", ingress.namespace, name)?;
        let ports: Vec<(Option<i64>, &str)> = items(service.doc, "/spec/ports")
            .map(|one| (number(one, "/port"), text(one, "/name")))
            .collect();
        let (by_number, by_name) = (number(backend, "/port/number"), text(backend, "/port/name"));
        let has = |(number, name): &(Option<i64>, &str)| match by_number {
            Some(_) => *number == by_number,
            None => *name == by_name,
        };
        let outside = text(service.doc, "/spec/type") == "ExternalName";
        if outside || ports.is_empty() || ports.iter().any(has) {
            return None;
        }
        let asked = by_number.map_or_else(|| by_name.to_owned(), |port| port.to_string());
        let offered: Vec<String> = ports
            .iter()
            .filter_map(|(number, _)| number.map(|port| port.to_string()))
            .collect();
        Some(format!(
            "it sends to port {asked} of Service {name}, which offers {}",
            offered.join(", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::{backend, routes};

    #[test]
    fn routes_are_read_out_of_configuration_files() {
        let file = "routes:\n  - id: basket\n    uri: lb://${BASKET_HOST:shop-basket}\n    predicates:\n      - Path=/api/basket/**\n";
        let found = routes(file);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (
                found[0].name.as_str(),
                found[0].backend.as_str(),
                found[0].path.as_str()
            ),
            ("basket", "shop-basket", "/api/basket/**")
        );
        let nginx = "location /cart/ {\n  proxy_pass http://cart.shop.svc:80/;\n}";
        assert_eq!(routes(nginx)[0].backend, "cart");
        assert_eq!(backend("http://a:1/x"), "a");
    }
}
