//! References: the same work over what anyone would write first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// Columns of pods in bare vectors.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// Bytes grown beyond what requests explain.
    pub grown: Vec<f64>,
    /// Working set, bytes.
    pub memory: Vec<f32>,
    /// CPU of the last second, cores.
    pub cpu: Vec<f32>,
    /// CPU since the last scrape, core-seconds.
    pub cpu_sum: Vec<f32>,
    /// Factor on memory.
    pub factor: Vec<f32>,
    /// Answer time, s.
    pub answer: Vec<f32>,
    /// Class.
    pub class: Vec<u32>,
    /// Memory limit, bytes.
    pub limit: Vec<f32>,
    /// Answer time that fails a probe, s.
    pub slow: Vec<f32>,
    /// Next tick at which there is something to do.
    pub due: Vec<u32>,
}

/// What each pod of a class does in a second.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    /// Cores.
    pub cpu: f32,
    /// Bytes held for requests.
    pub held: f64,
    /// Bytes by which it grows.
    pub growth: f64,
    /// Answer time, s.
    pub answer: f32,
}

impl Columns {
    /// So many pods, dealt to so many classes in turn.
    #[must_use]
    pub fn of(pods: usize, classes: usize) -> Self {
        Self {
            grown: vec![0.0; pods],
            memory: vec![0.0; pods],
            cpu: vec![0.0; pods],
            cpu_sum: vec![0.0; pods],
            factor: vec![1.0; pods],
            answer: vec![0.0; pods],
            class: (0..pods).map(|pod| (pod * classes / pods) as u32).collect(),
            limit: vec![1e12; pods],
            slow: vec![1.0; pods],
            due: vec![u32::MAX; pods],
        }
    }

    /// One second: what a class does is written to its pods.
    pub fn write(&mut self, uses: &[Use]) {
        for pod in 0..self.class.len() {
            let used = &uses[self.class[pod] as usize];
            self.grown[pod] += used.growth;
            self.memory[pod] = (used.held * f64::from(self.factor[pod]) + self.grown[pod]) as f32;
            self.cpu[pod] = used.cpu;
            self.cpu_sum[pod] += used.cpu;
            self.answer[pod] = used.answer;
        }
    }

    /// Pods above a limit, too slow, or due.
    #[must_use]
    pub fn alarms(&self, now: u32) -> usize {
        let above = |pod: &usize| {
            self.memory[*pod] > self.limit[*pod]
                || self.answer[*pod] > self.slow[*pod]
                || self.due[*pod] <= now
        };
        (0..self.class.len()).filter(above).count()
    }
}

/// A pod as a row behind its name.
#[derive(Debug, Clone)]
pub struct NamedPod {
    /// Its node's name.
    pub node: String,
    /// Its phase.
    pub phase: String,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Cores, bytes, bytes grown, seconds to answer.
    pub numbers: [f64; 4],
}

/// Pods by name, as simulators in scripting style keep them.
#[must_use]
pub fn pods_by_name(pods: usize, nodes: usize) -> HashMap<String, NamedPod> {
    let pod = |index: usize| {
        let row = NamedPod {
            node: format!("node-{}", index % nodes),
            phase: "Running".to_owned(),
            labels: vec![("app".to_owned(), format!("service-{}", index % 300))],
            numbers: [0.1, 6e7, 0.0, 0.002],
        };
        (format!("service-{}-{index:08x}", index % 300), row)
    };
    (0..pods).map(pod).collect()
}

/// Timers in a binary heap.
#[derive(Debug, Clone, Default)]
pub struct Heap(BinaryHeap<Reverse<(u32, u32)>>);

impl Heap {
    /// So many timers, spread evenly over a period of so many ticks.
    #[must_use]
    pub fn of(timers: u32, period: u32) -> Self {
        Self(
            (0..timers)
                .map(|timer| Reverse((timer % period, timer)))
                .collect(),
        )
    }

    /// Fires what is due at `now`, sets each again after `period`, and says how many there were.
    pub fn fire(&mut self, now: u32, period: u32) -> u32 {
        let mut fired = 0;
        while let Some(Reverse((at, timer))) = self.0.peek().copied()
            && at <= now
        {
            self.0.pop();
            self.0.push(Reverse((now + period, timer)));
            fired += 1;
        }
        fired
    }
}

/// Nodes as the two scores of room see them, in bare vectors.
#[derive(Debug, Clone)]
pub struct Nodes {
    /// CPU that is there and that is asked for, millicores.
    pub cpu: Vec<(u64, u64)>,
    /// Memory that is there and that is asked for, bytes.
    pub memory: Vec<(u64, u64)>,
}

impl Nodes {
    /// So many nodes of 32 cores and 128 GiB, more or less taken.
    #[must_use]
    pub fn of(nodes: usize) -> Self {
        let index = 0..nodes as u64;
        Self {
            cpu: index.clone().map(|node| (32_000, node % 900)).collect(),
            memory: index.map(|node| (128 << 30, (node % 1000) << 20)).collect(),
        }
    }

    /// Free shares and balance of all nodes for a pod that asks for so much: what LeastAllocated and
    /// BalancedAllocation compute, in one loop; gives the highest sum.
    #[must_use]
    pub fn highest(&self, cpu: u64, memory: u64) -> i64 {
        let free = |(there, used): (u64, u64)| ((there - used.min(there)) * 100 / there) as i64;
        let share = |(there, used): (u64, u64)| (used as f64 / there as f64).min(1.0);
        let nodes = self.cpu.iter().zip(&self.memory);
        let scores = nodes.map(|(of_cpu, of_memory)| {
            let of_cpu = (of_cpu.0, of_cpu.1 + cpu);
            let of_memory = (of_memory.0, of_memory.1 + memory);
            let apart = (share(of_cpu) - share(of_memory)).abs() / 2.0;
            (free(of_cpu) + free(of_memory)) / 2 + ((1.0 - apart) * 100.0) as i64
        });
        scores.max().unwrap_or(0)
    }
}
