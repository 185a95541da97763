//! The notifiers that speak HTTP, against servers on loopback that check what they get, and that misbehave.

mod alertmanager;
mod chats;
mod client;
mod python;
mod server;
mod webhook;
