//! A crash is a pause: a run that is killed after any look and started again comes to what it would
//! have come to.

#![expect(clippy::disallowed_methods, reason = "what a killed process left is removed")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use openbell_coordinator::{Bars, Consumer, Context, Event, OnError, Outcome, TradeEvent};
use openbell_recorder::RestartFrom;
use openbell_tests::{at, config};
use openbell_time::Timestamp;

use crate::live_support::{DAY, healthy, run, secs};
use crate::restart_support::{DAYS, Process, Ran, Vendor, copied, instants, looks};

/// Runs the first `n_days` days; after every look of the number that `is_chosen` it is killed, which
/// `again` is given: the folder that is left, the number of the look and its instant. Returns what the
/// run came to that was never killed, and what `again` has made of the others.
fn killed_after<T: Send + 'static>(
    n_days: usize,
    is_chosen: fn(u64) -> bool,
    again: impl Fn(&Path, &Vendor, Timestamp) -> T + Send + 'static,
) -> (Ran, Vec<(u64, T)>) {
    let place = tempfile::tempdir().unwrap();
    let (root, vendor) = (place.path().join("whole"), Vendor::new());
    let came_to = Arc::new(Mutex::new(Vec::new()));
    let after = {
        let (root, vendor, came_to) = (root.clone(), vendor.clone(), Arc::clone(&came_to));
        let image = place.path().join("killed");
        move |number: u64, wall: Timestamp| {
            if is_chosen(number) {
                copied(&root, &image);
                let once_more = again(&image, &vendor, wall);
                came_to.lock().unwrap().push((number, once_more));
                std::fs::remove_dir_all(&image).unwrap();
            }
        }
    };
    let process = Process::begin(&root, n_days, &vendor, Box::new(after));
    let whole = process.finish(&instants(n_days), Timestamp::MIN);
    let came_to = std::mem::take(&mut *came_to.lock().unwrap());
    (whole, came_to)
}

fn is_fill(event: &Event) -> bool {
    matches!(event, Event::Traded { trade, .. } if matches!(**trade, TradeEvent::Filled(_)))
}

fn check_equal(met: &Ran, due: &Ran, place: &str) {
    let n_same = met.events.iter().zip(&due.events).take_while(|(met, due)| met == due).count();
    let (differs, expected) = (met.events.get(n_same), due.events.get(n_same));
    assert_eq!(differs, expected, "{place}: event {n_same}");
    assert_eq!(met.digest, due.digest, "{place}");
    assert_eq!(met.logs, due.logs, "{place}");
    assert_eq!(met, due, "{place}");
}

#[test]
fn killed_after_any_look_of_a_day_and_started_again_it_is_as_if_it_had_never_been_killed() {
    let again = |root: &Path, vendor: &Vendor, wall: Timestamp| {
        Process::go_on(root, 1, vendor).finish(&instants(1), wall)
    };
    let (whole, killed) = killed_after(1, |_| true, again);
    assert_eq!(killed.len() as u64, whole.n_looks);
    assert!(killed.len() > 150, "{}", killed.len());
    let n = |is_it: fn(&Event) -> bool| whole.events.iter().filter(|event| is_it(event)).count();
    assert_eq!(n(|event| matches!(event, Event::Commanded { .. })), 2);
    assert!(n(|event| matches!(event, Event::Signalled { .. })) > 20);
    assert!(n(|event| matches!(event, Event::Corrected { .. })) >= 2);
    assert!(n(|event| matches!(event, Event::GateShut { .. })) >= 2);
    assert!(n(is_fill) >= 4, "the account trades: {}", n(is_fill));
    for (number, ran) in &killed {
        check_equal(ran, &whole, &format!("killed after look {number}"));
    }
}

#[test]
fn killed_in_the_second_session_of_a_run_it_goes_on_over_both() {
    let again = |root: &Path, vendor: &Vendor, wall: Timestamp| {
        Process::go_on(root, 2, vendor).finish(&instants(2), wall)
    };
    let (whole, killed) = killed_after(2, |number| number > 150 && number % 7 == 0, again);
    assert!(killed.len() > 15 && whole.logs.iter().all(|log| log.lines().count() > 20));
    for (number, ran) in &killed {
        check_equal(ran, &whole, &format!("killed after look {number}"));
    }
}

#[test]
fn killed_in_the_second_session_it_goes_on_from_the_checkpoint_of_the_first() {
    let again = |root: &Path, vendor: &Vendor, wall: Timestamp| {
        let process = Process::go_on_from(RestartFrom::LastCheckpoint, root, 2, vendor);
        (process.n_before, process.finish(&instants(2), wall))
    };
    let (whole, killed) = killed_after(2, |number| number > 160 && number % 2 == 0, again);
    let n_from_checkpoint = killed.iter().filter(|(_, (n_before, _))| *n_before > 0).count();
    assert!(n_from_checkpoint > 50, "{n_from_checkpoint} of {}", killed.len());
    for (number, (n_before, ran)) in &killed {
        let due = Ran { events: whole.events[*n_before..].to_vec(), ..whole.clone() };
        check_equal(ran, &due, &format!("killed after look {number}, of {n_before} events"));
    }
}

#[test]
fn killed_again_after_it_has_gone_on_from_a_checkpoint_it_does_so_once_more() {
    let again = |root: &Path, vendor: &Vendor, wall: Timestamp| {
        let from = RestartFrom::LastCheckpoint;
        drop(Process::go_on_from(from, root, 2, vendor)); // Killed before its first look.
        let process = Process::go_on_from(from, root, 2, vendor);
        (process.n_before, process.finish(&instants(2), wall))
    };
    let (whole, killed) = killed_after(2, |number| number > 160 && number % 16 == 5, again);
    for (number, (n_before, ran)) in &killed {
        let due = Ran { events: whole.events[*n_before..].to_vec(), ..whole.clone() };
        check_equal(ran, &due, &format!("killed after look {number}, of {n_before} events"));
    }
}

#[test]
fn killed_twice_it_is_as_if_it_had_never_been_killed() {
    let again = |root: &Path, vendor: &Vendor, wall: Timestamp| {
        drop(Process::go_on(root, 1, vendor)); // Killed before its first look.
        Process::go_on(root, 1, vendor).finish(&instants(1), wall)
    };
    let (whole, killed) = killed_after(1, |number| number % 20 == 3, again);
    for (number, ran) in &killed {
        check_equal(ran, &whole, &format!("killed after look {number}"));
    }
}

#[test]
fn started_again_three_minutes_later_it_is_a_run_that_did_not_look_for_those_minutes() {
    let again = |root: &Path, vendor: &Vendor, wall: Timestamp| {
        let ran = Process::go_on(root, 1, vendor).finish(&instants(1), wall + secs(180));
        (wall, ran)
    };
    let (_, killed) = killed_after(1, |_| true, again);
    let (mut n_shut, mut n_down) = (0, 0);
    for (number, (wall, ran)) in &killed {
        // The same process, whose machine was asleep: no look, and what came meanwhile comes at once.
        check_equal(ran, &asleep(*number, *wall), &format!("killed after look {number}"));
        // One that is awake while its connection is down shuts its gate earlier, and has the same bars,
        // unless the connection is down at the close: a process that is awake closes without them.
        if number % 5 == 0 && *wall + secs(180) < at(DAYS[0], 10, 0) {
            assert_eq!(ran.digests, down(*wall).digests, "killed after look {number}");
            n_down += 1;
        }
        n_shut += u64::from(ran.events.iter().any(|event| {
            matches!(event, Event::GateShut { at, .. } if *at == *wall + secs(180) || *at == *wall)
        }));
    }
    assert!(n_shut > 20 && n_down > 20, "{n_shut}, {n_down}");
}

/// The run that does not look for three minutes after look `number`, at `wall`.
fn asleep(number: u64, wall: Timestamp) -> Ran {
    let place = tempfile::tempdir().unwrap();
    let vendor = Vendor::new();
    let n_looks = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&n_looks);
    let after = move |n: u64, _: Timestamp| *counted.lock().unwrap() = n;
    let mut process = Process::begin(place.path(), 1, &vendor, Box::new(after));
    for at in instants(1).into_iter().filter(|at| *at <= wall) {
        if at == wall {
            process.look_until(at, || *n_looks.lock().unwrap() >= number);
        } else {
            process.look(at);
        }
    }
    process.finish(&instants(1), wall + secs(180))
}

/// The run that is awake, and whose connection is down for three minutes from `wall` on.
fn down(wall: Timestamp) -> Ran {
    let place = tempfile::tempdir().unwrap();
    let vendor = Vendor::new().down(wall + secs(1), wall + secs(180));
    let process = Process::begin(place.path(), 1, &vendor, Box::new(|_, _| {}));
    process.finish(&instants(1), Timestamp::MIN)
}

#[test]
fn what_is_recorded_after_a_restart_can_be_repeated() {
    let again = |root: &Path, vendor: &Vendor, wall: Timestamp| {
        let ran = Process::go_on(root, 1, vendor).finish(&instants(1), wall + secs(180));
        let recorded = looks(root, DAYS[0]);
        assert_eq!(recorded.len() as u64, ran.n_looks);
        Process::go_on(root, 1, vendor).engine.report().digest == ran.digest
    };
    let (_, repeated) = killed_after(1, |number| number % 25 == 10, again);
    assert!(repeated.len() > 5 && repeated.iter().all(|(_, is_same)| *is_same));
}

/// Says of each bar whether it was told before.
struct Rehearsed(Arc<Mutex<Vec<bool>>>);

impl Consumer for Rehearsed {
    fn name(&self) -> &str {
        "rehearsed"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let is_rehearsal = context.is_rehearsal();
        let mut seen = self.0.lock().map_err(|_| "a panic elsewhere")?;
        seen.extend(bars.iter().map(|_| is_rehearsal));
        Ok(())
    }
}

#[test]
fn consumers_are_told_that_what_they_are_called_for_was_before() {
    let config = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let mut story = run(&config, [healthy("AAPL", &[DAY])], at(DAY, 9, 29));
    let seen = Arc::new(Mutex::new(Vec::new()));
    story.engine.register(Box::new(Rehearsed(Arc::clone(&seen))), OnError::StopRun);
    story.engine.rehearse(true);
    story.go(at(DAY, 9, 35) + secs(2));
    story.engine.rehearse(false);
    story.go(at(DAY, 9, 38) + secs(2));
    assert_eq!(*seen.lock().unwrap(), [vec![true; 5], vec![false; 3]].concat());
}
