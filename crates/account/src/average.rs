//! Lots at an average price: what is bought more of is averaged, what is given back changes no average.

use openbell_coordinator::Lots;
use openbell_coordinator::saved;

/// Lots at an average price.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Holding {
    pub(crate) lots: Lots,
    /// What one unit cost, or brought; 0 where there are none.
    pub(crate) average_price: f64,
}
saved!(struct Holding { lots, average_price });

/// What some lots did to a holding.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Taken {
    /// How many closed what was there.
    pub(crate) closed: Lots,
    /// What one unit of those brought, as against the average.
    pub(crate) gain_each: f64,
}

impl Holding {
    pub(crate) const NONE: Holding = Holding { lots: Lots::ZERO, average_price: 0.0 };

    /// Takes `signed` lots at `price`: first closes with them, then opens with the rest.
    pub(crate) fn take(&mut self, signed: Lots, price: f64) -> Taken {
        let is_other_side = self.lots.signum() * signed.signum() < 0;
        let closed = if is_other_side { self.lots.abs().min(signed.abs()) } else { Lots::ZERO };
        let gain_each = self.lots.signum() as f64 * (price - self.average_price);
        let opened = signed.abs() - closed;
        if !is_other_side && !opened.is_zero() {
            let (before, more) = (self.lots.abs().count() as f64, opened.count() as f64);
            self.average_price = (self.average_price * before + price * more) / (before + more);
        }
        self.lots += signed;
        if self.lots.is_zero() {
            self.average_price = 0.0;
        } else if is_other_side && !opened.is_zero() {
            self.average_price = price;
        }
        Taken { closed, gain_each }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_averaged_and_what_turns_starts_anew() {
        let mut holding = Holding::NONE;
        holding.take(Lots::new(100), 10.0);
        holding.take(Lots::new(100), 12.0);
        assert_eq!(holding, Holding { lots: Lots::new(200), average_price: 11.0 });
        let taken = holding.take(Lots::new(-50), 13.0);
        assert_eq!(taken, Taken { closed: Lots::new(50), gain_each: 2.0 });
        assert_eq!(holding, Holding { lots: Lots::new(150), average_price: 11.0 });
        let taken = holding.take(Lots::new(-200), 9.0);
        assert_eq!(taken, Taken { closed: Lots::new(150), gain_each: -2.0 });
        assert_eq!(holding, Holding { lots: Lots::new(-50), average_price: 9.0 });
        let taken = holding.take(Lots::new(50), 8.0);
        assert_eq!(taken, Taken { closed: Lots::new(50), gain_each: 1.0 });
        assert_eq!(holding, Holding::NONE);
    }
}
