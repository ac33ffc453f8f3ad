//! The custom paths of model deployments, `/predict/{suffix}`: which of them callers may use, and
//! which may be retried.
//!
//! Source: docs/spec/oci-services.md#custom-paths.

/// The word that stands for the paths of OpenAI's protocol, in any letter case.
const OPENAI: &str = "openai";

/// The paths that [`OPENAI`] stands for. The server's own paths, such as `/metrics`, must be listed
/// by name.
const OPENAI_PATHS: [&str; 18] = [
    "/v1/models",
    "/v1/completions",
    "/v1/chat/completions",
    "/v1/edits",
    "/v1/images/generations",
    "/v1/images/edits",
    "/v1/images/variations",
    "/v1/embeddings",
    "/v1/audio/transcriptions",
    "/v1/audio/translations",
    "/v1/files",
    "/v1/fine-tunes",
    "/v1/moderations",
    "/v1/responses",
    "/v1/responses/{}",
    "/v1/responses/{}/cancel",
    "/v1/responses/{}/input_items",
    "/v1/messages",
];

/// Paths that change the server for everybody: no pattern allows them, only their own name does.
const ADMINISTRATIVE: [&str; 4] =
    ["/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/start_profile", "/stop_profile"];

/// A list of custom paths; empty by default.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Paths(Vec<String>);

/// An entry that is not a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0} is not a list of `openai` or paths such as `/v1/models` and `/items/{{}}`")]
pub struct InvalidPath(&'static str);

impl Paths {
    /// Reads a comma-separated list. Each entry is a path, in which `{}` stands for any one
    /// segment, or the word `openai`. The error names the `variable`.
    pub fn new(variable: &'static str, list: Option<&str>) -> Result<Self, InvalidPath> {
        let entries = list.into_iter().flat_map(|list| list.split_terminator(',')).map(str::trim);
        let mut paths = Vec::new();
        for entry in entries {
            let plain: Vec<&str> = entry
                .split('/')
                .map(|segment| if segment == "{}" { "x" } else { segment })
                .collect();
            match entry {
                word if word.eq_ignore_ascii_case(OPENAI) => {
                    paths.extend(OPENAI_PATHS.map(str::to_owned));
                }
                path if is_plain(&plain.join("/")) => paths.push(path.to_owned()),
                _ => return Err(InvalidPath(variable)),
            }
        }
        Ok(Self(paths))
    }

    /// Returns whether a path, such as `/v1/models`, is on the list.
    pub(super) fn allow(&self, path: &str) -> bool {
        let named = |entry: &String| {
            if administers(path) { entry == path } else { fits(path, entry) }
        };
        is_plain(path) && self.0.iter().any(named)
    }

    /// Returns how many paths are on the list; a pattern counts as one.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether any path is on the list.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Returns what a client's path means on a base URL: the longest suffix of it that is on the
    /// list.
    ///
    /// With an empty list it means the plain prediction, the empty suffix. A path that ends in an
    /// administrative one is refused in either case.
    pub(super) fn end_of<'a>(&self, path: &'a str) -> Result<&'a str, Closed> {
        let longest = self.0.iter().map(|entry| entry.split('/').count()).max();
        let ends =
            |most| path.rmatch_indices('/').take(most).filter_map(|(start, _)| path.get(start..));
        match longest.and_then(|longest| ends(longest).filter(|end| self.allow(end)).last()) {
            Some(open) => Ok(open),
            None if self.any() || ends(usize::MAX).any(administers) => Err(Closed),
            None => Ok(""),
        }
    }
}

/// A client's path that is not allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Closed;

fn administers(path: &str) -> bool {
    ADMINISTRATIVE.contains(&path)
}

/// Returns whether every segment is letters, digits and `-._~:`, and none is `.` or `..`: such a
/// path can be understood in one way only.
fn is_plain(path: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    let segment = |text: &str| text.bytes().all(fits) && text.bytes().any(|byte| byte != b'.');
    path.strip_prefix('/').is_some_and(|path| path.split('/').all(segment))
}

fn fits(path: &str, pattern: &str) -> bool {
    path.split('/').count() == pattern.split('/').count()
        && path
            .split('/')
            .zip(pattern.split('/'))
            .all(|(own, wanted)| wanted == "{}" || own == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(list: &str) -> Paths {
        Paths::new("ALLOWED_PATHS", Some(list)).unwrap()
    }

    #[test]
    fn a_path_is_open_if_it_is_listed_or_fits_a_pattern() {
        let paths = paths("/health, /items/{},/v1/{}/x");
        for open in ["/health", "/items/1", "/items/a-b.c~d:e", "/v1/y/x"] {
            assert!(paths.allow(open), "{open}");
        }
        for closed in [
            "",
            "/",
            "health",
            "/Health",
            "/health/",
            "/items",
            "/items/",
            "/items/1/2",
            "/items/..",
            "/items/.",
            "/items/...",
            "/items/%2e",
            "/items/{}",
            "/items/a;b",
            "/items/a b",
            "//health",
        ] {
            assert!(!paths.allow(closed), "{closed}");
        }
        assert!(!Paths::default().allow("/health"));
    }

    #[test]
    fn administrative_paths_are_opened_by_name_only() {
        for path in ADMINISTRATIVE {
            for list in ["openai", "/v1/{},/{}", "openai,/{}/{}"] {
                assert!(!paths(list).allow(path), "{list} opens {path}");
            }
            assert!(paths(path).allow(path));
        }
    }

    #[test]
    fn openai_opens_the_paths_of_the_protocol_and_not_those_of_the_server() {
        for list in ["openai", "OpenAI", " /x , openai,"] {
            for path in ["/v1/chat/completions", "/v1/models", "/v1/responses/r1/cancel"] {
                assert!(paths(list).allow(path), "{list}: {path}");
            }
            for path in ["/metrics", "/v1/metrics", "/tokenize", "/info", "/v1/rerank", "/v1"] {
                assert!(!paths(list).allow(path), "{list}: {path}");
            }
        }
        assert!(
            OPENAI_PATHS
                .iter()
                .all(|path| path.starts_with("/v1/") && is_plain(&path.replace("{}", "x")))
        );
        assert!(paths("openai,/metrics").allow("/metrics"));
    }

    #[test]
    fn the_longest_open_end_of_a_path_counts() {
        let paths = paths("/v1/models,/models");
        assert_eq!(paths.end_of("/llm/v1/models"), Ok("/v1/models"));
        assert_eq!(paths.end_of("/llm/models"), Ok("/models"));
        assert_eq!(paths.end_of("/v1/models"), Ok("/v1/models"));
        for closed in [
            "/llm/v1/models/",
            "/llm/v1/models//",
            "/",
            "",
            "/v1/modelss",
            "/xv1/model",
            "/llm/v1/MODELS",
            "/llm/v1/models/m1",
            "/llm/v1/models/.",
            "/llm/v1/mod%65ls",
            "/llm/v1/load_lora_adapter",
        ] {
            assert_eq!(paths.end_of(closed), Err(Closed), "{closed}");
        }
    }

    #[test]
    fn where_no_path_is_open_all_but_the_administrative_ones_mean_the_prediction() {
        let none = Paths::default();
        for path in ["", "/", "/llm/v1/models", "/a//b/", "/start_profile/x", "/x_start_profile"] {
            assert_eq!(none.end_of(path), Ok(""), "{path}");
        }
        for path in ["/start_profile", "/llm/start_profile", "/a/b/c/d/v1/load_lora_adapter"] {
            assert_eq!(none.end_of(path), Err(Closed), "{path}");
        }
        assert_eq!(paths("/start_profile").end_of("/llm/start_profile"), Ok("/start_profile"));
    }

    #[test]
    fn what_is_no_path_is_named() {
        for list in
            ["v1", "/", "/a//b", "/a/", "/a/../b", "/a?b", "/{x}", "/a{}", "/{}a", ",/a", "open"]
        {
            let error = Paths::new("ALLOWED_PATHS", Some(list)).unwrap_err().to_string();
            assert!(error.starts_with("ALLOWED_PATHS is not a list"), "{list}: {error}");
        }
        assert_eq!(Paths::new("X", None), Ok(Paths::default()));
    }
}
