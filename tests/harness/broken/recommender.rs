use super::Broken;

fn broken(case: &'static str, text: &'static str) -> Broken {
    super::broken("recobeat-recommender", case, text)
}

#[rustfmt::skip] // one case a paragraph, whatever its length
pub(super) fn table() -> Vec<Broken> {
    vec![
        broken("a misspelt section", "limit:\n  start_per_minute: 5\n")
            .told("1:1", "unknown key `limit`, did you mean `limits`?", "the keys of the top level are listen, proxy"),
        broken("one round too many", "run:\n  rounds: 4\n")
            .told("2:11", "`run.rounds` is `4`, but must be a whole number from 0 to 3", "write 3 or less"),
        broken("a strategy longer than its run", "run:\n  strategy_timeout: 3m\n")
            .told("2:21", "`run.strategy_timeout` is 3m, longer than `run.deadline`, 2m", "a strategy is part of the run"),
        broken("an open door on a network", "listen: 0.0.0.0:8000\n")
            .told("1:9", "`listen` is `0.0.0.0:8000`, which others can reach, but `auth.mode` is `open`", "set `auth.mode` to jwt or service"),
        broken("a mode without its token", "auth:\n  mode: service\n")
            .told("2:9", "`auth.mode` is `service`, but `auth.service_token` is not set", "set it, best by RECOMMENDER_AUTH__SERVICE_TOKEN"),
        broken("a secret that can be guessed", "auth:\n  jwt:\n    algorithm: HS256\n    key: hunter2\n")
            .told("4:10", "`auth.jwt.key` has 7 characters, which can be guessed", "give a random secret of 32 characters or more"),
        broken("an algorithm that checks nothing", "auth:\n  jwt:\n    algorithm: none\n")
            .told("3:16", "`auth.jwt.algorithm` is `none`", "write RS256 or RS384"),
        broken("a database of another kind", "database_url: mysql://me:hunter2@db/lists\n")
            .told("1:1", "`database_url` is `***`, which is of another kind of database", "a file for one service, as in sqlite:data/recommender.db"),
        broken("a proxy without a scheme", "proxy:\n  url: recobeat-proxy:8080\n")
            .told("2:8", "`proxy.url` is `recobeat-proxy:8080`, which does not begin with http:// or https://", "write the whole URL, scheme first"),
        broken("an hour that no day has", "schedule:\n  warm_at: \"24:00\"\n")
            .told("2:12", "`schedule.warm_at` is `24:00`, but must be a time of day from 00:00 to 23:59", "write hour and minute with two digits each"),
        broken("a seed that is no id", "moods:\n  starter_seeds:\n    calm: [2ZyXwVuTsRqPoNmLkJiHgF, rain]\n")
            .told("3:36", "an item of `moods.starter_seeds` is `rain`", "write them as { calm and relaxing: [2ZyXwVuTsRqPoNmLkJiHgF] }"),
        broken("a variable of hosters that is no database", "").env("DATABASE_URL", "me:hunter2@db/lists")
            .told("environment variable DATABASE_URL", "`database_url` is `***`", "a file for one service"),
    ]
}
