//! The statements of a user's list: one per combination of filters and order, so that each is
//! planned for what it really asks.

use super::{ListQuery, SortBy, SortOrder};

/// What differs between the engines.
pub(super) struct Dialect {
    /// Of a row of the list.
    pub(super) columns: &'static str,
    /// What lists are sorted by.
    pub(super) name: &'static str,
    /// That the row holds the text in parameter `$n`.
    pub(super) holds: fn(n: usize) -> String,
    /// That the row's status is none of those in parameter `$n`.
    pub(super) is_none_of: fn(n: usize) -> String,
}

/// The same parameters for both: the user, then the text, then the statuses, where asked for; the
/// page has two more, limit and offset.
pub(super) struct Statements {
    pub(super) page: String,
    pub(super) count: String,
}

impl Dialect {
    pub(super) fn statements(&self, query: &ListQuery) -> Statements {
        let mut parameters = 1;
        let mut condition = String::from("user_id = $1 AND deleted_at IS NULL");
        let mut add = |test: fn(usize) -> String| {
            parameters += 1;
            condition.push_str(" AND ");
            condition.push_str(&test(parameters));
        };
        if query.text().is_some() {
            add(self.holds);
        }
        if !query.exclude_statuses.is_empty() {
            add(self.is_none_of);
        }
        let (columns, order) = (self.columns, self.order(query));
        let (limit, offset) = (parameters + 1, parameters + 2);
        Statements {
            page: format!(
                "SELECT {columns} FROM playlists WHERE {condition} ORDER BY {order} \
                 LIMIT ${limit} OFFSET ${offset}"
            ),
            count: format!("SELECT count(*) FROM playlists WHERE {condition}"),
        }
    }

    /// Each is an index, read forwards or backwards; the id makes it total.
    fn order(&self, query: &ListQuery) -> String {
        let name = self.name;
        match (query.sort_by, query.sort_order) {
            (SortBy::CreatedAt, SortOrder::Descending) => "created_at DESC, id DESC".into(),
            (SortBy::CreatedAt, SortOrder::Ascending) => "created_at, id".into(),
            (SortBy::TrackCount, SortOrder::Descending) => {
                "track_count DESC, created_at DESC, id DESC".into()
            }
            (SortBy::TrackCount, SortOrder::Ascending) => "track_count, created_at, id".into(),
            (SortBy::Name, SortOrder::Ascending) => format!("{name}, created_at DESC, id DESC"),
            (SortBy::Name, SortOrder::Descending) => format!("{name} DESC, created_at, id"),
        }
    }
}

impl ListQuery {
    /// What is searched, if anything.
    pub(super) fn text(&self) -> Option<&str> {
        self.search.as_deref().filter(|text| !text.trim().is_empty())
    }

    pub(super) fn rows(&self) -> i64 {
        i64::from(self.limit.min(100))
    }

    pub(super) fn excluded(&self) -> Vec<&'static str> {
        self.exclude_statuses.iter().map(|status| status.name()).collect()
    }
}
