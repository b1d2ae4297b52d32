//! UTF-16, in which spreadsheets write their "Unicode text", read as UTF-8.

use std::io::{self, BufRead, Read};

/// The order of the two bytes of a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ByteOrder {
    LittleEndian,
    BigEndian,
}

impl ByteOrder {
    /// The order in a text that begins with `head`; `None` where it is no UTF-16. A text without a
    /// mark is UTF-16 if its first two letters have a zero byte each.
    pub(super) fn of(head: &[u8]) -> Option<ByteOrder> {
        match head {
            [0xff, 0xfe, ..] => Some(ByteOrder::LittleEndian),
            [0xfe, 0xff, ..] => Some(ByteOrder::BigEndian),
            [a, 0, b, 0, ..] if *a > 0 && *b > 0 => Some(ByteOrder::LittleEndian),
            [0, a, 0, b, ..] if *a > 0 && *b > 0 => Some(ByteOrder::BigEndian),
            _ => None,
        }
    }

    fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            ByteOrder::LittleEndian => u16::from_le_bytes(bytes),
            ByteOrder::BigEndian => u16::from_be_bytes(bytes),
        }
    }
}

/// The UTF-8 of a UTF-16 text; what is no letter there is U+FFFD.
pub(super) struct Utf16<R> {
    inner: R,
    order: ByteOrder,
    /// Bytes of a letter that is not whole yet.
    rest: Vec<u8>,
    text: String,
    n_read: usize,
}

impl<R: BufRead> Utf16<R> {
    pub(super) fn new(inner: R, order: ByteOrder) -> Utf16<R> {
        Utf16 { inner, order, rest: Vec::new(), text: String::new(), n_read: 0 }
    }

    fn read_on(&mut self) -> io::Result<()> {
        self.text.clear();
        self.n_read = 0;
        while self.text.is_empty() {
            let bytes = self.inner.fill_buf()?;
            let n_bytes = bytes.len();
            self.rest.extend_from_slice(bytes);
            self.inner.consume(n_bytes);
            let mut n_whole = self.rest.len() / 2 * 2;
            if n_bytes == 0 {
                if !self.rest.is_empty() {
                    self.text.push(char::REPLACEMENT_CHARACTER);
                    self.rest.clear();
                }
                return Ok(());
            }
            let units = |bytes: &[u8]| -> Vec<u16> {
                bytes.chunks_exact(2).map(|pair| self.order.unit([pair[0], pair[1]])).collect()
            };
            let mut whole = units(&self.rest[..n_whole]);
            // The first half of a pair waits for the second.
            if whole.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
                whole.pop();
                n_whole -= 2;
            }
            let letters = char::decode_utf16(whole);
            self.text.extend(letters.map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)));
            self.rest.drain(..n_whole);
        }
        Ok(())
    }
}

impl<R: BufRead> BufRead for Utf16<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.n_read == self.text.len() {
            self.read_on()?;
        }
        Ok(&self.text.as_bytes()[self.n_read..])
    }

    fn consume(&mut self, n_bytes: usize) {
        self.n_read += n_bytes;
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let n_read = ready.read(buffer)?;
        self.consume(n_read);
        Ok(n_read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands on so many bytes at a time.
    struct InParts<'a>(&'a [u8], usize);

    impl Read for InParts<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n_bytes = self.1.min(self.0.len()).min(buffer.len());
            (&self.0[..n_bytes]).read(&mut buffer[..n_bytes])?;
            self.0 = &self.0[n_bytes..];
            Ok(n_bytes)
        }
    }

    #[test]
    fn letters_are_whole_however_their_bytes_come() {
        let text = "Eröffnung;始値;𝄞\n";
        for order in [ByteOrder::LittleEndian, ByteOrder::BigEndian] {
            let to_bytes = |unit: u16| match order {
                ByteOrder::LittleEndian => unit.to_le_bytes(),
                ByteOrder::BigEndian => unit.to_be_bytes(),
            };
            let bytes: Vec<u8> = text.encode_utf16().flat_map(to_bytes).collect();
            assert_eq!(ByteOrder::of(&bytes), Some(order));
            for n_at_once in 1..8 {
                let parts = io::BufReader::new(InParts(&bytes, n_at_once));
                let mut read = String::new();
                Utf16::new(parts, order).read_to_string(&mut read).unwrap();
                assert_eq!(read, text);
            }
        }
    }

    #[test]
    fn half_a_letter_is_a_sign_of_its_own() {
        for bytes in [&[0x61, 0, 0x62][..], &[0x61, 0, 0x3d, 0xd8]] {
            let mut read = String::new();
            Utf16::new(bytes, ByteOrder::LittleEndian).read_to_string(&mut read).unwrap();
            assert_eq!(read, "a\u{fffd}");
        }
    }
}
