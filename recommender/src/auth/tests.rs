use std::io::Write;

use chrono::Utc;
use http::HeaderValue;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

const PRIVATE: &str = include_str!("keys/rs256.pem");
const PUBLIC: &str = include_str!("keys/rs256.pub.pem");
const EC_PRIVATE: &str = include_str!("keys/es256.pem");
const EC_PUBLIC: &str = include_str!("keys/es256.pub.pem");
const SERVICE: &str = "a service token of the tests";
const ADMIN: &str = "an operators' token of the tests";

fn auth(mode: AuthMode) -> config::Auth {
    let mut auth = config::Config::default().auth;
    auth.mode = mode;
    auth.jwt.key = Some(PUBLIC.into());
    auth.service_token = Some(SERVICE.into());
    auth
}

fn gate(auth: &config::Auth) -> Gate {
    Gate::new(auth, &config::Cors { allowed_origins: vec!["https://app.example".into()] })
        .expect("a good configuration")
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (http::HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).expect("a value"))
        })
        .collect()
}

fn from<'a>(peer: &str, headers: &'a HeaderMap) -> Evidence<'a> {
    Evidence { peer: Some(peer.parse().expect("an address")), headers, query_token: None }
}

#[allow(clippy::needless_pass_by_value, reason = "called with literals")]
fn claims(change: Value) -> Value {
    let mut claims = json!({ "sub": "ann", "exp": Utc::now().timestamp() + 600 });
    let into = claims.as_object_mut().expect("an object");
    for (name, value) in change.as_object().expect("an object") {
        if value.is_null() {
            into.remove(name);
        } else {
            into.insert(name.clone(), value.clone());
        }
    }
    claims
}

fn signed(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, key).expect("a token")
}

fn rs256(change: Value) -> String {
    signed(Algorithm::RS256, &EncodingKey::from_rsa_pem(PRIVATE.as_bytes()).expect("a key"), &claims(change))
}

fn answer(gate: &Gate, token: &str) -> Result<Caller, Denied> {
    let headers = headers(&[("authorization", &format!("Bearer {token}"))]);
    gate.caller(from("203.0.113.9:4000", &headers))
}

fn is_unknown(answer: &Result<Caller, Denied>) -> bool {
    matches!(answer, Err(Denied::Unknown(_)))
}

#[test]
fn a_good_token_names_its_user() {
    let gate = gate(&auth(AuthMode::Jwt));
    let caller = answer(&gate, &rs256(json!({}))).expect("a caller");
    assert_eq!(caller, Caller { user: "ann".into() });
}

#[rstest]
#[case::expired(json!({ "exp": Utc::now().timestamp() - 31 }), "the token has expired")]
#[case::no_exp(json!({ "exp": null }), "the token lacks a claim: exp and sub are needed, iss and aud where set")]
#[case::exp_as_text(json!({ "exp": "never" }), "the token lacks a claim: exp and sub are needed, iss and aud where set")]
#[case::not_yet(json!({ "nbf": Utc::now().timestamp() + 60 }), "the token is not valid yet")]
#[case::no_sub(json!({ "sub": null }), "the token cannot be verified")]
#[case::empty_sub(json!({ "sub": " " }), "the token's sub must be 1 to 200 characters without blanks around")]
#[case::long_sub(json!({ "sub": "a".repeat(201) }), "the token's sub must be 1 to 200 characters without blanks around")]
#[case::control_sub(json!({ "sub": "a\nb" }), "the token's sub must be 1 to 200 characters without blanks around")]
fn a_token_with_wrong_claims_is_refused(#[case] change: Value, #[case] why: &'static str) {
    assert_eq!(answer(&gate(&auth(AuthMode::Jwt)), &rs256(change)), Err(Denied::Unknown(why)));
}

#[rstest]
#[case::just_expired(json!({ "exp": Utc::now().timestamp() - 5 }))]
#[case::other_audience_when_none_is_set(json!({ "aud": "somebody" }))]
#[case::longest_sub(json!({ "sub": "ä".repeat(200) }))]
fn a_token_within_the_rules_is_accepted(#[case] change: Value) {
    answer(&gate(&auth(AuthMode::Jwt)), &rs256(change)).expect("a caller");
}

#[rstest]
#[case::right(json!({ "iss": "https://id.example", "aud": ["other", "recobeat"] }), true)]
#[case::wrong_issuer(json!({ "iss": "https://evil.example", "aud": "recobeat" }), false)]
#[case::wrong_audience(json!({ "iss": "https://id.example", "aud": "other" }), false)]
#[case::no_issuer(json!({ "aud": "recobeat" }), false)]
#[case::no_audience(json!({ "iss": "https://id.example" }), false)]
fn issuer_and_audience_are_checked_when_set(#[case] change: Value, #[case] good: bool) {
    let mut auth = auth(AuthMode::Jwt);
    auth.jwt.issuer = Some("https://id.example".into());
    auth.jwt.audience = Some("recobeat".into());
    let answer = answer(&gate(&auth), &rs256(change));
    assert_eq!((answer.is_ok(), is_unknown(&answer)), (good, !good), "{answer:?}");
}

#[test]
fn a_token_signed_with_the_public_key_as_a_secret_is_refused() {
    let key = EncodingKey::from_secret(PUBLIC.as_bytes());
    let answer = answer(&gate(&auth(AuthMode::Jwt)), &signed(Algorithm::HS256, &key, &claims(json!({}))));
    assert_eq!(answer, Err(Denied::Unknown("the token's algorithm is not the expected one")));
}

#[test]
fn an_unsigned_or_changed_token_is_refused() {
    let gate = gate(&auth(AuthMode::Jwt));
    let good = rs256(json!({}));
    let (_, rest) = good.split_once('.').expect("three parts");
    let (payload, signature) = rest.split_once('.').expect("three parts");
    // {"alg":"none","typ":"JWT"}
    for none in [
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}."),
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.{signature}"),
    ] {
        assert!(is_unknown(&answer(&gate, &none)), "{none}");
    }
    let other = rs256(json!({ "sub": "bob" }));
    let forged = format!("{}.{signature}", other.rsplit_once('.').expect("three parts").0);
    assert_eq!(answer(&gate, &forged), Err(Denied::Unknown("the token cannot be verified")));
    for garbage in ["", "a.b.c", "ey", &"x".repeat(9000)] {
        assert!(is_unknown(&answer(&gate, garbage)), "{garbage}");
    }
}

#[test]
fn a_token_of_another_algorithm_of_the_same_key_is_refused() {
    let key = EncodingKey::from_rsa_pem(PRIVATE.as_bytes()).expect("a key");
    let answer = answer(&gate(&auth(AuthMode::Jwt)), &signed(Algorithm::RS512, &key, &claims(json!({}))));
    assert!(is_unknown(&answer));
}

#[test]
fn keys_of_a_set_are_chosen_by_kid_and_only_for_the_algorithm() {
    let rsa = EncodingKey::from_rsa_pem(PRIVATE.as_bytes()).expect("a key");
    let ec = EncodingKey::from_ec_pem(EC_PRIVATE.as_bytes()).expect("a key");
    let mut keys = [
        Jwk::from_encoding_key(&rsa, Algorithm::RS256).expect("a JWK"),
        Jwk::from_encoding_key(&ec, Algorithm::ES256).expect("a JWK"),
    ];
    for (key, kid) in keys.iter_mut().zip(["rsa", "ec"]) {
        key.common.key_id = Some(kid.into());
    }
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(json!({ "keys": keys }).to_string().as_bytes()).expect("written");
    let mut auth = auth(AuthMode::Jwt);
    auth.jwt.jwks_file = Some(file.path().into());
    auth.jwt.algorithm = "ES256".into();
    let gate = gate(&auth);
    let token = |kid: &str, algorithm, key| {
        let header = Header { kid: Some(kid.into()), ..Header::new(algorithm) };
        encode(&header, &claims(json!({})), key).expect("a token")
    };
    answer(&gate, &token("ec", Algorithm::ES256, &ec)).expect("the right key");
    assert!(is_unknown(&answer(&gate, &token("other", Algorithm::ES256, &ec))));
    assert!(is_unknown(&answer(&gate, &token("rsa", Algorithm::RS256, &rsa))));
    assert!(is_unknown(&answer(&gate, &token("rsa", Algorithm::ES256, &ec))));
}

#[rstest]
#[case::right(SERVICE, Some("ann"), Ok("ann"))]
#[case::wrong_token(
    "a service token of the testz",
    Some("ann"),
    Err("the bearer token is not the service's")
)]
#[case::shorter("a service", Some("ann"), Err("the bearer token is not the service's"))]
#[case::nobody(SERVICE, None, Err("x-user-id must name the user"))]
#[case::empty(SERVICE, Some(""), Err("x-user-id must be 1 to 200 characters without blanks around"))]
fn a_service_speaks_for_its_users(
    #[case] token: &str,
    #[case] user: Option<&str>,
    #[case] expected: Result<&str, &'static str>,
) {
    let mut headers = headers(&[("authorization", &format!("bearer {token}"))]);
    if let Some(user) = user {
        headers.insert("x-user-id", user.parse().expect("a value"));
    }
    let answer = gate(&auth(AuthMode::Service)).caller(from("203.0.113.9:4000", &headers));
    assert_eq!(
        answer.as_ref().map(|caller| caller.user.as_str()),
        expected.map_err(Denied::Unknown).as_ref().copied()
    );
}

#[rstest]
#[case::plain("127.0.0.1:4000", &[], Some("local"))]
#[case::v6("[::1]:4000", &[("host", "[::1]:8000")], Some("local"))]
#[case::mapped("[::ffff:127.0.0.1]:4000", &[("host", "localhost:8000")], Some("local"))]
#[case::named("127.0.0.1:4000", &[("x-user-id", "ann")], Some("ann"))]
#[case::own_page("127.0.0.1:4000", &[("origin", "http://localhost:3000")], Some("local"))]
#[case::app("127.0.0.1:4000", &[("origin", "https://app.example")], Some("local"))]
#[case::elsewhere("192.0.2.1:4000", &[], None)]
#[case::forwarded("127.0.0.1:4000", &[("forwarded", "for=192.0.2.1")], None)]
#[case::forwarded_for("127.0.0.1:4000", &[("x-forwarded-for", "127.0.0.1")], None)]
#[case::forwarded_other("127.0.0.1:4000", &[("x-forwarded-anything", "1")], None)]
#[case::real_ip("127.0.0.1:4000", &[("x-real-ip", "192.0.2.1")], None)]
#[case::via("127.0.0.1:4000", &[("via", "1.1 proxy")], None)]
#[case::rebound("127.0.0.1:4000", &[("host", "evil.example")], None)]
#[case::other_page("127.0.0.1:4000", &[("origin", "https://evil.example")], None)]
#[case::sandboxed_page("127.0.0.1:4000", &[("origin", "null")], None)]
fn open_mode_serves_this_machine_only(
    #[case] peer: &str,
    #[case] pairs: &[(&'static str, &str)],
    #[case] user: Option<&str>,
) {
    let (gate, headers) = (gate(&auth(AuthMode::Open)), headers(pairs));
    let answer = gate.caller(from(peer, &headers));
    assert_eq!(answer.as_ref().ok().map(|caller| caller.user.as_str()), user, "{answer:?}");
    assert_eq!(gate.operator(from(peer, &headers)).is_ok(), user.is_some());
}

#[test]
fn a_request_without_a_known_peer_is_not_local() {
    let evidence = Evidence { peer: None, headers: &HeaderMap::new(), query_token: None };
    assert!(gate(&auth(AuthMode::Open)).caller(evidence).is_err());
}

#[rstest]
#[case::open(AuthMode::Open)]
#[case::jwt(AuthMode::Jwt)]
#[case::service(AuthMode::Service)]
fn operators_need_their_own_token_in_every_mode(#[case] mode: AuthMode) {
    let gate = gate(&config::Auth { admin_token: Some(ADMIN.into()), ..auth(mode) });
    let with = |token: &str| headers(&[("authorization", &format!("Bearer {token}"))]);
    gate.operator(from("127.0.0.1:4000", &with(ADMIN))).expect("an operator");
    for wrong in [SERVICE, &rs256(json!({})), "an operators' token of the testz"] {
        assert!(matches!(gate.operator(from("127.0.0.1:4000", &with(wrong))), Err(Denied::Forbidden(_))));
    }
    assert!(matches!(gate.operator(from("127.0.0.1:4000", &HeaderMap::new())), Err(Denied::Unknown(_))));
}

#[test]
fn without_an_operators_token_their_endpoints_are_closed_to_tokens() {
    let gate = gate(&auth(AuthMode::Service));
    let headers = headers(&[("authorization", &format!("Bearer {SERVICE}")), ("x-user-id", "ann")]);
    assert!(matches!(gate.operator(from("127.0.0.1:4000", &headers)), Err(Denied::Forbidden(_))));
    assert!(gate.caller(from("127.0.0.1:4000", &headers)).is_ok());
}

#[test]
fn two_authorizations_are_none_and_the_query_counts_without_one() {
    let gate = gate(&auth(AuthMode::Jwt));
    let token = rs256(json!({}));
    let mut twice = HeaderMap::new();
    twice.append(AUTHORIZATION, format!("Bearer {token}").parse().expect("a value"));
    twice.append(AUTHORIZATION, format!("Bearer {token}").parse().expect("a value"));
    let evidence = |headers| Evidence { peer: None, headers, query_token: Some(&token) };
    assert!(gate.caller(evidence(&twice)).is_err());
    gate.caller(evidence(&HeaderMap::new())).expect("the query's token");
}

#[rstest]
#[case::unknown_algorithm(|auth: &mut config::Auth| auth.jwt.algorithm = "none".into())]
#[case::no_key(|auth: &mut config::Auth| auth.jwt.key = None)]
#[case::public_key_as_secret(|auth: &mut config::Auth| auth.jwt.algorithm = "HS256".into())]
#[case::short_secret(|auth: &mut config::Auth| { auth.jwt.algorithm = "HS256".into(); auth.jwt.key = Some("secret".into()); })]
#[case::key_of_another_kind(|auth: &mut config::Auth| auth.jwt.key = Some(EC_PUBLIC.into()))]
#[case::missing_set(|auth: &mut config::Auth| auth.jwt.jwks_file = Some("/does/not/exist".into()))]
#[case::short_admin_token(|auth: &mut config::Auth| auth.admin_token = Some("short".into()))]
#[case::no_service_token(|auth: &mut config::Auth| { auth.mode = AuthMode::Service; auth.service_token = None; })]
#[case::same_tokens(|auth: &mut config::Auth| { auth.mode = AuthMode::Service; auth.admin_token = auth.service_token.clone(); })]
fn a_configuration_that_lets_in_nobody_or_anybody_is_an_error(#[case] spoil: fn(&mut config::Auth)) {
    let mut auth = auth(AuthMode::Jwt);
    spoil(&mut auth);
    Gate::new(&auth, &config::Cors { allowed_origins: Vec::new() }).expect_err("a bad configuration");
}

#[test]
fn an_open_service_trusts_no_page_because_all_may_read_its_answers() {
    let cors = config::Cors { allowed_origins: vec!["*".into()] };
    let gate = Gate::new(&auth(AuthMode::Open), &cors).expect("a good configuration");
    for origin in ["https://evil.example", "*", "null"] {
        let headers = headers(&[("origin", origin)]);
        assert!(
            matches!(gate.caller(from("127.0.0.1:4000", &headers)), Err(Denied::Forbidden(_))),
            "{origin}"
        );
        assert!(gate.operator(from("127.0.0.1:4000", &headers)).is_err());
    }
    let headers = headers(&[("origin", "http://localhost:3000")]);
    assert!(gate.caller(from("127.0.0.1:4000", &headers)).is_ok());
}

#[test]
fn a_user_with_blanks_around_is_refused_not_taken_for_another() {
    let gate = gate(&auth(AuthMode::Jwt));
    for sub in [" ann", "ann ", "\u{a0}ann"] {
        let key = EncodingKey::from_rsa_pem(PRIVATE.as_bytes()).expect("a key");
        let token = signed(Algorithm::RS256, &key, &claims(json!({ "sub": sub })));
        let headers = headers(&[("authorization", &format!("Bearer {token}"))]);
        assert!(gate.caller(from("127.0.0.1:4000", &headers)).is_err(), "{sub:?}");
    }
}
