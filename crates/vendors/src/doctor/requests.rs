//! Questions to a vendor's history, and what its answers show.

use openbell_data_manager::live::{
    Answer, AskFault, EmptyInterval, Heard, Probe, Query, Reach, VendorTraits,
};
use openbell_market::SeriesKey;
use openbell_time::{Nanos, Timestamp};

use super::{Checked, Verdict};

/// How many intervals are asked for.
const N_RECENT: i64 = 20;

/// A question, with what its answer is to show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// What is asked.
    pub query: Query,
    topic: Topic,
    key: SeriesKey,
    length: Nanos,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Topic {
    /// The newest intervals, without an end.
    Recent,
    /// Five intervals that are over, with both ends.
    Ended,
    /// More than the history keeps.
    TooOld { n_rows: u32 },
    /// The newest bar of the series and of one that trades always.
    Newest,
}

/// What a vendor's history is asked of a series at `now`; nothing of a series without a clock.
pub fn questions(traits: &VendorTraits, key: &SeriesKey, now: Timestamp) -> Vec<Question> {
    let Some(clock) = key.interval.clock() else { return Vec::new() };
    let length = clock.length();
    let running = now - Nanos::from_nanos(now.as_nanos().rem_euclid(length.as_nanos()));
    let before = |n: i64| running - Nanos::from_nanos(length.as_nanos() * n);
    let bars = |since, until| Query::Bars { key: key.clone(), since, until, page: None };
    let mut asked = vec![(Topic::Recent, bars(before(N_RECENT), None))];
    match traits.n_history_rows {
        // Such a history has no question with an end.
        Some(n_rows) => {
            asked.push((Topic::TooOld { n_rows }, bars(before(2 * i64::from(n_rows)), None)));
        }
        None => asked.push((Topic::Ended, bars(before(N_RECENT), Some(before(N_RECENT - 5))))),
    }
    if let Probe::Newest { reference } = &traits.probe {
        let reference = SeriesKey { symbol: reference.clone(), interval: key.interval };
        asked.push((Topic::Newest, Query::Newest { keys: vec![key.clone(), reference] }));
    }
    let question = |(topic, query)| Question { query, topic, key: key.clone(), length };
    asked.into_iter().map(question).collect()
}

impl Question {
    /// What an answer to it shows, which came at `answered_at`.
    pub fn judged(
        &self,
        traits: &VendorTraits,
        answered_at: Timestamp,
        answer: &Result<Answer, AskFault>,
    ) -> Vec<Checked> {
        let answered = match answer {
            Ok(_) => Checked::new(self.assumption(), Verdict::Held, "it does"),
            Err(AskFault::Failed(said) | AskFault::Refused(said) | AskFault::Wait { said, .. }) => {
                return vec![Checked::new(self.assumption(), Verdict::NotHeld, &**said)];
            }
        };
        let mut checked = vec![answered];
        match (answer, self.topic, &self.query) {
            (Ok(Answer::Bars { rows, .. }), Topic::Recent, Query::Bars { since, .. }) => {
                checked.extend(self.recent(traits, *since, answered_at, rows));
            }
            (
                Ok(Answer::Bars { rows, .. }),
                Topic::Ended,
                Query::Bars { since, until: Some(until), .. },
            ) => checked.push(self.ended(traits, *since, *until, rows)),
            (Ok(Answer::Bars { rows, .. }), Topic::TooOld { n_rows }, _) => {
                checked.push(too_old(n_rows, rows));
            }
            (Ok(Answer::Newest(opens)), Topic::Newest, _) => checked.push(self.newest(opens)),
            _ => {}
        }
        checked
    }

    fn assumption(&self) -> &'static str {
        match self.topic {
            Topic::Recent => "history answers",
            Topic::Ended => "history answers a question with an end",
            Topic::TooOld { .. } => "history answers a question that reaches too far back",
            Topic::Newest => "the newest bars are answered",
        }
    }

    fn recent(
        &self,
        traits: &VendorTraits,
        since: Timestamp,
        answered_at: Timestamp,
        rows: &[Heard],
    ) -> Vec<Checked> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return vec![Checked::new("history has rows", Verdict::NotSeen, "there are none")];
        };
        let steps = || rows.windows(2).map(|pair| pair[1].opens_at - pair[0].opens_at);
        let is_ascending = steps().all(|step| step > Nanos::ZERO);
        let is_whole = steps().all(|step| step == self.length);
        let n_made_up = rows.iter().filter(|row| row.n_trades == Some(0)).count();
        let runs = last.opens_at + self.length > answered_at;
        let mut checked = vec![
            Checked::new(
                "rows ascend, each once",
                Verdict::of(is_ascending),
                format!("{} rows from {} to {}", rows.len(), first.opens_at, last.opens_at),
            ),
            Checked::new(
                "the first row opens where it was asked for, or later",
                Verdict::of(first.opens_at >= since),
                format!("asked for {since}, got {}", first.opens_at),
            ),
            Checked::new(
                "rows open on the grid of the interval",
                Verdict::of(rows.iter().all(|row| self.is_on_grid(row.opens_at))),
                format!("the last one opens at {}", last.opens_at),
            ),
        ];
        checked.push(match traits.reach {
            Reach::RunningRow => Checked::new(
                "the last row is the one that runs",
                Verdict::of(runs),
                format!("it opens at {}, answered at {answered_at}", last.opens_at),
            ),
            Reach::TwiceEqual { .. } => Checked::new(
                "no row runs: only closed bars are in history",
                Verdict::of(!runs),
                format!("the last opens at {}, answered at {answered_at}", last.opens_at),
            ),
        });
        let holes = if is_whole { "no interval is left out" } else { "intervals are left out" };
        checked.push(match traits.empty {
            EmptyInterval::Bar => Checked::new(
                "every interval has a row, also without a trade",
                Verdict::of(is_whole),
                format!("{holes}; {n_made_up} rows have no trade"),
            ),
            EmptyInterval::NoBar => Checked::new(
                "a row without a trade says so, and is no bar",
                if n_made_up > 0 { Verdict::Held } else { Verdict::NotSeen },
                format!("{n_made_up} rows say that they have no trade; {holes}"),
            ),
        });
        checked
    }

    /// Whether both ends of a question are understood as they are meant.
    fn ended(
        &self,
        traits: &VendorTraits,
        since: Timestamp,
        until: Timestamp,
        rows: &[Heard],
    ) -> Checked {
        let is_within = rows.iter().all(|row| row.opens_at >= since && row.opens_at < until);
        let n_wanted = (until - since).as_nanos() / self.length.as_nanos();
        let is_all = traits.empty == EmptyInterval::NoBar || rows.len() as i64 == n_wanted;
        let opens: Vec<String> = rows.iter().map(|row| row.opens_at.to_string()).collect();
        let verdict = if rows.is_empty() {
            Verdict::NotSeen // Where nothing traded, neither end shows.
        } else {
            Verdict::of(is_within && is_all)
        };
        Checked::new(
            "a question with an end gets the bars that open before it, and no other",
            verdict,
            format!("{since} to {until}: {}", opens.join(", ")),
        )
    }

    fn newest(&self, opens: &[(SeriesKey, Timestamp)]) -> Checked {
        let own = opens.iter().find(|(key, _)| *key == self.key);
        let found = match own {
            Some((_, at)) => format!("the newest opens at {at}, {} were told", opens.len()),
            None => format!("not that of {}, {} were told", self.key, opens.len()),
        };
        Checked::new(
            "the newest bar of a series and of a reference come in one answer",
            if own.is_some() { Verdict::Held } else { Verdict::NotSeen },
            found,
        )
    }

    fn is_on_grid(&self, opens_at: Timestamp) -> bool {
        opens_at.as_nanos().rem_euclid(self.length.as_nanos()) == 0
    }
}

fn too_old(n_rows: u32, rows: &[Heard]) -> Checked {
    Checked::new(
        format!("history has the newest {n_rows} rows and no older ones"),
        Verdict::of(rows.len() <= n_rows as usize),
        format!("{} rows came", rows.len()),
    )
}
