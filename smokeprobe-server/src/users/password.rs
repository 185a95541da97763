//! Passwords: Argon2id, as PHC strings.

use std::fmt;
use std::io;
use std::str::FromStr;

use argon2::password_hash::{PasswordHash as Parsed, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use thiserror::Error;

/// Characters of a new password at least (NIST SP 800-63B, section 3.1.1.2).
const SHORTEST: usize = 8;

/// Bytes of a password at most: longer ones are work for us and no safer.
const LONGEST: usize = 1024;

/// Memory that a hash in the file may ask for, in KiB, and its passes and lanes: a slip of a digit must not stop the server.
const MOST: (u32, u32, u32) = (1 << 20, 64, 64);

/// Bytes of salt of a new hash (RFC 9106, section 3.1).
const SALT: usize = 16;

/// What a try at a password costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// KiB of memory.
    pub memory: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes that could be computed at the same time.
    pub lanes: u32,
}

impl Default for Cost {
    /// 19 MiB, two passes: what OWASP's password storage cheat sheet asks for at least. Tens of milliseconds.
    fn default() -> Self {
        Self { memory: 19 * 1024, passes: 2, lanes: 1 }
    }
}

/// A password that somebody chose or typed. It prints as dots.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a password is not taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// It is too easily guessed.
    #[error("a password has {SHORTEST} characters at least")]
    Short,
    /// Nobody types that.
    #[error("a password has {LONGEST} bytes at most")]
    Long,
    /// It could not be typed again everywhere.
    #[error("a password has no control characters in it")]
    Control,
    /// The system has none.
    #[error("the system gives no random numbers")]
    Random(#[source] io::Error),
    /// The cost is not one that Argon2 has.
    #[error("cannot hash with these costs: {0}")]
    Cost(String),
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Password {
    /// One that somebody typed to sign in, whatever it is like.
    pub fn typed(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// One for a user to have from now on.
    ///
    /// # Errors
    ///
    /// When it is too short, too long, or has control characters.
    pub fn chosen(text: impl Into<String>) -> Result<Self, PasswordError> {
        let text = text.into();
        if text.chars().any(char::is_control) {
            return Err(PasswordError::Control);
        }
        if text.len() > LONGEST {
            return Err(PasswordError::Long);
        }
        if text.chars().count() < SHORTEST {
            return Err(PasswordError::Short);
        }
        Ok(Self(text))
    }

    /// For a digest of it that is kept in memory.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The hash to keep, with a new salt.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers, or the cost is impossible.
    pub fn hash(&self, cost: Cost) -> Result<PasswordHash, PasswordError> {
        let impossible = |error: &dyn fmt::Display| PasswordError::Cost(error.to_string());
        let params = Params::new(cost.memory, cost.passes, cost.lanes, None).map_err(|error| impossible(&error))?;
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).map_err(|error| PasswordError::Random(io::Error::other(error)))?;
        let salt = SaltString::encode_b64(&salt).map_err(|error| impossible(&error))?;
        let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password(self.0.as_bytes(), &salt)
            .map_err(|error| impossible(&error))?;
        Ok(PasswordHash(hash.to_string().into()))
    }
}

/// What is kept of a password: Argon2id with its costs and salt, as a PHC string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordHash(Box<str>);

impl PasswordHash {
    /// Whether it is of this password. Takes tens of milliseconds of one processor, and as long for a wrong one.
    pub fn is_of(&self, password: &Password) -> bool {
        // Longer ones were never hashed. A wrong guess of that kind may be quick: it says nothing of the password.
        password.0.len() <= LONGEST
            && Parsed::new(&self.0)
                .is_ok_and(|hash| Argon2::default().verify_password(password.0.as_bytes(), &hash).is_ok())
    }

    /// A hash that no password has, as slow as this one: to try for users who do not exist.
    #[must_use]
    pub fn of_nobody(&self) -> Self {
        // The costs and the salt stay; of the output nothing is known to anybody.
        let (head, output) = self.0.rsplit_once('$').unwrap_or((&self.0, ""));
        let mut noise = vec![0; output.len()];
        // Without random numbers it is a hash of zeros, which nobody knows a password of either.
        let _ = getrandom::fill(&mut noise);
        // The last character stays: not each of them can end the encoding of a whole number of bytes.
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let last = output.chars().last();
        let middle = noise.iter().skip(1).map(|byte| char::from(digits[usize::from(byte & 63)]));
        Self(format!("{head}${}", middle.chain(last).collect::<String>()).into())
    }

    /// The PHC string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for PasswordHash {
    /// Of nobody's password, at the default cost: for where there are no users yet.
    fn default() -> Self {
        let Cost { memory, passes, lanes } = Cost::default();
        let (salt, output) = ("A".repeat(22), "A".repeat(43));
        Self(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${output}").into()).of_nobody()
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PasswordHash {
    type Err = String;

    /// The text is not quoted: it may be a password by mistake.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "this is no hash of a password; it begins with $argon2id$ (`smokeprobe-server user passwd` makes one)";
        let parsed = Parsed::new(text).map_err(|_| wrong())?;
        let params = Params::try_from(&parsed).map_err(|_| wrong())?;
        if parsed.algorithm.as_str() != "argon2id" || parsed.salt.is_none() || parsed.hash.is_none() {
            return Err(wrong().to_owned());
        }
        let (memory, passes, lanes) = MOST;
        if params.m_cost() > memory || params.t_cost() > passes || params.p_cost() > lanes {
            return Err(format!("this hash costs too much: at most m={memory}, t={passes} and p={lanes} are taken"));
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory: 8, passes: 1, lanes: 1 };

    #[test]
    fn hash_is_of_its_password_alone() {
        let password = Password::chosen("correct horse 电池").unwrap();
        let (hash, again) = (password.hash(CHEAP).unwrap(), password.hash(CHEAP).unwrap());
        assert_ne!(hash, again, "each has its own salt");
        assert!(hash.is_of(&password) && again.is_of(&password));
        assert_eq!(hash.as_str().parse::<PasswordHash>().unwrap(), hash);
        for wrong in ["", "correct horse", "correct horse 电池 ", &"x".repeat(2000)] {
            assert!(!hash.is_of(&Password::typed(wrong)), "{wrong}");
        }
    }

    #[test]
    fn hash_of_nobody_costs_the_same_and_fits_no_password() {
        let password = Password::typed("secret words");
        for hash in [password.hash(CHEAP).unwrap(), PasswordHash::default()] {
            let nobody = hash.of_nobody();
            assert_eq!(nobody.as_str().parse::<PasswordHash>().unwrap(), nobody, "{nobody}");
            assert!(!nobody.is_of(&password));
            let cost = |hash: &PasswordHash| hash.as_str().rsplit_once('$').unwrap().0.to_owned();
            assert_eq!(cost(&nobody), cost(&hash));
        }
    }

    #[test]
    fn default_cost_is_the_one_that_is_recommended() {
        let hash = Password::typed("x").hash(Cost::default()).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    }

    #[test]
    fn hashes_of_other_kinds_and_immense_costs_are_refused() {
        for (text, why) in [
            ("secret", "is no hash"),
            ("", "is no hash"),
            ("$2y$10$abcdefghijklmnopqrstuuJ6RvI2J2iUXGmVzvUgQZqzjYxLqVh8K", "is no hash"),
            ("$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$iuZRRJTTBpIX1bCTk2OvsIDAuYPKfGdNBBy+aO1mS0c", "is no hash"),
            ("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ", "is no hash"),
            ("$argon2id$v=19$m=4000000000,t=1,p=1$c29tZXNhbHQ$iuZRRJTTBpIX1bCTk2OvsIDAuYPKfGdNBBy+aO1mS0c", ""),
            ("$argon2id$v=19$m=2000000,t=1,p=1$c29tZXNhbHQ$iuZRRJTTBpIX1bCTk2OvsIDAuYPKfGdNBBy+aO1mS0c", "too much"),
            ("$argon2id$v=19$m=8,t=100,p=1$c29tZXNhbHQ$iuZRRJTTBpIX1bCTk2OvsIDAuYPKfGdNBBy+aO1mS0c", "too much"),
        ] {
            let error = text.parse::<PasswordHash>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn new_passwords_are_neither_short_nor_untypable() {
        let why = |text: &str| Password::chosen(text).unwrap_err().to_string();
        assert!(why("1234567").contains("8 characters"));
        assert!(why("12345678\u{3}").contains("control"));
        assert!(why(&"x".repeat(1025)).contains("1024"));
        assert!(Password::chosen("八个字的密码很长").is_ok());
        assert_eq!(format!("{:?}", Password::typed("secret")), "Password(…)");
    }
}
