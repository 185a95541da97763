//! What a client is told when a request cannot be served.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use smokeprobe_store::StoreError;

use crate::alerting::Refusal;

/// An answer other than the one asked for: `{"error": {"parameter": "from", "message": "…"}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    parameter: Option<String>,
    message: String,
    place: Option<Place>,
}

/// As much of a client's own words as a message repeats.
pub(super) fn shown(words: &str) -> String {
    words.chars().take(80).collect()
}

/// Where in a text it is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// The first character, from 1.
    column: usize,
    /// How many characters.
    length: usize,
    help: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, parameter: None, message: message.into(), place: None }
    }

    /// A parameter is at fault.
    pub fn bad_parameter(parameter: impl Into<String>, message: impl Into<String>) -> Self {
        Self { parameter: Some(parameter.into()), ..Self::new(StatusCode::BAD_REQUEST, message) }
    }

    /// The text of a parameter is at fault, at a place of it.
    pub fn bad_text(
        parameter: impl Into<String>,
        message: impl Into<String>,
        column: usize,
        length: usize,
        help: Option<String>,
    ) -> Self {
        Self { place: Some(Place { column, length, help }), ..Self::bad_parameter(parameter, message) }
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// What is read is read with GET; what may be done otherwise is in docs/http.md.
    pub fn method_not_allowed(method: &Method) -> Self {
        let message = match *method {
            Method::GET | Method::HEAD => "this address changes something: use POST or DELETE".to_owned(),
            _ => "use GET".to_owned(),
        };
        Self::new(StatusCode::METHOD_NOT_ALLOWED, message)
    }

    /// Whoever asks must say who they are.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, parameter: None, message: message.into(), place: None }
    }

    /// Whoever asks may not do that.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// The body of the request is not what it should be.
    pub fn bad_body(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The body of the request did not come in time. That ends the connection.
    pub fn too_slow(message: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, message)
    }

    /// The server cannot do it at the moment.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// Too many others ask at the same time.
    pub fn busy() -> Self {
        let message = "the server is busy with other viewers; try again in some seconds".to_owned();
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// Whoever asks has asked too often.
    pub fn too_often(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, message)
    }

    /// Something of ours failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// The sentence alone, for answers that have other things to tell as well.
    pub(super) fn into_message(self) -> String {
        self.message
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::NotFound(_) => Self::not_found(message),
            Refusal::Wrong(_) => Self::bad_body(message),
            Refusal::Busy => Self::unavailable(message),
            // Its path is not for viewers.
            Refusal::State(_) => Self::internal("the history of the alerts cannot be read now; the log says why"),
        }
    }
}

impl From<StoreError> for ApiError {
    /// Paths of files are not for viewers.
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::NoSuchSeries(series) => Self::not_found(format!("there is no history of {series} yet")),
            StoreError::Io { source, .. } => Self::internal(format!("the history cannot be read now: {source}")),
            StoreError::Damaged { reason, .. } => Self::internal(format!("the history is damaged: {reason}")),
            _ => Self::internal("the history cannot be read now"),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: Fault<'a>,
}

#[derive(Serialize)]
struct Fault<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let place = self.place.as_ref();
        let fault = Fault {
            parameter: self.parameter.as_deref(),
            message: &self.message,
            column: place.map(|place| place.column),
            length: place.map(|place| place.length),
            help: place.and_then(|place| place.help.as_deref()),
        };
        let mut response = (self.status, Json(Body { error: fault })).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        if self.status == StatusCode::REQUEST_TIMEOUT {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
