//! The three tests of every bundled scenario: unperturbed it meets its objectives, with
//! nobody acting it misses them, with its remedy it meets them again.

use aegis_scenario::trial::{Play, Score, Wanted, play, plays};
use aegis_scenario::{bundled, load};

/// Plays a bundled scenario with a seed, all its ways; one line per way that went wrong.
fn wrong(name: &str, seed: u64) -> Vec<String> {
    let bundled = bundled::find(name).expect("it is bundled");
    let loaded = load(bundled.path, bundled.text, &bundled::file).expect("it is right");
    let mut lines = Vec::new();
    for (way, wanted) in plays(&loaded) {
        let score = play(&loaded, seed, way).expect("it is founded");
        let right = score.is_met() == (wanted == Wanted::Met);
        let done = way != Play::Remedy || score.remedy == "Done";
        println!("{}", line(name, seed, &score));
        if !right || !done || !score.skipped.is_empty() {
            lines.push(line(name, seed, &score));
        }
    }
    lines
}

fn line(name: &str, seed: u64, score: &Score) -> String {
    let figures = score
        .failed
        .iter()
        .zip(&score.slow)
        .map(|(failed, slow)| format!("failed {failed:.4} slow {slow:.4}"));
    let figures: Vec<String> = figures.collect();
    format!(
        "{name} seed {seed} {:?}: {} {} {:?}",
        score.play,
        figures.join(" "),
        score.remedy,
        score.skipped
    )
}

macro_rules! stories {
    ($($test:ident = $name:literal;)*) => {$(
        #[test]
        fn $test() {
            let wrong: Vec<String> = SEEDS.into_iter().flat_map(|seed| wrong($name, seed)).collect();
            assert!(wrong.is_empty(), "{wrong:#?}");
        }
    )*};
}

/// Thirty seeds of everything: `cargo nextest run -p aegis-scenario --run-ignored only`.
#[test]
#[ignore = "the soak: half a minute"]
fn thirty_seeds_of_every_scenario() {
    let pairs = bundled::SCENARIOS
        .iter()
        .flat_map(|bundled| (1..=30).map(move |seed| (bundled.name(), seed)));
    let wrong: Vec<String> = pairs.flat_map(|(name, seed)| wrong(name, seed)).collect();
    assert!(wrong.is_empty(), "{} of 420: {wrong:#?}", wrong.len());
}

/// Two seeds here; the soak plays more.
const SEEDS: [u64; 2] = [1, 2];

stories! {
    online_boutique_oom = "online-boutique-oom";
    online_boutique_drain = "online-boutique-drain";
    online_boutique_burst = "online-boutique-burst";
    online_boutique_probe = "online-boutique-probe";
    online_boutique_netpol = "online-boutique-netpol";
    online_boutique_bad_image = "online-boutique-bad-image";
    online_boutique_control = "online-boutique-control";
    sock_shop_oom = "sock-shop-oom";
    sock_shop_drain = "sock-shop-drain";
    sock_shop_burst = "sock-shop-burst";
    sock_shop_probe = "sock-shop-probe";
    sock_shop_netpol = "sock-shop-netpol";
    sock_shop_wrong_selector = "sock-shop-wrong-selector";
    sock_shop_control = "sock-shop-control";
}
