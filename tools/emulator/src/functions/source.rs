//! `sourceDetails`: what a function's code is, an archive or an image.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::members::Members;
use super::refusal::Refusal;
use super::runtime::{Runtime, usable};
use crate::object_storage::Objects;

/// The largest archive that comes with the call, in bytes, and from Object Storage. Oracle says 25
/// MB and 250 MB; whether it counts in steps of 1000 or 1024 is not known.
const DIRECT: usize = 25_000_000;
const STORED: usize = 250_000_000;
/// How the registry of the region is named.
const REGISTRIES: [&str; 2] = ["gru.ocir.io/", "ocir.sa-saopaulo-1.oci.oraclecloud.com/"];
/// What a ZIP begins with.
const ZIP: &[u8] = b"PK\x03\x04";

/// What sources are checked against.
pub(super) struct World<'a> {
    pub(super) runtimes: &'a [Runtime],
    pub(super) objects: &'a Objects,
}

/// The code of a function.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Archive { from: Value, sha256: String, handler: Option<String>, runtime: Value },
    Image { image: String, digest: Option<String> },
}

impl Source {
    /// Returns the source of a new function, or what an update makes of the one `before`.
    pub(super) fn read(
        value: &Value,
        before: Option<&Self>,
        world: &World<'_>,
    ) -> Result<Self, Refusal> {
        match (value.get("sourceType").and_then(Value::as_str), before) {
            (Some("ARCHIVE"), None | Some(Self::Archive { .. })) => archive(value, before, world),
            (Some("CONTAINER_IMAGE"), None | Some(Self::Image { .. })) => image(value, before),
            (Some("ARCHIVE" | "CONTAINER_IMAGE"), Some(_)) => Err(Refusal::parameter(
                "sourceType cannot be changed: an archive stays one, and so does an image",
            )),
            _ => Err(Refusal::parameter("sourceType is not ARCHIVE or CONTAINER_IMAGE")),
        }
    }

    /// As it is shown.
    pub(super) fn document(&self) -> Value {
        match self {
            Self::Archive { from, sha256, handler, runtime } => json!({
                "sourceType": "ARCHIVE",
                "archiveSourceDetails": from,
                "handler": handler,
                "runtimeConfig": runtime,
                "sourceCodeSha256": sha256,
            }),
            Self::Image { image, digest } => {
                json!({ "sourceType": "CONTAINER_IMAGE", "image": image, "imageDigest": digest })
            }
        }
    }
}

fn archive(value: &Value, before: Option<&Source>, world: &World<'_>) -> Result<Source, Refusal> {
    let known = ["sourceType", "archiveSourceDetails", "handler", "runtimeConfig"];
    let members = Members::read("sourceDetails", value, &known)?;
    let (mut from, mut sha256, mut handler, mut runtime) = match before {
        Some(Source::Archive { from, sha256, handler, runtime }) => {
            (Some(from.clone()), Some(sha256.clone()), handler.clone(), Some(runtime.clone()))
        }
        Some(Source::Image { .. }) | None => (None, None, None, None),
    };
    if let Some(details) = members.get("archiveSourceDetails") {
        let (place, bytes) = bytes(details, world.objects)?;
        if !bytes.starts_with(ZIP) {
            return Err(Refusal::parameter("the archive is not a ZIP"));
        }
        (from, sha256) = (Some(place), Some(STANDARD.encode(Sha256::digest(&bytes))));
    }
    if let Some(config) = members.get("runtimeConfig") {
        runtime = Some(runtime_config(config, runtime.as_ref(), world.runtimes)?);
    }
    handler = members.text("handler")?.or(handler);
    let missing = |name| Refusal::parameter(format!("sourceDetails needs a member {name}"));
    Ok(Source::Archive {
        from: from.ok_or_else(|| missing("archiveSourceDetails"))?,
        sha256: sha256.ok_or_else(|| missing("archiveSourceDetails"))?,
        handler,
        runtime: runtime.ok_or_else(|| missing("runtimeConfig"))?,
    })
}

/// Returns the shown origin of an archive, and its bytes.
fn bytes(details: &Value, objects: &Objects) -> Result<(Value, Vec<u8>), Refusal> {
    const PLACE: &str = "archiveSourceDetails";
    match details.get("archiveSourceType").and_then(Value::as_str) {
        Some("DIRECT_ARCHIVE") => {
            let known = ["archiveSourceType", "archiveFile"];
            let members = Members::read(PLACE, details, &known)?;
            let file = members.need("archiveFile", Members::text)?;
            let bytes = STANDARD.decode(file).ok();
            let bytes = bytes.ok_or_else(|| Refusal::parameter("archiveFile is not base64"))?;
            if bytes.len() > DIRECT {
                return Err(Refusal::parameter("archiveFile is larger than 25 MB"));
            }
            Ok((json!({ "archiveSourceType": "DIRECT_ARCHIVE" }), bytes))
        }
        Some("OBJECT_STORAGE_ARCHIVE") => {
            let known =
                ["archiveSourceType", "bucketName", "namespace", "objectName", "objectVersionId"];
            let members = Members::read(PLACE, details, &known)?;
            let [bucket, namespace, object] = ["bucketName", "namespace", "objectName"]
                .map(|name| members.need(name, Members::text));
            let bytes = objects.get(&namespace?, &bucket?, &object?);
            let bytes = bytes.ok_or_else(|| Refusal::hidden("the object of the archive"))?;
            if bytes.len() > STORED {
                return Err(Refusal::parameter("the archive is larger than 250 MB"));
            }
            Ok((details.clone(), bytes.to_vec()))
        }
        _ => Err(Refusal::parameter(
            "archiveSourceType is not DIRECT_ARCHIVE or OBJECT_STORAGE_ARCHIVE",
        )),
    }
}

/// Returns the runtime that a function is to have, as it is shown.
fn runtime_config(
    config: &Value,
    before: Option<&Value>,
    runtimes: &[Runtime],
) -> Result<Value, Refusal> {
    const PLACE: &str = "runtimeConfig";
    let (kind, name, version) =
        ("runtimeConfigType", "functionsRuntimeName", "functionsRuntimeVersionId");
    match config.get(kind).and_then(Value::as_str) {
        Some(known @ "FUNCTION_UPDATE") => {
            let members = Members::read(PLACE, config, &[kind, name])?;
            let runtime = usable(runtimes, &members.need(name, Members::text)?, None)?;
            Ok(json!({ kind: known, name: runtime.name, version: runtime.version() }))
        }
        Some(known @ "MANUAL") => {
            let members = Members::read(PLACE, config, &[kind, name, version])?;
            let pinned = members.need(version, Members::text)?;
            // An update may leave the name as it is.
            let kept = before.and_then(|before| before.get(name)).and_then(Value::as_str);
            let named = members.text(name)?.or_else(|| kept.map(str::to_owned));
            let named = named.ok_or_else(|| Refusal::parameter("runtimeConfig has no name"))?;
            let runtime = usable(runtimes, &named, Some(&pinned))?;
            Ok(json!({ kind: known, name: runtime.name, version: pinned }))
        }
        _ => Err(Refusal::parameter("runtimeConfigType is not FUNCTION_UPDATE or MANUAL")),
    }
}

fn image(value: &Value, before: Option<&Source>) -> Result<Source, Refusal> {
    let members = Members::read("sourceDetails", value, &["sourceType", "image", "imageDigest"])?;
    let (kept, digest) = match before {
        Some(Source::Image { image, digest }) => (Some(image.clone()), digest.clone()),
        Some(Source::Archive { .. }) | None => (None, None),
    };
    let (image, digest) = match members.text("image")? {
        Some(image) => (Some(image), members.text("imageDigest")?),
        None => (kept, members.text("imageDigest")?.or(digest)),
    };
    let image = image.ok_or_else(|| Refusal::parameter("sourceDetails needs a member image"))?;
    if !REGISTRIES.iter().any(|registry| image.starts_with(registry)) {
        return Err(Refusal::parameter(format!("{image} is not in the registry of this region")));
    }
    Ok(Source::Image { image, digest })
}
