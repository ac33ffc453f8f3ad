//! Reads variables of the environment: an absent one has a default, an invalid one is a mistake,
//! and all mistakes are reported together.
//!
//! Source: docs/spec/fn-container-contract.md#item-94.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use zeroize::Zeroizing;

/// Where variables come from. One place in a process reads the environment; all other code gets
/// this function.
///
/// ```
/// use oracle_cloud_client::{Variables, Vars};
///
/// let var: Vars<'_> = &|name| (name == "COLOUR").then(|| "blue".to_owned());
/// assert_eq!(Variables::new(var).text("COLOUR").as_deref(), Some("blue"));
/// ```
pub type Vars<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads variables, and collects mistakes.
///
/// Blanks and line ends around a value are removed, and a blank value counts as absent.
///
/// ```
/// use oracle_cloud_client::Variables;
///
/// let var = |name: &str| (name == "LIMIT").then(|| "ten".to_owned());
/// let mut vars = Variables::new(&var);
/// let limit = vars.parse("LIMIT", "a number", |text| text.parse::<u32>().ok());
/// let error = vars.finish(limit).unwrap_err();
/// assert_eq!(error.mistakes(), ["LIMIT is not a number"]);
/// ```
pub struct Variables<'a> {
    var: Vars<'a>,
    mistakes: Vec<String>,
}

/// All mistakes in the variables that were read. Each names its variable and what was expected,
/// never a value.
///
/// ```
/// use oracle_cloud_client::Variables;
///
/// let mut vars = Variables::new(&|_| None);
/// vars.mistake("this is wrong");
/// vars.mistake("that, too");
/// let error = vars.finish(Some(())).unwrap_err();
/// assert_eq!(error.to_string(), "this is wrong; that, too");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SettingsError(Vec<String>);

impl SettingsError {
    /// Returns the mistakes, one sentence each.
    ///
    /// ```
    /// use oracle_cloud_client::Variables;
    ///
    /// let mut vars = Variables::new(&|_| None);
    /// vars.mistake("this is wrong");
    /// assert_eq!(vars.finish(Some(())).unwrap_err().mistakes(), ["this is wrong"]);
    /// ```
    pub fn mistakes(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for SettingsError {}

/// The value of a variable.
#[derive(Debug)]
pub(super) enum Given<T> {
    /// It is not set, or empty.
    Absent,
    /// A valid value.
    Value(T),
    /// An invalid value; the mistake is recorded.
    Unreadable,
}

impl<T> Given<T> {
    pub(super) fn is_set(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

impl<'a> Variables<'a> {
    /// Creates a reader of the variables that `var` finds.
    ///
    /// ```
    /// use oracle_cloud_client::Variables;
    ///
    /// assert_eq!(Variables::new(&|_| None).text("COLOUR"), None);
    /// ```
    pub fn new(var: Vars<'a>) -> Self {
        Self { var, mistakes: Vec::new() }
    }

    /// Reads a text.
    ///
    /// ```
    /// use oracle_cloud_client::Variables;
    ///
    /// let mut vars = Variables::new(&|_| Some(" blue ".to_owned()));
    /// assert_eq!(vars.text("COLOUR").as_deref(), Some("blue"));
    /// assert_eq!(Variables::new(&|_| Some(" ".to_owned())).text("COLOUR"), None);
    /// ```
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.parse(name, "", |text| Some(text.to_owned()))
    }

    /// Reads a value with `read`. The mistake says that it is not what was `expected`.
    ///
    /// ```
    /// use oracle_cloud_client::Variables;
    ///
    /// let mut vars = Variables::new(&|_| Some("10".to_owned()));
    /// assert_eq!(vars.parse("LIMIT", "a number", |text| text.parse::<u32>().ok()), Some(10));
    /// ```
    pub fn parse<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let read = |text: &str| read(text).ok_or_else(|| format!("{name} is not {expected}"));
        self.given(name, read).value()
    }

    /// Reads one of several words, in any letter case.
    ///
    /// ```
    /// use oracle_cloud_client::Variables;
    ///
    /// let mut vars = Variables::new(&|_| Some("JSON".to_owned()));
    /// let is_json = vars.word("FORMAT", "`text` or `json`", |word| match word {
    ///     "json" => Some(true),
    ///     "text" => Some(false),
    ///     _ => None,
    /// });
    /// assert_eq!(is_json, Some(true));
    /// ```
    pub fn word<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.parse(name, expected, |text| read(&text.to_ascii_lowercase()))
    }

    /// Reads `true` or `false`; false if it is absent.
    ///
    /// ```
    /// use oracle_cloud_client::Variables;
    ///
    /// assert!(Variables::new(&|_| Some("true".to_owned())).flag("FAST"));
    /// assert!(!Variables::new(&|_| None).flag("FAST"));
    /// ```
    pub fn flag(&mut self, name: &str) -> bool {
        let flag = self.word(name, "`true` or `false`", |word| word.parse().ok());
        flag.unwrap_or_default()
    }

    /// Reads a whole number in a range, in digits alone.
    ///
    /// ```
    /// use oracle_cloud_client::Variables;
    ///
    /// let mut vars = Variables::new(&|_| Some("300".to_owned()));
    /// assert_eq!(vars.number("LIMIT", 1..=300_u64), Some(300));
    /// assert_eq!(vars.number("LIMIT", 1..=10_u8), None);
    /// let error = vars.finish(Some(())).unwrap_err();
    /// assert_eq!(error.mistakes(), ["LIMIT is not a whole number from 1 to 10"]);
    /// ```
    pub fn number<T>(&mut self, name: &str, range: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + fmt::Display,
    {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.parse(name, &expected, |text| {
            let number = text.parse().ok().filter(|number| range.contains(number));
            number.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
        })
    }

    /// Reads texts that make sense together alone: with one of them, all others must be set.
    ///
    /// ```
    /// use oracle_cloud_client::Variables;
    ///
    /// let mut vars = Variables::new(&|name| (name == "KEY").then(|| "blue".to_owned()));
    /// assert_eq!(vars.together(["LOCK", "KEY"]), [None, Some("blue".to_owned())]);
    /// let error = vars.finish(Some(())).unwrap_err();
    /// assert_eq!(error.mistakes(), ["LOCK is not set; expected it beside KEY"]);
    /// ```
    pub fn together<const N: usize>(&mut self, names: [&str; N]) -> [Option<String>; N] {
        let texts = names.map(|name| self.text(name));
        let both = || names.iter().zip(&texts);
        if let Some((given, _)) = both().find(|(_, text)| text.is_some()) {
            for (name, _) in both().filter(|(_, text)| text.is_none()) {
                self.mistake(format_args!("{name} is not set; expected it beside {given}"));
            }
        }
        texts
    }

    /// Records a mistake.
    ///
    /// ```
    /// use oracle_cloud_client::Variables;
    ///
    /// let mut vars = Variables::new(&|_| None);
    /// vars.mistake("COLOUR and SHADE do not fit");
    /// assert!(vars.finish(Some(())).is_err());
    /// ```
    pub fn mistake(&mut self, mistake: impl fmt::Display) {
        self.mistakes.push(mistake.to_string());
    }

    /// Reads a value with mistakes of its own.
    pub(super) fn given<T, E: fmt::Display>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Given<T> {
        self.secret(name, |secret| read(secret.trim()))
    }

    /// Reads a secret unchanged, with its blanks, and without another copy.
    pub(super) fn secret<T, E: fmt::Display>(
        &mut self,
        name: &str,
        read: impl FnOnce(Zeroizing<String>) -> Result<T, E>,
    ) -> Given<T> {
        let Some(value) = (self.var)(name).map(Zeroizing::new) else { return Given::Absent };
        // The conversion of the environment to text put it where bytes were not UTF-8.
        if value.contains(char::REPLACEMENT_CHARACTER) {
            self.mistake(format_args!("{name} is not a text in UTF-8"));
            return Given::Unreadable;
        }
        if value.trim().is_empty() {
            return Given::Absent;
        }
        match read(value) {
            Ok(value) => Given::Value(value),
            Err(mistake) => {
                self.mistake(mistake);
                Given::Unreadable
            }
        }
    }

    /// Reads a value that must be set.
    pub(super) fn needed<T>(&mut self, name: &str, expected: &str, given: Given<T>) -> Option<T> {
        if !given.is_set() {
            self.mistake(format_args!("{name} is not set; expected {expected}"));
        }
        given.value()
    }

    /// Returns what was made of the variables, unless there is a mistake.
    ///
    /// ```
    /// use oracle_cloud_client::Variables;
    ///
    /// assert_eq!(Variables::new(&|_| None).finish(Some(1)), Ok(1));
    /// ```
    ///
    /// # Errors
    /// [`SettingsError`] with all mistakes.
    pub fn finish<T>(self, made: Option<T>) -> Result<T, SettingsError> {
        match made {
            Some(made) if self.mistakes.is_empty() => Ok(made),
            _ => Err(SettingsError(self.mistakes)),
        }
    }
}

/// Shows the mistakes, and no value.
impl fmt::Debug for Variables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables").field("mistakes", &self.mistakes).finish_non_exhaustive()
    }
}
