//! What a browser keeps of somebody who signed in: a name and times, sealed so that nobody else can make one.
//!
//! 1. The seal is an HMAC with a key that only this server has, over the hash of the user's password too: with another password,
//!    or without the user, it no longer fits.
//! 2. It holds for twelve hours after its last use, and for thirty days after the sign-in. Use gives a newer one, at most
//!    every ten minutes.
//! 3. Signing out is remembered for as long as one of them could still hold.
//! 4. Key and memory are in one file, so that a restart signs nobody out, and nobody in.
//!
//! docs/adr/0014-sessions.md says why it is so.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use smokeprobe_core::WallTime;

use crate::users::{User, Users};

/// Seconds that a session lasts without use, and in all; and how old it is when use renews it.
pub(super) const IDLE: i64 = 12 * 3600;
const LIFETIME: i64 = 30 * 86_400;
const RENEW: i64 = 600;

/// Clocks are set back by so much without anybody having to sign in again.
const STEP_BACK: i64 = 300;

/// Sign-outs remembered at most. Each needs a sign-in before it, which costs time; beyond, the oldest are forgotten.
const SIGN_OUTS: usize = 4096;

/// Bytes of the file at most.
const LONGEST: u64 = 1 << 20;

type Key = [u8; 32];
type Nonce = u128;

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) user: User,
    /// When they signed in, and when the seal was made, in Unix seconds.
    since: i64,
    sealed: i64,
    nonce: Nonce,
}

impl Session {
    /// Somebody signs in.
    pub(super) fn begin(user: User, now: WallTime) -> io::Result<Self> {
        let nonce = Nonce::from_be_bytes(random()?);
        let now = now.unix_secs();
        Ok(Self { user, since: now, sealed: now, nonce })
    }

    /// The same session used now, once that is worth a new seal.
    pub(super) fn renewed(&self, now: WallTime) -> Option<Self> {
        let now = now.unix_secs();
        (now - self.sealed >= RENEW).then(|| Self { sealed: now, ..self.clone() })
    }
}

/// Makes seals and knows them again.
#[derive(Debug)]
pub(super) struct Seals {
    key: Key,
    /// The name of the cookie. Cookies know no ports: two servers on one host must not take each other's.
    pub(super) cookie: String,
    /// Sessions that were ended, with the time after which none of their seals holds.
    ended: Mutex<BTreeMap<Nonce, i64>>,
    /// Where it is kept; nowhere, when it ends with the process.
    file: Option<PathBuf>,
    /// Held over the writing, and not `ended`, at which each request looks.
    writing: Mutex<()>,
}

impl Seals {
    /// With a new key, which ends with the process.
    pub(super) fn fleeting() -> io::Result<Self> {
        Ok(Self::new(random()?, BTreeMap::new(), None))
    }

    /// With the key of a file, which is made when it is not there or damaged.
    pub(super) fn kept_in(path: &Path) -> io::Result<Self> {
        match read(path) {
            Ok(Some((key, ended))) => Ok(Self::new(key, ended, Some(path.to_owned()))),
            Ok(None) => {
                tracing::warn!("{} is damaged and made anew: everybody must sign in again", path.display());
                Self::begun_in(path)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::begun_in(path),
            Err(error) => Err(error),
        }
    }

    fn begun_in(path: &Path) -> io::Result<Self> {
        let seals = Self::new(random()?, BTreeMap::new(), Some(path.to_owned()));
        seals.keep()?;
        Ok(seals)
    }

    fn new(key: Key, ended: BTreeMap<Nonce, i64>, file: Option<PathBuf>) -> Self {
        let id = mac(&key, &[b"cookie"]).finalize().into_bytes();
        let id = u32::from_be_bytes([id[0], id[1], id[2], id[3]]);
        Self { key, cookie: format!("smokeprobe_{id:08x}"), ended: Mutex::new(ended), file, writing: Mutex::default() }
    }

    /// The session as the browser keeps it.
    pub(super) fn seal(&self, session: &Session) -> String {
        let Session { user, since, sealed, nonce } = session;
        let name = BASE64.encode(user.name.as_str());
        let text = format!("{name}.{since}.{sealed}.{nonce:032x}");
        let mac = self.mac(&text, user).finalize().into_bytes();
        format!("{text}.{}", BASE64.encode(mac))
    }

    /// The session of a seal that holds.
    pub(super) fn open(&self, sealed: &str, users: &Users, now: WallTime) -> Option<Session> {
        let (text, mac) = sealed.rsplit_once('.')?;
        let mut parts = text.split('.');
        let name = String::from_utf8(BASE64.decode(parts.next()?).ok()?).ok()?;
        let user = users.find(&name)?;
        self.mac(text, user).verify_slice(&BASE64.decode(mac).ok()?).ok()?;
        // Now it is ours, and well made.
        let (since, sealed) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let nonce = Nonce::from_str_radix(parts.next()?, 16).ok()?;
        let now = now.unix_secs();
        let holds = now - sealed < IDLE && now - since < LIFETIME && sealed - now < STEP_BACK;
        (holds && !self.is_ended(nonce)).then(|| Session { user: user.clone(), since, sealed, nonce })
    }

    /// Whether a session in which something was asked for still lasts while that is answered, which counts as use.
    pub(super) fn goes_on(&self, session: &Session, now: WallTime) -> bool {
        now.unix_secs() - session.since < LIFETIME && !self.is_ended(session.nonce)
    }

    /// Ends a session: none of its seals holds any more. It is [kept](Self::keep) apart, as that takes time.
    pub(super) fn end(&self, session: &Session, now: WallTime) {
        let now = now.unix_secs();
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|_, until| *until > now);
        if ended.len() >= SIGN_OUTS
            && let Some(oldest) = ended.iter().min_by_key(|(_, until)| **until).map(|(nonce, _)| *nonce)
        {
            ended.remove(&oldest);
        }
        // The clock may be set back, too.
        ended.insert(session.nonce, now + IDLE + STEP_BACK);
    }

    fn is_ended(&self, nonce: Nonce) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&nonce)
    }

    /// Writes the file anew.
    pub(super) fn keep(&self) -> io::Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        // Who ends a session later must not be overwritten by who did earlier.
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = format!("key {}\n", BASE64.encode(self.key));
        for (nonce, until) in &*self.ended.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(text, "ended {nonce:032x} {until}");
        }
        let fresh = path.with_extension("new");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    }

    /// Over the hash of the password too. A name has no `.` once encoded, so that nothing can be read in two ways.
    fn mac(&self, text: &str, user: &User) -> Hmac<Sha256> {
        mac(&self.key, &[b"session", text.as_bytes(), user.hash.as_str().as_bytes()])
    }
}

/// An HMAC over parts, of which none can be taken for a piece of another.
pub(super) fn mac(key: &Key, parts: &[&[u8]]) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(key) else { unreachable!("HMAC refused a key") };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}

pub(super) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// What is in the file; `None` when that is not what we write.
fn read(path: &Path) -> io::Result<Option<(Key, BTreeMap<Nonce, i64>)>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(parse(&String::from_utf8_lossy(&bytes)))
}

fn parse(text: &str) -> Option<(Key, BTreeMap<Nonce, i64>)> {
    let mut lines = text.lines();
    let key = BASE64.decode(lines.next()?.strip_prefix("key ")?).ok()?.try_into().ok()?;
    let mut ended = BTreeMap::new();
    for line in lines {
        let (nonce, until) = line.strip_prefix("ended ")?.split_once(' ')?;
        ended.insert(Nonce::from_str_radix(nonce, 16).ok()?, until.parse().ok()?);
    }
    Some((key, ended))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::users::{Cost, Password, Role};

    fn user(name: &str, password: &str) -> User {
        let hash = Password::typed(password).hash(Cost { memory: 8, passes: 1, lanes: 1 }).unwrap();
        User { name: name.parse().unwrap(), role: Role::View, hash }
    }

    fn users(all: &[&User]) -> Users {
        Users::parse(&all.iter().map(|user| format!("{user}\n")).collect::<Vec<_>>().concat()).unwrap()
    }

    fn at(seconds: i64) -> WallTime {
        WallTime::from_unix_secs(1_800_000_000 + seconds)
    }

    #[test]
    fn seal_holds_for_its_user_alone_and_untouched() {
        let seals = Seals::fleeting().unwrap();
        let (ann, bob) = (user("ann", "one"), user("bob", "two"));
        let users = users(&[&ann, &bob]);
        let sealed = seals.seal(&Session::begin(ann.clone(), at(0)).unwrap());
        assert_eq!(seals.open(&sealed, &users, at(1)).unwrap().user, ann);
        for position in 0..sealed.len() {
            let mut touched = sealed.clone().into_bytes();
            touched[position] = if touched[position] == b'b' { b'c' } else { b'b' };
            assert_eq!(seals.open(&String::from_utf8(touched).unwrap(), &users, at(1)), None, "byte {position}");
        }
        let of_bob = sealed.replacen(&BASE64.encode("ann"), &BASE64.encode("bob"), 1);
        for forged in ["", ".", "....", "a.b.c.d.e", &of_bob, &sealed[1..], &"x".repeat(10_000)] {
            assert_eq!(seals.open(forged, &users, at(1)), None, "{forged}");
        }
        assert_eq!(Seals::fleeting().unwrap().open(&sealed, &users, at(1)), None, "another server's");
    }

    #[test]
    fn another_password_or_no_user_ends_the_session_and_another_role_does_not() {
        let seals = Seals::fleeting().unwrap();
        let ann = user("ann", "one");
        let sealed = seals.seal(&Session::begin(ann.clone(), at(0)).unwrap());
        assert_eq!(seals.open(&sealed, &users(&[&user("ann", "two")]), at(1)), None);
        assert_eq!(seals.open(&sealed, &users(&[&user("ann", "one")]), at(1)), None, "the salt is another");
        assert_eq!(seals.open(&sealed, &users(&[]), at(1)), None);
        let risen = User { role: Role::Operate, ..ann };
        assert_eq!(seals.open(&sealed, &users(&[&risen]), at(1)).unwrap().user.role, Role::Operate);
    }

    #[test]
    fn session_ends_without_use_and_at_last_with_it() {
        let seals = Seals::fleeting().unwrap();
        let ann = user("ann", "one");
        let users = users(&[&ann]);
        let mut session = Session::begin(ann, at(0)).unwrap();
        let sealed = seals.seal(&session);
        assert!(seals.open(&sealed, &users, at(IDLE - 1)).is_some());
        assert!(seals.open(&sealed, &users, at(IDLE)).is_none());
        assert!(seals.open(&sealed, &users, at(-STEP_BACK)).is_none(), "the clock was set back far");
        assert_eq!(session.renewed(at(RENEW - 1)), None);
        let mut now = 0;
        while let Some(open) = seals.open(&seals.seal(&session), &users, at(now)) {
            session = open.renewed(at(now)).unwrap_or(open);
            now += IDLE / 2;
        }
        assert_eq!(now, LIFETIME);
        assert!(seals.goes_on(&session, at(LIFETIME - 1)) && !seals.goes_on(&session, at(LIFETIME)));
    }

    #[test]
    fn restart_keeps_sessions_and_their_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/sessions");
        let (ann, seals) = (user("ann", "one"), Seals::kept_in(&path).unwrap());
        let users = users(&[&ann]);
        let [kept, ended] = [(); 2].map(|()| Session::begin(ann.clone(), at(0)).unwrap());
        let older = seals.seal(&ended);
        let newer = seals.seal(&ended.renewed(at(RENEW)).unwrap());
        seals.end(&ended, at(RENEW));
        seals.keep().unwrap();
        let again = Seals::kept_in(&path).unwrap();
        assert_eq!(again.cookie, seals.cookie);
        for seals in [seals, again] {
            assert!(seals.open(&seals.seal(&kept), &users, at(RENEW)).is_some());
            assert!(seals.open(&older, &users, at(RENEW)).is_none());
            assert!(seals.open(&newer, &users, at(RENEW + IDLE - 1)).is_none(), "all seals of the session end");
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn damaged_file_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sessions");
        let ann = user("ann", "one");
        let before = Seals::kept_in(&path).unwrap();
        let sealed = before.seal(&Session::begin(ann.clone(), at(0)).unwrap());
        for damage in
            ["", "key\n", "key AAAA\n", "rubbish", "key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nended x\n"]
        {
            fs::write(&path, damage).unwrap();
            let seals = Seals::kept_in(&path).unwrap();
            assert!(seals.open(&sealed, &users(&[&ann]), at(1)).is_none(), "{damage}");
        }
    }

    #[test]
    fn memory_of_sign_outs_is_bounded() {
        let seals = Seals::fleeting().unwrap();
        let ann = user("ann", "one");
        let ended = || seals.ended.lock().unwrap().len();
        for number in 0..SIGN_OUTS as i64 + 10 {
            let session = Session { user: ann.clone(), since: 0, sealed: 0, nonce: number as Nonce };
            seals.end(&session, at(0));
        }
        assert_eq!(ended(), SIGN_OUTS);
        seals.end(&Session { user: ann, since: 0, sealed: 0, nonce: 1 }, at(2 * IDLE));
        assert_eq!(ended(), 1, "what holds no more is forgotten");
    }
}
