//! Genre clusters: what makes the catalogue look like music rather than like noise.
//!
//! Real features are not independent: metal is loud *and* energetic *and* not acoustic. A mood
//! engine that filters on several features finds nothing in uniform noise, so each track is drawn
//! around the centre of its genre, and its title borrows words that fit the genre's mood.

/// Mean and spread of one feature.
pub(crate) type Curve = (f64, f64);

pub(crate) struct Genre {
    /// Tracks of this genre among all, relative to the other shares.
    pub(crate) share: usize,
    pub(crate) acousticness: Curve,
    pub(crate) danceability: Curve,
    pub(crate) energy: Curve,
    /// Probability of an instrumental track; the others are near zero.
    pub(crate) instrumental: f64,
    pub(crate) loudness: Curve,
    pub(crate) speechiness: Curve,
    pub(crate) tempo: Curve,
    pub(crate) valence: Curve,
    pub(crate) popularity: Curve,
    pub(crate) moods: &'static [&'static str],
}

macro_rules! genre {
    ($share:literal, a $a:expr, d $d:expr, e $e:expr, i $i:expr, l $l:expr, s $s:expr, t $t:expr, v $v:expr, p $p:expr, $moods:expr) => {
        Genre {
            share: $share,
            acousticness: $a,
            danceability: $d,
            energy: $e,
            instrumental: $i,
            loudness: $l,
            speechiness: $s,
            tempo: $t,
            valence: $v,
            popularity: $p,
            moods: &$moods,
        }
    };
}

/// Pop, rock, electronic, hip-hop, folk, ambient and classical, jazz, latin, metal, soul, lo-fi,
/// country.
pub(crate) const GENRES: &[Genre] = &[
    genre!(20, a(0.20, 0.15), d(0.66, 0.11), e(0.68, 0.14), i 0.01, l(-5.8, 1.8), s(0.07, 0.04), t(119.0, 17.0), v(0.56, 0.19), p(38.0, 20.0), ["happy", "love", "you", "summer", "dance", "day"]),
    genre!(14, a(0.12, 0.12), d(0.50, 0.11), e(0.78, 0.14), i 0.06, l(-6.2, 2.2), s(0.05, 0.03), t(126.0, 22.0), v(0.50, 0.19), p(27.0, 19.0), ["motivation", "the", "night", "energy"]),
    genre!(13, a(0.06, 0.08), d(0.68, 0.10), e(0.82, 0.11), i 0.40, l(-6.0, 2.0), s(0.07, 0.05), t(126.0, 9.0), v(0.45, 0.22), p(24.0, 18.0), ["party", "dance", "energetic", "workout", "energy", "late"]),
    genre!(11, a(0.17, 0.15), d(0.75, 0.10), e(0.64, 0.13), i 0.02, l(-6.8, 2.2), s(0.22, 0.10), t(112.0, 27.0), v(0.47, 0.19), p(33.0, 21.0), ["motivation", "workout", "party", "late"]),
    genre!(8, a(0.74, 0.16), d(0.50, 0.11), e(0.32, 0.13), i 0.06, l(-11.5, 3.0), s(0.04, 0.02), t(112.0, 22.0), v(0.38, 0.18), p(20.0, 16.0), ["calm", "rain", "morning", "melancholy", "intimate"]),
    genre!(8, a(0.91, 0.08), d(0.28, 0.11), e(0.13, 0.09), i 0.92, l(-21.5, 5.0), s(0.04, 0.01), t(96.0, 24.0), v(0.16, 0.12), p(14.0, 14.0), ["sleep", "focus", "concentration", "calm", "relax"]),
    genre!(6, a(0.72, 0.18), d(0.53, 0.12), e(0.34, 0.15), i 0.50, l(-13.0, 3.5), s(0.05, 0.03), t(108.0, 26.0), v(0.49, 0.20), p(13.0, 13.0), ["evening", "romantic", "relax", "intimate"]),
    genre!(7, a(0.26, 0.17), d(0.74, 0.09), e(0.72, 0.12), i 0.01, l(-5.6, 1.7), s(0.09, 0.06), t(113.0, 26.0), v(0.68, 0.17), p(34.0, 21.0), ["dance", "summer", "party", "happy"]),
    genre!(5, a(0.02, 0.03), d(0.38, 0.10), e(0.93, 0.06), i 0.14, l(-5.0, 1.7), s(0.09, 0.05), t(132.0, 25.0), v(0.32, 0.16), p(15.0, 15.0), ["energy", "energetic", "night", "workout"]),
    genre!(7, a(0.34, 0.20), d(0.64, 0.11), e(0.49, 0.14), i 0.02, l(-8.2, 2.4), s(0.08, 0.06), t(106.0, 25.0), v(0.48, 0.20), p(28.0, 19.0), ["romantic", "love", "intimate", "late", "vibes"]),
    genre!(7, a(0.62, 0.20), d(0.63, 0.11), e(0.33, 0.12), i 0.72, l(-13.2, 3.0), s(0.08, 0.06), t(84.0, 11.0), v(0.37, 0.18), p(18.0, 17.0), ["chill", "focus", "vibes", "rain", "concentration", "sleep"]),
    genre!(5, a(0.34, 0.22), d(0.56, 0.10), e(0.59, 0.16), i 0.01, l(-7.6, 2.3), s(0.04, 0.02), t(122.0, 25.0), v(0.55, 0.19), p(23.0, 18.0), ["day", "you", "sad", "morning"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::words::MOODS;

    #[test]
    fn genres_borrow_only_words_that_the_titles_know() {
        for mood in GENRES.iter().flat_map(|genre| genre.moods) {
            assert!(MOODS.contains(mood), "{mood} is not a title word");
        }
    }
}
