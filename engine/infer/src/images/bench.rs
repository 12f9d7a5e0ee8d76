//! Applications made for measuring: DeathStarBench's two and TeaStore.

use super::{Application, KnownCall, MISSES, RARELY, Told, call, each, image, optional};
use crate::runtime::Runtime;

pub const APPLICATIONS: &[Application] = &[HOTELS, FRIENDS, TEA];

/// Everybody finds everybody through it, once.
const CONSUL: KnownCall = optional("consul", RARELY, 0.0);

/// Of 1,000 requests 600 search, 390 ask for recommendations, 5 log in, 5 reserve. What lies in
/// one collection is read at the start and then held.
const HOTELS: Application = Application {
    told: &[Told::ByCommand(&["hotel-reservation", "hotelreservation"])],
    source: "delimitrou/DeathStarBench: hotelReservation/{services/*/server.go,config.json,wrk2/scripts/hotel-reservation}",
    images: &[
        image(
            "frontend",
            Runtime::Go,
            &[
                call("search", 0.6),
                call("profile", 0.99),
                call("reservation", 0.605),
                call("recommendation", 0.39),
                call("user", 0.01),
                call("review", RARELY),
                call("attractions", RARELY),
                CONSUL,
            ],
        ),
        image(
            "search",
            Runtime::Go,
            &[call("geo", 1.0), call("rate", 1.0), CONSUL],
        ),
        image("geo", Runtime::Go, &[call("mongodb-geo", RARELY), CONSUL]),
        image(
            "rate",
            Runtime::Go,
            &cached("memcached-rate", "mongodb-rate"),
        ),
        image(
            "profile",
            Runtime::Go,
            &cached("memcached-profile", "mongodb-profile"),
        ),
        image(
            "reservation",
            Runtime::Go,
            &cached("memcached-reserve", "mongodb-reservation"),
        ),
        image(
            "review",
            Runtime::Go,
            &cached("memcached-review", "mongodb-review"),
        ),
        image(
            "recommendation",
            Runtime::Go,
            &[call("mongodb-recommendation", RARELY), CONSUL],
        ),
        image("user", Runtime::Go, &[call("mongodb-user", RARELY), CONSUL]),
        image(
            "attractions",
            Runtime::Go,
            &[call("mongodb-attractions", RARELY), CONSUL],
        ),
    ],
};

/// A store behind a cache.
const fn cached(cache: &'static str, store: &'static str) -> [KnownCall; 3] {
    [call(cache, 1.0), call(store, MISSES), CONSUL]
}

/// Of 10 requests 6 read a home time line, 3 a user's, 1 composes a post, which is stored and
/// written to both time lines. Nobody in the load logs in, registers or follows.
const FRIENDS: Application = Application {
    told: &[
        Told::ByCommand(&["social-network-microservices", "social-network"]),
        Told::ByPath(&["yg397/", "deathstarbench/"]),
    ],
    source: "delimitrou/DeathStarBench: socialNetwork/{src/*/*Handler.h,nginx-web-server,media-frontend,wrk2/scripts/social-network/mixed-workload.lua}",
    images: &[
        image(
            "ComposePostService",
            Runtime::Unknown,
            &each(
                1.0,
                [
                    "text-service",
                    "user-service",
                    "media-service",
                    "unique-id-service",
                    "post-storage-service",
                    "user-timeline-service",
                    "home-timeline-service",
                ],
            ),
        ),
        image(
            "HomeTimelineService",
            Runtime::Unknown,
            &[
                call("home-timeline-redis", 1.0),
                call("post-storage-service", 0.86),
                call("social-graph-service", 0.14),
            ],
        ),
        image(
            "UserTimelineService",
            Runtime::Unknown,
            &[
                call("user-timeline-redis", 1.0),
                call("user-timeline-mongodb", 0.25 + MISSES),
                call("post-storage-service", 0.75),
            ],
        ),
        image(
            "PostStorageService",
            Runtime::Unknown,
            &[
                call("post-storage-memcached", 1.0),
                call("post-storage-mongodb", 0.1 + MISSES),
            ],
        ),
        image(
            "SocialGraphService",
            Runtime::Unknown,
            &[
                call("social-graph-redis", 1.0),
                call("social-graph-mongodb", MISSES),
                call("user-service", RARELY),
            ],
        ),
        image(
            "UserService",
            Runtime::Unknown,
            &[
                call("user-memcached", RARELY),
                call("user-mongodb", RARELY),
                call("social-graph-service", RARELY),
            ],
        ),
        image(
            "TextService",
            Runtime::Unknown,
            &each(1.0, ["url-shorten-service", "user-mention-service"]),
        ),
        image(
            "UrlShortenService",
            Runtime::Unknown,
            &[
                call("url-shorten-mongodb", 1.0),
                call("url-shorten-memcached", RARELY),
            ],
        ),
        image(
            "UserMentionService",
            Runtime::Unknown,
            &[call("user-memcached", 1.0), call("user-mongodb", MISSES)],
        ),
        image(
            "openresty-thrift",
            Runtime::Proxy,
            &[
                call("home-timeline-service", 0.6),
                call("user-timeline-service", 0.3),
                call("compose-post-service", 0.1),
                call("user-service", RARELY),
                call("social-graph-service", RARELY),
            ],
        ),
        image(
            "media-frontend",
            Runtime::Proxy,
            &[call("media-memcached", 1.0), call("media-mongodb", MISSES)],
        ),
        image("MediaService", Runtime::Unknown, &[]),
        image("UniqueIdService", Runtime::Unknown, &[]),
    ],
};

/// A page asks whether one is logged in, for the categories and what it lists, and for pictures; a
/// product's page and the cart ask for recommendations. Pictures and the recommender's model are
/// made from the products at the start. All register, and tell every few seconds that they live.
const TEA: Application = Application {
    told: &[Told::ByPath(&["teastore-"])],
    source: "DescartesResearch/TeaStore: services/*/src/main/java/**/{servlet,rest}, utilities/tools.descartes.teastore.registryclient",
    images: &[
        image(
            "webui",
            Runtime::Jvm,
            &[
                call("teastore-auth", 1.0),
                call("teastore-persistence", 2.0),
                call("teastore-image", 2.0),
                optional("teastore-recommender", 0.3, 0.0),
                REGISTRY,
            ],
        ),
        image(
            "auth",
            Runtime::Jvm,
            &[call("teastore-persistence", 0.2), REGISTRY],
        ),
        image(
            "image",
            Runtime::Jvm,
            &[optional("teastore-persistence", RARELY, 0.0), REGISTRY],
        ),
        image(
            "recommender",
            Runtime::Jvm,
            &[optional("teastore-persistence", RARELY, 0.0), REGISTRY],
        ),
        image(
            "persistence",
            Runtime::Jvm,
            &[call("teastore-db", 1.0), REGISTRY],
        ),
        image("registry", Runtime::Jvm, &[]),
        image("db", Runtime::MySql, &[]),
    ],
};

const REGISTRY: KnownCall = optional("teastore-registry", RARELY, 0.0);
