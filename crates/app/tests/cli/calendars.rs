//! `calendar`: its words on the command line.

use crate::reference::{Size, references};
use crate::support::Folder;

#[test]
fn a_range_of_sessions_is_half_open() {
    let folder = Folder::new();
    let dates = ["--since", "2025-07-02", "--until", "2025-07-06"];
    let text = folder.run(&[&["calendar", "sessions", "US_EQUITY"][..], &dates].concat());
    assert_eq!(
        text.expect_code(0).out,
        "\
XNYS, in the time of America/New_York
2025-07-02 Wed  09:30 to 16:00
2025-07-03 Thu  09:30 to 13:00, early close
2 sessions
"
    );
    let csv = [&["calendar", "sessions", "XLON", "--csv"][..], &dates].concat();
    let csv = folder.run(&csv).expect_code(0);
    assert!(csv.out.starts_with("mic,session_date,open_utc,"), "{}", csv.out);
    let json = [&["calendar", "sessions", "CRYPTO", "--json"][..], &dates].concat();
    assert_eq!(folder.run(&json).expect_code(0).json().as_array().map(Vec::len), Some(4));
    folder
        .run(&["calendar", "sessions", "XLON", "--since", "2025-07-02", "--until", "2025-07-02"])
        .expect_error(
            2,
            "error: no date lies in 2025-07-02..2025-07-02: --until is the first date not wanted\n",
        );
}

#[test]
fn times_are_of_the_exchange_unless_they_carry_a_zone() {
    let folder = Folder::new();
    let local = folder.run(&["calendar", "next", "XNYS", "--at", "2025-07-02T12:00"]);
    let utc = folder.run(&["calendar", "next", "XNYS", "--at", "2025-07-02T16:00:00Z"]);
    assert!(local.out.contains("next close    2025-07-02 16:00:00"), "{}", local.out);
    assert_eq!(local.expect_code(0).out, utc.expect_code(0).out);
    folder.run(&["calendar", "show", "XTKS"]).expect_code(0);
    let call = folder.run(&["calendar", "next", "XNYS", "--at", "noon"]).expect_code(2);
    assert!(call.err.contains("cannot read \"noon\" as a time"), "{}", call.err);
}

#[test]
fn an_unknown_calendar_is_answered_with_those_that_exist() {
    let folder = Folder::new();
    let near = folder.run(&["calendar", "show", "US_EQUTY"]).expect_code(2);
    assert!(near.err.contains("did you mean \"US_EQUITY\""), "{}", near.err);
    let far = folder.run(&["calendar", "show", "ATLANTIS"]).expect_code(2);
    assert!(far.err.contains("no calendar is named \"ATLANTIS\"; there are 24/5, 24/7, CMES,"));
}

#[test]
fn a_question_file_is_answered_and_held_against_its_answers() {
    let folder = Folder::new();
    folder.write(
        "q.csv",
        "mic,kind,arg1,arg2,answer\nXNYS,is_session,2025-07-04,,0\nXNYS,is_session,2025-07-03,,0\n",
    );
    let call = folder.run(&["calendar", "ask", "q.csv"]).expect_code(4);
    assert!(call.out.ends_with("XNYS,is_session,2025-07-03,,1\n"), "{}", call.out);
    assert!(call.err.ends_with("2 questions, 2 compared, 1 differences\n"), "{}", call.err);
    folder.run(&["calendar", "ask", "none.csv"]).expect_code(4);

    for reference in references() {
        let questions = reference.calendars().join(match reference.size {
            Size::Small => "queries_XLON_2024.csv",
            Size::Large => "queries_XLON_2000-2022.csv.gz",
        });
        folder.run(&["calendar", "ask", &questions.display().to_string()]).expect_code(0);
    }
}
