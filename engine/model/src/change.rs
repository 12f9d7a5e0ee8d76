//! Changes of objects, and the record that the API server's audit log keeps of them.

use crate::diagnosis::Target;
use crate::ids::Doc;
use crate::kubernetes::ObjectRef;
use crate::path::FieldPath;
use crate::procedure::{Procedure, Way};
use crate::units::Tick;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smol_str::SmolStr;

/// One field before and after; an absent side is a field that is not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Where.
    pub path: FieldPath,
    /// Value before.
    pub before: Option<Value>,
    /// Value after.
    pub after: Option<Value>,
}

impl FieldChange {
    /// The change that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self {
            path: self.path.clone(),
            before: self.after.clone(),
            after: self.before.clone(),
        }
    }
}

/// A write to the API server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectChange {
    /// An object arrives.
    Create {
        /// Its document.
        document: Doc,
    },
    /// Fields of an object change.
    Update {
        /// The object.
        object: ObjectRef,
        /// Its fields.
        fields: Vec<FieldChange>,
    },
    /// An object is deleted.
    Delete {
        /// The object.
        object: ObjectRef,
        /// As it was.
        document: Doc,
    },
    /// A command is run in a container, at a node or on an add-on: what an audit log keeps of the `create` of a
    /// subresource. It writes nothing that an object shows.
    Exec {
        /// The object.
        object: ObjectRef,
        /// The same by its id.
        on: Target,
        /// What is done.
        procedure: Procedure,
        /// Done, or taken back.
        way: Way,
    },
}

impl ObjectChange {
    /// The change that takes this one back, where the object that it is of is named so; none for a command that
    /// nothing takes back, and for one that took another back.
    #[must_use]
    pub fn inverse(&self, object: &ObjectRef) -> Option<Self> {
        let (object, document) = match self {
            Self::Create { document } => (object.clone(), document.clone()),
            Self::Delete { document, .. } => {
                let document = document.clone();
                return Some(Self::Create { document });
            }
            Self::Update { object, fields } => return Some(undone(object, fields)),
            Self::Exec { .. } => return self.command_back(),
        };
        Some(Self::Delete { object, document })
    }

    fn command_back(&self) -> Option<Self> {
        let mut back = self.clone();
        match &mut back {
            Self::Exec { procedure, way, .. } if *way == Way::Done && procedure.has_undo() => {
                *way = Way::TakenBack;
            }
            _ => return None,
        }
        Some(back)
    }
}

fn undone(object: &ObjectRef, fields: &[FieldChange]) -> ObjectChange {
    ObjectChange::Update {
        object: object.clone(),
        fields: fields.iter().rev().map(FieldChange::inverse).collect(),
    }
}

/// One entry of the record of changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// When.
    pub at: Tick,
    /// Who: `user:deployer`, `cronjob:nightly`, `aegis`.
    pub actor: SmolStr,
    /// The object.
    pub object: ObjectRef,
    /// What.
    pub change: Arc<ObjectChange>,
}
