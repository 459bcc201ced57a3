//! Answers that are written while they are read: from a blocking thread, a chunk at a time, no faster than the
//! client takes them. What fits into one chunk is sent whole.
//!
//! It must not know what is written.

use std::io::{self, Write};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt as _;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot};
use tokio::time::timeout;

use super::answer::PromError;

/// Bytes that are written before they are sent.
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks on their way to one client.
const CHUNKS_WAITING_MAX: usize = 4;
/// A client that takes no chunk for so long is given up.
const STALL_MAX: Duration = Duration::from_secs(30);
/// Large answers that are sent at once; one more is refused.
const STREAMS_MAX: usize = 64;

static STREAMS: Semaphore = Semaphore::const_new(STREAMS_MAX);

/// How the answer is labelled and packed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packing {
    pub(super) content_type: &'static str,
    pub(super) gzip: Gzip,
}

/// Whether the client unpacks gzip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gzip {
    Accepted,
    Refused,
}

/// Why writing ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// There is no answer, but this.
    Error(PromError),
    /// Nobody reads it any more.
    Gone,
}

impl From<PromError> for Stop {
    fn from(error: PromError) -> Self {
        Self::Error(error)
    }
}

/// How an answer begins.
#[derive(Debug)]
enum Beginning {
    Whole(Vec<u8>),
    Failed(PromError),
    Chunks(mpsc::Receiver<Chunk>),
}

#[derive(Debug)]
enum Chunk {
    Bytes(Vec<u8>),
    /// Without it the answer is torn, and the client must see that.
    End,
}

/// Where an answer is written to.
#[derive(Debug)]
pub(super) struct Out {
    bytes: Vec<u8>,
    way: Way,
    gzip: Gzip,
}

#[derive(Debug)]
enum Way {
    /// Nothing was sent yet.
    Waiting(oneshot::Sender<Beginning>),
    Sending(Sending),
    Over,
}

#[derive(Debug)]
struct Sending {
    chunks: mpsc::Sender<Chunk>,
    encoder: Option<GzEncoder<Vec<u8>>>,
    _permit: SemaphorePermit<'static>,
}

impl Out {
    /// What is to be written into; call [`Self::breathe`] now and then.
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Whether nobody waits for the answer any more.
    pub(super) fn is_unwanted(&self) -> bool {
        match &self.way {
            Way::Waiting(beginning) => beginning.is_closed(),
            Way::Sending(sending) => sending.chunks.is_closed(),
            Way::Over => true,
        }
    }

    /// Sends what was written, if it is enough for a chunk.
    #[inline]
    pub(super) fn breathe(&mut self) -> Result<(), Stop> {
        if self.bytes.len() < CHUNK_BYTES { Ok(()) } else { self.send() }
    }

    #[cold]
    fn send(&mut self) -> Result<(), Stop> {
        if let Way::Waiting(_) = self.way {
            self.begin()?;
        }
        let Way::Sending(sending) = &mut self.way else { return Err(Stop::Gone) };
        let fresh = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4);
        let bytes = std::mem::replace(&mut self.bytes, fresh);
        sending.send(bytes)
    }

    fn begin(&mut self) -> Result<(), Stop> {
        let permit = STREAMS.try_acquire().map_err(|_| {
            PromError::unavailable(format!("{STREAMS_MAX} large answers are being sent; try again"))
        })?;
        let Way::Waiting(beginning) = std::mem::replace(&mut self.way, Way::Over) else {
            return Err(Stop::Gone);
        };
        let (chunks, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
        beginning.send(Beginning::Chunks(receiver)).map_err(|_| Stop::Gone)?;
        let encoder = (self.gzip == Gzip::Accepted)
            .then(|| GzEncoder::new(Vec::with_capacity(CHUNK_BYTES), Compression::fast()));
        self.way = Way::Sending(Sending { chunks, encoder, _permit: permit });
        Ok(())
    }

    /// The answer is complete, or there is none.
    fn end(mut self, written: Result<(), Stop>) {
        match (written, std::mem::replace(&mut self.way, Way::Over)) {
            (Ok(()), Way::Waiting(beginning)) => {
                // Whoever asked may have gone.
                drop(beginning.send(Beginning::Whole(self.bytes)));
            }
            (Ok(()), Way::Sending(sending)) => drop(sending.finish(self.bytes)),
            (Err(Stop::Error(error)), Way::Waiting(beginning)) => {
                drop(beginning.send(Beginning::Failed(error)));
            }
            (Err(Stop::Error(error)), _) => {
                tracing::warn!(error = error.message(), "a large answer is torn");
            }
            (Err(Stop::Gone), _) | (Ok(()), Way::Over) => {}
        }
    }
}

impl Sending {
    fn send(&mut self, bytes: Vec<u8>) -> Result<(), Stop> {
        let Some(encoder) = &mut self.encoder else { return self.pass(Chunk::Bytes(bytes)) };
        encoder.write_all(&bytes).map_err(|_| Stop::Gone)?;
        let packed = std::mem::take(encoder.get_mut());
        if packed.is_empty() { Ok(()) } else { self.pass(Chunk::Bytes(packed)) }
    }

    fn finish(mut self, rest: Vec<u8>) -> Result<(), Stop> {
        self.send(rest)?;
        if let Some(encoder) = self.encoder.take() {
            let packed = encoder.finish().map_err(|_| Stop::Gone)?;
            self.pass(Chunk::Bytes(packed))?;
        }
        self.pass(Chunk::End)
    }

    /// Waits while the client is slow, but not for ever.
    fn pass(&self, chunk: Chunk) -> Result<(), Stop> {
        let sent = Handle::current().block_on(timeout(STALL_MAX, self.chunks.send(chunk)));
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Stop::Gone),
        }
    }
}

/// Answers with what `write` writes, off the async threads.
pub(super) async fn streamed(
    packing: Packing,
    write: impl FnOnce(&mut Out) -> Result<(), Stop> + Send + 'static,
) -> Result<Response, PromError> {
    let (sender, beginning) = oneshot::channel();
    let Packing { content_type, gzip } = packing;
    tokio::task::spawn_blocking(move || {
        let mut out = Out { bytes: Vec::new(), way: Way::Waiting(sender), gzip };
        let written = write(&mut out);
        out.end(written);
    });
    let (body, is_packed) = match beginning.await {
        Ok(Beginning::Whole(bytes)) => (Body::from(bytes), false),
        Ok(Beginning::Chunks(chunks)) => (body(chunks), gzip == Gzip::Accepted),
        Ok(Beginning::Failed(error)) => return Err(error),
        Err(_) => return Err(PromError::internal("making the answer failed inside of nines")),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    Ok(response)
}

/// A torn answer becomes a torn connection: otherwise half a result would look like all of it.
fn body(chunks: mpsc::Receiver<Chunk>) -> Body {
    let stream = futures_util::stream::unfold(Some(chunks), |chunks| async {
        let mut chunks = chunks?;
        match chunks.recv().await {
            Some(Chunk::Bytes(bytes)) => Some((Ok(Bytes::from(bytes)), Some(chunks))),
            Some(Chunk::End) => None,
            None => Some((Err(io::Error::other("the answer is torn")), None)),
        }
    });
    Body::from_stream(stream.fuse())
}

#[cfg(test)]
mod tests;
