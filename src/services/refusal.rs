//! Why a call of a service is refused.
//!
//! Source: docs/spec/oci-services.md#service-pins.

use http::Method;

/// The longest target that is looked at, in bytes.
pub(super) const MAX_TARGET_BYTES: usize = 2048;

/// Why a call of a service is refused. It is for the log; where it is the target, the caller learns only that it is.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A target that is too long.
    #[error("the target is longer than {MAX_TARGET_BYTES} bytes")]
    Length,
    /// A target that is not visible ASCII.
    #[error("the target has a character that is not visible ASCII")]
    Characters,
    /// Neither an alias nor a URL, with a path and then a query.
    #[error("the target is neither an alias nor an https URL, each with a path in its plain form")]
    Form,
    /// An alias that nobody configured.
    #[error("the target is no alias of ALLOWED_SERVICES")]
    Alias,
    /// A host that is none of the entries'.
    #[error("the target's host is none of ALLOWED_SERVICES")]
    Host,
    /// A path that two readers could understand in two ways.
    #[error("the client's path is not in its plain form")]
    ClientPath,
    /// A path that no entry opens.
    #[error("the path is not open in ALLOWED_SERVICES")]
    Closed,
    /// A URL that several entries open.
    #[error("several entries of ALLOWED_SERVICES open this URL; name one by its alias")]
    Ambiguous,
    /// A method that the path does not take; those that it takes.
    #[error("the method is not open on this path")]
    Method(Vec<Method>),
    /// A query that is not visible ASCII.
    #[error("the query has a character that is not visible ASCII")]
    Query,
    /// Something that no list of the entry holds.
    #[error("{0} is not one of those that the entry lists")]
    NotListed(&'static str),
    /// Something that must not be there.
    #[error("{0} is not taken here")]
    NotTaken(&'static str),
    /// An answer that the service would keep, at an entry that keeps none.
    #[error("the body asks for an answer that is stored, or goes on with one")]
    Stored,
    /// Something that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Something that is there twice, perhaps in two spellings.
    #[error("{0} is given several times")]
    Repeated(&'static str),
    /// Something in another spelling, which a service could take for it.
    #[error("{0} is in another spelling")]
    Misspelt(&'static str),
    /// Something that is no text.
    #[error("{0} is not a text")]
    NotText(&'static str),
    /// JSON in another charset than UTF-8.
    #[error("the content type names another charset than UTF-8")]
    Charset,
    /// A body whose members lie too deep.
    #[error("the body has more than {0} levels")]
    Depth(usize),
}

/// Whose fault a refusal is, and so what the caller reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The target may not be called.
    Target,
    /// The method may not.
    Method,
    /// A part of the request may not be sent.
    Parameter,
    /// A part of the request is not understood.
    Invalid,
    /// A part of the request is missing.
    Missing,
}

impl Refusal {
    /// Whose fault it is.
    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::Length
            | Self::Characters
            | Self::Form
            | Self::Alias
            | Self::Host
            | Self::ClientPath
            | Self::Closed
            | Self::Ambiguous => RefusalKind::Target,
            Self::Method(_) => RefusalKind::Method,
            Self::NotListed(_) | Self::NotTaken(_) | Self::Stored => RefusalKind::Parameter,
            Self::Missing(_) => RefusalKind::Missing,
            Self::Query
            | Self::Repeated(_)
            | Self::Misspelt(_)
            | Self::NotText(_)
            | Self::Charset
            | Self::Depth(_) => RefusalKind::Invalid,
        }
    }
}
