//! What is read from the rows of all nodes again and again, kept while none of them is written.

use aegis_model::Table;
use aegis_model::objects::Node;
use alloc::sync::Arc;

/// What was read from the nodes' rows.
#[derive(Debug, Clone)]
pub struct OfNodes<T> {
    /// The rows then. They are held, so that whoever writes one does so in a copy.
    rows: Table<Node>,
    read: Arc<T>,
}

impl<T: Default> Default for OfNodes<T> {
    fn default() -> Self {
        Self {
            rows: Table::default(),
            read: Arc::default(),
        }
    }
}

impl<T> OfNodes<T> {
    /// What `read` gives for `nodes`; read anew where a row was written since the last call.
    pub fn of(&mut self, nodes: &Table<Node>, read: impl FnOnce(&Table<Node>) -> T) -> Arc<T> {
        if !self.rows.is_same(nodes) {
            self.read = Arc::new(read(nodes));
            self.rows = nodes.clone();
        }
        self.read.clone()
    }
}
