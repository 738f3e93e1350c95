use crate::harness::{Setup, Stage, ids};
use crate::row::Seen;

const TIMES: usize = 100;

pub(crate) async fn spellings() -> Seen {
    let mut seen = Seen::default();
    let unknown = ids::unknown(0, 7);
    let (a, b) = (unknown[0], unknown[1]);
    let plain = [
        format!("seeds={a},{b}&size=10&tempo=120"),
        format!("seeds={b},{a}&size=10&tempo=120"),
        format!("seeds={a}%2C{b}&size=10&tempo=120"),
        format!("seeds={a}%2c{b}&size=10&tempo=120"),
        format!("seeds={a}&seeds={b}&size=10&tempo=120"),
        format!("size=10&tempo=120&seeds={a},{b}"),
        format!("tempo=120&seeds={b}&size=10&seeds={a}"),
        format!("seeds={a},{b}&size=10&tempo=120.0"),
        format!("s%65eds={a},{b}&size=10&tempo=120"),
        format!("seeds={a},{b},{a}&size=10&tempo=120"),
    ];
    // Negatives are half of the seeds: tier 2 drops them, and nothing is left for the others.
    let half = orders(&unknown[..2], &unknown[2..3]);
    // Fewer: tier 3 keeps three seeds, tier 4 drops the negatives alone.
    let many = orders(&unknown[..5], &unknown[5..]);
    for (name, queries, calls) in
        [("2 seeds", &plain[..], 1), ("2 seeds, 1 negative", &half, 2), ("5 seeds, 2 negatives", &many, 3)]
    {
        let stage = Stage::with(&Setup::lifted()).await;
        let mut right = 0;
        for at in 0..TIMES {
            let query = &queries[at % queries.len()];
            let answer = stage.get(&format!("/v1/track/recommendation?{query}")).await;
            right += usize::from(answer.code() == 400 && answer.error_code() == Some(4002));
        }
        let log: Vec<String> = stage.sim.log().into_iter().map(|call| call.query).collect();
        seen.must(
            log.len() == calls && right == TIMES,
            format!("{name}: {} calls, {right} × 400 in {} spellings", log.len(), queries.len()),
        );
        if log.len() != calls {
            seen.note(log.join(" · "));
        }
    }
    seen
}

/// The same sets in several orders and forms.
fn orders(seeds: &[&str], negatives: &[&str]) -> Vec<String> {
    let (mut seeds, mut negatives) = (seeds.to_vec(), negatives.to_vec());
    let mut queries = Vec::new();
    for at in 0..10 {
        seeds.rotate_left(1);
        negatives.reverse();
        let comma = if at % 2 == 0 { "," } else { "%2C" };
        let (seeds, negatives) = (seeds.join(comma), negatives.join(","));
        queries.push(if at < 5 {
            format!("seeds={seeds}&negativeSeeds={negatives}&size=10")
        } else {
            format!("size=10&negativeSeeds={negatives}&seeds={seeds}")
        });
    }
    queries
}
