use super::{Broken, File};

fn broken(case: &'static str, text: &'static str) -> Broken {
    super::broken("recobeat-proxy", case, text)
}

#[rustfmt::skip] // one case a paragraph, whatever its length
pub(super) fn table() -> Vec<Broken> {
    vec![
        // Text that is no YAML, or no text.
        broken("a bracket that is never closed", "cors:\n  allowed_origins: [https://a.example\n")
            .told("2:20", "not valid YAML: unclosed bracket '['", "check quotes, brackets and indentation"),
        broken("a tab for indentation", "budget:\n\trate_per_minute: 60\n")
            .told("2:2", "tabs disallowed", "YAML indents with spaces: replace the tab by spaces"),
        broken("a key given twice", "batch:\n  max_ids: 20\n  linger: 5ms\n  max_ids: 30\n")
            .told("4:3", "the key `max_ids` is given twice, first on line 2", "keep one of the two"),
        broken("a second document", "batch: { max_ids: 20 }\n---\nbatch: { max_ids: 30 }\n")
            .told("2:1", "a second document starts here", "a configuration is one YAML document: remove `---`"),
        broken("a file in UTF-16", "").file(File::Bytes(b"\xFF\xFEl\0i\0s\0t\0e\0n\0:\0"))
            .told("broken.yaml", "UTF-16 text", "save it as UTF-8"),
        broken("a file in Latin-1", "").file(File::Bytes(b"listen: 127.0.0.1:8080\nupstream: { user_agent: caf\xE9 }\n"))
            .told("broken.yaml", "line 2 has a byte that is no character", "save it as UTF-8"),
        broken("a folder for the file", "").file(File::Folder)
            .told("broken.yaml", "a folder, not a file", "name the YAML file in it"),
        broken("a file that is not there", "").file(File::Nothing)
            .told("broken.yaml", "cannot be read: No such file or directory", "check the path"),

        // Keys that do not exist, or not there.
        broken("a misspelt key", "budget:\n  rate_per_minut: 60\n")
            .told("2:3", "unknown key `budget.rate_per_minut`, did you mean `rate_per_minute`?", "the keys of `budget` are rate_per_minute, min_interval"),
        broken("a key in the wrong section", "batch:\n  rate_per_minute: 60\n")
            .told("2:3", "unknown key `batch.rate_per_minute`, did you mean `budget.rate_per_minute`?", "the keys of `batch` are max_ids, linger"),
        broken("an argument for no key", "").set("budget.rate=60")
            .told("--set budget.rate", "unknown key `budget.rate`", "the keys of `budget` are rate_per_minute"),
        broken("a variable with one line too few", "").env("RECOBEAT_UPSTREAM_BASE_URL", "https://api.example.org")
            .told("environment variable RECOBEAT_UPSTREAM_BASE_URL", "did you mean `RECOBEAT_UPSTREAM__BASE_URL`?", "the keys of the top level are listen"),

        // Values of the wrong form.
        broken("a list for a value", "listen: [127.0.0.1:8080]\n")
            .told("1:1", "`listen` is a list, but must be an address and port", "write one value after `listen:`"),
        broken("a value for a section", "upstream: https://api.example.org\n")
            .told("1:11", "`upstream` is `https://api.example.org`, but must be a section of keys", "write its keys below it, indented"),
        broken("a duration without a unit", "budget:\n  queue_timeout: 30\n")
            .told("2:18", "`budget.queue_timeout` is `30`, which has no unit", "write 30s for seconds or 30ms for milliseconds"),
        broken("a negative duration", "budget:\n  min_interval: -750ms\n")
            .told("2:17", "`budget.min_interval` is `-750ms`, which is negative", "write durations such as 90d"),
        broken("a size in a unit that may mean two", "cache:\n  memory:\n    max_bytes: 256M\n")
            .told("3:16", "`cache.memory.max_bytes` is `256M`, which has the unknown unit `M`", "the units are B, KiB, MiB, GiB, TiB"),
        broken("a number in quotes", "batch:\n  max_ids: \"20\"\n")
            .told("2:12", "`batch.max_ids` is `20`, which is in quotes", "remove the quotes"),
        broken("a number beyond its bound", "batch:\n  max_ids: 41\n")
            .told("2:12", "`batch.max_ids` is `41`, but must be a whole number from 1 to 40", "the upstream refuses calls with more than 40 ids"),
        broken("a percentage", "cache:\n  jitter: 5%\n")
            .told("2:11", "`cache.jitter` is `5%`, which is a percentage", "write 5% as 0.05"),
        broken("a misspelt choice", "batch:\n  oversize: spilt\n")
            .told("2:13", "`batch.oversize` is `spilt`, but must be split or reject", "did you mean `split`?"),
        broken("yes for true", "guard:\n  repair: yes\n")
            .told("2:11", "`guard.repair` is `yes`, but must be true or false", "write true"),
        broken("a misspelt level", "telemetry:\n  log: inof\n")
            .told("2:8", "`telemetry.log` is `inof`, which has a part that is no level", "the levels are off, error, warn, info"),

        // Addresses and files.
        broken("an upstream without a scheme", "upstream:\n  base_url: api.example.org\n")
            .told("2:13", "`upstream.base_url` is `api.example.org`, which does not begin with http:// or https://", "write the whole URL, scheme first"),
        broken("an upstream with credentials", "upstream:\n  base_url: https://me:hunter2@api.example.org\n")
            .told("2:13", "`upstream.base_url` is `https://**********@api.example.org`, which carries credentials", "remove what stands before the `@`"),
        broken("an upstream with a query", "upstream:\n  base_url: https://api.example.org/?v=1\n")
            .told("2:13", "`upstream.base_url` is `https://api.example.org/?v=1`, which has a query", "end the URL with the host, the port or a path"),
        broken("a Redis of another scheme", "cache:\n  redis:\n    url: http://:hunter2@redis:6379\n")
            .told("3:5", "`cache.redis.url` is `***`, which does not begin with redis://", "write the scheme first"),
        broken("a variable of hosters that is no URL", "").env("REDIS_URL", "redis:6379")
            .told("environment variable REDIS_URL", "`cache.redis.url` is `***`", "write the scheme first"),
        broken("a folder for the cache", "cache:\n  disk:\n    path: cache\n")
            .told("3:11", "`cache.disk.path` is `cache`, which is a folder", "name a file in it, such as data/cache.redb"),
        broken("a trusted certificate that is none", "upstream:\n  ca_file: notes.txt\n")
            .told("2:12", "`upstream.ca_file` is `notes.txt`, which holds no `BEGIN CERTIFICATE`", "name a file in PEM"),
        broken("a certificate that is not there", "tls:\n  cert: cert.pem\n")
            .told("2:3", "`tls` is given without `key`", "set `tls.key` to a PEM file with a private key, or remove `tls`")
            .told("2:9", "`tls.cert` is `cert.pem`, which cannot be read (No such file", "give a path, absolute or from the working directory"),

        // Values that are good alone and impossible together.
        broken("more idle connections than connections", "upstream:\n  pool:\n    max: 20\n    idle: 30\n")
            .told("4:11", "`upstream.pool.idle` is 30, more than `upstream.pool.max`, 20", "lower `idle` or raise `max`"),
        broken("connecting longer than the whole call", "upstream:\n  timeouts:\n    connect: 2m\n    total: 1m\n    search: 1m\n")
            .told("3:14", "`upstream.timeouts.connect` is 2m, longer than a whole call may take", "lower `connect` to 1m or less"),
        broken("more calls at once than connections", "upstream:\n  pool: { max: 4, idle: 4 }\n")
            .told("2:16", "`upstream.pool.max` is 4, fewer than `budget.max_in_flight`, 6", "raise `upstream.pool.max` to 6 or more"),
        broken("clients who give up before a batch leaves", "batch:\n  linger: 2s\nbudget:\n  queue_timeout: 1s\n")
            .told("4:18", "`budget.queue_timeout` is 1s, shorter than `batch.linger`, 2s", "raise `budget.queue_timeout` to 2s or more"),
        broken("one port for clients and operators", "listen: 127.0.0.1:9090\n")
            .told("1:9", "`admin.listen` is `127.0.0.1:9090` and `listen` is `127.0.0.1:9090`, the same port", "give the admin side a port of its own"),
        broken("operators' endpoints open to a network", "admin:\n  listen: 0.0.0.0:9090\n")
            .told("2:11", "`admin.listen` is `0.0.0.0:9090`, which others can reach, but `admin.token` is not set", "set `admin.token`, best by RECOBEAT_ADMIN__TOKEN"),

        // Secrets, and several at once.
        broken("a token that no header can carry", "admin:\n  token: hunter2 hunter2\n")
            .told("2:3", "`admin.token` is `***`, which has characters that cannot stand in a header", "give letters, digits and signs without spaces"),
        broken("several at once", "budget:\n  replicas: 0\n  adaptiv: true\n").env("RECOBEAT_GUARD__DENY", "maybe").set("limits.idle=0")
            .told("2:13", "`budget.replicas` is `0`", "write 1 or more")
            .told("3:3", "unknown key `budget.adaptiv`, did you mean `adaptive`?", "the keys of `budget` are")
            .told("environment variable RECOBEAT_GUARD__DENY", "`guard.deny` is `maybe`", "write true or false")
            .told("--set limits.idle", "`limits.idle` is `0`", "write 1ms or more"),
    ]
}
