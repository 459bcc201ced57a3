//! Targets to scrape: each answers with prepared pages, so that serving costs next to nothing.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::series::Mix;

/// Different pages that follow each other.
const PAGES: usize = 16;

/// Listening targets; they end with their owner.
#[derive(Debug)]
pub(super) struct Exporters {
    addresses: Vec<String>,
    series: usize,
    served: Arc<AtomicU64>,
    stopping: Arc<AtomicBool>,
}

impl Exporters {
    pub(super) fn start(targets: usize, series: usize) -> anyhow::Result<Self> {
        let mut mix = Mix::new(series);
        let pages = (0..PAGES).map(|_| {
            mix.step();
            mix.exposition()
        });
        let pages: Arc<[String]> = pages.collect();
        let (served, stopping) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let mut addresses = Vec::new();
        for _ in 0..targets {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            addresses.push(listener.local_addr()?.to_string());
            let (pages, served) = (Arc::clone(&pages), Arc::clone(&served));
            let stopping = Arc::clone(&stopping);
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if stopping.load(Ordering::Relaxed) {
                        return;
                    }
                    let (pages, served) = (Arc::clone(&pages), Arc::clone(&served));
                    // A client that goes away is no failure.
                    thread::spawn(move || drop(serve(stream, &pages, &served)));
                }
            });
        }
        Ok(Self { addresses, series, served, stopping })
    }

    /// What a Prometheus configuration says about them.
    pub(super) fn scrape_configs(&self) -> String {
        format!(
            "scrape_configs:\n  - job_name: bench\n    scrape_interval: 1s\n    static_configs: [{{targets: {:?}}}]\n",
            self.addresses
        )
    }

    /// Samples that were served so far.
    pub(super) fn samples(&self) -> u64 {
        self.served.load(Ordering::Relaxed) * self.series as u64
    }
}

impl Drop for Exporters {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        for address in &self.addresses {
            // Wakes the thread, which then ends.
            drop(TcpStream::connect(address));
        }
    }
}

fn serve(stream: TcpStream, pages: &[String], served: &AtomicU64) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    for page in pages.iter().cycle() {
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\r\n",
            page.len()
        );
        writer.write_all(head.as_bytes())?;
        writer.write_all(page.as_bytes())?;
        served.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
