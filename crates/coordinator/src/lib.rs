//! Sessions as phases: merge, lag, gate, commands. The only crate that moves the session clock.
//!
//! A [`Plan`] is a session config checked against calendar and data; an [`Engine`] steps through
//! it; a [`Handle`] gives it commands and polls its state from any thread; a [`Consumer`] is called
//! as bars close. [`run`] steps to the end, at the pace of a wall clock.
//!
//! Not here: files (`openbell-data-manager`), the store that readers read
//! (`openbell-session-data`), threads, the terminal (`openbell`).

mod checkpoint;
mod consumers;
mod control;
mod digest;
mod engine;
mod error;
mod gate;
mod history;
mod layout;
mod lookahead;
mod modules;
mod plan;
mod report;
mod saved;
mod source;
mod symbol;
mod sync;
mod trading;

pub use checkpoint::{Checkpoint, CheckpointError, NoCheckpoint};
pub use consumers::bars::{BarClosed, Bars, BarsIter};
pub use consumers::consumer::{
    CallWindow, Consumer, ConsumerError, Corrected, Lagged, Outcome, Ready, Resumed, Skipped,
};
pub use consumers::context::{BeforeOpen, Context};
pub use consumers::report::ConsumerReport;
pub use consumers::subscription::Subscription;
pub use consumers::worker::{Delivery, Worker, WorkerEnd};
pub use control::asked::Asked;
pub use control::command::{
    AddFailure, Added, Answer, Command, PaceCommand, Refusal, Removed, SessionCommand, Stay, StepAt,
};
pub use control::event::{CorrectionKind, Event, Operation, Origin};
pub use control::handle::{Handle, Ticket, WaitError};
pub use control::signal::Signal;
pub use control::status::{FeedStatus, Phase, Status, SymbolState, SymbolStatus};
pub use control::verdict::Verdict;
pub use control::ways_out::{Action, WayOut};
pub use control::why::{Check, CheckKind, Diagnosis};
pub use digest::print::{symbol_print, view_print};
pub use digest::{DIGEST_FORM, Digest, DigestParts};
pub use engine::resuming::RestoreError;
pub use engine::run::{run, run_by_event};
pub use engine::{Engine, Step};
pub use error::{PlanError, PlanErrors, RunError, RunFailure, UnknownSymbol, with_causes};
// For the benches of this repository, which time the check of a single bar; no part of the interface.
#[doc(hidden)]
pub use gate::lag::{LagMeter, LagRule};
pub use history::held::HistoryReport;
pub use history::request::{HistoryBars, HistoryError};
pub use lookahead::{
    Cause, Cut, Difference, Finding, LookaheadCheck, LookaheadError, LookaheadReport,
    LookaheadSetup, RecordedCheck, RecordedSetup, Subject, Tamper, Tampering,
};
pub use modules::error::{ModuleError, ModuleErrors};
pub use modules::kind::ModuleKind;
pub use modules::{
    AskedInVain, BuiltModule, Emitted, Limits, Module, ModuleContext, ModuleFiles, NoModuleFiles,
    NoSettings, Registry, Setting, idle_limits,
};
pub use openbell_config::OnError;
pub use plan::series::HistoryWindow;
pub use plan::sessions::Sessions;
pub use plan::{Plan, ScheduleDue};
pub use report::{
    GateSwitch, Interrupted, LiveReport, Report, SeriesReport, SessionReport, SymbolReport,
};
pub use saved::{NotRestored, Saved, restored, saved_bytes};
pub use source::recording::{
    Heard, Loaded, Loading, LoadingState, Look, Occasion, Recording, RecordingError, Waited,
};
pub use source::store::StoreSource;
pub use source::{Source, SourceReadiness};
pub use trading::fill::{Fill, Moment};
pub use trading::lots::Lots;
pub use trading::matching::{Known, Matching, Standing, TradeEvent};
pub use trading::order::{
    Amount, Effect, Exits, Lifetime, NewOrder, Order, OrderId, OrderKind, Placed, Placement, Side,
    StrategyIdx,
};
pub use trading::position::{Balance, Mark, Position};
pub use trading::refusal::{CancelRefusal, OrderEnd, OrderRefusal, TradingLimit};

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
