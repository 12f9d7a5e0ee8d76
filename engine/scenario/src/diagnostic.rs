//! What is wrong with a file: code, place, value, and what would be right.
//!
//! A [`Finding`] knows the path of a field; the loader looks its place up and
//! makes a [`aegis_kube::Diagnostic`] of it.

use aegis_kube::spelling::nearest;
use aegis_model::FieldPath;
use aegis_model::path::Segment;
use std::fmt;

macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal, $about:literal;)*) => {
        /// A stable code. Codes up to S099 are errors, from S101 on warnings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As it is printed: `AEG-S014`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// In a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What it means and what to do, for `aegis explain`.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$name => $about,)* }
            }
        }
    };
}

codes! {
    Unreadable = "AEG-S001", "the file is not readable YAML", "The text could not be read as YAML, or it is too deep or too large. Look at the place that is named; a tab or a missing space after a colon is the usual cause.";
    Documents = "AEG-S002", "there must be one Scenario document", "A scenario file holds one document of kind Scenario, then Kubernetes manifests. Put a second scenario into a file of its own.";
    UnknownField = "AEG-S003", "unknown field", "The Scenario kind has no such field. Unknown fields of Kubernetes kinds are kept; in our own kind they are errors, because a misspelt word would silently do nothing. See `aegis scenario schema`.";
    MissingField = "AEG-S004", "a required field is missing", "Add the field; the message names it and what it takes.";
    WrongValue = "AEG-S005", "the value has the wrong form", "The message says what would be right: lengths of time have units, CPU and memory are Kubernetes quantities, shares are from 0 to 1 or percentages.";
    NotSimulated = "AEG-S006", "this word is not simulated yet", "The word belongs to the format, but nothing acts on it yet. It is refused rather than ignored, so that a result never rests on it.";
    ExactlyOne = "AEG-S007", "exactly one of these words must stand here", "The words exclude each other; keep one.";
    Include = "AEG-S008", "an included file cannot be read", "Paths in `include` and `trace` are relative to the file that names them.";
    UnknownObject = "AEG-S009", "unknown object", "No object of that kind, namespace and name is among the manifests. Objects are written kind/name or kind/namespace/name; without a namespace the only object of that kind and name is meant, else the one in `default`.";
    UnknownFault = "AEG-S010", "unknown fault", "The catalogue has no fault of that id: `aegis faults list` shows them all.";
    Parameter = "AEG-S011", "wrong parameter of a fault", "The fault has no such parameter, or the value lies outside its range: `aegis faults show ID` lists them.";
    FaultTarget = "AEG-S012", "the fault does not act on this kind of object", "`aegis faults show ID` lists what a fault acts on.";
    Truth = "AEG-S013", "the truth must be stated", "What is wrong cannot be derived from the chaos entries: state `truth.causes`, or an empty list where nothing is wrong.";
    UnknownService = "AEG-S014", "unknown service", "No Service of that name is among the manifests.";
    Patch = "AEG-S015", "the patch does not apply", "A JSON patch names a place that the object does not have, or a test in it fails.";
    UnknownContainer = "AEG-S016", "unknown container", "The pod template has no container of that name.";
    Time = "AEG-S017", "the time lies outside the run", "Times count from 0 to the duration; what would come later would never happen.";
    Refused = "AEG-S018", "the API server would refuse this object", "The object contradicts itself or another one, as its message says.";
    NoNodes = "AEG-S019", "there is no node", "State `cluster.nodes`, add Node documents, or leave both out: then nodes are made that requests fill to 60 %.";
    NoTraffic = "AEG-S020", "there is no traffic", "Objectives need an entry that users send requests to: state `traffic`.";
    TooManyPods = "AEG-S021", "more pods than a simulated cluster has", "Manifests may ask for 150,000 pods together, as many as Kubernetes is made for. Ask for fewer replicas; a trailing zero too many is the usual cause.";
    Trace = "AEG-S022", "a file is no table of a cluster trace, or a row of it is wrong", "Read are tables of Google's cluster traces of 2011 and 2019 and of Alibaba's of 2017 and 2018, one table a file, with or without a first row of column names. The message names the row, the column and the value; `docs/observation.md` lists the tables.";
    DeadEdge = "AEG-S101", "a call goes nowhere", "The address names no Service in the cluster; the edge is kept with a ratio of 0.";
    KindNotSimulated = "AEG-S102", "this kind is not simulated", "The object is kept and printed, but nothing acts on it.";
    FitsNowhere = "AEG-S103", "a pod fits on no node", "Its requests are larger than every node; it will stay Pending.";
    CallCycle = "AEG-S104", "the call graph has a cycle", "Requests inside a cycle use the last second's values, and fail after 32 hops.";
}

impl Code {
    /// Whether the file is refused.
    #[must_use]
    pub const fn is_error(self) -> bool {
        (self as u32) < (Self::DeadEdge as u32)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Whether a finding is about a field's name or its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The name.
    Key,
    /// The value.
    Value,
}

/// Something wrong at a path of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What.
    pub code: Code,
    /// Where in the document.
    pub path: FieldPath,
    /// Name or value of the field.
    pub side: Side,
    /// The offending text.
    pub value: String,
    /// In a sentence.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl Finding {
    /// A finding about the value at `path`.
    #[must_use]
    pub fn new(
        code: Code,
        path: &FieldPath,
        value: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            path: path.clone(),
            side: Side::Value,
            value: value.into(),
            message: message.into(),
            help: None,
        }
    }

    /// The same about the field's name.
    #[must_use]
    pub fn of_key(mut self) -> Self {
        self.side = Side::Key;
        self
    }

    /// The same with what would be right.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with the nearest of `known`, if one is near.
    #[must_use]
    pub fn did_you_mean<'a>(mut self, known: impl IntoIterator<Item = &'a str>) -> Self {
        if let Some(near) = nearest(&self.value, known) {
            self.help = Some(format!("did you mean `{near}`?"));
        }
        self
    }
}

/// The path of the item at `position` of the list at `path`.
#[must_use]
pub fn child(path: &FieldPath, position: usize) -> FieldPath {
    let mut segments = path.0.clone();
    segments.push(Segment::Index(position));
    FieldPath(segments)
}
