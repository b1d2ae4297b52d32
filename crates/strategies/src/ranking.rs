//! The best of some symbols, in one order on every machine.

use openbell_market::Symbol;

/// The first `n` of `scored`, the highest score first; equal scores in symbol order.
pub(crate) fn best(mut scored: Vec<(f64, Symbol)>, n: usize) -> Vec<(f64, Symbol)> {
    scored.sort_by(|(a, first), (b, second)| b.total_cmp(a).then_with(|| first.cmp(second)));
    scored.truncate(n);
    scored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_stand_in_symbol_order() {
        let symbol = |name: &str| Symbol::new(name).unwrap();
        let scored = vec![(1.0, symbol("C")), (2.0, symbol("B")), (1.0, symbol("A"))];
        let names: Vec<String> =
            best(scored, 2).into_iter().map(|(_, symbol)| symbol.to_string()).collect();
        assert_eq!(names, ["B", "A"]);
    }
}
