//! The engine's gate against the plain one, over random streams, numbers and comings and goings.
//! `PROPTEST_CASES` says how many; a failure is made small, and kept beside this file.

use openbell_coordinator::{Event, SessionCommand, Stay, Step};
use openbell_market::Symbol;
use openbell_session_data::{OutsideReader, Reason};
use openbell_tests::{GateModel, Market, ModelSwitch, Story, at, minute, sym};
use openbell_time::{Nanos, Timestamp};
use proptest::prelude::*;

const DAY: &str = "2025-07-02";
const NAMES: [&str; 4] = ["MSFT", "TSLA", "A", "ZM"];

/// The minutes of the session in which a symbol has a bar.
fn minutes_of_a_symbol() -> impl Strategy<Value = Vec<u32>> {
    let run = (0_u32..390, 1_u32..120, 1_u32..9).prop_map(|(first, n_bars, every)| {
        (0..n_bars).map(|n| first + n * every).filter(|&minute| minute < 390).collect::<Vec<_>>()
    });
    prop_oneof![
        3 => run,
        1 => proptest::collection::btree_set(0_u32..390, 0..40)
            .prop_map(|minutes| minutes.into_iter().collect()),
        1 => Just((0..390).collect()),
        1 => Just(Vec::new()),
    ]
}

#[derive(Clone, Debug)]
enum Act {
    /// The clock moves on by so many minutes, every backlog delivered.
    Go(u32),
    /// So many steps are taken; in the middle of catch-up each is a bar.
    Steps(u32),
    Add(Vec<usize>),
    Remove(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let names = proptest::sample::subsequence(vec![0_usize, 1, 2, 3], 1..=4).prop_shuffle();
    prop_oneof![
        (1_u32..120).prop_map(Act::Go),
        (0_u32..60).prop_map(Act::Steps),
        names.prop_map(Act::Add),
        (0_usize..4).prop_map(Act::Remove),
    ]
}

#[derive(Clone, Debug)]
struct Numbers {
    threshold_s: u32,
    recovery_share: u32,
    check_interval: u32,
    scope: &'static str,
}

fn numbers() -> impl Strategy<Value = Numbers> {
    let threshold = prop_oneof![1_u32..400, Just(60), Just(120), 400_u32..20_000];
    (threshold, 0_u32..=100, 1_u32..=100, prop_oneof![Just("session"), Just("symbol")]).prop_map(
        |(threshold_s, recovery_share, check_interval, scope)| Numbers {
            threshold_s,
            recovery_share,
            check_interval,
            scope,
        },
    )
}

/// The engine and the plain gate, side by side.
struct Pair {
    story: Story,
    reader: OutsideReader,
    model: GateModel,
    closes: Vec<Vec<Timestamp>>,
}

impl Pair {
    fn new(minutes: &[Vec<u32>], numbers: &Numbers) -> Pair {
        let anchor = Market::new().with_minutes("AAPL", DAY, DAY, |_, _| true);
        let market = NAMES.iter().zip(minutes).fold(anchor, |market, (name, minutes)| {
            market.with_minutes(name, DAY, DAY, |_, minute| minutes.contains(&(minute as u32)))
        });
        let Numbers { threshold_s, recovery_share, check_interval, scope } = *numbers;
        let recovery_s = threshold_s * recovery_share / 100;
        let more = format!(
            r#", "streaming": {{"catchup_threshold_seconds": {threshold_s},
                "recovery_threshold_seconds": {recovery_s},
                "catchup_check_interval": {check_interval}, "scope": "{scope}"}}"#
        );
        let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, DAY, &more, market);
        story.run_to(DAY, 9, 30);
        let streaming = &story.engine.plan().config().session_data_config.streaming;
        let open = at(DAY, 9, 30);
        let mut model = GateModel::new(streaming, vec![(open, at(DAY, 16, 0))]);
        let close_of = |minute: u32| open + Nanos::from_secs(60 * (i64::from(minute) + 1));
        model.join(sym("AAPL"), (0..390).map(close_of).collect());
        let _members = model.open(open);
        let closes = minutes.iter().map(|m| m.iter().map(|&m| close_of(m)).collect()).collect();
        Pair { reader: story.reader(), story, model, closes }
    }

    /// One step of the engine: paused, it delivers backlog or stands.
    fn step(&mut self) {
        let step = self.story.step();
        let expected = if self.model.backlog().is_some() { Step::Worked } else { Step::Paused };
        assert_eq!(step, expected);
        self.model.deliver_backlog_bar();
        let _joined = self.model.settle();
        self.compare();
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Go(n_minutes) => {
                while self.model.backlog().is_some() {
                    self.step();
                }
                let stands = (self.model.clock - at(DAY, 9, 30)).as_secs() / 60;
                let goal = (stands as u32 + n_minutes).min(389);
                while let Some(next) =
                    self.model.next_close().filter(|&next| next <= clock_of(goal))
                {
                    self.model.visit(next);
                }
                let (hour, minute) = minute(goal);
                self.story.run_to(DAY, hour, minute);
                self.compare();
            }
            Act::Steps(n_steps) => (0..*n_steps).for_each(|_| self.step()),
            Act::Add(names) => {
                let symbols: Vec<Symbol> = names.iter().map(|&n| sym(NAMES[n])).collect();
                let command = SessionCommand::AddSymbols { symbols, stay: Stay::Session };
                drop(self.story.handle().command(command));
                for &name in names {
                    if !self.model.members.contains_key(&sym(NAMES[name])) {
                        self.model.join(sym(NAMES[name]), self.closes[name].clone());
                    }
                }
                let _joined = self.model.settle();
                self.step();
            }
            Act::Remove(name) => {
                drop(self.story.handle().remove_symbols([sym(NAMES[*name])]));
                self.model.leave(&sym(NAMES[*name]));
                let _joined = self.model.settle();
                self.step();
            }
        }
    }

    fn compare(&mut self) {
        let status = self.story.handle().status();
        assert_eq!(status.clock, Some(self.model.clock));
        let met: Vec<_> =
            status.symbols.iter().map(|s| (&s.symbol, s.n_delivered as usize, s.lag)).collect();
        let expected: Vec<_> =
            self.model.members.iter().map(|(s, m)| (s, m.n_delivered, m.lag)).collect();
        assert_eq!(met, expected);
        match self.reader.view() {
            Ok(view) => {
                assert!(self.model.is_open, "open with {:?} behind", self.model.lagging());
                let listed: Vec<_> = view
                    .symbols()
                    .map(|symbol| (symbol.clone(), view.symbol(symbol.as_str()).is_err()))
                    .collect();
                let expected: Vec<_> = self.model.published.clone().into_iter().collect();
                assert_eq!(listed, expected);
            }
            Err(inactive) => {
                assert!(!self.model.is_open, "{inactive}, and nobody lags");
                let Reason::CatchingUp { holders } = &inactive.facts().reason else {
                    panic!("{inactive}");
                };
                let named: Vec<_> = holders.iter().map(|holder| &holder.symbol).collect();
                let holding: Vec<_> = self.model.holding().into_iter().collect();
                assert_eq!(named, holding.iter().collect::<Vec<_>>(), "{inactive}");
            }
        }
    }

    fn switches(&self) -> Vec<ModelSwitch> {
        let switch = |event: &Event| match event {
            Event::GateOpened { at, epoch } => {
                Some(ModelSwitch { at: *at, epoch: *epoch, holders: None })
            }
            Event::GateShut { at, epoch, reason: Reason::CatchingUp { holders } } => {
                Some(ModelSwitch { at: *at, epoch: *epoch, holders: Some(holders.clone()) })
            }
            _ => None,
        };
        self.story.engine.events().iter().filter_map(switch).collect()
    }
}

fn clock_of(minute: u32) -> Timestamp {
    at(DAY, 9, 30) + Nanos::from_secs(60 * i64::from(minute))
}

proptest! {
    #[test]
    fn the_gate_switches_as_the_plain_rule_says(
        minutes in proptest::collection::vec(minutes_of_a_symbol(), 4),
        numbers in numbers(),
        acts in proptest::collection::vec(act(), 1..12),
    ) {
        let mut pair = Pair::new(&minutes, &numbers);
        for act in &acts {
            pair.act(act);
        }
        prop_assert_eq!(pair.switches(), pair.model.switches);
    }

    #[test]
    fn no_gate_depends_on_the_order_in_which_symbols_were_asked_for(
        minutes in proptest::collection::vec(minutes_of_a_symbol(), 4),
        numbers in numbers(),
        go in 1_u32..389,
        order in Just(vec![0_usize, 1, 2, 3]).prop_shuffle(),
    ) {
        let run = |order: Vec<usize>| {
            let mut pair = Pair::new(&minutes, &numbers);
            pair.act(&Act::Go(go));
            pair.act(&Act::Add(order));
            let switches = pair.switches();
            (switches, pair.story.finish().report.digest)
        };
        prop_assert_eq!(run(order), run(vec![0, 1, 2, 3]));
    }
}
