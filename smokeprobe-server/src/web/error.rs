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
}

impl ApiError {
    /// A parameter is at fault.
    pub fn bad_parameter(parameter: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, parameter: Some(parameter.into()), message: message.into() }
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, parameter: None, message: message.into() }
    }

    /// What is read is read with GET; what may be done otherwise is in docs/http.md.
    pub fn method_not_allowed(method: &Method) -> Self {
        let message = match *method {
            Method::GET | Method::HEAD => "this address changes something: use POST or DELETE".to_owned(),
            _ => "use GET".to_owned(),
        };
        Self { status: StatusCode::METHOD_NOT_ALLOWED, parameter: None, message }
    }

    /// Whoever asks may not do that.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, parameter: None, message: message.into() }
    }

    /// The body of the request is not what it should be.
    pub fn bad_body(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, parameter: None, message: message.into() }
    }

    /// The server cannot do it at the moment.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, parameter: None, message: message.into() }
    }

    /// Too many others ask at the same time.
    pub fn busy() -> Self {
        let message = "the server is busy with other viewers; try again in some seconds".to_owned();
        Self { status: StatusCode::SERVICE_UNAVAILABLE, parameter: None, message }
    }

    /// Whoever asks has asked too often.
    pub fn too_often(message: impl Into<String>) -> Self {
        Self { status: StatusCode::TOO_MANY_REQUESTS, parameter: None, message: message.into() }
    }

    /// Something of ours failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, parameter: None, message: message.into() }
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
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let fault = Fault { parameter: self.parameter.as_deref(), message: &self.message };
        let mut response = (self.status, Json(Body { error: fault })).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
