//! The CronJob controller (pkg/controller/cronjob): a Job at each time of a schedule.
//!
//! Simulated time begins at [`EPOCH_SECONDS`]. Two starts that are due at once become one, the
//! latest, as upstream.

use crate::batch_of;
use crate::conditions;
use crate::job::finished;
use aegis_cluster::api::events::{Source, record};
use aegis_cluster::api::{self, Actor};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::cron::{Schedule, Zone};
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::Slot;
use aegis_model::calendar::{DAY, Date, EPOCH_SECONDS, weekday};
use aegis_model::kubernetes::{CronJobSpec, Kind};
use aegis_model::objects::{
    BatchStatus, ConditionStatus, CronJobStatus, Severity, WorkloadSpec, WorkloadStatus,
};
use aegis_model::{Doc, Overlay, Tick, WorkloadId};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::{Value, json};
use smol_str::{SmolStr, format_smolstr};

const SOURCE: Source = Source::of("cronjob-controller");
/// Missed starts from which the controller complains.
const TOO_MANY: usize = 100;

/// Syncs the CronJobs of this round.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, journal: &mut Journal) {
    for id in batch_of(cluster, &Kind::CronJob) {
        let spec = cluster.objects.workloads[id.index()].spec.clone();
        if let WorkloadSpec::CronJob(spec) = &*spec {
            let mut desk = Desk::open(cluster, id, spec);
            desk.note_jobs(cluster, journal);
            desk.start(cluster, journal);
            desk.clean_up(cluster, journal);
            let row = &mut cluster.objects.workloads[id.index()];
            row.status.batch = BatchStatus::CronJob(desk.status);
        }
    }
}

/// A CronJob on the controller's desk.
struct Desk<'a> {
    id: WorkloadId,
    spec: &'a CronJobSpec,
    status: CronJobStatus,
}

/// How a Job has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Complete,
    Failed,
}

impl Ending {
    fn of(status: &WorkloadStatus) -> Option<Self> {
        [(Self::Complete, "Complete"), (Self::Failed, "Failed")]
            .into_iter()
            .find(|(_, kind)| {
                conditions::get(&status.conditions, kind)
                    .is_some_and(|end| end.status == ConditionStatus::True)
            })
            .map(|(ending, _)| ending)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "Complete",
            Self::Failed => "Failed",
        }
    }
}

/// Seconds since 1970 of a tick.
fn time(tick: Tick) -> i64 {
    EPOCH_SECONDS + i64::from(tick.0)
}

/// The tick of a time since 1970; those before the first count as it.
fn tick(time: i64) -> Tick {
    Tick(u32::try_from(time - EPOCH_SECONDS).unwrap_or(0))
}

impl<'a> Desk<'a> {
    fn open<P>(cluster: &Cluster<P>, id: WorkloadId, spec: &'a CronJobSpec) -> Self {
        let status = match &cluster.objects.workloads[id.index()].status.batch {
            BatchStatus::CronJob(status) => status.clone(),
            _ => CronJobStatus::default(),
        };
        Self { id, spec, status }
    }

    /// Takes Jobs that are over, or gone, from the list of active ones.
    fn note_jobs<P>(&mut self, cluster: &mut Cluster<P>, journal: &mut Journal) {
        for job in jobs_of(cluster, self.id) {
            let row = &cluster.objects.workloads[job.index()];
            let Some(ending) = Ending::of(&row.status) else {
                if !self.status.active.contains(&job) {
                    self.status.active.push(job);
                }
                continue;
            };
            let name = row.header.reference.name.clone();
            if ending == Ending::Complete {
                let at = finished(&row.status);
                self.status.last_success = self.status.last_success.max(at);
            }
            if self.status.active.contains(&job) {
                self.status.active.retain(|other| *other != job);
                let message = format!("Saw completed job: {name}, condition: {}", ending.as_str());
                self.report(
                    cluster,
                    Severity::Normal,
                    "SawCompletedJob",
                    &message,
                    journal,
                );
            }
        }
        for job in self.status.active.clone() {
            let header = &cluster.objects.workloads[job.index()].header;
            if !header.exists() {
                let message = format!("Active job went missing: {}", header.reference.name);
                self.status.active.retain(|other| *other != job);
                self.report(cluster, Severity::Normal, "MissingJob", &message, journal);
            }
        }
    }

    fn report<P>(
        &self,
        cluster: &mut Cluster<P>,
        severity: Severity,
        reason: &str,
        message: &str,
        journal: &mut Journal,
    ) {
        let row = &cluster.objects.workloads[self.id.index()];
        let object = row.header.reference.clone();
        record(cluster, journal, severity, reason, message, &object, SOURCE);
    }

    /// Starts the Job that is due, and has the CronJob looked at again at the next time.
    fn start<P>(&mut self, cluster: &mut Cluster<P>, journal: &mut Journal) {
        let Some((schedule, zone)) = self.schedule(cluster, journal) else {
            return;
        };
        if self.spec.suspend {
            return;
        }
        let now = time(cluster.clock);
        if let Some(next) = schedule.next(now, zone) {
            cluster.workings.control.enqueue_at(tick(next), self.id);
        }
        let Some(due) = self.due(cluster, &schedule, zone, journal) else {
            return;
        };
        if self.may_start(cluster, due, journal) {
            self.create(cluster, due, zone, journal);
        }
    }

    fn schedule<P>(
        &self,
        cluster: &mut Cluster<P>,
        journal: &mut Journal,
    ) -> Option<(Schedule, Zone)> {
        let warning = Severity::Warning;
        let zone = match &self.spec.time_zone {
            None => Zone::UTC,
            Some(name) => match Zone::named(name) {
                Some(zone) => zone,
                None => {
                    let message = format!("invalid timeZone: {name:?}: unknown time zone {name}");
                    self.report(cluster, warning, "UnknownTimeZone", &message, journal);
                    return None;
                }
            },
        };
        match Schedule::parse(&self.spec.schedule) {
            Ok(schedule) => Some((schedule, zone)),
            Err(error) => {
                let text = &self.spec.schedule;
                let message = format!("unparseable schedule: {text:?} : {error}");
                self.report(cluster, warning, "UnparseableSchedule", &message, journal);
                None
            }
        }
    }

    /// The latest time that has passed since the last start and within the deadline.
    /// Source: cronjob/utils.go `mostRecentScheduleTime`.
    fn due<P>(
        &self,
        cluster: &mut Cluster<P>,
        schedule: &Schedule,
        zone: Zone,
        journal: &mut Journal,
    ) -> Option<i64> {
        let now = time(cluster.clock);
        let created = cluster.objects.workloads[self.id.index()].header.created;
        let mut last = time(self.status.last_schedule.unwrap_or(created));
        if let Some(deadline) = self.spec.starting_deadline_seconds {
            last = last.max(now - i64::from(deadline));
        }
        let times = core::iter::successors(schedule.next(last, zone), |t| schedule.next(*t, zone));
        let missed = times.take_while(|time| *time <= now);
        let (count, due) = missed.fold((0, None), |(count, _), time| (count + 1, Some(time)));
        if count > TOO_MANY {
            let message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
            let warning = Severity::Warning;
            self.report(cluster, warning, "TooManyMissedTimes", message, journal);
        }
        due
    }

    /// Whether deadline and concurrency let a Job start; what replaces others removes them.
    fn may_start<P>(&mut self, cluster: &mut Cluster<P>, due: i64, journal: &mut Journal) -> bool {
        let now = time(cluster.clock);
        let deadline = self.spec.starting_deadline_seconds;
        if deadline.is_some_and(|seconds| due + i64::from(seconds) < now) {
            let message = format!("Missed scheduled time to start a job: {}", rfc1123(due));
            let warning = Severity::Warning;
            self.report(cluster, warning, "MissSchedule", &message, journal);
            return false;
        }
        if self.status.last_schedule == Some(tick(due)) {
            return false;
        }
        match self.spec.concurrency_policy.as_deref() {
            Some("Forbid") if !self.status.active.is_empty() => {
                let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
                self.report(
                    cluster,
                    Severity::Normal,
                    "JobAlreadyActive",
                    message,
                    journal,
                );
                return false;
            }
            Some("Replace") => {
                for job in self.status.active.clone() {
                    self.delete(cluster, job, journal);
                }
            }
            _ => {}
        }
        true
    }

    fn delete<P>(&mut self, cluster: &mut Cluster<P>, job: WorkloadId, journal: &mut Journal) {
        let name = &cluster.objects.workloads[job.index()].header.reference.name;
        let message = format!("Deleted job {name}");
        api::delete_workload(cluster, job);
        self.status.active.retain(|other| *other != job);
        self.report(
            cluster,
            Severity::Normal,
            "SuccessfulDelete",
            &message,
            journal,
        );
    }

    fn create<P>(&mut self, cluster: &mut Cluster<P>, due: i64, zone: Zone, journal: &mut Journal) {
        let document = document(cluster, self.id, due, zone);
        let admitted = api::identify(&document).and_then(|(object, _)| {
            // A Job that is there already needs no admission.
            match api::find(cluster, &object) {
                Some(_) => Ok(()),
                None => api::admit_controlled(cluster, &object, &document),
            }
        });
        let created = admitted.and_then(|()| api::create(cluster, document, Actor::Unrecorded));
        match created {
            Ok(Slot::Workload(job)) => {
                let name = &cluster.objects.workloads[job.index()].header.reference.name;
                let message = format!("Created job {name}");
                self.report(
                    cluster,
                    Severity::Normal,
                    "SuccessfulCreate",
                    &message,
                    journal,
                );
                self.status.active.push(job);
                self.status.last_schedule = Some(tick(due));
            }
            Ok(_) | Err(api::ApiError::AlreadyExists(_)) => {}
            Err(refusal) => {
                let message = format!("Error creating job: {refusal}");
                self.report(
                    cluster,
                    Severity::Warning,
                    "FailedCreate",
                    &message,
                    journal,
                );
            }
        }
    }

    /// Deletes the oldest Jobs beyond what is kept.
    fn clean_up<P>(&mut self, cluster: &mut Cluster<P>, journal: &mut Journal) {
        let kept = [
            (
                Ending::Complete,
                self.spec.successful_jobs_history_limit.unwrap_or(3),
            ),
            (
                Ending::Failed,
                self.spec.failed_jobs_history_limit.unwrap_or(1),
            ),
        ];
        for (ending, limit) in kept {
            let jobs = jobs_of(cluster, self.id).into_iter();
            let over: Vec<WorkloadId> = jobs
                .filter(|job| {
                    Ending::of(&cluster.objects.workloads[job.index()].status) == Some(ending)
                })
                .collect();
            let surplus = over.len().saturating_sub(limit as usize);
            for job in over.into_iter().take(surplus) {
                self.delete(cluster, job, journal);
            }
        }
    }
}

/// The Jobs of a CronJob that exist, oldest first.
fn jobs_of<P>(cluster: &Cluster<P>, id: WorkloadId) -> Vec<WorkloadId> {
    cluster.workings.control.workloads[id.index()].jobs.clone()
}

/// The Job of a time: named by its minute. Source: cronjob/utils.go `getJobFromTemplate2`.
fn document<P>(cluster: &Cluster<P>, id: WorkloadId, due: i64, zone: Zone) -> Doc {
    let header = &cluster.objects.workloads[id.index()].header;
    let template = &header.doc["spec"]["jobTemplate"];
    let mut metadata = json!({
        "name": job_name(&header.reference.name, due),
        "namespace": header.reference.namespace,
        "ownerReferences": [{
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "name": header.reference.name,
            "uid": api::uid(header),
            "controller": true,
            "blockOwnerDeletion": true,
        }],
    });
    if template["metadata"]["labels"].is_object() {
        metadata["labels"] = template["metadata"]["labels"].clone();
    }
    let mut annotations = template["metadata"]["annotations"].clone();
    if !annotations.is_object() {
        annotations = json!({});
    }
    let key = "batch.kubernetes.io/cronjob-scheduled-timestamp";
    annotations[key] = Value::from(rfc3339(due, zone));
    metadata["annotations"] = annotations;
    Arc::new(json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": template["spec"],
    }))
}

fn job_name(cron_job: &str, due: i64) -> SmolStr {
    format_smolstr!("{cron_job}-{}", due / 60)
}

/// Year, month, day, hour, minute, second.
fn parts(time: i64) -> (Date, [i64; 3]) {
    let second = time.rem_euclid(DAY);
    let clock = [second / 3600, second / 60 % 60, second % 60];
    (Date::of_day(time.div_euclid(DAY)), clock)
}

fn rfc3339(time: i64, zone: Zone) -> String {
    let offset = zone.offset(time);
    let (Date { year, month, day }, [hour, minute, second]) = parts(time + offset);
    let local = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if offset == 0 {
        return format!("{local}Z");
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.abs() / 60;
    format!("{local}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// As Go's `time.RFC1123Z` prints a time in UTC.
fn rfc1123(time: i64) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (Date { year, month, day }, [hour, minute, second]) = parts(time);
    let of_week = DAYS[weekday(time.div_euclid(DAY)) as usize];
    let month = MONTHS[month as usize - 1];
    format!("{of_week}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} +0000")
}
