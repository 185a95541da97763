//! What all notifiers over HTTP have in common: where the service is, how long it may take, what more it is told.

use std::time::Duration;

use super::{Answer, Client, DEFAULT_TIMEOUT, HttpError, Request};
use crate::notify::{DeliveryError, Secret, SecretError};

/// How a service is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Another address than the public one, such as that of a relay: scheme, host, and what comes before the path.
    pub endpoint: Option<String>,
    /// What messages are signed with.
    pub secret: Option<Secret>,
    /// More headers. One of a name that we send too takes its place.
    pub headers: Vec<(String, Secret)>,
    /// A try ends after this time, or after twice as long when other messages to the same host hang too.
    pub timeout: Duration,
}

impl Default for Service {
    fn default() -> Self {
        Self { endpoint: None, secret: None, headers: Vec::new(), timeout: DEFAULT_TIMEOUT }
    }
}

impl Service {
    /// The address of a service that is called by a token. People also paste the whole address that the service shows
    /// them: it is taken as it is, or its path with our endpoint.
    pub(in crate::notify) fn address(&self, token: &str, public: &str, path: impl FnOnce(&str) -> String) -> String {
        let endpoint = self.endpoint.as_deref().map(|endpoint| endpoint.trim_end_matches('/'));
        match (whole_address(token), endpoint) {
            (Some(_), None) => token.to_owned(),
            (Some(url), Some(endpoint)) => match url.query() {
                Some(query) => format!("{endpoint}{}?{query}", url.path()),
                None => format!("{endpoint}{}", url.path()),
            },
            (None, endpoint) => format!("{}{}", endpoint.unwrap_or(public), path(token)),
        }
    }

    /// The secret that messages are signed with.
    pub(in crate::notify) async fn key(&self) -> Result<Option<String>, DeliveryError> {
        match &self.secret {
            Some(secret) => Ok(Some(secret.reveal(self.timeout).await?)),
            None => Ok(None),
        }
    }

    /// Sends a request with our headers, and gives the answer whatever its status is.
    pub(in crate::notify) async fn ask(&self, client: &Client, request: Request) -> Result<Answer, DeliveryError> {
        let mut request = request.timeout(self.timeout);
        for (name, value) in &self.headers {
            request = request.header(name, value.reveal(self.timeout).await?);
        }
        if let Some(key) = self.key().await? {
            request = request.secret(key);
        }
        client.send(request).await.map_err(|error: HttpError| error.into())
    }

    /// The same for JSON, which must be taken with a status of 2xx.
    pub(in crate::notify) async fn tell(
        &self,
        client: &Client,
        url: String,
        body: &serde_json::Value,
    ) -> Result<Answer, DeliveryError> {
        let answer = self.ask(client, json(url, body)).await?;
        answer.refusal().map_or(Ok(answer), Err)
    }
}

impl From<SecretError> for DeliveryError {
    fn from(error: SecretError) -> Self {
        match error {
            // The environment of a running program does not change.
            SecretError::Env(_) => Self::permanent(error.to_string()),
            SecretError::File { .. } => Self::transient(error.to_string()),
        }
    }
}

/// A request with a body of JSON.
pub(in crate::notify) fn json(url: String, body: &serde_json::Value) -> Request {
    Request::post(url, body.to_string()).header("content-type", "application/json; charset=utf-8")
}

fn whole_address(token: &str) -> Option<url::Url> {
    if !token.starts_with("https://") && !token.starts_with("http://") {
        return None;
    }
    url::Url::parse(token).ok()
}

/// A part of a path or a query.
pub(in crate::notify) fn encoded(piece: &str) -> String {
    url::form_urlencoded::byte_serialize(piece.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_a_whole_address_and_an_endpoint_go_together() {
        let at = |endpoint: Option<&str>, token: &str| {
            let service = Service { endpoint: endpoint.map(str::to_owned), ..Service::default() };
            service.address(token, "https://public.example", |token| format!("/send?key={}", encoded(token)))
        };
        assert_eq!(at(None, "a b"), "https://public.example/send?key=a%20b");
        assert_eq!(at(Some("http://relay/x/"), "ab"), "http://relay/x/send?key=ab");
        assert_eq!(at(None, "https://other.example/send?key=1"), "https://other.example/send?key=1");
        assert_eq!(at(Some("http://relay"), "https://other.example/send?key=1"), "http://relay/send?key=1");
    }
}
