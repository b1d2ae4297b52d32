//! Delta-coded whole numbers, as stamps are written: mostly in step, and then filled in, not decoded.
//!
//! Hot path. It never allocates beyond the room for the numbers, whose count is known before.

use crate::codec::block::page::varint;

/// The largest number of differences in a run of one width: what any writer puts in it.
const RUN_LEN_MAX: usize = 64;

/// The widest difference that is unpacked here: as many bits as lie in eight bytes wherever they begin.
const WIDTH_MAX: usize = 56;

/// Bytes of a run, and those behind it that a look at its last number reaches.
const ROOM: usize = RUN_LEN_MAX * WIDTH_MAX / 8 + size_of::<u64>();

/// Appends the `n_values` numbers of a page, of which there is at least one, to `out`; `None` where the
/// page is no such page, or holds another number of them.
pub(super) fn unpack(mut page: &[u8], n_values: usize, out: &mut Vec<i64>) -> Option<()> {
    let block_len = usize::try_from(varint(&mut page)?).ok()?;
    let n_runs = usize::try_from(varint(&mut page)?).ok()?;
    let n_there = varint(&mut page)?;
    let mut last = zigzag(varint(&mut page)?);
    let is_whole = block_len != 0
        && block_len.is_multiple_of(128)
        && n_runs != 0
        && block_len.is_multiple_of(n_runs);
    let run_len = if is_whole { block_len / n_runs } else { return None };
    if n_there != n_values as u64 || n_values == 0 || !matches!(run_len, 32 | RUN_LEN_MAX) {
        return None;
    }
    out.push(last);
    let mut n_left = n_values - 1;
    while n_left > 0 {
        let step = zigzag(varint(&mut page)?);
        let (widths, behind) = page.split_at_checked(n_runs)?;
        page = behind;
        for &width in widths {
            if n_left == 0 {
                break; // Runs past the last number have no bytes, whatever width they name.
            }
            let width = usize::from(width);
            let n_values = run_len.min(n_left);
            let (run, behind) = page.split_at_checked(run_len / 8 * width)?;
            page = behind;
            last = if width == 0 {
                fill(last, step, n_values, out)
            } else {
                unpack_run(run, width, last, step, n_values, out)?
            };
            n_left -= n_values;
        }
    }
    page.is_empty().then_some(())
}

/// Appends `n_values` numbers, each `step` past the one before, the first that much past `last`; yields
/// the last of them.
fn fill(mut last: i64, step: i64, n_values: usize, out: &mut Vec<i64>) -> i64 {
    out.extend((0..n_values).map(|_| {
        last = last.wrapping_add(step);
        last
    }));
    last
}

/// Appends `n_values` numbers, each past the one before by `step` and what stands in `run` in `width`
/// bits; yields the last of them.
fn unpack_run(
    run: &[u8],
    width: usize,
    mut last: i64,
    step: i64,
    n_values: usize,
    out: &mut Vec<i64>,
) -> Option<i64> {
    if width > WIDTH_MAX {
        return None;
    }
    let mut room = [0; ROOM];
    room.get_mut(..run.len())?.copy_from_slice(run);
    let mask = (1_u64 << width) - 1;
    for idx in 0..n_values {
        let bit = idx * width;
        let word = u64::from_le_bytes(*room.get(bit / 8..)?.first_chunk()?);
        let beyond = (word >> (bit % 8)) & mask;
        last = last.wrapping_add(step).wrapping_add(beyond as i64);
        out.push(last);
    }
    Some(last)
}

/// The number that stands for both signs.
fn zigzag(coded: u64) -> i64 {
    (coded >> 1) as i64 ^ -((coded & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_step_are_filled_in() {
        // Blocks of 128 in 4 runs of 32; 5 numbers from 100 on, 60 apart: no run has bytes.
        let page = [0x80, 0x01, 0x04, 0x05, 0xc8, 0x01, 0x78, 0, 0, 0, 0];
        let mut out = Vec::new();
        unpack(&page, 5, &mut out).expect("numbers");
        assert_eq!(out, [100, 160, 220, 280, 340]);
        // Another count than the header's, a page cut short, and one with something behind it.
        assert!(unpack(&page, 4, &mut out).is_none());
        assert!(unpack(&page[..10], 5, &mut out).is_none());
        assert!(unpack(&[&page[..], &[0]].concat(), 5, &mut out).is_none());
    }

    #[test]
    fn a_pause_is_what_lies_beyond_the_least_step() {
        // 3 numbers from 0 on: 1 apart, and 1 + 5 of which the 5 stands in 3 bits: 0b101_000.
        let mut page = vec![0x80, 0x01, 0x04, 0x03, 0x00, 0x02, 3, 0, 0, 0, 0b0010_1000];
        page.resize(page.len() + 11, 0);
        let mut out = Vec::new();
        unpack(&page, 3, &mut out).expect("numbers");
        assert_eq!(out, [0, 1, 7]);
    }

    #[test]
    fn a_page_without_blocks_is_one_number() {
        let mut out = Vec::new();
        unpack(&[0x80, 0x02, 0x04, 0x01, 0x09], 1, &mut out).expect("a number");
        assert_eq!(out, [-5]);
        // No number, blocks of nothing, no run in a block, runs of other lengths.
        for other in [[0x80, 0x02, 0x04, 0x00, 0x09], [0x00, 0x02, 0x04, 0x01, 0x09]] {
            assert!(unpack(&other, 1, &mut out).is_none());
        }
        assert!(unpack(&[0x80, 0x02, 0x00, 0x01, 0x09], 1, &mut out).is_none());
        assert!(unpack(&[0x80, 0x02, 0x01, 0x01, 0x09], 1, &mut out).is_none());
    }
}
