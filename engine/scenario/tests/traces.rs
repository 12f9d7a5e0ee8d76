//! Cluster traces as scenarios: small tables of our own in the formats of the published ones.

use aegis_scenario::build::{build, start};
use aegis_scenario::load;
use aegis_scenario::trace::{Imported, Table, import};
use aegis_world::World;

fn tables(files: &[(&str, &str)]) -> Vec<Table> {
    let table = |(name, text): &(&str, &str)| Table {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    };
    files.iter().map(table).collect()
}

fn imported(files: &[(&str, &str)]) -> Imported {
    import("traced", &tables(files)).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// All that a trace is refused with: `file:line:column message (help)`.
fn refused(files: &[(&str, &str)]) -> Vec<String> {
    let Err(problems) = import("traced", &tables(files)) else {
        return vec!["accepted".into()];
    };
    let told = problems.iter().map(|one| {
        format!(
            "{}:{}:{} {} ({})",
            one.file, one.line, one.column, one.message, one.help
        )
    });
    told.collect()
}

/// The world of a trace after so many seconds.
fn played(files: &[(&str, &str)], seconds: u32) -> World {
    let text = imported(files).text;
    let loaded = load("traced.yaml", &text, &|_| None)
        .unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    let mut world = build(&loaded, 1).expect("a world");
    start(&loaded, &mut world, |_| {});
    world.advance(seconds);
    world
}

/// Pods that run, by the name of their Deployment.
fn running(world: &World, deployment: &str) -> usize {
    let objects = world.objects();
    let mut rows = objects.workloads.iter();
    let Some(row) = rows.find(|row| row.header.exists() && row.header.reference.name == deployment)
    else {
        return 0;
    };
    row.pods
        .iter()
        .filter(|id| objects.pods[id.index()].is_ready())
        .count()
}

const MACHINES: &str = "0,5,0,HofLGzk1Or/8Ildj2+Lqv0UGGvY82NLoni8+J/Yy0RU=,0.5,0.25\n0,6,0,p,1,1\n900000000,6,1,p,1,1\n";
const TASKS: &str = "\
0,2,3418309,0,5,1,user,3,9,0.125,0.0625,0.0004,0
0,2,3418309,1,6,1,user,3,9,0.125,0.0625,0.0004,0
630000000,,77,0,,0,user,0,0,0.0625,0.03,0,0
632000000,,77,0,5,1,user,0,0,0.0625,0.03,0,0
720000000,,77,0,5,4,user,0,0,0.0625,0.03,0,0
";
const USAGE: &str =
    "600000000,900000000,3418309,0,5,0.01,0.02,0.03,0,0,0.02,0,0,0.1,0,1,0.1,0,0,0.01\n";

#[test]
fn a_google_trace_of_2011_comes_and_goes_as_its_jobs_did() {
    let files = [
        (
            "clusterdata/machine_events/part-00000-of-00001.csv",
            MACHINES,
        ),
        ("clusterdata/task_events/part-00000-of-00500.csv", TASKS),
        ("clusterdata/task_usage/part-00000-of-00500.csv", USAGE),
    ];
    let imported = imported(&files);
    assert_eq!(
        imported.summary,
        "9 rows: 2 machines, 2 Deployments, 3 pods"
    );
    for line in [
        "cpu: 4000m",
        "value: 9",
        "cpu: 320m",
        "replicas: 2",
        "at: 30s",
        "at: 120s",
    ] {
        assert!(imported.text.contains(line), "{line}\n{}", imported.text);
    }
    assert_eq!(running(&played(&files, 20), "job-3418309"), 2);
    assert_eq!(running(&played(&files, 20), "job-77"), 0);
    assert_eq!(running(&played(&files, 60), "job-77"), 1);
    assert_eq!(running(&played(&files, 180), "job-77"), 0);
}

#[test]
fn a_google_trace_of_2019_goes_by_the_names_of_its_columns() {
    let events = "\
type,time,collection_id,instance_index,priority,machine_id,resource_request_cpus,resource_request_memory
SUBMIT,0,12,0,200,,0.02,0.01
SUBMIT,660000000,13,0,0,,0.02,0.01
FINISH,700000000,13,0,0,7,0.02,0.01
";
    let machines = "time,machine_id,type,capacity.cpus,capacity.memory\n0,7,ADD,0.5,0.5\n";
    let files = [
        ("instance_events.csv", events),
        ("machine_events.csv", machines),
    ];
    let world = played(&files, 80);
    assert_eq!(
        (running(&world, "job-12"), running(&world, "job-13")),
        (1, 1)
    );
}

#[test]
fn alibaba_of_2018_has_applications_and_batch_tasks() {
    let meta =
        "c_1,m_1932,0,app_4052,started,400,400,1.56\nc_2,m_1933,0,app_4052,started,400,400,1.56\n";
    let usage = "c_1,m_1932,386640,50,20,,,,,,\nc_9,m_1,10,50,20,,,,,,\n";
    let batch = "M1,2,j_1,1,Terminated,60,100,100,0.5\ntask_x,1,j_2,1,Running,30,0,50,0.3\n";
    let machines = "m_1932,0,1,1,96,100,USING\nm_1933,0,1,1,96,100,USING\n";
    let files = [
        ("machine_meta.csv", machines),
        ("container_meta.csv", meta),
        ("container_usage.csv", usage),
        ("batch_task.csv", batch),
    ];
    let text = imported(&files).text;
    for line in [
        "count: 2",
        "cpu: 96000m",
        "cpu: 4000m",
        "cpu: 2000m",
        "Deployment/app-4052",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let world = played(&files, 90);
    assert_eq!(
        (
            running(&world, "app-4052"),
            running(&world, "j-1-m1"),
            running(&world, "j-2-task-x")
        ),
        (2, 2, 1)
    );
    assert_eq!(running(&played(&files, 160), "j-1-m1"), 0);
}

#[test]
fn alibaba_of_2017_has_instances() {
    let servers = "0,1,add,,64,0.69,0.5\n500,1,softerror,agent,,,\n";
    let containers = "0,Create,10,1,8,0.01,0.02,1|2\n90,Remove,10,1,8,0.01,0.02,1|2\n";
    let tasks = "40,0,3,5,2,Running,1,0.01\n";
    let files = [
        ("server_event.csv", servers),
        ("container_event.csv", containers),
        ("batch_task.csv", tasks),
    ];
    let world = played(&files, 70);
    assert_eq!(
        (running(&world, "instance-10"), running(&world, "job-3-5")),
        (1, 2)
    );
    assert_eq!(running(&played(&files, 150), "instance-10"), 0);
}

#[test]
fn rows_that_are_wrong_are_named() {
    let tasks = "0,2,1,0,5,1,u,3,9,0.1,0.1,0,0\n1,,2,0,5,9,u,3,9,0.1,0.1,0,0\nsoon,,3,0,5,1,u,3,9,0.1,0.1,0,0\n1,,4,0,5,1,u,3,9,much,0.1,0,0\n";
    let wanted = [
        "task_events.csv:2:10 `9` is no value for column 6, `event type` (0 (submit) to 8 (update running) belongs here)",
        "task_events.csv:3:1 `soon` is no value for column 1, `time` (a number belongs here)",
        "task_events.csv:4:18 `much` is no value for column 10, `CPU request` (a number belongs here)",
    ];
    assert_eq!(refused(&[("task_events.csv", tasks)]), wanted);
}

#[test]
fn a_file_that_is_no_table_is_named_with_those_that_are_read() {
    let told = refused(&[("other.csv", "a,b\n1,2\n"), ("empty.csv", "\n")]);
    assert!(
        told[0].starts_with("other.csv:1:1 a row of 2 columns is that of no table"),
        "{told:?}"
    );
    assert!(
        told[0].contains("task_events") && told[0].contains("container_meta"),
        "{told:?}"
    );
    assert!(told[1].contains("the file has no rows"), "{told:?}");
}

#[test]
fn tens_of_thousands_of_rows_are_read() {
    let row = |job: u64| {
        format!(
            "{},,{job},0,5,0,u,0,0,0.001,0.001,0,0\n",
            600_000_000 + job * 10_000
        )
    };
    let text: String = (0..30_000).map(row).collect();
    let imported = imported(&[("task_events.csv", &text)]);
    assert_eq!(
        imported.summary,
        "30000 rows: 0 machines, 30000 Deployments, 30000 pods"
    );
}
