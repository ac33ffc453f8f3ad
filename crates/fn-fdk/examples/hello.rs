//! A function with `fn-fdk` alone: it greets the person that the body names.

use fn_fdk::{Call, Error};

fn main() -> std::process::ExitCode {
    fn_fdk::run(hello)
}

async fn hello(call: Call) -> Result<String, Error> {
    let name = call.text()?.trim();
    Ok(format!("Hello, {}!\n", if name.is_empty() { "World" } else { name }))
}
