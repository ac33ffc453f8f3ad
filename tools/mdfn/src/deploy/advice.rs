//! What to do about an error of a service, in one sentence.

use std::fmt;

use oracle_cloud_client::{Error, ServiceError};

/// What was being done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Doing {
    FindApplication,
    FindFunction,
    FindRuntime,
    Create,
    Update,
    Wait,
    FindNamespace,
    Upload,
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FindApplication => "the application cannot be read",
            Self::FindFunction => "the function cannot be looked for",
            Self::FindRuntime => "the runtimes cannot be listed",
            Self::Create => "the function cannot be made",
            Self::Update => "the function cannot be updated",
            Self::Wait => "the function cannot be looked at, which is being made or changed",
            Self::FindNamespace => "the namespace of Object Storage cannot be read",
            Self::Upload => "the archive cannot be uploaded",
        })
    }
}

/// Returns what to do about it.
pub(super) fn sentence(doing: Doing, error: &Error) -> &'static str {
    match error {
        Error::Service(error) => of_service(doing, error),
        Error::Transport { was_sent: false, .. } => {
            "Nothing was sent: is the region right, and may this machine reach the service without a proxy?"
        }
        Error::Transport { .. } => lost(doing),
        Error::Credentials(_) | Error::Signing(_) => {
            "Nothing was sent; `mdfn doctor` says what is wrong with the credentials."
        }
        Error::Decode(_) => "The service may be newer than this program.",
        Error::Request(_) | _ => "Nothing was sent.",
    }
}

/// Returns the connection broke after the request had begun.
fn lost(doing: Doing) -> &'static str {
    match doing {
        Doing::Create => {
            "It is unknown whether it was made: run the same command again, which finds it by its name if it was, or look with `oci fn \
             function list --application-id`."
        }
        Doing::Update => {
            "It is as it was before or as it was to be, nothing between: run the same command again, which shows what is left to change."
        }
        Doing::Upload => {
            "An object is there whole or not at all, and the function is as it was: run the same command again."
        }
        Doing::Wait => "It continues without this command; run the same command again.",
        Doing::FindApplication
        | Doing::FindFunction
        | Doing::FindRuntime
        | Doing::FindNamespace => "Nothing was changed: run the same command again.",
    }
}

fn of_service(doing: Doing, error: &ServiceError) -> &'static str {
    match (error.status.as_u16(), error.code.as_deref()) {
        (_, Some("LimitExceeded" | "QuotaExceeded")) => {
            "A limit or quota of the tenancy is reached: ask for a higher one under Limits, Quotas and Usage, or delete functions."
        }
        (400, _) => of_parameter(doing),
        (401, _) => {
            "The service does not know the key, or a clock is wrong: `mdfn doctor` says what is odd about either."
        }
        (403 | 404, _) => of_rights(doing),
        (409, _) => {
            "Somebody makes, changes or deletes a function of this name at this moment: wait until that is done, and run the same command \
             again."
        }
        (412, _) => {
            "The function was changed since it was read, by somebody or by an attempt whose answer was lost: run the same command again, \
             which shows what is left to change."
        }
        (429, _) => {
            "Too many requests come from this tenancy: wait a minute, and run the same command again."
        }
        (500..=599, _) if doing == Doing::Create => {
            "The service failed, and may have made it: wait a minute, and run the same command again, which finds it by its name if it did."
        }
        (500..=599, _) => "The service failed: wait a minute, and run the same command again.",
        _ => "The service's message says what it wants; its support asks for the opc-request-id.",
    }
}

fn of_parameter(doing: Doing) -> &'static str {
    match doing {
        Doing::Create | Doing::Update => {
            "The message names what does not fit. An image must be in the registry of the function's own region; archives are for realm oc1; \
             without --runtime the runtime is looked up; whether the service takes an executable that Go did not build is not known."
        }
        Doing::FindApplication
        | Doing::FindFunction
        | Doing::FindRuntime
        | Doing::Wait
        | Doing::FindNamespace
        | Doing::Upload => "The message names what does not fit.",
    }
}

/// Returns the advice for a 404. It can also mean a missing right: the service does not say which.
fn of_rights(doing: Doing) -> &'static str {
    match doing {
        Doing::FindApplication => {
            "It is not there, not in this region, or you may not see it: `Allow group <yours> to read functions-family in compartment id \
             <the application's>`."
        }
        Doing::FindFunction | Doing::FindRuntime | Doing::Wait => {
            "You may not see it: `Allow group <yours> to read functions-family in compartment id <the application's>`."
        }
        Doing::Create | Doing::Update => {
            "It is gone, or you may not change it: `Allow group <yours> to manage functions-family in compartment id <the application's>`; \
             for an image also `to read repos`; for an archive in a bucket the application itself must be allowed to read the object."
        }
        Doing::FindNamespace => {
            "You may not see it: `Allow group <yours> to read objectstorage-namespaces in tenancy`."
        }
        Doing::Upload => {
            "The bucket is not there, or you may not write into it: `Allow group <yours> to manage objects in compartment id <the bucket's> \
             where target.bucket.name = '<its name>'`."
        }
    }
}
