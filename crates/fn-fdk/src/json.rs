//! A typed handler.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call::Call;
use super::error::Error;
use super::into_reply::Json;

/// Makes a handler of calls from one of typed requests. A body that is not a `T` in JSON is
/// answered 400 with the position of the mistake. What the handler returns is sent as JSON.
///
/// ```
/// use fn_fdk::{Call, Error, IntoReply, json};
/// use serde_json::{Value, json};
///
/// async fn greet(names: Vec<String>) -> Result<Value, Error> {
///     Ok(json!({ "message": format!("Hello, {}!", names.join(" and ")) }))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let handler = fn_fdk::json(greet);
/// let reply = handler(Call::direct(r#"["Ada", "Grace"]"#)).await.into_reply()?;
/// assert_eq!(reply.body(), br#"{"message":"Hello, Ada and Grace!"}"#);
/// # Ok(())
/// # }
/// ```
pub fn json<T, A, E, H>(handler: H) -> impl AsyncFn(Call) -> Result<Json<A>, Error>
where
    H: AsyncFn(T) -> Result<A, E>,
    T: DeserializeOwned,
    A: Serialize,
    E: Into<Error>,
{
    async move |call: Call| handler(call.json()?).await.map(Json).map_err(Into::into)
}
