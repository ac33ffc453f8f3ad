//! Verifies signatures of resource principals and of users.
//!
//! Source: docs/spec/oci-request-signing.md#signature.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use super::answer::Answer;
use super::service::Service;
use crate::deployment::{Coverage, Refusal, Request, Signed, Verified};
use crate::principal::Issuer;
use crate::user::User;

/// What every signature must cover.
const WANTED: [&str; 2] = ["(request-target)", "host"];

/// Trusted issuers and users, and how strict the check is.
#[derive(Debug)]
pub(super) struct Gate {
    issuer: Arc<Issuer>,
    user: Arc<User>,
    strict_content_type: AtomicBool,
}

impl Gate {
    pub(super) fn new(issuer: Arc<Issuer>, user: Arc<User>) -> Self {
        Self { issuer, user, strict_content_type: AtomicBool::new(false) }
    }

    pub(super) fn set_strict_content_type(&self, strict: bool) {
        self.strict_content_type.store(strict, Ordering::Relaxed);
    }

    /// Returns who signed a request. The key id is a session token or names a user's key.
    pub(super) fn verify(
        &self,
        service: Service,
        request: &Request,
        now: SystemTime,
    ) -> Result<Verified, Refusal> {
        // Whoever uploads an object may leave its bytes out of the signature.
        let coverage = match service {
            Service::ObjectStorage => Coverage::BodyIfHashed,
            Service::Inference
            | Service::GenerativeAi
            | Service::Language
            | Service::Secrets
            | Service::Queue => Coverage::Body,
        };
        let signed = Signed::parse_covering(request, &WANTED, coverage, now)?;
        if signed.key_id.starts_with("ST$") {
            signed.by_token(self.issuer.public(), now)
        } else {
            self.user.check(&signed)
        }
    }

    /// Refuses a content type with parameters, as Generative AI was observed to do: it reports an
    /// invalid signature.
    pub(super) fn content_type(&self, service: Service, request: &Request) -> Result<(), Answer> {
        let is_strict = matches!(service, Service::Inference | Service::GenerativeAi)
            && self.strict_content_type.load(Ordering::Relaxed);
        let content_type = request.text("content-type").unwrap_or_default();
        if is_strict && content_type.starts_with("application/json;") {
            return Err(Answer::error(401, "SIGNATURE_NOT_VALID", "The signature is not valid"));
        }
        Ok(())
    }
}
