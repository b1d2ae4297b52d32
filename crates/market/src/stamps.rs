//! Looking for an instant among ascending stamps.

/// How many of the ascending `stamps_ns` lie before `instant_ns`.
///
/// *Cost*: two looks where it is `guess`, as the rows of a session or the bars of a window mostly are
/// as many as those of the one before; else a binary search.
///
/// *Example*
///
/// ```
/// use openbell_market::n_stamped_before;
///
/// assert_eq!(n_stamped_before(&[10, 20, 20, 30], 30, 3), 3);
/// assert_eq!(n_stamped_before(&[10, 20, 20, 30], 20, 3), 1);
/// ```
pub fn n_stamped_before(stamps_ns: &[i64], instant_ns: i64, guess: usize) -> usize {
    let is_before = |row: usize| stamps_ns.get(row).is_some_and(|&ns| ns < instant_ns);
    let is_guess = guess <= stamps_ns.len() && (guess == 0 || is_before(guess - 1));
    if is_guess && !is_before(guess) {
        guess
    } else {
        stamps_ns.partition_point(|&ns| ns < instant_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every list of up to four stamps out of four, every instant, every guess.
    #[test]
    fn a_guess_changes_no_count() {
        for drawn in 0..4_i64.pow(4) {
            let mut stamps_ns: Vec<i64> =
                (0..4).map(|place| drawn / 4_i64.pow(place) % 4).collect();
            stamps_ns.sort_unstable();
            for n_stamps in 0..=4 {
                let stamps_ns = &stamps_ns[..n_stamps];
                for (instant_ns, guess) in (-1..=4).flat_map(|ns| (0..7).map(move |n| (ns, n))) {
                    let counted = stamps_ns.iter().filter(|&&ns| ns < instant_ns).count();
                    assert_eq!(n_stamped_before(stamps_ns, instant_ns, guess), counted);
                }
            }
        }
    }
}
