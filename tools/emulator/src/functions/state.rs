//! Applications, functions and runtimes, and what requests do with them.

use std::collections::BTreeMap;

use hyper::header::{ETAG, HeaderValue};
use hyper::{HeaderMap, Method};
use serde_json::Value;

use super::application::Application;
use super::details::Details;
use super::fate::Fate;
use super::function::{Change, Function};
use super::invocation::{call, called};
use super::query::Query;
use super::refusal::{Refusal, accepted, answer, with_work_request};
use super::runtime::Runtime;
use super::source::World;
use super::work_request::WorkRequest;
use crate::http::Reply;
use crate::object_storage::Objects;
use crate::streaming::Streams;

/// The service's base path.
const BASE: &str = "/20260325/";

/// All that the service knows.
#[derive(Debug)]
pub(super) struct State {
    pub(super) applications: Vec<Application>,
    pub(super) functions: Vec<Function>,
    pub(super) runtimes: Vec<Runtime>,
    pub(super) objects: Objects,
    pub(super) streams: Streams,
    pub(super) change: Change,
    /// How many looks a deletion takes.
    pub(super) deletion: u32,
    pub(super) has_rights: bool,
    pub(super) shows_work: bool,
    work_requests: Vec<WorkRequest>,
    /// How functions turn out, by the hash of their archive or their image.
    pub(super) fates: BTreeMap<String, Fate>,
    made: u32,
}

/// A request whose signature is verified.
pub(super) struct Request<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

impl State {
    pub(super) fn new(objects: Objects) -> Self {
        Self {
            applications: Vec::new(),
            functions: Vec::new(),
            runtimes: vec![
                Runtime::new("emulated-go-ol9", "Go"),
                Runtime::new("emulated-java-ol9", "Java"),
            ],
            objects,
            streams: Streams::default(),
            change: Change { looks: 1, succeeds: true },
            deletion: 0,
            has_rights: true,
            shows_work: true,
            work_requests: Vec::new(),
            fates: BTreeMap::new(),
            made: 0,
        }
    }

    /// Carries a request out.
    pub(super) fn carry_out(&mut self, request: &Request<'_>) -> Result<Reply, Refusal> {
        if !self.has_rights {
            return Err(Refusal::hidden("this"));
        }
        if let (Some(id), &Method::POST) = (called(request.path), request.method) {
            let found = self.functions.iter_mut().find(|known| known.id == id);
            let function = found.ok_or_else(|| Refusal::hidden("the function"))?;
            let kind = request.headers.get("fn-invoke-type").map(HeaderValue::as_bytes);
            let detached = (kind == Some(b"detached")).then_some(&self.streams);
            return call(function, request.body, detached);
        }
        let path = request.path.strip_prefix(BASE);
        let path = path.ok_or_else(|| Refusal::new(404, "NotFound", "no such version"))?;
        let (collection, id) =
            path.split_once('/').map_or((path, None), |(head, id)| (head, Some(id)));
        let method = request.method;
        match (collection, id) {
            ("applications", None) if method == Method::GET => self.applications(request.query),
            ("applications", Some(id)) if method == Method::GET => self.application(id),
            ("functionsRuntimes", None) if method == Method::GET => self.runtimes(request.query),
            ("functions", None) if method == Method::GET => self.functions(request.query),
            ("functions", None) if method == Method::POST => self.create(request),
            ("functions", Some(id)) if method == Method::GET => self.function(id),
            ("functions", Some(id)) if method == Method::PUT => self.update(id, request),
            ("functions", Some(id)) if method == Method::DELETE => self.delete(id, request),
            ("workRequests", _) if !self.shows_work => Err(Refusal::hidden("the work request")),
            ("workRequests", Some(path)) if method == Method::GET => {
                self.work_request(path, request.query)
            }
            ("applications" | "functions" | "functionsRuntimes" | "workRequests", _) => {
                Err(Refusal::new(405, "MethodNotAllowed", "this method is not for this path"))
            }
            _ => Err(Refusal::new(404, "NotFound", "there is no such operation")),
        }
    }

    fn applications(&self, query: &str) -> Result<Reply, Refusal> {
        const OWN: [&str; 4] = ["compartmentId", "displayName", "lifecycleState", "id"];
        let query = Query::read(query, &OWN)?;
        let compartment = query.need("compartmentId")?;
        if !self.applications.iter().any(|known| known.compartment == compartment) {
            return Err(Refusal::hidden("the compartment"));
        }
        let all = self.applications.iter().map(Application::document);
        let all: Vec<Value> = all.filter(|item| query.admits(item, &OWN)).collect();
        query.page(&all, false)
    }

    fn application(&self, id: &str) -> Result<Reply, Refusal> {
        let known = self.applications.iter().find(|known| known.id == id);
        known
            .map(|known| answer(200, &known.document()))
            .ok_or_else(|| Refusal::hidden("the application"))
    }

    fn runtimes(&self, query: &str) -> Result<Reply, Refusal> {
        const OWN: [&str; 4] = ["name", "os", "language", "lifecycleState"];
        let query = Query::read(query, &OWN)?;
        let all = self.runtimes.iter().map(Runtime::summary);
        let all: Vec<Value> = all.filter(|item| query.admits(item, &OWN)).collect();
        query.page(&all, true)
    }

    fn functions(&self, query: &str) -> Result<Reply, Refusal> {
        const OWN: [&str; 4] = ["applicationId", "displayName", "lifecycleState", "id"];
        let query = Query::read(query, &OWN)?;
        self.application(query.need("applicationId")?)?;
        let all = self.functions.iter().map(Function::summary);
        let all: Vec<Value> = all.filter(|item| query.admits(item, &OWN)).collect();
        query.page(&all, false)
    }

    fn create(&mut self, request: &Request<'_>) -> Result<Reply, Refusal> {
        let (name, application, details) = Details::created(request.body)?;
        let known = self.applications.iter().find(|known| known.id == application);
        let application = known.ok_or_else(|| Refusal::hidden("the application"))?;
        let mut own = self.functions.iter().filter(|own| own.application.id == application.id);
        if own.any(|own| own.name == name && !own.is_deleted()) {
            let message = format!("the application has a function {name} already");
            return Err(Refusal::new(409, "Conflict", message));
        }
        self.made += 1;
        let id = format!("ocid1.fnfunc.oc1.sa-saopaulo-1.aaaaaaaaemulated{:04}", self.made);
        let world = World { runtimes: &self.runtimes, objects: &self.objects };
        let mut made = Function::new(id, name, application, details, &world, self.change)?;
        if let Some(fate) = made.code().and_then(|code| self.fates.get(&code)) {
            if let Some((status, code)) = fate.refused {
                return Err(Refusal::new(status, code, "the service was told not to take it"));
            }
            made.meets(fate.clone());
        }
        let (reply, id) = (shown(&made), made.id.clone());
        self.functions.push(made);
        Ok(with_work_request(reply, &self.work("CREATE_FUNCTION", &id)))
    }

    fn function(&mut self, id: &str) -> Result<Reply, Refusal> {
        let found = self.functions.iter_mut().find(|known| known.id == id && !known.is_deleted());
        let found = found.ok_or_else(|| Refusal::hidden("the function"))?;
        found.look();
        if found.is_deleted() { Err(Refusal::hidden("the function")) } else { Ok(shown(found)) }
    }

    fn update(&mut self, id: &str, request: &Request<'_>) -> Result<Reply, Refusal> {
        let Self { functions, runtimes, objects, change, .. } = self;
        let found = functions.iter_mut().find(|known| known.id == id && !known.is_deleted());
        let found = found.ok_or_else(|| Refusal::hidden("the function"))?;
        check_match(found, request.headers)?;
        let world = World { runtimes, objects };
        found.update(Details::updated(request.body)?, &world, *change)?;
        Ok(accepted(&self.work("UPDATE_FUNCTION", id)))
    }

    fn delete(&mut self, id: &str, request: &Request<'_>) -> Result<Reply, Refusal> {
        let found = self.functions.iter_mut().find(|known| known.id == id && !known.is_deleted());
        let found = found.ok_or_else(|| Refusal::hidden("the function"))?;
        check_match(found, request.headers)?;
        found.begin_deletion(self.deletion);
        Ok(accepted(&self.work("DELETE_FUNCTION", id)))
    }

    /// Begins a work request, and gives its OCID.
    fn work(&mut self, operation: &'static str, function: &str) -> String {
        let found = self.functions.iter().find(|known| known.id == function);
        let compartment = found.map(|found| found.application.compartment.clone());
        let number = self.work_requests.len() + 1;
        let work = WorkRequest::new(number, operation, function, &compartment.unwrap_or_default());
        let id = work.id.clone();
        self.work_requests.push(work);
        id
    }

    fn work_request(&mut self, path: &str, query: &str) -> Result<Reply, Refusal> {
        let (id, rest) = path.split_once('/').map_or((path, None), |(id, rest)| (id, Some(rest)));
        let found = self.work_requests.iter_mut().find(|known| known.id == id);
        let work = found.ok_or_else(|| Refusal::hidden("the work request"))?;
        let function = self.functions.iter_mut().find(|known| known.id == work.function);
        if let Some(function) = function {
            function.look();
            work.ended(function.outcome(), function.fate.code);
        }
        match rest {
            None => Ok(answer(200, &work.document())),
            Some("errors") => Query::read(query, &[])?.page(&work.errors(), true),
            Some(_) => Err(Refusal::new(404, "NotFound", "there is no such operation")),
        }
    }
}

/// Returns a function as an answer, with its etag.
fn shown(function: &Function) -> Reply {
    let mut reply = answer(200, &function.document());
    let etag = HeaderValue::try_from(function.etag()).expect("digits are visible ASCII");
    reply.headers_mut().insert(ETAG, etag);
    reply
}

/// Checks whether the function is still the one that `if-match` names.
fn check_match(function: &Function, headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get("if-match") {
        Some(etag) if etag != "*" && etag.as_bytes() != function.etag().as_bytes() => {
            Err(Refusal::new(412, "NoEtagMatch", "the function was changed since"))
        }
        _ => Ok(()),
    }
}
