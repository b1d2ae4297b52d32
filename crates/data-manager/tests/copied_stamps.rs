//! Foreign stamps that do not mean the open of a bar in UTC, on their way into a store.

use openbell_data_manager::import::{CopyStamps, StampedAt};
use openbell_data_manager::{Check, DataError};

use crate::one_truth::{copied, foreign, plain, restamped, sessions_moved};
use crate::support::us_equity;

#[test]
fn stamps_of_closes_and_of_other_clocks_are_brought_to_opens_and_judged_as_an_import_does() {
    let hour = 3_600;
    let plain_stamps = CopyStamps::default();
    let closes = CopyStamps { stamped_at: StampedAt::Close, ..plain_stamps };
    let zone = |zone: &str| CopyStamps { zone: Some(zone.parse().unwrap()), ..plain_stamps };
    let shift =
        |seconds| CopyStamps { shift: openbell_time::Nanos::from_secs(seconds), ..plain_stamps };
    let at_opens = {
        let folder = tempfile::tempdir().unwrap();
        foreign(folder.path(), "1m/AAPL.parquet", plain(), &[sessions_moved(3, 0)]);
        copied(folder.path(), &[]).unwrap().1
    };
    let cases = [
        ("closes", sessions_moved(3, 60), closes),
        (
            "closes of a day before an open",
            sessions_moved(3, 60).into_iter().rev().collect(),
            closes,
        ),
        ("the exchange's clock as UTC", sessions_moved(3, -4 * hour), zone("America/New_York")),
        ("another clock as UTC", sessions_moved(3, 9 * hour), zone("Asia/Tokyo")),
        ("an hour late", sessions_moved(3, hour), shift(-3_600)),
        (
            "closes by the exchange's clock, two hours late",
            sessions_moved(3, -2 * hour + 60),
            CopyStamps { shift: shift(-7_200).shift, ..zone("America/New_York") },
        ),
    ];
    for (what, stamps, means) in cases {
        let folder = tempfile::tempdir().unwrap();
        foreign(folder.path(), "1m/AAPL.parquet", plain(), &[stamps]);
        copied(folder.path(), &[]).expect_err(what);
        let means = CopyStamps {
            stamped_at: if what.contains("closes") { StampedAt::Close } else { means.stamped_at },
            ..means
        };
        let (report, rows) = restamped(folder.path(), &[], means).expect(what);
        assert_eq!(report.rejected.values().sum::<u64>(), 0, "{what}");
        assert!(rows.opens_at_ns == at_opens.opens_at_ns, "{what}");
    }
    // What is said wrong is refused by the check that sees it.
    let folder = tempfile::tempdir().unwrap();
    foreign(folder.path(), "1m/AAPL.parquet", plain(), &[sessions_moved(3, 0)]);
    for (means, check) in [
        (closes, Check::StampedAt),
        (zone("America/New_York"), Check::Zone),
        (shift(3_600), Check::Zone),
    ] {
        let error = restamped(folder.path(), &[], means).expect_err(check.name());
        let DataError::Refused { objection, .. } = &error else { panic!("{error}") };
        assert_eq!(objection.check(), check, "{error}");
        restamped(folder.path(), &[check], means).expect("it insists");
    }
}

#[test]
fn days_that_are_stamped_at_their_close_become_labels_and_a_date_has_no_zone_and_no_end() {
    let (calendar, week) = (us_equity(), ["2025-07-07", "2025-07-18"]);
    let [first, last] = week.map(|date| date.parse().unwrap());
    let sessions = calendar.sessions(first..=last).unwrap();
    let at_closes: Vec<i64> = sessions.iter().map(|session| session.close.as_micros()).collect();
    let dates: Vec<i64> =
        sessions.iter().map(|session| session.date.utc_midnight().as_micros()).collect();
    let closes = CopyStamps { stamped_at: StampedAt::Close, ..CopyStamps::default() };
    let folder = tempfile::tempdir().unwrap();
    foreign(folder.path(), "1d/AAPL.parquet", plain(), &[at_closes]);
    let (_, rows) = restamped(folder.path(), &[], closes).unwrap();
    // A day is read by the open of its session.
    let opens: Vec<i64> = sessions.iter().map(|session| session.open.as_nanos()).collect();
    assert_eq!(rows.opens_at_ns, opens);
    let folder = tempfile::tempdir().unwrap();
    foreign(folder.path(), "1d/AAPL.parquet", plain(), &[dates]);
    let zone = CopyStamps { zone: Some("Asia/Tokyo".parse().unwrap()), ..CopyStamps::default() };
    for (means, check) in [(closes, Check::StampedAt), (zone, Check::Zone)] {
        let error = restamped(folder.path(), &[], means).expect_err("no effect").to_string();
        assert!(error.contains("has no effect"), "{check}: {error}");
    }
}
