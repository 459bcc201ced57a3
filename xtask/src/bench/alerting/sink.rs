//! The receiver of the benchmark: an HTTP server that takes every notice, or refuses all for a while.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

#[derive(Debug, Default)]
struct Seen {
    /// When each alert arrived that was taken.
    taken: Vec<Instant>,
    refused: usize,
    refuses_until: Option<Instant>,
}

/// Runs until the process ends.
#[derive(Debug)]
pub(super) struct Sink {
    address: SocketAddr,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Sink {
    pub(super) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let seen = Arc::<(Mutex<Seen>, Condvar)>::default();
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&shared);
                // Whoever closes the connection in the middle has told nothing.
                thread::spawn(move || serve(&stream, &seen).ok());
            }
        });
        Ok(Self { address, seen })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.0.lock().expect("nobody panics while holding what was seen")
    }

    /// How many alerts were in the notices that were taken.
    pub(super) fn alerts(&self) -> usize {
        self.seen().taken.len()
    }

    /// How many requests were refused.
    pub(super) fn refused(&self) -> usize {
        self.seen().refused
    }

    /// From now on everything is answered with 503, until the time has passed.
    pub(super) fn refuse_for(&self, time: Duration) {
        self.seen().refuses_until = Some(Instant::now() + time);
    }

    /// When the alert with this number, counted from 1, arrived.
    pub(super) fn wait_for(&self, number: usize, within: Duration) -> Option<Instant> {
        let (seen, arrived) = (&self.seen.0, &self.seen.1);
        let seen = seen.lock().expect("nobody panics while holding what was seen");
        let missing = |it: &mut Seen| it.taken.len() < number;
        let (seen, _) = arrived
            .wait_timeout_while(seen, within, missing)
            .expect("nobody panics while holding what was seen");
        seen.taken.get(number - 1).copied()
    }
}

/// Answers request after request of one connection.
fn serve(stream: &TcpStream, seen: &(Mutex<Seen>, Condvar)) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    loop {
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let at = Instant::now();
        let body: Value = serde_json::from_slice(&body).map_err(io::Error::other)?;
        let alerts = body["alerts"].as_array().map_or(0, Vec::len);
        let status = {
            let mut seen = seen.0.lock().expect("nobody panics while holding what was seen");
            if seen.refuses_until.is_some_and(|it| at < it) {
                seen.refused += 1;
                "503 Service Unavailable"
            } else {
                seen.taken.extend(std::iter::repeat_n(at, alerts));
                "200 OK"
            }
        };
        seen.1.notify_all();
        write!(writer, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")?;
    }
}
