//! Equal pods one after another: what the last search of a template learnt is kept.
//!
//! A search looks at a stretch of rows, from where the last one ended, and needs of it the highest sum
//! of scores and the rows that have it. Rows whose normalised scores must be equal form a *group*: same
//! wishes of the pod, same domains, same number of equal pods. Within a group the sum depends on the
//! row's *base* alone (room and images). So a block of rows is told by the best base of each group and
//! how many rows have it; a stretch is a handful of blocks; and a pod that comes changes one row.
//! The choice is the one that [`super::placement`] makes row by row, and its tests hold both together.

use super::board::Board;
use super::placement::Memo;
use super::spread::Marks;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

/// Rows per block.
const BLOCK: usize = 32;
/// Groups that are remembered at least before those without rows are forgotten.
const MOST_GROUPS: usize = 256;

/// What rows of one group have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    /// `PreferNoSchedule` taints that the pod does not tolerate.
    pub unwelcome: i64,
    /// Weights of the pod's preferred node affinities.
    pub preferred: i64,
    /// Per wish for spread, what decides the raw score.
    pub marks: Marks,
}

/// A row as the pods of the template see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    /// Its group; [`NO_GROUP`] where it does not take the pod.
    group: u32,
    base: i32,
}

/// Of rows that do not take the pod.
const NO_GROUP: u32 = u32::MAX;

impl Standing {
    const CLOSED: Self = Self {
        group: NO_GROUP,
        base: 0,
    };

    fn is_open(self) -> bool {
        self.group != NO_GROUP
    }
}

/// The best rows of a group in some stretch.
#[derive(Debug, Clone, Copy)]
struct Best {
    row: Standing,
    /// How many rows stand so; 0 where none is meant.
    rows: u32,
}

/// [`BLOCK`] rows together.
#[derive(Debug, Default, Clone)]
struct Block {
    state: State,
    /// Rows that take the pod.
    fitting: u32,
    best: Vec<Best>,
}

/// What of a block is known.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Unread,
    Read,
}

/// A piece of the stretch that was searched.
#[derive(Debug, Clone)]
enum Piece {
    Block(usize),
    Rows(Range<usize>),
}

/// The rows as the pods of one template see them.
#[derive(Debug, Default)]
pub(super) struct Standings {
    groups: Vec<Group>,
    numbers: BTreeMap<Group, u32>,
    rows: Vec<Standing>,
    blocks: Vec<Block>,
    /// Charges of the board that were taken in.
    read: usize,
    stretch: Stretch,
}

/// The rows of one search.
#[derive(Debug, Default)]
struct Stretch {
    pieces: Vec<Piece>,
    /// Per group that occurs, its best.
    best: Vec<Best>,
    /// Per group: its place in `best`, or [`NO_GROUP`].
    places: Vec<u32>,
    /// Rows that take the pod.
    fitting: usize,
    /// Rows that were looked at.
    looked_at: usize,
    sums: Vec<i64>,
    /// How the rows with the highest sum stand, by group.
    highest: Vec<Standing>,
    raw: Vec<f64>,
}

/// Where a search starts, and how many rows that fit are enough for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub start: usize,
    pub wanted: usize,
}

/// What a search among equals came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    /// Rows that were looked at.
    pub looked_at: usize,
    /// The row to bind to; `None` where none fits.
    pub row: Option<usize>,
}

impl Standings {
    /// The best row of a stretch; among equally good ones that at the share `drawn` (0 to 1) of them.
    pub fn search(&mut self, memo: &Memo, board: &Board, bounds: Bounds, drawn: f64) -> Outcome {
        self.take_in(memo, board);
        self.walk(memo, board, bounds);
        Outcome {
            looked_at: self.stretch.looked_at,
            row: (self.stretch.fitting > 0).then(|| self.chosen(memo, drawn)),
        }
    }

    /// Looks anew at the rows on which pods have come.
    fn take_in(&mut self, memo: &Memo, board: &Board) {
        let rows = board.rows.len();
        if self.groups.len() > MOST_GROUPS.max(2 * rows) {
            *self = Self::default();
        }
        if self.rows.is_empty() || board.charges.len() - self.read > rows {
            self.rows.clear();
            self.rows.resize(rows, Standing::CLOSED);
            self.blocks.clear();
            self.blocks.resize(rows.div_ceil(BLOCK), Block::default());
            self.read = board.charges.len();
        }
        for row in &board.charges[self.read..] {
            let row = *row as usize;
            if self.blocks[row / BLOCK].state == State::Read {
                let new = self.standing(memo, board, row);
                let range = self.range(row / BLOCK);
                self.blocks[row / BLOCK].exchange(self.rows[row], new, &self.rows[range]);
                self.rows[row] = new;
            }
        }
        self.read = board.charges.len();
    }

    fn standing(&mut self, memo: &Memo, board: &Board, row: usize) -> Standing {
        if !memo.has_room(board, row) {
            return Standing::CLOSED;
        }
        let group = memo.group(row);
        let next = self.groups.len() as u32;
        let number = *self.numbers.entry(group).or_insert(next);
        if number == next {
            self.groups.push(group);
        }
        Standing {
            group: number,
            base: memo.base(&board.rows[row], row) as i32,
        }
    }

    /// Looks at rows until enough fit, as [`super::placement::Search`] does one by one.
    fn walk(&mut self, memo: &Memo, board: &Board, bounds: Bounds) {
        let total = self.rows.len();
        let mut stretch = core::mem::take(&mut self.stretch);
        stretch.clear();
        while stretch.looked_at < total && stretch.fitting < bounds.wanted {
            let ahead = bounds.start + stretch.looked_at;
            let row = if ahead < total { ahead } else { ahead - total };
            let end = (row - row % BLOCK + BLOCK).min(total);
            self.read_block(memo, board, row / BLOCK);
            let block = &self.blocks[row / BLOCK];
            let whole = row.is_multiple_of(BLOCK) && stretch.looked_at + (end - row) <= total;
            if whole && stretch.fitting + (block.fitting as usize) < bounds.wanted {
                stretch.add_block(row / BLOCK, block, end - row);
            } else {
                let end = end.min(row + total - stretch.looked_at);
                stretch.add_rows(&self.rows, row..end, bounds.wanted);
            }
        }
        self.stretch = stretch;
    }

    fn read_block(&mut self, memo: &Memo, board: &Board, block: usize) {
        if self.blocks[block].state == State::Read {
            return;
        }
        self.blocks[block].state = State::Read;
        for row in self.range(block) {
            self.rows[row] = self.standing(memo, board, row);
            self.blocks[block].add(self.rows[row]);
        }
    }

    fn range(&self, block: usize) -> Range<usize> {
        block * BLOCK..((block + 1) * BLOCK).min(self.rows.len())
    }

    /// The row with the highest sum of scores; among equals by the draw, in the order of the walk.
    fn chosen(&mut self, memo: &Memo, drawn: f64) -> usize {
        let count = self.stretch.judge(memo, &self.groups);
        let mut nth = ((drawn * count as f64) as usize).min(count.saturating_sub(1));
        for piece in &self.stretch.pieces {
            let rows = match piece {
                Piece::Block(block) => {
                    let there = self.stretch.meant(&self.blocks[*block].best);
                    if nth >= there {
                        nth -= there;
                        continue;
                    }
                    self.range(*block)
                }
                Piece::Rows(rows) => rows.clone(),
            };
            for (row, standing) in rows.clone().zip(&self.rows[rows]) {
                match (self.stretch.is_meant(*standing), nth) {
                    (true, 0) => return row,
                    (true, _) => nth -= 1,
                    (false, _) => {}
                }
            }
        }
        debug_assert!(false, "one of the best is in the stretch");
        0
    }
}

impl Block {
    fn add(&mut self, row: Standing) {
        if !row.is_open() {
            return;
        }
        self.fitting += 1;
        let met = Best { row, rows: 1 };
        match self.of_group(row.group) {
            Some(best) => best.meet(met),
            None => self.best.push(met),
        }
    }

    fn of_group(&mut self, group: u32) -> Option<&mut Best> {
        self.best.iter_mut().find(|best| best.row.group == group)
    }

    /// A row of the block stands otherwise than before; `rows` stand as before.
    fn exchange(&mut self, old: Standing, new: Standing, rows: &[Standing]) {
        if old.is_open() {
            self.fitting -= 1;
            self.take(old, rows);
        }
        self.add(new);
    }

    fn take(&mut self, old: Standing, rows: &[Standing]) {
        let Some(at) = self.best.iter().position(|b| b.row.group == old.group) else {
            return;
        };
        if self.best[at].row != old {
            return;
        }
        self.best[at].rows -= 1;
        if self.best[at].rows == 0 {
            self.best.swap_remove(at);
            self.next_best(old, rows);
        }
    }

    /// Looks for the best rows of a group below one that was.
    fn next_best(&mut self, old: Standing, rows: &[Standing]) {
        let others = rows
            .iter()
            .filter(|r| r.group == old.group && r.base < old.base);
        let mut next: Option<Best> = None;
        for row in others {
            let met = Best { row: *row, rows: 1 };
            match &mut next {
                Some(best) => best.meet(met),
                None => next = Some(met),
            }
        }
        self.best.extend(next);
    }
}

impl Best {
    /// Others of its group.
    fn meet(&mut self, met: Self) {
        if met.row.base > self.row.base {
            *self = met;
        } else if met.row.base == self.row.base {
            self.rows += met.rows;
        }
    }
}

impl Stretch {
    fn clear(&mut self) {
        self.pieces.clear();
        for best in self.best.drain(..) {
            self.places[best.row.group as usize] = NO_GROUP;
        }
        self.fitting = 0;
        self.looked_at = 0;
    }

    fn add_block(&mut self, index: usize, block: &Block, rows: usize) {
        for best in &block.best {
            self.meet(*best);
        }
        self.fitting += block.fitting as usize;
        self.looked_at += rows;
        self.pieces.push(Piece::Block(index));
    }

    /// Adds rows until enough fit.
    fn add_rows(&mut self, standings: &[Standing], rows: Range<usize>, wanted: usize) {
        let mut end = rows.start;
        for row in &standings[rows.clone()] {
            if self.fitting == wanted {
                break;
            }
            end += 1;
            if row.is_open() {
                self.fitting += 1;
                self.meet(Best { row: *row, rows: 1 });
            }
        }
        self.looked_at += end - rows.start;
        self.pieces.push(Piece::Rows(rows.start..end));
    }

    fn meet(&mut self, met: Best) {
        let group = met.row.group as usize;
        if self.places.len() <= group {
            self.places.resize(group + 1, NO_GROUP);
        }
        match self.best.get_mut(self.places[group] as usize) {
            Some(best) => best.meet(met),
            None => {
                self.places[group] = self.best.len() as u32;
                self.best.push(met);
            }
        }
    }

    /// Finds how the rows with the highest sum stand; gives how many rows those are.
    fn judge(&mut self, memo: &Memo, groups: &[Group]) -> usize {
        self.sums.clear();
        let bases = self.best.iter().map(|best| i64::from(best.row.base));
        self.sums.extend(bases);
        let present = self.best.iter().map(|b| &groups[b.row.group as usize]);
        memo.add_group_scores(present, self.fitting, &mut self.raw, &mut self.sums);
        let highest = self.sums.iter().copied().max().unwrap_or(0);
        let scored = self.best.iter().zip(&self.sums);
        let best = scored.filter(|(_, sum)| **sum == highest);
        self.highest.clear();
        self.highest.extend(best.clone().map(|(best, _)| best.row));
        best.map(|(best, _)| best.rows as usize).sum()
    }

    /// How many of these rows have the highest sum.
    fn meant(&self, block: &[Best]) -> usize {
        let among = |best: &&Best| self.is_meant(best.row);
        block.iter().filter(among).map(|b| b.rows as usize).sum()
    }

    /// Whether a row has the highest sum.
    fn is_meant(&self, row: Standing) -> bool {
        self.highest.contains(&row)
    }
}

#[cfg(test)]
mod tests;
