//! The command line of `mdfn probe`.

use std::path::PathBuf;

use clap::{Args, value_parser};
use http::Uri;

use super::question::Question;
use crate::access::AccessOptions;
use crate::application;
use crate::policy::compartment;

const AFTER_HELP: &str = "\
What cannot be known without a tenancy, asked in yours:
  1  does the service take an archive of an executable that Go did not build?  --application, --archive or --archive-pie
  2  does it take one at fixed addresses, and a static PIE?  --application, --archive and --archive-pie
  3  what are the runtimes for Go called?
  4  does the gateway take the identity domain's key set by its address?  --gateway, --domain; --token-file to call it
  5  does an answer pass the gateway in pieces, as they are sent?  --gateway, --stream-backend
  6  what does the destination of a detached call get?  --application, an archive, --stream
  7  how long do the first and the next call take, of an archive and an image?  --application, an archive, --image

It creates functions named mdfn-probe-..., calls each twice, and deletes them: at the end, after an error, after Ctrl-C,
and where the terminal is gone. It names what it could not delete, and what may have been made. A question whose options
are missing is not asked. The report has an outcome for each question, with the requests behind it: status, code,
opc-request-id, seconds. It has no token, key or body.

It signs as you do, like `mdfn deploy`. It uses no proxy.

Exit code: 0 each question that was asked has an answer, yes or no; 1 something was left behind, or you said no or
stopped it; 2 nothing was asked because of what was given; 3 a question was asked and has no answer.

Example:
  mdfn probe --application ocid1.fnapp.oc1.sa-saopaulo-1.example --archive function.zip --output report.json";

/// Asks your tenancy what is unknown about it, and deletes what it made
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// Application for the functions: its OCID, or its name in --compartment
    #[arg(long, value_name = "NAME|OCID", value_parser = application::parse)]
    pub(super) application: Option<String>,
    /// Compartment of the application, if that is a name
    #[arg(long, value_name = "OCID", value_parser = compartment)]
    pub(super) compartment: Option<String>,
    /// Archive whose executables are linked for fixed addresses
    #[arg(long, value_name = "FILE")]
    pub(super) archive: Option<PathBuf>,
    /// Archive whose executables are static PIEs
    #[arg(long, value_name = "FILE")]
    pub(super) archive_pie: Option<PathBuf>,
    /// Image of the same function, in the region's registry
    #[arg(long, value_name = "NAME")]
    pub(super) image: Option<String>,
    /// Gateway to create a deployment on
    #[arg(long, value_name = "OCID", value_parser = gateway)]
    pub(super) gateway: Option<String>,
    /// Identity domain whose key set the gateway shall fetch, `https://idcs-...`
    #[arg(long, value_name = "URL", value_parser = domain)]
    pub(super) domain: Option<String>,
    /// File with a token of that domain, to call the deployment; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// Server that answers a GET in pieces over 2 s or more, as the gateway reaches it
    #[arg(long, value_name = "URL", value_parser = stream_backend)]
    pub(super) stream_backend: Option<String>,
    /// Stream for the results of a detached call; the function must write, you must read it
    #[arg(long, value_name = "OCID", value_parser = stream)]
    pub(super) stream: Option<String>,
    /// Runtime of the archives; default: the active one for Go
    #[arg(long, value_name = "NAME")]
    pub(super) runtime: Option<String>,
    /// Ask only these questions, by their numbers
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = Question::parse)]
    pub(super) only: Vec<Question>,
    /// Write the report to this file, as JSON
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Leave what was created, and name it
    #[arg(long)]
    pub(super) keep: bool,
    #[command(flatten)]
    pub(super) access: AccessOptions,
    /// Another address of the Functions service
    #[arg(long, value_name = "URL")]
    pub(super) endpoint: Option<String>,
    /// Another address for calls of functions; default: what the service names
    #[arg(long, value_name = "URL")]
    pub(super) invoke_endpoint: Option<String>,
    /// Another address of the API of API Gateway
    #[arg(long, value_name = "URL")]
    pub(super) gateway_endpoint: Option<String>,
    /// Another address of Streaming, for the stream and its messages
    #[arg(long, value_name = "URL")]
    pub(super) stream_endpoint: Option<String>,
    /// Timeout of each wait: for a function, for a result, for a deletion
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = value_parser!(u64).range(1..=1200))]
    pub(super) wait: u64,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Show the requests, send none
    #[arg(long, conflicts_with = "yes")]
    pub(super) dry_run: bool,
}

fn stream(text: &str) -> Result<String, &'static str> {
    ocid("ocid1.stream.", text).ok_or("expected the OCID of a stream, `ocid1.stream...`")
}

fn gateway(text: &str) -> Result<String, &'static str> {
    ocid("ocid1.apigateway.", text).ok_or("expected the OCID of a gateway, `ocid1.apigateway...`")
}

fn ocid(start: &str, text: &str) -> Option<String> {
    let is_ocid = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    (text.starts_with(start) && is_ocid).then(|| text.to_owned())
}

/// An address that the gateway calls as it stands.
fn stream_backend(text: &str) -> Result<String, &'static str> {
    let uri: Option<Uri> = text.parse().ok();
    let is_address = uri.is_some_and(|uri| {
        let has_user = uri.authority().is_none_or(|authority| authority.as_str().contains('@'));
        matches!(uri.scheme_str(), Some("https" | "http")) && !has_user
    });
    if is_address && !text.contains(['$', '{', '#']) {
        Ok(text.to_owned())
    } else {
        Err("expected the http or https URL of a server, without user and variables")
    }
}

fn domain(text: &str) -> Result<String, &'static str> {
    let uri: Option<Uri> = text.parse().ok();
    let is_bare = uri.is_some_and(|uri| {
        uri.scheme_str() == Some("https")
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && matches!(uri.path(), "" | "/")
            && uri.query().is_none()
    });
    if is_bare {
        Ok(text.to_owned())
    } else {
        Err("expected the https address of an identity domain, without a path")
    }
}
