//! Text that is not the YAML of a configuration.

use super::refused;

refused! {
    a_key_given_twice: "listen: 127.0.0.1:8081\nnumbers: {}\nlisten: 127.0.0.1:8082\n" => r"
sample.yaml:3:1: the key `listen` is given twice, first on line 1
  |
3 | listen: 127.0.0.1:8082
  | ^^^^^^
  = help: keep one of the two; only one could take effect",

    a_tab_for_indentation: "budget:\n\trate_per_minute: 3\n" => r"
sample.yaml:2:2: not valid YAML: tabs disallowed within this context (block indentation)
  |
2 | 	rate_per_minute: 3
  | 	^
  = help: YAML indents with spaces: replace the tab by spaces",

    a_colon_in_a_value: "telemetry:\n  log: a: b\n" => r"
sample.yaml:2:9: not valid YAML: mapping values are not allowed in this context
  |
2 |   log: a: b
  |         ^
  = help: quote a value that holds `: `, and put each `key: value` on a line of its own",

    an_open_quote: "telemetry:\n  log: \"info\nguard: {}\n" => r"
sample.yaml:3:1: not valid YAML: invalid indentation in multiline quoted scalar
  |
3 | guard: {}
  | ^
  = help: close the quote that was opened before",

    an_open_bracket: "admin:\n  token: [hunter2\n" => r"
sample.yaml:2:10: not valid YAML: unclosed bracket '['
  |
2 |   token: ********
  |          ^
  = help: check quotes, brackets and indentation here and on the lines above",

    a_star_without_quotes: "cors: { allowed_origins: [*] }\n" => r#"
sample.yaml:1:27: not valid YAML: while scanning an anchor or alias, did not find expected alphabetic or numeric character
  |
1 | cors: { allowed_origins: [*] }
  |                           ^
  = help: quote a value that begins with `*`, as in "*""#,

    an_alias_of_nothing: "guard: *nothing\n" => r#"
sample.yaml:1:8: not valid YAML: while parsing node, found unknown anchor
  |
1 | guard: *nothing
  |        ^
  = help: quote a value that begins with `*`, as in "*""#,

    an_alias_of_itself: "guard: &guard\n  repair: *guard\n" => r"
sample.yaml:2:11: this alias refers to the value it is part of
  |
2 |   repair: *guard
  |           ^^^^^^
  = help: write the value out",

    aliases_that_multiply: "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n" => r"
sample.yaml:5:5: more than 20000 values, aliases counted as often as they are used
  |
5 | e: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
  |     ^^
  = help: a configuration has about a hundred; write values out instead of using aliases",

    a_second_document: "guard: {}\n---\nguard: {}\n" => r"
sample.yaml:2:1: a second document starts here
  |
2 | ---
  | ^^^
  = help: a configuration is one YAML document: remove `---` and what follows it",

    a_tag: "budget: { adaptive: !!str true }\n" => r"
sample.yaml:1:27: tags (`!…`) have no meaning in this configuration
  |
1 | budget: { adaptive: !!str true }
  |                           ^^^^
  = help: remove the tag; quote the value if it begins with `!`",

    a_list_for_a_key: "? [a]\n: b\n" => r"
sample.yaml:1:3: a key must be a word, but this one is a list
  |
1 | ? [a]
  |   ^
  = help: write `name: value`",
}
