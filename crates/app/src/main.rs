//! The program `openbell`.
fn main() {}
