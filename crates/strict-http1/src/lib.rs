#![doc = include_str!("../README.md")]

mod fault;
mod framing;
mod guard;
mod strict;

pub use fault::Fault;
pub use guard::Guard;
pub use strict::{Bounds, Strict};
