//! The smokeprobe daemon as a library: what `main` composes, and what the tests reach.

pub mod alerting;
pub mod cli;
pub mod config;
mod describe;
pub mod dynamic;
pub mod graph;
pub mod live;
mod picture;
pub mod rawlog;
mod recall;
pub mod rows;
pub mod run;
mod sentence;
pub mod series;
pub mod suspects;
mod timer;
pub mod timespec;
pub mod users;
pub mod watch;
pub mod web;
pub mod writer;
