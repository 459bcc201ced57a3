use proptest::prelude::*;
use prost::Message;

use super::*;

/// Every type of field that we read, in the hands of another implementation.
#[derive(Clone, PartialEq, Message)]
struct Oracle {
    #[prost(uint64, tag = "1")]
    uint: u64,
    #[prost(int64, tag = "2")]
    int: i64,
    #[prost(sint64, tag = "3")]
    sint: i64,
    #[prost(double, tag = "4")]
    double: f64,
    #[prost(fixed64, tag = "5")]
    fixed: u64,
    #[prost(bytes = "vec", tag = "6")]
    bytes: Vec<u8>,
    #[prost(double, repeated, tag = "7")]
    doubles: Vec<f64>,
    #[prost(uint32, repeated, tag = "8")]
    packed: Vec<u32>,
    #[prost(uint32, repeated, packed = "false", tag = "9")]
    loose: Vec<u32>,
    #[prost(fixed32, tag = "16")]
    skipped: u32,
    #[prost(uint32, tag = "17")]
    small: u32,
}

fn read(bytes: &[u8]) -> Result<Oracle, WireError> {
    let mut out = Oracle::default();
    let mut fields = Fields::new(bytes);
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => out.uint = field.uint()?,
            2 => out.int = field.int()?,
            3 => out.sint = field.sint()?,
            4 => out.double = field.double()?,
            5 => out.fixed = field.fixed64()?,
            6 => out.bytes = field.bytes()?.to_vec(),
            7 => field.push_doubles(&mut out.doubles)?,
            8 => field.push_uints(|it| out.packed.push(u32::try_from(it).unwrap_or(0)))?,
            9 => field.push_uints(|it| out.loose.push(u32::try_from(it).unwrap_or(0)))?,
            17 => out.small = field.uint32()?,
            _ => {}
        }
    }
    Ok(out)
}

fn write(it: &Oracle) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.uint(1, it.uint);
    writer.int(2, it.int);
    writer.sint(3, it.sint);
    writer.double(4, it.double);
    if !it.bytes.is_empty() {
        writer.item(6, &it.bytes);
    }
    writer.packed_doubles(7, &it.doubles);
    writer.packed_uints(8, it.packed.iter().copied().map(u64::from));
    writer.into_bytes()
}

proptest! {
    #[test]
    fn another_implementation_reads_and_writes_the_same(
        numbers: (u64, i64, i64, u64, u32, u32),
        double in any::<f64>(),
        bytes: Vec<u8>,
        doubles in prop::collection::vec(any::<f64>(), 0..5),
        packed: Vec<u32>,
        loose: Vec<u32>,
    ) {
        let (uint, int, sint, fixed, skipped, small) = numbers;
        let all = Oracle { uint, int, sint, double, fixed, bytes, doubles, packed, loose, skipped, small };
        prop_assert_eq!(read(&all.encode_to_vec()).unwrap(), Oracle { skipped: 0, ..all.clone() });
        let written = Oracle { fixed: 0, skipped: 0, small: 0, loose: Vec::new(), ..all };
        prop_assert_eq!(Oracle::decode(&*write(&written)).unwrap(), written);
    }

    #[test]
    fn what_another_implementation_refuses_is_refused(bytes: Vec<u8>) {
        // Groups are the one thing that we refuse and it does not.
        if read(&bytes).is_ok() {
            prop_assert!(Oracle::decode(&*bytes).is_ok());
        }
    }
}

#[test]
fn damage_is_named() {
    let said = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert_eq!(said(b"\x08"), "the message is cut off");
    assert_eq!(said(b"\x32\x05ab"), "the message is cut off");
    assert_eq!(said(b"\x21\0\0"), "the message is cut off");
    assert_eq!(said(b"\x3a\x03abc"), "the message is cut off");
    assert_eq!(
        said(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        "a number is longer than 64 bits"
    );
    assert_eq!(said(b"\x00\x01"), "a field has an impossible number");
    assert_eq!(said(b"\x0b"), "field 1 has the wire type 3, which is not in use");
    assert_eq!(said(b"\x0d\0\0\0\0"), "field 1 is not a whole number");
}
