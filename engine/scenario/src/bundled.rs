//! The scenarios and manifests that the binary carries.

use crate::format::Scenario;

/// A text that the binary carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bundled {
    /// Its path in the repository: what errors name, and what `include` is relative to.
    pub path: &'static str,
    /// The text.
    pub text: &'static str,
}

macro_rules! carry {
    ($($path:literal),* $(,)?) => {
        &[$(Bundled {
            path: $path,
            text: include_str!(concat!("../../../", $path)),
        }),*]
    };
}

/// Every bundled scenario, in the order in which they are listed.
pub const SCENARIOS: &[Bundled] = carry![
    "scenarios/smoke/online-boutique-oom.yaml",
    "scenarios/smoke/online-boutique-drain.yaml",
    "scenarios/smoke/online-boutique-burst.yaml",
    "scenarios/smoke/online-boutique-probe.yaml",
    "scenarios/smoke/online-boutique-netpol.yaml",
    "scenarios/smoke/online-boutique-bad-image.yaml",
    "scenarios/smoke/online-boutique-control.yaml",
    "scenarios/smoke/sock-shop-oom.yaml",
    "scenarios/smoke/sock-shop-drain.yaml",
    "scenarios/smoke/sock-shop-burst.yaml",
    "scenarios/smoke/sock-shop-probe.yaml",
    "scenarios/smoke/sock-shop-netpol.yaml",
    "scenarios/smoke/sock-shop-wrong-selector.yaml",
    "scenarios/smoke/sock-shop-control.yaml",
];

/// The manifests that they include.
pub const MANIFESTS: &[Bundled] = carry![
    "scenarios/manifests/online-boutique.yaml",
    "scenarios/manifests/sock-shop.yaml",
];

impl Bundled {
    /// The scenario's name: the file's, without folder and ending.
    #[must_use]
    pub fn name(&self) -> &'static str {
        let file = self.path.rsplit('/').next().unwrap_or(self.path);
        file.strip_suffix(".yaml").unwrap_or(file)
    }

    /// The suite: the folder's name.
    #[must_use]
    pub fn suite(&self) -> &'static str {
        self.path.rsplit('/').nth(1).unwrap_or_default()
    }
}

/// The bundled scenario of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Bundled> {
    SCENARIOS.iter().find(|bundled| bundled.name() == name)
}

/// The text of a bundled file by its path, as [`crate::load::Files`] wants it.
#[must_use]
pub fn file(path: &str) -> Option<String> {
    let all = SCENARIOS.iter().chain(MANIFESTS);
    all.clone()
        .find(|bundled| bundled.path == path)
        .map(|bundled| bundled.text.to_owned())
}

/// A line of `scenario list`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Name.
    pub name: String,
    /// Suite, application, difficulty and other labels.
    pub labels: Vec<(String, String)>,
    /// In a sentence.
    pub description: String,
}

impl Card {
    /// What a list shows of a scenario.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let labels = scenario.metadata.labels.iter();
        Self {
            name: scenario.metadata.name.clone(),
            labels: labels
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            description: scenario.spec.description.clone(),
        }
    }
}

/// A card for each bundled scenario.
#[must_use]
pub fn cards() -> Vec<Card> {
    SCENARIOS
        .iter()
        .filter_map(|bundled| crate::load::scenario_of(bundled.path, bundled.text).ok())
        .map(|scenario| Card::of(&scenario))
        .collect()
}
