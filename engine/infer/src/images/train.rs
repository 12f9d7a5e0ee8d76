//! Train Ticket, forty services that find each other by name.

use super::{Application, Image, KnownCall, Told, call, each, image, optional};
use crate::runtime::Runtime;

pub const APPLICATIONS: &[Application] = &[TICKETS];

/// As of 1.0, with the names that earlier releases had: a call is made where its Service is there.
/// A search asks once for all trips, a purchase asks each of its services once. The gateway passes
/// a request on to one service, the searches and orders before the others.
const TICKETS: Application = Application {
    told: &[Told::ByPath(&["ts-"])],
    source: "FudanSELab/train-ticket: ts-*-service/src/main/java/**/*ServiceImpl.java, ts-gateway-service/src/main/resources/application.yml",
    images: &[
        image(
            "ui-dashboard",
            Runtime::Proxy,
            &each(1.0, ["ts-gateway-service"]),
        ),
        image("gateway-service", Runtime::Jvm, &GATEWAY),
        calls("auth-service", &each(1.0, ["ts-verification-code-service"])),
        calls("user-service", &each(1.0, ["ts-auth-service"])),
        calls("order-service", &each(1.0, ["ts-station-service"])),
        calls("order-other-service", &each(1.0, ["ts-station-service"])),
        calls("security-service", &ORDERS),
        calls("execute-service", &ORDERS),
        calls("admin-order-service", &ORDERS),
        calls("consign-service", &each(1.0, ["ts-consign-price-service"])),
        calls("admin-user-service", &each(1.0, ["ts-user-service"])),
        calls("wait-order-service", &each(1.0, ["ts-preserve-service"])),
        calls(
            "food-delivery-service",
            &each(1.0, ["ts-station-food-service"]),
        ),
        calls("delivery-service", &each(1.0, ["rabbitmq"])),
        calls("notification-service", &each(1.0, ["rabbitmq"])),
        calls("ticketinfo-service", &each(1.0, ["ts-basic-service"])),
        calls(
            "basic-service",
            &each(
                1.0,
                [
                    "ts-station-service",
                    "ts-train-service",
                    "ts-route-service",
                    "ts-price-service",
                ],
            ),
        ),
        calls(
            "seat-service",
            &[
                call("ts-order-service", EITHER),
                call("ts-order-other-service", EITHER),
                call("ts-config-service", 1.0),
            ],
        ),
        calls(
            "travel-service",
            &each(
                1.0,
                [
                    "ts-ticketinfo-service",
                    "ts-basic-service",
                    "ts-train-service",
                    "ts-route-service",
                    "ts-seat-service",
                    "ts-order-service",
                ],
            ),
        ),
        calls(
            "travel2-service",
            &each(
                1.0,
                [
                    "ts-ticketinfo-service",
                    "ts-basic-service",
                    "ts-train-service",
                    "ts-route-service",
                    "ts-seat-service",
                    "ts-order-other-service",
                ],
            ),
        ),
        calls(
            "route-plan-service",
            &each(
                1.0,
                [
                    "ts-route-service",
                    "ts-travel-service",
                    "ts-travel2-service",
                ],
            ),
        ),
        calls(
            "travel-plan-service",
            &each(
                1.0,
                [
                    "ts-route-plan-service",
                    "ts-travel-service",
                    "ts-travel2-service",
                    "ts-train-service",
                    "ts-seat-service",
                ],
            ),
        ),
        calls("preserve-service", &PRESERVE),
        calls("preserve-other-service", &PRESERVE_OTHER),
        calls(
            "rebook-service",
            &[
                call("ts-order-service", EITHER),
                call("ts-order-other-service", EITHER),
                call("ts-travel-service", EITHER),
                call("ts-travel2-service", EITHER),
                call("ts-train-service", 1.0),
                call("ts-route-service", 1.0),
                call("ts-seat-service", 1.0),
                call("ts-inside-payment-service", 1.0),
            ],
        ),
        calls(
            "cancel-service",
            &[
                call("ts-order-service", 1.0),
                call("ts-order-other-service", EITHER),
                call("ts-inside-payment-service", 1.0),
                call("ts-user-service", EITHER),
            ],
        ),
        calls(
            "inside-payment-service",
            &[
                call("ts-order-service", EITHER),
                call("ts-order-other-service", EITHER),
                call("ts-payment-service", 1.0),
            ],
        ),
        calls("food-service", &FOOD),
        calls(
            "admin-basic-info-service",
            &each(
                0.2,
                [
                    "ts-station-service",
                    "ts-train-service",
                    "ts-config-service",
                    "ts-price-service",
                    "ts-contacts-service",
                ],
            ),
        ),
        calls(
            "admin-route-service",
            &each(0.5, ["ts-route-service", "ts-station-service"]),
        ),
        calls(
            "admin-travel-service",
            &each(
                0.5,
                [
                    "ts-travel-service",
                    "ts-travel2-service",
                    "ts-station-service",
                    "ts-train-service",
                    "ts-route-service",
                ],
            ),
        ),
        calls("assurance-service", &[]),
        calls("config-service", &[]),
        calls("consign-price-service", &[]),
        calls("contacts-service", &[]),
        calls("payment-service", &[]),
        calls("price-service", &[]),
        calls("route-service", &[]),
        calls("station-service", &[]),
        calls("station-food-service", &[]),
        calls("train-service", &[]),
        calls("train-food-service", &[]),
        calls("food-map-service", &[]),
        calls("verification-code-service", &[]),
        image("avatar-service", Runtime::Python, &[]),
        image("news-service", Runtime::Go, &[]),
        image("ticket-office-service", Runtime::Node, &[]),
        image("voucher-service", Runtime::Python, &ORDERS),
    ],
};

/// Nearly all services are of the JVM.
const fn calls(name: &'static str, calls: &'static [KnownCall]) -> Image {
    image(name, Runtime::Jvm, calls)
}

/// There are two kinds of trains with their orders; a request is about one of them.
const EITHER: f64 = 0.5;

const ORDERS: [KnownCall; 2] = each(EITHER, ["ts-order-service", "ts-order-other-service"]);

/// The steps of a purchase; food, luggage and insurance are bought with some tickets only.
const PRESERVE: [KnownCall; 13] = purchase(["ts-travel-service", "ts-order-service"]);
const PRESERVE_OTHER: [KnownCall; 13] = purchase(["ts-travel2-service", "ts-order-other-service"]);

const fn purchase(own: [&'static str; 2]) -> [KnownCall; 13] {
    let [first, second] = each(1.0, own);
    let [security, contacts, info, basic, station, seat, user] = each(
        1.0,
        [
            "ts-security-service",
            "ts-contacts-service",
            "ts-ticketinfo-service",
            "ts-basic-service",
            "ts-station-service",
            "ts-seat-service",
            "ts-user-service",
        ],
    );
    [
        security,
        contacts,
        first,
        info,
        basic,
        station,
        seat,
        second,
        user,
        optional("ts-assurance-service", 0.5, 0.0),
        optional("ts-food-service", 0.5, 0.0),
        optional("ts-consign-service", 0.5, 0.0),
        optional("rabbitmq", 1.0, 0.0),
    ]
}

const FOOD: [KnownCall; 5] = {
    let [travel, train, station, map] = each(
        1.0,
        [
            "ts-travel-service",
            "ts-train-food-service",
            "ts-station-food-service",
            "ts-food-map-service",
        ],
    );
    [travel, train, station, map, optional("rabbitmq", 0.5, 0.0)]
};

/// Which service a request is for is not told: each gets its share.
const GATEWAY: [KnownCall; 36] = each(
    1.0 / 36.0,
    [
        "ts-admin-basic-info-service",
        "ts-admin-order-service",
        "ts-admin-route-service",
        "ts-admin-travel-service",
        "ts-admin-user-service",
        "ts-assurance-service",
        "ts-auth-service",
        "ts-avatar-service",
        "ts-basic-service",
        "ts-cancel-service",
        "ts-config-service",
        "ts-consign-price-service",
        "ts-consign-service",
        "ts-contacts-service",
        "ts-execute-service",
        "ts-food-service",
        "ts-inside-payment-service",
        "ts-notification-service",
        "ts-order-other-service",
        "ts-order-service",
        "ts-payment-service",
        "ts-preserve-other-service",
        "ts-preserve-service",
        "ts-price-service",
        "ts-rebook-service",
        "ts-route-plan-service",
        "ts-route-service",
        "ts-security-service",
        "ts-station-service",
        "ts-train-service",
        "ts-travel-plan-service",
        "ts-travel-service",
        "ts-travel2-service",
        "ts-user-service",
        "ts-verification-code-service",
        "ts-wait-order-service",
    ],
);
