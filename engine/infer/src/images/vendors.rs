//! Applications by which vendors show their clouds: what their manifests do not tell.

use super::{Application, KnownCall, Told, each, image, optional};
use crate::runtime::Runtime;

pub const APPLICATIONS: &[Application] = &[BANK, RETAIL, TELEMETRY, DASHBOARD];

/// Its Services stand in one list that several of them read; the addresses of stores are settings.
const BANK: Application = Application {
    told: &[Told::ByPath(&[
        "bank-of-anthos/",
        "bank-of-anthos-ci/",
        "bank-of-splunk/",
    ])],
    source: "GoogleCloudPlatform/bank-of-anthos: README.md, src/ledger/ledgerwriter, src/frontend/frontend.py",
    images: &[
        image("frontend", Runtime::Python, &[]),
        image("contacts", Runtime::Python, &each(1.0, ["accounts-db"])),
        image("userservice", Runtime::Python, &each(1.0, ["accounts-db"])),
        image(
            "ledgerwriter",
            Runtime::Jvm,
            &each(1.0, ["balancereader", "ledger-db"]),
        ),
        image("balancereader", Runtime::Jvm, &each(1.0, ["ledger-db"])),
        image(
            "transactionhistory",
            Runtime::Jvm,
            &each(1.0, ["ledger-db"]),
        ),
        image("ledger-db", Runtime::Postgres, &[]),
        image("accounts-db", Runtime::Postgres, &[]),
    ],
};

/// The page shows the catalogue and the cart on most pages, a purchase asks the checkout.
const RETAIL: Application = Application {
    told: &[Told::ByPath(&["retail-store-sample-"])],
    source: "aws-containers/retail-store-sample-app: README.md, src/ui/src/main/resources/application.yml",
    images: &[
        image(
            "ui",
            Runtime::Jvm,
            &each(1.0, ["catalog", "carts", "checkout", "orders"]),
        ),
        image("catalog", Runtime::Go, &[]),
        image("cart", Runtime::Jvm, &[]),
        image("orders", Runtime::Jvm, &[]),
        image("checkout", Runtime::Node, &each(1.0, ["orders"])),
    ],
};

/// One repository, a tag for each service. Its variables name who is called; without its flags a
/// service goes on with defaults.
const TELEMETRY: Application = Application {
    told: &[Told::ByTag(&["open-telemetry/demo", "otel/demo"])],
    source: "open-telemetry/opentelemetry-demo: src/*/, docs on its architecture",
    images: &[
        image("accountingservice", Runtime::Go, &[]),
        image("accounting", Runtime::DotNet, &[]),
        image("adservice", Runtime::Jvm, &FLAGS),
        image("ad", Runtime::Jvm, &FLAGS),
        image("cartservice", Runtime::DotNet, &FLAGS),
        image("cart", Runtime::DotNet, &FLAGS),
        image("checkoutservice", Runtime::Go, &FLAGS),
        image("checkout", Runtime::Go, &FLAGS),
        image("currencyservice", Runtime::Unknown, &[]),
        image("currency", Runtime::Unknown, &[]),
        image("emailservice", Runtime::Ruby, &[]),
        image("email", Runtime::Ruby, &FLAGS),
        image("frauddetectionservice", Runtime::Jvm, &FLAGS),
        image("fraud-detection", Runtime::Jvm, &FLAGS),
        image("frontend", Runtime::Node, &FRONTEND),
        image("frontendproxy", Runtime::Proxy, &[]),
        image("frontend-proxy", Runtime::Proxy, &[]),
        image("image-provider", Runtime::Proxy, &[]),
        image("imageprovider", Runtime::Proxy, &[]),
        image("kafka", Runtime::Kafka, &[]),
        image("paymentservice", Runtime::Node, &FLAGS),
        image("payment", Runtime::Node, &FLAGS),
        image("productcatalogservice", Runtime::Go, &FLAGS),
        image("product-catalog", Runtime::Go, &FLAGS),
        image("quoteservice", Runtime::Php, &[]),
        image("quote", Runtime::Php, &[]),
        image("recommendationservice", Runtime::Python, &FLAGS),
        image("recommendation", Runtime::Python, &FLAGS),
        image("shippingservice", Runtime::Unknown, &[]),
        image("shipping", Runtime::Unknown, &[]),
    ],
};

const FLAGS: [KnownCall; 1] = [optional("flagd", 1.0, 0.0)];

/// Under both names that the services have had.
const FRONTEND: [KnownCall; 4] = [
    optional("adservice", 0.5, 0.0),
    optional("ad", 0.5, 0.0),
    optional("recommendationservice", 0.5, 0.0),
    optional("recommendation", 0.5, 0.0),
];

const DASHBOARD: Application = Application {
    told: &[Told::ByPath(&["kubernetesui/"])],
    source: "kubernetes/dashboard: aio/deploy/recommended.yaml, --sidecar-host",
    images: &[
        image(
            "dashboard",
            Runtime::Go,
            &[optional("dashboard-metrics-scraper", 0.1, 0.0)],
        ),
        image("metrics-scraper", Runtime::Go, &[]),
    ],
};
