//! postStart and preStop.
//! Source: pkg/kubelet/kuberuntime/kuberuntime_container.go, pkg/kubelet/lifecycle/handlers.go.

use super::sync::Sync;
use aegis_cluster::workings::{Answered, Hook, HookRecipe, Process};
use aegis_model::Tick;
use aegis_model::objects::Severity;
use aegis_shell::Answer;
use alloc::string::String;

const POST_START: usize = 0;
const PRE_STOP: usize = 1;

/// How a hook goes: seconds, and its end.
struct Course {
    seconds: u32,
    hook: Hook,
}

impl<P: Clone> Sync<'_, P> {
    /// The process is there; its postStart hook comes first, if there is one.
    pub fn after_start(&mut self, index: usize) {
        let since = self.now;
        match self.hook(index, POST_START) {
            None => self.begin(index, since),
            Some(Course { seconds, hook }) => {
                let until = since.after(seconds);
                self.set_process(index, Process::Hooked { since, until, hook });
            }
        }
    }

    /// What a hook of the container comes to.
    fn hook(&mut self, index: usize, which: usize) -> Option<Course> {
        let recipe = self.recipe.clone();
        let hook = recipe.containers[index].hooks[which].as_ref()?;
        Some(match hook {
            HookRecipe::Sleeps(seconds) => Course {
                seconds: *seconds,
                hook: Hook::Succeeds,
            },
            HookRecipe::Command(script) => match self.run_command(index, script) {
                Answer::Ended { status, after, .. } => Course {
                    seconds: after,
                    hook: match status {
                        0 => Hook::Succeeds,
                        _ => Hook::Fails,
                    },
                },
                Answer::Server => Course {
                    seconds: 0,
                    hook: Hook::Succeeds,
                },
                Answer::Hangs => Course {
                    seconds: u32::MAX,
                    hook: Hook::Fails,
                },
            },
            HookRecipe::Asks(answered) => Course {
                seconds: 0,
                hook: match answered {
                    Answered::ByNobody => Hook::Fails,
                    _ => Hook::Succeeds,
                },
            },
        })
    }

    /// The postStart hook is over: the container runs, or is killed.
    pub fn hook_ends(&mut self, index: usize, since: Tick, hook: Hook) {
        self.begin(index, since);
        if hook == Hook::Succeeds {
            return;
        }
        let text = "PostStartHook failed";
        self.say_of(index, Severity::Warning, "FailedPostStartHook", text);
        self.say_of(index, Severity::Normal, "Killing", "FailedPostStartHook");
        self.status(index).ready = false;
        let grace = aegis_cluster::api::pods::grace_of(self.cluster, self.pod);
        self.stop_container(index, grace);
    }

    /// Seconds that the preStop hook takes of a grace period.
    pub fn pre_stop(&mut self, index: usize, grace: u32) -> u32 {
        if grace == 0 {
            return 0;
        }
        let Some(Course { seconds, hook }) = self.hook(index, PRE_STOP) else {
            return 0;
        };
        if hook == Hook::Fails || seconds > grace {
            let text = String::from("PreStopHook failed");
            self.say_of(index, Severity::Warning, "FailedPreStopHook", &text);
        }
        seconds.min(grace)
    }
}
