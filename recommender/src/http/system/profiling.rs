use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::App;
use crate::http::body::Params;
use crate::http::caller::Operator;
use crate::http::error::ApiError;
use crate::http::path::Name;
use crate::profile::{MetricStats, Sample};

const NO_METRIC: &str = "no such metric, or nothing measured yet";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct MetricsParams {
    /// Only this one.
    metric_name: Option<String>,
}

/// One metric, when it was named; else all.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum MetricsDocument {
    All {
        /// That were measured at least once.
        metrics: Vec<&'static str>,
        /// By name.
        stats: BTreeMap<&'static str, MetricStats>,
        total_metrics: usize,
    },
    One {
        metric: String,
        stats: MetricStats,
    },
}

/// How long steps take
///
/// Over the last 100 samples of each.
#[utoipa::path(
    get,
    path = "/system/profiling/metrics",
    operation_id = "profiling_metrics",
    tag = "system",
    params(MetricsParams),
    responses((status = OK, body = MetricsDocument)),
    security(("operator" = [])),
)]
pub(in crate::http) async fn metrics(
    State(app): State<App>,
    _: Operator,
    Params(params): Params<MetricsParams>,
) -> Result<Json<MetricsDocument>, ApiError> {
    let document = if let Some(metric) = params.metric_name {
        let stats = app.profiler.stats(&metric).ok_or(ApiError::Absent(NO_METRIC))?;
        MetricsDocument::One { metric, stats }
    } else {
        let metrics = app.profiler.names();
        let stats: BTreeMap<_, _> =
            metrics.iter().filter_map(|name| Some((*name, app.profiler.stats(name)?))).collect();
        MetricsDocument::All { total_metrics: metrics.len(), metrics, stats }
    };
    Ok(Json(document))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct SamplesParams {
    #[serde(default = "hundred")]
    #[param(minimum = 1, maximum = 100, default = 100)]
    limit: usize,
}

const fn hundred() -> usize {
    100
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SamplesDocument {
    metric_name: String,
    /// Newest first.
    samples: Vec<Sample>,
    count: usize,
}

/// The last samples of a step
#[utoipa::path(
    get,
    path = "/system/profiling/samples/{metric_name}",
    operation_id = "profiling_samples",
    tag = "system",
    params(("metric_name" = String, Path), SamplesParams),
    responses((status = OK, body = SamplesDocument)),
    security(("operator" = [])),
)]
pub(in crate::http) async fn samples(
    State(app): State<App>,
    _: Operator,
    Name(metric_name): Name,
    Params(params): Params<SamplesParams>,
) -> Result<Json<SamplesDocument>, ApiError> {
    if !(1..=100).contains(&params.limit) {
        return Err(ApiError::field("limit", "must be 1 to 100"));
    }
    let samples = app.profiler.samples(&metric_name, params.limit);
    if samples.is_empty() {
        return Err(ApiError::Absent(NO_METRIC));
    }
    Ok(Json(SamplesDocument { metric_name, count: samples.len(), samples }))
}
