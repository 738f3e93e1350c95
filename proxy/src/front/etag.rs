//! Entity tags: one per representation, compared as RFC 9110 §13.1.2 says.

use super::coding::Coding;

/// The quoted strong tag of `etag`'s body in `coding`.
pub(super) fn tag(etag: &str, coding: Coding) -> String {
    match coding.name() {
        Some(name) => format!("\"{etag}-{name}\""),
        None => format!("\"{etag}\""),
    }
}

/// Does `If-None-Match` name `tag`? Weak comparison: `W/"a"` names `"a"`.
pub(super) fn names(condition: &str, tag: &str) -> bool {
    let mut rest = condition.trim();
    if rest == "*" {
        return true;
    }
    // Tags may contain commas, so the list is walked, not split.
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        rest = rest.strip_prefix("W/").unwrap_or(rest);
        let Some(length) = rest.strip_prefix('"').and_then(|inner| inner.find('"')) else {
            return false;
        };
        let (candidate, after) = rest.split_at(length + 2);
        if candidate == tag {
            return true;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::same("\"a\"", true)]
    #[case::weak("W/\"a\"", true)]
    #[case::any("*", true)]
    #[case::listed("\"b\", W/\"c\" ,\"a\"", true)]
    #[case::other("\"b\"", false)]
    #[case::longer("\"ab\"", false)]
    #[case::other_coding("\"a-gzip\"", false)]
    #[case::unquoted("a", false)]
    #[case::comma_inside("\"x,y\", \"a\"", true)]
    #[case::star_in_a_list("\"b\", *", false)]
    #[case::unfinished("\"a", false)]
    #[case::empty("", false)]
    fn a_condition_names_a_tag_or_not(#[case] condition: &str, #[case] expected: bool) {
        assert_eq!(names(condition, "\"a\""), expected);
    }

    #[test]
    fn each_coding_has_its_own_tag() {
        assert_eq!(tag("a", Coding::Identity), "\"a\"");
        assert_eq!(tag("a", Coding::Brotli), "\"a-br\"");
    }
}
