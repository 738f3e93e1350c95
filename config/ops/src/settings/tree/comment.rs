//! What the comments of a file say about its keys.

use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, Options, Parser, Placement};

use super::Node;
use crate::settings::problem::Place;

/// The explanation of each key and section: the comment beside it, else the lines right above it.
/// Where several keys share a line, it explains the first. A text that is no YAML explains nothing.
pub(crate) fn explanations(text: &str) -> BTreeMap<String, String> {
    let mut comments = Comments { beside: BTreeMap::new(), above: BTreeMap::new(), taken: BTreeSet::new() };
    let events = Parser::new_from_str_with_options(text, Options::default()).map_while(Result::ok);
    for (event, span) in events {
        if let Event::Comment(comment, placement) = event {
            let lines = match placement {
                Placement::Right => &mut comments.beside,
                _ => &mut comments.above,
            };
            lines.insert(span.start.line(), comment.trim().to_owned());
        }
    }
    let mut explained = BTreeMap::new();
    if let Ok(root) = Node::of_yaml(text) {
        comments.explain(&root, "", &mut explained);
    }
    explained
}

/// Comments by their line.
struct Comments {
    beside: BTreeMap<usize, String>,
    above: BTreeMap<usize, String>,
    /// Lines whose first key was met.
    taken: BTreeSet<usize>,
}

impl Comments {
    fn explain(&mut self, node: &Node, path: &str, explained: &mut BTreeMap<String, String>) {
        for entry in node.entries() {
            let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
            if let Place::File { line, .. } = entry.key_place
                && self.taken.insert(line)
                && let Some(text) = self.of_line(line)
            {
                explained.insert(path.clone(), text);
            }
            self.explain(&entry.node, &path, explained);
        }
    }

    fn of_line(&self, line: usize) -> Option<String> {
        if let Some(text) = self.beside.get(&line) {
            return Some(text.clone());
        }
        let mut lines: Vec<_> =
            (1..line).rev().map_while(|line| self.above.get(&line)).map(String::as_str).collect();
        lines.reverse();
        (!lines.is_empty()).then(|| lines.join(" "))
    }
}
