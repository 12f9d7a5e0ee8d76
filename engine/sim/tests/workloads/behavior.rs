//! Policies, windows and rates of `behavior:`.

use super::autoscaler::{conditions, lab};
use super::lab::Lab;
use serde_json::json;

/// When the size changed, and to what.
fn course(lab: &mut Lab, seconds: u32) -> Vec<(u32, u32)> {
    let mut course = Vec::new();
    let size = |lab: &Lab| {
        lab.workload("Deployment/web")
            .spec
            .replicas()
            .expect("a number")
    };
    let mut last = size(lab);
    for _ in 0..seconds {
        lab.run(1);
        if size(lab) != last {
            last = size(lab);
            course.push((lab.cluster.clock.0 - 601, last));
        }
    }
    course
}

fn sizes(course: &[(u32, u32)]) -> Vec<u32> {
    course.iter().map(|(_, size)| *size).collect()
}

#[test]
fn policies_bound_the_rate_up() {
    let rules = |rules| json!({"maxReplicas": 40, "behavior": {"scaleUp": rules}});
    for (behavior, expected) in [
        // Defaults: the larger of 4 pods and 100 % in 15 s.
        (json!({}), vec![7, 14, 28]),
        (
            json!({"policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]}),
            vec![5, 7, 9],
        ),
        (
            json!({"policies": [{"type": "Percent", "value": 10, "periodSeconds": 15}]}),
            vec![4, 5, 6],
        ),
        (
            json!({"selectPolicy": "Min", "policies": [{"type": "Pods", "value": 1, "periodSeconds": 15}, {"type": "Percent", "value": 900, "periodSeconds": 15}]}),
            vec![4, 5, 6],
        ),
        (json!({"selectPolicy": "Disabled"}), vec![]),
    ] {
        let mut lab = lab(3, 5.0, rules(behavior.clone()));
        let course = course(&mut lab, 400);
        assert_eq!(
            &sizes(&course)[..expected.len()],
            expected,
            "{behavior}: {course:?}"
        );
        if expected.is_empty() {
            assert!(course.is_empty());
            assert!(
                conditions(&lab).contains("ScalingLimited=True ScaleUpLimit"),
                "{}",
                conditions(&lab)
            );
        }
    }
}

#[test]
fn policies_bound_the_rate_down() {
    let mut lab = lab(
        10,
        0.0,
        json!({"minReplicas": 2, "behavior": {"scaleDown":
        {"stabilizationWindowSeconds": 0, "policies": [{"type": "Percent", "value": 25, "periodSeconds": 60}]}}}),
    );
    let course = course(&mut lab, 400);
    // 75 % of what there was a minute ago, cut: 10, 7, 5, 3, 2.
    assert_eq!(sizes(&course), [7, 5, 3, 2]);
    assert!(
        course.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 60),
        "{course:?}"
    );
}

#[test]
fn a_window_up_waits_for_the_lowest_of_its_recommendations() {
    let mut lab = lab(
        2,
        0.05,
        json!({"behavior": {"scaleUp": {"stabilizationWindowSeconds": 60}}}),
    );
    assert_eq!(course(&mut lab, 90), []);
    lab.usage.0 = 0.1;
    let begun = lab.cluster.clock.0 - 600;
    let course = course(&mut lab, 120);
    assert_eq!(course.last().map(|(_, size)| *size), Some(4), "{course:?}");
    let waited = course[0].0 - begun;
    assert!((60..=95).contains(&waited), "{waited} s");
    assert!(
        conditions(&lab).contains("AbleToScale=True"),
        "{}",
        conditions(&lab)
    );
}
