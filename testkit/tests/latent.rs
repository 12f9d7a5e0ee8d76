//! Changes that hurt minutes after they were made, when every twin starts after them: they are found all the same, and
//! taken back. Sock Shop's own probes wait for three and five minutes.

use aegis_model::{Ending, Mode};
use aegis_report::{Story, measure};
use aegis_testkit::judge::facts_of;
use aegis_testkit::play::{play, read};

fn shop(fault: &str, target: &str) -> String {
    format!(
        "
apiVersion: aegis.dev/v1
kind: Scenario
metadata: {{name: latent}}
spec:
  seed: 3
  duration: 26m
  include: [../manifests/sock-shop.yaml]
  cluster: {{nodes: [{{count: 3, cpu: \"2\", memory: 4Gi, zones: [a, b, c]}}]}}
  traffic: [{{to: front-end, rps: {{constant: 40}}}}]
  objectives:
    - {{service: front-end, availability: 99%, latency: {{p99: 1s}}, window: 10m}}
  chaos:
    - {{at: 90s, actor: \"user:platform\", patch: {{object: deployment/sock-shop/orders, merge: {{metadata: {{labels: {{team: orders}}}}}}}}}}
    - {{at: 4m, fault: {fault}, target: {target}}}
"
    )
}

/// A CronJob whose Jobs come every minute.
const MINUTELY: &str = "
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: minutely, namespace: sock-shop}
spec:
  schedule: \"* * * * *\"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - {name: tally, image: busybox:1.36, command: [sh, -c, sleep 20]}
";

#[test]
fn a_change_that_hurts_minutes_later_is_found_and_taken_back() {
    // The Jobs come while the incident lasts, to twins that were calibrated before.
    for (fault, target, beside) in [
        ("env_var_wrong", "deployment/sock-shop/user", MINUTELY),
        (
            "liveness_probe_wrong_port",
            "deployment/sock-shop/catalogue",
            "",
        ),
    ] {
        let text = shop(fault, target) + beside;
        let scenario = read("scenarios/smoke/latent.yaml", &text);
        let run = play(&scenario, 3, Mode::Sentinel);
        let facts = facts_of(&scenario, 3, &run);
        let story = Story::tell(&run.events);
        let onset = facts.onset.expect("an onset");
        let truth = facts.truth.expect("a truth");
        let (at, hypotheses) = story.diagnoses().next().expect("a diagnosis");
        let top = hypotheses.first().expect("a leader");
        println!(
            "{fault}: onset {onset}, diagnosed at {at}: {} at {:.2}",
            top.fault, top.confidence
        );
        assert!(at > onset + 60, "{fault}: it hurts late");
        assert!(measure::is_right(top, &story, &truth), "{fault}: {top:?}");
        let ended = story.ended.map(|(ending, _)| ending);
        assert_eq!(ended, Some(Ending::Mended), "{fault}");
    }
}
