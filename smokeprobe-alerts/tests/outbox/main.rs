//! The outbox in virtual time, and with its state over crashes.

mod behaviour;
mod crash;
mod full_disk;
mod kill;
mod lab;
