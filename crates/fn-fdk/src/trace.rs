//! The platform's tracing: where spans are sent, and to which span of which trace a call belongs.
//!
//! This module sends nothing. A function that makes spans must send them before it answers: nothing
//! runs between calls.

use std::fmt;

use http::{HeaderMap, HeaderName};

use super::framing::PREFIX;

/// The platform's settings for tracing, read once at start.
///
/// ```
/// let tracing = fn_fdk::Tracing::from_vars(|name| match name {
///     "OCI_TRACING_ENABLED" => Some("1".to_owned()),
///     "FN_APP_NAME" | "FN_FN_NAME" => Some("Seats".to_owned()),
///     _ => None,
/// });
/// assert!(tracing.is_enabled() && tracing.collector().is_none());
/// assert_eq!(tracing.service(), "seats::seats");
/// ```
///
/// Source: docs/spec/fn-container-contract.md#tracing.
#[derive(Clone, Default)]
pub struct Tracing {
    enabled: bool,
    collector: Option<String>,
    service: String,
    tags: Vec<(&'static str, String)>,
}

/// The place of a call in a trace. What the function does is a span of its own, below the
/// platform's.
///
/// ```
/// use fn_fdk::TraceContext;
///
/// let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
/// let headers = http::HeaderMap::from_iter([("traceparent".parse().unwrap(), parent)]);
/// let trace = TraceContext::from_headers(&headers);
/// assert_eq!(trace.trace_id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
/// assert_eq!(trace.parent_id.as_deref(), Some("00f067aa0ba902b7"));
/// ```
///
/// Source: docs/spec/fn-container-contract.md#tracing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TraceContext {
    /// The trace: 16 or 32 hexadecimal digits in lower case. `None` if the call is not traced.
    pub trace_id: Option<String>,
    /// The platform's span, the parent of the function's: 16 hexadecimal digits in lower case.
    pub parent_id: Option<String>,
    /// Whether its spans are sampled: they are, unless a header says that they are not.
    pub sampled: bool,
    /// Whether this trace is being debugged: then no sampler may drop it.
    pub debug: bool,
}

impl Tracing {
    /// Reads the platform's variables through `var`. `1`, `true`, `yes` and `on` mean on. Anything
    /// else means off and is not an error.
    ///
    /// ```
    /// assert!(!fn_fdk::Tracing::from_vars(|_| None).is_enabled());
    /// ```
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let var = |name: &str| var(name).filter(|value| !value.is_empty());
        let on = var("OCI_TRACING_ENABLED").unwrap_or_default().to_ascii_lowercase();
        let name = |name, id| var(name).or_else(|| var(id)).unwrap_or_default().to_lowercase();
        let named = [
            ("appName", "FN_APP_NAME"),
            ("appID", "FN_APP_ID"),
            ("fnName", "FN_FN_NAME"),
            ("fnID", "FN_FN_ID"),
        ];
        let named = named.into_iter().filter_map(|(tag, name)| Some((tag, var(name)?)));
        Self {
            enabled: matches!(on.as_str(), "1" | "true" | "yes" | "on"),
            collector: var("OCI_TRACE_COLLECTOR_URL"),
            service: name("FN_APP_NAME", "FN_APP_ID") + "::" + &name("FN_FN_NAME", "FN_FN_ID"),
            tags: [("generatedBy", "faas".to_owned())].into_iter().chain(named).collect(),
        }
    }

    /// Returns whether the application's tracing is on.
    ///
    /// ```
    /// assert!(!fn_fdk::Tracing::default().is_enabled());
    /// ```
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Returns where spans are posted, as a JSON array in Zipkin's version 2; `None` while tracing
    /// is off. The address contains a key.
    ///
    /// ```
    /// let url = "https://collector.example/20200101/observations/public-span?dataKey=x";
    /// let tracing = fn_fdk::Tracing::from_vars(|name| match name {
    ///     "OCI_TRACING_ENABLED" => Some("1".to_owned()),
    ///     "OCI_TRACE_COLLECTOR_URL" => Some(url.to_owned()),
    ///     _ => None,
    /// });
    /// assert_eq!(tracing.collector(), Some(url));
    /// ```
    pub fn collector(&self) -> Option<&str> {
        self.collector.as_deref().filter(|_| self.enabled)
    }

    /// Returns the name of the service in its spans: application and function, in lower case, with
    /// `::` between them.
    ///
    /// ```
    /// let names = |name: &str| name.starts_with("FN_").then(|| "Seats".to_owned());
    /// assert_eq!(fn_fdk::Tracing::from_vars(names).service(), "seats::seats");
    /// ```
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns the tags that every span of a function has.
    ///
    /// ```
    /// let names = |name: &str| (name == "FN_FN_NAME").then(|| "seats".to_owned());
    /// let tracing = fn_fdk::Tracing::from_vars(names);
    /// assert!(tracing.tags().contains(&("fnName", "seats".to_owned())));
    /// ```
    pub fn tags(&self) -> &[(&'static str, String)] {
        &self.tags
    }
}

/// Does not show the collector: its address contains a key.
impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { enabled, service, .. } = self;
        f.debug_struct("Tracing")
            .field("enabled", enabled)
            .field("service", service)
            .finish_non_exhaustive()
    }
}

impl Default for TraceContext {
    fn default() -> Self {
        Self { trace_id: None, parent_id: None, sampled: true, debug: false }
    }
}

impl TraceContext {
    /// Reads the place from B3 headers in either form, or from `traceparent`.
    ///
    /// Invalid headers are not an error: such a call belongs to no trace.
    ///
    /// ```
    /// let headers = http::HeaderMap::from_iter([("b3".parse().unwrap(), "0".parse().unwrap())]);
    /// assert!(!fn_fdk::TraceContext::from_headers(&headers).sampled);
    /// ```
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self::of_call(headers, headers)
    }

    /// Reads the place of a call from the platform's headers, or else from the caller's.
    pub(super) fn of_call(platform: &HeaderMap, caller: &HeaderMap) -> Self {
        let said = [platform, caller];
        if !platform.keys().any(names_a_trace) {
            return Self::default();
        }
        let read = [of_b3, of_single_b3, of_traceparent];
        let found = said.iter().find_map(|headers| read.iter().find_map(|read| read(headers)));
        match found {
            // The platform's decision overrides the caller's.
            Some(found) => {
                let sampled = found.sampled && is_sampled(platform);
                Self { sampled, debug: found.debug && sampled, ..found }
            }
            None => Self {
                trace_id: None,
                parent_id: None,
                sampled: said.iter().all(|headers| is_sampled(headers)),
                debug: said.iter().any(|headers| is_debug(headers)),
            },
        }
    }
}

/// Returns whether a header may name a trace. Most calls have none, so they need not be looked up
/// one by one.
fn names_a_trace(name: &HeaderName) -> bool {
    let name = name.as_str();
    let name = name.strip_prefix(PREFIX).unwrap_or(name);
    name == "traceparent" || name == "b3" || name.starts_with("x-b3-")
}

/// Reads `X-B3-TraceId`, `X-B3-SpanId`, `X-B3-Sampled`, `X-B3-Flags`.
fn of_b3(headers: &HeaderMap) -> Option<TraceContext> {
    let trace_id = trace(text(headers, "x-b3-traceid")?)?;
    let parent_id = text(headers, "x-b3-spanid").and_then(span);
    let (sampled, debug) = (is_sampled(headers), is_debug(headers));
    Some(TraceContext { trace_id: Some(trace_id), parent_id, sampled, debug })
}

fn is_debug(headers: &HeaderMap) -> bool {
    text(headers, "x-b3-flags") == Some("1") || text(headers, "b3") == Some("d")
}

fn is_sampled(headers: &HeaderMap) -> bool {
    // On its own it is only the sampling decision.
    let single = text(headers, "b3").filter(|b3| !b3.contains('-'));
    is_debug(headers) || text(headers, "x-b3-sampled").or(single).is_none_or(wanted)
}

/// Reads `b3: <trace>-<span>-<sampled>-<parent>`, of which the last two may be absent.
/// Source: docs/spec/fn-container-contract.md#b3.
fn of_single_b3(headers: &HeaderMap) -> Option<TraceContext> {
    let mut parts = text(headers, "b3")?.split('-');
    let (trace_id, parent_id) = (trace(parts.next()?)?, span(parts.next()?)?);
    let decision = parts.next();
    Some(TraceContext {
        trace_id: Some(trace_id),
        parent_id: Some(parent_id),
        sampled: decision.is_none_or(wanted),
        debug: decision == Some("d"),
    })
}

/// Reads `traceparent: 00-<trace>-<span>-<flags>`, in lower case. A later version may have more at
/// its end.
/// Source: docs/spec/fn-container-contract.md#trace-context.
fn of_traceparent(headers: &HeaderMap) -> Option<TraceContext> {
    let parts: Vec<&str> = text(headers, "traceparent")?.split('-').collect();
    let [version, trace_id, parent_id, flags, more @ ..] = parts.as_slice() else {
        return None;
    };
    let lower = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let written = [version, trace_id, parent_id, flags].into_iter().all(|part| lower(part));
    let lengths = (version.len(), trace_id.len(), flags.len());
    if !written || lengths != (2, 32, 2) || *version == "ff" {
        return None;
    }
    if *version == "00" && !more.is_empty() {
        return None;
    }
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
    Some(TraceContext {
        trace_id: Some(trace(trace_id)?),
        parent_id: Some(span(parent_id)?),
        sampled,
        debug: false,
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn wanted(sampled: &str) -> bool {
    !matches!(sampled.to_ascii_lowercase().as_str(), "0" | "false")
}

fn trace(id: &str) -> Option<String> {
    matches!(id.len(), 16 | 32).then_some(id).and_then(hexadecimal)
}

fn span(id: &str) -> Option<String> {
    (id.len() == 16).then_some(id).and_then(hexadecimal)
}

/// Returns the digits in lower case; an id of zeros is not valid.
fn hexadecimal(id: &str) -> Option<String> {
    let digits = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (digits && id.bytes().any(|byte| byte != b'0')).then(|| id.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::Call;

    const TRACE: &str = "5b8aa5a2d2c872e8";
    const LONG: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn context(headers: &[(&str, &str)]) -> (Option<String>, Option<String>, bool) {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
        let call = Call::from_agent(headers.collect(), "", SystemTime::UNIX_EPOCH).unwrap();
        let TraceContext { trace_id, parent_id, sampled, debug } = call.context().trace.clone();
        assert!(sampled || !debug);
        (trace_id, parent_id, sampled)
    }

    fn known(trace: &str, sampled: bool) -> (Option<String>, Option<String>, bool) {
        (Some(trace.to_owned()), Some(SPAN.to_owned()), sampled)
    }

    #[test]
    fn a_call_is_where_the_platform_says_and_else_where_its_caller_does() {
        let (b3, w3c) = (format!("{LONG}-{SPAN}-0-{SPAN}"), format!("00-{LONG}-{SPAN}-01"));
        let (upper, later) = (LONG.to_uppercase(), format!("01-{LONG}-{SPAN}-00-more"));
        let (gateway, short_b3) = (("fn-intent", "httprequest"), format!("{LONG}-{SPAN}"));
        let (trace, span) = (("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN));
        for (headers, expected) in [
            (vec![trace, span], known(TRACE, true)),
            (vec![("x-b3-traceid", &upper), span], known(LONG, true)),
            (vec![trace, span, ("x-b3-sampled", "0")], known(TRACE, false)),
            (vec![trace, span, ("x-b3-sampled", "False")], known(TRACE, false)),
            (vec![trace, span, ("x-b3-sampled", "true")], known(TRACE, true)),
            (vec![trace, span, ("x-b3-sampled", "0"), ("x-b3-flags", "1")], known(TRACE, true)),
            (vec![trace, span, ("traceparent", &w3c)], known(TRACE, true)),
            (vec![("b3", &b3)], known(LONG, false)),
            (vec![("b3", &short_b3)], known(LONG, true)),
            (vec![("traceparent", &w3c)], known(LONG, true)),
            (vec![("traceparent", &later)], known(LONG, false)),
            (vec![gateway, ("fn-http-h-traceparent", &w3c)], known(LONG, true)),
            (vec![gateway, ("fn-http-h-b3", &b3), trace, span], known(TRACE, true)),
            (vec![("x-b3-sampled", "0"), ("traceparent", &w3c)], known(LONG, false)),
            (vec![trace], (Some(TRACE.to_owned()), None, true)),
        ] {
            assert_eq!(context(&headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn what_is_no_id_is_no_trace() {
        let zeros = "0".repeat(32);
        let odd = [
            format!("ff-{LONG}-{SPAN}-01"),
            format!("00-{LONG}-{SPAN}-01-x"),
            format!("zz-{LONG}-{SPAN}-01"),
            format!("00-{LONG}-{SPAN}-1"),
            format!("00-{LONG}-{SPAN}-+1"),
            format!("00-{LONG}-{SPAN}-001"),
            format!("00-{}-{SPAN}-01", LONG.to_uppercase()),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01"),
            "00".to_owned(),
        ];
        for traceparent in &odd {
            assert_eq!(
                context(&[("traceparent", traceparent)]),
                (None, None, true),
                "{traceparent}"
            );
        }
        for (headers, sampled) in [
            (vec![], true),
            (vec![("x-b3-sampled", "0")], false),
            (vec![("x-b3-traceid", zeros.as_str())], true),
            (vec![("x-b3-traceid", "5b8aa5a2d2c872eg")], true),
            (vec![("x-b3-traceid", "5b8aa5a2d2c872e")], true),
            (vec![("b3", "0")], false),
            (vec![("b3", "1")], true),
            (vec![("b3", "d")], true),
            (vec![("b3", LONG)], true),
            (vec![("b3", "0-0")], true),
        ] {
            assert_eq!(context(&headers), (None, None, sampled), "{headers:?}");
        }
    }

    #[test]
    fn the_environment_turns_it_on_and_names_the_service() {
        let tracing = |vars: &[(&str, &str)]| {
            let var = |name: &str| vars.iter().find(|(known, _)| *known == name);
            Tracing::from_vars(|name| var(name).map(|(_, value)| (*value).to_owned()))
        };
        let url = ("OCI_TRACE_COLLECTOR_URL", "https://collector.example/?dataKey=secret");
        for (on, expected) in
            [("1", true), ("TRUE", true), ("on", true), ("0", false), ("", false), ("2", false)]
        {
            let tracing = tracing(&[("OCI_TRACING_ENABLED", on), url]);
            assert_eq!(tracing.is_enabled(), expected, "{on}");
            assert_eq!(tracing.collector().is_some(), expected, "{on}");
            assert!(!format!("{tracing:?}").contains("secret"), "{tracing:?}");
        }
        let off = tracing(&[]);
        assert_eq!((off.is_enabled(), off.service(), off.tags().len()), (false, "::", 1));
        let named = [("FN_APP_NAME", "Flowers"), ("FN_APP_ID", "a"), ("FN_FN_ID", "F")];
        let named = tracing(&named);
        assert_eq!(named.service(), "flowers::f");
        let tags: Vec<_> =
            named.tags().iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(tags, ["generatedBy=faas", "appName=Flowers", "appID=a", "fnID=F"]);
    }
}
