//! What must hold when a session of a live run closes: its books, and what they were closed over.

use openbell_config::GateScope;
use openbell_coordinator::{SessionReport, SymbolReport};
use openbell_data_manager::Link;
use openbell_market::{RejectReason, Symbol};
use openbell_time::{Nanos, Timestamp};

use super::drive::LegRun;
use super::wall::Reading;
use super::witness::{Counts, Witness};
use crate::simulation::violation::{Kept, keep};

impl LegRun<'_> {
    /// The books of a session that has closed.
    pub(super) fn check_books(
        &self,
        report: &SessionReport,
        day: usize,
        reading: Reading,
    ) -> Kept<()> {
        let known = &self.scenario.days[day];
        let is_right = report.date == known.date && reading.wall >= known.close();
        keep("live sessions: each closes in its turn and not before its time", is_right, || {
            format!("{reading:?}: {} closes, {} is due", report.date, known.date)
        })?;
        for symbol in &self.scenario.symbols {
            let name = &symbol.truth.name;
            self.check_symbol_books(name, report, reading)?;
        }
        let inside = self.inside.view();
        for symbol in inside.symbols() {
            let (Some(witness), Some(shown)) =
                (self.witness(symbol), inside.symbol(symbol.as_str()))
            else {
                continue;
            };
            let n_rows = shown.base().map_or(0, |base| base.today().len());
            let n_due = witness.bars.len();
            keep(
                "live never missing: a session ends with all that was handed over",
                n_rows == n_due,
                || format!("{reading:?}: {symbol} has {n_rows} bars of {n_due}"),
            )?;
            self.check_rows(witness, &shown, reading, known.close())?;
            self.check_patience(witness, symbol, reading, known.close())?;
            let threshold = Nanos::from_secs(self.scenario.thresholds.0 as i64);
            let is_owed = witness.overdue(known.close()) > threshold || !witness.is_reachable();
            let was_active = self.noted.lock().closed_active;
            let is_shut = !was_active || self.scenario.scope == GateScope::Symbol;
            keep("live close: no gate opens over what is owed", is_shut || !is_owed, || {
                let through = witness.through(known.close());
                format!("{reading:?}: {symbol} is complete through {through}, {:?}", witness.link)
            })?;
        }
        Ok(())
    }

    /// The books are not closed over what has time left to come.
    fn check_patience(
        &self,
        witness: &Witness<'_>,
        symbol: &Symbol,
        reading: Reading,
        close: Timestamp,
    ) -> Kept<()> {
        let settle = Nanos::from_secs(self.scenario.settle_s as i64);
        let threshold = Nanos::from_secs(self.scenario.thresholds.0 as i64);
        let is_asked = matches!(
            witness.link,
            Some(
                Link::Starting { .. }
                    | Link::CatchingUp { .. }
                    | Link::Down { next_try: Some(_), .. }
            )
        );
        let is_reached = witness.is_reachable() && witness.through(close) >= witness.day.open();
        let is_owed = witness.overdue(close) > threshold && (is_asked || is_reached);
        let patience = match self.scenario.scope {
            GateScope::Session if is_owed => self.scenario.patience(),
            GateScope::Session | GateScope::Symbol => settle,
        };
        let over_since = self.last.over_since.unwrap_or(close);
        let has_come = witness.through(close) >= close || reading.wall >= over_since + patience;
        keep("live close: not over what has time left to come", has_come, || {
            let through = witness.through(close);
            format!("{reading:?}: {symbol} is complete through {through}, {patience} left")
        })
    }

    /// Everything that a feed has handed over was delivered, corrected or rejected under its name.
    fn check_symbol_books(
        &self,
        name: &Symbol,
        report: &SessionReport,
        reading: Reading,
    ) -> Kept<()> {
        let of_symbol = report.symbols.iter().filter(|known| known.symbol == *name);
        let mut reports: Vec<&SymbolReport> = of_symbol.collect();
        reports.sort_by_key(|report| !report.has_left); // Stable: in the order in which they were there.
        reports.retain(|report| report.live.is_some_and(|live| live.n_handed > 0));
        let known = self.witnesses.iter().zip(&self.names).filter(|(_, known)| *known == name);
        let witnesses: Vec<&Witness<'_>> = known
            .filter_map(|(witness, _)| witness.as_ref())
            .filter(|witness| witness.counts.n_handed > 0)
            .collect();
        keep(
            "live books: who was there is in the report",
            reports.len() == witnesses.len(),
            || format!("{reading:?}: {name} {} of {}", reports.len(), witnesses.len()),
        )?;
        for (report, witness) in reports.into_iter().zip(witnesses) {
            self.check_counts(report, witness, reading)?;
        }
        Ok(())
    }

    fn check_counts(
        &self,
        report: &SymbolReport,
        witness: &Witness<'_>,
        reading: Reading,
    ) -> Kept<()> {
        let Some(live) = report.live else { return Ok(()) };
        let Counts { n_handed, n_duplicate, n_revised, n_invalid, n_off_grid, n_elsewhere, .. } =
            witness.counts;
        let rejected = |is_it: fn(&RejectReason) -> bool| -> u64 {
            report.rejected.iter().filter(|(reason, _)| is_it(reason)).map(|(_, n)| *n).sum()
        };
        let met = [
            live.n_handed,
            rejected(|reason| matches!(reason, RejectReason::Duplicate)),
            live.n_revised,
            rejected(|reason| matches!(reason, RejectReason::Invalid(_))),
            rejected(|reason| matches!(reason, RejectReason::OffGrid)),
            rejected(|reason| matches!(reason, RejectReason::OutsideHours | RejectReason::Late)),
        ];
        let due = [n_handed, n_duplicate, n_revised, n_invalid, n_off_grid, n_elsewhere];
        let found = || format!("{reading:?}: {report:?}\n{:?}", witness.counts);
        keep("live books: every row is counted for what it is", met == due, found)?;
        let n_late = rejected(|reason| matches!(reason, RejectReason::Late));
        keep(
            "live books: rows of earlier sessions are late",
            n_late >= witness.counts.n_of_earlier,
            found,
        )?;
        let n_bars = report.series[0].n_bars;
        let n_rejected: u64 = report.rejected.values().sum();
        let n_all = live.n_delivered(n_bars) + live.n_late + live.n_revised + n_rejected;
        let adds_up = if report.has_left { n_all <= n_handed } else { n_all == n_handed };
        keep(
            "live books: delivered, corrected and rejected are all that was handed over",
            adds_up,
            found,
        )?;
        let n_may_be = witness.counts.n_may_be_late;
        keep(
            "live books: nothing is a correction that came in its turn",
            live.n_late <= n_may_be,
            found,
        )
    }
}
