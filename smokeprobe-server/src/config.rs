//! A SmokePing configuration: text → raw (as written, with its place) → [`Plan`].

pub mod plan;

pub use plan::Plan;
