//! An Oracle Cloud function.
pub mod config;
pub mod fdk;
pub mod oci;
pub mod predict;
