//! W3C Trace Context: two header fields, read strictly and written back.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// What has to be passed on at least; longer states are dropped, as they may be.
const LONGEST_STATE: usize = 512;

/// Which trace a request belongs to, and the span that caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Never 0.
    pub(super) trace: u128,
    /// Never 0.
    pub(super) span: u64,
    pub(super) flags: u8,
    /// What vendors say, in their own words.
    pub(super) state: Option<Arc<str>>,
}

impl Context {
    /// `None` when the request belongs to no trace, or does not say so as it must.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all(TRACEPARENT).iter();
        let parent = parents.next()?.to_str().ok()?;
        if parents.next().is_some() {
            return None;
        }
        let (trace, span, flags) = parse(parent)?;
        let states = headers.get_all(TRACESTATE).iter().map(HeaderValue::to_str);
        let state = states.collect::<Result<Vec<_>, _>>().unwrap_or_default().join(",");
        let state = (!state.is_empty() && state.len() <= LONGEST_STATE).then(|| state.into());
        Some(Self { trace, span, flags, state })
    }

    /// Value of `traceparent`.
    pub fn parent(&self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }

    /// The fields of a request that this context causes.
    pub fn fields(&self) -> Vec<(HeaderName, HeaderValue)> {
        let state = self.state.as_deref().map(|state| (TRACESTATE, HeaderValue::from_str(state)));
        [(TRACEPARENT, HeaderValue::from_str(&self.parent()))]
            .into_iter()
            .chain(state)
            .filter_map(|(name, value)| Some((name, value.ok()?)))
            .collect()
    }

    /// For log lines: 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// For log lines: 16 hexadecimal digits.
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span)
    }
}

/// `version-trace-parent-flags`. Later versions may add parts behind (§3.2.4 of the recommendation).
fn parse(text: &str) -> Option<(u128, u64, u8)> {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags, further @ ..] = &parts[..] else { return None };
    let lengths = [version, trace, span, flags].map(|part| part.len());
    let digits = [version, trace, span, flags].into_iter().all(|part| lower_hex(part));
    let known = *version == "00";
    if lengths != [2, 32, 16, 2] || !digits || *version == "ff" || (known && !further.is_empty()) {
        return None;
    }
    let trace = u128::from_str_radix(trace, 16).ok().filter(|trace| *trace != 0)?;
    let span = u64::from_str_radix(span, 16).ok().filter(|span| *span != 0)?;
    Some((trace, span, u8::from_str_radix(flags, 16).ok()?))
}

fn lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    fn headers(fields: &[(HeaderName, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).fold(
            HeaderMap::new(),
            |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            },
        )
    }

    #[test]
    fn a_context_is_passed_on_as_it_came() {
        let parent = format!("00-{TRACE}-{SPAN}-01");
        let received = headers(&[(TRACEPARENT, &parent), (TRACESTATE, "a=1"), (TRACESTATE, "b=2")]);
        let context = Context::of(&received).expect("a valid context");
        assert_eq!((context.trace_id(), context.span_id()), (TRACE.to_owned(), SPAN.to_owned()));
        let sent: HeaderMap = context.fields().into_iter().collect();
        assert_eq!(sent, headers(&[(TRACEPARENT, &parent), (TRACESTATE, "a=1,b=2")]));
    }

    #[rstest]
    #[case::upper_case(&format!("00-{}-{SPAN}-01", TRACE.to_uppercase()))]
    #[case::no_trace(&format!("00-{}-{SPAN}-01", "0".repeat(32)))]
    #[case::no_parent(&format!("00-{TRACE}-{}-01", "0".repeat(16)))]
    #[case::forbidden_version(&format!("ff-{TRACE}-{SPAN}-01"))]
    #[case::more_than_version_0_has(&format!("00-{TRACE}-{SPAN}-01-x"))]
    #[case::short(&format!("00-{TRACE}-{SPAN}"))]
    #[case::a_sign_for_a_digit(&format!("00-+{}-{SPAN}-01", &TRACE[1..]))]
    #[case::empty("")]
    fn what_is_no_context_is_ignored(#[case] parent: &str) {
        assert_eq!(Context::of(&headers(&[(TRACEPARENT, parent)])), None);
    }

    #[test]
    fn a_later_version_may_say_more() {
        let later = format!("01-{TRACE}-{SPAN}-01-more");
        let context = Context::of(&headers(&[(TRACEPARENT, &later)])).expect("its known part is valid");
        assert_eq!(context.parent(), format!("00-{TRACE}-{SPAN}-01"));
    }

    #[test]
    fn two_contexts_are_none_and_a_long_state_is_dropped() {
        let parent = format!("00-{TRACE}-{SPAN}-00");
        assert_eq!(Context::of(&headers(&[(TRACEPARENT, &parent), (TRACEPARENT, &parent)])), None);
        let state = format!("a={}", "1".repeat(LONGEST_STATE));
        let context = Context::of(&headers(&[(TRACEPARENT, &parent), (TRACESTATE, &state)]));
        assert_eq!(context.map(|context| context.state), Some(None));
    }
}
