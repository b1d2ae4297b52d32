//! Drawings without a script: bands, lines and cells, coloured by the style sheet.
//!
//! Every drawing has a title, and its numbers stand in a table beside it.

use std::fmt::Write as _;

use crate::markup::Text;

/// A drawing of `width` x `height` units that is stretched to the width of the page.
pub(crate) struct Drawing {
    out: String,
}

impl Drawing {
    /// A drawing that is called so to whoever does not see it.
    pub(crate) fn new(class: &str, title: &str, width: usize, height: usize) -> Drawing {
        let out = format!(
            "<svg class=\"{class}\" role=\"img\" viewBox=\"0 0 {width} {height}\" \
             preserveAspectRatio=\"none\"><title>{}</title>",
            Text(title)
        );
        Drawing { out }
    }

    /// A rectangle, with what is said where a pointer rests on it.
    pub(crate) fn band(&mut self, class: &str, at: [f64; 4], says: Option<&str>) {
        let [x, y, width, height] = at;
        let (x, width) = (tenth(x), tenth(width));
        let _ = write!(
            self.out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\""
        );
        let _ = match says {
            Some(says) => write!(self.out, "><title>{}</title></rect>", Text(says)),
            None => self.out.write_str("/>"),
        };
    }

    /// Many cells of one look as one path: each 1 x 1, by column and row.
    pub(crate) fn cells(&mut self, class: &str, cells: &[(usize, usize)]) {
        if cells.is_empty() {
            return;
        }
        let _ = write!(self.out, "<path class=\"{class}\" d=\"");
        for (x, y) in cells {
            let _ = write!(self.out, "M{x} {y}h1v1h-1z");
        }
        self.out.push_str("\"/>");
    }

    /// A line through points, or the area below it down to `floor`.
    pub(crate) fn line(&mut self, class: &str, points: &[(f64, f64)], floor: Option<f64>) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
        let _ = write!(self.out, "<path class=\"{class}\" d=\"M");
        if let Some(floor) = floor {
            let _ = write!(self.out, "{} {}L", tenth(first.0), tenth(floor));
        }
        for (i, (x, y)) in points.iter().enumerate() {
            let _ = write!(self.out, "{}{} {}", if i > 0 { " " } else { "" }, tenth(*x), tenth(*y));
        }
        if let Some(floor) = floor {
            let _ = write!(self.out, " {} {}z", tenth(last.0), tenth(floor));
        }
        self.out.push_str("\"/>");
    }

    pub(crate) fn finish(mut self) -> String {
        self.out.push_str("</svg>");
        self.out
    }
}

/// To a tenth of a unit, which nobody sees.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The points of a curve, brought down to at most `n_max`: of each stretch the lowest and the highest stay,
/// so that no peak and no trough is lost.
pub(crate) fn thinned(points: &[(f64, f64)], n_max: usize) -> Vec<(f64, f64)> {
    if points.len() <= n_max.max(4) {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(n_max.max(4) / 2);
    let mut kept = Vec::with_capacity(n_max + 2);
    kept.push(points[0]);
    for part in points.chunks(stretch) {
        let by_height = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let low = part.iter().min_by(by_height).copied();
        let high = part.iter().max_by(by_height).copied();
        let mut ends: Vec<(f64, f64)> = low.into_iter().chain(high).collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends.dedup();
        kept.extend(ends);
    }
    kept.extend(points.last());
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_that_is_thinned_keeps_its_peak_its_trough_and_its_ends() {
        let mut points: Vec<(f64, f64)> = (0..10_000).map(|i| (f64::from(i), 0.0)).collect();
        points[1234].1 = 5.0;
        points[8765].1 = -5.0;
        let kept = thinned(&points, 500);
        assert!(kept.len() <= 504, "{}", kept.len());
        for i in [0, 1234, 8765, 9999] {
            assert!(kept.contains(&points[i]), "point {i}");
        }
        assert!(kept.is_sorted_by(|a, b| a.0 <= b.0));
    }
}
