//! Alerting: from a plan to what is watched, who is told, and how.

pub mod compose;
pub mod past;
