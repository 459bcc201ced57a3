//! The test runner's own summary, kept so that it can be the last line of all.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc;
use std::thread;

/// Lines that wait to be printed; then the test runner waits.
const QUEUE_LINES_MAX: usize = 1_024;

/// What the runner said at its end.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// nextest ends with one line, and names the failed tests after it.
    nextest: Vec<String>,
    /// `cargo test` has a line for each binary.
    results: Vec<String>,
}

impl Summary {
    fn see(&mut self, line: &str) {
        let line = line.trim();
        let is_summary = line.starts_with("Summary [");
        if is_summary || !self.nextest.is_empty() {
            self.nextest.push(line.to_owned());
        } else if line.starts_with("test result: ") {
            self.results.push(line.to_owned());
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nextest.split_first() {
            Some((summary, failed)) => {
                failed.iter().try_for_each(|it| writeln!(f, "{it}"))?;
                f.write_str(summary)
            }
            None if self.results.is_empty() => f.write_str("no tests were run"),
            None => {
                let sum = |word| self.results.iter().filter_map(|it| count(it, word)).sum::<u64>();
                let (passed, failed, ignored) = (sum("passed"), sum("failed"), sum("ignored"));
                let run = passed + failed;
                write!(
                    f,
                    "Summary {run} tests run: {passed} passed, {failed} failed, {ignored} skipped"
                )
            }
        }
    }
}

/// The number before `word` in `test result: ok. 3 passed; 0 failed; …`.
fn count(line: &str, word: &str) -> Option<u64> {
    let before = line.split(';').find_map(|it| it.trim().strip_suffix(word))?;
    before.split_whitespace().next_back()?.parse().ok()
}

/// Prints both streams as they come, line by line, until both end.
pub(super) fn watch(
    stdout: impl Read + Send + 'static,
    stderr: impl Read + Send + 'static,
    summary: &mut Summary,
) {
    let (sender, lines) = mpsc::sync_channel(QUEUE_LINES_MAX);
    forward(stdout, sender.clone());
    forward(stderr, sender);
    for line in lines {
        println!("{line}");
        summary.see(&line);
    }
}

/// Sends every line from another thread; it ends with the stream.
fn forward(stream: impl Read + Send + 'static, sender: mpsc::SyncSender<String>) {
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|count| 0 < count) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
}
