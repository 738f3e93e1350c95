//! Keys that do not exist, sections that are none.

use super::refused;

refused! {
    a_misspelt_key: "upstream:\n  base_ur: https://api.example.org\n" => r"
proxy.yaml:2:3: unknown key `upstream.base_ur`, did you mean `base_url`?
  |
2 |   base_ur: https://api.example.org
  |   ^^^^^^^
  = help: the keys of `upstream` are base_url, user_agent, ca_file, timeouts, pool, retry, breaker",

    a_misspelt_section: "lisen: 127.0.0.1:8081\n" => r"
proxy.yaml:1:1: unknown key `lisen`, did you mean `listen`?
  |
1 | lisen: 127.0.0.1:8081
  | ^^^^^
  = help: the keys of the top level are listen, tls, admin, upstream, budget, batch, cache, guard, limits, cors, telemetry",

    a_key_at_the_wrong_level: "max_in_flight: 3\n" => r"
proxy.yaml:1:1: unknown key `max_in_flight`, did you mean `budget.max_in_flight`?
  |
1 | max_in_flight: 3
  | ^^^^^^^^^^^^^
  = help: the keys of the top level are listen, tls, admin, upstream, budget, batch, cache, guard, limits, cors, telemetry",

    an_unknown_category: "cache:\n  categories:\n    tracks: { ttl: 1d }\n" => r"
proxy.yaml:3:5: unknown key `cache.categories.tracks`, did you mean `track`?
  |
3 |     tracks: { ttl: 1d }
  |     ^^^^^^
  = help: the keys of `cache.categories` are track, features, artist, album, mapping, missing, denied, recommendation, search, page",

    a_key_of_a_category: "cache:\n  categories:\n    track: { tll: 1d }\n" => r"
proxy.yaml:3:14: unknown key `cache.categories.track.tll`, did you mean `ttl`?
  |
3 |     track: { tll: 1d }
  |              ^^^
  = help: the keys of `cache.categories.track` are ttl, stale",

    a_key_unlike_any_other: "budget:\n  colour: blue\n" => r"
proxy.yaml:2:3: unknown key `budget.colour`
  |
2 |   colour: blue
  |   ^^^^^^
  = help: the keys of `budget` are rate_per_minute, min_interval, max_in_flight, queue_timeout, adaptive, replicas",

    a_merge_key: "budget:\n  <<: { adaptive: true }\n" => r"
proxy.yaml:2:3: unknown key `budget.<<`
  |
2 |   <<: { adaptive: true }
  |   ^^
  = help: merge keys are not understood: write the values out",

    a_section_that_is_a_value: "budget: 5\n" => r"
proxy.yaml:1:9: `budget` is `5`, but must be a section of keys
  |
1 | budget: 5
  |         ^
  = help: write its keys below it, indented, as `name: value`",

    a_section_that_is_a_list: "budget:\n  - rate_per_minute: 5\n" => r"
proxy.yaml:1:1: `budget` is a list, but must be a section of keys
  |
1 | budget:
  | ^^^^^^
  = help: write its keys below it, indented, as `name: value`",

    a_file_that_is_a_list: "- listen\n" => r"
proxy.yaml:1:1: the configuration is a list, but must be a section of keys
  |
1 | - listen
  | ^
  = help: write its keys below it, indented, as `name: value`",

    a_file_that_is_prose: "nothing to see here\n" => r"
proxy.yaml:1:1: the configuration is `nothing to see here`, but must be a section of keys
  |
1 | nothing to see here
  | ^^^^^^^^^^^^^^^^^^^
  = help: write its keys below it, indented, as `name: value`",

    the_value_of_a_misspelt_secret_stays_hidden: "admin: { tokn: hunter2 }\n" => r"
proxy.yaml:1:10: unknown key `admin.tokn`, did you mean `token`?
  |
1 | admin: { tokn: ******* *
  |          ^^^^
  = help: the keys of `admin` are listen, token",

    a_secret_in_the_place_of_a_section_stays_hidden: "admin:\n  token=hunter2\n" => r"
proxy.yaml:2:3: `admin` is `token=*******`, but must be a section of keys
  |
2 |   token=*******
  |   ^^^^^^^^^^^^^
  = help: write its keys below it, indented, as `name: value`",
}
