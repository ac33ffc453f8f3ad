//! Configuration and identity.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;

use crate::ask::Ask;
use crate::call::Call;
use crate::harness::{Harness, Subject};
use crate::item::Item;
use crate::launch::Launch;
use crate::predictor::Stage;
use crate::verdict::{Problem, Verdict, equal, expect};

pub(super) const ITEMS: &[Item] = &[
    Item::should(93, "config values with `=`, blanks and UTF-8", |harness| {
        Box::pin(values(harness))
    }),
    Item::should(94, "a variable that is not UTF-8 does no harm", |harness| {
        Box::pin(not_utf8(harness))
    }),
    Item::should(95, "the resource principal's token is read again", |harness| {
        Box::pin(rotation(harness))
    }),
];

const VALUE: &str = " a=b == c, Grüße 世界 \"quoted\" $HOME ";

async fn values(harness: Harness) -> Verdict {
    let launch = Launch::new(&harness).await?;
    match harness.subject() {
        Subject::Plain => {
            launch.set("CONFORMANCE_VALUE", VALUE).start().await?.served(Call::with("{}")).await?;
            harness.needs_protocol("it serves; what the handler sees")?;
        }
        Subject::Protocol => {
            let instance = launch.set("CONFORMANCE_VALUE", VALUE).start().await?;
            let context = instance.context(Call::new()).await?;
            context.expect("config/CONFORMANCE_VALUE", VALUE)?;
        }
        Subject::Predictor(_) => {
            // An alias of a deployment, found only if the value was read as it is. Its deployment
            // is the launch's own.
            let url = launch.stage().map(Stage::url).unwrap_or_default();
            let aliases = json!({ VALUE: url }).to_string();
            let launch = launch.set("MODEL_DEPLOYMENTS", aliases).set("ACCEPT_ENVELOPE", "true");
            let instance = launch.start().await?;
            let body = json!({ "ENDPOINT": VALUE, "PAYLOAD": { "data": [[6.3, 3.3, 6.0, 2.5]] } });
            let call = Call::with(body.to_string()).header("Content-Type", "application/json");
            let reply = instance.exchange(&call.bytes()).await?;
            expect(reply.status == 200, "a prediction of the alias", || reply.shown())?;
        }
    }
    Ok(format!("{VALUE:?}"))
}

async fn not_utf8(harness: Harness) -> Verdict {
    let launch =
        Launch::new(&harness).await?.set("CONFORMANCE_BYTES", OsStr::from_bytes(b"\xff\xfe"));
    let instance = launch.set("OTHER", OsStr::from_bytes(b"a\xe9")).start().await?;
    instance.served(Call::with("{}")).await?;
    if matches!(harness.subject(), Subject::Protocol) {
        let reply = instance.ask(&Ask::Context, Call::new()).await?;
        expect(reply.status == 200, "200", || reply.shown())?;
    }
    let said = instance.err.text();
    expect(!said.contains("panicked"), "no panic", || said.clone())?;
    Ok("serves".into())
}

async fn rotation(harness: Harness) -> Verdict {
    let launch = Launch::new(&harness).await?;
    match harness.subject() {
        Subject::Plain => Err(Problem::not_checked(
            "reading a token again needs a function that speaks the conformance protocol",
        )),
        Subject::Protocol => {
            let file = launch.directory().join("rpst");
            let write = |text: &str| fs::write(&file, text).map_err(Problem::machine("a file"));
            write("first")?;
            let launch = launch.set("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2");
            let instance = launch.set("OCI_RESOURCE_PRINCIPAL_RPST", &file).start().await?;
            for text in ["first", "second"] {
                write(text)?;
                let reply = instance.ask(&Ask::Token, Call::with("{}")).await?;
                let seen = String::from_utf8_lossy(&reply.body).into_owned();
                equal("the token", &text.to_owned(), &seen)?;
            }
            Ok("first, second".into())
        }
        Subject::Predictor(predictor) => {
            let principal = predictor.principal(launch.directory())?;
            let launch = principal
                .variables()
                .into_iter()
                .fold(launch, |launch, (name, value)| launch.set(name, value));
            let instance = launch.start().await?;
            let mut keys = Vec::new();
            for _ in 0..2 {
                instance.served(Call::with("{}")).await?;
                let received = instance.stage.as_ref().map(Stage::last).transpose()?;
                let received = received.filter(|received| received.verdict.is_ok());
                let received =
                    received.ok_or_else(|| Problem::failed("a valid signature", "none"))?;
                let authorization = received.request.text("authorization").unwrap_or_default();
                keys.push(
                    authorization.split_once("keyId=").map(|(_, rest)| key_id(rest).to_owned()),
                );
                principal.rotate(3600).map_err(Problem::machine("a file"))?;
            }
            let changed = keys.first() != keys.last();
            expect(changed, "the new token", || "the old one".into())?;
            Ok("signed with the new token".into())
        }
    }
}

/// Returns the key id of a signature, up to its closing quote.
fn key_id(rest: &str) -> &str {
    rest.trim_start_matches('"').split('"').next().unwrap_or_default()
}
