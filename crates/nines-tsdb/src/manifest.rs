//! The manifest: which files make up the store. Replaced as a whole, so that a cut happens at one instant.
//!
//! Text, so that people can read it; the last line is a checksum of everything before.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::Damage;
use crate::files::{UNFINISHED, sync_folder, with_suffix};

pub(crate) const MANIFEST: &str = "manifest";
const FIRST_LINE: &str = "nines-tsdb 1";
/// Far more than segments there can be names for.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What the store consists of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Files of the write-ahead log up to this number are replaced by the checkpoint of this number; 0 is none.
    pub(crate) checkpoint: u64,
    /// Numbers of the segments, rising.
    pub(crate) segments: Vec<u64>,
}

impl Manifest {
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\ncheckpoint {}\n", self.checkpoint);
        for segment in &self.segments {
            text.push_str(&format!("segment {segment}\n"));
        }
        let checksum = crc32fast::hash(text.as_bytes());
        text.push_str(&format!("crc32 {checksum:08x}\n"));
        text
    }

    pub(crate) fn parse(text: &str) -> Result<Self, Damage> {
        let (body, checksum) = text.rsplit_once("crc32 ").ok_or(Damage("it has no checksum"))?;
        if checksum != format!("{:08x}\n", crc32fast::hash(body.as_bytes())) {
            return Err(Damage("its checksum is wrong"));
        }
        let mut lines = body.lines();
        if lines.next() != Some(FIRST_LINE) {
            return Err(Damage("it is of another version"));
        }
        let mut manifest = Self::default();
        for line in lines {
            let (key, number) = line.split_once(' ').ok_or(Damage("a line has no number"))?;
            let number = number.parse().map_err(|_| Damage("a line has no number"))?;
            match key {
                "checkpoint" => manifest.checkpoint = number,
                "segment" => manifest.segments.push(number),
                _ => return Err(Damage("a line is unknown")),
            }
        }
        manifest.segments.sort_unstable();
        Ok(manifest)
    }

    /// Reads the manifest; `None` if there is none yet.
    pub(crate) fn read(dir: &Path) -> io::Result<Option<Result<Self, Damage>>> {
        let path = dir.join(MANIFEST);
        match fs::metadata(&path) {
            Ok(metadata) if BYTES_MAX < metadata.len() => {
                return Ok(Some(Err(Damage("it is too large"))));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            _ => {}
        }
        let bytes = fs::read(&path)?;
        let text = str::from_utf8(&bytes).map_err(|_| Damage("it is not UTF-8"));
        Ok(Some(text.and_then(Self::parse)))
    }

    /// Writes the next manifest aside; after an error the old one stands.
    pub(crate) fn prepare(&self, dir: &Path) -> io::Result<()> {
        let mut file = File::create(with_suffix(&dir.join(MANIFEST), UNFINISHED))?;
        file.write_all(self.to_text().as_bytes())?;
        file.sync_all()
    }

    /// Puts the prepared manifest in place. After an error nobody knows which one stands, and both must work.
    pub(crate) fn commit(dir: &Path) -> io::Result<()> {
        let path = dir.join(MANIFEST);
        fs::rename(with_suffix(&path, UNFINISHED), &path)?;
        sync_folder(dir)
    }
}

#[cfg(test)]
mod tests;
