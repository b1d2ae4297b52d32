//! The day as phases: merge, lag, gate, commands, and the only hand on the clock.
//!
//! A [`Plan`] is a session config checked against calendar and data; an [`Engine`] steps through
//! it; a [`Handle`] gives it commands and polls its state from any thread; a [`Consumer`] is called
//! as bars close. [`run`] steps to the end, at the pace of a wall clock.
//!
//! Not here: files (`openbell-data-manager`), the store that readers read
//! (`openbell-session-data`), threads, the terminal (`openbell`).

mod command;
mod consumer;
mod context;
mod day_figures;
mod day_rows;
mod digest;
mod engine;
mod error;
mod event;
mod exchange;
mod fixed;
mod handle;
mod history;
mod hub;
mod lag;
mod lane;
mod layout;
mod loader;
mod lookahead;
mod mailbox;
mod module;
mod module_error;
mod notice;
mod past;
mod plan;
mod print;
mod queue;
mod registry;
mod report;
mod run;
mod seat;
mod settings;
mod sift;
mod source;
mod status;
mod store_source;
mod subscription;
mod sync;

pub use command::{Added, Answer, Command, Refusal, Removed, Stay, StepAt};
pub use consumer::{
    BarClosed, CallWindow, Consumer, ConsumerError, Lagged, OnError, Outcome, Ready, Resumed,
    Skipped,
};
pub use context::{BeforeOpen, Context};
pub use digest::Digest;
pub use engine::{Engine, Step};
pub use error::{PlanError, PlanErrors, RunError};
pub use event::{Event, Operation, Origin, Signal};
pub use handle::{Handle, Ticket, WaitError};
pub use history::HistoryWindow;
pub use lag::{LagChange, LagMeter, LagRule, LagState};
pub use layout::{LayoutRule, SessionLayout};
pub use lookahead::{
    Cause, Cut, Difference, Finding, LookaheadCheck, LookaheadError, LookaheadReport, Rehearsal,
    Subject, Tamper, Tampering,
};
pub use module_error::{ModuleError, ModuleErrors};
pub use past::{HistoryError, PastSessions};
pub use plan::{Plan, ScheduleDue};
pub use print::{symbol_print, view_print};
pub use registry::{Made, Making, Module, ModuleKind, NoTexts, Registry, Texts};
pub use report::{ConsumerReport, GateSwitch, Report, SeriesReport, SessionReport, SymbolReport};
pub use run::run;
pub use seat::{Delivery, Seat, SeatEnd};
pub use source::Source;
pub use status::{Phase, Status, SymbolState, SymbolStatus};
pub use store_source::StoreSource;
pub use subscription::Subscription;

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
