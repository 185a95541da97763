//! Notifiers that run programs and send mail, against real programs and servers.

#![cfg(feature = "test-util")]

mod exec;
