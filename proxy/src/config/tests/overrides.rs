//! Which source wins, and what the environment and `--set` can say.

use std::time::Duration;

use super::{load, load_with, refusal_with};
use crate::config::Config;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

#[test]
fn a_later_source_is_stronger() {
    let file = "budget: { rate_per_minute: 10, max_in_flight: 1, replicas: 2 }";
    let env = [("RECOBEAT_BUDGET__RATE_PER_MINUTE", "20"), ("RECOBEAT_BUDGET__MAX_IN_FLIGHT", "2")];
    let set = ["budget.rate_per_minute=30"];
    let budget = load_with(file, &env, &set).unwrap().budget;
    assert_eq!((budget.rate_per_minute, budget.max_in_flight, budget.replicas), (30, 2, 2));
}

#[test]
fn the_last_of_two_arguments_is_stronger() {
    let config = load_with("", &[], &["batch.max_ids=3", "batch.max_ids=5"]).unwrap();
    assert_eq!(config.batch.max_ids, 5);
}

#[test]
fn half_a_category_keeps_the_other_half() {
    let config =
        load("cache: { categories: { recommendation: { ttl: 1h }, missing: { stale: 1d } } }").unwrap();
    let categories = config.cache.categories;
    assert_eq!((categories.recommendation.ttl, categories.recommendation.stale), (HOUR, DAY));
    assert_eq!((categories.missing.ttl, categories.missing.stale), (14 * DAY, DAY));
    assert_eq!(categories.track, Config::default().cache.categories.track);
}

#[test]
fn a_section_given_whole_is_merged() {
    let file = "cache: { categories: { track: { ttl: 1h, stale: 1h } } }";
    let config = load_with(file, &[], &["cache.categories.track={ttl: 1d}"]).unwrap();
    assert_eq!((config.cache.categories.track.ttl, config.cache.categories.track.stale), (DAY, HOUR));
}

#[test]
fn a_variable_reaches_the_deepest_key() {
    let config = load_with("", &[("RECOBEAT_CACHE__CATEGORIES__TRACK__TTL", "1h")], &[]).unwrap();
    assert_eq!(config.cache.categories.track.ttl, HOUR);
}

#[test]
fn a_list_is_replaced() {
    let set = [r#"cors.allowed_origins=["https://a.example"]"#];
    let config = load_with("cors: { allowed_origins: [https://b.example] }", &[], &set).unwrap();
    assert_eq!(config.cors.allowed_origins, ["https://a.example"]);
}

#[test]
fn plain_values_need_no_quotes() {
    let set = ["upstream.user_agent=a: b # c * d", "admin.token=*&!%"];
    let config = load_with("", &[], &set).unwrap();
    assert_eq!(config.upstream.user_agent, "a: b # c * d");
    assert_eq!(config.admin.token.as_deref(), Some("*&!%"));
}

#[test]
fn quotes_make_a_text_of_null() {
    let config = load_with("", &[], &["admin.token='null'"]).unwrap();
    assert_eq!(config.admin.token.as_deref(), Some("null"));
}

#[test]
fn null_takes_an_optional_value_away() {
    let config = load_with("admin: { token: abc }", &[], &["admin.token=null"]).unwrap();
    assert_eq!(config.admin.token, None);
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let env = [("RECOBEAT_ADMIN__TOKEN", ""), ("RECOBEAT_BATCH__MAX_IDS", " "), ("REDIS_URL", "")];
    let config = load_with("admin: { token: abc }", &env, &[]).unwrap();
    assert_eq!(config.admin.token.as_deref(), Some("abc"));
    assert_eq!(config.cache.redis.url, None);
}

#[test]
fn redis_url_fills_what_nothing_else_sets() {
    let env = [("REDIS_URL", "redis://a"), ("VALKEY_URL", "valkey://b")];
    let url = |file: &str, set: &[&str]| load_with(file, &env, set).unwrap().cache.redis.url;
    assert_eq!(url("", &[]).as_deref(), Some("redis://a"));
    assert_eq!(url("cache: { redis: { url: null } }", &[]).as_deref(), Some("redis://a"));
    assert_eq!(url("cache: { redis: { url: redis://c } }", &[]).as_deref(), Some("redis://c"));
    assert_eq!(url("", &["cache.redis.url=redis://d"]).as_deref(), Some("redis://d"));
    assert_eq!(url("", &["cache.redis.url=null"]), None);
}

#[test]
fn redis_url_gives_way_to_the_variable_of_the_key() {
    let env = [("REDIS_URL", "redis://a"), ("RECOBEAT_CACHE__REDIS__URL", "redis://b")];
    assert_eq!(load_with("", &env, &[]).unwrap().cache.redis.url.as_deref(), Some("redis://b"));
    let env = [("REDIS_URL", "redis://a"), ("RECOBEAT_CACHE__REDIS__URL", "null")];
    assert_eq!(load_with("", &env, &[]).unwrap().cache.redis.url, None);
}

#[test]
fn valkey_url_alone_fills_the_url() {
    let config = load_with("", &[("VALKEY_URL", "valkey://b")], &[]).unwrap();
    assert_eq!(config.cache.redis.url.as_deref(), Some("valkey://b"));
}

#[test]
fn variables_of_others_are_skipped() {
    let env = [
        ("PATH", "/bin"),
        ("RECOBEATS", "x"),
        ("RECOBEAT_CONFIG", "config/proxy.yaml"),
        ("RECOBEAT_PROXY_SERVICE_HOST", "10.0.0.1"),
        ("RECOBEAT_PROXY_SERVICE_PORT_HTTP", "80"),
        ("RECOBEAT_PORT", "tcp://10.0.0.1:80"),
        ("RECOBEAT_PROXY_PORT_80_TCP_ADDR", "10.0.0.1"),
    ];
    assert_eq!(load_with("", &env, &[]).unwrap(), Config::default());
}

#[test]
fn a_wrong_variable_is_named() {
    let env = [
        ("RECOBEAT_BATCH__MAX_IDS", "50"),
        ("RECOBEAT_UPSTREAM_BASE_URL", "https://example.org"),
        ("RECOBEAT_WEATHER", "fine"),
        ("REDIS_URL", "localhost:6379"),
    ];
    assert_eq!(refusal_with("", &env, &[]), r"
environment variable RECOBEAT_BATCH__MAX_IDS: `batch.max_ids` is `50`, but must be a whole number from 1 to 40
  = help: the upstream refuses calls with more than 40 ids

environment variable RECOBEAT_UPSTREAM_BASE_URL: unknown key `upstream_base_url`, did you mean `RECOBEAT_UPSTREAM__BASE_URL`?
  = help: the keys of the top level are listen, tls, admin, upstream, budget, batch, cache, guard, limits, cors, telemetry; a variable is RECOBEAT_ and the path of a key in upper case, `__` between its parts

environment variable RECOBEAT_WEATHER: unknown key `weather`
  = help: the keys of the top level are listen, tls, admin, upstream, budget, batch, cache, guard, limits, cors, telemetry; a variable is RECOBEAT_ and the path of a key in upper case, `__` between its parts

environment variable REDIS_URL: `cache.redis.url` is `***`, which does not begin with redis://, rediss://, valkey:// or valkeys://; it must be a Redis URL such as redis://:password@host:6379/0, or null
  = help: write the scheme first; the ones that end in `s` speak TLS".trim_start());
}

#[test]
fn a_wrong_argument_is_named() {
    let set = [
        "verbose",
        "=3",
        "budget.rate_per_minut=60",
        "cors.allowed_origins=*",
        "batch={max_ids: [}",
        "listen.port=80",
    ];
    assert_eq!(refusal_with("", &[], &set), r#"
--set: expected `key=value`
  = help: write a key, `=` and its value, as in --set budget.rate_per_minute=60

--set batch: not valid YAML: mismatched bracket '[' closed by '}'
  = help: check quotes, brackets and indentation here and on the lines above

--set budget.rate_per_minut: unknown key `budget.rate_per_minut`, did you mean `rate_per_minute`?
  = help: the keys of `budget` are rate_per_minute, min_interval, max_in_flight, queue_timeout, adaptive, replicas

--set cors.allowed_origins: `cors.allowed_origins` is `*`, which is not a list; it must be a list, each item `*` or an origin such as https://app.example.org
  = help: write ["*"]

--set listen.port: `listen` is a section, but must be an address and port, such as 127.0.0.1:8080 or [::]:8080
  = help: write one value after `listen:`

--set verbose: expected `key=value`
  = help: write a key, `=` and its value, as in --set budget.rate_per_minute=60"#.trim_start());
}

#[test]
fn all_problems_of_all_sources_are_told_in_the_order_of_reading() {
    let file = "batch: { max_ids: 0 }\nbudget: { replicas: 0 }\n";
    let env = [("RECOBEAT_GUARD__DENY", "maybe")];
    let message = refusal_with(file, &env, &["limits.idle=0", "guard.rules=2"]);
    let places: Vec<_> = message.split("\n\n").map(|problem| problem.split(": ").next().unwrap()).collect();
    let wanted = [
        "proxy.yaml:1:19",
        "proxy.yaml:2:21",
        "environment variable RECOBEAT_GUARD__DENY",
        "--set guard.rules",
        "--set limits.idle",
    ];
    assert_eq!(places, wanted);
}
