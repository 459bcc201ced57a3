//! Secrets, at the moment of their use.

use nines_port::Secret;

/// The text itself, without the blanks around a file's.
///
/// # Errors
/// The file cannot be read, in words.
pub fn read_secret(secret: &Secret) -> Result<String, String> {
    match secret {
        Secret::Inline(text) => Ok(text.clone()),
        Secret::File(path) => {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|error| format!("cannot read {path:?}: {error}"))?;
            Ok(text.trim().to_owned())
        }
    }
}
