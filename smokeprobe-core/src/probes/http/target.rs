//! URLs: made of their templates, checked, followed, and what a request for one says.

use std::fmt::Write as _;
use std::net::IpAddr;

use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use url::{Host as UrlHost, Url};

use super::HttpOptions;
use crate::target::Host;

/// What stands for the round's host in templates.
pub(super) const PLACEHOLDER: &str = "%host%";

/// The URL of a template for `host`. Without a scheme it is taken as `http`, as curl does.
pub(super) fn url(template: &str, host: &str) -> Result<Url, String> {
    // An IPv6 address stands in brackets (RFC 3986, 3.2.2).
    let host = if host.parse::<std::net::Ipv6Addr>().is_ok() { format!("[{host}]") } else { host.to_owned() };
    let text = template.replace(PLACEHOLDER, &host);
    let text = if text.contains("://") { text } else { format!("http://{text}") };
    let url = Url::parse(&text).map_err(|error| format!("{text:?} is no URL: {error}"))?;
    usable(url)
}

/// Where a redirect leads.
pub(super) fn follow(from: &Url, location: &str) -> Result<Url, String> {
    let url = from.join(location).map_err(|error| format!("redirected to {location:?}, which is no URL: {error}"))?;
    usable(url)
}

fn usable(url: Url) -> Result<Url, String> {
    match (url.scheme(), url.host()) {
        ("http" | "https", Some(_)) => Ok(url),
        (scheme, _) => Err(format!("{url}: cannot fetch {scheme} URLs, only http and https")),
    }
}

/// Whom to connect to.
pub(super) fn host(url: &Url) -> Host {
    match url.host() {
        Some(UrlHost::Ipv4(address)) => Host::Address(IpAddr::V4(address)),
        Some(UrlHost::Ipv6(address)) => Host::Address(IpAddr::V6(address)),
        Some(UrlHost::Domain(name)) => Host::Name(name.into()),
        // `usable` has seen to it; an empty name resolves to nothing.
        None => Host::Name("".into()),
    }
}

/// The headers that every request of a round carries.
///
/// # Errors
///
/// A sentence about a header that cannot be sent.
pub(super) fn headers(options: &HttpOptions, host: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let agent = options.agent.as_deref().unwrap_or(concat!("smokeprobe/", env!("CARGO_PKG_VERSION")));
    headers.insert(USER_AGENT, HeaderValue::from_str(agent).map_err(|_| format!("agent {agent:?} cannot be sent"))?);
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    for (name, value) in &options.headers {
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is no header name"))?;
        // These say how the message is framed, which is not for the configuration to say.
        if ["connection", "content-length", "te", "transfer-encoding", "upgrade"].contains(&parsed.as_str()) {
            return Err(format!("the header {name} cannot be set"));
        }
        let value = value.replace(PLACEHOLDER, host);
        let value = HeaderValue::from_str(&value).map_err(|_| format!("header {name}: {value:?} cannot be sent"))?;
        // The first one of a name replaces ours, more are added.
        if [USER_AGENT, ACCEPT, HOST].contains(&parsed) {
            headers.insert(parsed, value);
        } else {
            headers.append(parsed, value);
        }
    }
    Ok(headers)
}

/// What of the headers goes to another host than the configured one: no secrets.
pub(super) fn without_secrets(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for secret in [AUTHORIZATION, COOKIE, HOST] {
        headers.remove(secret);
    }
    headers
}

/// A request for `url`.
///
/// # Errors
///
/// A sentence about a URL that cannot be requested.
pub(super) fn request(url: &Url, headers: &HeaderMap) -> Result<Request<Empty<Bytes>>, String> {
    let mut path = url.path().to_owned();
    if let Some(query) = url.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut request = Request::get(path).body(Empty::new()).map_err(|error| format!("{url}: {error}"))?;
    *request.headers_mut() = headers.clone();
    let headers = request.headers_mut();
    if !headers.contains_key(HOST) {
        let mut authority = url.host_str().unwrap_or_default().to_owned();
        if let Some(port) = url.port() {
            // Writing to a string cannot fail.
            let _ = write!(authority, ":{port}");
        }
        headers.insert(HOST, HeaderValue::from_str(&authority).map_err(|error| format!("{url}: {error}"))?);
    }
    if !url.username().is_empty() && !headers.contains_key(AUTHORIZATION) {
        let password = url.password().unwrap_or_default();
        let mut pair = percent_decode(url.username());
        pair.push(b':');
        pair.extend(percent_decode(password));
        let value = HeaderValue::from_str(&format!("Basic {}", base64(&pair)));
        let mut value = value.map_err(|error| format!("{url}: {error}"))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(request)
}

fn percent_decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let symbol = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(symbol) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_takes_names_and_addresses_of_both_families() {
        for (template, with, expected) in [
            ("http://%host%/", "s3.example", "http://s3.example/"),
            ("https://%host%:8443/a?b=c", "192.0.2.7", "https://192.0.2.7:8443/a?b=c"),
            ("http://%host%/", "2001:db8::7", "http://[2001:db8::7]/"),
            ("%host%/path", "s3.example", "http://s3.example/path"),
        ] {
            assert_eq!(url(template, with).unwrap().as_str(), expected);
        }
        for wrong in ["ftp://%host%/", "http://", "http://a b/", "file:///etc/passwd", "http://%host%:99999/"] {
            assert!(url(wrong, "s3.example").is_err(), "{wrong}");
        }
    }

    #[test]
    fn redirects_are_relative_to_where_they_come_from() {
        let from = url("https://a.example/x/y?z", "").unwrap();
        for (location, expected) in [
            ("/top", "https://a.example/top"),
            ("beside", "https://a.example/x/beside"),
            ("//b.example/", "https://b.example/"),
            ("http://c.example:81/p", "http://c.example:81/p"),
            ("?q", "https://a.example/x/y?q"),
        ] {
            assert_eq!(follow(&from, location).unwrap().as_str(), expected);
        }
        assert!(follow(&from, "file:///etc/passwd").is_err());
        assert!(follow(&from, "javascript:alert(1)").is_err());
    }

    #[test]
    fn request_says_host_port_and_credentials() {
        let url = url("http://us%40er:pass@h.example:81/p?q", "").unwrap();
        let request = request(&url, &HeaderMap::new()).unwrap();
        assert_eq!(request.uri(), "/p?q");
        assert_eq!(request.headers()[HOST], "h.example:81");
        // echo -n 'us@er:pass' | base64
        assert_eq!(request.headers()[AUTHORIZATION], "Basic dXNAZXI6cGFzcw==");
    }

    #[test]
    fn base64_is_padded_as_in_the_rfc() {
        for (plain, encoded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn headers_that_would_break_the_message_are_refused() {
        let with = |name: &str, value: &str| {
            let headers = vec![(name.to_owned(), value.to_owned())];
            headers_of(&HttpOptions { headers, ..HttpOptions::default() })
        };
        assert_eq!(with("X-Probe", "%host%").unwrap()["x-probe"], "h.example");
        assert_eq!(with("Host", "other.example").unwrap()[HOST], "other.example");
        for (name, value) in [("X\r\nY", "1"), ("X", "1\r\nY: 2"), ("", "1"), ("Content-Length", "5")] {
            assert!(with(name, value).is_err(), "{name}: {value}");
        }
    }

    fn headers_of(options: &HttpOptions) -> Result<HeaderMap, String> {
        headers(options, "h.example")
    }
}
