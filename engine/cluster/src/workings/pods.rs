//! Columns of what a tick writes per pod, in chunks that forks share.
//!
//! 40 bytes a pod in chunks of [`POD_CHUNK`]; one `Arc` a chunk, so that a fork
//! costs one count per chunk and the first write of a chunk one copy.

use aegis_model::{PodId, Tick};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Pods per chunk.
pub const POD_CHUNK: usize = 256;

/// The columns of up to [`POD_CHUNK`] pods.
#[derive(Debug, Clone, PartialEq)]
pub struct HotChunk {
    /// Bytes by which the working set has grown beyond what requests explain (a leak).
    pub grown: [f64; POD_CHUNK],
    /// Working set, bytes.
    pub memory: [f32; POD_CHUNK],
    /// CPU used in the last second, cores.
    pub cpu: [f32; POD_CHUNK],
    /// CPU used since the last scrape, core-seconds.
    pub cpu_sum: [f32; POD_CHUNK],
    /// The pod's own factor on memory; exactly 1 until it is drawn.
    pub factor: [f32; POD_CHUNK],
    /// Seconds that a light request (a probe) takes to be answered; infinite where nothing answers.
    pub answer: [f32; POD_CHUNK],
    /// First tick at which the process answers; [`Tick::NEVER`] while nothing runs.
    pub serving_from: [Tick; POD_CHUNK],
    /// Next tick at which the kubelet has something to do with the pod.
    pub due: [Tick; POD_CHUNK],
    /// Traffic class that the pod is in; `u32::MAX` is none.
    pub class: [u32; POD_CHUNK],
    /// None of `due` is earlier: a chunk whose time has not come is skipped whole.
    pub earliest: Tick,
}

impl Default for HotChunk {
    fn default() -> Self {
        Self {
            grown: [0.0; POD_CHUNK],
            memory: [0.0; POD_CHUNK],
            cpu: [0.0; POD_CHUNK],
            cpu_sum: [0.0; POD_CHUNK],
            factor: [1.0; POD_CHUNK],
            answer: [f32::INFINITY; POD_CHUNK],
            serving_from: [Tick::NEVER; POD_CHUNK],
            due: [Tick::NEVER; POD_CHUNK],
            class: [u32::MAX; POD_CHUNK],
            earliest: Tick::NEVER,
        }
    }
}

/// What each pod of a class does in a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassUse {
    /// CPU, cores.
    pub cpu: f32,
    /// Working set that requests explain, bytes; each pod's factor applies to it.
    pub held: f64,
    /// Bytes by which the working set grows for good.
    pub growth: f64,
    /// Bytes on top while something lasts.
    pub step: f64,
    /// Time in which a light request is answered, s.
    pub answer: f32,
}

/// What was written in a chunk since it was last read: where nothing was, nobody looks.
#[derive(Debug, Clone, Copy)]
struct Written {
    classes: Classes,
    /// Whether memory or answer times may be others than when thresholds were last compared.
    measured: bool,
    /// Whether CPU was added up since the last scrape.
    summed: bool,
}

/// Whether pods of a chunk are in classes of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Classes {
    /// To be seen.
    Unread,
    Some,
    None,
}

impl Written {
    const ALL: Self = Self {
        classes: Classes::Unread,
        measured: true,
        summed: true,
    };
}

/// All chunks.
#[derive(Debug, Default, Clone)]
pub struct HotPods {
    chunks: Vec<Arc<HotChunk>>,
    /// Of each chunk.
    written: Vec<Written>,
    /// Grows whenever memory may have been written.
    writes: u64,
    /// Pods that were admitted; columns beyond are never written.
    len: usize,
}

impl HotChunk {
    fn write(&mut self, rows: usize, uses: &[Option<ClassUse>]) {
        for row in 0..rows {
            let Some(Some(used)) = uses.get(self.class[row] as usize) else {
                continue;
            };
            self.grown[row] += used.growth;
            self.memory[row] =
                (used.held * f64::from(self.factor[row]) + self.grown[row] + used.step) as f32;
            self.cpu[row] = used.cpu;
            self.cpu_sum[row] += used.cpu;
            self.answer[row] = used.answer;
        }
    }

    /// Takes the rows whose time has come off the column; adds their pods to `due`.
    fn take_due(&mut self, index: usize, rows: usize, now: Tick, due: &mut Vec<PodId>) {
        // Without branches: which rows are due cannot be foretold.
        let mut taken = [0_u8; POD_CHUNK];
        let mut count = 0;
        for (row, at) in self.due[..rows].iter().enumerate() {
            taken[count % POD_CHUNK] = row as u8;
            count += usize::from(*at <= now);
        }
        for row in &taken[..count] {
            self.due[usize::from(*row)] = Tick::NEVER;
            due.push(PodId::from(index * POD_CHUNK + usize::from(*row)));
        }
        self.earliest = match count {
            // Where so many were due, some will be in the next second.
            MANY.. => now.after(1),
            _ => self.due[..rows].iter().fold(Tick::NEVER, |a, b| a.min(*b)),
        };
    }
}

/// Rows of a chunk that are due at once from which on the next second is looked at in any case.
const MANY: usize = 16;

/// Where a pod stands: its chunk and its place in it.
const fn place(pod: PodId) -> (usize, usize) {
    (pod.index() / POD_CHUNK, pod.index() % POD_CHUNK)
}

impl HotPods {
    /// Makes room for `pod`; its columns start empty.
    pub fn admit(&mut self, pod: PodId) {
        while self.chunks.len() <= pod.index() / POD_CHUNK {
            self.chunks.push(Arc::default());
            self.written.push(Written::ALL);
        }
        self.len = self.len.max(pod.index() + 1);
    }

    /// Pods in a chunk.
    #[must_use]
    pub fn rows(&self, chunk: usize) -> usize {
        self.len.saturating_sub(chunk * POD_CHUNK).min(POD_CHUNK)
    }

    /// The chunk of a pod, and the pod's place in it. The pod must have been admitted.
    #[must_use]
    pub fn at(&self, pod: PodId) -> (&HotChunk, usize) {
        let (chunk, row) = place(pod);
        (&self.chunks[chunk], row)
    }

    /// The same for writing; copies the chunk if a fork shares it.
    pub fn at_mut(&mut self, pod: PodId) -> (&mut HotChunk, usize) {
        debug_assert!(pod.index() < self.len, "the pod was admitted");
        let (chunk, row) = place(pod);
        self.written[chunk] = Written::ALL;
        self.writes += 1;
        (Arc::make_mut(&mut self.chunks[chunk]), row)
    }

    /// Counts what may have written memory: as long as it stays, so does the memory of all pods.
    #[must_use]
    pub const fn writes(&self) -> u64 {
        self.writes
    }

    /// Whether memory or answer times of a chunk may be others than at the last [`HotPods::compared`].
    #[must_use]
    pub fn is_measured(&self, index: usize) -> bool {
        self.written[index].measured
    }

    /// A threshold of the chunk is another one.
    pub fn compare_again(&mut self, index: usize) {
        self.written[index].measured = true;
    }

    /// No pod of the chunk is above a threshold, until something is written.
    pub fn compared(&mut self, index: usize) {
        self.written[index].measured = false;
    }

    /// All chunks, in order of pods.
    #[must_use]
    pub fn chunks(&self) -> &[Arc<HotChunk>] {
        &self.chunks
    }

    /// A chunk for writing; copies it if a fork shares it.
    pub fn chunk_mut(&mut self, index: usize) -> Option<&mut HotChunk> {
        *self.written.get_mut(index)? = Written::ALL;
        self.writes += 1;
        self.chunks.get_mut(index).map(Arc::make_mut)
    }

    /// Writes a second's use to the pods of each class, by the class column; pods of a class
    /// without one keep what they have. One pass over the columns, one look at sharing a chunk.
    pub fn write(&mut self, uses: &[Option<ClassUse>]) {
        for index in 0..self.chunks.len() {
            if self.classes(index) == Classes::Some {
                let rows = self.rows(index);
                Arc::make_mut(&mut self.chunks[index]).write(rows, uses);
                self.written[index].measured = true;
                self.written[index].summed = true;
                self.writes += 1;
            }
        }
    }

    fn classes(&mut self, index: usize) -> Classes {
        let rows = self.rows(index);
        let chunk = &self.chunks[index];
        let known = &mut self.written[index].classes;
        if *known == Classes::Unread {
            let any = chunk.class[..rows].iter().any(|class| *class != u32::MAX);
            *known = if any { Classes::Some } else { Classes::None };
        }
        *known
    }

    /// Takes the pods of a chunk whose time has come off the column and adds them to `due`, in
    /// order. Costs one comparison where none has.
    pub fn take_due(&mut self, index: usize, now: Tick, due: &mut Vec<PodId>) {
        let rows = self.rows(index);
        if let Some(chunk) = self.chunks.get_mut(index)
            && chunk.earliest <= now
        {
            Arc::make_mut(chunk).take_due(index, rows, now, due);
        }
    }

    /// Starts the sums of the next scrape.
    pub fn restart_sums(&mut self) {
        for (chunk, written) in self.chunks.iter_mut().zip(&mut self.written) {
            if written.summed && chunk.cpu_sum.iter().any(|sum| *sum != 0.0) {
                Arc::make_mut(chunk).cpu_sum = [0.0; POD_CHUNK];
            }
            written.summed = false;
        }
    }

    /// Sets when the kubelet next looks at the pod.
    pub fn set_due(&mut self, pod: PodId, due: Tick) {
        debug_assert!(pod.index() < self.len, "the pod was admitted");
        let (chunk, row) = place(pod);
        let chunk = Arc::make_mut(&mut self.chunks[chunk]);
        chunk.due[row] = due;
        chunk.earliest = chunk.earliest.min(due);
    }
}
