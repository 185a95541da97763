//! Who may sign in: a file of names, roles and hashes of passwords.
//!
//! One user a line, `name:role:$argon2id$…`, where the hash is a PHC string as every Argon2 library writes it. Blank lines and
//! lines that begin with `#` are kept and mean nothing.

mod file;
mod password;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

pub use file::{Edit, UsersError, edit, read};
pub use password::{Cost, Password, PasswordError, PasswordHash};

/// What somebody may do. Whoever may operate may view too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Look at everything.
    View,
    /// Acknowledge, silence and send again.
    Operate,
}

impl Role {
    /// Its name in files, options and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Operate => "operate",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "view" => Ok(Self::View),
            "operate" => Ok(Self::Operate),
            _ => Err("a role is view or operate".to_owned()),
        }
    }
}

/// Characters of a name at most.
const LONGEST_NAME: usize = 64;

/// How a user is called: letters and digits of any script, and `.`, `_`, `-`, `@`, as long as it begins with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Box<str>);

impl UserName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UserName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let good = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
        if !text.starts_with(char::is_alphanumeric) || !text.chars().all(good) || text.chars().count() > LONGEST_NAME {
            return Err(format!(
                "a user's name is made of letters, digits and . _ - @, begins with a letter or digit, and has {LONGEST_NAME} characters at most"
            ));
        }
        Ok(Self(text.into()))
    }
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// How they sign in.
    pub name: UserName,
    /// What they may do.
    pub role: Role,
    /// What is known of their password.
    pub hash: PasswordHash,
}

impl fmt::Display for User {
    /// As in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.name, self.role, self.hash)
    }
}

/// Everybody who may sign in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users(Vec<User>);

/// What is wrong with a line. It quotes no hash.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct BadLine {
    /// Counted from one.
    pub line: usize,
    /// What is wrong, and how it should be.
    pub what: String,
}

impl Users {
    /// The users of a file's text.
    ///
    /// # Errors
    ///
    /// The first line that is at fault: a file with a fault in it is not believed at all, as the fault may be a line cut short.
    pub fn parse(text: &str) -> Result<Self, BadLine> {
        let mut users: Vec<User> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let fault = |what: String| BadLine { line: at + 1, what };
            let Some(user) = user(line).map_err(fault)? else { continue };
            if users.iter().any(|earlier| earlier.name == user.name) {
                return Err(fault(format!("the user {} is there already", user.name)));
            }
            users.push(user);
        }
        Ok(Self(users))
    }

    /// The user of this name.
    pub fn find(&self, name: &str) -> Option<&User> {
        self.0.iter().find(|user| user.name.as_str() == name)
    }

    /// Whether this user is still there with the password they had.
    pub fn has(&self, user: &User) -> bool {
        self.find(user.name.as_str()).is_some_and(|known| known.hash == user.hash)
    }

    /// In the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &User> {
        self.0.iter()
    }

    /// Nobody can sign in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The user of a line, if it has one.
fn user(line: &str) -> Result<Option<User>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let mut fields = line.splitn(3, ':');
    let (Some(name), Some(role), Some(hash)) = (fields.next(), fields.next(), fields.next()) else {
        return Err("a line is name:role:hash".to_owned());
    };
    Ok(Some(User { name: name.parse()?, role: role.parse()?, hash: hash.parse()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$iuZRRJTTBpIX1bCTk2OvsIDAuYPKfGdNBBy+aO1mS0c";

    #[test]
    fn users_are_read_between_comments() {
        let users = Users::parse(&format!("# who may look\n\nann:operate:{HASH}\n  王芳:view:{HASH}  \n")).unwrap();
        let all: Vec<_> = users.iter().map(|user| (user.name.as_str(), user.role)).collect();
        assert_eq!(all, [("ann", Role::Operate), ("王芳", Role::View)]);
        assert_eq!(users.find("ann").unwrap().to_string(), format!("ann:operate:{HASH}"));
        assert!(users.find("Ann").is_none());
        assert!(Users::parse("").unwrap().is_empty());
    }

    #[test]
    fn fault_names_its_line_and_no_hash() {
        for (line, why) in [
            ("ann".to_owned(), "name:role:hash"),
            (format!("ann:{HASH}"), "name:role:hash"),
            (format!("ann:admin:{HASH}"), "a role is view or operate"),
            (format!(":view:{HASH}"), "a user's name"),
            (format!("-x:view:{HASH}"), "a user's name"),
            (format!("a b:view:{HASH}"), "a user's name"),
            (format!("{}:view:{HASH}", "x".repeat(65)), "a user's name"),
            ("ann:view:secret".to_owned(), "is no hash"),
            (format!("bob:view:{HASH}"), "is there already"),
        ] {
            let error = Users::parse(&format!("bob:view:{HASH}\n{line}\n")).unwrap_err();
            assert!(error.line == 2 && error.what.contains(why), "{line}: {error}");
            assert!(!error.to_string().contains("iuZRR") && !error.to_string().contains("secret"), "{error}");
        }
    }
}
