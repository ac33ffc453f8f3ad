//! JSON in, JSON out, a 400 for a bad request, and a price from the function's configuration.
#![expect(clippy::disallowed_methods, reason = "`main` reads the environment")]

use fn_fdk::{Call, Error, Json, StatusError};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Order {
    item: String,
    quantity: u64,
}

#[derive(Serialize)]
struct Quote {
    item: String,
    total: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let price: u32 = match std::env::var("PRICE") {
        Ok(price) => price.parse().map_err(|error| format!("PRICE: {error}; expected cents"))?,
        Err(_) => 100,
    };
    fn_fdk::serve(async |call: Call| quote(&call, price)).await?;
    Ok(())
}

fn quote(call: &Call, price: u32) -> Result<Json<Quote>, Error> {
    let Order { item, quantity } = call.json()?;
    if !(1..=1000).contains(&quantity) {
        return Err(StatusError::bad_request("expected a quantity from 1 to 1000").into());
    }
    Ok(Json(Quote { item, total: quantity * u64::from(price) }))
}
