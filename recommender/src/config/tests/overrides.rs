//! Which source wins, and that every key has its variable.

use recobeat_ops::settings::keys;
use rstest::rstest;
use serde_json::Value;

use super::{load_with, refusal_with};
use crate::config::{AuthMode, Config};

#[test]
fn the_environment_is_stronger_than_the_file_and_set_than_both() {
    let file = "run: { rounds: 0, max_calls: 5, max_artists: 9 }\n";
    let env = [("RECOMMENDER_RUN__ROUNDS", "2"), ("RECOMMENDER_RUN__MAX_CALLS", "6")];
    let config = load_with(file, &env, &["run.rounds=3"]).expect("good settings");
    assert_eq!((config.run.rounds, config.run.max_calls, config.run.max_artists), (3, 6, 9));
}

#[test]
fn a_variable_of_ours_is_stronger_than_one_that_hosters_set() {
    let file = "database_url: sqlite:file.db\n";
    let plain = ("DATABASE_URL", "postgres://db/lists");
    let ours = ("RECOMMENDER_DATABASE_URL", "sqlite:ours.db");
    assert_eq!(load_with(file, &[plain], &[]).expect("good").database_url, "postgres://db/lists");
    assert_eq!(load_with(file, &[ours, plain], &[]).expect("good").database_url, "sqlite:ours.db");
    let redis = [("REDIS_URL", "redis://a"), ("VALKEY_URL", "valkey://b")];
    assert_eq!(load_with("", &redis, &[]).expect("good").redis_url.as_deref(), Some("redis://a"));
    assert_eq!(load_with("", &redis[1..], &[]).expect("good").redis_url.as_deref(), Some("valkey://b"));
}

#[test]
fn variables_of_others_and_empty_ones_count_as_not_set() {
    let env = [
        ("HOME", "/root"),
        ("RECOBEAT_LISTEN", "nonsense"),
        ("RECOMMENDER_CONFIG", "x.yaml"),
        ("RECOMMENDER_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("RECOMMENDER_LISTEN", " "),
    ];
    assert_eq!(load_with("", &env, &[]).expect("good"), Config::default());
}

#[test]
fn null_turns_off() {
    for schedule in ["schedule: null\n", "schedule: ~\n", "schedule: { warm_at: null }\n"] {
        assert_eq!(load_with(schedule, &[], &[]).expect("good").schedule.warm_at, None);
    }
    assert_eq!(load_with("schedule:\n", &[], &[]).expect("good").schedule.warm_at, Some((3, 0)));
    assert_eq!(load_with("", &[("RECOMMENDER_SCHEDULE", "null")], &[]).expect("good").schedule.warm_at, None);
    assert_eq!(load_with("", &[], &["proxy.admin_url=null"]).expect("good").proxy.admin_url, None);
}

#[test]
fn a_key_in_pem_may_come_as_one_line() {
    let key = "-----BEGIN PUBLIC KEY-----\\nMCow\\n-----END PUBLIC KEY-----";
    let env = [("RECOMMENDER_AUTH__MODE", "jwt"), ("RECOMMENDER_AUTH__JWT__KEY", key)];
    let config = load_with("", &env, &["listen=0.0.0.0:80"]).expect("good");
    assert_eq!(config.auth.mode, AuthMode::Jwt);
    let lines = config.auth.jwt.key.as_deref().map(|key| key.lines().count());
    assert_eq!(lines, Some(3));
}

/// A value that is not the default, and what is shown of it.
#[rstest]
#[case("listen", "127.0.0.1:9999", "127.0.0.1:9999")]
#[case("proxy.url", "https://proxy.example/api/", "https://proxy.example/api")]
#[case("proxy.admin_url", "http://proxy:1", "http://proxy:1")]
#[case("proxy.admin_token", "abc", "***")]
#[case("proxy.concurrency", "3", 3)]
#[case("database_url", "postgresql://u:p@h/d", "postgresql://***@h/d")]
#[case("redis_url", "rediss://h:1/2", "rediss://h:1/2")]
#[case("auth.service_token", "abc", "***")]
#[case("auth.admin_token", "abc", "***")]
#[case("auth.jwt.algorithm", "EdDSA", "EdDSA")]
#[case("auth.jwt.key", "-----BEGIN PUBLIC KEY-----", "***")]
#[case("auth.jwt.jwks_file", "/dev/null", "/dev/null")]
#[case("auth.jwt.issuer", "me", "me")]
#[case("auth.jwt.audience", "you", "you")]
#[case("cors.allowed_origins", "[https://a.example]", serde_json::json!(["https://a.example"]))]
#[case("limits.start_per_minute", "2", 2)]
#[case("limits.start_per_day", "2", 2)]
#[case("limits.remix_per_minute", "2", 2)]
#[case("limits.status_per_minute", "2", 2)]
#[case("limits.prefetch_per_minute", "2", 2)]
#[case("limits.warm_per_minute", "2", 2)]
#[case("limits.address_per_minute", "2", 2)]
#[case("limits.body", "64KiB", "64KiB")]
#[case("limits.concurrent_runs", "2", 2)]
#[case("run.max_calls", "10", 10)]
#[case("run.strategy_timeout", "10s", "10s")]
#[case("run.deadline", "90s", "1m30s")]
#[case("run.rounds", "3", 3)]
#[case("run.max_artists", "50", 50)]
#[case("run.parallel_strategies", "false", false)]
#[case("run.reuse", "false", false)]
#[case("run.keep_events", "1h", "1h")]
#[case("moods.own", "[rainy sunday, \"a, b\"]", serde_json::json!(["rainy sunday", "a, b"]))]
#[case("moods.tables", "/dev/null", "/dev/null")]
#[case("moods.starter_seeds", "{ chill: [2ZyXwVuTsRqPoNmLkJiHgF] }", serde_json::json!({ "chill": ["2ZyXwVuTsRqPoNmLkJiHgF"] }))]
#[case("moods.cache", "false", false)]
#[case("moods.fresh_for", "750ms", "refused")]
#[case("moods.fresh_for", "90m", "1h30m")]
#[case("moods.promote_after", "7", 7)]
#[case("schedule.warm_at", "04:30", "04:30")]
#[case("llm.url", "http://llm/v1", "http://llm/v1")]
#[case("llm.api_key", "abc", "***")]
#[case("llm.model", "small", "small")]
#[case("llm.timeout", "750ms", "750ms")]
#[case("spotify.enabled", "true", true)]
#[case("spotify.api_url", "http://s", "http://s")]
#[case("spotify.timeout", "1s", "1s")]
#[case("telemetry.log", "debug", "debug")]
#[case("telemetry.format", "json", "json")]
#[case("telemetry.otlp_endpoint", "http://otel:4318", "http://otel:4318")]
fn each_key_has_its_variable(#[case] key: &str, #[case] value: &str, #[case] shown: impl Into<Value>) {
    let variable = format!("RECOMMENDER_{}", key.to_uppercase().replace('.', "__"));
    let by_env = load_with("", &[(variable.as_str(), value)], &[]);
    let by_set = load_with("", &[], &[&format!("{key}={value}")]);
    let shown = shown.into();
    if shown == "refused" {
        assert!(by_env.is_err() && by_set.is_err());
        return;
    }
    let config = by_env.expect("a good value");
    assert_eq!(config, by_set.expect("a good value"));
    assert_ne!(config, Config::default());
    let pointer = format!("/{}", key.replace('.', "/"));
    assert_eq!(serde_json::to_value(&config).expect("JSON").pointer(&pointer), Some(&shown));
    assert!(keys::<Config>().contains(&key.to_owned()));
}

#[test]
fn the_mode_of_auth_has_its_variable() {
    let env = [("RECOMMENDER_AUTH__MODE", "service"), ("RECOMMENDER_AUTH__SERVICE_TOKEN", "abc")];
    assert_eq!(load_with("", &env, &[]).expect("good").auth.mode, AuthMode::Service);
    // With the cases above, these are all.
    assert_eq!(keys::<Config>().len(), 50);
}

#[test]
fn a_fault_names_its_variable_or_argument() {
    assert_eq!(
        refusal_with("", &[("RECOMMENDER_PROXY__URI", "http://x")], &[]),
        "environment variable RECOMMENDER_PROXY__URI: unknown key `proxy.uri`, did you mean `RECOMMENDER_PROXY__URL`?\n  \
         = help: the keys of `proxy` are url, admin_url, admin_token, concurrency; a variable is RECOMMENDER_ and the \
         path of a key in upper case, `__` between its parts"
    );
    assert_eq!(
        refusal_with("", &[], &["run.rounds=4"]),
        "--set run.rounds: `run.rounds` is `4`, but must be a whole number from 0 to 3\n  \
         = help: write 3 or less"
    );
    assert_eq!(
        refusal_with("", &[], &["run.rounds"]),
        "--set run.rounds: expected `key=value`\n  \
         = help: write a key, `=` and its value, as in --set run.max_artists=10"
    );
    assert_eq!(
        refusal_with("", &[("DATABASE_URL", "mysql://me:hunter2@db/x")], &[]),
        "environment variable DATABASE_URL: `database_url` is `***`, which is of another kind of database; it must be sqlite:PATH or \
         postgres://user:password@host/database\n  = help: a file for one service, as in sqlite:data/recommender.db, or PostgreSQL for several; memory keeps lists for 24 h and loses them at a restart"
    );
}
