//! What the targets share: a world whose time is ours, and readers that know the protocols from their documents only.
//!
//! A target states what must hold whatever arrives. It panics where that does not hold, and so does the code under it.

pub mod answer;
pub mod cloud;
pub mod secret;
pub mod world;
