//! The beginning and the end of an output of any length, in bounded memory.

use std::collections::VecDeque;

use nines_port::CapturedOutput;

/// How much of the beginning is kept, in bytes.
pub(crate) const HEAD_BYTES: usize = 256 * 1_024;
/// How much of the end is kept, in bytes.
pub(crate) const TAIL_BYTES: usize = 768 * 1_024;

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    omitted_bytes: u64,
}

impl Capture {
    /// Adds what was read next.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = HEAD_BYTES.saturating_sub(self.head.len()).min(bytes.len());
        let (head, rest) = bytes.split_at(room);
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..excess);
        self.omitted_bytes += excess as u64;
    }

    /// As text; what is not UTF-8 is replaced.
    pub(crate) fn text(&self) -> CapturedOutput {
        let (front, back) = self.tail.as_slices();
        // A character may lie across the two parts only when nothing is missing between them.
        let text = if self.omitted_bytes == 0 {
            String::from_utf8_lossy(&[&self.head, front, back].concat()).into_owned()
        } else {
            let tail = [front, back].concat();
            let (head, tail) =
                (String::from_utf8_lossy(&self.head), String::from_utf8_lossy(&tail));
            format!("{head}{tail}")
        };
        CapturedOutput { text, omitted_bytes: self.omitted_bytes }
    }
}

#[cfg(test)]
mod tests;
