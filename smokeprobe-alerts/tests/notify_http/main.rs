//! The notifiers that speak HTTP, against servers on loopback that check what they get, and that misbehave.

mod client;
mod server;
