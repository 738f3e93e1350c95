//! The vocabulary that all parts share: what is asked, what is known, what comes out.
//!
//! Values only. Nothing here calls anybody, reads a clock or draws a number.

mod body;
mod feature;
mod id;
mod mood;
mod outcome;
mod playlist;
mod request;
mod status;
mod track;

pub use body::{ArtistBody, FieldError, MentionBody, StartBody, TrackBody, Unreadable};
pub use feature::{Feature, Features, FeaturesSource, PerFeature, Range};
pub use id::{SpotifyId, TrackId};
pub(crate) use mood::by_name;
pub use mood::{ColorScheme, Emotion, EnergyLevel, Intent, IntentKind, Mood, Size, TemporalContext, Theme};
pub use outcome::{AudioFeatures, Outcome, Phase, Recommendation, Source};
pub use playlist::{Playlist, PlaylistSummary, PublicStats, UserStats};
pub(crate) use recobeat_ops::settings::closest;
pub use request::{MentionedTrack, MoodRequest, Priority, TopArtist, TopTrack};
pub use status::{OutOfOrder, Status};
pub use track::{Artist, ArtistName, Track};
