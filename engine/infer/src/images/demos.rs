//! Small applications that documentation deploys: Bookinfo, the voting app, the guestbook, Petclinic.

use super::{Application, KnownCall, RARELY, Told, call, each, image, optional};
use crate::runtime::Runtime;
use aegis_model::behaviour::Need;

pub const APPLICATIONS: &[Application] = &[BOOKS, VOTES, GUESTS, PETS];

/// A page shows the details and the reviews; it comes without what cannot be had. The first
/// version of the reviews shows no stars, the others colour them and wait less for them.
const BOOKS: Application = Application {
    told: &[Told::ByPath(&["examples-bookinfo-"])],
    source: "istio/istio: samples/bookinfo/src/{productpage/productpage.py,reviews,ratings/ratings.js}",
    images: &[
        image(
            "productpage-v1",
            Runtime::Python,
            &[optional("details", 1.0, 3.0), optional("reviews", 1.0, 3.0)],
        ),
        image("details-v1", Runtime::Ruby, &[]),
        image("details-v2", Runtime::Ruby, &[]),
        image("reviews-v1", Runtime::Jvm, &[]),
        image(
            "reviews-v2",
            Runtime::Jvm,
            &[optional("ratings", 1.0, 10.0)],
        ),
        image("reviews-v3", Runtime::Jvm, &[optional("ratings", 1.0, 2.5)]),
        image("ratings-v1", Runtime::Node, &[]),
        image(
            "ratings-v2",
            Runtime::Node,
            &each(1.0, ["mongodb", "mysqldb"]),
        ),
        image("mongodb", Runtime::Mongo, &[]),
        image("mysqldb", Runtime::MySql, &[]),
    ],
};

/// A vote is a page and a post; the post writes to the queue. The result page asks its database
/// once a second for all that look on; the worker carries each vote from one to the other.
const VOTES: Application = Application {
    told: &[Told::ByPath(&["examplevotingapp_", "votingapp_"])],
    source: "dockersamples/example-voting-app: vote/app.py, result/server.js, worker/Program.cs",
    images: &[
        image(
            "vote",
            Runtime::Python,
            &[KnownCall {
                service: "redis",
                ratio: 0.5,
                need: Need::Required,
                timeout: 5.0,
            }],
        ),
        image("result", Runtime::Node, &each(1.0, ["db"])),
        image("worker", Runtime::DotNet, &each(1.0, ["redis", "db"])),
    ],
};

/// A visit is the page, its scripts and one read; one in three leaves an entry. The stores have
/// had several names.
const GUESTS: Application = Application {
    told: &[Told::ByPath(&["gb-"])],
    source: "kubernetes/examples: guestbook/php-redis/{guestbook.php,controllers.js}",
    images: &[
        image(
            "frontend",
            Runtime::Php,
            &[
                call("redis-replica", 0.3),
                call("redis-slave", 0.3),
                call("redis-follower", 0.3),
                call("redis-master", 0.1),
                call("redis-leader", 0.1),
            ],
        ),
        image("redisslave", Runtime::Redis, &[]),
        image("redis-follower", Runtime::Redis, &[]),
    ],
};

/// The gateway serves the page and passes each request on to one service; an owner's page asks for
/// visits too and comes without them. Who starts reads the configuration and registers.
const PETS: Application = Application {
    told: &[Told::ByPath(&[
        "spring-petclinic-cloud-",
        "spring-petclinic-",
    ])],
    source: "spring-petclinic/spring-petclinic-{microservices,cloud}: api-gateway/{ApiGatewayController.java,application.yml}, genai",
    images: &[
        image(
            "api-gateway",
            Runtime::Jvm,
            &[
                call("customers-service", 0.5),
                optional("visits-service", 0.3, 10.0),
                call("vets-service", 0.2),
                optional("genai-service", RARELY, 10.0),
                optional("discovery-server", RARELY, 0.0),
                optional("config-server", RARELY, 0.0),
            ],
        ),
        image(
            "customers-service",
            Runtime::Jvm,
            &store("customers-db-mysql"),
        ),
        image("vets-service", Runtime::Jvm, &store("vets-db-mysql")),
        image("visits-service", Runtime::Jvm, &store("visits-db-mysql")),
        image(
            "genai-service",
            Runtime::Jvm,
            &[
                call("customers-service", 1.0),
                call("vets-service", 1.0),
                optional("discovery-server", RARELY, 0.0),
                optional("config-server", RARELY, 0.0),
            ],
        ),
        image("admin-server", Runtime::Jvm, &REGISTERED),
        image(
            "discovery-server",
            Runtime::Jvm,
            &[optional("config-server", RARELY, 0.0)],
        ),
        image("config-server", Runtime::Jvm, &[]),
    ],
};

const REGISTERED: [KnownCall; 2] = [
    optional("discovery-server", RARELY, 0.0),
    optional("config-server", RARELY, 0.0),
];

/// A service with its own database.
const fn store(database: &'static str) -> [KnownCall; 3] {
    [call(database, 1.0), REGISTERED[0], REGISTERED[1]]
}
