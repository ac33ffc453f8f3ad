//! State that is loaded asynchronously, and borrowed by every call.

use fn_fdk::{Call, Error, ServeError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let greeting = load().await;
    fn_fdk::serve(async |call: Call| {
        Ok::<_, Error>(format!("{greeting}, {}!\n", call.text()?.trim()))
    })
    .await
}

async fn load() -> String {
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    "Welcome".to_owned()
}
