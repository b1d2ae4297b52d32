//! Bars as text in a page: differences of neighbours as numbers of variable length, deflated, in base 64.
//!
//! A page's script opens it by `DecompressionStream("deflate")`. Numbers are written seven bits a byte, the
//! lowest first, the eighth bit set where more follow; signed ones alternate: 0, -1, 1, -2. In order:
//! the number of bars; the differences between opens, in seconds, as differences again; open less the
//! close before, close less open, high less the higher of both, the lower of both less low; volumes; each
//! indicator.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};

use super::kept::Kept;

/// Steps in which volumes that are no whole numbers are written, of their largest.
const VOLUME_STEPS: f64 = 16_777_216.0;
/// Steps in which an indicator is written, from its least value to its largest: finer than a pixel.
const INDICATOR_STEPS: f64 = 65_535.0;

/// The bars as text, and what a reader of them must know.
pub(crate) fn block(kept: &Kept) -> (String, Value) {
    let mut bytes = Bytes::default();
    bytes.unsigned(kept.len() as u64);
    opens(kept, &mut bytes);
    prices(kept, &mut bytes);
    let volume_step = volumes(kept, &mut bytes);
    let fields: Vec<Value> = kept
        .indicators
        .iter()
        .map(|(name, values)| {
            let (least, step) = indicator(values, &mut bytes);
            json!({ "name": name, "least": least, "step": step })
        })
        .collect();
    let facts = json!({
        "decimals": kept.decimals,
        "exact": !kept.is_rounded,
        "volume_step": volume_step,
        "indicators": fields,
    });
    (deflated(&bytes.0), facts)
}

/// Bytes deflated, in base 64.
pub(crate) fn deflated(bytes: &[u8]) -> String {
    let mut deflater = ZlibEncoder::new(Vec::new(), Compression::new(3));
    let written = deflater.write_all(bytes).and_then(|()| deflater.finish());
    STANDARD.encode(written.unwrap_or_default()) // Writing into memory does not fail.
}

fn opens(kept: &Kept, bytes: &mut Bytes) {
    let (mut before, mut step_before) = (0_i64, 0_i64);
    for open in &kept.opens_s {
        let step = i64::from(*open) - before;
        bytes.signed(step - step_before);
        (before, step_before) = (i64::from(*open), step);
    }
}

fn prices(kept: &Kept, bytes: &mut Bytes) {
    let [open, high, low, close] = &kept.prices;
    let at = |column: &[i32], i: usize| i64::from(column[i]);
    for i in 0..kept.len() {
        let before = if i > 0 { at(close, i - 1) } else { 0 };
        bytes.signed(at(open, i) - before);
    }
    for i in 0..kept.len() {
        bytes.signed(at(close, i) - at(open, i));
    }
    for i in 0..kept.len() {
        bytes.signed(at(high, i) - at(open, i).max(at(close, i)));
    }
    for i in 0..kept.len() {
        bytes.signed(at(open, i).min(at(close, i)) - at(low, i));
    }
}

/// Returns the step in which they are written.
fn volumes(kept: &Kept, bytes: &mut Bytes) -> f64 {
    let values = || kept.volumes.iter().map(|volume| f64::from(volume.max(0.0)));
    let most = values().fold(0.0, f64::max);
    let is_whole = values().all(|volume| volume.fract() == 0.0);
    let step = if is_whole || most == 0.0 { 1.0 } else { most / VOLUME_STEPS };
    for volume in values() {
        bytes.unsigned((volume / step).round() as u64);
    }
    step
}

/// Returns the least value and the step; a value is written as 1 and more, none as 0.
fn indicator(values: &[f32], bytes: &mut Bytes) -> (f64, f64) {
    let known = || values.iter().map(|value| f64::from(*value)).filter(|value| value.is_finite());
    let least = known().fold(f64::INFINITY, f64::min);
    let most = known().fold(f64::NEG_INFINITY, f64::max);
    let (least, step) = if most > least {
        (least, (most - least) / INDICATOR_STEPS)
    } else {
        (if least.is_finite() { least } else { 0.0 }, 1.0)
    };
    let mut before = 0_i64;
    for value in values {
        let value = f64::from(*value);
        let place = if value.is_finite() { ((value - least) / step).round() as i64 + 1 } else { 0 };
        bytes.signed(place - before);
        before = place;
    }
    (least, step)
}

#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn unsigned(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn signed(&mut self, value: i64) {
        self.unsigned(((value << 1) ^ (value >> 63)) as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::kept::KeptBar;

    /// What is written, read again as the page's script does.
    fn read(text: &str) -> Vec<u8> {
        let bytes = STANDARD.decode(text).expect("base 64");
        let mut read = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&bytes[..]), &mut read)
            .expect("deflated");
        read
    }

    #[test]
    fn numbers_are_as_the_script_reads_them() {
        let mut bytes = Bytes::default();
        for value in [0, -1, 1, -2, 64, -65] {
            bytes.signed(value);
        }
        assert_eq!(bytes.0, [0, 1, 2, 3, 128, 1, 129, 1]);
    }

    #[test]
    fn two_bars_are_ten_small_numbers_and_their_open() {
        let mut kept = Kept::default();
        for (opens_s, prices) in
            [(60, [100.0, 102.0, 99.0, 101.0]), (120, [101.0, 101.0, 100.0, 100.0])]
        {
            kept.push(KeptBar { opens_s, prices, volume: 7.0 });
        }
        kept.indicate(1, "sma", &[2.5]);
        kept.level();
        let (text, facts) = block(&kept);
        let expected: Vec<u8> = [
            &[2][..],     // bars
            &[120, 0],    // opens: 60, and a step of 60 again
            &[200, 1, 0], // 100 less 0; 101 less 101
            &[2, 1],      // closes: 1 above, 1 below
            &[2, 0],      // highs: 1 above the higher, none
            &[2, 0],      // lows
            &[7, 7],      // volumes
            &[0, 2],      // no value, then the least
        ]
        .concat();
        assert_eq!(read(&text), expected);
        assert_eq!(facts["decimals"], 0);
        assert_eq!(facts["indicators"][0]["least"], 2.5);
    }
}
