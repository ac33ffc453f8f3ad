//! How a detached call ended.

use super::answer::{Answer, SUCCESS};

/// How a detached call ended.
///
/// What OCI Functions writes to a destination is not published, so that this is no form of it: it
/// has what a caller who had waited would have got.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// The id that its caller was answered.
    pub call_id: String,
    /// What a caller who waited would have got.
    pub answer: Answer,
}

impl Outcome {
    /// Returns whether the function replied 200, and the whole of it came.
    pub fn is_success(&self) -> bool {
        self.answer.status == SUCCESS
    }
}
