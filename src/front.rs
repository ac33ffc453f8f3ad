//! The front of a function: turns the agent's calls into requests, and responses into replies.
//! [`predict`](crate::predict) decides what they mean.

use fn_fdk::{Call, Rejection, Reply};

use crate::predict::Predictor;

/// Answers a call. Its log line is written already.
pub async fn answer(predictor: &Predictor, call: Call) -> Reply {
    let (request, context) = call.into_parts();
    Reply::from(predictor.answer(&request, &context).await).logged()
}

/// Answers a call that never reaches the handler. Its log line is written already.
pub fn reject(predictor: &Predictor, call: &Call, rejection: &Rejection) -> Reply {
    let came = (call.arrived(), call.received());
    let response = predictor.reject(call.request(), call.context(), *rejection, came);
    Reply::from(response).logged()
}
