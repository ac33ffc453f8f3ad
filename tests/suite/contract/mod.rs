//! Does the function kit keep the container contract? Each test names the items of the contract's checklist.

mod limits;
mod logs;
mod rejections;
mod requests;
mod responses;
mod start;
mod streams;

use fn_fdk::{Call, Error, Reply};
use http::HeaderValue;

async fn echo(call: Call) -> Result<Reply, Error> {
    Ok(Reply::new(HeaderValue::from_static("application/octet-stream"), call.body().clone()))
}
