//! SmokePing's addresses: `smokeping.cgi?target=A.B` and the like, which old links, wikis and scripts have.
//!
//! 1. With `secret` and `target` a host tells its address: [`update`].
//! 2. With `displaymode=a` it is an image.
//! 3. Everything else is a page, and redirects to ours. Never elsewhere: the new address is `/` with an encoded query.
//!    Strangers are led there too, as the page asks them to sign in; what there is, they do not learn by that.

mod query;
mod times;
pub(super) mod update;

use std::borrow::Cow;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use smokeprobe_core::{SeriesId, TargetPath, Vantage};
use url::form_urlencoded::Serializer;

use super::access::Visitor;
use super::error::{ApiError, shown};
use super::hierarchy::{self, Found};
use super::params::Params;
use super::{WebState, graph, lookup};
use crate::config::Plan;
use crate::describe;
use crate::timespec::Range;
use times::Span;

/// Where installations have SmokePing's program.
const ADDRESSES: [&str; 8] = [
    "/smokeping.cgi",
    "/smokeping.fcgi",
    "/smokeping",
    "/smokeping/",
    "/smokeping/smokeping.cgi",
    "/smokeping/smokeping.fcgi",
    "/cgi-bin/smokeping.cgi",
    "/cgi-bin/smokeping.fcgi",
];

/// The range of an image that names none.
const USUAL: i64 = super::params::USUAL as i64;

/// Bytes of a filter at most that a page is told of.
const MAX_FILTER: usize = 200;

/// Bytes of a name at most that a stranger gives and the page is told of.
const MAX_NAME: usize = 200;

/// Whether this is one of them.
pub(super) fn is_old(path: &str) -> bool {
    ADDRESSES.contains(&path)
}

/// The old addresses.
pub(super) fn routes() -> Router<WebState> {
    ADDRESSES.into_iter().fold(Router::new(), |router, address| router.route(address, get(answer).post(answer)))
}

async fn answer(State(web): State<WebState>, visitor: Visitor, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let params = query::read(&parts, body).await?;
    if params.text("slave").is_some() {
        return Err(ApiError::bad_parameter("slave", "this server takes no results from SmokePing's slaves"));
    }
    if let (Some(target), Some(secret)) = (params.text("target"), params.text("secret")) {
        return update::update(&web, &visitor, &parts, target, secret).await;
    }
    let image = params.choice("displaymode", &[("s", false), ("n", false), ("a", true)])?.unwrap_or(false);
    let now = web.clock.wall();
    let span = times::span(&params, now)?;
    if image {
        visitor.viewing()?;
    }
    if !visitor.may_view() {
        return Ok(page(&params, &Place::unseen(&params)?, span));
    }
    let plan = web.live.plan.load_full();
    let place = Place::named(&plan, &params)?;
    if !image {
        return Ok(page(&params, &place, span));
    }
    let series = place.series().ok_or_else(|| ApiError::bad_parameter("target", "name the target of the image"))?;
    let usual = || Range { from: now.unix_secs() - USUAL, to: now.unix_secs() };
    let range = span.map_or_else(usual, |span| span.range);
    let wish = graph::Wish::of(&params, range)?.as_png(1);
    graph::draw(&web, &series.to_string(), wish).await
}

/// What an old address points at. Without a section it is the first page.
#[derive(Debug, Default)]
struct Place<'a> {
    section: Option<Cow<'a, TargetPath>>,
    vantage: Vantage,
    /// In whose tree the page shows it.
    hierarchy: Option<&'a str>,
    /// The page of charts: of this one, or of all.
    charts: Option<Charts<'a>>,
}

/// SmokePing's pages of charts.
#[derive(Debug, Clone, Copy)]
enum Charts<'a> {
    /// `_charts`
    All,
    /// `_charts.NAME`
    One(&'a str),
}

impl<'a> Charts<'a> {
    fn called(name: &'a str) -> Option<Self> {
        if name == "_charts" { Some(Self::All) } else { name.strip_prefix("_charts.").map(Self::One) }
    }

    /// The chart's name; none of all.
    fn name(self) -> Option<&'a str> {
        match self {
            Self::All => None,
            Self::One(name) => Some(name),
        }
    }
}

impl<'a> Place<'a> {
    fn named(plan: &'a Plan, params: &'a Params) -> Result<Self, ApiError> {
        let hierarchy = hierarchy_of(params);
        if let Some(name) = hierarchy
            && !plan.presentation.hierarchies.contains_key(name)
        {
            return Err(ApiError::not_found(format!("the configuration has no hierarchy {}", shown(name))));
        }
        let top = Self { hierarchy, ..Self::default() };
        let Some(name) = params.text("target") else { return Ok(top) };
        if let Some(charts) = Charts::called(name)
            && charts.name().is_none_or(|name| plan.presentation.charts.contains_key(name))
        {
            return Ok(Self { charts: Some(charts), ..top });
        }
        let wanted = series_of(name)?;
        let found = match hierarchy {
            None => describe::find(plan, &wanted.target),
            Some(hierarchy) => match hierarchy::find(plan, hierarchy, &wanted.target) {
                // A folder of the hierarchy alone has no page of ours.
                Found::Folder => return Ok(top),
                Found::Section(node) => Some(node),
                // Pages of a hierarchy have links with real paths too, those of images.
                Found::Nothing => describe::find(plan, &wanted.target),
            },
        };
        let node = found.ok_or_else(|| lookup::no_section(&wanted.target))?;
        let Some(path) = &node.path else { return Ok(top) };
        if let Vantage::Slave(_) = wanted.vantage {
            // Says what there is instead.
            let series = SeriesId { target: path.clone(), vantage: wanted.vantage.clone() };
            lookup::series(plan, &series.to_string())?;
        }
        Ok(Self { section: Some(Cow::Borrowed(path)), vantage: wanted.vantage, ..top })
    }

    /// What a stranger names, which nobody looks for.
    fn unseen(params: &'a Params) -> Result<Self, ApiError> {
        let top = Self { hierarchy: hierarchy_of(params).filter(|name| name.len() <= MAX_NAME), ..Self::default() };
        let Some(name) = params.text("target") else { return Ok(top) };
        if let Some(charts) = Charts::called(name) {
            let known = charts.name().is_none_or(|name| name.len() <= MAX_NAME);
            return Ok(Self { charts: Some(if known { charts } else { Charts::All }), ..top });
        }
        let SeriesId { target, vantage } = series_of(name)?;
        Ok(Self { section: Some(Cow::Owned(target)), vantage, ..top })
    }

    fn series(&self) -> Option<SeriesId> {
        Some(SeriesId { target: self.section.as_deref()?.clone(), vantage: self.vantage.clone() })
    }
}

/// The hierarchy that is asked for; SmokePing's own links write none as 0.
fn hierarchy_of(params: &Params) -> Option<&str> {
    params.text("hierarchy").filter(|name| *name != "0")
}

fn series_of(name: &str) -> Result<SeriesId, ApiError> {
    name.parse().map_err(|_| {
        let shown = shown(name);
        ApiError::not_found(format!("{shown:?} is not the name of a target; they look like A.B or A.B~slave"))
    })
}

/// Redirects to our page of a section.
fn page(params: &Params, place: &Place<'_>, span: Option<Span>) -> Response {
    let mut query = Serializer::new(String::new());
    if let Some(section) = &place.section {
        query.append_pair("target", section.as_str());
    }
    if let Vantage::Slave(slave) = &place.vantage {
        query.append_pair("vantage", slave);
    }
    if let Some(charts) = place.charts {
        query.append_pair("mode", "charts");
        if let Some(name) = charts.name() {
            query.append_pair("chart", name);
        }
    }
    if let Some(hierarchy) = place.hierarchy {
        query.append_pair("hierarchy", hierarchy);
    }
    if let Some(span) = span {
        for (name, time) in [("from", span.from), ("to", span.to)] {
            if let Some(time) = time {
                query.append_pair(name, &time);
            }
        }
    }
    if let Some(filter) = params.text("filter").filter(|filter| filter.len() <= MAX_FILTER) {
        query.append_pair("filter", filter);
    }
    let query = query.finish();
    let address = if query.is_empty() { "/".to_owned() } else { format!("/?{query}") };
    // URL encoding leaves nothing that a header could not hold.
    let address = HeaderValue::from_str(&address).unwrap_or(HeaderValue::from_static("/"));
    let headers = [(header::LOCATION, address), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    (StatusCode::FOUND, headers).into_response()
}
