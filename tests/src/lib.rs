//! Whole sessions as stories, through the public API only.
//!
//! [`Market`] holds the bars of a story in memory, [`Stored`] in Parquet files, [`Story`] is a
//! session over them, and [`Finished`] what came of it. A [`Recorder`] writes down what it hears, a
//! [`Mirror`] reads what it is notified of and holds it against the session, a
//! [`ViewLog`] what can be read at every instant, a [`Collector`] every bar. [`GateModel`] is the
//! gate as plainly as it can be written. Stories name instants by the exchange's clock.

mod breaking_feed;
mod breaks;
mod collector;
mod gate_model;
mod guides;
mod live_market;
mod lookahead_market;
mod lookahead_runs;
mod market;
mod mirror;
mod plain_fold;
mod recorder;
mod replay;
pub mod simulation;
mod stored;
mod story;
mod trader;
mod view_log;
mod workers;

pub use breaks::Breaks;
pub use collector::{CollectedBar, Collection, Collector, Series};
pub use gate_model::{GateModel, ModelMember, ModelSwitch};
pub use guides::shown;
pub use live_market::{LiveMarket, LiveStory, SlowMarket, bars_of, series};
pub use lookahead_market::{lookahead_config, lookahead_market};
pub use lookahead_runs::LookaheadRuns;
pub use market::{Fault, Market, bar_at, flat, time};
pub use mirror::{Mirror, Mirrored};
pub use plain_fold::plain_fold;
pub use recorder::{Notified, NotifiedBar, Record, Recorder};
pub use replay::{commands_of, repeat};
pub use stored::Stored;
pub use story::{Finished, Story, at, config, dated, finish, minute, store_engine, sym, syms};
pub use trader::{Trader, order_in_turn};
pub use view_log::{Notes, ViewLog};
pub use workers::{finish_with_workers, register, step_to_end};
