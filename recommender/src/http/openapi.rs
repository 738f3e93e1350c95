//! The document of the interface, from the handlers themselves.
//!
//! What holds for all is added here once: refusals that follow from what an operation takes, and
//! the short paths that are aliases.

use std::sync::Arc;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::CONTENT_TYPE;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response, Schema};
use utoipa::{OpenApi, PartialSchema, ToSchema};

use super::App;
use super::caller::Anyone;
use super::error::{Detail, Invalid, TooMany};
use crate::model::FieldError;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "recobeat-recommender",
        description = "Mood playlists through recobeat-proxy. Errors are `{\"detail\": …}`.",
        license(name = "MIT"),
    ),
    components(schemas(Detail, Invalid, TooMany, FieldError)),
    tags(
        (name = "runs", description = "From a mood to a list"),
        (name = "playlists", description = "Lists that are kept"),
        (name = "popular moods", description = "Lists that are held for everybody"),
        (name = "system", description = "For operators"),
        (name = "health", description = "For whoever runs the process"),
    ),
)]
struct Head;

/// The document without paths.
pub(super) fn head() -> utoipa::openapi::OpenApi {
    let mut document = Head::openapi();
    let bearer = || SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    if let Some(components) = document.components.as_mut() {
        components.add_security_scheme("user", bearer());
        components.add_security_scheme("operator", bearer());
    }
    document
}

pub(super) const ROUTE: &str = "/openapi.json";

/// Serves the document, written once.
pub(super) fn router(document: &utoipa::openapi::OpenApi) -> Router<App> {
    let text: Arc<str> = written(document).into();
    let answer = move |_: Anyone| {
        let text = Arc::clone(&text);
        async move { ([(CONTENT_TYPE, "application/json")], text.to_string()).into_response() }
    };
    Router::new().route(ROUTE, get(answer))
}

/// As it is served and committed: indented, with a line end.
pub(super) fn written(document: &utoipa::openapi::OpenApi) -> String {
    document.to_pretty_json().map(|text| text + "\n").unwrap_or_default()
}

/// Adds an alias of a path under its other name.
pub(super) fn alias(document: &mut utoipa::openapi::OpenApi, path: &str, of: &str) {
    let Some(mut item) = document.paths.paths.get(of).cloned() else { return };
    for operation in operations(&mut item) {
        operation.summary = Some(format!("Alias of {of}"));
        operation.description = None;
        operation.operation_id = operation.operation_id.take().map(|id| format!("{id}_at_{}", word(path)));
    }
    document.paths.paths.insert(path.to_owned(), item);
}

/// A path as part of an operation's id, which must be unique.
fn word(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && !part.starts_with('{'));
    parts.collect::<Vec<_>>().join("_").replace('-', "_")
}

/// Adds the refusals that follow from what each operation takes.
pub(super) fn add_refusals(document: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let named = path.contains('{');
        for operation in operations(item) {
            let (secured, body) = (operation.security.is_some(), operation.request_body.is_some());
            let query =
                operation.parameters.as_ref().is_some_and(|parameters| parameters.iter().any(in_query));
            let rows: [(bool, &str, &str, RefOr<Schema>); 9] = [
                (body, "400", "The body is not JSON", reference::<Detail>()),
                (secured, "401", "Nobody is named by the request", reference::<Detail>()),
                (secured, "403", "Not from here, or not an operator", reference::<Detail>()),
                (named, "404", "There is none, or it is somebody else's", reference::<Detail>()),
                (body, "408", "The body did not come in time", reference::<Detail>()),
                (body, "413", "The body is too large", reference::<Detail>()),
                (body, "415", "The body is not sent as JSON", reference::<Detail>()),
                (body || query, "422", "A field breaks a rule", reference::<Invalid>()),
                (secured, "429", "Too many requests; come back after `Retry-After`", reference::<TooMany>()),
            ];
            for (applies, status, description, schema) in rows {
                if applies {
                    add(operation, status, description, schema);
                }
            }
        }
    }
}

fn in_query(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query)
}

fn add(operation: &mut Operation, status: &str, description: &str, schema: RefOr<Schema>) {
    let responses = &mut operation.responses.responses;
    if !responses.contains_key(status) {
        let mut response = Response::new(description);
        response.content.insert("application/json".to_owned(), Content::new(Some(schema)).into());
        responses.insert(status.to_owned(), response.into());
    }
}

fn reference<T: ToSchema + PartialSchema>() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(T::name()))
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten()
}
