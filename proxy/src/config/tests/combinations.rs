//! Values that are fine alone and impossible together.

use super::refused;

refused! {
    both_sides_on_one_port: "listen: 127.0.0.1:9090\n" => r"
proxy.yaml:1:9: `admin.listen` is `127.0.0.1:9090` and `listen` is `127.0.0.1:9090`, the same port
  |
1 | listen: 127.0.0.1:9090
  |         ^^^^^^^^^^^^^^
  = help: give the admin side a port of its own, such as 9090",

    both_sides_on_one_port_of_all_networks: "listen: 0.0.0.0:7000\nadmin:\n  listen: 127.0.0.1:7000\n" => r"
proxy.yaml:3:11: `admin.listen` is `127.0.0.1:7000` and `listen` is `0.0.0.0:7000`, the same port
  |
3 |   listen: 127.0.0.1:7000
  |           ^^^^^^^^^^^^^^
  = help: give the admin side a port of its own, such as 9090",

    an_open_admin_side_without_a_token: "admin: { listen: 0.0.0.0:9090 }\n" => r"
proxy.yaml:1:18: `admin.listen` is `0.0.0.0:9090`, which others can reach, but `admin.token` is not set
  |
1 | admin: { listen: 0.0.0.0:9090 }
  |                  ^^^^^^^^^^^^
  = help: set `admin.token`, best by RECOBEAT_ADMIN__TOKEN, or listen on 127.0.0.1: the admin side can purge the cache and shows the configuration",

    fewer_connections_than_calls: "upstream: { pool: { max: 5, idle: 5 } }\n" => r"
proxy.yaml:1:26: `upstream.pool.max` is 5, fewer than `budget.max_in_flight`, 6: each call needs a connection of its own
  |
1 | upstream: { pool: { max: 5, idle: 5 } }
  |                          ^
  = help: raise `upstream.pool.max` to 6 or more, or lower `budget.max_in_flight`",

    a_queue_shorter_than_the_linger: "budget: { queue_timeout: 0 }\n" => r"
proxy.yaml:1:26: `budget.queue_timeout` is 0, shorter than `batch.linger`, 10ms: every miss would be given up before its batch is sent
  |
1 | budget: { queue_timeout: 0 }
  |                          ^
  = help: raise `budget.queue_timeout` to 10ms or more, or lower `batch.linger`",

    a_linger_longer_than_the_queue: "batch: { linger: 5s }\nbudget: { queue_timeout: 1s }\n" => r"
proxy.yaml:2:26: `budget.queue_timeout` is 1s, shorter than `batch.linger`, 5s: every miss would be given up before its batch is sent
  |
2 | budget: { queue_timeout: 1s }
  |                          ^^
  = help: raise `budget.queue_timeout` to 5s or more, or lower `batch.linger`",

    connecting_longer_than_the_whole: "upstream: { timeouts: { connect: 2m } }\n" => r"
proxy.yaml:1:34: `upstream.timeouts.connect` is 2m, longer than a whole call may take: `upstream.timeouts.search` is 1m
  |
1 | upstream: { timeouts: { connect: 2m } }
  |                                  ^^
  = help: lower `connect` to 1m or less, or raise `search`",

    more_idle_connections_than_connections: "upstream: { pool: { max: 10 } }\n" => r"
proxy.yaml:1:26: `upstream.pool.idle` is 50, more than `upstream.pool.max`, 10
  |
1 | upstream: { pool: { max: 10 } }
  |                          ^^
  = help: lower `idle` or raise `max`: no more connections can be kept than there are",

    every_origin_and_some: "cors: { allowed_origins: [\"*\", https://example.org] }\n" => r#"
proxy.yaml:1:9: `cors.allowed_origins` has `*` beside other origins
  |
1 | cors: { allowed_origins: ["*", https://example.org] }
  |         ^^^^^^^^^^^^^^^
  = help: `*` allows every origin: keep it alone, or remove it"#,

    a_certificate_without_a_key: "tls: { cert: /nowhere/cert.pem }\n" => r"
proxy.yaml:1:8: `tls` is given without `key`
  |
1 | tls: { cert: /nowhere/cert.pem }
  |        ^^^^
  = help: set `tls.key` to a PEM file with a private key, or remove `tls`

proxy.yaml:1:14: `tls.cert` is `/nowhere/cert.pem`, which cannot be read (No such file or directory (os error 2)); it must be a PEM file with a certificate
  |
1 | tls: { cert: /nowhere/cert.pem }
  |              ^^^^^^^^^^^^^^^^^
  = help: give a path, absolute or from the working directory, that this user may read",

    a_faulty_value_hides_the_combinations_it_is_in: "budget: { queue_timeout: 0 }\nbatch: { linger: 10 }\n" => r"
proxy.yaml:2:18: `batch.linger` is `10`, which has no unit; it must be a duration from 0 to 10s
  |
2 | batch: { linger: 10 }
  |                  ^^
  = help: write 10s for seconds or 10ms for milliseconds",
}
