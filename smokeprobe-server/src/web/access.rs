//! Who is it, and what may they do.
//!
//! 1. A trusted proxy may name a user. From anywhere else its headers mean nothing.
//! 2. Somebody sends a name and a password with the request (HTTP Basic), or has signed in and sends the cookie.
//! 3. Without users and without a proxy that names them, whoever sits at the machine may do everything, and everybody else may
//!    look.
//! 4. Nobody else may see anything but the page's own files, the form to sign in, and that the server is alive.
//!
//! [`guard`](guard::guard) asks that once a request, before anything else sees it, and puts a [`Visitor`] into the request.
//! [`change`] is what a request must have beside, to change something. docs/http.md says it for users.

mod change;
mod guard;
mod network;
mod passwords;
mod seal;
mod session;
mod visitor;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use smokeprobe_core::{MonoTime, WallTime};
use tokio::sync::watch;

use super::error::ApiError;
use super::serve::Peer;
use crate::users::{PasswordHash, Role, Users};
pub(super) use change::{Operator, Sent};
pub(super) use guard::{FRAME, guard, policy};
pub use network::Network;
use passwords::Passwords;
use seal::Seals;
pub(super) use session::{show, sign_in, sign_out};
pub(super) use visitor::Visitor;
use visitor::{By, Limit};

/// Headers by which a proxy says that there is somebody behind it.
const PROXY: [&str; 6] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "x-client-ip", "via"];

/// Characters of a name at most that a proxy gives.
const LONGEST_NAME: usize = 200;

/// How people are known, and what those may do who are not.
#[derive(Debug, Clone, Default)]
pub struct AccessOptions {
    /// Proxies whose headers are believed.
    pub trusted: Vec<Network>,
    /// How they name users.
    pub proxy: Option<ProxyUsers>,
    /// Everybody may look, whether known or not.
    pub open: bool,
    /// Everybody may read `/metrics`.
    pub open_metrics: bool,
    /// Only this machine can reach the server: a request for another name of it is a page of another site that pretends.
    pub loopback: bool,
}

/// How a trusted proxy names users.
#[derive(Debug, Clone)]
pub struct ProxyUsers {
    /// The header with the name.
    pub user: HeaderName,
    /// The header with the role, among other words or alone.
    pub role: Option<HeaderName>,
    /// The role of those of whom that header says none.
    pub usual: Role,
}

/// Everybody who has a password.
#[derive(Debug)]
struct Known {
    users: Users,
    /// To be tried for users who do not exist, so that a wrong name takes as long as a wrong password.
    nobody: PasswordHash,
}

impl From<Users> for Known {
    fn from(users: Users) -> Self {
        let nobody = users.iter().next().map_or_else(PasswordHash::default, |first| first.hash.of_nobody());
        Self { users, nobody }
    }
}

/// Knows who may look and who may change.
#[derive(Debug)]
pub struct Access {
    options: AccessOptions,
    /// `None` where nobody has a password.
    users: Option<SignIns>,
    /// Why the file of users is not as on the disk.
    trouble: ArcSwapOption<String>,
    /// Told when somebody may no longer look who could: after a sign-out, and when there are other users.
    changed: watch::Sender<()>,
}

/// What there is to signing in.
#[derive(Debug)]
struct SignIns {
    known: ArcSwap<Known>,
    seals: Seals,
    passwords: Passwords,
}

/// What people are told who start a server that others can reach, and those who look at it.
pub const OPEN: &str = "everybody who reaches this server may look at everything: it listens beyond this machine, and has neither users \
     (--users) nor a proxy that names them (--proxy-user-header); --open says that this is meant";

/// Everybody looks, and whoever sits at the machine changes.
impl Default for Access {
    fn default() -> Self {
        Self::new(AccessOptions { open: true, ..AccessOptions::default() })
    }
}

impl Access {
    /// Without passwords.
    pub fn new(options: AccessOptions) -> Self {
        Self { options, users: None, trouble: ArcSwapOption::default(), changed: watch::Sender::default() }
    }

    /// With users who sign in. Their sessions survive a restart where there is a file for their key.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or made, or the system has no random numbers.
    pub fn with_users(options: AccessOptions, users: Users, sessions: Option<&Path>) -> io::Result<Self> {
        let seals = sessions.map_or_else(Seals::fleeting, Seals::kept_in)?;
        let known = ArcSwap::from_pointee(Known::from(users));
        let users = SignIns { known, seals, passwords: Passwords::new()? };
        Ok(Self { users: Some(users), ..Self::new(options) })
    }

    /// Takes over what the file of users says now; with an error in it, those before go on.
    pub fn follow(&self, users: Result<Users, String>) {
        let trouble = match users {
            Ok(users) => {
                if let Some(sign_ins) = &self.users {
                    sign_ins.known.store(Arc::new(users.into()));
                    self.changed.send_replace(());
                }
                None
            }
            Err(trouble) => Some(Arc::new(trouble)),
        };
        self.trouble.store(trouble);
    }

    /// Everybody may look although nobody said so, and others than this machine can.
    pub fn is_open_unasked(&self) -> bool {
        !self.knows_people() && !self.options.open && !self.options.loopback
    }

    /// What every viewer should know: each a kind and a text.
    pub(super) fn notices(&self) -> Vec<(&'static str, String)> {
        let mut notices = Vec::new();
        if self.is_open_unasked() {
            notices.push(("open_to_all", OPEN.to_owned()));
        }
        if let Some(trouble) = &*self.trouble.load() {
            notices.push(("users_error", format!("the users of before go on: {trouble}")));
        }
        notices
    }

    /// There is a way for people to be known.
    fn knows_people(&self) -> bool {
        self.users.is_some() || self.options.proxy.is_some()
    }

    /// Whose request this is. Waits its turn where a password must be tried.
    async fn identify(&self, parts: &Parts, wall: WallTime, mono: MonoTime) -> Result<Visitor, ApiError> {
        let (arrival, headers) = (Arrival::of(&self.options, parts), &parts.headers);
        if let Some(proxy) = &self.options.proxy
            && arrival.trusted
            && let Some(name) = one(headers, &proxy.user)?
        {
            return Ok(Visitor::new(arrival, By::Proxy, Some(name), Some(proxy.role(headers))));
        }
        if let Some(sign_ins) = &self.users {
            let known = sign_ins.known.load_full();
            if let Some((name, password)) = passwords::basic(headers) {
                let user = sign_ins.passwords.user(known, name, password, arrival.client(), mono).await?;
                let (name, role) = (user.name.as_str().into(), user.role);
                return Ok(Visitor::new(arrival, By::Basic(user), Some(name), Some(role)));
            }
            let open = |sealed| sign_ins.seals.open(sealed, &known.users, wall);
            if let Some(session) = cookies(headers, &sign_ins.seals.cookie).find_map(open) {
                let (name, role) = (session.user.name.as_str().into(), session.user.role);
                return Ok(Visitor::new(arrival, By::Cookie(session), Some(name), Some(role)));
            }
        }
        Ok(self.anonymous(arrival, headers))
    }

    /// Whether somebody who was let in may go on looking. Who came by a proxy is known to that alone, and asked at the next
    /// request.
    pub(super) fn still_lets_in(&self, visitor: &Visitor, now: WallTime) -> bool {
        let (Some(sign_ins), false) = (&self.users, self.options.open) else { return true };
        let users = &sign_ins.known.load().users;
        match &visitor.by {
            By::Cookie(session) => users.has(&session.user) && sign_ins.seals.goes_on(session, now),
            By::Basic(user) => users.has(user),
            By::Machine | By::Proxy | By::Nothing(_) => true,
        }
    }

    /// Tells when to ask [again](Self::still_lets_in) at once.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Somebody of whom nothing is known but where they are.
    fn anonymous(&self, arrival: Arrival, headers: &HeaderMap) -> Visitor {
        if self.is_rebound(headers) {
            return Visitor::limited(arrival, None, Limit::Rebound);
        }
        let view = (self.options.open || !self.knows_people()).then_some(Role::View);
        let limit = match (&self.users, &self.options.proxy) {
            (Some(_), _) => Some(Limit::SignIn),
            (None, Some(_)) if arrival.trusted => Some(Limit::Unnamed),
            // Proxy or not, it did not come through it.
            (None, _) => machine(&arrival, headers),
        };
        match limit {
            None => Visitor::new(arrival, By::Machine, None, Some(Role::Operate)),
            Some(limit) => Visitor::limited(arrival, view, limit),
        }
    }

    /// A page of another site that pretends to be this server, which only its own machine can reach: a name of that site was
    /// made to point here.
    fn is_rebound(&self, headers: &HeaderMap) -> bool {
        let alone = self.options.loopback && !self.options.open && !self.knows_people();
        alone && headers.get(header::HOST).is_some_and(|host| !host.to_str().is_ok_and(is_loopback))
    }
}

impl ProxyUsers {
    /// The highest role that the header names, among whatever else.
    fn role(&self, headers: &HeaderMap) -> Role {
        let values = self.role.iter().flat_map(|name| headers.get_all(name)).filter_map(|value| value.to_str().ok());
        let words = values.flat_map(|value| value.split([',', ';', ' ']));
        words.filter_map(|word| word.trim().parse().ok()).max().unwrap_or(self.usual)
    }
}

/// How a request came here.
#[derive(Debug, Clone)]
struct Arrival {
    /// The other end of the connection.
    peer: Option<IpAddr>,
    /// It is a proxy whose headers are believed.
    trusted: bool,
    /// What it says of who asks: address, scheme, name of the server.
    client: Option<IpAddr>,
    https: bool,
    host: Option<String>,
}

impl Arrival {
    fn of(options: &AccessOptions, parts: &Parts) -> Self {
        let peer = parts.extensions.get::<Peer>().map(|Peer(address)| address.ip().to_canonical());
        let is_trusted = |address: IpAddr| options.trusted.iter().any(|network| network.contains(address));
        let trusted = peer.is_some_and(is_trusted);
        // Of several proxies each adds at the end; what comes before the first that we trust may be made up.
        let last = |name: &str| {
            let value = parts.headers.get_all(name).iter().next_back().filter(|_| trusted)?.to_str().ok()?;
            value.rsplit(',').next().map(str::trim)
        };
        let forwarded = parts.headers.get_all("x-forwarded-for").iter().rev();
        // One that cannot be read ends the search: whatever is left of it may be the client's own words.
        let forwarded = forwarded.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        let mut proxies = forwarded.map_while(address).filter(|_| trusted);
        Self {
            peer,
            trusted,
            client: proxies.find(|address| !is_trusted(*address)),
            https: last("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")),
            host: last("x-forwarded-host").map(str::to_owned),
        }
    }

    /// Where whoever asks is, for counting. Requests that came by no connection, as in tests, count together.
    fn client(&self) -> IpAddr {
        self.client.or(self.peer).unwrap_or(IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED))
    }
}

/// An address as proxies write it: also with a port, and in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text.parse().or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// What keeps a request from being one of whoever sits at this machine.
fn machine(arrival: &Arrival, headers: &HeaderMap) -> Option<Limit> {
    if !arrival.peer.is_some_and(|address| address.is_loopback()) {
        return Some(Limit::Elsewhere);
    }
    if through_proxy(headers) {
        return Some(Limit::ThroughProxy);
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    (!host.is_some_and(is_loopback)).then_some(Limit::OtherName)
}

/// Whether a proxy says that there is somebody behind it.
pub(super) fn through_proxy(headers: &HeaderMap) -> bool {
    PROXY.iter().any(|name| headers.contains_key(*name))
}

/// Whether a `Host` header names this machine for itself.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if port.is_empty() || port.starts_with(':') => address,
            _ => return false,
        },
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The name in a proxy's header. Two of them mean that the proxy let one through.
fn one(headers: &HeaderMap, header: &HeaderName) -> Result<Option<Arc<str>>, ApiError> {
    let mut values = headers.get_all(header).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let name = std::str::from_utf8(value.as_bytes()).map(str::trim).ok();
    match name {
        Some("") if values.next().is_none() => Ok(None),
        Some(name)
            if values.next().is_none()
                && name.chars().count() <= LONGEST_NAME
                && !name.chars().any(char::is_control) =>
        {
            Ok(Some(name.into()))
        }
        _ => Err(ApiError::forbidden(format!("the proxy must name one user in {header}, in UTF-8"))),
    }
}

/// The values of our cookie. A browser may send another of the same name, of a site around ours.
fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(known, _)| *known == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, Request};

    use super::*;

    #[test]
    fn client_is_the_first_from_the_right_that_no_trusted_proxy_has() {
        let client = |lines: &[&'static [u8]]| {
            let options = AccessOptions { trusted: vec!["192.0.2.0/24".parse().unwrap()], ..AccessOptions::default() };
            let mut request = Request::new(());
            for line in lines {
                request.headers_mut().append("x-forwarded-for", HeaderValue::from_bytes(line).unwrap());
            }
            request.extensions_mut().insert(Peer("192.0.2.1:4711".parse().unwrap()));
            Arrival::of(&options, &request.into_parts().0).client().to_string()
        };
        assert_eq!(client(&[b"198.51.100.1, 203.0.113.9, 192.0.2.7"]), "203.0.113.9");
        assert_eq!(client(&[b"198.51.100.1", b"[2001:db8::9]:80"]), "2001:db8::9");
        // What cannot be read may be all that a proxy said; the rest is the client's own words.
        for made_up in [&[&b"198.51.100.1, unknown"[..]][..], &[b"198.51.100.1,"], &[b"198.51.100.1", b"\xff"]] {
            assert_eq!(client(made_up), "192.0.2.1", "{made_up:?}");
        }
    }
}
