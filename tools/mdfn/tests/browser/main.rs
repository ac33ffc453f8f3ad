//! What does a person see? Pages are drawn by a real browser, and their pixels are looked at.
//! `.ci/browser` installs it and runs these.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod chromium;
mod local_page;
mod picture;
mod report;
mod site;
