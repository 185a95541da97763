//! `user`: who may sign in.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::prompt::{self, NewPassword};
use super::terminal;
use crate::users::{self, Cost, Edit, PasswordError, Role, User, UserName, UsersError};

/// Who may sign in. The password is asked for, or read as one line from standard input.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a user; the file is made when there is none.
    Add {
        /// How they sign in.
        #[arg(value_name = "NAME")]
        name: UserName,
        /// What they may do: view, or operate (acknowledge, silence).
        #[arg(long, default_value = "view")]
        role: Role,
        #[command(flatten)]
        file: UsersFile,
    },
    /// Give a user another password. Whoever is signed in by the old one is signed out.
    Passwd {
        #[arg(value_name = "NAME")]
        name: UserName,
        #[command(flatten)]
        file: UsersFile,
    },
    /// Give a user another role.
    Role {
        #[arg(value_name = "NAME")]
        name: UserName,
        /// view or operate.
        #[arg(value_name = "ROLE")]
        role: Role,
        #[command(flatten)]
        file: UsersFile,
    },
    /// Remove a user. They are signed out.
    Remove {
        #[arg(value_name = "NAME")]
        name: UserName,
        #[command(flatten)]
        file: UsersFile,
    },
    /// List users and roles.
    List {
        #[command(flatten)]
        file: UsersFile,
    },
}

/// Which file. A running server notices a change by itself.
#[derive(Debug, Args)]
pub(super) struct UsersFile {
    /// The file of users, as `run --users` has it.
    #[arg(long = "users", value_name = "FILE", env = "SMOKEPROBE_USERS")]
    path: PathBuf,
}

pub(super) fn execute(command: UserCommand) -> anyhow::Result<ExitCode> {
    match command {
        UserCommand::Add { name, role, file } => {
            // Before a password is asked for in vain.
            if file.users_if_any()?.find(name.as_str()).is_some() {
                let there =
                    anyhow::anyhow!("the user {name} is there already; `user passwd` and `user role` change them");
                return Ok(terminal::wrong_usage(&there));
            }
            let hash = match hashed(&name)? {
                Ok(hash) => hash,
                Err(why) => return Ok(terminal::wrong_usage(&why.into())),
            };
            file.change(&Edit::Add(User { name, role, hash }))
        }
        UserCommand::Passwd { name, file } => {
            if let Some(unknown) = file.lacks(&name)? {
                return Ok(unknown);
            }
            match hashed(&name)? {
                Ok(hash) => file.change(&Edit::Password(name, hash)),
                Err(why) => Ok(terminal::wrong_usage(&why.into())),
            }
        }
        UserCommand::Role { name, role, file } => file.change(&Edit::Role(name, role)),
        UserCommand::Remove { name, file } => file.change(&Edit::Remove(name)),
        UserCommand::List { file } => {
            let users = users::read(&file.path)?;
            let mut out = std::io::stdout().lock();
            users.iter().try_for_each(|user| writeln!(out, "{} {}", user.name, user.role)).context("cannot write")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The hash of a password that is typed now; or why it is none to have.
fn hashed(name: &UserName) -> anyhow::Result<Result<users::PasswordHash, PasswordError>> {
    let password = match prompt::new_password(name)? {
        NewPassword::Chosen(password) => password,
        NewPassword::Refused(why) => return Ok(Err(why)),
    };
    Ok(Ok(password.hash(Cost::default())?))
}

impl UsersFile {
    fn change(&self, edit: &Edit) -> anyhow::Result<ExitCode> {
        match users::edit(&self.path, edit) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(UsersError::Edit(why)) => Ok(terminal::wrong_usage(&anyhow::anyhow!(why))),
            Err(error) => Err(error.into()),
        }
    }

    fn users_if_any(&self) -> anyhow::Result<users::Users> {
        if self.path.exists() { Ok(users::read(&self.path)?) } else { Ok(users::Users::default()) }
    }

    /// Says so when there is no such user.
    fn lacks(&self, name: &UserName) -> anyhow::Result<Option<ExitCode>> {
        let known = users::read(&self.path)?.find(name.as_str()).is_some();
        let unknown =
            || terminal::wrong_usage(&anyhow::anyhow!("there is no user {name}; `user list` shows who there is"));
        Ok((!known).then(unknown))
    }
}
