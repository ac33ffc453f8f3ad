//! Does the function kit keep the container contract? Each test names the items of the contract's checklist.

mod limits;
mod logs;
mod rejections;
mod requests;
mod responses;
mod start;
mod streams;

use bytes::Bytes;
use fn_fdk::Call;

async fn echo(call: Call) -> Bytes {
    call.body().clone()
}
