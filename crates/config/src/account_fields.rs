//! Every key of a paper account, as [`crate::fields`] has those of all sessions.

use crate::fault::Allowed;
use crate::shape::{Field, Kind, Shape, leaf, words};
use crate::words::{AccountOf, EquityCurve};

pub(crate) const ACCOUNT: &str =
    "A paper account: orders of strategies fill by bars. Without it strategies only signal.";

pub(crate) fn account() -> Shape {
    Shape::new(
        ACCOUNT,
        vec![
            Field::new(
                "cash",
                "What is there at the start, in the currency of the prices.",
                leaf(Allowed::AboveZero),
            )
            .required(),
            Field::new(
                "of",
                "strategy: each strategy has an account of its own; session: they share one.",
                words::<AccountOf>(),
            )
            .default("strategy"),
            Field::new("commission", COMMISSION, Kind::Object(commission())),
            Field::new(
                "slippage_bps",
                "What market and stop fills are worse by than their price, in hundredths of a percent.",
                leaf(Allowed::NumberIn { min: 0, max: 9_999 }),
            )
            .default(0),
            Field::new(
                "participation",
                "The share of a bar's volume that all orders of one account in one symbol take \
                 together.",
                leaf(Allowed::NumberIn { min: 0, max: 1 }),
            )
            .default(0.1),
            Field::new(
                "volume_unknown",
                "Whether bars have no volume: then an order fills whole, and participation is 1.",
                leaf(Allowed::TrueOrFalse),
            )
            .default(false),
            Field::new(
                "lot",
                "Units of a symbol in one lot; 1 where it is missing, of coins 1e-8.",
                leaf(Allowed::AboveZero),
            ),
            Field::new(
                "equity",
                "How fine the curve of equity is kept: session or publication.",
                words::<EquityCurve>(),
            )
            .default("session"),
            Field::new(
                "short",
                "Whether what is not held can be sold.",
                leaf(Allowed::TrueOrFalse),
            )
            .default(false),
            Field::new(
                "benchmark",
                "A symbol of the session, bought and held, to compare with.",
                leaf(Allowed::Symbol),
            ),
        ],
    )
}

const COMMISSION: &str = "What an order pays beside its price: the parts that are given, summed.";

fn commission() -> Shape {
    let money = |name, about| Field::new(name, about, leaf(Allowed::AtLeastZero)).default(0);
    Shape::new(
        COMMISSION,
        vec![
            money("per_trade", "For each order that fills, once."),
            money("per_share", "For each unit."),
            money("bps", "Of the value, in hundredths of a percent."),
            money("min", "At least so much for an order."),
        ],
    )
}
