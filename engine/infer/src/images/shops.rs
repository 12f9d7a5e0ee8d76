//! Shops that stand for a company's application: Online Boutique, Sock Shop, Robot Shop.

use super::{Application, Told, call, each, image, optional};
use crate::runtime::Runtime;

pub const APPLICATIONS: &[Application] = &[BOUTIQUE, SOCKS, ROBOTS];

/// Of 28 requests that 19 tasks of the load generator make, 3 are the home page, 13 product pages,
/// 6 carts, 3 additions to the cart, 1 an order, 2 changes of currency; calls per page from the handlers.
const BOUTIQUE: Application = Application {
    told: &[Told::ByPath(&["microservices-demo/"])],
    source: "GoogleCloudPlatform/microservices-demo: src/loadgenerator/locustfile.py, src/*/ handlers",
    images: &[
        image(
            "frontend",
            Runtime::Go,
            &[
                call("productcatalogservice", 4.6),
                call("currencyservice", 2.8),
                call("cartservice", 0.9),
                optional("recommendationservice", 0.7, 0.0),
                call("shippingservice", 0.2),
                call("checkoutservice", 0.04),
                optional("adservice", 0.6, 0.1),
                optional("shoppingassistantservice", 0.0, 0.0),
            ],
        ),
        image(
            "checkoutservice",
            Runtime::Go,
            &[
                call("productcatalogservice", 1.5),
                call("shippingservice", 2.0),
                call("paymentservice", 1.0),
                optional("emailservice", 1.0, 0.0),
                call("currencyservice", 2.5),
                call("cartservice", 2.0),
            ],
        ),
        image(
            "recommendationservice",
            Runtime::Python,
            &each(1.0, ["productcatalogservice"]),
        ),
        image("cartservice", Runtime::DotNet, &each(1.1, ["redis-cart"])),
        image("adservice", Runtime::Jvm, &[]),
        image("currencyservice", Runtime::Node, &[]),
        image("paymentservice", Runtime::Node, &[]),
        image("emailservice", Runtime::Python, &[]),
        image("productcatalogservice", Runtime::Go, &[]),
        image("shippingservice", Runtime::Go, &[]),
        image("shoppingassistantservice", Runtime::Python, &[]),
    ],
};

/// A round is home, login, category, catalogue, detail, delete and add to the cart, basket, order.
const SOCKS: Application = Application {
    told: &[Told::ByPath(&["weaveworksdemos/"])],
    source: "microservices-demo/{load-test,front-end/api,orders,shipping,queue-master}",
    images: &[
        image(
            "front-end",
            Runtime::Node,
            &[
                call("catalogue", 0.5),
                call("carts", 0.45),
                call("user", 0.45),
                call("orders", 0.11),
                call("session-db", 1.0),
            ],
        ),
        image(
            "orders",
            Runtime::Jvm,
            &[
                call("user", 3.0),
                call("carts", 1.0),
                call("payment", 1.0),
                call("shipping", 1.0),
                call("orders-db", 1.0),
            ],
        ),
        image("shipping", Runtime::Jvm, &each(1.0, ["rabbitmq"])),
        image("queue-master", Runtime::Jvm, &each(1.0, ["rabbitmq"])),
        image("carts", Runtime::Jvm, &each(1.5, ["carts-db"])),
        image("catalogue", Runtime::Go, &each(1.0, ["catalogue-db"])),
        image("user", Runtime::Go, &each(1.0, ["user-db"])),
        image("payment", Runtime::Go, &[]),
        image("catalogue-db", Runtime::MySql, &[]),
        image("user-db", Runtime::Mongo, &[]),
    ],
};

/// Of 18.6 requests that a login and a purchase make, 4 go to the catalogue, 4 to the cart, 4 to
/// shipping, 2.6 to the ratings, 2 to the user, 1 to the payment; what each asks of others is in its code.
const ROBOTS: Application = Application {
    told: &[Told::ByPath(&["rs-"])],
    source: "instana/robot-shop: load-gen/robot-shop.py, web/default.conf.template, */server.js, shipping, ratings, payment, dispatch",
    images: &[
        image(
            "web",
            Runtime::Proxy,
            &[
                call("catalogue", 0.22),
                call("cart", 0.22),
                call("shipping", 0.22),
                call("ratings", 0.14),
                call("user", 0.11),
                call("payment", 0.05),
            ],
        ),
        image("catalogue", Runtime::Node, &each(1.0, ["mongodb"])),
        image(
            "user",
            Runtime::Node,
            &[call("mongodb", 0.7), call("redis", 0.3)],
        ),
        image(
            "cart",
            Runtime::Node,
            &[call("redis", 1.5), call("catalogue", 0.33)],
        ),
        image(
            "shipping",
            Runtime::Jvm,
            &[call("mysql", 0.75), call("cart", 0.25)],
        ),
        image("ratings", Runtime::Php, &each(1.0, ["mysql", "catalogue"])),
        image(
            "payment",
            Runtime::Python,
            &each(1.0, ["user", "cart", "rabbitmq"]),
        ),
        image("dispatch", Runtime::Go, &each(1.0, ["rabbitmq"])),
        image("mongodb", Runtime::Mongo, &[]),
        image("mysql-db", Runtime::MySql, &[]),
    ],
};
