//! What one service does to prepare a playlist: 81 requests, as clients in the wild send them.
//!
//! No two of the requests have the same URL, so a cache of URLs saves nothing on the first run.

use super::{Answer, crowd, ids, stage::catalogue};
use recobeat_sim::Track;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

const HANDS: usize = 10;
const KNOWN: usize = 52;

/// The requests, and what right answers to them are.
pub(crate) struct Workload {
    tracks: Vec<&'static Track>,
    /// Spotify ids to be converted; everything else needs the answers.
    lists: Vec<String>,
    rest: Vec<String>,
}

/// One run of the workload.
pub(crate) struct Run {
    pub(crate) answers: Vec<Answer>,
    /// Answers that are not what the catalogue says.
    pub(crate) wrong: Vec<String>,
}

impl Workload {
    pub(crate) fn new() -> Self {
        let tracks = ids::tracks(100, KNOWN);
        let mut asked = ids::spotify(&tracks);
        // One unknown id after every seventh: misses are normal traffic.
        for (at, id) in ids::unknown(0, 8).into_iter().enumerate() {
            asked.insert(at * 7, id);
        }
        let lists = asked.chunks(30).map(|ids| ids::list("/v1/track", ids)).collect();
        let mut rest: Vec<String> =
            tracks.iter().map(|track| format!("/v1/track/{}/audio-features", track.id)).collect();
        rest.extend((0..5).map(|at| {
            let seeds = format!("{},{}", tracks[at].spotify, tracks[at + 5].id);
            format!("/v1/track/recommendation?size=20&seeds={seeds}&tempo={}", 100 + at)
        }));
        rest.push("/v1/track/recommendation?size=20&seeds=".to_owned());
        let artists = &catalogue().artists()[..3];
        rest.extend(
            artists
                .iter()
                .map(|artist| format!("/v1/artist/search?searchText={}&size=10", form(&artist.name))),
        );
        rest.extend(artists.iter().map(|artist| format!("/v1/artist/{}/track?page=0&size=50", artist.id)));
        rest.extend((0..15).map(|at| ids::list("/v1/audio-features", &features_asked(&tracks, at))));
        let workload = Self { tracks, lists, rest };
        let urls: HashSet<&String> = workload.lists.iter().chain(&workload.rest).collect();
        assert_eq!(urls.len(), 81, "the workload is 81 different URLs");
        workload
    }

    /// The requests in the two parts that must follow each other.
    pub(crate) fn parts(&self) -> [&[String]; 2] {
        [&self.lists, &self.rest]
    }

    /// Ten requests at once, from one client address.
    pub(crate) async fn run(&self, proxy: SocketAddr, client: u8) -> Run {
        let mut answers = crowd::in_turn(proxy, client, HANDS, &self.lists).await;
        answers.extend(crowd::in_turn(proxy, client, HANDS, &self.rest).await);
        let wrong = self.check(&answers);
        Run { answers, wrong }
    }

    fn check(&self, answers: &[Answer]) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut expect = |at: usize, what: &str, right: &dyn Fn(&Answer) -> bool| {
            if !right(&answers[at]) {
                wrong.push(format!("{what} (request {at}): {}", answers[at].brief()));
            }
        };
        let converted: Vec<String> = answers[..2].iter().flat_map(Answer::row_ids).collect();
        expect(0, "conversion", &|_| converted == ids::uuids(&self.tracks));
        for (at, track) in self.tracks.iter().enumerate() {
            let right = |answer: &Answer| answer.text() == ids::features_row(track);
            expect(2 + at, "features of one track", &right);
        }
        let recommended = 2 + KNOWN;
        for at in recommended..recommended + 5 {
            expect(at, "recommendation", &|answer| answer.is_ok() && answer.row_ids().len() == 20);
        }
        let blank = recommended + 5;
        expect(blank, "recommendation without seeds", &|answer| answer.code() == 400);
        for at in blank + 1..blank + 7 {
            expect(at, "search or page", &|answer| answer.is_ok() && !answer.row_ids().is_empty());
        }
        for at in 0..15 {
            let right = ids::features_body(&subset(&self.tracks, at));
            expect(blank + 7 + at, "features of a list", &|answer| answer.text() == right);
        }
        wrong
    }
}

impl Run {
    /// The time that so many percent of the requests did not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        percentile(self.answers.iter().map(|answer| answer.took), percent)
    }
}

pub(crate) fn percentile(times: impl Iterator<Item = Duration>, percent: usize) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[(times.len() * percent).div_ceil(100).saturating_sub(1)]
}

/// As HTTP libraries write a form value.
fn form(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn subset(tracks: &[&'static Track], at: usize) -> Vec<&'static Track> {
    (0..12).map(|step| tracks[(at * 5 + step) % tracks.len()]).collect()
}

/// Half of the lists by Spotify id, half by RecoBeat id.
fn features_asked(tracks: &[&'static Track], at: usize) -> Vec<&'static str> {
    let subset = subset(tracks, at);
    if at.is_multiple_of(2) { ids::spotify(&subset) } else { ids::uuids(&subset) }
}
