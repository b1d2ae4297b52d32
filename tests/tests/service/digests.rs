//! Nobody who asks changes the run: served and unserved it has the same events, report and digest.

use openbell_coordinator::{Event, Report};
use openbell_service::Settings;
use openbell_tests::{finish, syms};

use crate::served_run::{Desk, HOST, story};
use crate::streams::Reading;

/// The events and the report of the story when it is served and asked by `n_clients`, of which every
/// second one never reads.
async fn served(n_clients: usize) -> (Vec<Event>, Report) {
    let settings = Settings { streams: n_clients, ..Settings::of_hosts([HOST]) };
    let mut desk = Desk::of(story(), settings);
    let mut readings = Vec::new();
    for _ in 0..n_clients {
        readings.push(Reading::begin(&desk, "/v1/stream?since=0", None).await);
    }
    drop(desk.story.handle().add_symbols(syms(&["MSFT"])));
    let mut n_steps = 0;
    while !matches!(desk.step(), openbell_coordinator::Step::Ended(_)) {
        n_steps += 1;
        if n_steps % 50 == 0 {
            for path in ["/v1/status?symbols=all", "/v1/why", "/v1/bars?symbols=AAPL", "/metrics"] {
                let _ = desk.get(path).await;
            }
            for reading in readings.iter_mut().step_by(2) {
                let _ = reading.piece().await;
            }
        }
    }
    (desk.story.engine.events().to_vec(), desk.story.engine.report())
}

fn unserved() -> (Vec<Event>, Report) {
    let mut story = story();
    drop(story.handle().add_symbols(syms(&["MSFT"])));
    let finished = finish(&mut story.engine);
    (finished.events, finished.report)
}

#[tokio::test(start_paused = true)]
async fn a_served_run_has_the_events_the_report_and_the_digest_of_the_same_run_unserved() {
    let (events, report) = unserved();
    let (events_served, report_served) = served(3).await;
    assert_eq!(events_served, events);
    assert_eq!(report_served.digest, report.digest);
    assert_eq!(report_served, report);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_clients_of_which_half_never_read_change_nothing() {
    let (events, report) = unserved();
    let (events_served, report_served) = served(1_000).await;
    assert_eq!(events_served, events);
    assert_eq!(report_served, report);
}
