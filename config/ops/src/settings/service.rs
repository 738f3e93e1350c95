//! What differs between the services that are configured this way.

use serde::Serialize;

use super::reader::Reader;

/// The model of a service's settings. Serializes to the form of the file, secrets hidden.
pub trait Settings: Serialize + Sized {
    const SERVICE: Service;

    /// Names every key, whether it is given or not, and the combinations that are refused.
    fn read(r: &mut Reader<'_>) -> Self;
}

/// A service as its operators know it.
#[derive(Clone, Copy)]
pub struct Service {
    /// The name of its program.
    pub name: &'static str,
    /// Begins the names of its variables: every variable with this prefix belongs to the settings.
    pub prefix: &'static str,
    /// Read when no path is given, if it is there.
    pub file: &'static str,
    /// The text of that file as it is shipped: every key with its default, and a line that explains it.
    pub shipped: &'static str,
    /// Variables of other names that stand for a key, the strongest first.
    pub aliases: &'static [Alias],
    /// A setting for messages that show how one is written: `key=value`.
    pub example: &'static str,
}

/// A variable that hosters set, and the key it stands for. The variable of the key itself is stronger.
#[derive(Clone, Copy, Debug)]
pub struct Alias {
    pub variable: &'static str,
    pub key: &'static str,
    /// Whether it only fills what nothing else sets, the file included.
    pub yields: bool,
}

impl Service {
    /// The environment variable that sets a key.
    pub fn variable(&self, path: &str) -> String {
        format!("{}{}", self.prefix, path.to_uppercase().replace('.', "__"))
    }

    /// The path of the key that a variable sets; `None` if it is none of ours.
    pub(super) fn key(&self, variable: &str) -> Option<String> {
        let rest = variable.strip_prefix(self.prefix)?;
        // That one names the file; the command line reads it.
        (rest != "CONFIG" && !is_service_link(rest)).then(|| rest.replace("__", ".").to_lowercase())
    }
}

/// What Kubernetes and container links put into the environment for a service whose name begins
/// like the prefix: not meant for us and not the operator's doing.
fn is_service_link(rest: &str) -> bool {
    let name = format!("_{rest}");
    !name.contains("__")
        && (name.ends_with("_SERVICE_HOST")
            || name.contains("_SERVICE_PORT")
            || name.ends_with("_PORT")
            || (name.contains("_PORT_") && (name.contains("_TCP") || name.contains("_UDP"))))
}
