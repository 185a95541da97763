//! Hosts that tell their own address: the secret by which one is known, and the file that keeps the address.
//!
//! Both as SmokePing has them: `host = DYNAMIC/HASH` with the MD5 of the secret in base64, and `<dyndir>/A/B.adr` with the
//! address in one line.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use md5::{Digest, Md5};
use smokeprobe_core::WallTime;
use subtle::ConstantTimeEq;

use crate::config::Plan;
use crate::config::plan::Target;

/// What the configuration holds of a secret: its MD5 in base64 without padding. Only long random secrets are safe in
/// that: there is no salt, and MD5 is quick.
pub fn hash(secret: &str) -> String {
    STANDARD_NO_PAD.encode(Md5::digest(secret))
}

/// Whether `secret` is the one of which the configuration has the hash. Takes as long for a nearly right one.
pub fn is_secret(secret: &str, known: &str) -> bool {
    hash(secret).as_bytes().ct_eq(known.trim_end_matches('=').as_bytes()).into()
}

/// A new secret of 128 random bits, in hexadecimal.
///
/// # Errors
///
/// When the system has no random numbers.
pub fn new_secret() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Where the address of a dynamic host is.
pub(crate) fn address_file(plan: &Plan, target: &Target) -> PathBuf {
    let below: PathBuf = target.path.names().collect();
    // Names have no dots.
    plan.general.dyndir.join(below).with_extension("adr")
}

/// The address in the file, and when it was written.
pub(crate) fn read(path: &Path) -> io::Result<(IpAddr, WallTime)> {
    let mut file = File::open(path)?;
    let mut text = String::new();
    // No address is longer; whoever may write into that folder must not fill our memory.
    Read::by_ref(&mut file).take(100).read_to_string(&mut text)?;
    let address = text.trim().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let since = file.metadata()?.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok((address, WallTime::EPOCH + since))
}

/// Keeps an address in the file, whole or not at all. A file that has it already stays as it is: its time says since
/// when the host has that address. Whether it was another one before.
pub(crate) fn keep(path: &Path, address: IpAddr) -> io::Result<bool> {
    if read(path).is_ok_and(|(known, _)| known == address) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Names have no dots: no target has this file.
    let fresh = path.with_extension("adr.new");
    let mut file = File::create(&fresh)?;
    writeln!(file, "{address}")?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn hash_is_the_one_that_perl_makes() {
        for secret in ["123456", "", "päßwort", "a b+c/d=", &new_secret().unwrap()] {
            let perl = Command::new("perl")
                .args(["-MDigest::MD5=md5_base64", "-e", "print md5_base64($ARGV[0])", secret])
                .output()
                .expect("perl is installed (apt-get install perl)");
            let theirs = String::from_utf8(perl.stdout).unwrap();
            assert_eq!(hash(secret), theirs);
            assert!(is_secret(secret, &theirs));
            assert!(is_secret(secret, &format!("{theirs}==")), "others write the padding");
        }
    }

    #[test]
    fn only_the_secret_itself_is_taken() {
        let known = hash("123456");
        for wrong in ["", "123457", "1234567", " 123456", &known] {
            assert!(!is_secret(wrong, &known), "{wrong:?}");
        }
        assert!(!is_secret("123456", ""));
        assert_ne!(new_secret().unwrap(), new_secret().unwrap());
        assert_eq!(new_secret().unwrap().len(), 32);
    }

    #[test]
    fn file_changes_only_with_the_address() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Homes/Ann.adr");
        let (first, second): (IpAddr, IpAddr) = ("192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap());
        assert!(keep(&path, first).unwrap(), "the folder is made");
        assert_eq!(fs::read_to_string(&path).unwrap(), "192.0.2.7\n");
        let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        assert!(!keep(&path, first).unwrap());
        assert_eq!(read(&path).unwrap(), (first, WallTime::from_unix_secs(1_000_000_000)));
        assert!(keep(&path, second).unwrap());
        assert_eq!(read(&path).unwrap().0, second);
        fs::write(&path, "rubbish").unwrap();
        assert!(keep(&path, second).unwrap(), "what is no address is written anew");
        let files: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files, [path]);
    }
}
