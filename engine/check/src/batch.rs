//! Jobs and CronJobs.
//!
//! Source: pkg/apis/batch/validation; github.com/robfig/cron v3, `parser.go`.

use super::findings::Findings;
use super::{pod, values};
use aegis_kube::typed::typed;
use aegis_model::FieldPath;
use aegis_model::kubernetes::{LabelSelector, Labels, PodTemplateSpec};
use serde_json::Value;

/// A Job's spec at `path`.
pub fn job(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    let counts = [
        "activeDeadlineSeconds",
        "backoffLimit",
        "backoffLimitPerIndex",
        "completions",
        "maxFailedIndexes",
        "parallelism",
        "ttlSecondsAfterFinished",
    ];
    values::not_negative(spec, path, &counts, findings);
    let modes = ["NonIndexed", "Indexed"];
    values::one_of(spec, path, "completionMode", &modes, findings);
    if spec["completionMode"] == "Indexed" && spec["completions"].is_null() {
        let detail = "when completion mode is Indexed";
        findings.required(&path.key("completions"), detail);
    }
    template(&spec["template"], &path.key("template"), findings);
    failure_policy(spec, path, findings);
    indexes(spec, path, findings);
    successes(spec, path, findings);
}

/// Most completions, and most pods at once, of a Job that counts failures of each index.
const MOST_INDEXES: i64 = 100_000;

/// What only Jobs with indexes may say.
/// Source: pkg/apis/batch/validation `validateJobSpec`.
fn indexes(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    let indexed = spec["completionMode"] == "Indexed";
    let per_index = path.key("backoffLimitPerIndex");
    if !spec["backoffLimitPerIndex"].is_null() && !indexed {
        let value = spec["backoffLimitPerIndex"].clone();
        let detail = "requires indexed completion mode";
        findings.invalid(&per_index, value, detail);
    }
    let most = &spec["maxFailedIndexes"];
    if !most.is_null() && spec["backoffLimitPerIndex"].is_null() {
        let detail = "when maxFailedIndexes is specified";
        findings.required(&per_index, detail);
    }
    let completions = spec["completions"].as_i64();
    if let (Some(most), Some(completions)) = (most.as_i64(), completions)
        && most > completions
    {
        let detail = "must be less than or equal to completions";
        findings.invalid(&path.key("maxFailedIndexes"), most, detail);
    }
    if completions.is_some_and(|number| indexed && number > 1_000_000) {
        let value = spec["completions"].clone();
        let detail = "must be less than or equal to 1000000";
        findings.invalid(&path.key("completions"), value, detail);
    }
    let parallelism = spec["parallelism"].as_i64().unwrap_or(1);
    if indexed && parallelism > MOST_INDEXES {
        let detail =
            format!("must be less than or equal to {MOST_INDEXES} when completion mode is Indexed");
        findings.invalid(&path.key("parallelism"), parallelism, &detail);
    }
    if spec["podFailurePolicy"].is_object() && spec["podReplacementPolicy"] == "TerminatingOrFailed"
    {
        let at = path.key("podReplacementPolicy");
        findings.one_of(&at, "TerminatingOrFailed", &["Failed"]);
    }
    if spec["podFailurePolicy"].is_object()
        && !matches!(
            spec["template"]["spec"]["restartPolicy"].as_str(),
            None | Some("Never")
        )
    {
        let at = path.key("template").key("spec").key("restartPolicy");
        let value = spec["template"]["spec"]["restartPolicy"].clone();
        let detail = "only \"Never\" is supported when podFailurePolicy is specified";
        findings.invalid(&at, value, detail);
    }
}

/// When a Job counts as done before all its indexes are.
/// Source: pkg/apis/batch/validation `validateSuccessPolicy`.
fn successes(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    let policy = &spec["successPolicy"];
    let at = path.key("successPolicy");
    if policy.is_null() {
        return;
    }
    if spec["completionMode"] != "Indexed" {
        let detail = "requires indexed completion mode";
        findings.invalid(&at, policy.clone(), detail);
    }
    let completions = spec["completions"].as_i64().unwrap_or(i64::MAX);
    for (rule, at) in values::items(policy, &at, "rules") {
        let count = rule["succeededCount"].as_i64().unwrap_or(0);
        let mut most = completions;
        if let Some(text) = rule["succeededIndexes"].as_str() {
            let here = at.key("succeededIndexes");
            match listed(text, completions) {
                Ok(number) => most = number,
                Err(why) => {
                    findings.invalid(
                        &here,
                        text,
                        &format!("error parsing succeededIndexes: {why}"),
                    );
                }
            }
        }
        if count > most {
            let detail = format!(
                "must be less than or equal to {most} (the number of indexes in the specified succeededIndexes field)"
            );
            findings.invalid(&at.key("succeededCount"), count, &detail);
        }
    }
}

/// How many indexes a list like `0,2-4` names.
fn listed(text: &str, completions: i64) -> Result<i64, String> {
    let number = |text: &str| {
        let read: Result<i64, _> = text.parse();
        read.map_err(|_| format!("cannot convert string to integer for index: {text:?}"))
    };
    let (mut count, mut last) = (0, -1);
    for range in text.split(',') {
        let (first, end) = range.split_once('-').unwrap_or((range, range));
        let (first, end) = (number(first)?, number(end)?);
        if end >= completions {
            return Err(format!("too large index: {end:?}"));
        }
        if first <= last || end < first {
            return Err(format!(
                "non-increasing order, previous: {last}, current: {first}"
            ));
        }
        count += end - first + 1;
        last = end;
    }
    Ok(count)
}

/// Rules for what follows from failed pods.
/// Source: pkg/apis/batch/validation `validatePodFailurePolicyRule`.
fn failure_policy(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    let policy = &spec["podFailurePolicy"];
    let at = path.key("podFailurePolicy");
    let actions = ["Count", "FailIndex", "FailJob", "Ignore"];
    for (rule, at) in values::items(policy, &at, "rules") {
        values::one_of(rule, &at, "action", &actions, findings);
        if rule["action"] == "FailIndex" && spec["backoffLimitPerIndex"].is_null() {
            let detail = "requires the backoffLimitPerIndex to be set";
            findings.invalid(&at.key("action"), "FailIndex", detail);
        }
        let here = at.key("onExitCodes");
        exit_codes(&rule["onExitCodes"], &here, findings);
        if let Some(name) = rule["onExitCodes"]["containerName"].as_str() {
            let pod = &spec["template"]["spec"];
            let mut lists = ["containers", "initContainers"].into_iter();
            let named = |one: &Value| one["name"] == name;
            if !lists.any(|list| {
                pod[list]
                    .as_array()
                    .is_some_and(|all| all.iter().any(named))
            }) {
                let detail =
                    "must be one of the container or initContainer names in the pod template";
                findings.invalid(&here.key("containerName"), name, detail);
            }
        }
        let statuses = ["False", "True", "Unknown"];
        for (pattern, at) in values::items(rule, &at, "onPodConditions") {
            values::one_of(pattern, &at, "status", &statuses, findings);
        }
    }
}

/// Exit codes rise, and none stands twice.
/// Source: pkg/apis/batch/validation `validatePodFailurePolicyRuleOnExitCodes`.
fn exit_codes(codes: &Value, path: &FieldPath, findings: &mut Findings) {
    values::one_of(codes, path, "operator", &["In", "NotIn"], findings);
    let (mut seen, mut rise) = (Vec::new(), true);
    for (code, at) in values::items(codes, path, "values") {
        let Some(number) = code.as_i64() else {
            continue;
        };
        if number == 0 && codes["operator"] == "In" {
            findings.invalid(&at, 0, "must not be 0 for the In operator");
        }
        if seen.contains(&number) {
            findings.duplicate(&at, number);
        }
        rise &= seen.last().is_none_or(|last| *last <= number);
        seen.push(number);
    }
    if !rise {
        findings.invalid(
            &path.key("values"),
            codes["values"].clone(),
            "must be ordered",
        );
    }
}

/// A Job's selector is made for it; who gives one must say so, or select the pods of the template.
/// Source: pkg/registry/batch/job/strategy.go `generateSelector`; pkg/apis/batch/validation `validateGeneratedSelector`.
pub fn own_selector(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    let given = &spec["selector"];
    if given.is_null() || spec["manualSelector"] == true {
        return;
    }
    let labels = typed::<Labels>(&spec["template"]["metadata"]["labels"]).unwrap_or_default();
    // What is no selector is told where the types are read.
    if typed::<LabelSelector>(given).is_ok_and(|selector| !selector.matches(&labels)) {
        let detail = "`selector` not auto-generated";
        findings.invalid(&path.key("selector"), given.clone(), detail);
    }
}

fn template(template: &Value, path: &FieldPath, findings: &mut Findings) {
    match typed::<PodTemplateSpec>(template) {
        Ok(read) => pod::spec(&read.spec, &path.key("spec"), findings),
        Err(problem) => findings.misfit(problem, path),
    }
    let policy = &template["spec"]["restartPolicy"];
    let at = path.key("spec").key("restartPolicy");
    if policy.is_null() || policy == "Always" {
        findings.required(&at, "valid values: \"OnFailure\", \"Never\"");
    }
}

/// A CronJob's spec at `path`.
pub fn cron_job(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    let counts = [
        "failedJobsHistoryLimit",
        "startingDeadlineSeconds",
        "successfulJobsHistoryLimit",
    ];
    values::not_negative(spec, path, &counts, findings);
    let zone = spec["timeZone"].as_str();
    if let Some(zone) = zone.filter(|zone| zone.is_empty() || zone.eq_ignore_ascii_case("local")) {
        let detail =
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        findings.invalid(&path.key("timeZone"), zone, detail);
    }
    let policies = ["Allow", "Forbid", "Replace"];
    values::one_of(spec, path, "concurrencyPolicy", &policies, findings);
    let at = path.key("schedule");
    match spec["schedule"].as_str().unwrap_or_default() {
        "" => findings.required(&at, ""),
        schedule => {
            if let Some(why) = misread(schedule) {
                findings.invalid(&at, schedule, &why);
            }
        }
    }
    let at = path.key("jobTemplate").key("spec");
    job(&spec["jobTemplate"]["spec"], &at, findings);
}

/// The five fields of a schedule: their bounds and names of values.
const FIELDS: [(u32, u32, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];
const DESCRIPTORS: [&str; 7] = [
    "@annually",
    "@daily",
    "@hourly",
    "@midnight",
    "@monthly",
    "@weekly",
    "@yearly",
];

/// Why a schedule cannot be read, as the parser says it.
fn misread(schedule: &str) -> Option<String> {
    if schedule.contains("TZ") {
        return Some("cannot use TZ or CRON_TZ in schedule, use timeZone field instead".into());
    }
    if schedule.starts_with('@') {
        let known = DESCRIPTORS.contains(&schedule) || schedule.starts_with("@every ");
        return (!known).then(|| format!("unrecognized descriptor: {schedule}"));
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != 5 {
        let (found, told) = (fields.len(), fields.join(" "));
        return Some(format!(
            "expected exactly 5 fields, found {found}: [{told}]"
        ));
    }
    let mut wrong = fields.iter().zip(FIELDS).flat_map(|(field, bounds)| {
        field
            .split(',')
            .filter_map(move |range| misread_range(range, bounds).err())
    });
    wrong.next()
}

fn misread_range(range: &str, (least, most, names): (u32, u32, &[&str])) -> Result<(), String> {
    let (span, step) = range.split_once('/').unwrap_or((range, "1"));
    if step.contains('/') {
        return Err(format!("too many slashes: {range}"));
    }
    let ends: Vec<&str> = span.split('-').collect();
    let (first, last) = match ends.as_slice() {
        ["*" | "?"] => (least, most),
        [one] if range.contains('/') => (number(one, names)?, most),
        [one] => (number(one, names)?, number(one, names)?),
        [first, last] => (number(first, names)?, number(last, names)?),
        _ => return Err(format!("too many hyphens: {range}")),
    };
    if first < least {
        return Err(format!(
            "beginning of range ({first}) below minimum ({least}): {range}"
        ));
    }
    if last > most {
        return Err(format!(
            "end of range ({last}) above maximum ({most}): {range}"
        ));
    }
    if first > last {
        return Err(format!(
            "beginning of range ({first}) beyond end of range ({last}): {range}"
        ));
    }
    match number(step, &[])? {
        0 => Err(format!(
            "step of range should be a positive number: {range}"
        )),
        _ => Ok(()),
    }
}

fn number(text: &str, names: &[&str]) -> Result<u32, String> {
    let lower = text.to_ascii_lowercase();
    if let Some(position) = names.iter().position(|name| *name == lower) {
        let first = u32::from(names.len() == 12);
        return Ok(position as u32 + first);
    }
    text.parse().map_err(|_| {
        format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax")
    })
}
