//! The header of a data page, in the one form in which this crate's files have it.
//!
//! Hot path. It never allocates, and follows no length that it has not held against the bytes there are.

/// One page of a column chunk without nulls.
pub(super) struct Page<'b> {
    /// Values in it.
    pub(super) n_values: usize,
    /// Bytes of it when it is unpacked.
    pub(super) n_bytes: usize,
    /// How its values are written, by the number that the format gives it.
    pub(super) encoding: u32,
    /// Its bytes as they lie in the file.
    pub(super) packed: &'b [u8],
}

/// The number of plain values.
pub(super) const PLAIN: u32 = 0;
/// The number of delta-coded whole numbers.
pub(super) const DELTA_BINARY_PACKED: u32 = 5;
/// The number of the coding of levels, which a column without nulls names and does not have.
const RLE: u32 = 3;

/// Heads of fields in Thrift's compact form: how far the field's number is from that of the one before,
/// and its type.
mod field {
    /// The next field, a number of 32 bits.
    pub(super) const NEXT_I32: u8 = 0x15;
    /// Two further, a struct: of a page the header of its data, past its checksum.
    pub(super) const SECOND_NEXT_STRUCT: u8 = 0x2c;
    /// No further field.
    pub(super) const STOP: u8 = 0x00;
}

/// The page at the head of `bytes`, and what lies behind it; `None` where its header is of another form,
/// or names more bytes than there are.
pub(super) fn split_page(bytes: &[u8]) -> Option<(Page<'_>, &[u8])> {
    const DATA_PAGE: u32 = 0;
    let mut head = Head(bytes);
    head.i32().filter(|kind| *kind == DATA_PAGE)?;
    let n_bytes = usize::try_from(head.i32()?).ok()?;
    let n_packed = usize::try_from(head.i32()?).ok()?;
    head.skip(field::SECOND_NEXT_STRUCT)?;
    let n_values = usize::try_from(head.i32()?).ok()?;
    let encoding = head.i32()?;
    head.i32().filter(|levels| *levels == RLE)?;
    head.i32().filter(|levels| *levels == RLE)?;
    head.skip(field::STOP)?;
    head.skip(field::STOP)?;
    let (packed, behind) = head.0.split_at_checked(n_packed)?;
    Some((Page { n_values, n_bytes, encoding, packed }, behind))
}

/// What is left of a header.
struct Head<'b>(&'b [u8]);

impl Head<'_> {
    fn skip(&mut self, expected: u8) -> Option<()> {
        let (&found, rest) = self.0.split_first()?;
        self.0 = rest;
        (found == expected).then_some(())
    }

    /// The next field, which is no negative number of 32 bits.
    fn i32(&mut self) -> Option<u32> {
        self.skip(field::NEXT_I32)?;
        let zigzag = varint(&mut self.0)?;
        let is_natural = zigzag & 1 == 0 && zigzag <= u64::from(u32::MAX);
        is_natural.then_some((zigzag >> 1) as u32)
    }
}

/// The number at the head of `bytes`, seven bits a byte, which it leaves behind; `None` where it has no
/// end, or more than 64 bits.
pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of two plain values, 16 bytes as they are and 3 when packed.
    const HEAD: [u8; 18] = [
        0x15, 0x00, 0x15, 0x20, 0x15, 0x06, 0x2c, 0x15, 0x04, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06,
        0x00, 0x00, 0xaa,
    ];

    #[test]
    fn a_page_is_what_its_header_says() {
        let bytes = [&HEAD[..], &[0xbb, 0xcc, 0xdd]].concat();
        let (page, behind) = split_page(&bytes).expect("a page");
        assert_eq!((page.n_values, page.n_bytes, page.encoding), (2, 16, PLAIN));
        assert_eq!((page.packed, behind), (&[0xaa, 0xbb, 0xcc][..], &[0xdd][..]));
    }

    #[test]
    fn no_page_is_longer_than_what_there_is() {
        let bytes = [&HEAD[..], &[0xbb, 0xcc]].concat();
        assert!((0..bytes.len()).all(|n| split_page(&bytes[..n]).is_none()));
        assert!(split_page(&bytes).is_some());
    }

    #[test]
    fn a_header_of_another_form_is_none() {
        let bytes = [&HEAD[..], &[0xbb, 0xcc]].concat();
        // Another kind of page, a negative size, a checksum, a coding of levels that is none, statistics.
        for (at, byte) in [(1, 0x06), (3, 0x21), (6, 0x15), (12, 0x00), (15, 0x1c)] {
            let mut other = bytes.clone();
            other[at] = byte;
            assert!(split_page(&other).is_none(), "{byte:#x} at {at}");
        }
    }

    #[test]
    fn a_number_has_seven_bits_a_byte_and_64_at_most() {
        let number = |bytes: &[u8]| varint(&mut &*bytes);
        assert_eq!(number(&[0x05]), Some(5));
        assert_eq!(number(&[0x80, 0x01]), Some(128));
        let mut largest = [0xff; 10];
        largest[9] = 0x01;
        assert_eq!(number(&largest), Some(u64::MAX));
        largest[9] = 0x02;
        assert_eq!(number(&largest), None);
        assert_eq!(number(&[0xff; 11]), None);
        assert_eq!(number(&[0x80]), None);
    }
}
