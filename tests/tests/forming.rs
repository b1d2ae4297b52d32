//! The bar that is forming can be asked for, by its own name, and is never among the others.

use openbell_market::{BarInterval, Coverage};
use openbell_session_data::{NeverForms, Unavailable};
use openbell_tests::{Market, Story};

fn five_minutes() -> BarInterval {
    BarInterval::from_mins(5).expect("five minutes")
}

#[test]
fn a_forming_bar_holds_what_has_closed_and_is_no_bar_of_its_series() {
    let market = Market::new().with_minutes("AAPL", "2025-07-02", "2025-07-02", |_, _| true);
    let mut story =
        Story::of(r#"["AAPL"]"#, r#"["1m", "5m", "1d", "1w"]"#, "2025-07-02", "", market);
    for minute in 31..=41 {
        story.run_to("2025-07-02", 9, minute);
        let mut reader = story.reader();
        let view = reader.view().expect("active");
        let symbol = view.symbol("AAPL").expect("a member");
        let series = symbol.series(five_minutes()).expect("derived");
        let n_whole = (minute - 30) / 5;
        assert_eq!(series.today().len(), n_whole as usize);
        let n = (minute - 30) % 5;
        let Some(forming) = symbol.forming_bar(five_minutes()).expect("it forms") else {
            assert_eq!(n, 0, "a window that has seen a bar is forming");
            continue;
        };
        assert_eq!(forming.as_of, view.instant());
        assert!(forming.since < view.instant() && view.instant() < forming.until);
        assert_eq!(forming.coverage, Coverage { n, expected: n });
        let base: Vec<_> = symbol.base().expect("a base").last(n as usize).collect();
        let highest = base.iter().map(|bar| bar.ohlcv.high).fold(f64::MIN, f64::max);
        let volume: f64 = base.iter().map(|bar| bar.ohlcv.volume).sum();
        assert_eq!(forming.ohlcv.open, base[0].ohlcv.open);
        assert_eq!(forming.ohlcv.close, base[base.len() - 1].ohlcv.close);
        assert_eq!((forming.ohlcv.high, forming.ohlcv.volume), (highest, volume));
    }
    let mut reader = story.reader();
    let symbol = reader.view().expect("active").symbol("AAPL").expect("a member");
    let day = symbol.forming_bar(BarInterval::DAY).expect("it forms").expect("the day is forming");
    assert_eq!(day.coverage, Coverage { n: 11, expected: 11 });
    let why_not = |interval| match symbol.forming_bar(interval) {
        Err(Unavailable::NeverForms { why, .. }) => why,
        other => panic!("{interval}: {other:?}"),
    };
    assert_eq!(why_not(BarInterval::WEEK), NeverForms::BeganBefore, "it is Wednesday");
    assert_eq!(why_not(BarInterval::from_mins(1).expect("a minute")), NeverForms::IsBase);
    let hours = symbol.forming_bar(BarInterval::from_mins(60).expect("an hour"));
    assert!(matches!(hours, Err(Unavailable::NoSeries { .. })), "{hours:?}");
}
