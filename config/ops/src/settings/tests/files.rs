//! Files that are missing, odd, or no text.

use std::fs;
use std::path::Path;

use super::load;
use super::sample::Sample;
use crate::settings::{Reading, Sources, load as load_from};

/// The message for a file of these bytes, without its folder.
fn refusal_of(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.yaml");
    fs::write(&path, bytes).unwrap();
    refusal_at(&path, folder.path())
}

fn refusal_at(path: &Path, folder: &Path) -> String {
    let sources = Sources { path: Some(path.to_owned()), ..Sources::default() };
    let message = load_from::<Sample>(sources).unwrap_err().to_string();
    message.replace(&format!("{}/", folder.display()), "")
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(load("").unwrap(), Sample::default());
    assert_eq!(load("\n# nothing but a comment\n").unwrap(), Sample::default());
    assert_eq!(load("---\n...\n").unwrap(), Sample::default());
}

#[test]
fn a_file_that_was_emptied_is_refused_by_a_service_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.yaml");
    let sources = Sources { path: Some(path.clone()), ..Sources::default() };
    fs::write(&path, "# nothing yet\n").unwrap();
    let mut reading = Reading::new(sources.clone(), &load_from::<Sample>(sources).unwrap());
    let mut write = |text: &str| {
        fs::write(&path, text).unwrap();
        let loaded = reading.again::<Sample>().map_err(|error| error.to_string())?;
        reading.taken(&loaded);
        Ok::<_, String>(loaded.config.numbers.count)
    };
    assert_eq!(write(""), Ok(1), "it was empty before");
    assert_eq!(write("numbers: { count: 3 }"), Ok(3));
    for emptied in ["", "\n  \n", "# numbers:\n#   count: 3\n", "\u{FEFF}", "---\n"] {
        let message = write(emptied).unwrap_err().replace(&format!("{}/", folder.path().display()), "");
        assert_eq!(
            message,
            r"
sample.yaml: empty, and was not when it was last read
  = help: write the settings again; to go by the defaults, restart, or write `{}` into it"
                .trim_start(),
            "{emptied:?}"
        );
    }
    assert_eq!(write("numbers: { count: 4 }"), Ok(4));
    assert_eq!(write("{}\n"), Ok(1), "nothing, and written so");
    let broken = write("numbers: [").unwrap_err();
    assert!(!broken.contains("empty"), "{broken}");
}

#[test]
fn empty_sections_are_the_default() {
    let text = "numbers:\nlong:\n    # ttl:\ntls: { cert: null, key: }\n";
    assert_eq!(load(text).unwrap(), Sample::default());
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_no_trouble() {
    let config = load("\u{FEFF}numbers:\r\n  count: 3\r\n").unwrap();
    assert_eq!(config.numbers.count, 3);
    assert_eq!(super::refusal("\u{FEFF}lisen: 1"), super::refusal("lisen: 1"));
}

#[test]
fn an_alias_repeats_a_value() {
    let sample = load("long: &long { ttl: 1d, stale: 2d }\nshort: *long\n").unwrap();
    assert_eq!(sample.short, sample.long);
    assert_ne!(sample.short, Sample::default().short);
}

#[test]
fn without_a_path_and_a_file_the_defaults_apply() {
    // Tests run in the folder of the crate, which has no `config/sample.yaml`.
    let loaded = load_from::<Sample>(Sources::default()).unwrap();
    assert_eq!(loaded.config, Sample::default());
    assert_eq!(loaded.path, None);
}

#[test]
fn beside_a_bad_file_the_environment_and_the_command_line_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.yaml");
    fs::write(&path, "listen: nowhere\nnumbers: { count: 3 }\n").unwrap();
    let env = vec![("SAMPLE_LISTEN".to_owned(), "127.0.0.1:81".to_owned())];
    let sources = Sources { path: Some(path), env, set: vec!["numbers.part=0.25".to_owned()] };
    assert!(load_from::<Sample>(Sources { env: Vec::new(), ..sources.clone() }).is_err());
    let sample = load_from::<Sample>(sources.beside_the_file()).unwrap().config;
    assert_eq!(sample.listen, "127.0.0.1:81".parse().unwrap());
    assert_eq!((sample.numbers.count, sample.numbers.part.to_bits()), (1, 0.25_f64.to_bits()));
}

#[test]
fn a_missing_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let message = refusal_at(&folder.path().join("proxy.yml"), folder.path());
    assert_eq!(message, r"
proxy.yml: cannot be read: No such file or directory (os error 2)
  = help: check the path (relative ones start from the working directory) and its permissions; without --config the defaults apply".trim_start());
}

#[test]
fn a_folder_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("config")).unwrap();
    let message = refusal_at(&folder.path().join("config"), folder.path());
    assert_eq!(
        message,
        r"
config: a folder, not a file
  = help: name the YAML file in it"
            .trim_start()
    );
}

#[test]
fn bytes_that_are_no_text_are_located() {
    assert_eq!(
        refusal_of(b"numbers: {}\nlisten: \xFF\xFE\n"),
        r"
sample.yaml: not UTF-8 text: line 2 has a byte that is no character
  = help: save it as UTF-8"
            .trim_start()
    );
}

#[test]
fn utf_16_is_recognised() {
    assert_eq!(
        refusal_of(b"\xFF\xFEl\0i\0"),
        r"
sample.yaml: UTF-16 text
  = help: save it as UTF-8"
            .trim_start()
    );
}

#[test]
fn a_file_too_large_is_not_read_on() {
    assert_eq!(
        refusal_of(&vec![b'#'; (1 << 20) + 1]),
        r"
sample.yaml: larger than 1MiB
  = help: a configuration is a small YAML file: check the path"
            .trim_start()
    );
}

#[test]
fn a_long_line_is_shown_around_its_fault() {
    let text = format!("allowed_origins: [{}https://a.example/]\n", "https://b.example, ".repeat(12));
    assert_eq!(super::refusal(&text), r"
sample.yaml:1:247: an item of `allowed_origins` is `https://a.example/`, which ends with a slash; it must be `*` or an origin such as https://app.example.org
  |
1 | …b.example, https://b.example, https://b.example, https://a.example/]
  |                                                   ^^^^^^^^^^^^^^^^^^
  = help: write https://a.example, as browsers send it".trim_start());
}

#[test]
fn a_swapped_certificate_and_key_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&cert, "-----BEGIN CERTIFICATE-----\n").unwrap();
    fs::write(&key, "-----BEGIN EC PRIVATE KEY-----\n").unwrap();
    let right = format!("tls: {{ cert: {}, key: {} }}", cert.display(), key.display());
    let wrong = format!("tls: {{ cert: {}, key: {} }}", key.display(), cert.display());
    let tls = load(&right).unwrap().tls.unwrap();
    assert_eq!((tls.cert, tls.key), (cert, key));
    let message = super::refusal(&wrong);
    assert!(message.contains("which holds no `BEGIN CERTIFICATE`; it must be a certificate"), "{message}");
    assert!(message.contains("which holds no `PRIVATE KEY`; it must be a private key"), "{message}");
}
