//! Which operations of a host are open: methods and patterns of paths.
//!
//! Source: docs/spec/oci-services.md#service-paths.

use http::Method;

use super::access::Access;
use super::pattern::Pattern;
use super::presets::{self, Preset};

/// The methods that an entry can open, as `Allow` lists them.
pub(super) const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Some operations.
#[derive(Clone, Debug, Default)]
pub(super) struct Open(Vec<Operations>);

/// The operations with one pattern.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Operations {
    methods: Vec<Method>,
    pattern: Pattern,
}

/// Why an item of `open` opens nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Unusable {
    #[error(
        "is neither a preset nor methods and a path, such as `GET,POST /20210201/queues/{{}}/messages`"
    )]
    Form,
    #[error("is not a preset of this host")]
    PresetOfAnotherHost,
    #[error("names a path that is never called")]
    Never,
    #[error("opens nothing: each of its paths must be written out, without `{{}}` and `{{*}}`")]
    ByNameOnly,
}

impl Open {
    /// Adds what an item of `open` names: `@preset`, or `METHOD[,METHOD] /pattern`. `serves` says whether a preset is of this host.
    pub(super) fn add(
        &mut self,
        item: &str,
        serves: impl Fn(&Preset) -> bool,
    ) -> Result<(), Unusable> {
        if item.starts_with('@') {
            let preset = presets::find(item).ok_or(Unusable::Form)?;
            if !serves(preset) {
                return Err(Unusable::PresetOfAnotherHost);
            }
            let operations = preset
                .operations
                .iter()
                .map(|operation| read(operation).expect("a test reads them all"));
            self.0.extend(operations);
            return Ok(());
        }
        let operations = read(item).ok_or(Unusable::Form)?;
        match Access::to(operations.pattern.as_str()) {
            Access::Never => return Err(Unusable::Never),
            Access::ByName if !operations.pattern.is_literal() => return Err(Unusable::ByNameOnly),
            Access::ByName | Access::ByPattern => {}
        }
        self.0.push(operations);
        Ok(())
    }

    /// Whether nothing is open.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any method is open on a path.
    pub(super) fn opens(&self, path: &str) -> bool {
        self.on(path).next().is_some()
    }

    /// The methods that are open on a path, as `Allow` lists them.
    pub(super) fn methods(&self, path: &str) -> Vec<Method> {
        let open =
            |method: &Method| self.on(path).any(|operations| operations.methods.contains(method));
        METHODS.into_iter().filter(open).collect()
    }

    /// The methods that are open on any path of which `base` is a proper beginning.
    pub(super) fn methods_below(&self, base: &str) -> Vec<Method> {
        let below = |operations: &&Operations| operations.pattern.goes_on_after(base);
        let open = |method: &Method| {
            self.0.iter().filter(below).any(|operations| operations.methods.contains(method))
        };
        METHODS.into_iter().filter(open).collect()
    }

    /// The pattern that opens a path to a method.
    pub(super) fn pattern(&self, method: &Method, path: &str) -> Option<&Pattern> {
        let mut open = self.on(path).filter(|operations| operations.methods.contains(method));
        open.next().map(|operations| &operations.pattern)
    }

    /// Whether a path is a proper beginning of one that is open.
    pub(super) fn goes_on_after(&self, base: &str) -> bool {
        self.0.iter().any(|operations| operations.pattern.goes_on_after(base))
    }

    /// All patterns, with their methods.
    pub(super) fn patterns(&self) -> impl Iterator<Item = (&[Method], &Pattern)> {
        self.0.iter().map(|operations| (operations.methods.as_slice(), &operations.pattern))
    }

    fn on(&self, path: &str) -> impl Iterator<Item = &Operations> {
        let access = Access::to(path);
        self.0.iter().filter(move |Operations { pattern, .. }| {
            let may = match access {
                Access::ByPattern => true,
                Access::ByName => pattern.is_literal(),
                Access::Never => false,
            };
            may && pattern.fits(path)
        })
    }
}

/// `METHOD[,METHOD] /pattern`.
fn read(item: &str) -> Option<Operations> {
    let (methods, pattern) = item.split_once(' ')?;
    let method = |name: &str| METHODS.into_iter().find(|method| method.as_str() == name);
    let methods: Option<Vec<Method>> = methods.split(',').map(method).collect();
    Some(Operations { methods: methods?, pattern: Pattern::parse(pattern)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::presets::PRESETS;

    fn open(items: &[&str]) -> Open {
        let mut open = Open::default();
        for item in items {
            open.add(item, |_| true).unwrap();
        }
        open
    }

    #[test]
    fn methods_and_patterns_open_what_they_say() {
        let open = open(&["GET,DELETE /a/{}", "POST /a/b", "GET /a/b/c"]);
        assert_eq!(open.methods("/a/b"), [Method::GET, Method::POST, Method::DELETE]);
        assert_eq!(open.pattern(&Method::GET, "/a/b").unwrap().as_str(), "/a/{}");
        assert_eq!(open.pattern(&Method::POST, "/a/b").unwrap().as_str(), "/a/b");
        assert_eq!(open.pattern(&Method::PUT, "/a/b"), None);
        assert!(open.opens("/a/x") && !open.opens("/a") && !open.opens("/a/b/d"));
        assert!(open.goes_on_after("/a") && open.goes_on_after("") && !open.goes_on_after("/b"));
    }

    #[test]
    fn what_is_no_operation_is_named() {
        for item in [
            "",
            "/a",
            "GET",
            "GET/a",
            "get /a",
            "GET  /a",
            " GET /a",
            "GET /a ",
            "GET, POST /a",
            "GET, /a",
            ",GET /a",
            "OPTIONS /a",
            "CONNECT /a",
            "* /a",
            "GET a",
            "GET /",
            "GET /{}",
            "GET /a/{*}",
            "GET /a?b",
            "@",
            "@nothing",
            "@openai-chat ",
            "@OPENAI-CHAT",
            "openai",
        ] {
            assert_eq!(Open::default().add(item, |_| true), Err(Unusable::Form), "{item}");
        }
        for item in [
            "GET /p/{}",
            "POST /20231130/apikeys",
            "GET /20231130/apikeys/{}",
            "GET /20180608/vaults",
        ] {
            assert_eq!(Open::default().add(item, |_| true), Err(Unusable::Never), "{item}");
        }
        for item in [
            "GET /20260422/{}",
            "POST /google/v1/{}",
            "POST /n/{}/b/{}/p",
            "POST /n/{}/b/{}/actions/{}",
            "GET /20190301/secretbundles/{}",
            "GET /20251112/hostedApplicationsIam/{}",
        ] {
            assert_eq!(Open::default().add(item, |_| true), Err(Unusable::ByNameOnly), "{item}");
        }
        let add = |item| Open::default().add(item, |_| false);
        assert_eq!(add("@openai-chat"), Err(Unusable::PresetOfAnotherHost));
    }

    #[test]
    fn an_administrative_path_is_open_by_its_name_alone() {
        let path = "/20251112/hostedApplicationsIam/x";
        assert!(!open(&["GET /20251112/{}/{}"]).opens(path));
        assert!(open(&["GET /20251112/hostedApplicationsIam/x"]).opens(path));
        let wide = open(&["POST /n/ns/{}/bucket/{}", "POST /n/ns/b/bucket/{}", "POST /n/ns/b/{*}"]);
        for path in [
            "/n/ns/b/bucket/p",
            "/n/ns/b/bucket/actions/batchDeleteObjects",
            "/n/ns/b/bucket%2Factions%2FbatchDeleteObjects",
        ] {
            assert!(!wide.opens(path), "{path}");
        }
        assert!(wide.opens("/n/ns/b/bucket/o"));
    }

    #[test]
    fn every_preset_can_be_read_and_names_no_administrative_path() {
        for preset in PRESETS {
            for operation in preset.operations {
                let operations = read(operation).unwrap_or_else(|| panic!("{operation}"));
                assert_eq!(
                    Access::to(operations.pattern.as_str()),
                    Access::ByPattern,
                    "{operation}"
                );
            }
        }
    }
}
