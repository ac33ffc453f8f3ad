//! A function of its own, with `fn-fdk` alone: it greets whoever the body names.
#![expect(clippy::disallowed_methods, reason = "a program reads its own clock and environment")]

use std::{env, error::Error, time::SystemTime};

use fn_fdk::{Function, Logger, Platform, Reply};

fn main() -> Result<(), Box<dyn Error>> {
    Logger::default().install();
    let function =
        Function::publish(Platform::from_vars(|name| env::var(name).ok())?, SystemTime::now)?;
    function.serve(|call| async move {
        let name = String::from_utf8_lossy(call.body()).into_owned();
        let name = if name.is_empty() { "World" } else { name.trim() };
        Ok(Reply::text(format!("Hello, {name}!\n")))
    })?;
    Ok(())
}
