//! What the options take.

use http::Uri;

use crate::loopback::is_this_machine;

pub(super) fn function(text: &str) -> Result<String, &'static str> {
    if text.starts_with("ocid1.fnfunc.") && is_word(text, ".-_") {
        Ok(text.to_owned())
    } else {
        Err("expected the OCID of a function, `ocid1.fnfunc...`")
    }
}

/// Where the gateway reaches the streaming server, without what a route appends.
pub(super) fn server(text: &str) -> Result<String, &'static str> {
    let uri: Option<Uri> = text.parse().ok();
    let fits = uri.is_some_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let plain =
            uri.path() == "/" && uri.query().is_none() && !text.contains(['@', '#', '$', '{']);
        matches!(uri.scheme_str(), Some("https" | "http")) && !host.is_empty() && plain
    });
    if fits {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("expected the URL of the server without a path, such as `http://10.0.1.2:8080`")
    }
}

/// A text that is compared exactly, and so must not be empty.
pub(super) fn text(text: &str) -> Result<String, &'static str> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("expected a text without spaces")
    }
}

/// Returns an audience: where it is a URL, with a host.
pub(super) fn audience(text: &str) -> Result<String, &'static str> {
    let is_url = text.contains("://");
    let host = text.parse::<Uri>().ok().and_then(|uri| uri.host().map(|host| !host.is_empty()));
    if is_url && host != Some(true) {
        return Err("expected the audience of the tokens, such as `https://<gateway host>/`");
    }
    self::text(text)
}

pub(super) fn client(text: &str) -> Result<String, &'static str> {
    if is_word(text, ".-_") { Ok(text.to_owned()) } else { Err("expected the id of a client") }
}

pub(super) fn scope(text: &str) -> Result<String, &'static str> {
    if text.contains("://") {
        Err("expected the scope without its audience, such as `predict`: tokens have it so")
    } else {
        self::text(text)
    }
}

pub(super) fn https(text: &str) -> Result<String, &'static str> {
    let uri: Option<Uri> = text.parse().ok();
    let fits = uri.is_some_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let secure = uri.scheme_str() == Some("https")
            || (uri.scheme_str() == Some("http") && is_this_machine(host));
        secure && uri.path().len() > 1 && !text.contains('@')
    });
    if fits {
        Ok(text.to_owned())
    } else {
        Err(
            "expected the https URL of a key set, such as `https://<domain>/admin/v1/SigningCert/jwk`",
        )
    }
}

/// Returns an origin as browsers send it: a scheme and a host, with a port that is not the scheme's
/// own.
pub(super) fn origin(text: &str) -> Result<String, &'static str> {
    let uri: Option<Uri> = text.parse().ok();
    let fits = uri.is_some_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let own = match uri.scheme_str() {
            Some("https") => 443,
            Some("http") if is_this_machine(host) => 80,
            _ => return false,
        };
        let port = uri.port_u16();
        let port = port.map_or(String::new(), |port| format!(":{port}"));
        let written = format!("{}://{host}{port}", uri.scheme_str().unwrap_or_default());
        !host.is_empty() && port != format!(":{own}") && text == written.to_ascii_lowercase()
    });
    if fits {
        Ok(text.to_owned())
    } else {
        Err("expected an origin as browsers send it, such as `https://app.example`")
    }
}

/// Returns a path as the function compares it.
pub(super) fn server_path(text: &str) -> Result<String, &'static str> {
    let segment = |text: &str| is_word(text, "-._~:") && text.bytes().any(|byte| byte != b'.');
    let plain = text.strip_prefix('/').is_some_and(|path| path.split('/').all(segment));
    if plain && text != "/v1" && !text.starts_with("/v1/") {
        Ok(text.to_owned())
    } else {
        Err("expected a path beside `/v1`, such as `/metrics`, of letters, digits and `-._~:`")
    }
}

pub(super) fn model(text: &str) -> Result<(String, String), &'static str> {
    let (name, target) = name_and_target(text)?;
    match target.rest.as_deref() {
        None | Some("/predict" | "/predictWithResponseStream") => Ok((name, target.text)),
        Some(_) => Err("expected a URL that ends with `/predict`, or an alias"),
    }
}

pub(super) fn openai_model(text: &str) -> Result<(String, String), &'static str> {
    let (name, target) = name_and_target(text)?;
    match target.rest.as_deref() {
        None | Some("") => Ok((name, target.text)),
        Some(_) => {
            Err("expected a base URL, which ends after the model deployment's OCID, or an alias")
        }
    }
}

/// What a model's name means.
struct Target {
    text: String,
    /// What follows the OCID, of a URL.
    rest: Option<String>,
}

fn name_and_target(text: &str) -> Result<(String, Target), &'static str> {
    let (name, target) = text.split_once('=').ok_or("expected `NAME=TARGET`")?;
    if !is_word(name, "-_") || ["healthz", "readyz"].contains(&name) {
        return Err(
            "expected a name of letters, digits, `-` and `_`, other than `healthz` and `readyz`",
        );
    }
    let rest = if target.contains("://") {
        Some(after_ocid(target)?)
    } else if is_word(target, ".-_") {
        None
    } else {
        return Err("expected an https URL, or an alias of letters, digits, `.`, `-` and `_`");
    };
    Ok((name.to_owned(), Target { text: target.to_owned(), rest }))
}

/// Returns what follows the OCID in the URL of a model deployment.
fn after_ocid(url: &str) -> Result<String, &'static str> {
    const NO_URL: &str = "expected an https URL without user, query and variables";
    let uri: Uri = url.parse().ok().ok_or(NO_URL)?;
    let plain = uri.scheme_str() == Some("https")
        && uri.query().is_none()
        && !url.contains(['@', '#', '{']);
    if !plain || uri.host().is_none_or(str::is_empty) {
        return Err(NO_URL);
    }
    let mut segments = uri.path().splitn(3, '/').skip(1);
    let ocid = segments.next().unwrap_or_default();
    if !ocid.starts_with("ocid1.datasciencemodeldeployment.") || !is_word(ocid, ".-_") {
        return Err("expected a URL whose path begins with the OCID of a model deployment");
    }
    Ok(segments.next().map_or_else(String::new, |rest| format!("/{rest}")))
}

pub(super) fn is_word(text: &str, others: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || others.contains(letter))
}
