//! The history of vendors into a store, against the simulated exchange: whatever goes wrong at whatever
//! request, and wherever the program is killed, the store ends with every bar of the truth once.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use openbell_data_manager::fetch::{
    Answered, Asker, FetchReport, FetchReportEnd, FetchSpan, FetchTarget, GoOn, ToFetch, fetch,
};
use openbell_data_manager::live::{
    Fetch, FetchEnd, Missing, MissingCause, Protocol, Request, Response, Waiting,
};
use openbell_data_manager::{DataManager, Provenance, StoreOptions, StoreWriter};
use openbell_market::{Adjustment, Bar, BarColumns, BarInterval, SeriesKey};
use openbell_time::{Calendar, Nanos, TimeManager, Timestamp, TradingDate};
use openbell_vendor_sim::{
    Answer, BinanceSwitches, Exchange, Hours, Listing, Market, Request as Asked, Script, Speaks,
};
use openbell_vendors::alpaca::{Alpaca, Source};
use openbell_vendors::binance::Binance;
use openbell_vendors::kraken::Kraken;
use openbell_vendors::{Endpoint, KeyPair, Names};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn dates(first: &str, last: &str) -> RangeInclusive<TradingDate> {
    first.parse().unwrap()..=last.parse().unwrap()
}

fn endpoint() -> Endpoint {
    Endpoint { stream: "wss://exchange".to_owned(), history: "https://exchange".to_owned() }
}

/// The three, each with a market that has something to page through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Vendor {
    Binance,
    Kraken,
    Alpaca,
}

impl Vendor {
    const ALL: [Vendor; 3] = [Vendor::Binance, Vendor::Kraken, Vendor::Alpaca];

    fn group(self) -> &'static str {
        match self {
            Vendor::Binance | Vendor::Kraken => "CRYPTO",
            Vendor::Alpaca => "US_EQUITY",
        }
    }

    fn symbol(self) -> &'static str {
        match self {
            Vendor::Binance => "BTCUSDT",
            Vendor::Kraken => "BTC/USD",
            Vendor::Alpaca => "SPY",
        }
    }

    fn protocol(self) -> Box<dyn Protocol> {
        match self {
            Vendor::Binance => Box::new(Binance::new(Names::default(), endpoint())),
            Vendor::Kraken => Box::new(Kraken::new(Names::default(), endpoint())),
            Vendor::Alpaca => {
                let key = KeyPair::new("key", "secret");
                Box::new(Alpaca::new(Names::default(), endpoint(), Source::Iex, key))
            }
        }
    }

    fn speaks(self, seed: u64) -> Speaks {
        match self {
            Vendor::Binance => Speaks::binance(seed),
            Vendor::Kraken => Speaks::kraken(seed),
            Vendor::Alpaca => Speaks::alpaca(seed),
        }
    }

    /// Sessions of more bars than a page has, and an instant at which they are asked for.
    fn span(self) -> (RangeInclusive<TradingDate>, Timestamp) {
        match self {
            Vendor::Binance => (dates("2025-06-29", "2025-07-02"), at("2025-07-04T12:00:30Z")),
            Vendor::Kraken => (dates("2025-07-03", "2025-07-03"), at("2025-07-03T11:30:30Z")),
            // Half an hour of the last session is still to come.
            Vendor::Alpaca => (dates("2025-06-17", "2025-07-02"), at("2025-07-02T23:30:30Z")),
        }
    }
}

/// A client of the exchange for whom time passes only while it asks and waits.
struct Client {
    exchange: Exchange,
    now: Timestamp,
    /// When it asked.
    asked_at: Vec<Timestamp>,
    waited_for: Vec<Waiting>,
    /// The program ends, without a word, at the answer to this request.
    killed_at: Option<usize>,
    /// Somebody wants the end after the answer to this request.
    interrupted_at: Option<usize>,
}

/// What the unwinding of a killed program carries.
struct Killed;

impl Client {
    fn new(exchange: Exchange, now: Timestamp) -> Client {
        let (asked_at, waited_for) = (Vec::new(), Vec::new());
        let (killed_at, interrupted_at) = (None, None);
        Client { exchange, now, asked_at, waited_for, killed_at, interrupted_at }
    }
}

impl Asker for Client {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn wait(&mut self, until: Timestamp, why: &Waiting) -> GoOn {
        assert!(until > self.now, "a wait ends later than it begins");
        self.now = until;
        self.waited_for.push(why.clone());
        GoOn::Yes
    }

    fn ask(&mut self, request: &Request, answered: &mut Answered<'_>) {
        self.asked_at.push(self.now);
        let target = request.url.strip_prefix("https://exchange").expect("its own address");
        let asked = Asked::get(target)
            .with("User-Agent", "tests")
            .with("APCA-API-KEY-ID", "key")
            .with("APCA-API-SECRET-KEY", "secret");
        self.now += Nanos::from_nanos(40_000_000);
        let answer = self.exchange.ask(self.now, &asked);
        if self.killed_at == Some(self.asked_at.len()) {
            resume_unwind(Box::new(Killed));
        }
        match answer {
            Answer::Reply(reply) => {
                let response =
                    Response { status: reply.status, headers: &reply.headers, body: &reply.body };
                answered(self.now, Ok(response));
            }
            Answer::Truncated(_) => answered(self.now, Err("the answer ended in its middle")),
            Answer::Unreachable => answered(self.now, Err("connection refused")),
            Answer::Hangs => {
                self.now += Nanos::from_secs(10);
                answered(self.now, Err("no answer within 10 s"));
            }
        }
    }

    fn has_come(&mut self, share: f64) -> GoOn {
        assert!((0.0..=1.0).contains(&share), "{share}");
        if self.interrupted_at == Some(self.asked_at.len()) { GoOn::No } else { GoOn::Yes }
    }
}

/// A store, the truth, and who speaks of it.
struct Story {
    vendor: Vendor,
    market: Market,
    folder: tempfile::TempDir,
    calendar: Calendar,
    dates: RangeInclusive<TradingDate>,
    now: Timestamp,
    is_again: bool,
}

impl Story {
    fn of(vendor: Vendor) -> Story {
        Story::with(vendor, |listing| Listing { silent_pct: 0, late_pct: 0, ..listing })
    }

    fn with(vendor: Vendor, listing: impl Fn(Listing) -> Listing) -> Story {
        let calendar = TimeManager::new().calendar(vendor.group()).unwrap();
        let hours = match vendor {
            Vendor::Binance | Vendor::Kraken => Hours::RoundTheClock,
            Vendor::Alpaca => Hours::Extended(calendar.clone()),
        };
        let listing = listing(Listing::drawn(7, vendor.symbol().parse().unwrap()));
        let span = at("2025-06-16T00:00:00Z")..at("2025-07-05T00:00:00Z");
        let listing = if vendor == Vendor::Alpaca { listing.of_shares() } else { listing };
        let market = Market::new(7, hours, span, vec![listing]);
        let (dates, now) = vendor.span();
        let folder = tempfile::tempdir().unwrap();
        Story { vendor, market, folder, calendar, dates, now, is_again: false }
    }

    fn key(&self) -> SeriesKey {
        let symbol = self.vendor.symbol().parse().unwrap();
        SeriesKey { symbol, interval: BarInterval::from_mins(1).unwrap() }
    }

    fn client(&self, script: &str) -> Client {
        let script = Script::read(script).unwrap();
        Client::new(Exchange::new(self.market.clone(), self.vendor.speaks(7), script), self.now)
    }

    fn to_fetch(&self) -> ToFetch {
        let store = DataManager::open(self.folder.path(), &StoreOptions::default()).unwrap();
        let span = FetchSpan {
            dates: self.dates.clone(),
            calendar: &self.calendar,
            now: self.now,
            is_again: self.is_again,
        };
        ToFetch::of(&self.key(), Some(&store), &span, self.vendor.protocol().traits()).unwrap()
    }

    fn fetch(&self, client: &mut Client) -> FetchReport {
        let mut writer = StoreWriter::open(self.folder.path()).unwrap();
        let provenance = Provenance {
            provider: Some(format!("{:?}", self.vendor)),
            adjustment: Adjustment::Raw,
            ..Provenance::default()
        };
        let target = FetchTarget {
            exchange_group: self.vendor.group(),
            calendar: &self.calendar,
            provenance: &provenance,
        };
        let wanted = vec![self.to_fetch().wanted];
        let mut work = Fetch::new(self.vendor.protocol(), wanted, 7);
        fetch(&mut work, client, &mut writer, &target)
    }

    fn stored(&self) -> BarColumns {
        let store = DataManager::open(self.folder.path(), &StoreOptions::default()).unwrap();
        let mut rows = BarColumns::default();
        let all = Timestamp::MIN..Timestamp::MAX;
        if store.keys().any(|key| *key == self.key()) {
            store.read(&self.key(), all, &self.calendar, &mut rows).unwrap();
        }
        rows
    }

    /// The bars that are to be stored: of the sessions, over for as long as the vendor revises.
    fn truth(&self) -> Vec<Bar> {
        let sessions = self.calendar.sessions(self.dates.clone()).unwrap();
        let (first, last) = (&sessions[0], &sessions[sessions.len() - 1]);
        let opens = first.pre_open.unwrap_or(first.open)..last.post_close.unwrap_or(last.close);
        let patience = self.vendor.protocol().traits().revised_within.max(Nanos::from_secs(60));
        let mut bars = self.market.bars(0, self.key().interval, opens);
        bars.retain(|bar| bar.closes_at + patience <= self.now);
        bars
    }

    #[track_caller]
    fn check_store(&self, what: &str) {
        let (stored, truth) = (self.stored(), self.truth());
        assert_eq!(stored.len(), truth.len(), "{what}");
        for (place, bar) in truth.iter().enumerate() {
            assert_eq!(stored.opens_at(place), bar.opens_at, "{what}");
            assert_eq!(stored.ohlcv(place), bar.ohlcv, "{what}, {}", bar.opens_at);
        }
    }
}

/// What may go wrong at a request, and how long the exchange wants to be left alone then.
const FAULTS: [(&str, i64); 10] = [
    (r#""do": "status", "code": 429, "retry_after": 5"#, 5),
    (r#""do": "status", "code": 418, "retry_after": 120"#, 120),
    (r#""do": "status", "code": 429"#, 60),
    (r#""do": "status", "code": 503, "retry_after": 30"#, 30),
    (r#""do": "status", "code": 500"#, 0),
    (r#""do": "status", "code": 502"#, 0),
    (r#""do": "truncate""#, 0),
    (r#""do": "hang""#, 0),
    (r#""do": "empty""#, 0),
    (r#""do": "lag_rows", "rows": 3"#, 0),
];

#[test]
fn a_fetch_brings_every_bar_once_and_keeps_to_the_limits() {
    for vendor in Vendor::ALL {
        let story = Story::of(vendor);
        let mut client = story.client("[]");
        let report = story.fetch(&mut client);
        assert_eq!(report.ended, FetchReportEnd::Vendor(FetchEnd::Whole));
        story.check_store(&format!("{vendor:?}"));
        let [series] = report.series.as_slice() else { panic!("one series was asked for") };
        assert_eq!(series.stored.counts.added as usize, story.truth().len());
        assert_eq!((series.stored.counts.updated, series.rejected.len()), (0, 0));
        assert_eq!(series.missing, []);
        let counts = client.exchange.counts();
        assert_eq!((counts.over_limit, counts.bans), (0, 0), "{vendor:?}");
    }
}

#[test]
fn whatever_goes_wrong_at_whatever_request_every_bar_is_there_once_and_waits_are_kept() {
    let mut n_combinations = 0;
    for vendor in Vendor::ALL {
        let sound = Story::of(vendor);
        let mut client = sound.client("[]");
        sound.fetch(&mut client);
        for request in 1..=client.asked_at.len() {
            for (fault, alone_s) in FAULTS {
                n_combinations += 1;
                let what = format!("{vendor:?}, {fault} at request {request}");
                let story = Story::of(vendor);
                let mut client = story.client(&format!(r#"[{{"request": {request}, {fault}}}]"#));
                let report = story.fetch(&mut client);
                assert_eq!(report.ended, FetchReportEnd::Vendor(FetchEnd::Whole), "{what}");
                assert_eq!(report.series[0].missing, [], "{what}");
                story.check_store(&what);
                let counts = client.exchange.counts();
                assert_eq!((counts.over_limit, counts.bans), (0, 0), "{what}");
                if let Some(&next) = client.asked_at.get(request) {
                    let waited = next - client.asked_at[request - 1];
                    assert!(waited >= Nanos::from_secs(alone_s), "{what}: {waited}");
                }
            }
        }
    }
    assert!(n_combinations >= 80, "{n_combinations}");
}

#[test]
fn killed_at_any_request_it_goes_on_and_asks_no_stored_session_again() {
    for vendor in Vendor::ALL {
        let sound = Story::of(vendor);
        let mut client = sound.client("[]");
        sound.fetch(&mut client);
        let n_requests = client.asked_at.len();
        for request in 1..=n_requests {
            let what = format!("{vendor:?}, killed at request {request}");
            let story = Story::of(vendor);
            let mut client = story.client("[]");
            client.killed_at = Some(request);
            let killed = catch_unwind(AssertUnwindSafe(|| story.fetch(&mut client)));
            assert!(killed.is_err_and(|carried| carried.is::<Killed>()), "{what}");
            let n_stored = story.stored().len();
            let mut client = story.client("[]");
            let report = story.fetch(&mut client);
            assert_eq!(report.ended, FetchReportEnd::Vendor(FetchEnd::Whole), "{what}");
            story.check_store(&what);
            let counts = report.series[0].stored.counts;
            assert_eq!(counts.updated, 0, "{what}");
            assert_eq!(counts.added as usize + n_stored, story.truth().len(), "{what}");
            if vendor == Vendor::Binance {
                assert_eq!(counts.unchanged, 0, "{what}: holes alone are asked for");
                assert!(client.asked_at.len() <= n_requests - request + 1, "{what}");
            }
        }
    }
}

#[test]
fn what_is_stored_whole_is_not_asked_for_again_unless_it_is_wanted() {
    let mut story = Story::of(Vendor::Binance);
    story.fetch(&mut story.client("[]"));
    let mut client = story.client("[]");
    let report = story.fetch(&mut client);
    assert_eq!((client.asked_at.len(), report.series.len()), (0, 1));
    let to_fetch = story.to_fetch();
    assert_eq!((to_fetch.n_sessions, to_fetch.n_stored, to_fetch.n_intervals), (4, 4, 0));
    story.is_again = true;
    let report = story.fetch(&mut client);
    assert_eq!(report.series[0].stored.counts.unchanged, 5_760);
}

#[test]
fn what_the_vendor_revised_takes_the_place_of_its_own_bars_when_asked_again() {
    let early = |listing| Listing { silent_pct: 0, late_pct: 0, ..listing };
    let mut story = Story::with(Vendor::Binance, early);
    story.fetch(&mut story.client("[]"));
    // The same market, in which trades became known after their minutes.
    let late = |listing| Listing { silent_pct: 0, late_pct: 30, ..listing };
    let revised = Story::with(Vendor::Binance, late);
    (story.market, story.is_again) = (revised.market.clone(), true);
    let report = story.fetch(&mut story.client("[]"));
    assert_eq!(report.ended, FetchReportEnd::Vendor(FetchEnd::Whole));
    assert!(report.series[0].failed.is_none(), "{:?}", report.series[0].failed);
    story.check_store("revised");
}

#[test]
fn the_row_that_runs_is_no_bar_nor_is_the_minute_that_has_just_ended() {
    for vendor in [Vendor::Binance, Vendor::Kraken] {
        let mut story = Story::of(vendor);
        story.dates = dates("2025-07-03", "2025-07-03");
        story.now = at("2025-07-03T09:00:59Z");
        let report = story.fetch(&mut story.client("[]"));
        let last = report.series[0].stored.span.expect("something came").1;
        assert_eq!(last, at("2025-07-03T08:58:00Z"), "{vendor:?}");
        story.check_store(&format!("{vendor:?}"));
        story.now = at("2025-07-03T09:01:00Z");
        story.fetch(&mut story.client("[]"));
        story.check_store(&format!("{vendor:?}, a second later"));
        assert_eq!(story.stored().len(), 540, "{vendor:?}");
    }
}

#[test]
fn a_clock_that_is_ahead_of_the_vendor_makes_no_bar_of_the_row_that_runs() {
    for vendor in [Vendor::Binance, Vendor::Kraken] {
        let mut story = Story::of(vendor);
        story.dates = dates("2025-07-03", "2025-07-03");
        story.now = at("2025-07-03T09:10:30Z");
        // The exchange's clock shows 09:00:30.
        let mut client = story.client(r#"[{"request": 1, "do": "clock", "by_s": -600}]"#);
        let report = story.fetch(&mut client);
        let last = report.series[0].stored.span.expect("something came").1;
        assert_eq!(last, at("2025-07-03T08:59:00Z"), "{vendor:?}: {report:?}");
        let opens = at("2025-07-03T09:00:00Z")..at("2025-07-03T09:09:00Z");
        let missing = Missing { opens, why: MissingCause::NotThere };
        assert_eq!(report.series[0].missing, [missing], "{vendor:?}");
    }
}

#[test]
fn minutes_without_a_trade_have_flat_bars_at_binance_and_none_at_kraken_and_alpaca() {
    for vendor in Vendor::ALL {
        let story = Story::with(vendor, |l| Listing { silent_pct: 40, late_pct: 0, ..l });
        let report = story.fetch(&mut story.client("[]"));
        let series = &report.series[0];
        assert_eq!(report.ended, FetchReportEnd::Vendor(FetchEnd::Whole), "{vendor:?}");
        let (stored, truth) = (story.stored(), story.truth());
        match vendor {
            Vendor::Binance => {
                assert_eq!(stored.len(), 5_760);
                let traded: BTreeSet<i64> =
                    truth.iter().map(|bar| bar.opens_at.as_nanos()).collect();
                for place in 1..stored.len() {
                    if !traded.contains(&stored.opens_at_ns[place]) {
                        let (bar, before) = (stored.ohlcv(place), stored.ohlcv(place - 1));
                        assert_eq!(
                            (bar.volume, bar.open, bar.close),
                            (0.0, before.close, before.close)
                        );
                    }
                }
            }
            Vendor::Kraken => {
                story.check_store("kraken");
                assert!(series.n_made_up > 100, "{}", series.n_made_up);
            }
            Vendor::Alpaca => story.check_store("alpaca"),
        }
        assert_eq!(series.missing, [], "{vendor:?}");
    }
}

#[test]
fn kraken_has_the_newest_720_rows_and_what_lies_before_is_named() {
    let mut story = Story::of(Vendor::Kraken);
    story.dates = dates("2025-07-02", "2025-07-03");
    story.now = at("2025-07-03T21:00:30Z");
    let report = story.fetch(&mut story.client("[]"));
    let opens = at("2025-07-02T00:00:00Z")..at("2025-07-03T09:01:00Z");
    let missing = Missing { opens, why: MissingCause::OutOfReach { n_rows: 720 } };
    assert_eq!(report.series[0].missing, [missing]);
    assert_eq!(
        story.stored().len(),
        718,
        "the minute before 21:00 is a minute old, the next one runs"
    );
    let traits = story.vendor.protocol().traits().clone();
    let since = traits.history_since(Nanos::from_secs(60), story.now);
    assert_eq!(since, Some(at("2025-07-03T09:01:00Z")), "and it is known before anything is asked");
}

#[test]
fn a_symbol_that_is_not_known_is_refused_by_the_vendor_and_nothing_is_stored() {
    let story = Story::of(Vendor::Binance);
    let market = {
        let listing = Listing::drawn(7, "ETHUSDT".parse().unwrap());
        Market::new(7, Hours::RoundTheClock, story.market.span().clone(), vec![listing])
    };
    let exchange = Exchange::new(market, story.vendor.speaks(7), Script::none());
    let report = story.fetch(&mut Client::new(exchange, story.now));
    assert_eq!(report.ended, FetchReportEnd::Vendor(FetchEnd::Whole));
    assert_eq!(report.series[0].refused.as_deref(), Some("-1121 Invalid symbol."));
    assert_eq!(report.series[0].stored.counts.added, 0);
}

#[test]
fn a_vendor_that_does_not_answer_is_left_after_minutes_with_what_has_come_stored() {
    let story = Story::of(Vendor::Binance);
    let down: Vec<String> = (3..40)
        .map(|request| format!(r#"{{"request": {request}, "do": "status", "code": 502}}"#))
        .collect();
    let mut client = story.client(&format!("[{}]", down.join(",")));
    let report = story.fetch(&mut client);
    let said = "HTTP 502: ".into();
    assert_eq!(report.ended, FetchReportEnd::Vendor(FetchEnd::Failed(said)));
    assert_eq!(client.asked_at.len(), 2 + 9);
    assert_eq!(story.stored().len(), 2_000);
    let last = *client.asked_at.last().unwrap();
    assert!((100..180).contains(&(last - story.now).as_secs()), "{}", last - story.now);
}

#[test]
fn a_vendor_that_never_answered_is_left_after_a_quarter_of_a_minute() {
    let story = Story::of(Vendor::Kraken);
    let mut client = story.client(
        r#"[{"request": 1, "do": "hang"}, {"request": 2, "do": "hang"},
        {"request": 3, "do": "hang"}, {"request": 4, "do": "hang"}, {"request": 5, "do": "hang"}]"#,
    );
    let report = story.fetch(&mut client);
    let said = "no answer within 10 s".into();
    assert_eq!(report.ended, FetchReportEnd::Vendor(FetchEnd::Failed(said)));
    assert_eq!(client.asked_at.len(), 5);
}

#[test]
fn a_fetch_that_somebody_ends_keeps_what_has_come() {
    let story = Story::of(Vendor::Alpaca);
    let mut client = story.client("[]");
    client.interrupted_at = Some(1);
    let report = story.fetch(&mut client);
    assert_eq!(report.ended, FetchReportEnd::Interrupted);
    assert_eq!((client.asked_at.len(), report.series[0].stored.counts.added), (1, 9_999));
    story.fetch(&mut story.client("[]"));
    story.check_store("fetched in two");
}

#[test]
fn a_ban_of_hours_is_not_waited_for() {
    let story = Story::of(Vendor::Binance);
    let ban = r#"[{"request": 2, "do": "status", "code": 418, "retry_after": 7200}]"#;
    let mut client = story.client(ban);
    let report = story.fetch(&mut client);
    let FetchReportEnd::Vendor(FetchEnd::LeftAlone { until, .. }) = report.ended else {
        panic!("{:?}", report.ended)
    };
    assert!(until >= story.now + Nanos::from_secs(7_200), "{until}");
    assert_eq!((client.asked_at.len(), story.stored().len()), (2, 1_000));
}

#[test]
fn a_client_from_where_binance_serves_nobody_is_told_so() {
    for blocks_with_451 in [true, false] {
        let story = Story::of(Vendor::Binance);
        let switches =
            BinanceSwitches { blocks_with_451, is_blocked: true, ..BinanceSwitches::drawn(7) };
        let speaks = Speaks::Binance(switches);
        let exchange = Exchange::new(story.market.clone(), speaks, Script::none());
        let report = story.fetch(&mut Client::new(exchange, story.now));
        let said = report.series[0].refused.clone().expect("it is refused");
        assert!(said.starts_with("binance refuses this address ("), "{said}");
    }
}

#[test]
fn rows_of_another_origin_are_not_overwritten_by_a_vendor_that_contradicts_them() {
    let story = Story::of(Vendor::Binance);
    let other = Story::with(Vendor::Binance, |l| Listing {
        silent_pct: 0,
        late_pct: 0,
        price: 77_777,
        ..l
    });
    let mut rows = BarColumns::default();
    other.truth().iter().for_each(|bar| rows.push(bar.opens_at, bar.ohlcv));
    let provenance = Provenance { adjustment: Adjustment::Raw, ..Provenance::default() };
    let mut writer = StoreWriter::open(story.folder.path()).unwrap();
    writer.merge("CRYPTO", &story.key(), &provenance, &rows).unwrap();
    drop(writer);
    let story = Story { is_again: true, ..story };
    let report = story.fetch(&mut story.client("[]"));
    let failed = report.series[0].failed.as_ref().expect("it is refused").to_string();
    assert!(failed.starts_with("the rows are refused as BTCUSDT 1m: "), "{failed}");
    assert_eq!(story.stored(), rows, "and nothing was written");
}

#[test]
fn rows_outside_the_hours_of_the_group_are_refused_before_the_first_is_written() {
    let mut story = Story::of(Vendor::Alpaca);
    story.calendar = TimeManager::new().calendar("XTKS").unwrap();
    let report = story.fetch(&mut story.client("[]"));
    let failed = report.series[0].failed.as_ref().expect("it is refused").to_string();
    assert!(failed.starts_with("the rows are refused as SPY 1m: "), "{failed}");
    assert_eq!(story.stored().len(), 0);
}
