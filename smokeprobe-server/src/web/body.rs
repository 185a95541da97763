//! Bodies of requests: read to a bound in size and in time, so that whoever sends byte by byte keeps no connection.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};

use super::error::ApiError;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body of `most` bytes at most. `what` it is, is said when it cannot be read.
pub(super) async fn read(body: Body, most: usize, what: &str) -> Result<Bytes, ApiError> {
    let fault = || {
        let seconds = PATIENCE.as_secs();
        ApiError::bad_body(format!(
            "the {what} is longer than {most} bytes, took more than {seconds} s, or was cut off"
        ))
    };
    let arrived = tokio::time::timeout(PATIENCE, to_bytes(body, most)).await;
    arrived.map_err(|_| fault())?.map_err(|_| fault())
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn body_that_does_not_end_is_given_up() {
        let endless = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let fault = read(endless, 100, "form").await.unwrap_err().into_message();
        assert!(fault.contains("took more than 10 s"), "{fault}");
        assert!(read(Body::from("x".repeat(101)), 100, "form").await.is_err());
        assert_eq!(read(Body::from("x".repeat(100)), 100, "form").await.unwrap().len(), 100);
    }
}
