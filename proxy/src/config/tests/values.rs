//! Values of the wrong type, form or size.

use super::refused;

refused! {
    too_many_ids_in_a_batch: "batch:\n  max_ids: 41\n" => r"
proxy.yaml:2:12: `batch.max_ids` is `41`, but must be a whole number from 1 to 40
  |
2 |   max_ids: 41
  |            ^^
  = help: the upstream refuses calls with more than 40 ids",

    no_ids_in_a_batch: "batch: { max_ids: 0 }\n" => r"
proxy.yaml:1:19: `batch.max_ids` is `0`, but must be a whole number from 1 to 40
  |
1 | batch: { max_ids: 0 }
  |                   ^
  = help: the upstream refuses calls with more than 40 ids",

    a_number_in_letters: "batch: { max_ids: many }\n" => r"
proxy.yaml:1:19: `batch.max_ids` is `many`, but must be a whole number from 1 to 40
  |
1 | batch: { max_ids: many }
  |                   ^^^^
  = help: the upstream refuses calls with more than 40 ids",

    a_number_in_quotes: "batch: { max_ids: \"20\" }\n" => r#"
proxy.yaml:1:19: `batch.max_ids` is `20`, which is in quotes and so a text; it must be a whole number from 1 to 40
  |
1 | batch: { max_ids: "20" }
  |                   ^^^^
  = help: remove the quotes"#,

    a_number_with_a_fraction: "batch: { max_ids: 1.5 }\n" => r"
proxy.yaml:1:19: `batch.max_ids` is `1.5`, but must be a whole number from 1 to 40
  |
1 | batch: { max_ids: 1.5 }
  |                   ^^^
  = help: the upstream refuses calls with more than 40 ids",

    a_negative_number: "budget: { rate_per_minute: -1 }\n" => r"
proxy.yaml:1:28: `budget.rate_per_minute` is `-1`, but must be a whole number from 0 to 100000
  |
1 | budget: { rate_per_minute: -1 }
  |                            ^^
  = help: 0 makes no upstream calls; the public API takes about 80",

    a_number_beyond_64_bits: "batch: { max_ids: 99999999999999999999999 }\n" => r"
proxy.yaml:1:19: `batch.max_ids` is `99999999999999999999999`, but must be a whole number from 1 to 40
  |
1 | batch: { max_ids: 99999999999999999999999 }
  |                   ^^^^^^^^^^^^^^^^^^^^^^^
  = help: the upstream refuses calls with more than 40 ids",

    a_key_without_a_value: "batch:\n  max_ids:\n" => r"
proxy.yaml:2:3: `batch.max_ids` is empty, but must be a whole number from 1 to 40
  |
2 |   max_ids:
  |   ^^^^^^^
  = help: the upstream refuses calls with more than 40 ids",

    a_list_for_a_number: "batch: { max_ids: [1, 2] }\n" => r"
proxy.yaml:1:10: `batch.max_ids` is a list, but must be a whole number from 1 to 40
  |
1 | batch: { max_ids: [1, 2] }
  |          ^^^^^^^
  = help: the upstream refuses calls with more than 40 ids",

    no_call_in_flight: "budget: { max_in_flight: 0 }\n" => r"
proxy.yaml:1:26: `budget.max_in_flight` is `0`, but must be a whole number from 1 to 10000
  |
1 | budget: { max_in_flight: 0 }
  |                          ^
  = help: to make no upstream calls, set `budget.rate_per_minute` to 0",

    a_misspelt_choice: "batch: { oversize: spilt }\n" => r"
proxy.yaml:1:20: `batch.oversize` is `spilt`, but must be split or reject
  |
1 | batch: { oversize: spilt }
  |                    ^^^^^
  = help: did you mean `split`?",

    an_unknown_choice: "telemetry: { format: xml }\n" => r"
proxy.yaml:1:22: `telemetry.format` is `xml`, but must be pretty or json
  |
1 | telemetry: { format: xml }
  |                      ^^^
  = help: write pretty or json",

    yes_for_true: "budget: { adaptive: yes }\n" => r"
proxy.yaml:1:21: `budget.adaptive` is `yes`, but must be true or false
  |
1 | budget: { adaptive: yes }
  |                     ^^^
  = help: write true",

    a_number_for_a_duration: "budget: { queue_timeout: 30 }\n" => r"
proxy.yaml:1:26: `budget.queue_timeout` is `30`, which has no unit; it must be a duration from 0 to 1h
  |
1 | budget: { queue_timeout: 30 }
  |                          ^^
  = help: write 30s for seconds or 30ms for milliseconds",

    an_unknown_unit_of_time: "budget: { queue_timeout: 30sec }\n" => r"
proxy.yaml:1:26: `budget.queue_timeout` is `30sec`, which has the unknown unit `sec`; it must be a duration from 0 to 1h
  |
1 | budget: { queue_timeout: 30sec }
  |                          ^^^^^
  = help: the units are d, h, m, s and ms",

    units_of_time_out_of_order: "budget: { queue_timeout: 1m1h }\n" => r"
proxy.yaml:1:26: `budget.queue_timeout` is `1m1h`, which has its units out of order at `h`; it must be a duration from 0 to 1h
  |
1 | budget: { queue_timeout: 1m1h }
  |                          ^^^^
  = help: write the largest unit first and each once, as in 1h30m",

    a_duration_beyond_its_bound: "budget: { queue_timeout: 2h }\n" => r"
proxy.yaml:1:26: `budget.queue_timeout` is `2h`, but must be a duration from 0 to 1h
  |
1 | budget: { queue_timeout: 2h }
  |                          ^^
  = help: write 1h or less",

    a_duration_that_must_not_be_zero: "upstream: { timeouts: { connect: 0 } }\n" => r"
proxy.yaml:1:34: `upstream.timeouts.connect` is `0`, but must be a duration from 1ms to 10m
  |
1 | upstream: { timeouts: { connect: 0 } }
  |                                  ^
  = help: write 1ms or more",

    an_endless_duration: "budget: { queue_timeout: 99999999999999999999d }\n" => r"
proxy.yaml:1:26: `budget.queue_timeout` is `99999999999999999999d`, which is too long; it must be a duration from 0 to 1h
  |
1 | budget: { queue_timeout: 99999999999999999999d }
  |                          ^^^^^^^^^^^^^^^^^^^^^
  = help: write durations such as 90d, 24h, 5m, 30s, 750ms or 1h30m",

    too_few_entries_and_a_fraction_of_a_size: "cache:\n  memory:\n    max_bytes: 1.5GiB\n    max_entries: 4999\n" => r"
proxy.yaml:3:16: `cache.memory.max_bytes` is `1.5GiB`, which has a fraction; it must be a size from 1MiB to 1TiB
  |
3 |     max_bytes: 1.5GiB
  |                ^^^^^^
  = help: use a smaller unit: 1536MiB for 1.5GiB

proxy.yaml:4:18: `cache.memory.max_entries` is `4999`, but must be a whole number from 5000 to 1000000000
  |
4 |     max_entries: 4999
  |                  ^^^^
  = help: fewer than 5000 entries lose more than they save; bound the memory with `max_bytes`",

    an_ambiguous_unit_of_size: "cache: { memory: { max_bytes: 256M } }\n" => r"
proxy.yaml:1:31: `cache.memory.max_bytes` is `256M`, which has the unknown unit `M`; it must be a size from 1MiB to 1TiB
  |
1 | cache: { memory: { max_bytes: 256M } }
  |                               ^^^^
  = help: the units are B, KiB, MiB, GiB, TiB (powers of 1024) and KB, MB, GB, TB (powers of 1000)",

    a_size_beyond_64_bits: "cache: { memory: { max_bytes: 99999999999GiB } }\n" => r"
proxy.yaml:1:31: `cache.memory.max_bytes` is `99999999999GiB`, which is too large; it must be a size from 1MiB to 1TiB
  |
1 | cache: { memory: { max_bytes: 99999999999GiB } }
  |                               ^^^^^^^^^^^^^^
  = help: write sizes such as 256MiB, 32KiB, 4GiB or 6MB; a plain number counts bytes",

    too_much_jitter: "cache: { jitter: 0.6 }\n" => r"
proxy.yaml:1:18: `cache.jitter` is `0.6`, but must be a number from 0 to 0.5
  |
1 | cache: { jitter: 0.6 }
  |                  ^^^
  = help: 0.05 shortens each time to live by 0 to 5 % at random",

    a_percentage: "cache: { jitter: 5% }\n" => r"
proxy.yaml:1:18: `cache.jitter` is `5%`, which is a percentage; it must be a number from 0 to 0.5
  |
1 | cache: { jitter: 5% }
  |                  ^^
  = help: write 5% as 0.05",

    a_number_that_is_none: "cache: { jitter: .nan }\n" => r"
proxy.yaml:1:18: `cache.jitter` is `.nan`, but must be a number from 0 to 0.5
  |
1 | cache: { jitter: .nan }
  |                  ^^^^
  = help: 0.05 shortens each time to live by 0 to 5 % at random",

    a_ratio_above_one: "upstream: { breaker: { ratio: 1.5 } }\n" => r"
proxy.yaml:1:31: `upstream.breaker.ratio` is `1.5`, but must be a number from 0.01 to 1
  |
1 | upstream: { breaker: { ratio: 1.5 } }
  |                               ^^^
  = help: the part of calls in the window that failed; 0.5 opens above one half",

    a_ratio_of_zero: "upstream: { breaker: { ratio: 0 } }\n" => r"
proxy.yaml:1:31: `upstream.breaker.ratio` is `0`, but must be a number from 0.01 to 1
  |
1 | upstream: { breaker: { ratio: 0 } }
  |                               ^
  = help: the part of calls in the window that failed; 0.5 opens above one half",

    a_folder_for_a_file: "cache: { disk: { path: / } }\n" => r"
proxy.yaml:1:24: `cache.disk.path` is `/`, which is a folder; it must be the path of a file
  |
1 | cache: { disk: { path: / } }
  |                        ^
  = help: name a file in it, such as data/cache.redb",

    a_long_value_is_cut: "batch: { oversize: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx }\n" => r"
proxy.yaml:1:20: `batch.oversize` is `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…`, but must be split or reject
  |
1 | batch: { oversize: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
  |                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: write split or reject",
}
