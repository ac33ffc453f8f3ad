//! `mdfn`: the developer's tool.
fn main() {}
