//! Callers before callees: strongly connected components in topological order.
//!
//! Tarjan's algorithm without recursion, so that a long chain of calls needs no
//! stack. Within a component the order is that of discovery, by id and never by name.

use super::network::{ClassId, NO_CYCLE, Turn};
use alloc::vec;
use alloc::vec::Vec;

/// Classes in an order in which a tick can pass them.
pub(crate) struct Ordered {
    /// Callers first.
    pub order: Vec<ClassId>,
    /// Place of each class in the order.
    place: Vec<u32>,
    /// Component of each class.
    component: Vec<u32>,
}

impl Ordered {
    /// When `callee` has its turn, seen from `caller`.
    pub fn turn(&self, caller: ClassId, callee: ClassId) -> Turn {
        if self.component[caller.index()] != self.component[callee.index()] {
            Turn::Later
        } else if self.place[caller.index()] < self.place[callee.index()] {
            Turn::Within
        } else {
            Turn::Back
        }
    }

    /// Each class's place among those on a cycle, and how many there are.
    pub fn cycles(&self, callees: &[Vec<ClassId>]) -> (Vec<u32>, u32) {
        let mut cycle = vec![NO_CYCLE; callees.len()];
        let mut count = 0;
        for caller in &self.order {
            let within = |callee: &ClassId| self.turn(*caller, *callee) != Turn::Later;
            if callees[caller.index()].iter().any(within) {
                cycle[caller.index()] = count;
                count += 1;
            }
        }
        (cycle, count)
    }
}

/// Orders the classes whose callees are given.
pub(crate) fn callers_first(callees: &[Vec<ClassId>]) -> Ordered {
    let mut search = Search::new(callees);
    for class in 0..callees.len() as u32 {
        if search.index[class as usize] == UNSEEN {
            search.visit(class);
        }
    }
    search.finish()
}

const UNSEEN: u32 = u32::MAX;

struct Search<'a> {
    callees: &'a [Vec<ClassId>],
    index: Vec<u32>,
    low: Vec<u32>,
    component: Vec<u32>,
    stack: Vec<u32>,
    seen: u32,
    components: u32,
    /// Classes, callees first.
    done: Vec<ClassId>,
}

impl<'a> Search<'a> {
    fn new(callees: &'a [Vec<ClassId>]) -> Self {
        let blank = || vec![UNSEEN; callees.len()];
        Self {
            callees,
            index: blank(),
            low: blank(),
            component: blank(),
            stack: Vec::new(),
            seen: 0,
            components: 0,
            done: Vec::new(),
        }
    }

    fn visit(&mut self, root: u32) {
        self.open(root);
        let mut path = vec![(root, 0)];
        while let Some((class, next)) = path.pop() {
            let callees = self.callees;
            if let Some(callee) = callees[class as usize].get(next) {
                path.push((class, next + 1));
                self.meet(class, callee.0, &mut path);
            } else {
                self.close(class);
                if let Some(&(caller, _)) = path.last() {
                    self.lower(caller, self.low[class as usize]);
                }
            }
        }
    }

    fn open(&mut self, class: u32) {
        self.index[class as usize] = self.seen;
        self.low[class as usize] = self.seen;
        self.seen += 1;
        self.stack.push(class);
    }

    fn meet(&mut self, class: u32, callee: u32, path: &mut Vec<(u32, usize)>) {
        if self.index[callee as usize] == UNSEEN {
            self.open(callee);
            path.push((callee, 0));
        } else if self.component[callee as usize] == UNSEEN {
            self.lower(class, self.index[callee as usize]);
        }
    }

    fn lower(&mut self, class: u32, to: u32) {
        let low = &mut self.low[class as usize];
        *low = (*low).min(to);
    }

    fn close(&mut self, class: u32) {
        if self.low[class as usize] != self.index[class as usize] {
            return;
        }
        let start = self.stack.iter().rposition(|&on| on == class).unwrap_or(0);
        for member in self.stack.split_off(start).into_iter().rev() {
            self.component[member as usize] = self.components;
            self.done.push(ClassId(member));
        }
        self.components += 1;
    }

    fn finish(self) -> Ordered {
        let mut order = self.done;
        order.reverse();
        let mut place = vec![0; order.len()];
        for (at, class) in order.iter().enumerate() {
            place[class.index()] = at as u32;
        }
        Ordered {
            order,
            place,
            component: self.component,
        }
    }
}
