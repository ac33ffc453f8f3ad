//! Function configuration as a command line has it.

use std::fmt;

/// A variable of a command line. Its value may be a secret: `Debug` shows how long it is.
#[derive(Clone)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value, unless that is somewhere else.
    pub value: Option<String>,
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.value.as_ref().map(String::len);
        f.debug_struct("Setting").field("name", &self.name).field("bytes", &bytes).finish()
    }
}

/// Returns a variable as `NAME=VALUE`, or as `NAME` whose value is somewhere else.
pub fn parse_config(text: &str) -> Result<Setting, &'static str> {
    let (name, value) =
        text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.to_owned())));
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if name.is_empty() || !is_name || name.starts_with(|first: char| first.is_ascii_digit()) {
        return Err("a name has letters, digits and `_`, and does not begin with a digit");
    }
    Ok(Setting { name: name.to_owned(), value })
}
