//! Values that are good alone and not together.

use super::{load_with, refused};

refused! {
    tokens_without_a_key: "auth: { mode: jwt }\n" => r"
recommender.yaml:1:15: `auth.mode` is `jwt`, but there is no key to check tokens with
  |
1 | auth: { mode: jwt }
  |               ^^^
  = help: set `auth.jwt.key`, best by RECOMMENDER_AUTH__JWT__KEY, or `auth.jwt.jwks_file`",

    a_service_without_a_token: "auth: { mode: service }\n" => r"
recommender.yaml:1:15: `auth.mode` is `service`, but `auth.service_token` is not set
  |
1 | auth: { mode: service }
  |               ^^^^^^^
  = help: set it, best by RECOMMENDER_AUTH__SERVICE_TOKEN; the calling service sends it as bearer token",

    an_open_door_on_a_network: "listen: 0.0.0.0:8000\n" => r"
recommender.yaml:1:9: `listen` is `0.0.0.0:8000`, which others can reach, but `auth.mode` is `open`
  |
1 | listen: 0.0.0.0:8000
  |         ^^^^^^^^^^^^
  = help: set `auth.mode` to jwt or service, or listen on 127.0.0.1: in `open` mode everybody is the same user",

    a_public_key_as_a_secret: "auth:\n  jwt:\n    algorithm: HS256\n    key: |\n      -----BEGIN PUBLIC KEY-----\n      MCow\n" => r"
recommender.yaml:5:7: `auth.jwt.key` is a PEM key, but `HS256` needs a secret
  |
5 |       ********** ****** ********
  |       ^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: whoever has the public key could sign tokens: set `auth.jwt.algorithm` to RS256, ES256 or EdDSA, or give a random secret",

    a_secret_as_a_public_key: "auth:\n  jwt:\n    key: a secret of more than thirty-two letters\n" => r"
recommender.yaml:3:10: `auth.jwt.key` is no public key in PEM, which `RS256` needs
  |
3 |     key: * ****** ** **** **** ********** *******
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: give all of it, from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----; for a secret set `auth.jwt.algorithm` to HS256",

    a_private_key: "auth:\n  jwt: { algorithm: ES256, key: \"-----BEGIN PRIVATE KEY-----\" }\n" => r"
recommender.yaml:2:33: `auth.jwt.key` is a private key
  |
2 |   jwt: { algorithm: ES256, key: *********** ******* ********* *
  |                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: give the public key, here one only checks: openssl pkey -in private.pem -pubout",

    a_short_secret: "auth:\n  jwt: { algorithm: HS512, key: secret }\n" => r"
recommender.yaml:2:33: `auth.jwt.key` has 6 characters, which can be guessed
  |
2 |   jwt: { algorithm: HS512, key: ****** *
  |                                 ^^^^^^
  = help: give a random secret of 32 characters or more: openssl rand -hex 32",

    two_sources_of_keys: "auth:\n  jwt: { jwks_file: /dev/null, key: \"-----BEGIN PUBLIC KEY-----\" }\n" => r"
recommender.yaml:2:21: `auth.jwt.jwks_file` and `auth.jwt.key` are both set
  |
2 |   jwt: { jwks_file: /dev/null, key: *********** ****** ********* *
  |                     ^^^^^^^^^
  = help: keep one of the two",

    a_key_set_for_secrets: "auth:\n  jwt: { algorithm: HS256, jwks_file: /dev/null }\n" => r"
recommender.yaml:2:39: `auth.jwt.jwks_file` is set, but `HS256` needs a secret
  |
2 |   jwt: { algorithm: HS256, jwks_file: /dev/null }
  |                                       ^^^^^^^^^
  = help: set `auth.jwt.key`",

    one_token_for_all: "auth: { service_token: abc, admin_token: abc }\n" => r"
recommender.yaml:1:42: `auth.admin_token` and `auth.service_token` are the same
  |
1 | auth: { service_token: **** ************ *** *
  |                                          ^^^
  = help: give operators a token of their own",

    a_strategy_longer_than_the_run: "run:\n  strategy_timeout: 3m\n" => r"
recommender.yaml:2:21: `run.strategy_timeout` is 3m, longer than `run.deadline`, 2m
  |
2 |   strategy_timeout: 3m
  |                     ^^
  = help: a strategy is part of the run: shorten it, or give the run more time",

    all_origins_and_some: "cors: { allowed_origins: [\"*\", https://a.example] }\n" => r#"
recommender.yaml:1:9: `cors.allowed_origins` has `*` beside other origins
  |
1 | cors: { allowed_origins: ["*", https://a.example] }
  |         ^^^^^^^^^^^^^^^
  = help: `*` allows every origin: keep it alone, or remove it"#,
}

#[test]
fn a_mode_that_asks_who_calls_may_be_reached_by_all() {
    let set = ["listen=0.0.0.0:8000", "auth.mode=service", "auth.service_token=abc"];
    assert!(load_with("", &[], &set).is_ok());
    let secret = "auth.jwt.key=0123456789abcdef0123456789abcdef";
    assert!(
        load_with("", &[], &["listen=[::]:80", "auth.mode=jwt", "auth.jwt.algorithm=HS256", secret]).is_ok()
    );
}

#[test]
fn a_wrong_value_is_not_told_twice() {
    // The mode takes its default, open; that this door is open is not the fault.
    let told = super::refusal_with("listen: 0.0.0.0:80\nauth: { mode: closed }\n", &[], &[]);
    assert_eq!(told.matches("\n\n").count(), 0, "{told}");
}
