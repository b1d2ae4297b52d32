//! Pages of the codecs whose decoders in the Parquet crate go on to the end, whatever the header of the page
//! says: unpacked here, no further than to that size.
//!
//! Not here: snappy, zstd and plain LZ4 blocks, whose decoders there stop by themselves.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use lz4_flex::block::decompress_into;
use lz4_flex::frame::FrameDecoder;
use parquet::basic::Compression;
use parquet::errors::ParquetError;

use crate::error::Unbounded;

/// Bytes of packed input that are held at a time.
const INPUT_BYTES: usize = 4 << 10;

/// A codec that is unpacked here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Codec {
    Gzip,
    Brotli,
    /// Of three makes, which nothing tells apart but a try: blocks as Hadoop lines them up, a frame, one
    /// block.
    Lz4,
}

impl Codec {
    /// The codec of a column chunk, where it is one of them.
    pub(super) fn of(compression: Compression) -> Option<Codec> {
        match compression {
            Compression::GZIP(_) => Some(Codec::Gzip),
            Compression::BROTLI(_) => Some(Codec::Brotli),
            Compression::LZ4 => Some(Codec::Lz4),
            _ => None,
        }
    }

    /// What `packed` holds, which its header says are `n_bytes`.
    pub(super) fn unpack(self, packed: &[u8], n_bytes: usize) -> Result<Vec<u8>, ParquetError> {
        match self {
            Codec::Gzip => read_to(n_bytes, MultiGzDecoder::new(packed)),
            Codec::Brotli => read_to(n_bytes, brotli::Decompressor::new(packed, INPUT_BYTES)),
            Codec::Lz4 => match in_hadoop_blocks(packed, n_bytes) {
                Some(bytes) => Ok(bytes),
                None => match read_to(n_bytes, FrameDecoder::new(packed)) {
                    Err(error) if !is_unbounded(&error) => one_block(packed, n_bytes),
                    read => read,
                },
            },
        }
    }
}

/// All that comes out of `unpacked`, which is to be `n_bytes`; of more, one byte more is read.
fn read_to(n_bytes: usize, unpacked: impl Read) -> Result<Vec<u8>, ParquetError> {
    let mut bytes = Vec::with_capacity(n_bytes);
    unpacked.take(n_bytes as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.len() {
        found if found > n_bytes => {
            let claim = Unbounded::Unpacked { n_bytes: n_bytes as u64 };
            Err(ParquetError::External(Box::new(claim)))
        }
        found if found < n_bytes => Err(of_other_size(n_bytes, found)),
        _ => Ok(bytes),
    }
}

fn is_unbounded(error: &ParquetError) -> bool {
    matches!(error, ParquetError::External(inner) if inner.is::<Unbounded>())
}

fn of_other_size(n_bytes: usize, found: usize) -> ParquetError {
    ParquetError::General(format!("a page of {n_bytes} bytes holds {found}"))
}

/// Blocks, each behind its unpacked and its packed size; `None` where it is none of such.
fn in_hadoop_blocks(mut packed: &[u8], n_bytes: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; n_bytes];
    let mut rest = bytes.as_mut_slice();
    while !packed.is_empty() {
        let (n_unpacked, behind) = packed.split_first_chunk()?;
        let (n_packed, behind) = behind.split_first_chunk()?;
        let (block, behind) = behind.split_at_checked(u32::from_be_bytes(*n_packed) as usize)?;
        let place;
        (place, rest) = rest.split_at_mut_checked(u32::from_be_bytes(*n_unpacked) as usize)?;
        if decompress_into(block, place).ok()? != place.len() {
            return None; // Its size is not its own.
        }
        packed = behind;
    }
    rest.is_empty().then_some(bytes)
}

fn one_block(packed: &[u8], n_bytes: usize) -> Result<Vec<u8>, ParquetError> {
    let mut bytes = vec![0; n_bytes];
    match decompress_into(packed, &mut bytes) {
        Ok(found) if found == n_bytes => Ok(bytes),
        Ok(found) => Err(of_other_size(n_bytes, found)),
        Err(error) => Err(ParquetError::External(Box::new(error))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const N_BYTES: usize = 1 << 20;

    fn plain() -> Vec<u8> {
        vec![b'A'; N_BYTES]
    }

    fn gzip() -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(&plain()).unwrap();
        writer.finish().unwrap()
    }

    fn brotli() -> Vec<u8> {
        let mut packed = Vec::new();
        brotli::CompressorWriter::new(&mut packed, INPUT_BYTES, 1, 22).write_all(&plain()).unwrap();
        packed
    }

    fn lz4_frame() -> Vec<u8> {
        let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
        writer.write_all(&plain()).unwrap();
        writer.finish().unwrap()
    }

    fn lz4_block() -> Vec<u8> {
        lz4_flex::block::compress(&plain())
    }

    /// The two halves, each a block.
    fn lz4_hadoop() -> Vec<u8> {
        let half = lz4_flex::block::compress(&plain()[..N_BYTES / 2]);
        let sizes = [N_BYTES as u32 / 2, half.len() as u32].map(u32::to_be_bytes).concat();
        [sizes.clone(), half.clone(), sizes, half].concat()
    }

    /// A codec and a way of packing it.
    type Packing = (Codec, fn() -> Vec<u8>);

    const ALL: [Packing; 5] = [
        (Codec::Gzip, gzip),
        (Codec::Brotli, brotli),
        (Codec::Lz4, lz4_hadoop),
        (Codec::Lz4, lz4_frame),
        (Codec::Lz4, lz4_block),
    ];

    #[test]
    fn a_page_of_the_size_that_its_header_says_is_unpacked() {
        for (place, (codec, packed)) in ALL.into_iter().enumerate() {
            assert!(codec.unpack(&packed(), N_BYTES).unwrap() == plain(), "{codec:?} {place}");
        }
    }

    #[test]
    fn a_page_that_holds_more_or_less_than_its_header_says_is_refused() {
        for (place, (codec, packed)) in ALL.into_iter().enumerate() {
            for n_bytes in [0, 1, 64, N_BYTES - 1] {
                let error = codec.unpack(&packed(), n_bytes).expect_err("too much");
                // Blocks are unpacked into room of that size, and end at it.
                let is_stream = matches!(place, 0 | 1 | 3);
                assert_eq!(is_unbounded(&error), is_stream, "{codec:?} {place}: {error}");
            }
            codec.unpack(&packed(), N_BYTES + 1).expect_err("too little");
        }
    }
}
