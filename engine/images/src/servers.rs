//! Servers that are no databases. Sources: the images' pages on Docker Hub and their Dockerfiles
//! (`EXPOSE`, `USER`, `CMD`), and the servers' own documentation of what they need.

use super::{Entry, Http, Known, User, row};

/// The rows.
pub const ROWS: &[Known] = &[
    row(&["nginx"])
        .ports(&[80])
        .http(Http::Only(&["/", "/index.html", "/50x.html"]))
        .user(User::Root)
        .writes(&["/var/cache/nginx", "/var/run"]),
    row(&[
        "nginxinc/nginx-unprivileged",
        "ghcr.io/nginxinc/nginx-unprivileged",
    ])
    .ports(&[8080])
    .http(Http::Only(&["/", "/index.html", "/50x.html"]))
    .user(User::Number)
    .writes(&["/tmp"]),
    row(&["httpd"])
        .ports(&[80])
        .http(Http::Only(&["/", "/index.html"]))
        .user(User::Root)
        .writes(&["/usr/local/apache2/logs"]),
    // Since 8.5.41 and 9.0.31 the applications that came with it stand in webapps.dist.
    row(&["tomcat"])
        .ports(&[8080])
        .http(Http::Only(&[]))
        .user(User::Root),
    row(&["jenkins/jenkins"])
        .ports(&[8080, 50000])
        .http(Http::Refuses(&["/"]))
        .user(User::Named("jenkins"))
        .starves_at(200),
    row(&["caddy"]).ports(&[80, 443]).user(User::Root),
    row(&["haproxy"])
        .entry(Entry::Wants("/usr/local/etc/haproxy"))
        .user(User::Unknown),
    row(&["traefik"]).user(User::Root),
    row(&["php"])
        .tagged(&["apache"])
        .ports(&[80])
        .user(User::Root),
    row(&["php"])
        .tagged(&["fpm"])
        .ports(&[9000])
        .http(Http::Never)
        .user(User::Root),
    row(&["wordpress", "nextcloud", "matomo", "drupal", "joomla"])
        .tagged(&["fpm"])
        .ports(&[9000])
        .http(Http::Never)
        .user(User::Root),
    row(&[
        "wordpress",
        "nextcloud",
        "matomo",
        "drupal",
        "joomla",
        "mediawiki",
    ])
    .ports(&[80])
    .user(User::Root),
    row(&["phpmyadmin", "phpmyadmin/phpmyadmin"])
        .ports(&[80])
        .user(User::Root),
    row(&["adminer"])
        .ports(&[8080])
        .user(User::Named("adminer")),
    row(&["dpage/pgadmin4"]).ports(&[80, 443]).needs(&[
        &["PGADMIN_DEFAULT_EMAIL"],
        &["PGADMIN_DEFAULT_PASSWORD", "PGADMIN_DEFAULT_PASSWORD_FILE"],
    ]),
    row(&["ghost"]).ports(&[2368]).user(User::Root),
    row(&["redmine"]).ports(&[3000]).user(User::Root),
    row(&["odoo"]).ports(&[8069, 8071, 8072]),
    row(&["mongo-express"]).ports(&[8081]).user(User::Root),
    row(&["registry"]).ports(&[5000]).user(User::Root),
    row(&[
        "grafana/grafana",
        "grafana/grafana-oss",
        "grafana/grafana-enterprise",
    ])
    .ports(&[3000])
    .user(User::Number),
    row(&["prom/prometheus", "quay.io/prometheus/prometheus"])
        .ports(&[9090])
        .user(User::Named("nobody")),
    row(&["prom/alertmanager", "quay.io/prometheus/alertmanager"])
        .ports(&[9093, 9094])
        .user(User::Named("nobody")),
    row(&["prom/node-exporter", "quay.io/prometheus/node-exporter"])
        .ports(&[9100])
        .user(User::Named("nobody")),
    row(&["prom/pushgateway"])
        .ports(&[9091])
        .user(User::Named("nobody")),
    row(&["kibana", "docker.elastic.co/kibana/kibana"]).ports(&[5601]),
    row(&["sonarqube"]).ports(&[9000]).starves_at(1000),
    row(&["sonatype/nexus3"]).ports(&[8081]).starves_at(1000),
    row(&["gitlab/gitlab-ce", "gitlab/gitlab-ee"])
        .ports(&[80, 443, 22])
        .starves_at(2000),
    row(&["gitea/gitea"]).ports(&[3000, 22]),
    row(&["portainer/portainer-ce"]).ports(&[9000, 9443, 8000]),
    row(&["metabase/metabase"]).ports(&[3000]).starves_at(300),
    row(&["n8nio/n8n"]).ports(&[5678]),
    row(&["openzipkin/zipkin"]).ports(&[9411]),
    row(&["quay.io/keycloak/keycloak"])
        .entry(Entry::Ends(
            "without `start` or `start-dev` it prints its usage",
        ))
        .ports(&[8080, 8443, 9000]),
    row(&["minio/minio", "quay.io/minio/minio"])
        .entry(Entry::Ends(
            "without `server` and a folder it prints its usage",
        ))
        .ports(&[9000]),
    row(&["bitnami/nginx"])
        .ports(&[8080, 8443])
        .user(User::Number),
    row(&["bitnami/apache", "bitnami/wordpress"])
        .ports(&[8080, 8443])
        .user(User::Number),
    row(&["bitnami/tomcat"]).ports(&[8080]).user(User::Number),
    // Small servers of demonstrations.
    row(&["hashicorp/http-echo"]).ports(&[5678]),
    row(&[
        "traefik/whoami",
        "containous/whoami",
        "kennethreitz/httpbin",
        "ealen/echo-server",
    ])
    .ports(&[80]),
    row(&[
        "nginxdemos/hello",
        "tutum/hello-world",
        "strm/helloworld-http",
        "docker/getting-started",
    ])
    .ports(&[80]),
    row(&["crccheck/hello-world"]).ports(&[8000]),
    row(&[
        "mccutchen/go-httpbin",
        "jmalloc/echo-server",
        "paulbouwer/hello-kubernetes",
    ])
    .ports(&[8080]),
    row(&[
        "nginxdemos/nginx-hello",
        "argoproj/rollouts-demo",
        "kicbase/echo-server",
    ])
    .ports(&[8080]),
    row(&["mendhak/http-https-echo"]).ports(&[8080, 8443]),
    row(&[
        "gcr.io/google-samples/hello-app",
        "us-docker.pkg.dev/google-samples/containers/gke/hello-app",
        "gcr.io/google-samples/kubernetes-bootcamp",
        "gcr.io/google_containers/echoserver",
        "k8s.gcr.io/echoserver",
        "registry.k8s.io/echoserver",
    ])
    .ports(&[8080]),
    row(&["k8s.gcr.io/hpa-example", "registry.k8s.io/hpa-example"]).ports(&[80]),
    row(&["stefanprodan/podinfo", "ghcr.io/stefanprodan/podinfo"])
        .ports(&[9898, 9797])
        .http(Http::Only(&[
            "/",
            "/api/*",
            "/cache/*",
            "/chunked/*",
            "/configs",
            "/delay/*",
            "/echo",
            "/env",
            "/headers",
            "/healthz",
            "/metrics",
            "/panic",
            "/readyz",
            "/readyz/*",
            "/status/*",
            "/store",
            "/store/*",
            "/swagger.json",
            "/swagger/*",
            "/token",
            "/token/*",
            "/version",
        ])),
];
