use std::io::Read;

use axum::body::to_bytes;
use axum::response::Response;
use flate2::read::GzDecoder;

use super::{CHUNK_BYTES, Gzip, Out, Packing, Stop, streamed};
use crate::prom::answer::PromError;

const LINE: &[u8] = b"0123456789 abcdefghijklmnopqrstuvwxyz\n";

async fn answer(
    gzip: Gzip,
    write: impl FnOnce(&mut Out) -> Result<(), Stop> + Send + 'static,
) -> Result<Response, PromError> {
    streamed(Packing { content_type: "text/plain", gzip }, write).await
}

fn lines(count: usize) -> impl FnOnce(&mut Out) -> Result<(), Stop> {
    move |out| {
        for _ in 0..count {
            out.bytes().extend_from_slice(LINE);
            out.breathe()?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fits_into_one_chunk_is_sent_whole_and_unpacked() {
    let response = answer(Gzip::Accepted, lines(1)).await.unwrap();
    assert!(response.headers().get("content-encoding").is_none());
    assert_eq!(to_bytes(response.into_body(), 1_000).await.unwrap(), LINE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_arrives_complete_packed_or_not() {
    let count = 50 * CHUNK_BYTES / LINE.len();
    let plain = answer(Gzip::Refused, lines(count)).await.unwrap();
    assert!(plain.headers().get("content-encoding").is_none());
    assert_eq!(to_bytes(plain.into_body(), usize::MAX).await.unwrap(), LINE.repeat(count));

    let packed = answer(Gzip::Accepted, lines(count)).await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let bytes = to_bytes(packed.into_body(), usize::MAX).await.unwrap();
    assert!(bytes.len() < LINE.len() * count / 10);
    let mut unpacked = Vec::new();
    GzDecoder::new(&*bytes).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, LINE.repeat(count));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_before_the_first_chunk_is_the_answer() {
    let failed = answer(Gzip::Refused, |out| {
        out.bytes().extend_from_slice(LINE);
        Err(PromError::internal("broken").into())
    });
    assert_eq!(failed.await.unwrap_err().message(), "broken");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_after_the_first_chunk_tears_the_body() {
    let torn = answer(Gzip::Refused, |out| {
        lines(3 * CHUNK_BYTES / LINE.len())(out)?;
        Err(PromError::internal("broken").into())
    });
    assert!(to_bytes(torn.await.unwrap().into_body(), usize::MAX).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_stops_when_nobody_reads() {
    let (told, stopped) = tokio::sync::oneshot::channel();
    let response = answer(Gzip::Refused, move |out| {
        let written = (0..).try_for_each(|_| lines(1_000)(out));
        told.send(matches!(written, Err(Stop::Gone))).unwrap();
        written
    });
    drop(response.await.unwrap());
    assert!(stopped.await.unwrap());
}
