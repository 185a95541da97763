//! What the benches share: the processor time that a child process took, and a few numbers of a sample.

pub mod sample;
pub mod usage;
