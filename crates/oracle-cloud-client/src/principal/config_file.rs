//! The configuration file of the OCI CLI and the SDKs: its profiles and their settings.
//!
//! It is read as Python's `configparser`, which the CLI uses, reads it. Lines that `configparser`
//! understands differently from what they look like are refused.
//!
//! Source: docs/spec/oci-request-signing.md#config-file.

use std::collections::BTreeMap;
use std::path::Path;

use zeroize::Zeroizing;

use super::error::PrincipalError;
use super::source::read_secret;

/// More than the largest configuration file has.
const MAX_CONFIG_FILE_BYTES: u32 = 256 * 1024;
const DEFAULT: &str = "DEFAULT";

/// Names and values; a passphrase may be among them.
pub(super) type Settings = BTreeMap<String, Zeroizing<String>>;

/// The profiles of a file.
pub(super) struct ConfigFile(BTreeMap<String, Settings>);

/// A line that is refused: its number, and why.
#[derive(Debug, Eq, PartialEq)]
struct Refused(usize, &'static str);

impl ConfigFile {
    pub(super) fn read(path: &Path) -> Result<Self, PrincipalError> {
        let text = read_secret(path, MAX_CONFIG_FILE_BYTES);
        let text = text.map_err(|error| PrincipalError::ConfigFile(path.to_owned(), error))?;
        let text = match text.as_slice() {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(PrincipalError::ConfigEncoding),
            // A byte order mark of UTF-8, as Windows writes it.
            [0xef, 0xbb, 0xbf, text @ ..] | text => text,
        };
        let parsed =
            parse(text).map_err(|Refused(line, what)| PrincipalError::ConfigLine(line, what));
        parsed.map(Self)
    }

    /// Returns the settings of a profile, or of `DEFAULT`, and those that it inherits. `None` if
    /// the profile does not exist.
    pub(super) fn profile(mut self, name: Option<&str>) -> Option<[Settings; 2]> {
        let own = self.0.remove(name.unwrap_or(DEFAULT))?;
        Some([own, self.0.remove(DEFAULT).unwrap_or_default()])
    }
}

fn parse(text: &[u8]) -> Result<BTreeMap<String, Settings>, Refused> {
    let mut profiles: BTreeMap<String, Settings> = BTreeMap::new();
    let mut profile = None;
    // The indentation of the setting before a line, if there is one: a line that is indented
    // further is a part of its value.
    let mut setting = None;
    for (line, number) in lines(text).zip(1..) {
        let content = line.trim_ascii();
        if content.is_empty() || content.starts_with(b"#") || content.starts_with(b";") {
            continue;
        }
        let line = std::str::from_utf8(line).ok().ok_or(Refused(number, "is not UTF-8"))?;
        let indent = line.len() - line.trim_start().len();
        if setting.is_some_and(|before| indent > before) {
            return Err(Refused(
                number,
                "is indented below a setting, which it would continue; expected it at the beginning of the line",
            ));
        }
        let line = line.trim();
        if line.starts_with('[') {
            let name = header(line).ok_or(Refused(
                number,
                "begins with `[` and is not `[PROFILE]`, which only a comment may follow",
            ))?;
            if profiles.contains_key(name) {
                return Err(Refused(number, "repeats a profile"));
            }
            (profile, setting) = (Some(profiles.entry(name.to_owned()).or_default()), None);
            continue;
        }
        // The first separator ends the name: a value may contain others.
        let pair = line.split_once(['=', ':']).map(|(name, value)| (name.trim(), value.trim()));
        let pair = pair.filter(|(name, _)| !name.is_empty());
        let (Some(profile), Some((name, value))) = (profile.as_mut(), pair) else {
            return Err(Refused(number, "is neither `[PROFILE]` nor `name=value` below one"));
        };
        let value = Zeroizing::new(value.to_owned());
        if profile.insert(name.to_ascii_lowercase(), value).is_some() {
            return Err(Refused(number, "repeats a setting of its profile"));
        }
        setting = Some(indent);
    }
    Ok(profiles)
}

/// Returns the lines of a text, with any kind of line end.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = text.split(|byte| *byte == b'\n');
    lines.flat_map(|line| line.strip_suffix(b"\r").unwrap_or(line).split(|byte| *byte == b'\r'))
}

/// Returns the name of a profile, if only a comment follows it.
fn header(line: &str) -> Option<&str> {
    let (name, behind) = line.strip_prefix('[')?.split_once(']')?;
    let (name, behind) = (name.trim(), behind.trim_start());
    let comment = behind.is_empty() || behind.starts_with(['#', ';']);
    (comment && !name.is_empty()).then_some(name)
}
