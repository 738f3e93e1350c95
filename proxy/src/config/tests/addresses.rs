//! Addresses, URLs, origins and directives.

use super::refused;

refused! {
    a_name_for_an_address: "listen: localhost:8080\n" => r"
proxy.yaml:1:9: `listen` is `localhost:8080`, but must be an address and port, such as 127.0.0.1:8080 or [::]:8080
  |
1 | listen: localhost:8080
  |         ^^^^^^^^^^^^^^
  = help: names are not looked up: write 127.0.0.1:8080",

    a_port_alone: "listen: 8080\n" => r"
proxy.yaml:1:9: `listen` is `8080`, but must be an address and port, such as 127.0.0.1:8080 or [::]:8080
  |
1 | listen: 8080
  |         ^^^^
  = help: write 127.0.0.1:8080 for this machine only, 0.0.0.0:8080 for all networks",

    a_port_after_a_colon: "listen: :8080\n" => r"
proxy.yaml:1:9: `listen` is `:8080`, but must be an address and port, such as 127.0.0.1:8080 or [::]:8080
  |
1 | listen: :8080
  |         ^^^^^
  = help: write 127.0.0.1:8080 for this machine only, 0.0.0.0:8080 for all networks",

    a_port_too_large: "listen: 127.0.0.1:99999\n" => r"
proxy.yaml:1:9: `listen` is `127.0.0.1:99999`, but must be an address and port, such as 127.0.0.1:8080 or [::]:8080
  |
1 | listen: 127.0.0.1:99999
  |         ^^^^^^^^^^^^^^^
  = help: write an IP address, a colon and a port up to 65535",

    an_upstream_without_a_scheme: "upstream: { base_url: api.example.org }\n" => r"
proxy.yaml:1:23: `upstream.base_url` is `api.example.org`, which does not begin with http:// or https://; it must be an http or https URL such as https://api.reccobeats.com
  |
1 | upstream: { base_url: api.example.org }
  |                       ^^^^^^^^^^^^^^^
  = help: write the whole URL, scheme first",

    an_upstream_over_ftp: "upstream: { base_url: \"ftp://example.org\" }\n" => r#"
proxy.yaml:1:23: `upstream.base_url` is `ftp://example.org`, which does not begin with http:// or https://; it must be an http or https URL such as https://api.reccobeats.com
  |
1 | upstream: { base_url: "ftp://example.org" }
  |                       ^^^^^^^^^^^^^^^^^^^
  = help: write the whole URL, scheme first"#,

    an_upstream_with_credentials: "upstream: { base_url: \"https://me:hunter2@example.org\" }\n" => r#"
proxy.yaml:1:23: `upstream.base_url` is `https://**********@example.org`, which carries credentials; it must be an http or https URL such as https://api.reccobeats.com
  |
1 | upstream: { base_url: "https://**********@example.org" }
  |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: remove what stands before the `@`: credentials are never sent upstream"#,

    an_upstream_with_a_query: "upstream: { base_url: \"https://example.org/?q=1\" }\n" => r#"
proxy.yaml:1:23: `upstream.base_url` is `https://example.org/?q=1`, which has a query or fragment; it must be an http or https URL such as https://api.reccobeats.com
  |
1 | upstream: { base_url: "https://example.org/?q=1" }
  |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: end the URL with the host, the port or a path"#,

    an_upstream_path_that_reads_not_found: "upstream: { base_url: \"https://example.org/v404\" }\n" => r#"
proxy.yaml:1:23: `upstream.base_url` is `https://example.org/v404`, which has `404` in its path, a text that clients look for in error messages; it must be an http or https URL such as https://api.reccobeats.com
  |
1 | upstream: { base_url: "https://example.org/v404" }
  |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: serve the upstream under another path"#,

    an_upstream_with_a_space: "upstream: { base_url: \"https://example .org\" }\n" => r#"
proxy.yaml:1:23: `upstream.base_url` is `https://example .org`, which is not a URL with a host and an optional port and path; it must be an http or https URL such as https://api.reccobeats.com
  |
1 | upstream: { base_url: "https://example .org" }
  |                       ^^^^^^^^^^^^^^^^^^^^^^
  = help: write scheme://host, then :port and /path if needed"#,

    an_upstream_on_port_zero: "upstream: { base_url: \"https://example.org:0\" }\n" => r#"
proxy.yaml:1:23: `upstream.base_url` is `https://example.org:0`, which has the port 0; it must be an http or https URL such as https://api.reccobeats.com
  |
1 | upstream: { base_url: "https://example.org:0" }
  |                       ^^^^^^^^^^^^^^^^^^^^^^^
  = help: write scheme://host, then :port and /path if needed"#,

    a_user_agent_of_two_lines: "upstream: { user_agent: \"a\\nb\" }\n" => r#"
proxy.yaml:1:25: `upstream.user_agent` is `a\nb`, which cannot stand in a header; it must be visible ASCII characters and spaces, or null
  |
1 | upstream: { user_agent: "a\nb" }
  |                         ^^^^^^
  = help: write one line of ASCII, as in my-service/1.0 (ops@example.org)"#,

    a_redis_url_of_another_scheme: "cache:\n  redis:\n    url: http://:hunter2@example.org\n" => r"
proxy.yaml:3:5: `cache.redis.url` is `***`, which does not begin with redis://, rediss://, valkey:// or valkeys://; it must be a Redis URL such as redis://:password@host:6379/0, or null
  |
3 |     url: http://********@example.org
  |     ^^^
  = help: write the scheme first; the ones that end in `s` speak TLS",

    a_redis_url_without_a_host: "cache:\n  redis:\n    url: \"redis://:hunter2@\"\n" => r#"
proxy.yaml:3:5: `cache.redis.url` is `***`, which has no host; it must be a Redis URL such as redis://:password@host:6379/0, or null
  |
3 |     url: "redis://********@"
  |     ^^^
  = help: write redis://host:port, nodes of a cluster separated by commas without spaces"#,

    a_redis_prefix_with_braces: "cache: { redis: { prefix: \"a{b}\" } }\n" => r#"
proxy.yaml:1:27: `cache.redis.prefix` is `a{b}`, but must be visible ASCII characters without braces and spaces
  |
1 | cache: { redis: { prefix: "a{b}" } }
  |                           ^^^^^^
  = help: braces mark the part of a key that chooses the node of a cluster"#,

    a_token_with_a_space: "admin:\n  token: hunter 2\n" => r"
proxy.yaml:2:3: `admin.token` is `***`, which has characters that cannot stand in a header; it must be visible ASCII characters without spaces, or null
  |
2 |   token: ****** *
  |   ^^^^^
  = help: give letters, digits and signs without spaces, as from openssl rand -hex 32",

    a_token_below_its_key_stays_hidden: "admin:\n  token:\n    hunter 2\n" => r"
proxy.yaml:2:3: `admin.token` is `***`, which has characters that cannot stand in a header; it must be visible ASCII characters without spaces, or null
  |
2 |   token:
  |   ^^^^^
  = help: give letters, digits and signs without spaces, as from openssl rand -hex 32",

    a_single_origin_that_is_not_a_list: "cors: { allowed_origins: https://example.org }\n" => r#"
proxy.yaml:1:26: `cors.allowed_origins` is `https://example.org`, which is not a list; it must be a list, each item `*` or an origin such as https://app.example.org
  |
1 | cors: { allowed_origins: https://example.org }
  |                          ^^^^^^^^^^^^^^^^^^^
  = help: write ["https://example.org"]"#,

    every_bad_origin_of_a_list: "cors:\n  allowed_origins:\n    - https://example.org/\n    - example.org\n    - https://example.org\n    - https://*.example.org\n    - https://example.org:port\n" => r"
proxy.yaml:3:7: an item of `cors.allowed_origins` is `https://example.org/`, which ends with a slash; it must be `*` or an origin such as https://app.example.org
  |
3 |     - https://example.org/
  |       ^^^^^^^^^^^^^^^^^^^^
  = help: write https://example.org, as browsers send it

proxy.yaml:4:7: an item of `cors.allowed_origins` is `example.org`, which has no scheme; it must be `*` or an origin such as https://app.example.org
  |
4 |     - example.org
  |       ^^^^^^^^^^^
  = help: write https://example.org

proxy.yaml:6:7: an item of `cors.allowed_origins` is `https://*.example.org`, which is more than scheme, host and port; it must be `*` or an origin such as https://app.example.org
  |
6 |     - https://*.example.org
  |       ^^^^^^^^^^^^^^^^^^^^^
  = help: write scheme://host or scheme://host:port; no path, no wildcard inside

proxy.yaml:7:7: an item of `cors.allowed_origins` is `https://example.org:port`, but must be `*` or an origin such as https://app.example.org
  |
7 |     - https://example.org:port
  |       ^^^^^^^^^^^^^^^^^^^^^^^^
  = help: write scheme://host or scheme://host:port",

    a_misspelt_log_level: "telemetry: { log: inof }\n" => r"
proxy.yaml:1:19: `telemetry.log` is `inof`, which has a part that is no level; it must be log directives such as info or warn,recobeat_proxy=debug
  |
1 | telemetry: { log: inof }
  |                   ^^^^
  = help: the levels are off, error, warn, info, debug, trace; for one part of the program write part=level",

    a_log_directive_with_a_misspelt_level: "telemetry: { log: recobeat_proxy=inof }\n" => r#"
proxy.yaml:1:19: `telemetry.log` is `recobeat_proxy=inof`, which cannot be read (error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5); it must be log directives such as info or warn,recobeat_proxy=debug
  |
1 | telemetry: { log: recobeat_proxy=inof }
  |                   ^^^^^^^^^^^^^^^^^^^
  = help: the levels are off, error, warn, info, debug, trace; for one part of the program write part=level"#,

    a_trace_endpoint_without_a_scheme: "telemetry: { otlp_endpoint: localhost:4317 }\n" => r"
proxy.yaml:1:29: `telemetry.otlp_endpoint` is `localhost:4317`, but must be an http or https URL such as http://localhost:4318, or null
  |
1 | telemetry: { otlp_endpoint: localhost:4317 }
  |                             ^^^^^^^^^^^^^^
  = help: correct the value, or remove the key to get its default",
}
