//! Pulling images: one at a time per node, from a registry that may not have them.

use super::images;
use super::sync::Sync;
use super::words;
use aegis_cluster::acting::acts_on;
use aegis_cluster::draws::Purpose;
use aegis_cluster::workings::{Process, PullEnd};
use aegis_model::objects::Severity;
use aegis_model::{Mechanism, Tick};
use alloc::format;
use alloc::sync::Arc;

/// Seconds for which `ErrImagePull` is shown before `ImagePullBackOff`.
const SHOWN: u32 = 2;
/// Seconds until a container with a bad image name is looked at again.
const RETRY: u32 = 10;
/// Seconds until a registry says that it has no such image.
const REFUSAL: u32 = 1;

impl<P: Clone> Sync<'_, P> {
    /// Makes sure of the image, then creates the container.
    pub fn prepare(&mut self, index: usize) {
        let recipe = self.recipe.clone();
        let container = &recipe.containers[index];
        let image = &container.image;
        if images::is_invalid(image) {
            return self.refuse_name(index);
        }
        let kubelets = &mut self.cluster.workings.kubelet;
        let (number, _) = kubelets.images.learn(image, images::size(image));
        let present = kubelets.holds(self.node, number);
        match (container.pull, present) {
            (aegis_cluster::workings::Pull::Never, false) => self.never_pulled(index),
            (
                aegis_cluster::workings::Pull::Never | aegis_cluster::workings::Pull::IfNotPresent,
                true,
            ) => {
                let text = format!("Container image \"{image}\" already present on machine");
                self.say_of(index, Severity::Normal, "Pulled", &text);
                self.create(index);
            }
            (_, true) => self.ask_registry(index),
            (_, false) => self.pull(index, number),
        }
    }

    fn refuse_name(&mut self, index: usize) {
        let image = self.recipe.containers[index].image.clone();
        let text = words::bad_name(&image);
        self.say_of(index, Severity::Warning, "InspectFailed", &text);
        self.say_of(
            index,
            Severity::Warning,
            "Failed",
            "Error: InvalidImageName",
        );
        self.wait_with(index, "InvalidImageName", Some(&text));
        let retry = self.now.after(RETRY);
        self.set_process(index, Process::Unconfigured { retry });
    }

    fn never_pulled(&mut self, index: usize) {
        let image = self.recipe.containers[index].image.clone();
        let text = format!("Container image \"{image}\" is not present with pull policy of Never");
        self.say_of(index, Severity::Warning, "ErrImageNeverPull", &text);
        let error = "Error: ErrImageNeverPull";
        self.say_of(index, Severity::Warning, "Failed", error);
        self.wait_with(index, "ErrImageNeverPull", Some(&text));
        let retry = self.now.after(RETRY);
        self.set_process(index, Process::Unconfigured { retry });
    }

    /// `Always` with the image on the node: the registry is only asked what the tag means.
    fn ask_registry(&mut self, index: usize) {
        let seconds = images::pull_time(aegis_model::Bytes(0));
        let pulled = Process::Pulling {
            until: self.now,
            end: PullEnd::Pulled((seconds * 1000.0) as u32),
        };
        self.begin_pull(index, pulled);
    }

    fn pull(&mut self, index: usize, number: u32) {
        let image = self.recipe.containers[index].image.clone();
        if self.is_missing(&image) {
            return self.begin_pull(index, Process::Absent);
        }
        let queued = self.queue_pull(index, number);
        self.begin_pull(index, queued);
    }

    /// Says that an image is pulled; a registry that does not have it says so at once.
    fn begin_pull(&mut self, index: usize, as_planned: Process) {
        let image = self.recipe.containers[index].image.clone();
        let text = format!("Pulling image \"{image}\"");
        self.say_of(index, Severity::Normal, "Pulling", &text);
        let process = if self.is_missing(&image) {
            Process::Pulling {
                until: self.now.after(REFUSAL),
                end: PullEnd::Failed,
            }
        } else {
            as_planned
        };
        self.set_process(index, process);
    }

    fn is_missing(&self, image: &str) -> bool {
        let by_fault = || {
            self.overlay.active(self.now).any(|laid| {
                matches!(laid.mechanism, Mechanism::ImageMissing)
                    && acts_on(self.cluster, laid, self.pod)
            })
        };
        let declared = self.cluster.workings.kubelet.images.is_missing(image);
        declared || images::is_plainly_missing(image) || by_fault()
    }

    /// The node's puller takes one image at a time; one that is on its way is waited for.
    fn queue_pull(&mut self, index: usize, number: u32) -> Process {
        let image = &self.recipe.containers[index].image;
        let (_, size) = self
            .cluster
            .workings
            .kubelet
            .images
            .known(image)
            .unwrap_or_default();
        let key = (u64::from(number) << 32) | u64::from(self.node.0);
        let factor = self
            .draws
            .log_normal(images::SPREAD, Purpose::ImagePull, key, self.now);
        let time = images::pull_time(size) * factor;
        let now = self.now;
        let node = self.cluster.workings.kubelet.node_mut(self.node);
        let coming = node
            .pulls
            .iter()
            .find(|(other, until)| *other == number && *until > now);
        let (until, seconds) = match coming {
            Some((_, until)) => (*until, f64::from(until.elapsed(now))),
            None => {
                let start = node.puller_free.max(now);
                let until = start.after(libm::ceil(time) as u32);
                node.puller_free = until;
                let pulls = Arc::make_mut(&mut node.pulls);
                pulls.retain(|(_, until)| *until > now);
                pulls.push((number, until));
                (until, time)
            }
        };
        Process::Pulling {
            until,
            end: PullEnd::Pulled((seconds * 1000.0) as u32),
        }
    }

    pub fn pull_ended(&mut self, index: usize, end: PullEnd) {
        let image = self.recipe.containers[index].image.clone();
        let PullEnd::Pulled(milliseconds) = end else {
            return self.pull_failed(index);
        };
        let kubelets = &mut self.cluster.workings.kubelet;
        let (number, size) = kubelets.images.known(&image).unwrap_or_default();
        kubelets.hold(self.node, number);
        let text = words::pulled(&image, milliseconds, size.0);
        self.say_of(index, Severity::Normal, "Pulled", &text);
        self.create(index);
    }

    fn pull_failed(&mut self, index: usize) {
        let image = self.recipe.containers[index].image.clone();
        let now = self.now;
        self.say_of(
            index,
            Severity::Warning,
            "Failed",
            &words::pull_failed(&image),
        );
        self.say_of(index, Severity::Warning, "Failed", "Error: ErrImagePull");
        self.wait_with(index, "ErrImagePull", Some(&words::pull_error(&image)));
        let back_off = &mut self.run.containers[index].pull;
        back_off.raise(now, now);
        let retry = now.after(back_off.delay);
        let turns = now.after(SHOWN);
        self.set_process(index, Process::PullFailed { turns, retry });
    }

    pub fn pull_backs_off(&mut self, index: usize, retry: Tick) {
        let image = self.recipe.containers[index].image.clone();
        let text = format!("Back-off pulling image \"{image}\"");
        self.say_of(index, Severity::Normal, "BackOff", &text);
        self.say_of(
            index,
            Severity::Warning,
            "Failed",
            "Error: ImagePullBackOff",
        );
        let error = words::pull_error(&image);
        let why = format!("{text}: ErrImagePull: {error}");
        self.wait_with(index, "ImagePullBackOff", Some(&why));
        let turns = Tick::NEVER;
        self.set_process(index, Process::PullFailed { turns, retry });
    }
}
