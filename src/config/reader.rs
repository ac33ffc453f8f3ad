//! One way to read any variable: absent has a default, and what is there and not understood is a mistake that names it.

use std::fmt;

use crate::oci::Vars;

/// Reads variables and remembers what was wrong with them.
pub(super) struct Reader<'a> {
    var: Vars<'a>,
    mistakes: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(var: Vars<'a>) -> Self {
        Self { var, mistakes: Vec::new() }
    }

    /// All mistakes so far.
    pub(super) fn into_mistakes(self) -> Vec<String> {
        self.mistakes
    }

    /// The variable as it is set, without the blanks and line ends around it.
    pub(super) fn set(&mut self, name: &str) -> Option<String> {
        let value = (self.var)(name)?;
        if value.contains(char::REPLACEMENT_CHARACTER) {
            self.mistake(format!("{name} is not text in UTF-8"));
            return None;
        }
        Some(value.trim().to_owned())
    }

    /// The same; a variable that is set to nothing counts as absent.
    pub(super) fn get(&mut self, name: &str) -> Option<String> {
        self.set(name).filter(|value| !value.is_empty())
    }

    pub(super) fn mistake(&mut self, text: impl fmt::Display) {
        self.mistakes.push(text.to_string());
    }

    /// What could be read, or its mistakes.
    pub(super) fn keep<T, E: fmt::Display>(
        &mut self,
        result: Result<T, impl IntoIterator<Item = E>>,
    ) -> Option<T> {
        result
            .map_err(|mistakes| mistakes.into_iter().for_each(|mistake| self.mistake(mistake)))
            .ok()
    }

    /// One of some words, in any letter case; the first of them if there is none.
    pub(super) fn word<T: Copy>(&mut self, name: &str, default: T, words: &[(&str, T)]) -> T {
        let Some(text) = self.get(name) else {
            return default;
        };
        if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)) {
            return *value;
        }
        let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        self.mistake(format_args!("{name} is not one of {}", words.join(", ")));
        default
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.word(name, false, &[("true", true), ("false", false)])
    }

    /// The entries of a comma-separated list, each as `read` understands it. A comma may end the list.
    pub(super) fn list<C: Default + Extend<String>>(
        &mut self,
        name: &str,
        list: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<String>,
    ) -> C {
        let mut entries = C::default();
        for (entry, number) in list.split_terminator(',').map(str::trim).zip(1..) {
            match read(entry) {
                Some(entry) => entries.extend([entry]),
                None => self.mistake(format_args!("{name}: entry {number} is not {expected}")),
            }
        }
        entries
    }

    /// A variable that `fits`.
    pub(super) fn checked(
        &mut self,
        name: &str,
        expected: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let text = self.get(name)?;
        if !fits(&text) {
            self.mistake(format_args!("{name} is not {expected}"));
        }
        Some(text)
    }
}
