//! One operation of a service that may be called. Holding one is the proof that its address was checked.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, Uri};

use super::body;
use super::entry::Entry;
use super::events;
use super::host::Host;
use super::media::{self, Media};
use super::members::BodyError;
use super::operation_kind::{Content, OperationKind};
use super::pins;
use super::plain::lenient;
use super::refusal::Refusal;
use super::retry_token;
use super::tokens::Tokens;

/// Where the bundles of secrets are.
const SECRETS: &str = "/20190301/secretbundles";

/// One operation of a service that may be called, in the only form in which it is resolved, signed and sent.
#[derive(Clone, Debug)]
pub struct Operation {
    entry: Arc<Entry>,
    host: Host,
    path: String,
    pattern: String,
    query: Option<String>,
    kind: OperationKind,
}

impl Operation {
    pub(super) fn new(
        entry: Arc<Entry>,
        host: Host,
        path: String,
        pattern: String,
        query: Option<&str>,
    ) -> Self {
        let (kind, query) = (OperationKind::of(&path), query.map(str::to_owned));
        Self { entry, host, path, pattern, query, kind }
    }

    /// Its address.
    pub fn uri(&self) -> Uri {
        let query = self.query.iter().flat_map(|query| ["?", query.as_str()]).collect::<String>();
        let uri = format!("https://{}{}{query}", self.host.authority, self.path);
        uri.parse().expect("every part was checked")
    }

    /// Its host, with a port where it has one of its own.
    pub fn authority(&self) -> &str {
        &self.host.authority
    }

    /// The alias of its entry.
    pub fn alias(&self) -> &str {
        &self.entry.alias
    }

    /// The service, as the entry names it: what its host begins with, or the host.
    pub fn service(&self) -> &str {
        &self.entry.service
    }

    /// The pattern that opens it. The path itself may hold names that are nobody else's business.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// What a body is that came with this content type, whose media type is in lower case; None if the operation takes no such
    /// body. A signature of Generative AI knows JSON under its plain name alone.
    pub fn media(&self, named: Option<(&HeaderValue, &str)>) -> Result<Option<Media>, Refusal> {
        let media = media::of(self.kind.content, named, self.host.may_be_generative_ai())?;
        // What is not JSON cannot be searched for a compartment.
        let is_unread = self.kind.content == Content::Any
            && !self.entry.compartments.is_empty()
            && matches!(media, Some(Media::Bytes(_)));
        Ok(media.filter(|_| !is_unread))
    }

    /// The headers that the entry decides for a client's call: compartment and project, and `opc-retry-token` where a
    /// service takes it.
    pub fn headers(&self, method: &Method, client: &HeaderMap) -> Result<HeaderMap, Refusal> {
        let mut headers = pins::headers(&self.entry, &self.host, client)?;
        retry_token::add(&mut headers, method, &self.path, client)?;
        Ok(headers)
    }

    /// Checks a body that is JSON, and says which of the listed models it names.
    pub fn check_body(&self, json: &str) -> Result<Option<&str>, BodyError> {
        body::check(&self.entry, self.kind, json)
    }

    /// Whether a POST may be carried out twice.
    pub fn may_be_repeated(&self) -> bool {
        self.entry.may_be_repeated(&self.path)
    }

    /// Whether a header of the answer passes beside the built-in ones.
    pub fn returns(&self, name: &str) -> bool {
        self.entry.returns.contains(name)
    }

    /// Whether its answer is a secret, which nobody may keep.
    pub fn is_secret(&self) -> bool {
        lenient(&self.path).starts_with(SECRETS)
    }

    /// Whether a stream that was collected came to its end, as far as that can be told of this operation.
    pub fn is_whole(&self, stream: &[u8]) -> bool {
        !self.answers_with_tokens() || events::is_whole(stream)
    }

    /// Whether the last bytes of a stream show that it was cut, as far as that can be told of this operation; or all of them.
    pub fn is_cut(&self, end: &[u8], is_all: bool) -> bool {
        self.answers_with_tokens() && events::is_cut(end, is_all)
    }

    /// Whether its answer comes from a model, and says what it took. Any other may hold whatever somebody stored.
    pub fn answers_with_tokens(&self) -> bool {
        self.kind.answers_with_tokens()
    }

    /// How many tokens an answer says that it took.
    pub fn tokens(&self, answer: &[u8], is_stream: bool) -> Tokens {
        match (self.answers_with_tokens(), is_stream) {
            (true, true) => Tokens::of_stream(answer),
            (true, false) => Tokens::of_answer(answer),
            (false, _) => Tokens::default(),
        }
    }
}
