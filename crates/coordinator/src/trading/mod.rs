//! Trading on paper, in words: what is ordered, filled, refused and held, and the one trait for what
//! matches orders with bars.
//!
//! Not here: the rules by which an order meets a bar, cash, costs and results (`openbell-account`).

pub(crate) mod fill;
pub(crate) mod lots;
pub(crate) mod matching;
pub(crate) mod order;
pub(crate) mod position;
pub(crate) mod refusal;
mod saved;
