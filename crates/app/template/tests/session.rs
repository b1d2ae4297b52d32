//! The session of this project, run as a test.

use std::ops::ControlFlow;
use std::path::Path;

use openbell_account::Accounts;
use openbell_coordinator::{Phase, run};
use openbell_session_file::SessionFile;
use openbell_time::SystemWall;

fn session() -> SessionFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("session.json");
    SessionFile::load(&path).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_session_runs_and_its_orders_are_filled() {
    let mut engine =
        session().engine(&strategies::registry()).unwrap_or_else(|error| panic!("{error}"));
    run(&mut engine, &SystemWall::new(), |_| ControlFlow::Continue(()));
    let report = engine.report();
    assert_eq!(report.phase, Phase::Closed, "{:?}", report.failure);
    let n_of = |kind: &str| report.signals.iter().filter(|(_, signal)| signal.kind == kind).count();
    assert!(n_of("exit") > 0 && n_of("buy") >= n_of("exit"), "it buys, and sells again");
    let accounts = Accounts::close(&mut engine).expect("the session file asks for one");
    let account = &accounts.results(252.0)[0];
    assert!(account.trades.n_trades > 0 && account.end.equity > 0.0);
}

#[test]
fn nothing_is_known_before_its_time() {
    let report = session()
        .check_lookahead(&strategies::registry(), 50)
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(report.findings.is_empty(), "{}", report.findings[0]);
}
