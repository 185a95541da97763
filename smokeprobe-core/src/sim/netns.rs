//! A network of the test's own, that nothing else on the machine sees.

use std::env;
use std::io;
use std::process::Command;
use std::thread;

/// Set in a test that was started again with a user namespace.
const INSIDE: &str = "SMOKEPROBE_TEST_NAMESPACE";

/// Runs `body` in an empty network namespace with nothing but a loopback. `test` is the path of the calling test, as
/// its test binary names it.
///
/// Needs root, or a system that lets users make namespaces: then the test is run again under `unshare -Urn`. Everything
/// that `body` starts, threads and programs, is in the namespace too.
///
/// # Panics
///
/// When `body` does, or when there is no way to get a namespace.
pub fn isolated(test: &str, body: impl FnOnce() + Send) {
    let outcome = thread::scope(|scope| {
        let inside = scope.spawn(|| {
            unshare_network()?;
            ip("link set lo up");
            body();
            Ok::<(), io::Error>(())
        });
        inside.join()
    });
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) if error.raw_os_error() == Some(libc::EPERM) && env::var_os(INSIDE).is_none() => again(test),
        Ok(Err(error)) => panic!("cannot make a network namespace: {error}; run as root or allow user namespaces"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Runs `ip` with these arguments.
///
/// # Panics
///
/// When it fails.
pub fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split_whitespace()).status();
    let status = status.unwrap_or_else(|error| panic!("cannot run ip: {error}; apt-get install iproute2"));
    assert!(status.success(), "ip {arguments}: {status}");
}

/// Runs the test again, as root of a user namespace.
fn again(test: &str) {
    let program = env::current_exe().expect("the test's own path");
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net"])
        .arg(program)
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap_or_else(|error| panic!("cannot run unshare: {error}; apt-get install util-linux"));
    assert!(status.success(), "{test} failed under `unshare -Urn`, or user namespaces are not allowed: run as root");
}

fn unshare_network() -> io::Result<()> {
    // SAFETY: takes flags only, and moves nothing but this thread to another network.
    let result = unsafe { libc::unshare(libc::CLONE_NEWNET) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
