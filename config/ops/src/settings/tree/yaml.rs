//! YAML text to a tree.
//!
//! Only what a configuration needs: one document of maps, lists and scalars. Aliases are
//! resolved, within a bound; tags are refused, since no key has a use for them. Repeated keys
//! are reported and reading goes on, a syntax error ends it.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::{Entry, Node, Value};
use crate::settings::problem::{Place, Problem};

/// More than any configuration holds; stops aliases that multiply each other.
const MAX_NODES: usize = 20_000;

/// Whose text it is, so that nodes can say where they come from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    File,
    /// All nodes of an override have the same place.
    Override(Place),
}

/// Reads one document. An empty one is `Null`.
pub(crate) fn parse(text: &str, origin: &Origin, problems: &mut Vec<Problem>) -> Option<Node> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut builder = Builder {
        parser: Parser::new_from_str_with_options(text, options),
        origin,
        anchors: HashMap::new(),
        nodes: 0,
        problems,
    };
    match builder.document() {
        Ok(node) => Some(node),
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    origin: &'a Origin,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Builder<'a> {
    fn document(&mut self) -> Result<Node, Problem> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(Problem::new(self.place(span), "a second document starts here")
                        .help("a configuration is one YAML document: remove `---` and what follows it"));
                }
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => root = Some(self.node(event, span)?),
            }
        }
        Ok(root.unwrap_or(Node { value: Value::Null, place: Place::Whole }))
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Problem> {
        match self.parser.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, Problem> {
        let place = self.place(span);
        self.count(1, &place)?;
        let (value, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => (scalar(&text, style), anchor, tag),
            Event::SequenceStart(_, anchor, tag) => (self.list()?, anchor, tag),
            Event::MappingStart(_, anchor, tag) => (self.map()?, anchor, tag),
            Event::Alias(anchor) => return self.alias(anchor, &place),
            _ => return Err(Problem::new(place, "expected a value here")),
        };
        if tag.is_some() {
            return Err(Problem::new(place, "tags (`!…`) have no meaning in this configuration")
                .help("remove the tag; quote the value if it begins with `!`"));
        }
        let node = Node { value, place };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self) -> Result<Value, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn map(&mut self) -> Result<Value, Problem> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Value::Map(entries));
            }
            let key = self.node(event, span)?;
            let (event, span) = self.next()?;
            let node = self.node(event, span)?;
            let Value::Scalar { text, .. } = key.value else {
                self.problems.push(
                    Problem::new(
                        key.place,
                        format!("a key must be a word, but this one is {}", key_shown(&key.value)),
                    )
                    .help("write `name: value`"),
                );
                continue;
            };
            if let Some(first) = entries.iter().find(|entry| entry.key == text) {
                self.problems.push(duplicate(&text, &first.key_place, key.place));
                continue;
            }
            entries.push(Entry { key: text, key_place: key.place, node });
        }
    }

    fn alias(&mut self, anchor: usize, place: &Place) -> Result<Node, Problem> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(Problem::new(place.clone(), "this alias refers to the value it is part of")
                .help("write the value out"));
        };
        self.count(size(&node), place)?;
        Ok(node)
    }

    fn count(&mut self, nodes: usize, place: &Place) -> Result<(), Problem> {
        self.nodes += nodes;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        Err(Problem::new(
            place.clone(),
            format!("more than {MAX_NODES} values, aliases counted as often as they are used"),
        )
        .help("a configuration has about a hundred; write values out instead of using aliases"))
    }

    fn place(&self, span: Span) -> Place {
        match self.origin {
            Origin::Override(place) => place.clone(),
            Origin::File => {
                let (start, end) = (span.start, span.end);
                let width = if start.line() == end.line() {
                    end.col().saturating_sub(start.col())
                } else {
                    usize::MAX
                };
                Place::File { line: start.line().max(1), column: start.col() + 1, width }
            }
        }
    }

    fn syntax(&self, error: &ScanError) -> Problem {
        let place = self.place(Span::empty(*error.marker()));
        Problem::new(place, format!("not valid YAML: {}", error.kind())).help(remedy(error.kind()))
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let quoted = style != ScalarStyle::Plain;
    if !quoted && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Value::Null;
    }
    Value::Scalar { text: text.to_owned(), quoted }
}

fn size(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|entry| 1 + size(&entry.node)).sum::<usize>(),
        Value::Null | Value::Scalar { .. } => 1,
    }
}

fn key_shown(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::List(_) => "a list",
        _ => "a map",
    }
}

fn duplicate(key: &str, first: &Place, second: Place) -> Problem {
    let before = match first {
        Place::File { line, .. } => format!(", first on line {line}"),
        _ => String::new(),
    };
    Problem::new(second, format!("the key `{key}` is given twice{before}"))
        .help("keep one of the two; only one could take effect")
}

fn remedy(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => "YAML indents with spaces: replace the tab by spaces",
        ErrorKind::MappingValueNotAllowed => {
            "quote a value that holds `: `, and put each `key: value` on a line of its own"
        }
        ErrorKind::UnknownAnchor | ErrorKind::MissingAnchorOrAliasName => {
            "quote a value that begins with `*`, as in \"*\""
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
            "close the quote that was opened before"
        }
        _ => "check quotes, brackets and indentation here and on the lines above",
    }
}
