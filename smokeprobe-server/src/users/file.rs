//! The file itself: read whole, changed whole.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{BadLine, PasswordHash, Role, User, UserName, Users};

/// Bytes of a file at most: some thousand users.
const LONGEST: u64 = 1 << 20;

/// Who owns the file alone reads and writes it.
const MODE: u32 = 0o600;

/// What could not be done with a file of users.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UsersError {
    /// The system refused.
    #[error("cannot {action} {path}", path = .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is not a file of users.
    #[error("{path}, {fault}", path = .path.display())]
    Bad {
        /// Which file.
        path: PathBuf,
        /// Where, and what.
        fault: BadLine,
    },
    /// The change makes no sense.
    #[error("{0}")]
    Edit(String),
}

/// Reads the users of a file.
///
/// # Errors
///
/// When it cannot be read, or one line of it is at fault.
pub fn read(path: &Path) -> Result<Users, UsersError> {
    let (text, mode) = text(path).map_err(|source| UsersError::Io { action: "read", path: path.to_owned(), source })?;
    if mode & 0o007 != 0 {
        tracing::warn!(
            "everybody on this machine may read {}: chmod 600, or 640 with a group of its own",
            path.display()
        );
    }
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Users, UsersError> {
    Users::parse(text).map_err(|fault| UsersError::Bad { path: path.to_owned(), fault })
}

fn text(path: &Path) -> io::Result<(String, u32)> {
    let mut text = String::new();
    let file = File::open(path)?;
    let mode = file.metadata()?.mode();
    file.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {LONGEST} bytes")));
    }
    Ok((text, mode))
}

/// A change of the file.
#[derive(Debug, Clone)]
pub enum Edit {
    /// A user who was not there.
    Add(User),
    /// Another password.
    Password(UserName, PasswordHash),
    /// Another role.
    Role(UserName, Role),
    /// No longer a user.
    Remove(UserName),
}

impl Edit {
    /// The text of a file after the change. What is not changed stays as it is, comments too.
    fn apply(&self, text: &str, users: &Users) -> Result<String, String> {
        let name = match self {
            Self::Add(user) => &user.name,
            Self::Password(name, _) | Self::Role(name, _) | Self::Remove(name) => name,
        };
        let old = users.find(name.as_str());
        let new = match (self, old) {
            (Self::Add(_), Some(_)) => {
                return Err(format!("the user {name} is there already; `user passwd` and `user role` change them"));
            }
            (Self::Add(user), None) => return Ok(text.to_owned() + newline(text) + &format!("{user}\n")),
            (_, None) => return Err(format!("there is no user {name}; `user list` shows who there is")),
            (Self::Password(_, hash), Some(old)) => Some(User { hash: hash.clone(), ..old.clone() }),
            (Self::Role(_, role), Some(old)) => Some(User { role: *role, ..old.clone() }),
            (Self::Remove(_), Some(_)) => None,
        };
        let mut out = String::new();
        for line in text.lines() {
            let of_user = line.trim().split_once(':').is_some_and(|(first, _)| first == name.as_str());
            match (&new, of_user) {
                (_, false) => out.push_str(line),
                (Some(new), true) => out.push_str(&new.to_string()),
                (None, true) => continue,
            }
            out.push('\n');
        }
        Ok(out)
    }
}

/// What is missing at the end of a text for a line to follow.
fn newline(text: &str) -> &'static str {
    if text.is_empty() || text.ends_with('\n') { "" } else { "\n" }
}

/// Changes the file, whole or not at all, one change after another. It keeps its owner and mode; a new one, which the first
/// [`Edit::Add`] makes, is for its owner alone.
///
/// # Errors
///
/// When the file is not one of users, the change makes no sense, or the system refuses.
pub fn edit(path: &Path, edit: &Edit) -> Result<(), UsersError> {
    let failed = |action| move |source| UsersError::Io { action, path: path.to_owned(), source };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let folder = File::open(folder).map_err(failed("open the folder of"))?;
    // The file itself is another one after each change: it is the folder that only one may hold.
    rustix::fs::flock(&folder, rustix::fs::FlockOperation::LockExclusive)
        .map_err(|errno| failed("lock the folder of")(errno.into()))?;
    let (text, about) = match (text(path), edit) {
        (Ok((text, _)), _) => (text, Some(fs::metadata(path).map_err(failed("read"))?)),
        (Err(error), Edit::Add(_)) if error.kind() == io::ErrorKind::NotFound => (String::new(), None),
        (Err(error), _) => return Err(failed("read")(error)),
    };
    let users = parse(path, &text)?;
    let text = edit.apply(&text, &users).map_err(UsersError::Edit)?;
    parse(path, &text)?;
    replace(path, &text, about.as_ref()).map_err(failed("write"))?;
    folder.sync_all().map_err(failed("write the folder of"))
}

fn replace(path: &Path, text: &str, before: Option<&fs::Metadata>) -> io::Result<()> {
    // A link stays a link; what it leads to is replaced.
    let path = if before.is_some() { fs::canonicalize(path)? } else { path.to_owned() };
    let mut fresh = path.clone().into_os_string();
    fresh.push(".new");
    // What an edit that was broken off has left.
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = (|| {
        let mut file = File::options().write(true).create_new(true).mode(MODE).open(&fresh)?;
        if let Some(before) = before {
            let own = file.metadata()?;
            if (own.uid(), own.gid()) != (before.uid(), before.gid()) {
                fchown(&file, Some(before.uid()), Some(before.gid()))?;
            }
            file.set_permissions(fs::Permissions::from_mode(before.mode() & 0o7777))?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::{Cost, Password};

    const CHEAP: Cost = Cost { memory: 8, passes: 1, lanes: 1 };

    fn hash(password: &str) -> PasswordHash {
        Password::typed(password).hash(CHEAP).unwrap()
    }

    fn add(name: &str) -> Edit {
        Edit::Add(User { name: name.parse().unwrap(), role: Role::View, hash: hash("first") })
    }

    #[test]
    fn file_is_made_changed_and_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        edit(&path, &add("ann")).unwrap();
        edit(&path, &add("bob")).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        edit(&path, &Edit::Role("bob".parse().unwrap(), Role::Operate)).unwrap();
        edit(&path, &Edit::Password("bob".parse().unwrap(), hash("second"))).unwrap();
        let users = read(&path).unwrap();
        let bob = users.find("bob").unwrap();
        assert!(bob.role == Role::Operate && bob.hash.is_of(&Password::typed("second")));
        assert!(users.find("ann").unwrap().hash.is_of(&Password::typed("first")));
        edit(&path, &Edit::Remove("ann".parse().unwrap())).unwrap();
        edit(&path, &Edit::Remove("bob".parse().unwrap())).unwrap();
        assert!(read(&path).unwrap().is_empty());
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["users"], "nothing is left over");
    }

    #[test]
    fn comments_and_mode_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        let line = |name: &str| format!("{name}:view:{}", hash("x"));
        let (ann, bob) = (line("ann"), line("bob"));
        fs::write(&path, format!("# ann: on call\n{ann}\n\n{bob}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        edit(&path, &add("cy")).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&format!("# ann: on call\n{ann}\n\n{bob}\ncy:view:$argon2id$")), "{text}");
        edit(&path, &Edit::Remove("ann".parse().unwrap())).unwrap();
        assert!(fs::read_to_string(&path).unwrap().starts_with(&format!("# ann: on call\n\n{bob}\n")));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
    }

    #[test]
    fn link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("users"), folder.path().join("link"));
        edit(&path, &add("ann")).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        edit(&link, &add("bob")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(read(&path).unwrap().iter().count(), 2);
    }

    #[test]
    fn senseless_changes_and_broken_files_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        let why = |change: &Edit| edit(&path, change).unwrap_err();
        assert!(matches!(why(&Edit::Remove("ann".parse().unwrap())), UsersError::Io { .. }), "there is no file");
        edit(&path, &add("ann")).unwrap();
        let before = fs::read_to_string(&path).unwrap();
        assert!(why(&add("ann")).to_string().contains("is there already"));
        assert!(why(&Edit::Remove("bob".parse().unwrap())).to_string().contains("no user bob"));
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
        fs::write(&path, "ann:view\n").unwrap();
        assert!(why(&add("bob")).to_string().contains("line 1"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "ann:view\n");
        fs::write(&path, "#".repeat(2 << 20)).unwrap();
        assert!(matches!(read(&path).unwrap_err(), UsersError::Io { .. }));
    }
}
