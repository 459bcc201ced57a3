//! Writes the fields of a message. What is zero or empty is left out, as protobuf 3 does.

/// A message in the making.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn varint(&mut self, mut number: u64) {
        while 0x7f < number {
            self.bytes.push(low_bits(number) | 0x80);
            number >>= 7;
        }
        self.bytes.push(low_bits(number));
    }

    fn tag(&mut self, number: u32, kind: u64) {
        self.varint(u64::from(number) << 3 | kind);
    }

    pub(crate) fn uint(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.tag(number, 0);
            self.varint(value);
        }
    }

    pub(crate) fn int(&mut self, number: u32, value: i64) {
        self.uint(number, value.cast_unsigned());
    }

    pub(crate) fn sint(&mut self, number: u32, value: i64) {
        self.uint(number, (value << 1 ^ value >> 63).cast_unsigned());
    }

    /// Negative zero is not zero.
    pub(crate) fn double(&mut self, number: u32, value: f64) {
        if value.to_bits() != 0 {
            self.always_double(number, value);
        }
    }

    /// For fields that say which of several there is, also with zero.
    pub(crate) fn always_double(&mut self, number: u32, value: f64) {
        self.tag(number, 1);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn text(&mut self, number: u32, text: &str) {
        if !text.is_empty() {
            self.item(number, text.as_bytes());
        }
    }

    /// An item of a list: also when it is empty.
    pub(crate) fn item(&mut self, number: u32, bytes: &[u8]) {
        self.tag(number, 2);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn message(&mut self, number: u32, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        fill(&mut inner);
        self.item(number, &inner.bytes);
    }

    pub(crate) fn packed_doubles(&mut self, number: u32, values: &[f64]) {
        if !values.is_empty() {
            let bytes: Vec<u8> = values.iter().flat_map(|it| it.to_le_bytes()).collect();
            self.item(number, &bytes);
        }
    }

    pub(crate) fn packed_uints(&mut self, number: u32, values: impl IntoIterator<Item = u64>) {
        let mut inner = Self::default();
        values.into_iter().for_each(|it| inner.varint(it));
        if !inner.bytes.is_empty() {
            self.item(number, &inner.bytes);
        }
    }
}

fn low_bits(number: u64) -> u8 {
    (number & 0x7f) as u8
}
