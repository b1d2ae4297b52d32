//! What the vendor of one symbol says, and when by the true time: made from the truth, with all that
//! goes wrong on the way. The engine has no part in it.

use std::ops::Range;

use openbell_data_manager::{Arrival, DownCause, Link, Trading};
use openbell_market::Ohlcv;
use openbell_time::{Nanos, Timestamp};

use super::trouble::{Trouble, Troubles};
use super::truth::{TrueBar, TrueDay, TrueSymbol};
use crate::simulation::draw::Draw;

/// Something that is said.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// When it arrives, by the true time.
    pub at: Timestamp,
    /// What it is.
    pub said: Arrival,
}

/// What a vendor says beside its bars.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// Up to where all is sent, at the end of each slot, bar or not.
    Marks,
    /// The same with each bar only.
    MarksOfBars,
    /// Nothing.
    Nothing,
}

/// The vendor of one symbol.
#[derive(Clone, Debug)]
pub struct Script {
    /// What it says beside its bars.
    pub evidence: Evidence,
    /// From a bar's close to its arrival.
    pub delay: Nanos,
    /// How long it may be silent before its link counts as down.
    pub heartbeat: Nanos,
    /// What it says, in order.
    pub lines: Vec<Line>,
}

/// What the script of a scenario's symbol is made by.
pub struct ScriptPlan {
    /// The seed of the scenario.
    pub seed: u64,
    /// Which symbol of it.
    pub n: usize,
    /// What goes wrong.
    pub troubles: Troubles,
    /// The days of the run.
    pub run: Range<usize>,
    /// Seconds of lag that are too many.
    pub threshold_s: usize,
}

/// No vendor is silent for so long.
const NO_HEARTBEAT: Nanos = Nanos::from_secs(100_000_000);

pub(super) fn secs(seconds: usize) -> Nanos {
    Nanos::from_secs(seconds as i64)
}

fn is_of_rows(line: &Line) -> bool {
    !matches!(line.said, Arrival::Link(_) | Arrival::Trading(_))
}

impl Script {
    /// The script of `symbol`.
    pub fn drawn(symbol: &TrueSymbol, plan: &ScriptPlan, draw: &mut Draw) -> Script {
        let delays_ms = [200, 1_000, 1_000, 2_000, 3_000, 5_000, 20_000];
        let mut delay = Nanos::from_nanos(*draw.pick(&delays_ms) * 1_000_000);
        if draw.chance(5) {
            delay = secs(plan.threshold_s / 2 + draw.below(plan.threshold_s));
        }
        let evidence = match draw.below(10) {
            0..6 => Evidence::Marks,
            6..9 => Evidence::MarksOfBars,
            _ => Evidence::Nothing,
        };
        let heartbeat = if draw.chance(15) { secs(90) } else { NO_HEARTBEAT };
        let mut script = Script { evidence, delay, heartbeat, lines: Vec::new() };
        for day in &symbol.days[plan.run.clone()] {
            script.say_day(day);
        }
        script.sort();
        let rows = [
            (Trouble::LateRows, Script::come_late as fn(&mut Script, &TrueDay, &mut Draw)),
            (Trouble::Holes, Script::leave_out),
            (Trouble::Revisions, Script::revise),
            (Trouble::Duplicates, Script::double),
            (Trouble::EarlyRows, Script::come_early),
            (Trouble::BadRows, Script::spoil),
            (Trouble::Resent, Script::resend),
        ];
        for (kind, change) in rows {
            script.suffer(kind, change, symbol, plan);
        }
        script.suffer(Trouble::Halts, Script::halt, symbol, plan);
        script.suffer(Trouble::MarksAhead, Script::mark_ahead, symbol, plan);
        script.suffer(Trouble::Outages, Script::cut, symbol, plan);
        script.suffer(Trouble::SilentTopics, Script::fall_silent, symbol, plan);
        script.suffer(Trouble::SaidSkew, Script::say_skew, symbol, plan);
        script.suffer(Trouble::PollFailures, Script::fail_polls, symbol, plan);
        script.suffer(Trouble::Gone, Script::refuse, symbol, plan);
        if heartbeat < NO_HEARTBEAT {
            script.beat(symbol, plan);
        }
        script
    }

    /// Applies a kind of trouble to some days.
    fn suffer(
        &mut self,
        kind: Trouble,
        change: impl Fn(&mut Script, &TrueDay, &mut Draw),
        symbol: &TrueSymbol,
        plan: &ScriptPlan,
    ) {
        let mut draw = kind.draw(plan.seed, plan.n);
        let pct = match kind {
            Trouble::Gone => 1,
            Trouble::MarksAhead | Trouble::PollFailures | Trouble::Halts => 8,
            Trouble::SaidSkew | Trouble::Resent => 12,
            Trouble::Outages => 35,
            _ => 22,
        };
        for day in &symbol.days[plan.run.clone()] {
            if draw.chance(pct) && plan.troubles.has(kind) {
                change(self, day, &mut draw);
                self.sort();
            }
        }
    }

    fn sort(&mut self) {
        self.lines.sort_by_key(|line| line.at); // Stable: of one instant in the order said.
    }

    fn say(&mut self, at: Timestamp, said: Arrival) {
        self.lines.push(Line { at, said });
    }

    fn say_bar(&mut self, at: Timestamp, opens_at: Timestamp, ohlcv: Ohlcv) {
        self.say(at, Arrival::Bar { opens_at, ohlcv });
    }

    /// What is said of one day where nothing goes wrong.
    fn say_day(&mut self, day: &TrueDay) {
        if self.evidence == Evidence::Marks {
            self.say(day.open() - secs(30), Arrival::CompleteThrough(day.open()));
        }
        let mut bars = day.bars.iter().peekable();
        for &(opens_at, closes_at) in &day.slots {
            let at = closes_at + self.delay;
            let bar = bars.next_if(|bar| bar.opens_at == opens_at);
            if let Some(bar) = bar {
                self.say_bar(at, opens_at, bar.ohlcv);
            }
            let marks = match self.evidence {
                Evidence::Marks => true,
                Evidence::MarksOfBars => bar.is_some(),
                Evidence::Nothing => false,
            };
            if marks {
                self.say(at, Arrival::CompleteThrough(closes_at));
            }
        }
    }

    /// Some bars of `day` with the places of the lines that say them.
    fn some_bars(&self, day: &TrueDay, draw: &mut Draw) -> Vec<(usize, TrueBar)> {
        let n_bars = day.bars.len();
        let mut chosen = Vec::new();
        for _ in 0..draw.between(1, 3) {
            let bar = if n_bars == 0 { continue } else { day.bars[draw.below(n_bars)] };
            let says_it = |line: &Line| matches!(line.said, Arrival::Bar { opens_at, .. } if opens_at == bar.opens_at);
            let is_known = |(_, known): &(usize, TrueBar)| known.opens_at == bar.opens_at;
            if let Some(place) = self.lines.iter().position(says_it)
                && !chosen.iter().any(is_known)
            {
                chosen.push((place, bar));
            }
        }
        chosen
    }

    fn come_late(&mut self, day: &TrueDay, draw: &mut Draw) {
        for (place, _) in self.some_bars(day, draw) {
            self.lines[place].at += secs(draw.between(2, 400));
        }
    }

    fn leave_out(&mut self, day: &TrueDay, draw: &mut Draw) {
        let mut places: Vec<usize> = self.some_bars(day, draw).iter().map(|(n, _)| *n).collect();
        places.sort_unstable();
        for place in places.into_iter().rev() {
            self.lines.remove(place);
        }
    }

    fn revise(&mut self, day: &TrueDay, draw: &mut Draw) {
        for (place, TrueBar { opens_at, ohlcv, .. }) in self.some_bars(day, draw) {
            let other = Ohlcv { close: ohlcv.open, volume: ohlcv.volume + 1.0, ..ohlcv };
            let said = if draw.chance(60) {
                Arrival::Revision { opens_at, ohlcv: other }
            } else {
                Arrival::Bar { opens_at, ohlcv: other }
            };
            let at = self.lines[place].at + secs(draw.below(400));
            self.say(at, said);
        }
    }

    fn double(&mut self, day: &TrueDay, draw: &mut Draw) {
        for (place, _) in self.some_bars(day, draw) {
            let Line { at, said } = self.lines[place].clone();
            self.say(at + secs(draw.below(300)), said);
        }
    }

    fn come_early(&mut self, day: &TrueDay, draw: &mut Draw) {
        for (place, bar) in self.some_bars(day, draw) {
            let early = Nanos::from_nanos(draw.between(1, 25_000) as i64 * 1_000_000);
            if draw.chance(50) {
                let said = self.lines[place].said.clone();
                self.say(bar.closes_at + self.delay, said);
            }
            self.lines[place].at = bar.closes_at - early;
            if draw.chance(30) {
                // Not what it comes to in the end.
                let ohlcv = Ohlcv { close: bar.ohlcv.low, ..bar.ohlcv };
                self.say_bar(bar.closes_at - early - early, bar.opens_at, ohlcv);
            }
        }
    }

    fn spoil(&mut self, day: &TrueDay, draw: &mut Draw) {
        for (place, TrueBar { opens_at, ohlcv, .. }) in self.some_bars(day, draw) {
            let at = self.lines[place].at;
            match draw.below(4) {
                0 => {
                    let invalid = Ohlcv { high: ohlcv.low - 1.0, ..ohlcv };
                    self.say_bar(at - secs(draw.below(3)), opens_at, invalid);
                }
                1 => self.say_bar(at, opens_at + Nanos::from_nanos(1_000_000), ohlcv),
                2 => self.say_bar(at, day.close() + secs(draw.below(300)), ohlcv),
                _ => self.say_bar(at, day.open() - secs(draw.between(1, 90_000)), ohlcv),
            }
        }
    }

    /// The vendor sends what it has of a day once more, all at once.
    fn resend(&mut self, day: &TrueDay, draw: &mut Draw) {
        let length_s = (day.close() - day.open()).as_secs() as usize;
        let at = day.open() + secs(draw.below(length_s + 60));
        let mut known: Vec<(Timestamp, Ohlcv)> = Vec::new();
        for line in self.lines.iter().filter(|line| line.at < at) {
            let (Arrival::Bar { opens_at, ohlcv } | Arrival::Revision { opens_at, ohlcv }) =
                line.said
            else {
                continue;
            };
            match known.iter_mut().find(|(known, _)| *known == opens_at) {
                Some((_, last)) => *last = ohlcv,
                None if day.close_of(opens_at).is_some() => known.push((opens_at, ohlcv)),
                None => {}
            }
        }
        let since = known.len().saturating_sub(draw.between(1, 60));
        for &(opens_at, ohlcv) in &known[since..] {
            self.say_bar(at, opens_at, ohlcv);
        }
    }

    /// A stretch of time in the hours of `day`, or around its open or close.
    fn stretch_of(day: &TrueDay, draw: &mut Draw) -> Range<Timestamp> {
        let length_s = (day.close() - day.open()).as_secs() as usize;
        let since = match draw.below(10) {
            0..6 => day.open() + secs(draw.below(length_s)),
            6..9 => day.close() - secs(draw.between(1, 400.min(length_s))),
            _ => day.open() - secs(draw.below(120)),
        };
        let lasts_s = match draw.below(4) {
            0 => draw.between(1, 20),
            1 | 2 => draw.between(20, 400),
            _ => draw.between(60, 8_000),
        };
        since..since + secs(lasts_s)
    }

    /// What would arrive in `during` arrives at its end, in order.
    fn hold_back(&mut self, during: &Range<Timestamp>) {
        for line in self.lines.iter_mut().filter(|line| is_of_rows(line)) {
            if during.contains(&line.at) {
                line.at = during.end;
            }
        }
    }

    fn cut(&mut self, day: &TrueDay, draw: &mut Draw) {
        let outage = Script::stretch_of(day, draw);
        let whole_at = outage.end + secs(draw.between(0, 15));
        if draw.chance(50) {
            self.hold_back(&(outage.start..whole_at));
        } else {
            // The stream is back at once; what was missed, and so the proof, comes later.
            self.hold_back(&(outage.start..outage.end));
            for line in &mut self.lines {
                let is_proof = matches!(line.said, Arrival::CompleteThrough(_));
                if line.at == outage.end || is_proof && (outage.end..whole_at).contains(&line.at) {
                    line.at = whole_at;
                }
            }
        }
        let why = match draw.below(3) {
            0 => DownCause::Silent,
            1 => DownCause::Broken("1006".into()),
            _ => DownCause::Refused("maintenance".into()),
        };
        let (since, next_try) = (outage.start, Some(outage.end));
        let found_out_at = (outage.start + secs(draw.below(25))).min(outage.end);
        self.say(found_out_at, Arrival::Link(Link::Down { since, why, next_try }));
        let missing = outage.clone();
        self.say(outage.end, Arrival::Link(Link::CatchingUp { missing, n_tries: 1 }));
        self.say(whole_at, Arrival::Link(Link::Up { heard_at: whole_at }));
    }

    fn fall_silent(&mut self, day: &TrueDay, draw: &mut Draw) {
        let silence = Script::stretch_of(day, draw);
        self.hold_back(&silence);
    }

    fn say_skew(&mut self, day: &TrueDay, draw: &mut Draw) {
        let during = Script::stretch_of(day, draw);
        let by = Nanos::from_secs(*draw.pick(&[-2, 3, -4, -6, -9, 7]));
        self.say(during.start, Arrival::Link(Link::Skewed { by }));
        self.say(during.end, Arrival::Link(Link::Up { heard_at: during.end }));
    }

    fn fail_polls(&mut self, day: &TrueDay, draw: &mut Draw) {
        for _ in 0..draw.between(1, 3) {
            let at = Script::stretch_of(day, draw).start;
            self.say(at, Arrival::Failure("the socket is odd".to_owned()));
        }
    }

    fn refuse(&mut self, day: &TrueDay, draw: &mut Draw) {
        let at = Script::stretch_of(day, draw).start;
        self.say(at, Arrival::Link(Link::Gone { why: "400 unknown".into() }));
    }

    fn mark_ahead(&mut self, day: &TrueDay, draw: &mut Draw) {
        let at = Script::stretch_of(day, draw).start;
        let by_s = if draw.chance(50) { draw.between(1, 9) } else { draw.between(10, 4_000) };
        self.say(at, Arrival::CompleteThrough(at + secs(by_s)));
    }

    /// The exchange halts it: there are no bars, and the vendor says why.
    fn halt(&mut self, day: &TrueDay, draw: &mut Draw) {
        let halt = Script::stretch_of(day, draw);
        let is_halted = |line: &Line| match line.said {
            Arrival::Bar { opens_at, .. } | Arrival::Revision { opens_at, .. } => day
                .close_of(opens_at)
                .is_some_and(|closes_at| opens_at < halt.end && halt.start < closes_at),
            _ => false,
        };
        self.lines.retain(|line| !is_halted(line));
        let why = Trading::Halted { since: halt.start, why: "T12".into() };
        self.say(halt.start, Arrival::Trading(why));
        self.say(halt.end, Arrival::Trading(Trading::Normal));
    }

    /// A sign of life each half minute in which the link is up.
    fn beat(&mut self, symbol: &TrueSymbol, plan: &ScriptPlan) {
        let mut beats = Vec::new();
        for day in &symbol.days[plan.run.clone()] {
            let since = day.open() - secs(600);
            let mut at = since;
            let mut is_up = true;
            let mut lines = self.lines.iter().skip_while(|line| line.at < since).peekable();
            while at < day.close() + secs(600) {
                while let Some(line) = lines.next_if(|line| line.at <= at) {
                    if let Arrival::Link(link) = &line.said {
                        is_up = !matches!(link, Link::Down { .. });
                    }
                }
                if is_up {
                    beats.push(Line { at, said: Arrival::Heartbeat });
                }
                at += secs(30);
            }
        }
        self.lines.extend(beats);
        self.sort();
    }
}
