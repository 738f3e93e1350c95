//! The merge table of contract §13, row by row, and its laws as properties.

use http::Method;
use proptest::prelude::*;
use rstest::rstest;

use super::*;

const SPOTIFY: &str = "2ZyXwVuTsRqPoNmLkJiHgF";
const UUID: &str = "7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d";

fn read(target: &str) -> Request {
    match classify_target(target) {
        Ok(Call::Cacheable(request)) => request,
        other => panic!("{target} is {other:?}"),
    }
}

/// What makes two requests equal: the set of rows, the row, or the key.
fn identity(target: &str) -> String {
    match read(target) {
        Request::Rows(rows) => {
            let mut ids: Vec<_> = rows.ids.iter().map(ToString::to_string).collect();
            ids.sort();
            format!("{}:{}", rows.kind.name(), ids.join(" "))
        }
        Request::Row(row) => format!("{}:{}", row.kind.name(), row.id),
        Request::Body(body) => body.key,
    }
}

fn is_opaque(target: &str) -> bool {
    matches!(read(target), Request::Body(body) if !body.is_canonical())
}

#[rstest]
#[case::commas("/v1/track?ids=aa,bb", "/v1/track?ids=aa%2Cbb")]
#[case::repeated("/v1/track?ids=aa,bb", "/v1/track?ids=aa&ids=bb")]
#[case::order_of_ids("/v1/track?ids=aa,bb", "/v1/track?ids=bb,aa")]
#[case::repeated_id("/v1/track?ids=aa,bb", "/v1/track?ids=aa,bb,aa")]
#[case::parameters("/v1/track/search?searchText=abc&page=1", "/v1/track/search?page=1&searchText=abc")]
#[case::escapes("/v1/track/search?searchText=a%2fb%41", "/v1/track/search?searchText=a%2FbA")]
#[case::plus("/v1/track/search?searchText=a+b", "/v1/track/search?searchText=a%20b")]
#[case::page_zero("/v1/track/search?searchText=abc", "/v1/track/search?searchText=abc&page=0")]
#[case::seeds("/v1/track/recommendation?size=5&seeds=aa,bb", "/v1/track/recommendation?seeds=bb,aa&size=5")]
#[case::negatives(
    "/v1/track/recommendation?size=5&seeds=aa,bb,cc&negativeSeeds=x,y",
    "/v1/track/recommendation?negativeSeeds=y&negativeSeeds=x&size=5&seeds=aa,bb,cc"
)]
#[case::decimals(
    "/v1/track/recommendation?size=5&seeds=aa&energy=0.5",
    "/v1/track/recommendation?size=5&seeds=aa&energy=.50"
)]
#[case::zero(
    "/v1/track/recommendation?size=5&seeds=aa&energy=0",
    "/v1/track/recommendation?size=5&seeds=aa&energy=-0.0"
)]
#[case::path_escape("/v1/track/%32ZyXwVuTsRqPoNmLkJiHgF", "/v1/track/2ZyXwVuTsRqPoNmLkJiHgF")]
fn the_same_request(#[case] one: &str, #[case] other: &str) {
    assert_eq!(identity(one), identity(other));
    assert!(!is_opaque(one) && !is_opaque(other));
}

#[rstest]
#[case::letter_case_of_text("/v1/track/search?searchText=abc", "/v1/track/search?searchText=Abc")]
#[case::letter_case_of_id("/v1/track?ids=aB", "/v1/track?ids=Ab")]
#[case::letter_case_of_name("/v1/track/search?searchtext=abc", "/v1/track/search?searchText=abc")]
#[case::size_open_or_given("/v1/track/search?searchText=abc", "/v1/track/search?searchText=abc&size=25")]
#[case::unknown_parameter("/v1/track?ids=aa", "/v1/track?ids=aa&market=de")]
#[case::empty_or_absent("/v1/track?ids=", "/v1/track")]
#[case::empty_query("/v1/track", "/v1/track?")]
#[case::seed_and_negative(
    "/v1/track/recommendation?size=5&seeds=aa,bb",
    "/v1/track/recommendation?size=5&seeds=aa&negativeSeeds=bb"
)]
#[case::seed_given_twice(
    "/v1/track/recommendation?size=5&seeds=aa,aa",
    "/v1/track/recommendation?size=5&seeds=aa"
)]
#[case::sign(
    "/v1/track/recommendation?size=5&seeds=aa&loudness=-5",
    "/v1/track/recommendation?size=5&seeds=aa&loudness=5"
)]
#[case::kind("/v1/track?ids=aa", "/v1/audio-features?ids=aa")]
#[case::ampersand_in_text("/v1/track/search?searchText=a%26page=1", "/v1/track/search?searchText=a&page=1")]
fn different_requests(#[case] one: &str, #[case] other: &str) {
    assert_ne!(identity(one), identity(other));
}

#[rstest]
#[case::mixed_list("/v1/track?ids=aa,bb&ids=cc")]
#[case::isrc("/v1/audio-features?ids=aa,XXABC2500001")]
#[case::blank_element("/v1/track?ids=aa,,bb")]
#[case::space("/v1/track?ids=aa,%20bb")]
#[case::unknown_parameter("/v1/track?ids=aa&x=1")]
#[case::empty_piece("/v1/track?ids=aa&")]
#[case::scalar_twice("/v1/track/search?searchText=abc&page=0&page=0")]
#[case::exponent("/v1/track/recommendation?size=5&seeds=aa&energy=5e-1")]
#[case::no_number("/v1/track/recommendation?size=5&seeds=aa&energy=high")]
#[case::decimal_size("/v1/track/recommendation?size=5.0&seeds=aa")]
#[case::decimal_popularity("/v1/track/recommendation?size=5&seeds=aa&popularity=45.0")]
#[case::size_absent("/v1/track/recommendation?seeds=aa")]
#[case::size_beyond("/v1/track/search?searchText=abc&size=51")]
#[case::page_beyond("/v1/track/search?searchText=abc&page=1001")]
#[case::no_text("/v1/track/search")]
#[case::spotify_id_of_an_artist("/v1/artist/2ZyXwVuTsRqPoNmLkJiHgF/track")]
#[case::malformed_path_id("/v1/track/audio-features")]
#[case::query_on_single("/v1/track/7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d?x=1")]
#[case::not_utf8("/v1/track/search?searchText=%ff%fe%fd")]
fn not_understood_is_opaque_and_goes_as_given(#[case] target: &str) {
    let Request::Body(body) = read(target) else { panic!("{target} was understood") };
    assert!(!body.is_canonical());
    assert_eq!((body.key.as_str(), body.target.as_str()), (target, target));
}

#[test]
fn an_open_size_is_the_given_sizes_key_but_for_its_end() {
    let Request::Body(open) = read("/v1/artist/7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d/track") else { panic!() };
    let Request::Body(given) = read(&format!("{}?size=25", open.target)) else { panic!() };
    assert!(open.open_size && !given.open_size);
    assert_eq!(format!("{}&size=25", open.key), given.key);
}

#[test]
fn other_methods_and_routes_pass_through() {
    let call = |method, path| classify(&method, path, None);
    assert_eq!(call(Method::POST, "/v1/analysis/audio-features"), Ok(Call::PassThrough));
    assert_eq!(call(Method::DELETE, "/v1/track"), Ok(Call::PassThrough));
    assert_eq!(call(Method::GET, "/v1/search/artist"), Ok(Call::PassThrough));
    assert!(matches!(call(Method::HEAD, "/v1/track"), Ok(Call::Cacheable(_))));
}

#[test]
fn malformed_requests_are_refused_on_every_route() {
    for (path, query) in [("/v1/track/%zz", None), ("/x", Some("a=%1")), ("/v1/track", Some("ids=%00"))] {
        assert!(classify(&Method::GET, path, query).is_err(), "{path} {query:?}");
    }
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9A-Za-z]{22}",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[0-9a-z]{1,6}"
    ]
}

proptest! {
    #[test]
    fn a_list_is_one_set_of_rows_however_it_is_written(
        ids in prop::collection::vec(id(), 1..60), swap in any::<prop::sample::Index>(), style in 0..3_u8,
    ) {
        let mut shuffled = ids.clone();
        let at = swap.index(ids.len());
        shuffled.rotate_left(at);
        let written = match style {
            0 => format!("ids={}", shuffled.join(",")),
            1 => format!("ids={}", shuffled.join("%2c")),
            _ => shuffled.iter().map(|id| format!("ids={id}")).collect::<Vec<_>>().join("&"),
        };
        prop_assert_eq!(identity(&format!("/v1/track?ids={}", ids.join(","))), identity(&format!("/v1/track?{written}")));
    }

    #[test]
    fn a_canonical_key_is_its_own_canonical_form(text in "[^\u{0}]{1,20}", page in 0..1000_u32, size in 1..=50_u32) {
        let target = format!("/v1/track/search?searchText={}&size={size}&page={page}", query::encode(&text));
        let key = identity(&target);
        prop_assert_eq!(identity(&key[1..]), key);
    }

    #[test]
    fn a_recommendation_written_anew_is_the_same_request(
        seeds in prop::collection::vec(id(), 0..7), negatives in prop::collection::vec(id(), 0..7), tempo in 0..250_u32,
    ) {
        let list = |name: &str, ids: &[String]| {
            ids.iter().fold(String::new(), |list, id| format!("{list}&{name}={id}"))
        };
        let (seeds, negatives) = (list("seeds", &seeds), list("negativeSeeds", &negatives));
        let target = format!("/v1/track/recommendation?tempo={tempo}.50{seeds}&size=5{negatives}");
        let Request::Body(body) = read(&target) else { panic!("a recommendation") };
        let anew = body.recommendation.expect("understood").into_body();
        prop_assert_eq!(&anew.key, &body.key);
        prop_assert_eq!(&anew.draw, &body.draw);
        let Request::Body(again) = read(&anew.target) else { panic!("a recommendation") };
        prop_assert!(again.is_canonical());
        prop_assert_eq!(again.key, body.key);
    }

    #[test]
    fn different_texts_never_share_a_key(one in "[^\u{0}]{1,8}", other in "[^\u{0}]{1,8}") {
        let key = |text: &str| identity(&format!("/v1/track/search?searchText={}", query::encode(text)));
        prop_assert_eq!(one == other, key(&one) == key(&other));
    }

    #[test]
    fn numbers_merge_exactly_when_they_are_equal(one in "-?[0-9]{0,3}(\\.[0-9]{0,3})?", other in "-?[0-9]{0,3}(\\.[0-9]{0,3})?") {
        let target = |n: &str| format!("/v1/track/recommendation?seeds={SPOTIFY}&size=5&tempo={n}");
        let value = |n: &str| n.parse::<f64>().ok();
        if let (Some(a), Some(b)) = (value(&one), value(&other)) {
            #[allow(clippy::float_cmp)] // at most three decimals: equal texts of numbers parse to equal floats
            let equal = a == b;
            prop_assert_eq!(equal, identity(&target(&one)) == identity(&target(&other)));
        }
    }

    #[test]
    fn reading_never_panics(path in "/[!-~]{0,40}", raw in "[ -~]{0,80}") {
        let _ = classify(&Method::GET, &path, Some(&raw));
        let _ = classify(&Method::GET, "/v1/track/recommendation", Some(&raw));
        let _ = classify(&Method::GET, &format!("/v1/track/{UUID}"), Some(&raw));
    }
}
