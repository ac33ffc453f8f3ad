//! `mdfn deploy`: a function made of an archive or an image, or updated, with the user's own
//! signature.
//!
//! ```text
//! Options ▶ Wanted ▶ Access ▶ what there is ▶ Plan ▶ agreed ▶ Call ▶ ACTIVE
//! ```
//!
//! Source: docs/spec/oci-services.md#functions-api.

mod access;
mod advice;
mod api;
mod body;
mod call;
mod code;
mod dry_run;
mod error;
mod model;
mod notes;
mod options;
mod plan;
mod settings;
mod settings_file;
mod wait;
mod wanted;

use std::process::ExitCode;

pub use self::options::Options;

use self::access::Access;
use self::advice::Doing;
use self::body::Runtime;
use self::code::{Code, Place};
use self::error::Error;
use self::wanted::Wanted;
use crate::ask;
use crate::terminal::{complain, print};

/// Carries the command out; `variable` reads the environment.
pub async fn run(options: Options, variable: fn(&str) -> Option<String>) -> ExitCode {
    match deploy(&options, variable).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("mdfn deploy: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

async fn deploy(options: &Options, variable: fn(&str) -> Option<String>) -> Result<(), Error> {
    let wanted = Wanted::read(options, variable)?;
    if !options.dry_run && !options.yes && !ask::is_anybody_there() {
        return Err(Error::NoTerminal);
    }
    let access = Access::new(options, variable).await?;
    if options.dry_run {
        return say(&dry_run::text(&wanted, &access));
    }
    let functions = &access.functions;
    let application = api::application(functions, options).await?;
    wanted.code.check_shape(&application)?;
    let found = api::function(functions, &application.id, &options.name).await?;
    let place = place(&wanted, &access).await?;
    let (doing, head, plan) = match &found {
        None => {
            let runtime = runtime(&wanted, &access).await?;
            let plan = plan::create(&wanted, &application, &place, runtime.as_ref())?;
            (Doing::Create, format!("{} will be made", options.name), plan)
        }
        Some((function, etag)) => {
            let head = format!("{} ({}) will change", options.name, function.id);
            match plan::update(&wanted, &application, function, etag.as_deref(), &place)? {
                Some(plan) => (Doing::Update, head, plan),
                None => return say(&format!("{} is up to date; nothing changes", function.id)),
            }
        }
    };
    say(&format!("{application}\nfunction {head}:\n{}", plan.lines.join("\n")))?;
    for note in notes::of(&wanted, doing, &place, access.region.as_deref()) {
        say(&format!("note: {note}"))?;
    }
    if !options.yes && !ask::agrees("Is that right?") {
        return Err(Error::Declined);
    }
    if let (true, Some(packed), Place::Object { namespace, bucket, .. }) =
        (plan.has_code, wanted.code.large(), &place)
    {
        api::upload(&access.storage, namespace, bucket, packed).await?;
        say("the archive is uploaded")?;
    }
    let made = api::carry_out(functions, &plan, doing).await?;
    say(&format!("{} is accepted; waiting for up to {} s", made.id, options.wait))?;
    wait::until_active(functions, &made, options.wait).await?;
    say(&format!("{} is ACTIVE", made.id))?;
    if doing == Doing::Create { say(&notes::next(&made.id)) } else { Ok(()) }
}

/// Returns where the service will get an archive from.
async fn place(wanted: &Wanted<'_>, access: &Access) -> Result<Place, Error> {
    match (wanted.code.large(), &wanted.options.bucket) {
        (Some(packed), Some(bucket)) => {
            let namespace = api::namespace(&access.storage).await?;
            Ok(Place::Object { namespace, bucket: bucket.clone(), name: packed.object() })
        }
        _ => Ok(Place::Direct),
    }
}

/// Returns the runtime of a new function; the service is asked if none is named.
async fn runtime(wanted: &Wanted<'_>, access: &Access) -> Result<Option<Runtime>, Error> {
    let options = wanted.options;
    let found = match (&wanted.code, &options.runtime) {
        (Code::Image(_), _) => return Ok(None),
        (Code::Archive(_), Some(_)) => None,
        (Code::Archive(_), None) => Some(api::runtime(&access.functions).await?),
    };
    Ok(Runtime::of(options, found))
}

fn say(text: &str) -> Result<(), Error> {
    print(format!("{text}\n").as_bytes()).map_err(Error::Output)
}
