//! `/api/v1/outline`: what the configuration says. It changes only with the plan: made and compressed once for each, and
//! then served from memory.

mod section;
mod shape;

use std::sync::OnceLock;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::WebState;
use super::error::ApiError;
use super::packed::Packed;
use super::params::Params;
use crate::config::Plan;

/// What the page is told of a plan.
#[derive(Debug)]
pub(super) struct Outline {
    id: String,
    body: Bytes,
    /// Once somebody asks: those who only want the id do not wait for it.
    packed: OnceLock<Packed>,
}

pub(super) async fn outline(
    State(web): State<WebState>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    params.only(&[])?;
    // Whoever only fetches what is there does not wait for those who read files.
    if let Some(index) = web.kept_index().filter(|index| index.outline().packed.get().is_some()) {
        return Ok(index.outline().answer(&headers));
    }
    let workers = web.workers.clone();
    workers.run(move || Ok(web.index().outline().answer(&headers))).await
}

impl Outline {
    pub(super) fn new(plan: &Plan) -> Self {
        let write = |id: &str| {
            // Types of ours, whose serialization has no errors.
            serde_json::to_vec(&shape::Outline::of(plan, id)).unwrap_or_default()
        };
        let hash = Sha256::digest(write(""));
        // A quarter of the hash tells the plans of one server apart.
        let id = hash.iter().take(8).fold(String::new(), |id, byte| format!("{id}{byte:02x}"));
        let body = write(&id).into();
        Self { id, body, packed: OnceLock::new() }
    }

    /// The plan by a name: 16 hexadecimal digits, the same for all plans with the same outline.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let packed = self.packed.get_or_init(|| Packed::new(self.body.clone(), &self.id));
        // What a viewer may see is no business of a cache that others share.
        packed.answer("application/json", HeaderValue::from_static("private, no-cache"), headers)
    }
}
