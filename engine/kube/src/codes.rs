//! Stable codes of what can be wrong with Kubernetes documents, and what they mean.
//!
//! A code, once given, keeps its meaning; new ones are added at the end.

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal, $title:literal, $text:literal;)*) => {
        /// One code per kind of problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $code,)* }

        impl Code {
            /// As printed: `AEG-K…`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }
        }

        const TABLE: &[Explanation] = &[$(Explanation { code: $name, title: $title, text: $text },)*];
    };
}

/// What a code means, for `aegis explain CODE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// `AEG-K…`.
    pub code: &'static str,
    /// In a few words.
    pub title: &'static str,
    /// Why it is refused, and what to do.
    pub text: &'static str,
}

/// All codes of this crate, in order.
#[must_use]
pub const fn codes() -> &'static [Explanation] {
    TABLE
}

/// The explanation of a code, letters of either case.
#[must_use]
pub fn explain(code: &str) -> Option<&'static Explanation> {
    TABLE
        .iter()
        .find(|entry| entry.code.eq_ignore_ascii_case(code))
}

codes! {
    /// Not UTF-8.
    Encoding = "AEG-K001", "the input is not UTF-8 text",
        "Manifests are read as UTF-8. UTF-16 (what some Windows shells write with `>`), archives and other binary \
         files are refused. Convert the file (`iconv -f UTF-16 -t UTF-8`), or unpack the archive first.";
    /// Broken YAML.
    Yaml = "AEG-K002", "the YAML is broken",
        "The text does not follow YAML's grammar at the place shown. Usual causes: a tab in the indentation, a value \
         with `: ` that is not quoted, a list item less indented than its neighbours, or a Helm template that was \
         never rendered (`helm template` renders it).";
    /// Broken JSON.
    Json = "AEG-K003", "the JSON is broken",
        "The text starts like JSON and breaks JSON's grammar at the place shown. A file that was cut off while it \
         was written ends in such an error at its last line.";
    /// A key stands twice.
    DuplicateKey = "AEG-K004", "a key stands twice in one mapping",
        "One of the two values would win silently, and tools differ about which. Remove or rename one of them.";
    /// Too deep.
    TooDeep = "AEG-K005", "the document is nested too deeply",
        "No Kubernetes object needs 128 levels; what does is a mistake or an attack. Aliases count with what they \
         stand for.";
    /// Too much.
    TooMany = "AEG-K006", "the input is too large",
        "Inputs are bounded: in bytes, in documents, and in how far YAML aliases may expand (a few lines of aliases \
         can stand for billions of values). Split the input, or write the aliases out.";
    /// Not an object.
    NotAnObject = "AEG-K007", "a document is not a Kubernetes object",
        "Every document is a mapping with `apiVersion`, `kind` and `metadata.name`. Helm's values files, Chart.yaml \
         and the notes that `helm install` prints are not: render the chart with `helm template NAME CHART` and give \
         what it prints.";
    /// Unknown kind.
    UnknownKind = "AEG-K008", "the API version has no such kind",
        "Either the kind is misspelt, or the API version is one that Kubernetes 1.34 no longer serves. The groups of \
         Kubernetes itself are closed lists; kinds of other groups (custom resources) are kept as they are and listed \
         as not simulated.";
    /// Wrong type.
    WrongType = "AEG-K009", "a value has the wrong type",
        "The field wants another type than the value has. In YAML an unquoted `8080` is a number and an unquoted \
         `yes` is a boolean: values of environment variables, labels and annotations must be quoted then.";
    /// Missing.
    Required = "AEG-K010", "a required field is missing",
        "The API server refuses the object without this field.";
    /// Invalid.
    Invalid = "AEG-K011", "a value is invalid",
        "The API server refuses the value; the message says why in its words.";
    /// Not in the list.
    Unsupported = "AEG-K012", "a value is not one of those allowed",
        "The field takes one of a closed list of words, spelt exactly so.";
    /// Not unique.
    Duplicate = "AEG-K013", "a value is used twice where it must be unique",
        "Names of containers, volumes and ports, and the like, are keys of their lists: each may stand once.";
    /// Object twice.
    DuplicateObject = "AEG-K014", "an object stands twice in the input",
        "Two documents have the same kind, namespace and name. Applied one after the other the second would \
         replace the first, which is rarely meant.";
    /// Unknown field.
    UnknownField = "AEG-K015", "the kind has no such field",
        "The API server drops fields that it does not know (or refuses them under strict validation), so the \
         setting has no effect. Usually it is misspelt or stands at the wrong depth. A warning, not an error.";
    /// Forbidden.
    Forbidden = "AEG-K016", "a field may not be set here",
        "The API server refuses the field in this combination; the message says why in its words.";
    /// Old version.
    OldVersion = "AEG-K017", "the API version is no longer served",
        "Kubernetes 1.34 would not take the object in this version. Kinds that are simulated are read as the \
         current version, with the defaults of the version that was written; others are kept as they came. A \
         warning, not an error, so that older manifests and dumps run; change `apiVersion` before you apply them.";
    /// Key twice in a Kubernetes object.
    RepeatedKey = "AEG-K018", "a key stands twice in one mapping of an object",
        "kubectl takes the last value without a word, so that is what is played; other tools refuse the file. \
         Remove one of the two. In kinds of our own it is an error (AEG-K004). A warning, not an error.";
    /// Object again.
    RepeatedObject = "AEG-K019", "the same object stands again",
        "Two documents describe one object and say the same (what Secrets hold may differ: charts draw passwords \
         anew). kubectl would apply both; the last counts. Where they contradict each other it is an error \
         (AEG-K014). A warning, not an error.";
}

#[cfg(test)]
mod tests {
    use super::{codes, explain};

    #[test]
    fn codes_are_unique_and_explained() {
        let names: std::collections::BTreeSet<_> = codes().iter().map(|entry| entry.code).collect();
        assert_eq!(names.len(), codes().len());
        assert!(codes().iter().all(|entry| entry.text.ends_with('.')));
        assert_eq!(explain("aeg-k002").map(|e| e.code), Some("AEG-K002"));
    }
}
