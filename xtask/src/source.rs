//! A Rust source as the rules see it: its text, its code alone, and which part of it is tests.

use crate::functions::{Function, body_start, functions, line_of, matching_brace, words};
use crate::lexer::blank;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

/// A `.rs` file.
#[derive(Debug)]
pub struct Source {
    /// Its path under the root, with forward slashes.
    pub path: String,
    /// The text as it is.
    pub text: String,
    /// The text without comments and the insides of strings.
    pub code: String,
    /// Its functions.
    pub functions: Vec<Function>,
    tests: Tests,
}

/// Which part of a file is only there for tests.
#[derive(Debug)]
enum Tests {
    Whole,
    Parts(Vec<Range<usize>>),
}

impl Source {
    /// Reads a source from its text.
    pub fn new(path: &str, text: &str) -> Self {
        let code = blank(text);
        let tests = if is_test_path(path) || code.contains("#![cfg(test)]") {
            Tests::Whole
        } else {
            Tests::Parts(test_items(&code))
        };
        Self {
            path: path.to_owned(),
            functions: functions(&code),
            text: text.to_owned(),
            code,
            tests,
        }
    }

    /// Whether what stands at an offset is only there for tests.
    pub fn is_test(&self, at: usize) -> bool {
        match &self.tests {
            Tests::Whole => true,
            Tests::Parts(parts) => parts.iter().any(|part| part.contains(&at)),
        }
    }

    /// Lines at which a word stands outside tests.
    pub fn product_lines<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let outside = words(&self.code, word).filter(|&at| !self.is_test(at));
        outside.map(|at| line_of(&self.code, at))
    }

    /// Number of lines.
    pub fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// Paths of the files that a `#[cfg(test)] mod name;` of this file makes tests.
    fn test_modules(&self) -> Vec<String> {
        let Tests::Parts(parts) = &self.tests else {
            return Vec::new();
        };
        let names = parts
            .iter()
            .filter_map(|part| module_name(&self.code[part.clone()]));
        names
            .map(|name| format!("{}{name}", module_folder(&self.path)))
            .collect()
    }
}

/// Marks what test modules without a body of their own hold: `#[cfg(test)] mod tests;`.
pub fn mark_test_modules(sources: &mut [Source]) {
    let modules: BTreeSet<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in sources {
        let inside = modules.iter().any(|module| {
            source
                .path
                .strip_prefix(module.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
        if inside {
            source.tests = Tests::Whole;
        }
    }
}

fn is_test_path(path: &str) -> bool {
    let outside_src = ["tests", "benches", "examples"];
    let mut folders = path.split('/').take_while(|part| *part != "src");
    folders.any(|part| outside_src.contains(&part))
}

/// Folder, with its slash, in which the modules of a file stand.
fn module_folder(path: &str) -> String {
    let path = Path::new(path);
    let folder = path.parent().unwrap_or(Path::new("")).to_string_lossy();
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib" | "main" | "mod") | None => format!("{folder}/"),
        Some(stem) => format!("{folder}/{stem}/"),
    }
}

fn module_name(item: &str) -> Option<&str> {
    let at = words(item, "mod").next()?;
    item[at + 3..].trim().strip_suffix(';').map(str::trim)
}

fn test_items(code: &str) -> Vec<Range<usize>> {
    let attributes = code
        .match_indices("#[")
        .filter(|(at, _)| is_test_attribute(&code[*at..]));
    attributes.map(|(at, _)| at..item_end(code, at)).collect()
}

fn is_test_attribute(code: &str) -> bool {
    let inside = code[2..].split(']').next().unwrap_or_default();
    inside.trim() == "test"
        || inside.starts_with("cfg(")
            && words(inside, "test").next().is_some()
            && !inside.contains("not(test)")
}

/// Offset just past the item to which the attribute at `at` belongs.
fn item_end(code: &str, at: usize) -> usize {
    let brace = body_start(code, at).and_then(|open| matching_brace(code, open));
    let semicolon = || code[at..].find(';').map(|length| at + length + 1);
    brace.or_else(semicolon).unwrap_or(code.len())
}

#[cfg(test)]
mod tests {
    use super::{Source, mark_test_modules};

    /// Lines of `fn` outside tests.
    fn product(path: &str, text: &str) -> Vec<usize> {
        Source::new(path, text).product_lines("fn").collect()
    }

    #[test]
    fn test_items_are_told_from_the_rest() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\n#[test]\nfn c() {}\n#[cfg(test)]\nuse x;\nfn d() {}\n";
        assert_eq!(product("m/src/lib.rs", text), [1, 10]);
        assert_eq!(product("m/src/lib.rs", "#[cfg(not(test))]\nfn a() {}"), [2]);
        let both = "#[cfg(all(test, unix))]\nfn a() {}";
        assert!(product("m/src/lib.rs", both).is_empty());
    }

    #[test]
    fn test_folders_are_tests() {
        assert!(product("m/tests/a.rs", "fn a() {}").is_empty());
        assert_eq!(product("m/src/tests_of_life.rs", "fn a() {}"), [1]);
    }

    #[test]
    fn a_test_module_in_its_own_file_is_a_test() {
        let mut sources = [
            Source::new("m/src/a.rs", "#[cfg(test)]\nmod tests;\nfn a() {}"),
            Source::new("m/src/a/tests.rs", "fn b() {}"),
            Source::new("m/src/a/tests/deep.rs", "fn b() {}"),
            Source::new("m/src/tests.rs", "fn c() {}"),
        ];
        mark_test_modules(&mut sources);
        let product = sources
            .each_ref()
            .map(|source| source.product_lines("fn").count());
        assert_eq!(product, [1, 0, 0, 1]);
    }
}
