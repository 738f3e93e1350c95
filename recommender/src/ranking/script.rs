//! Writing systems, and the regions and languages they stand for.
//!
//! The only thing that a title tells about where it comes from without guessing. Letter pairs and
//! short sequences say nothing ("Code Red" is as Latin as any).

use std::collections::HashSet;

use unicode_script::{Script, UnicodeScript};

use super::title;

/// A way of writing as people name it; Han belongs to what surrounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WritingSystem {
    Latin,
    Hangul,
    /// Kana, with or without Han.
    Japanese,
    /// Han without Kana or Hangul.
    Chinese,
    Thai,
    /// Lao, Khmer, Burmese.
    MainlandAsian,
    Arabic,
    Hebrew,
    Cyrillic,
    Greek,
    /// Devanagari and its sisters.
    Indic,
    Armenian,
    Georgian,
    Ethiopic,
}

use WritingSystem::{
    Arabic, Armenian, Chinese, Cyrillic, Ethiopic, Georgian, Greek, Hangul, Hebrew, Indic, Japanese, Latin,
    MainlandAsian, Thai,
};

/// Regions, countries, languages and their genres: words of a name, whole, and what they write in.
const REGIONS: &[(&[WritingSystem], &[&str])] = &[
    (&[Hangul], &["korea", "korean", "south korea", "k-pop", "kpop", "k pop", "ko", "kr"]),
    (&[Japanese], &["japan", "japanese", "j-pop", "jpop", "j pop", "anime", "ja", "jp"]),
    (
        &[Chinese],
        &[
            "china",
            "chinese",
            "mandarin",
            "cantonese",
            "taiwan",
            "taiwanese",
            "hong kong",
            "c-pop",
            "cpop",
            "mandopop",
            "cantopop",
            "zh",
            "cn",
        ],
    ),
    (&[Thai], &["thailand", "thai", "th"]),
    (&[MainlandAsian], &["laos", "lao", "cambodia", "khmer", "myanmar", "burma", "burmese"]),
    (&[Thai, MainlandAsian], &["southeast asia", "southeast asian", "south east asia"]),
    (&[Hangul, Japanese, Chinese], &["east asia", "east asian"]),
    (&[Hangul, Japanese, Chinese, Thai, MainlandAsian, Indic], &["asia", "asian"]),
    (
        &[Arabic],
        &[
            "arabic", "arab", "arabia", "egypt", "egyptian", "persian", "iran", "iranian", "farsi", "urdu",
            "ar", "fa",
        ],
    ),
    (&[Arabic, Hebrew], &["middle east", "middle eastern"]),
    (&[Hebrew], &["hebrew", "israel", "israeli", "he"]),
    (
        &[Cyrillic],
        &[
            "russia",
            "russian",
            "cyrillic",
            "ukraine",
            "ukrainian",
            "bulgaria",
            "bulgarian",
            "serbian",
            "belarus",
            "eastern europe",
            "eastern european",
            "east european",
            "slavic",
            "ru",
            "uk",
            "bg",
        ],
    ),
    (&[Greek], &["greece", "greek", "el"]),
    (
        &[Indic],
        &[
            "india",
            "indian",
            "hindi",
            "bollywood",
            "punjabi",
            "tamil",
            "telugu",
            "bengali",
            "marathi",
            "gujarati",
            "kannada",
            "malayalam",
            "nepali",
            "sinhala",
            "south asia",
            "south asian",
            "hi",
            "ta",
            "te",
            "bn",
        ],
    ),
    (&[Armenian], &["armenia", "armenian", "hy"]),
    (&[Georgian], &["georgian", "ka"]),
    (&[Ethiopic], &["ethiopia", "ethiopian", "amharic", "am"]),
];

/// What a region, country or language writes in; nothing for those that write Latin, or unknown ones.
pub fn of_region(name: &str) -> Vec<WritingSystem> {
    let spoken = title::words(name);
    // The longest name that fits decides: "south east asia" is not all of Asia.
    let fitting =
        REGIONS.iter().flat_map(|(systems, names)| names.iter().map(move |known| (*systems, *known)));
    fitting
        .filter(|(_, known)| title::contains_words(&spoken, known) && (known.len() > 2 || spoken.len() == 1))
        .max_by_key(|(_, known)| title::words(known).len())
        .map(|(systems, _)| systems.to_vec())
        .unwrap_or_default()
}

/// What `text` is written in; digits and signs are of no system.
pub fn of_text(text: &str) -> HashSet<WritingSystem> {
    let scripts: HashSet<Script> = text.chars().map(|letter| letter.script()).collect();
    let mut systems: HashSet<WritingSystem> =
        scripts.iter().filter_map(|script| of_script(*script)).collect();
    // Han beside Kana is Japanese, beside Hangul Korean.
    if scripts.contains(&Script::Han) && !systems.contains(&Japanese) && !systems.contains(&Hangul) {
        systems.insert(Chinese);
    }
    systems
}

fn of_script(script: Script) -> Option<WritingSystem> {
    Some(match script {
        Script::Latin => Latin,
        Script::Hangul => Hangul,
        Script::Hiragana | Script::Katakana => Japanese,
        Script::Bopomofo => Chinese,
        Script::Thai => Thai,
        Script::Lao | Script::Khmer | Script::Myanmar => MainlandAsian,
        Script::Arabic => Arabic,
        Script::Hebrew => Hebrew,
        Script::Cyrillic => Cyrillic,
        Script::Greek => Greek,
        Script::Devanagari
        | Script::Bengali
        | Script::Gurmukhi
        | Script::Gujarati
        | Script::Oriya
        | Script::Tamil
        | Script::Telugu
        | Script::Kannada
        | Script::Malayalam
        | Script::Sinhala => Indic,
        Script::Armenian => Armenian,
        Script::Georgian => Georgian,
        Script::Ethiopic => Ethiopic,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Code Red", &[Latin])]
    #[case("사랑 Love", &[Hangul, Latin])]
    #[case("さくら 桜", &[Japanese])]
    #[case("月亮代表我的心", &[Chinese])]
    #[case("愛 하루", &[Hangul])]
    #[case("Катюша", &[Cyrillic])]
    #[case("حبيبي", &[Arabic])]
    #[case("शाम", &[Indic])]
    #[case("காதல்", &[Indic])]
    #[case("รัก", &[Thai])]
    #[case("שלום", &[Hebrew])]
    #[case("αγάπη", &[Greek])]
    #[case("1979 (24/7)", &[])]
    fn text_is_told_by_its_script(#[case] text: &str, #[case] expected: &[WritingSystem]) {
        assert_eq!(of_text(text), expected.iter().copied().collect());
    }

    #[rstest]
    #[case("Korean", &[Hangul])]
    #[case("K-Pop", &[Hangul])]
    #[case("South Korea", &[Hangul])]
    #[case("japanese", &[Japanese])]
    #[case("chinese", &[Chinese])]
    #[case("ru", &[Cyrillic])]
    #[case("Eastern Europe", &[Cyrillic])]
    #[case("middle eastern", &[Arabic, Hebrew])]
    #[case("Southeast Asia", &[Thai, MainlandAsian])]
    #[case("asian", &[Hangul, Japanese, Chinese, Thai, MainlandAsian, Indic])]
    #[case("hindi", &[Indic])]
    #[case("Bollywood music", &[Indic])]
    #[case("western", &[])]
    #[case("english", &[])]
    #[case("indiana", &[])]
    #[case("what he said", &[])]
    #[case("", &[])]
    fn regions_stand_for_their_writing(#[case] region: &str, #[case] expected: &[WritingSystem]) {
        assert_eq!(of_region(region), expected);
    }
}
