//! Configuration files of nginx that ConfigMaps hold and containers mount: directives that nginx does not
//! have and that are a slip of one that it has, and braces that do not close. nginx ends at its start.

use super::Case;
use super::names::distance;
use crate::candidate::{
    Candidate,
    Weight::{Proven, Said},
};
use crate::doc::{items, text, texts};
use crate::estate::Estate;
use aegis_model::bundle::Origin;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    if estate.bundle.origin != Origin::Settled {
        return Vec::new();
    }
    let all = 0..estate.workloads.len();
    all.filter_map(|at| {
        let mut containers = items(estate.workloads[at].pod_spec, "/containers");
        containers.find_map(|container| refused(estate, at, container))
    })
    .collect()
}

/// Directives of nginx' core, HTTP, proxy, log, TLS, event, stream and rewrite modules.
/// Source: nginx.org/en/docs/dirindex.html.
const DIRECTIVES: &str = " absolute_redirect accept_mutex access_log add_header aio alias allow auth_basic \
    auth_basic_user_file auth_request autoindex break charset client_body_buffer_size client_body_temp_path \
    client_body_timeout client_header_buffer_size client_header_timeout client_max_body_size daemon deny \
    default_type env error_log error_page etag events expires fastcgi_index fastcgi_param fastcgi_pass geo gzip \
    gzip_comp_level gzip_min_length gzip_proxied gzip_types gzip_vary http http2 if include index internal \
    ip_hash keepalive keepalive_requests keepalive_timeout large_client_header_buffers least_conn limit_conn \
    limit_conn_zone limit_except limit_rate limit_req limit_req_zone listen load_module location log_format \
    log_not_found mail map master_process merge_slashes mime_types multi_accept open_file_cache pcre_jit pid \
    port_in_redirect proxy_buffer_size proxy_buffering proxy_buffers proxy_cache proxy_cache_path \
    proxy_cache_valid proxy_connect_timeout proxy_hide_header proxy_http_version proxy_next_upstream proxy_pass \
    proxy_pass_header proxy_read_timeout proxy_redirect proxy_send_timeout proxy_set_header proxy_ssl_server_name \
    proxy_ssl_verify proxy_temp_path real_ip_header resolver resolver_timeout return rewrite root satisfy \
    send_timeout sendfile server server_name server_name_in_redirect server_names_hash_bucket_size server_tokens set \
    set_real_ip_from split_clients ssl_certificate ssl_certificate_key ssl_ciphers ssl_prefer_server_ciphers \
    ssl_protocols ssl_session_cache ssl_session_timeout stream stub_status sub_filter tcp_nodelay tcp_nopush \
    try_files types types_hash_max_size underscores_in_headers upstream use user uwsgi_pass worker_connections \
    worker_processes worker_rlimit_nofile zone grpc_pass mirror hash scgi_pass ";

fn refused(estate: &Estate<'_>, at: usize, container: &Value) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let image = text(container, "/image");
    let is_nginx = image
        .rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with("nginx"));
    let mut mounts = items(container, "/volumeMounts")
        .filter(|mount| is_nginx && text(mount, "/mountPath").starts_with("/etc/nginx"));
    let (map, file, words) = mounts.find_map(|mount| {
        let volume = items(keeper.pod_spec, "/volumes")
            .find(|volume| text(volume, "/name") == text(mount, "/name"))?;
        let name = text(volume, "/configMap/name");
        let map = estate.find("ConfigMap", keeper.object.namespace, name)?;
        let wanted = text(mount, "/subPath");
        let mut files = texts(map.doc, "/data")
            .filter(|(file, _)| file.ends_with(".conf") && (wanted.is_empty() || *file == wanted));
        files.find_map(|(file, content)| Some((map, file.to_owned(), wrong(content)?)))
    })?;
    let mut found = Candidate::at_workload("misconfiguration", estate, at)?
        .field(format!("{}: data.{file}", map.reference()))
        .seen(Said, "object", map.reference(), words)
        .seen(
            Proven,
            "object",
            keeper.object.reference(),
            "nginx reads it at its start, and ends",
        );
    found.hurts.clear();
    Some(found)
}

/// What nginx says of a file.
fn wrong(content: &str) -> Option<String> {
    let plain: Vec<&str> = content
        .lines()
        .map(|line| line.split('#').next().unwrap_or(line).trim())
        .collect();
    let whole = plain.join("\n");
    let count = |brace: char| whole.matches(brace).count();
    if !whole.contains(['\'', '"']) && count('{') != count('}') {
        return Some("unexpected end of file, or \"}\": its braces do not close".to_owned());
    }
    let first = plain.iter().filter_map(|line| {
        let word = line.split([' ', '\t', ';', '{']).next()?;
        let named = word.len() > 4
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        (named && line.ends_with([';', '{'])).then_some(word)
    });
    let known = || DIRECTIVES.split_ascii_whitespace();
    let slip = |word: &&str| {
        !known().any(|one| one == *word)
            && known()
                .any(|one| one.len() > 4 && distance(one, word) <= 1 + usize::from(one.len() > 12))
    };
    let word = { first }.find(slip)?;
    Some(format!("[emerg] unknown directive \"{word}\""))
}

#[cfg(test)]
mod tests {
    use super::wrong;

    #[test]
    fn slips_of_directives_are_told() {
        for (text, is_wrong) in [
            ("worker_procesess auto;\nevents {}\n", true),
            ("events {}\nhttp { server { listen 80; } }\n", false),
            ("server {\n  lisen 80;\n}\n", true),
            ("server {\n  listen 80;\n", true),
            ("server {\n  more_set_headers x;\n}\n", false),
        ] {
            assert_eq!(wrong(text).is_some(), is_wrong, "{text}");
        }
    }
}
