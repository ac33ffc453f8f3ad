//! The front of a function: calls of the agent in, replies out. What they mean is
//! [`predict`](crate::predict)'s.

use fn_fdk::{Call, Rejection, Reply};

use crate::predict::Predictor;

/// Answers a call. The line about it is written already.
pub async fn answer(predictor: &Predictor, call: Call) -> Reply {
    let (request, context) = call.into_parts();
    Reply::from(predictor.answer(&request, &context).await).logged()
}

/// Answers a call that never comes to the handler. The line about it is written already.
pub fn reject(predictor: &Predictor, call: &Call, rejection: &Rejection) -> Reply {
    let came = (call.arrived(), call.received());
    let response = predictor.reject(call.request(), call.context(), *rejection, came);
    Reply::from(response).logged()
}
