//! The body of a remote-write 1.0 request, written by hand so that this program needs nothing of nines.
//!
//! Source: Prometheus, "Remote-Write 1.0 specification".

/// A message under construction.
#[derive(Debug, Default)]
pub(super) struct WriteRequest(Vec<u8>);

impl WriteRequest {
    /// Adds a series; `labels` comes from [`labels`].
    pub(super) fn add(&mut self, labels: &[u8], samples: impl Iterator<Item = (i64, f64)>) {
        let mut series = labels.to_vec();
        for (at_ms, value) in samples {
            let mut sample = vec![0x09]; // field 1, eight bytes
            sample.extend(value.to_le_bytes());
            sample.push(0x10); // field 2, varint
            put_varint(&mut sample, at_ms.cast_unsigned());
            put_bytes(&mut series, 2, &sample);
        }
        put_bytes(&mut self.0, 1, &series);
    }

    /// The body: a snappy block.
    pub(super) fn finish(self) -> Vec<u8> {
        snap::raw::Encoder::new()
            .compress_vec(&self.0)
            .expect("far below 4 GiB, snappy's only limit")
    }
}

/// The labels of a series as the message has them; the pairs are sorted.
pub(super) fn labels(pairs: &[(&str, String)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in pairs {
        let mut label = Vec::new();
        put_bytes(&mut label, 1, name.as_bytes());
        put_bytes(&mut label, 2, value.as_bytes());
        put_bytes(&mut bytes, 1, &label);
    }
    bytes
}

fn put_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push(field << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}
