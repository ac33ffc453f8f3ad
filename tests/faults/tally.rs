//! Counts the faults that were tried.

use std::sync::atomic::{AtomicUsize, Ordering};

static TRIED: AtomicUsize = AtomicUsize::new(0);

/// Says that so many faults were tried, and how many it are with all before.
pub(crate) fn tried(number: usize, what: &str) {
    let all = TRIED.fetch_add(number, Ordering::Relaxed) + number;
    println!("{number} {what}; faults tried: {all}");
}

/// Says what was not tried, and why.
pub(crate) fn skipped(what: &str) {
    println!("SKIPPED: {what}");
}
