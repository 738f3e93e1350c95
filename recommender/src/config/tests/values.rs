//! Values of the wrong type, form or size, and keys that do not exist.

use super::refused;

refused! {
    a_misspelt_key: "proxy:\n  ulr: http://proxy\n" => r"
recommender.yaml:2:3: unknown key `proxy.ulr`, did you mean `url`?
  |
2 |   ulr: http://proxy
  |   ^^^
  = help: the keys of `proxy` are url, admin_url, admin_token, concurrency",

    a_key_at_the_wrong_level: "max_artists: 3\n" => r"
recommender.yaml:1:1: unknown key `max_artists`, did you mean `run.max_artists`?
  |
1 | max_artists: 3
  | ^^^^^^^^^^^
  = help: the keys of the top level are listen, proxy, database_url, redis_url, auth, cors, limits, run, moods, schedule, llm, spotify, telemetry",

    a_key_of_no_section: "listen: { address: 127.0.0.1 }\n" => r"
recommender.yaml:1:1: `listen` is a section, but must be an address and port, such as 127.0.0.1:8000 or [::]:8000
  |
1 | listen: { address: 127.0.0.1 }
  | ^^^^^^
  = help: write one value after `listen:`",

    a_section_that_is_a_value: "run: 5\n" => r"
recommender.yaml:1:6: `run` is `5`, but must be a section of keys
  |
1 | run: 5
  |      ^
  = help: write its keys below it, indented, as `name: value`",

    a_key_given_twice: "run:\n  rounds: 1\n  rounds: 2\n" => r"
recommender.yaml:3:3: the key `rounds` is given twice, first on line 2
  |
3 |   rounds: 2
  |   ^^^^^^
  = help: keep one of the two; only one could take effect",

    broken_yaml: "run:\n\trounds: 1\n" => "
recommender.yaml:2:2: not valid YAML: tabs disallowed within this context (block indentation)
  |
2 | \trounds: 1
  | \t^
  = help: YAML indents with spaces: replace the tab by spaces",

    too_many_rounds: "run: { rounds: 4 }\n" => r"
recommender.yaml:1:16: `run.rounds` is `4`, but must be a whole number from 0 to 3
  |
1 | run: { rounds: 4 }
  |                ^
  = help: write 3 or less",

    no_artists: "run: { max_artists: 0 }\n" => r"
recommender.yaml:1:21: `run.max_artists` is `0`, but must be a whole number from 1 to 50
  |
1 | run: { max_artists: 0 }
  |                     ^
  = help: write 1 or more",

    too_many_artists: "run: { max_artists: 51 }\n" => r"
recommender.yaml:1:21: `run.max_artists` is `51`, but must be a whole number from 1 to 50
  |
1 | run: { max_artists: 51 }
  |                     ^^
  = help: write 50 or less",

    a_number_in_quotes: "run: { max_calls: \"24\" }\n" => r#"
recommender.yaml:1:19: `run.max_calls` is `24`, which is in quotes and so a text; it must be a whole number from 4 to 1000
  |
1 | run: { max_calls: "24" }
  |                   ^^^^
  = help: remove the quotes"#,

    yes_for_true: "moods: { cache: yes }\n" => r"
recommender.yaml:1:17: `moods.cache` is `yes`, but must be true or false
  |
1 | moods: { cache: yes }
  |                 ^^^
  = help: write true",

    a_duration_without_unit: "run:\n  deadline: 120\n" => r"
recommender.yaml:2:13: `run.deadline` is `120`, which has no unit; it must be a duration from 1s to 1h
  |
2 |   deadline: 120
  |             ^^^
  = help: write 120s for seconds or 120ms for milliseconds",

    an_unknown_unit_of_size: "limits: { body: 256K }\n" => r"
recommender.yaml:1:17: `limits.body` is `256K`, which has the unknown unit `K`; it must be a size from 1KiB to 16MiB
  |
1 | limits: { body: 256K }
  |                 ^^^^
  = help: the units are B, KiB, MiB, GiB, TiB (powers of 1024) and KB, MB, GB, TB (powers of 1000)",

    a_body_without_bound: "limits: { body: 1GiB }\n" => r"
recommender.yaml:1:17: `limits.body` is `1GiB`, but must be a size from 1KiB to 16MiB
  |
1 | limits: { body: 1GiB }
  |                 ^^^^
  = help: write 16MiB or less",

    fewer_starts_than_none: "limits: { start_per_minute: -1 }\n" => r"
recommender.yaml:1:29: `limits.start_per_minute` is `-1`, but must be a whole number from 0 to 1000000
  |
1 | limits: { start_per_minute: -1 }
  |                             ^^
  = help: 0 sets no limit",

    a_name_to_listen_on: "listen: localhost:8000\n" => r"
recommender.yaml:1:9: `listen` is `localhost:8000`, but must be an address and port, such as 127.0.0.1:8000 or [::]:8000
  |
1 | listen: localhost:8000
  |         ^^^^^^^^^^^^^^
  = help: names are not looked up: write 127.0.0.1:8000",

    a_proxy_without_scheme: "proxy: { url: 'localhost:8080' }\n" => r"
recommender.yaml:1:15: `proxy.url` is `localhost:8080`, which does not begin with http:// or https://; it must be an http or https URL such as http://127.0.0.1:8080
  |
1 | proxy: { url: 'localhost:8080' }
  |               ^^^^^^^^^^^^^^^^
  = help: write the whole URL, scheme first",

    an_origin_with_a_path: "cors: { allowed_origins: [https://a.example/app] }\n" => r"
recommender.yaml:1:27: an item of `cors.allowed_origins` is `https://a.example/app`, which is more than scheme, host and port; it must be `*` or an origin such as https://app.example.org
  |
1 | cors: { allowed_origins: [https://a.example/app] }
  |                           ^^^^^^^^^^^^^^^^^^^^^
  = help: write scheme://host or scheme://host:port; no path, no wildcard inside",

    an_unknown_mode: "auth: { mode: jtw }\n" => r"
recommender.yaml:1:15: `auth.mode` is `jtw`, but must be open or jwt or service
  |
1 | auth: { mode: jtw }
  |               ^^^
  = help: did you mean `jwt`?",

    an_unknown_algorithm: "auth: { jwt: { algorithm: none } }\n" => r"
recommender.yaml:1:27: `auth.jwt.algorithm` is `none`, but must be RS256 or RS384 or RS512 or ES256 or ES384 or EdDSA or HS256 or HS384 or HS512
  |
1 | auth: { jwt: { algorithm: none } }
  |                           ^^^^
  = help: write RS256 or RS384 or RS512 or ES256 or ES384 or EdDSA or HS256 or HS384 or HS512",

    an_hour_that_is_none: "schedule: { warm_at: \"24:00\" }\n" => r#"
recommender.yaml:1:22: `schedule.warm_at` is `24:00`, but must be a time of day from 00:00 to 23:59, or null
  |
1 | schedule: { warm_at: "24:00" }
  |                      ^^^^^^^
  = help: write hour and minute with two digits each: "03:00""#,

    a_seed_that_is_no_id: "moods:\n  starter_seeds:\n    chill: [2ZyXwVuTsRqPoNmLkJiHgF, rain]\n" => r"
recommender.yaml:3:37: an item of `moods.starter_seeds` is `rain`, but must be the id of a track, of RecoBeat or of Spotify
  |
3 |     chill: [2ZyXwVuTsRqPoNmLkJiHgF, rain]
  |                                     ^^^^
  = help: write them as { calm and relaxing: [2ZyXwVuTsRqPoNmLkJiHgF] }",

    tables_that_are_not_there: "moods: { tables: /nowhere.yaml }\n" => r"
recommender.yaml:1:18: `moods.tables` is `/nowhere.yaml`, which cannot be read (No such file or directory (os error 2)); it must be the path of a YAML file with rule tables, or null
  |
1 | moods: { tables: /nowhere.yaml }
  |                  ^^^^^^^^^^^^^
  = help: give a path, absolute or from the working directory, that this user may read",

    a_log_level_that_is_none: "telemetry: { log: inof }\n" => r"
recommender.yaml:1:19: `telemetry.log` is `inof`, which has a part that is no level; it must be log directives such as info or warn,recobeat_recommender=debug
  |
1 | telemetry: { log: inof }
  |                   ^^^^
  = help: the levels are off, error, warn, info, debug, trace; for one part of the program write part=level",

    a_token_with_spaces_is_not_shown: "llm: { api_key: open sesame }\n" => r"
recommender.yaml:1:8: `llm.api_key` is `***`, which has characters that cannot stand in a header; it must be visible ASCII characters without spaces, or null
  |
1 | llm: { api_key: **** ****** *
  |        ^^^^^^^
  = help: give letters, digits and signs without spaces, as from openssl rand -hex 32",
}

#[test]
fn a_prompt_of_ones_own_has_the_limits_of_a_request() {
    let long = "x".repeat(501);
    let told = super::refusal_with("", &[], &[&format!("moods.own=[{long}]")]);
    assert!(told.contains("which has 501 characters; it must be a prompt of 1 to 500 characters"), "{told}");
    let told = super::refusal_with("", &[], &["moods.own=['']"]);
    assert!(told.contains("which is blank; it must be a prompt of 1 to 500 characters"), "{told}");
    let told = super::refusal_with("", &[], &["moods.own=[\"a\\x07b\"]"]);
    assert!(told.contains("which has control characters"), "{told}");
}

#[test]
fn all_problems_are_told_at_once_in_their_order() {
    let told =
        super::refusal_with("run:\n  rounds: 9\nlisen: x\n", &[("RECOMMENDER_MOODS__CACHE", "1")], &[]);
    let first: Vec<_> = told.split("\n\n").map(|part| part.lines().next().expect("a line")).collect();
    assert_eq!(
        first,
        [
            "recommender.yaml:2:11: `run.rounds` is `9`, but must be a whole number from 0 to 3",
            "recommender.yaml:3:1: unknown key `lisen`, did you mean `listen`?",
            "environment variable RECOMMENDER_MOODS__CACHE: `moods.cache` is `1`, but must be true or false",
        ]
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let sources = crate::config::Sources { path: Some("/nowhere.yaml".into()), ..Default::default() };
    let told = crate::config::Config::load(sources).expect_err("no file").to_string();
    assert!(told.starts_with("/nowhere.yaml: cannot be read: No such file or directory"), "{told}");
}
