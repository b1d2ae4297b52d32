//! One connection with what a script has done to it.

use std::collections::BTreeSet;

use openbell_time::Timestamp;

use crate::outbox::Frame;
use crate::script::LineFault;
use crate::wire::{Ended, Said};

#[derive(Debug)]
pub(super) struct Line {
    state: State,
    n_frames: u32,
    /// The places of symbols of which nothing is sent.
    pub(super) swallowed: BTreeSet<usize>,
    /// No data is sent.
    pub(super) is_mute: bool,
    /// No sign of life is sent.
    pub(super) is_beatless: bool,
    /// When the next frame may leave.
    pub(super) not_before: Timestamp,
    /// The frame that lets the next one pass.
    held: Option<Said>,
    /// The first data frame.
    oldest: Option<Said>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Both sides hear each other.
    Open,
    /// Both sides believe that it is open, and nothing gets through.
    Hung,
    /// It is over.
    Over,
}

impl Line {
    pub(super) fn new() -> Line {
        Line {
            state: State::Open,
            n_frames: 0,
            swallowed: BTreeSet::new(),
            is_mute: false,
            is_beatless: false,
            not_before: Timestamp::MIN,
            held: None,
            oldest: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    pub(super) fn hang(&mut self) {
        self.state = State::Hung;
    }

    pub(super) fn end(&mut self) {
        self.state = State::Over;
    }

    /// The client leaves; yields what the exchange learns of it, if it did not know.
    pub(super) fn leave(&mut self, how: Ended) -> Option<Ended> {
        let known = match self.state {
            State::Open => Some(how),
            State::Hung => Some(Ended::Lost),
            State::Over => None,
        };
        self.end();
        known
    }

    /// Counts a frame, and yields its number; `None` where it cannot be sent.
    pub(super) fn count(&mut self) -> Option<u32> {
        if !self.is_open() {
            return None;
        }
        self.n_frames += 1;
        Some(self.n_frames)
    }

    /// What is left of a frame once what is swallowed is gone.
    pub(super) fn filtered(&mut self, frame: Frame) -> Option<Said> {
        let is_silent = |symbol: &usize| self.is_mute || self.swallowed.contains(symbol);
        let said = match frame {
            Frame::Control(text) => return Some(Said::Text(text)),
            Frame::End(said) => return Some(said),
            Frame::Beat(said) => return (!self.is_beatless).then_some(said),
            Frame::Data(topic, text) => (!is_silent(&topic.symbol)).then_some(Said::Text(text))?,
            Frame::Array(parts) => {
                let kept = parts.into_iter().filter(|(topic, _)| !is_silent(&topic.symbol));
                let kept: Vec<String> = kept.map(|(_, text)| text).collect();
                (!kept.is_empty()).then(|| Said::Text(format!("[{}]", kept.join(","))))?
            }
        };
        self.oldest.get_or_insert_with(|| said.clone());
        Some(said)
    }

    /// What a fault makes of the frame that is to be sent.
    pub(super) fn distort(&mut self, fault: &LineFault, said: &mut Vec<Said>) {
        match fault {
            LineFault::Garbage => *said = vec![Said::Text("{\"e\":\u{fffd}[".to_owned())],
            LineFault::Oversize { n_bytes } => *said = vec![Said::Text("[".repeat(*n_bytes))],
            LineFault::Duplicate => said.extend(said.clone()),
            LineFault::ReplayOld => said.extend(self.oldest.clone()),
            LineFault::Half { .. } => {
                if let Some(Said::Text(text)) = said.first() {
                    let half = text.char_indices().nth(text.chars().count() / 2);
                    let half = half.map_or(0, |(at, _)| at);
                    *said = vec![Said::Half(text[..half].to_owned())];
                }
            }
            LineFault::Reorder => self.held = said.pop(),
            _ => {}
        }
    }

    /// The frames to send now: these, and after them the one that waited for them.
    pub(super) fn in_order(&mut self, mut said: Vec<Said>) -> Vec<Said> {
        if !said.is_empty() {
            said.extend(self.held.take());
        }
        said
    }
}
