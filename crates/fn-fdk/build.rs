//! Tells the library which compiler built it, for the `Fn-Fdk-Runtime` header.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to a build script through the environment"
)]

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    // `rustc 1.95.0 (59807616e 2026-04-14)`
    let version = version.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    let version = version.as_deref().and_then(|text| text.split_whitespace().nth(1));
    println!("cargo::rustc-env=RUSTC_VERSION={}", version.unwrap_or("unknown"));
}
