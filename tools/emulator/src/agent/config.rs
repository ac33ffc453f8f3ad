//! Function configuration as a command line has it.

/// A variable as `NAME=VALUE`, or as `NAME` whose value is somewhere else.
pub fn parse_config(text: &str) -> Result<(String, Option<String>), &'static str> {
    let (name, value) =
        text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.to_owned())));
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if name.is_empty() || !is_name || name.starts_with(|first: char| first.is_ascii_digit()) {
        return Err("a name has letters, digits and `_`, and does not begin with a digit");
    }
    Ok((name.to_owned(), value))
}
