//! `--metrics`: what there is to watch, written into a file every five seconds.

use std::path::PathBuf;
use std::sync::Arc;

use openbell_config::SessionConfig;
use openbell_coordinator::{Event, Status};
use openbell_data_manager::live::Door;
use openbell_market::BarInterval;
use openbell_time::{Nanos, Timestamp};
use openbell_vendors::Control;
use openbell_wire::engine::RunTally;
use openbell_wire::metrics::{
    FeedFigures, Figures, LiveFigures, RecordingFigures, SessionFigures, VendorFigures,
    prometheus_text,
};

use super::counts::Counts;
use super::recorded::{Recorder, Unsynced};
use crate::process;
use crate::terminal::Terminal;

/// How often the file is written.
const WRITE_EACH: Nanos = Nanos::from_secs(5);

/// A file of metrics.
pub(super) struct MetricsFile {
    pub(super) path: PathBuf,
    pub(super) tally: RunTally,
    pub(super) base: BarInterval,
    pub(super) session: SessionFigures,
    pub(super) vendor: &'static str,
    pub(super) door: Door,
    pub(super) control: Control,
    pub(super) recording: Option<(Arc<Recorder>, Unsynced)>,
    pub(super) began: Timestamp,
    pub(super) next: Timestamp,
    /// Whether it was said that the file cannot be written.
    pub(super) has_failed: bool,
}

/// What is run, for the metrics.
pub(super) fn session_figures(config: &SessionConfig) -> SessionFigures {
    SessionFigures {
        name: config.session_name.clone(),
        mode: config.mode.name().to_owned(),
        exchange_group: config.exchange_group.name.to_owned(),
    }
}

impl MetricsFile {
    pub(super) fn event(&mut self, event: &Event, now: Timestamp) {
        self.tally.event(event, now);
    }

    /// Writes the file where it is time. One that cannot be written is said once, and tried again.
    pub(super) fn look(
        &mut self,
        now: Timestamp,
        status: &Status,
        counts: &Counts,
        terminal: &Terminal,
    ) {
        if now < self.next {
            return;
        }
        self.next = now + WRITE_EACH;
        let text = prometheus_text(self.figures(now, status, counts));
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let written =
            std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, &self.path));
        match written {
            Ok(()) => self.has_failed = false,
            Err(error) if !std::mem::replace(&mut self.has_failed, true) => {
                let path = self.path.display();
                terminal.warning(&format!("the metrics {path} cannot be written: {error}"));
            }
            Err(_) => {}
        }
    }

    fn figures(&mut self, now: Timestamp, status: &Status, counts: &Counts) -> Figures {
        let (run, symbols) = self.tally.figures(status, self.base, now);
        let feed = FeedFigures {
            name: self.vendor.to_owned(),
            is_connected: counts.is_up(),
            silence_s: None,
            reconnects: counts.reconnects.clone(),
            n_backfilled: Some(counts.n_backfilled),
        };
        let vendor = VendorFigures {
            name: self.vendor.to_owned(),
            skew_s: self.control.skew().map(Nanos::as_secs_f64),
            ..VendorFigures::default()
        };
        let live = LiveFigures {
            feeds: vec![feed],
            vendors: vec![vendor],
            n_queued: Some(self.door.n_waiting() as u64),
            n_revised: Some(self.tally.n_revised()),
            n_gap_bars: Some(self.tally.n_gap_bars()),
            topic_suspects: counts.suspects.clone(),
            ..LiveFigures::default()
        };
        let recording = self.recording.as_ref().zip(status.session);
        let recording = recording.map(|((recorder, unsynced), session)| RecordingFigures {
            n_bytes: recorder.n_bytes(session),
            unsynced_s: unsynced.since(now).as_secs_f64(),
        });
        Figures {
            build: process::build_figures(),
            session: self.session.clone(),
            run,
            symbols,
            live: Some(live),
            recording,
            process: process::figures(self.began),
            ..Figures::default()
        }
    }
}
