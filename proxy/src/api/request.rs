//! The canonical request: which URLs are the same request (contract §13).
//!
//! A request is either understood completely, and then merged with its other spellings, or it is
//! *opaque*: sent upstream exactly as given and cached under its exact text. There is nothing in
//! between, because a wrong merge serves one client another client's answer, while a missed merge
//! costs one call. Canonical keys start with `=`, opaque keys with `/`, so they never meet.

use std::fmt::Write as _;

use http::Method;

use super::endpoint::{Endpoint, RowKind, Shape};
use super::id::Id;
use super::query::{Malformed, Plus, Query, decode, encode};
use super::recommendation::Recommendation;

/// What to do with an incoming request.
#[derive(Debug, PartialEq, Eq)]
pub enum Call {
    /// A cacheable GET or HEAD of a known endpoint.
    Cacheable(Request),
    /// Everything else: uploads, unknown routes, other methods.
    PassThrough,
}

/// A cacheable request in canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Rows(Rows),
    Row(Row),
    Body(Body),
}

impl Request {
    pub fn endpoint(&self) -> &'static Endpoint {
        match self {
            Self::Rows(Rows { endpoint, .. })
            | Self::Row(Row { endpoint, .. })
            | Self::Body(Body { endpoint, .. }) => endpoint,
        }
    }
}

/// A multi-get, understood completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    pub endpoint: &'static Endpoint,
    pub kind: RowKind,
    /// Distinct, in the order first asked.
    pub ids: Vec<Id>,
    /// How many ids were given, repetitions included: what the upstream would count.
    pub given: usize,
}

/// One row by an id in the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub endpoint: &'static Endpoint,
    pub kind: RowKind,
    pub id: Id,
    /// Path and query as received, for error bodies and for asking upstream as given.
    pub target: String,
}

/// A request whose answer is stored whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    pub endpoint: &'static Endpoint,
    /// Equal for requests with equal answers.
    pub key: String,
    /// Path and query as received: what goes upstream.
    pub target: String,
    /// The key of the same page with its size left open, when `size` was not given: it may turn
    /// out to equal a given one (contract §13). The full key is this plus `&size=N`.
    pub open_size: bool,
    /// For a recommendation: its seeds and size as far as they could be read.
    pub draw: Option<Draw>,
    /// For a recommendation that was understood completely.
    pub recommendation: Option<Box<Recommendation>>,
}

impl Body {
    /// False when the request was not fully understood.
    pub fn is_canonical(&self) -> bool {
        self.key.starts_with('=')
    }

    /// A request that goes upstream as it is and is kept under its exact text.
    pub fn opaque(endpoint: &'static Endpoint, target: &str) -> Self {
        let (key, target) = (target.to_owned(), target.to_owned());
        Self { endpoint, key, target, open_size: false, draw: None, recommendation: None }
    }
}

/// What the static rules look at in a recommendation, opaque or not (features P-50).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draw {
    /// `None` when the list is ambiguous.
    pub seeds: Option<Vec<String>>,
    pub negatives: Option<Vec<String>>,
    /// `None` when absent or given more than once.
    pub size: Option<String>,
}

/// Reads a request line.
///
/// # Errors
/// [`Malformed`] when an escape is broken or a NUL byte is hidden in one.
pub fn classify(method: &Method, path: &str, query: Option<&str>) -> Result<Call, Malformed> {
    if *method != Method::GET && *method != Method::HEAD {
        return Ok(Call::PassThrough);
    }
    decode(path, "the path", Plus::Literal)?;
    // Both are read before anything is decided: a malformed query is a 400 on every route.
    let parsed = query.map_or(Ok(None), Query::parse)?;
    let Some((endpoint, segment)) = Endpoint::find(path) else {
        return Ok(Call::PassThrough);
    };
    let id = match segment {
        Some(raw) => decode(raw, "the path", Plus::Literal)?.as_deref().and_then(Id::parse),
        None => None,
    };
    let target = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let reader = Reader { endpoint, target, bare: query.is_none(), query: parsed, id };
    Ok(Call::Cacheable(reader.read()))
}

/// Reads a GET of a path and query in one text.
///
/// # Errors
/// As [`classify`].
pub fn classify_target(target: &str) -> Result<Call, Malformed> {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    classify(&Method::GET, path, query)
}

/// The parts of one request while it is being understood.
struct Reader {
    endpoint: &'static Endpoint,
    target: String,
    bare: bool,
    query: Option<Query>,
    id: Option<Id>,
}

impl Reader {
    fn read(self) -> Request {
        let understood = match self.endpoint.shape {
            Shape::MultiGet(kind) => self.rows(kind),
            Shape::Single(kind) => self.row(kind),
            Shape::Recommendation => self.recommendation(),
            Shape::Search(_) => self.search(),
            Shape::SubList(_) => self.sub_list(),
        };
        understood.unwrap_or_else(|| self.opaque())
    }

    fn rows(&self, kind: RowKind) -> Option<Request> {
        let query = self.query.as_ref()?;
        if !query.holds_only(&[], &["ids"]) {
            return None;
        }
        let list = query.list("ids")?;
        let mut ids = Vec::with_capacity(list.len());
        let mut seen = std::collections::HashSet::with_capacity(list.len());
        for text in &list {
            let id = Id::parse(text)?;
            if seen.insert(id.clone()) {
                ids.push(id);
            }
        }
        Some(Request::Rows(Rows { endpoint: self.endpoint, kind, ids, given: list.len() }))
    }

    fn row(&self, kind: RowKind) -> Option<Request> {
        let id = self.id.clone().filter(|id| !id.is_malformed())?;
        self.bare
            .then(|| Request::Row(Row { endpoint: self.endpoint, kind, id, target: self.target.clone() }))
    }

    fn recommendation(&self) -> Option<Request> {
        let understood = Recommendation::read(self.query.as_ref()?)?;
        let body = self.body(understood.key(), false);
        Some(Request::Body(Body { recommendation: Some(Box::new(understood)), ..body }))
    }

    fn search(&self) -> Option<Request> {
        let text = self.query.as_ref()?.once("searchText").filter(|text| !text.is_empty())?;
        self.page(
            &format!("searchText={}&", encode(text)),
            self.endpoint.path,
            &["searchText", "page", "size"],
        )
    }

    fn sub_list(&self) -> Option<Request> {
        let Some(Id::Uuid(uuid)) = self.id else { return None };
        let path = self.endpoint.path.replace("{id}", &uuid.to_string());
        self.page("", &path, &["page", "size"])
    }

    /// `page=0` given or absent is the same request; an absent `size` stays open.
    fn page(&self, subject: &str, path: &str, known: &[&str]) -> Option<Request> {
        let (page, size) = match &self.query {
            None if self.bare => (0, None),
            Some(query) if query.holds_only(known, &[]) => {
                (whole(query.once("page"), 0..=1000)?.unwrap_or(0), whole(query.once("size"), 1..=50)?)
            }
            _ => return None,
        };
        let mut key = format!("={path}?{subject}page={page}");
        if let Some(size) = size {
            let _ = write!(key, "&size={size}");
        }
        Some(Request::Body(self.body(key, size.is_none())))
    }

    fn body(&self, key: String, open_size: bool) -> Body {
        let (endpoint, target) = (self.endpoint, self.target.clone());
        Body { endpoint, key, target, open_size, draw: self.draw(), recommendation: None }
    }

    fn opaque(&self) -> Request {
        Request::Body(Body { draw: self.draw(), ..Body::opaque(self.endpoint, &self.target) })
    }

    fn draw(&self) -> Option<Draw> {
        if self.endpoint.shape != Shape::Recommendation {
            return None;
        }
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        Some(match &self.query {
            // Nothing readable: only a request without any query is known to lack its seeds.
            None if self.bare => Draw { seeds: Some(Vec::new()), negatives: Some(Vec::new()), size: None },
            None => Draw::default(),
            Some(query) => Draw {
                seeds: query.list("seeds").map(owned),
                negatives: query.list("negativeSeeds").map(owned),
                size: query.once("size").map(str::to_owned),
            },
        })
    }
}

/// `Some(None)` when absent, `None` when not plain digits within the range.
#[allow(clippy::option_option)] // three outcomes, read in one place: not understood, absent, a number
fn whole(text: Option<&str>, range: std::ops::RangeInclusive<u32>) -> Option<Option<u32>> {
    let Some(text) = text else { return Some(None) };
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten()?;
    range.contains(&number).then_some(Some(number))
}
