use std::io::{self, IsTerminal};

/// Colours text for a terminal, unless `NO_COLOR` is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(bool);

impl Paint {
    #[cfg(test)]
    pub(super) const PLAIN: Self = Self(false);

    pub(super) fn of_stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self(wanted && io::stdout().is_terminal())
    }

    pub(super) fn good(self, text: &str) -> String {
        self.paint(text, "32")
    }

    pub(super) fn warn(self, text: &str) -> String {
        self.paint(text, "33")
    }

    pub(super) fn bad(self, text: &str) -> String {
        self.paint(text, "31")
    }

    /// For what names the rest.
    pub(super) fn dim(self, text: &str) -> String {
        self.paint(text, "2")
    }

    fn paint(self, text: &str, code: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
