//! The requests of a probe, shown and not sent.

use oracle_cloud_client::Service;

use super::call::Call;
use super::options::Options;
use super::question::Question;
use super::subject::{Subject, SubjectKind};
use super::wanted::Wanted;
use crate::application::is_ocid;

/// Returns all requests in their order. Values that only an answer has are written as `<...>`.
pub(super) fn text(wanted: &Wanted, options: &Options, functions: &Service) -> String {
    let mut lines = vec![
        "Nothing is sent. It would be, in this order:".to_owned(),
        format!("  to {}", functions.url()),
    ];
    let mut say = |call: &Call| lines.push(format!("    {}", call.line()));
    let mut application = options.application.clone().unwrap_or_default();
    if !wanted.subjects.is_empty() {
        if let Some(compartment) = options.compartment.as_ref().filter(|_| !is_ocid(&application)) {
            say(&Call::applications(compartment, &application));
            "<OCID of the application>".clone_into(&mut application);
        }
        say(&Call::application(&application));
    }
    if wanted.needs_runtimes(options) {
        say(&Call::runtimes(None));
    }
    for question in [Question::KeySet, Question::Streaming] {
        if let Some(gateway) = options.gateway.as_ref().filter(|_| wanted.asked.contains(&question))
        {
            lines.extend(of_deployment(question, gateway, options));
        }
    }
    for subject in &wanted.subjects {
        lines.extend(of_subject(subject, options));
    }
    if !wanted.subjects.is_empty() && !options.keep {
        lines.push("  Then, for each of them:".to_owned());
        let (delete, look) = (Call::delete("<OCID>"), Call::function("<OCID>"));
        lines.extend([&delete, &look].map(|call| format!("    {}", call.line())));
    }
    lines.join("\n")
}

fn of_deployment(question: Question, gateway: &str, options: &Options) -> Vec<String> {
    let (deploy, look) = (Call::deploy(serde_json::Value::Null), Call::deployment("<OCID>"));
    let delete = (!options.keep).then(|| Call::undeploy("<OCID>"));
    let calls = [Call::gateway(gateway), deploy, look].into_iter().chain(delete);
    let backend = options.stream_backend.as_ref().filter(|_| question == Question::Streaming);
    let (what, call) = match backend {
        Some(backend) => (
            format!("  A deployment that leads to {backend}, to API Gateway:"),
            Some("    GET its own address, with a token of this probe"),
        ),
        None => (
            "  A deployment, to API Gateway:".to_owned(),
            options
                .token_file
                .is_some()
                .then_some("    GET its own address, without the token and with it"),
        ),
    };
    let calls = calls.map(|call| format!("    {}", call.line()));
    [what].into_iter().chain(calls).chain(call.map(str::to_owned)).collect()
}

fn of_subject(subject: &Subject, options: &Options) -> Vec<String> {
    let place = options.invoke_endpoint.as_deref();
    let place = place.unwrap_or("<the address for calls that the function names>");
    let look = Call::function("<OCID>");
    let invoke = Call::invoke("<OCID>", serde_json::json!({ "data": [] }));
    let stream = options.stream.as_ref().filter(|_| subject.kind == SubjectKind::Detached);
    if let Some(stream) = stream {
        let calls = [
            Call::stream(stream),
            Call::cursor(stream, 0),
            Call::create(serde_json::Value::Null),
            look,
            invoke,
            Call::messages(stream, "<cursor>"),
        ];
        let head = "  A function with that stream for its results, called detached:".to_owned();
        let lines = calls.iter().map(|call| format!("    {}", call.line()));
        return [head].into_iter().chain(lines).collect();
    }
    vec![
        format!("  A function of the {}, until it is active:", subject.kind.word()),
        format!("    {}", Call::create(serde_json::Value::Null).line()),
        format!("    {}", look.line()),
        format!("  Twice, to {place}:"),
        format!("    {}", invoke.line()),
    ]
}
