//! The RecoBeat API as the contract describes it: a function from a request to a reply.
//!
//! No sockets, no clocks beside the timestamp in error bodies, no faults: those wrap around it.

mod endpoint;
mod extraction;
mod page;
mod params;
mod recommendation;
mod refusal;
mod reply;
mod rows;
mod tricks;

pub use endpoint::Endpoint;
pub(crate) use params::Params;
pub(crate) use refusal::Refusal;
pub(crate) use reply::Reply;
pub(crate) use tricks::Tricks;

use crate::catalogue::Catalogue;
use crate::dice::Dice;

/// What the API sees of a request.
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// Answers a request. `dice` decides what the upstream leaves to chance: the order of rows and
/// the draw of a recommendation.
pub(crate) fn answer(catalogue: &Catalogue, ask: &Ask, tricks: &Tricks, dice: &mut Dice) -> Reply {
    match rows(catalogue, ask, tricks, dice) {
        Ok(body) => Reply::json(200, body),
        Err(refusal) => refusal.reply(ask.path),
    }
}

fn rows(catalogue: &Catalogue, ask: &Ask, tricks: &Tricks, dice: &mut Dice) -> Result<String, Refusal> {
    let (endpoint, id) = Endpoint::of(ask.path);
    let params = Params::of(ask.query);
    let id = id.unwrap_or_default();
    if !endpoint.allows(ask.method) {
        let text = format!("Request method '{}' is not supported", ask.method);
        return Err(Refusal::plain(405, 4051, text));
    }
    match endpoint {
        Endpoint::Tracks | Endpoint::Features | Endpoint::Artists | Endpoint::Albums => {
            rows::multi_get(catalogue, endpoint, &params, tricks, dice)
        }
        Endpoint::Track | Endpoint::TrackFeatures | Endpoint::Artist | Endpoint::Album => {
            rows::single_get(catalogue, endpoint, id)
        }
        Endpoint::Recommendation => recommendation::recommend(catalogue, &params, dice),
        Endpoint::TrackSearch | Endpoint::ArtistSearch | Endpoint::AlbumSearch => {
            page::search(catalogue, endpoint, &params)
        }
        Endpoint::ArtistTracks | Endpoint::ArtistAlbums | Endpoint::AlbumTracks => {
            page::sub_list(catalogue, endpoint, id, &params)
        }
        Endpoint::Extraction => extraction::extract(ask.content_type, ask.body),
        Endpoint::Unknown => Err(Refusal::plain(404, 4042, "No such path")),
    }
}

#[cfg(test)]
mod tests;
