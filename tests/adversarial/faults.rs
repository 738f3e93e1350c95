use crate::harness::matrix;

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_on_every_endpoint_is_an_error_once_and_leaves_nothing_behind() {
    let report = matrix::run("").await;
    assert_eq!(report.pairs, 17 * report.faults);
    assert!(report.wrong.is_empty(), "{} wrong:\n{}", report.wrong.len(), report.wrong.join("\n"));
}
