//! Bodies of requests: read to a bound in size and in time, so that whoever sends byte by byte keeps no connection.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};

use super::error::ApiError;
use super::serve::GaveWay;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body of `most` bytes at most. `what` it is, is said when it cannot be read.
pub(super) async fn read(body: Body, most: usize, what: &str) -> Result<Bytes, ApiError> {
    match tokio::time::timeout(PATIENCE, to_bytes(body, most)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if GaveWay::is_cause_of(&error) => {
            Err(ApiError::too_slow(format!("the {what} did not come, and others want to be let in; try again")))
        }
        Ok(Err(_)) => Err(ApiError::bad_body(format!("the {what} is longer than {most} bytes, or was cut off"))),
        Err(_) => Err(ApiError::too_slow(format!("the {what} took more than {} s", PATIENCE.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use axum::BoxError;
    use axum::http::StatusCode;
    use axum::response::IntoResponse;
    use futures_util::stream;

    use super::*;

    /// The status and the sentence for a body that never ends, or fails.
    async fn refused(body: Body) -> (StatusCode, String) {
        let fault = read(body, 100, "form").await.unwrap_err();
        (fault.clone().into_response().status(), fault.into_message())
    }

    #[tokio::test(start_paused = true)]
    async fn body_that_does_not_end_is_given_up() {
        let endless = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let (status, fault) = refused(endless).await;
        assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
        assert!(fault.contains("took more than 10 s"), "{fault}");
        let failing = |error: BoxError| Body::from_stream(stream::once(async { Err::<Bytes, _>(error) }));
        assert_eq!(refused(failing(GaveWay.into())).await.0, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(refused(failing("cut off".into())).await.0, StatusCode::BAD_REQUEST);
        assert_eq!(refused(Body::from("x".repeat(101))).await.0, StatusCode::BAD_REQUEST);
        assert_eq!(read(Body::from("x".repeat(100)), 100, "form").await.unwrap().len(), 100);
    }
}
