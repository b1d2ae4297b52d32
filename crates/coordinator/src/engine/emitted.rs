//! One number for all that a consumer has emitted, whoever else runs beside it.
//!
//! It is made of what the event log says of the consumer: its signals, what it asked for, what became of its
//! orders, how it failed. Left out is what the company it keeps decides: its name (a second one is called
//! `name-2`), its place among the accounts, the answers to its commands and the steps they were taken at.
//! Orders are numbered in a run over all accounts, and here as the consumer's own, from 1.

use std::collections::BTreeMap;

use twox_hash::xxhash3_64::Hasher as Xxh3;

use crate::control::event::{Event, Origin};
use crate::digest::Digest;
use crate::saved;
use crate::trading::fill::Fill;
use crate::trading::matching::TradeEvent;
use crate::trading::order::{Amount, Effect, Exits, Lifetime, NewOrder, Order, OrderId, OrderKind};

/// What all consumers have emitted so far, by their names.
#[derive(Clone, Default)]
pub(super) struct Emitted {
    consumers: BTreeMap<String, OfConsumer>,
    words: Words,
}

#[derive(Clone, Default)]
pub(super) struct OfConsumer {
    digest: Digest,
    /// Its orders that are not over: the number that each has here, and the lots that are left.
    orders: BTreeMap<OrderId, (u64, i64)>,
    n_orders: u64,
}
saved!(struct OfConsumer { digest, orders, n_orders });

impl Emitted {
    /// What consumers have emitted by a checkpoint.
    pub(super) fn of(consumers: BTreeMap<String, OfConsumer>) -> Emitted {
        Emitted { consumers, words: Words::default() }
    }

    /// What each has emitted, for a checkpoint.
    pub(super) fn of_consumers(&self) -> BTreeMap<String, OfConsumer> {
        self.consumers.clone()
    }

    /// The digest of what the consumer of that name has emitted; that of nothing is zero.
    pub(super) fn digest(&self, name: &str) -> Digest {
        self.consumers.get(name).map_or(Digest::default(), |known| known.digest)
    }

    /// Takes in what `events`, the next ones of the log, say of consumers.
    pub(super) fn take_in(&mut self, events: &[Event]) {
        events.iter().for_each(|event| self.take(event));
    }

    fn take(&mut self, event: &Event) {
        let words = &mut self.words;
        words.0.clear();
        let name = match event {
            Event::Signalled { at, signal } => {
                words.text("signal").int(at.as_nanos());
                words.text(signal.symbol.as_str()).text(&signal.kind).number(signal.value);
                &signal.consumer
            }
            Event::Traded { at, strategy, trade } => {
                words.text("trade").int(at.as_nanos());
                let known = known(&mut self.consumers, strategy);
                words.trade(trade, known);
                strategy
            }
            Event::Commanded { taken, origin: Origin::Consumer { name }, command, .. } => {
                words.text("command").int(taken.clock.as_nanos());
                words.text(&format!("{command:?}"));
                name
            }
            Event::ConsumerFailed { at, consumer, why } => {
                words.text("failed").int(at.as_nanos()).text(why);
                consumer
            }
            _ => return,
        };
        let known = known(&mut self.consumers, name);
        known.digest = Digest(Xxh3::oneshot_with_seed(known.digest.0, &words.0));
    }
}

fn known<'k>(consumers: &'k mut BTreeMap<String, OfConsumer>, name: &str) -> &'k mut OfConsumer {
    if !consumers.contains_key(name) {
        consumers.insert(name.to_owned(), OfConsumer::default());
    }
    consumers.get_mut(name).expect("it is there by now")
}

impl OfConsumer {
    /// The number of an order among its own; 0 where there is none.
    fn number(&self, order: Option<OrderId>) -> i64 {
        order.and_then(|id| self.orders.get(&id)).map_or(0, |&(number, _)| number as i64)
    }

    fn place(&mut self, order: &Order) {
        self.n_orders += 1;
        self.orders.insert(order.id, (self.n_orders, order.ordered.count()));
    }

    /// The number of the order of a fill, which is forgotten where nothing of it is left.
    fn fill(&mut self, fill: &Fill) -> i64 {
        let Some((number, left)) = self.orders.get_mut(&fill.order) else { return 0 };
        let number = *number as i64;
        *left -= fill.lots.count();
        if *left <= 0 {
            self.orders.remove(&fill.order);
        }
        number
    }
}

/// What one event says, as bytes of which no two events share a row.
#[derive(Clone, Default)]
struct Words(Vec<u8>);

impl Words {
    fn text(&mut self, text: &str) -> &mut Words {
        self.int(text.len() as i64).0.extend_from_slice(text.as_bytes());
        self
    }

    fn int(&mut self, value: i64) -> &mut Words {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn number(&mut self, value: Option<f64>) -> &mut Words {
        self.0.push(u8::from(value.is_some()));
        self.int(value.unwrap_or_default().to_bits() as i64)
    }

    fn trade(&mut self, trade: &TradeEvent, of: &mut OfConsumer) {
        match trade {
            TradeEvent::Placed { order, at } => {
                of.place(order);
                self.text("placed").int(at.as_nanos()).int(of.number(Some(order.id)));
                self.int(of.number(order.pair)).int(of.number(order.entry));
                self.text(order.symbol.as_str()).text(order.side.name()).int(order.ordered.count());
                self.rules(order.kind, order.lifetime, order.effect, order.exits);
            }
            TradeEvent::Refused { order, at, why, .. } => {
                self.text("refused").int(at.as_nanos()).new_order(order).text(&why.to_string());
            }
            TradeEvent::Filled(fill) => {
                self.text("filled").int(of.fill(fill)).text(fill.symbol.as_str());
                self.text(fill.side.name()).int(fill.lots.count());
                for amount in [fill.reference_price, fill.slippage, fill.commission] {
                    self.number(Some(amount));
                }
                for instant in [fill.at, fill.made_at, fill.bar_opens_at] {
                    self.int(instant.as_nanos());
                }
                self.text(fill.moment.name());
            }
            TradeEvent::Ended { order, symbol, at, why, unfilled, .. } => {
                self.text("ended").int(at.as_nanos()).int(of.number(Some(*order)));
                self.text(symbol.as_str()).text(why.name()).int(unfilled.count());
                of.orders.remove(order);
            }
        }
    }

    fn new_order(&mut self, order: &NewOrder) -> &mut Words {
        let (side, amount, of) = match order.amount {
            Amount::Units { side, units } => (side.name(), units, "units"),
            Amount::ToUnits(units) => ("", units, "to units"),
            Amount::ToFraction(fraction) => ("", fraction, "to fraction"),
        };
        self.text(order.symbol.as_str()).text(side).text(of).number(Some(amount));
        self.rules(order.kind, order.lifetime, order.effect, order.exits)
    }

    fn rules(
        &mut self,
        kind: OrderKind,
        lifetime: Lifetime,
        effect: Effect,
        exits: Exits,
    ) -> &mut Words {
        self.text(kind.name());
        for price in kind.prices() {
            self.number(Some(price));
        }
        self.int(i64::from(lifetime == Lifetime::UntilCancelled));
        self.int(i64::from(effect == Effect::ReduceOnly));
        self.number(exits.stop).number(exits.target)
    }
}
