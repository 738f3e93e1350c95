use crate::harness::matrix as shared;
use crate::row::Seen;

pub(crate) async fn matrix() -> Seen {
    let mut seen = Seen::default();
    let report = shared::run("").await;
    let shape = format!("{} endpoint kinds × {} faults", report.endpoints, report.faults);
    seen.must(report.pairs > 0, format!("{shape} = {} pairs", report.pairs));
    seen.must_be_none(&report.wrong);
    seen
}
