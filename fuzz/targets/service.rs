//! A target, a client's URL, headers and body of a call of another service: to what is sent, judged by a second implementation
//! that knows two entries and nothing else.
#![no_main]

use std::fmt;
use std::sync::LazyLock;

use fuzz::secret;
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use model_deployment_fn::services::{BodyError, ClientUrl, Refusal, Services};
use oracle_cloud_client::region::Regions;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

const COMPARTMENT: &str = "ocid1.compartment.oc1..first";
const MODEL: &str = "xai.grok-4.3";
const CHAT_HOST: &str = "inference.generativeai.us-chicago-1.oci.oraclecloud.com";
const OBJECTS_HOST: &str = "objectstorage.us-chicago-1.oraclecloud.com";
const OBJECTS: &str = "/n/ns/b/bucket/o";
const MOUNT: &str = "/m/o";

static SERVICES: LazyLock<Services> = LazyLock::new(|| {
    let json = format!(
        r#"{{"chat":{{"service":"inference.generativeai","base":"/openai/v1","compartments":["{COMPARTMENT}"],
            "models":["{MODEL}"],"open":["POST /openai/v1/chat/completions","GET,DELETE /openai/v1/responses/{{}}"]}},
        "objects":{{"service":"objectstorage","base":"{OBJECTS}","mount":"{MOUNT}",
            "open":["GET {OBJECTS}","GET,PUT {OBJECTS}/{{*}}"]}}}}"#
    );
    Services::new(&json, &Regions::default(), Some("us-chicago-1")).expect("they are services")
});

/// The methods that are open on a path, by the two entries.
fn methods(host: &str, path: &str) -> &'static [&'static str] {
    let item = path.strip_prefix("/openai/v1/responses/");
    let object = path.strip_prefix(OBJECTS).and_then(|rest| rest.strip_prefix('/'));
    match host {
        CHAT_HOST if path == "/openai/v1/chat/completions" => &["POST"],
        CHAT_HOST if item.is_some_and(is_canonical) => &["GET", "DELETE"],
        OBJECTS_HOST if path == OBJECTS => &["GET"],
        OBJECTS_HOST if object.is_some_and(is_whole) => &["GET", "PUT"],
        _ => &[],
    }
}

/// Whether a segment is written in the one way in which it can be.
fn is_canonical(segment: &str) -> bool {
    let mut decoded = Vec::new();
    let mut rest = segment;
    while let Some(first) = rest.chars().next() {
        if let Some(code) = rest.strip_prefix('%').and_then(|rest| rest.get(..2)) {
            let Ok(byte) = u8::from_str_radix(code, 16) else { return false };
            decoded.push(byte);
            rest = &rest[3..];
        } else {
            decoded.extend_from_slice(first.to_string().as_bytes());
            rest = &rest[first.len_utf8()..];
        }
    }
    let Ok(text) = String::from_utf8(decoded) else { return false };
    let again: String = text
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    again == segment
        && !text.trim_matches('.').is_empty()
        && !text.contains(['%', '/'])
        && !text.chars().any(|letter| letter.is_ascii_control())
}

/// Whether every part of an object's name is.
fn is_whole(name: &str) -> bool {
    name.replace("%2F", "/").split('/').all(is_canonical)
}

fn is_path(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(is_whole)
}

/// Host and path that a call means; None if it means nothing that is open.
fn meant(target: &str, client: &str) -> Option<(&'static str, String)> {
    if target.len() > 2048
        || !target.bytes().all(|byte| (b'!'..=b'~').contains(&byte))
        || target.contains('#')
    {
        return None;
    }
    let end = |text: &str| text.find(['/', '?']).unwrap_or(text.len());
    let is_url = target.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    let (host, rest) = if is_url {
        let (host, rest) = target[8..].split_at(end(&target[8..]));
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix(":443").unwrap_or(&host);
        ([CHAT_HOST, OBJECTS_HOST].into_iter().find(|known| *known == host)?, rest.to_owned())
    } else {
        let (alias, rest) = target.split_at(end(target));
        let host = match alias {
            "chat" => CHAT_HOST,
            "objects" => OBJECTS_HOST,
            _ => return None,
        };
        (host, rest.to_owned())
    };
    let (path, query) =
        rest.split_once('?').map_or((rest.as_str(), None), |(path, query)| (path, Some(query)));
    if query == Some("")
        || query.is_some() && path.is_empty()
        || !(path.is_empty() || is_path(path))
    {
        return None;
    }
    if !methods(host, path).is_empty() {
        return Some((host, path.to_owned()));
    }
    let begins = |whole: &str| whole.starts_with(&format!("{path}/"));
    let base = match (host, path) {
        (CHAT_HOST, "") => "/openai/v1",
        (OBJECTS_HOST, "") => OBJECTS,
        (CHAT_HOST, _)
            if begins("/openai/v1/chat/completions") || begins("/openai/v1/responses/x") =>
        {
            path
        }
        (OBJECTS_HOST, _) if begins(OBJECTS) => path,
        _ => return None,
    };
    if !is_path(client) {
        return None;
    }
    let mut candidates: Vec<String> = if host == OBJECTS_HOST {
        let rest =
            client.strip_prefix(MOUNT).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        rest.into_iter().map(|rest| format!("{base}{rest}")).collect()
    } else {
        client.match_indices('/').map(|(start, _)| format!("{base}{}", &client[start..])).collect()
    };
    candidates.retain(|path| !methods(host, path).is_empty());
    Some((host, candidates.first()?.clone()))
}

/// The members of an object in their order.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// Whether a chat's body names the listed model, once, and no compartment in any spelling.
fn is_chat(body: &str) -> bool {
    let Ok(Members(members)) = serde_json::from_str(body) else { return false };
    let plain = |name: &str| name.to_lowercase().replace(['_', '-'], "");
    let models: Vec<_> = members.iter().filter(|(name, _)| plain(name) == "model").collect();
    let [(name, model)] = models.as_slice() else { return false };
    name == "model"
        && serde_json::from_str::<String>(model.get()).is_ok_and(|model| model == MODEL)
        && !members.iter().any(|(name, _)| plain(name) == "compartmentid")
}

/// Whether a query says nothing that it may not.
fn is_query(query: &str, host: &str) -> bool {
    let decoded = |text: &str| {
        let (mut bytes, mut decoded) = (text.bytes(), Vec::new());
        while let Some(byte) = bytes.next() {
            let code = (byte == b'%').then(|| bytes.clone().take(2).collect::<Vec<u8>>());
            let code =
                code.filter(|code| code.len() == 2 && code.iter().all(u8::is_ascii_hexdigit));
            match code.and_then(|code| u8::from_str_radix(&String::from_utf8(code).ok()?, 16).ok())
            {
                Some(code) => {
                    decoded.push(code);
                    bytes.nth(1);
                }
                None => decoded.push(if byte == b'+' { b' ' } else { byte }),
            }
        }
        String::from_utf8_lossy(&decoded).into_owned()
    };
    let mut compartments = 0;
    for part in query.split(['&', ';']).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let name = decoded(name).to_lowercase().replace(['_', '-'], "");
        if name == "key"
            || name == "accesstoken"
            || name == "namespacename"
            || name.starts_with("xamz")
        {
            return false;
        }
        if host == CHAT_HOST && name.contains("compartmentid") {
            compartments += 1;
            if decoded(value) != COMPARTMENT {
                return false;
            }
        }
    }
    compartments < 2
        && query.bytes().all(|byte| (b'!'..=b'~').contains(&byte) && !b"\"#<>".contains(&byte))
}

/// The fields of an input, in their order; the last one is the body.
const FIELDS: usize = 6;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut fields = text.splitn(FIELDS, '\n');
    let [method, target, path, query, compartment, body] =
        std::array::from_fn::<&str, FIELDS, _>(|_| fields.next().unwrap_or_default());
    let Ok(method) = method.parse::<Method>() else { return };
    let mut headers = HeaderMap::new();
    if !compartment.is_empty() {
        let Ok(value) = HeaderValue::from_str(compartment) else { return };
        headers.insert("opc-compartment-id", value);
    }
    let client = ClientUrl { path: Some(path), query: Some(query) };
    let named = SERVICES.operation(target, &method, client);
    // By other means.
    let meant = meant(target, path);
    let own = target.split_once('?').map(|(_, query)| query);
    let sent = meant.as_ref().filter(|(host, path)| {
        let query = own.unwrap_or(query);
        methods(host, path).contains(&method.as_str())
            && (query.is_empty() || is_query(query, host))
    });
    // Letters beyond ASCII are taken for others more often than here.
    let is_strict =
        query.is_ascii() && !query.contains('%') && own.is_none_or(|own| !own.contains('%'));
    let operation = match (named, sent) {
        (Ok(operation), Some((host, path))) => {
            let uri = operation.uri();
            assert_eq!((uri.scheme_str(), uri.host()), (Some("https"), Some(*host)), "{text}");
            assert_eq!((uri.path(), uri.port_u16()), (path.as_str(), None), "{text}");
            assert_eq!(uri.query().unwrap_or_default(), own.unwrap_or(query), "{text}");
            operation
        }
        (Err(refusal), None) => return secret::kept_by(&refusal),
        (Err(_), Some(_)) if !is_strict => return,
        (named, sent) => panic!("{text}: {named:?}, and it means {sent:?}"),
    };
    let set = operation.headers(&method, &headers);
    let is_chat_host = operation.alias() == "chat";
    assert_eq!(set.is_ok(), !is_chat_host || compartment.is_empty() || compartment == COMPARTMENT);
    if let (Ok(set), true) = (&set, is_chat_host) {
        assert!(
            ["opc-compartment-id", "compartmentid"].iter().all(|name| set[*name] == COMPARTMENT)
        );
    }
    if operation.pattern() == "/openai/v1/chat/completions" {
        match operation.check_body(body) {
            Ok(model) => assert!(model == Some(MODEL) && is_chat(body), "{body}"),
            Err(BodyError::Refused(Refusal::Depth(levels))) => {
                assert!(body.matches(['[', '{']).count() > levels, "{body}");
            }
            Err(refused) => {
                assert!(!is_chat(body) || !body.is_ascii() || body.contains("\\u"), "{body}");
                secret::kept_by(&refused);
            }
        }
    }
});
