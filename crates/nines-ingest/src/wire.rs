//! Protobuf as bytes: the fields of a message one after the other, without an object for each.
//!
//! Samples come in millions, and most of their bytes are labels that are known already. So nothing is copied here,
//! and no message is read further than its reader asks. It must not know any message.
//!
//! Source: Protocol Buffers, "Encoding".

mod write;

pub(crate) use write::Writer;

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// It ends inside of a field.
    #[error("the message is cut off")]
    Truncated,
    /// More bytes than a number can have.
    #[error("a number is longer than 64 bits")]
    LongNumber,
    /// Field zero, or a number that no field can have.
    #[error("a field has an impossible number")]
    BadField,
    /// Groups have been abolished, and the other types do not exist.
    #[error("field {number} has the wire type {kind}, which is not in use")]
    UnknownType {
        /// Of the field.
        number: u32,
        /// The three bits.
        kind: u8,
    },
    /// As if from another schema.
    #[error("field {number} is not {expected}")]
    WrongType {
        /// Of the field.
        number: u32,
        /// What the schema says.
        expected: &'static str,
    },
}

/// One field as it was met.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    value: Value<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    /// Nobody reads numbers of four bytes.
    Fixed32,
}

/// The highest number that a field may have.
const NUMBER_MAX: u64 = (1 << 29) - 1;
/// Seven bits in each byte.
const VARINT_BYTES_MAX: usize = 10;

/// Goes through the fields of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// Bytes that are still to come.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next field, or nothing at the end.
    #[inline]
    pub(crate) fn advance(&mut self) -> Result<Option<Field<'a>>, WireError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = match tag >> 3 {
            number @ 1..=NUMBER_MAX => u32::try_from(number).map_err(|_| WireError::BadField)?,
            _ => return Err(WireError::BadField),
        };
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.chunk()?)),
            2 => Value::Bytes(self.bytes()?),
            5 => {
                self.chunk::<4>()?;
                Value::Fixed32
            }
            kind => {
                let kind = u8::try_from(kind).unwrap_or(u8::MAX);
                return Err(WireError::UnknownType { number, kind });
            }
        };
        Ok(Some(Field { number, value }))
    }

    /// The neighbouring fields that begin with this tag and hold bytes, unread, as one slice.
    #[inline]
    pub(crate) fn run(&mut self, tag: u8) -> Result<&'a [u8], WireError> {
        debug_assert!(tag < 0x80 && tag & 7 == 2, "a short tag of bytes");
        let all = self.rest;
        while let [first, rest @ ..] = self.rest
            && *first == tag
        {
            self.rest = rest;
            self.bytes()?;
        }
        Ok(all.get(..all.len() - self.rest.len()).unwrap_or_default())
    }

    /// A number as it stands in a packed list or between delimited messages.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, WireError> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    /// What follows its own length.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let len = usize::try_from(self.varint()?).map_err(|_| WireError::Truncated)?;
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn long_varint(&mut self) -> Result<u64, WireError> {
        let mut number = 0_u64;
        for (index, byte) in self.rest.iter().take(VARINT_BYTES_MAX).enumerate() {
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if index == VARINT_BYTES_MAX - 1 && 1 < *byte {
                return Err(WireError::LongNumber);
            }
            number |= bits << (7 * index);
            if *byte < 0x80 {
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return Ok(number);
            }
        }
        Err(WireError::Truncated)
    }

    #[inline]
    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (chunk, rest) = self.rest.split_first_chunk::<N>().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(*chunk)
    }
}

impl<'a> Field<'a> {
    fn wrong(self, expected: &'static str) -> WireError {
        WireError::WrongType { number: self.number, expected }
    }

    /// Text, bytes or a message.
    #[inline]
    pub(crate) fn bytes(self) -> Result<&'a [u8], WireError> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(self.wrong("bytes")),
        }
    }

    /// A message's fields.
    #[inline]
    pub(crate) fn message(self) -> Result<Fields<'a>, WireError> {
        Ok(Fields::new(self.bytes()?))
    }

    #[inline]
    pub(crate) fn double(self) -> Result<f64, WireError> {
        match self.value {
            Value::Fixed64(bits) => Ok(f64::from_bits(bits)),
            _ => Err(self.wrong("a double")),
        }
    }

    pub(crate) fn fixed64(self) -> Result<u64, WireError> {
        match self.value {
            Value::Fixed64(bits) => Ok(bits),
            _ => Err(self.wrong("a number of 8 bytes")),
        }
    }

    #[inline]
    pub(crate) fn uint(self) -> Result<u64, WireError> {
        match self.value {
            Value::Varint(number) => Ok(number),
            _ => Err(self.wrong("a whole number")),
        }
    }

    /// `uint32`: what does not fit is cut, as every implementation does.
    #[expect(clippy::cast_possible_truncation, reason = "what protobuf demands")]
    pub(crate) fn uint32(self) -> Result<u32, WireError> {
        Ok(self.uint()? as u32)
    }

    /// `int64`, `int32` and enums.
    #[inline]
    pub(crate) fn int(self) -> Result<i64, WireError> {
        Ok(self.uint()?.cast_signed())
    }

    /// `sint64`, and `sint32` after a cast.
    pub(crate) fn sint(self) -> Result<i64, WireError> {
        Ok(unzigzag(self.uint()?))
    }

    /// A repeated `double`, packed or not.
    pub(crate) fn push_doubles(self, out: &mut Vec<f64>) -> Result<(), WireError> {
        self.push_fixed64(|bits| out.push(f64::from_bits(bits)))
    }

    /// A repeated `fixed64`, packed or not.
    pub(crate) fn push_fixed64(self, mut push: impl FnMut(u64)) -> Result<(), WireError> {
        match self.value {
            Value::Fixed64(bits) => push(bits),
            Value::Bytes(bytes) => {
                let (chunks, rest) = bytes.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(WireError::Truncated);
                }
                for it in chunks {
                    push(u64::from_le_bytes(*it));
                }
            }
            _ => return Err(self.wrong("a list of numbers of 8 bytes")),
        }
        Ok(())
    }

    /// A repeated whole number, packed or not.
    pub(crate) fn push_uints(self, mut push: impl FnMut(u64)) -> Result<(), WireError> {
        match self.value {
            Value::Varint(number) => push(number),
            Value::Bytes(bytes) => {
                let mut list = Fields::new(bytes);
                while 0 < list.left() {
                    push(list.varint()?);
                }
            }
            _ => return Err(self.wrong("a list of whole numbers")),
        }
        Ok(())
    }
}

/// Undoes the order 0, −1, 1, −2, … of signed numbers.
pub(crate) fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests;
