//! Metrics over time: a sheet with a column each, or Prometheus' answer to a range query.

use aegis_model::bundle::MetricSeries;
use serde_json::Value;

/// Columns of a sheet at most: more is no sheet of metrics.
const MAX_COLUMNS: usize = 20_000;

/// CSV: a first column of times, then `<subject>-<measure>` each.
pub(super) fn sheet(text: &str) -> Result<Vec<MetricSeries>, String> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let header = lines.next().ok_or("it is empty")?;
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    if names.len() < 2 || names.len() > MAX_COLUMNS {
        return Err(format!("its first line names {} columns", names.len()));
    }
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); names.len() - 1];
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let mut cells = line.split(',').skip(1);
        for column in &mut columns {
            let cell = cells.next().and_then(|cell| cell.trim().parse().ok());
            column.push(cell.unwrap_or(f64::NAN));
        }
    }
    if columns.first().is_none_or(Vec::is_empty) {
        return Err("it has no row of samples".to_owned());
    }
    let named = names.into_iter().skip(1).zip(columns);
    Ok(named.map(|(name, samples)| column(name, samples)).collect())
}

fn column(name: &str, samples: Vec<f64>) -> MetricSeries {
    let (subject, measure) = name.rsplit_once('-').unwrap_or(("", name));
    MetricSeries {
        name: name.to_owned(),
        subject: subject.to_owned(),
        measure: measure.to_owned(),
        samples,
    }
}

const SUBJECT: &[&str] = &[
    "service",
    "destination_service_name",
    "destination_workload",
    "workload",
    "deployment",
    "app",
    "pod",
    "node",
    "instance",
];

/// `{"data": {"result": [{"metric": {…}, "values": [[time, "value"], …]}]}}`, or a list of such.
pub(super) fn ranges(value: &Value) -> Result<Vec<MetricSeries>, String> {
    let answers = value
        .as_array()
        .map_or(vec![value], |list| list.iter().collect());
    let mut found = Vec::new();
    for answer in answers {
        let results = answer
            .pointer("/data/result")
            .or_else(|| answer.get("result"))
            .and_then(Value::as_array)
            .ok_or("it is no answer to a range query")?;
        found.extend(results.iter().map(range));
    }
    Ok(found)
}

fn range(result: &Value) -> MetricSeries {
    let label = |name: &str| result.get("metric")?.get(name)?.as_str();
    let measure = label("__name__").unwrap_or("").to_owned();
    let subject = SUBJECT.iter().find_map(|name| label(name)).unwrap_or("");
    let values = result.get("values").and_then(Value::as_array);
    let sample = |pair: &Value| {
        let value = pair.get(1)?;
        value.as_f64().or_else(|| value.as_str()?.parse().ok())
    };
    MetricSeries {
        name: format!("{measure}{{{subject}}}"),
        subject: subject.to_owned(),
        measure,
        samples: values
            .into_iter()
            .flatten()
            .map(|pair| sample(pair).unwrap_or(f64::NAN))
            .collect(),
    }
}
