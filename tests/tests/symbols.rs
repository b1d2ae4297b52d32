//! Symbols come and go.

use openbell_coordinator::{Added, Answer, Phase, Removed, SessionCommand, Stay};
use openbell_tests::{Market, Story, at};

const DAY: &str = "2025-07-02";

fn market() -> Market {
    ["AAPL", "MSFT", "TSLA"].into_iter().fold(Market::new(), |market, symbol| {
        market.with_minutes(symbol, "2025-06-30", "2025-07-03", |_, _| true)
    })
}

fn add(symbols: &[&str]) -> SessionCommand {
    let symbols = symbols.iter().map(|s| s.parse().expect("a symbol")).collect();
    SessionCommand::AddSymbols { symbols, stay: Stay::Session }
}

#[test]
fn a_whole_day_of_two_symbols_is_delivered_once_in_order() {
    let story = Story::of(r#"["MSFT", "AAPL"]"#, r#"["1m", "5m", "1h", "1d"]"#, DAY, "", market());
    let done = story.finish();
    assert_eq!(done.phase, Phase::Closed);
    assert_eq!(done.report.n_bars, 780);
    assert_eq!(done.report.sessions[0].switches.len(), 2);
    assert_eq!(done.report.n_derived, 2 * (78 + 7 + 1));
}

#[test]
fn a_symbol_added_at_noon_shuts_the_gate_until_it_has_caught_up() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "", market());
    story.run_to(DAY, 12, 0);
    let answer = story.ask(add(&["TSLA"]));
    assert_eq!(
        answer,
        Answer::Added(vec![("TSLA".parse().unwrap(), Added::Added { generation: 1 })])
    );
    assert_eq!(story.engine.clock().now(), at(DAY, 12, 0));
    let mut reader = story.reader();
    let view = reader.view().expect("the session is active");
    let five = "5m".parse().unwrap();
    assert_eq!(view.symbol("TSLA").unwrap().series(five).unwrap().today().len(), 30);
    let done = story.finish();
    let late = done.report.digests.clone();
    let whole = Story::of(r#"["AAPL", "TSLA"]"#, r#"["1m", "5m"]"#, DAY, "", market()).finish();
    assert_eq!(late, whole.report.digests);
    assert_eq!(done.report.sessions[0].switches.len(), 4);
}

#[test]
fn a_removed_symbol_leaves_no_trace_in_the_others() {
    let mut story = Story::of(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, DAY, "", market());
    story.run_to(DAY, 14, 0);
    let msft = "MSFT".parse().unwrap();
    let answer = story.ask(SessionCommand::RemoveSymbols { symbols: vec![msft] });
    assert_eq!(answer, Answer::Removed(vec![("MSFT".parse().unwrap(), Removed::Removed)]));
    assert!(story.reader().view().unwrap().symbol("MSFT").is_err());
    let done = story.finish();
    let alone = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "", market()).finish();
    assert_eq!(done.report.digests, alone.report.digests);
}

fn remove(symbols: &[&str]) -> SessionCommand {
    SessionCommand::RemoveSymbols { symbols: symbols.iter().map(|s| s.parse().unwrap()).collect() }
}

fn added(answer: &Answer) -> Vec<Added> {
    match answer {
        Answer::Added(results) => results.iter().map(|(_, added)| added.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

fn at_noon() -> Story {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "", market());
    story.run_to(DAY, 12, 0);
    story
}

#[test]
fn a_symbol_added_three_times_is_loaded_once() {
    let mut story = at_noon();
    let tickets = [(); 3].map(|()| story.handle().command(add(&["TSLA"])));
    let answers: Vec<Added> = tickets
        .iter()
        .flat_map(|ticket| {
            loop {
                match ticket.try_answer() {
                    Some(answer) => break added(&answer),
                    None => {
                        let _ = story.step();
                    }
                }
            }
        })
        .collect();
    let once = Added::Added { generation: 1 };
    assert_eq!(answers, [once, Added::AlreadyPresent, Added::AlreadyPresent]);
}

#[test]
fn a_symbol_added_removed_and_added_again_is_a_fresh_generation() {
    let mut story = at_noon();
    let _ = story.ask(add(&["TSLA"]));
    let mut reader = story.reader();
    let old = reader.view().unwrap().symbol("TSLA").unwrap().handle();
    let _ = story.ask(remove(&["TSLA"]));
    let gone = reader.view().unwrap().by_handle(old).err();
    assert_eq!(gone, Some(openbell_session_data::Unavailable::Removed));
    assert_eq!(added(&story.ask(add(&["TSLA"]))), [Added::Added { generation: 2 }]);
    let stale = reader.view().unwrap().by_handle(old).err();
    assert!(matches!(
        stale,
        Some(openbell_session_data::Unavailable::OldGeneration { held: 1, now: 2, .. })
    ));
}

#[test]
fn ten_symbols_added_in_one_command_get_an_answer_each() {
    let mut story = at_noon();
    let answers = added(&story.ask(add(&["TSLA", "NONE", "AAPL", "MSFT"])));
    assert_eq!(answers[0], Added::Added { generation: 1 });
    assert!(matches!(answers[1], Added::Refused(_)));
    assert_eq!(answers[2], Added::AlreadyPresent);
    assert_eq!(answers[3], Added::Added { generation: 1 });
}

#[test]
fn a_symbol_added_while_paused_joins_at_once_and_the_clock_stands() {
    let mut story = at_noon();
    let before = story.engine.clock().now();
    let _ = story.ask(add(&["TSLA"]));
    assert!(story.handle().status().is_paused);
    assert_eq!(story.engine.clock().now(), before);
    let names: Vec<String> =
        story.handle().loaded_symbols().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["AAPL", "TSLA"]);
}

#[test]
fn a_locked_symbol_is_not_removed_until_it_is_unlocked() {
    let mut story = at_noon();
    let aapl = || "AAPL".parse().unwrap();
    assert_eq!(story.ask(SessionCommand::Lock { symbol: aapl() }), Answer::Done);
    let refused = story.ask(remove(&["AAPL"]));
    assert!(matches!(
        refused,
        Answer::Removed(ref results) if matches!(results[0].1, Removed::Refused(_))
    ));
    assert_eq!(story.ask(SessionCommand::Unlock { symbol: aapl() }), Answer::Done);
    assert_eq!(story.ask(remove(&["AAPL"])), Answer::Removed(vec![(aapl(), Removed::Removed)]));
}

#[test]
fn symbols_added_today_are_gone_tomorrow_and_configured_ones_are_back() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, "2025-07-03", "", market());
    story.run_to(DAY, 12, 0);
    let _ = story.ask(add(&["TSLA"]));
    let stay = Stay::Run;
    let msft = vec!["MSFT".parse().unwrap()];
    let _ = story.ask(SessionCommand::AddSymbols { symbols: msft, stay });
    let _ = story.ask(remove(&["AAPL"]));
    let done = story.finish();
    let names = |day: usize| -> Vec<String> {
        let kept = done.report.sessions[day].symbols.iter().filter(|s| !s.has_left);
        kept.map(|s| s.symbol.to_string()).collect()
    };
    assert_eq!(names(0), ["MSFT", "TSLA"]);
    assert_eq!(names(1), ["AAPL", "MSFT"]);
}

#[test]
fn after_a_stop_every_open_ticket_answers() {
    let mut story = at_noon();
    let stop = story.handle().stop();
    let late = story.handle().command(add(&["TSLA"]));
    while !matches!(story.step(), openbell_coordinator::Step::Ended(_)) {}
    assert_eq!(stop.try_answer(), Some(Answer::Done));
    assert_eq!(late.try_answer(), Some(Answer::Stopped));
    assert_eq!(story.engine.phase(), Phase::Stopped);
}

/// Waits for a ticket in a callback, which would wait for itself.
struct Waiter {
    handle: std::sync::Arc<std::sync::Mutex<Option<openbell_coordinator::Handle>>>,
    refused: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl openbell_coordinator::Consumer for Waiter {
    fn name(&self) -> &str {
        "waiter"
    }

    fn session_started(
        &mut self,
        _: &mut openbell_coordinator::Context<'_>,
    ) -> openbell_coordinator::Outcome {
        let held = self.handle.lock().map_err(|_| "a panic elsewhere")?;
        let handle = held.as_ref().ok_or("no handle")?;
        let ticket = handle.command(add(&["TSLA"]));
        let on_the_core = openbell_coordinator::WaitError::OnTheCoreThread;
        let is_refused = ticket.wait_timeout(std::time::Duration::MAX) == Err(on_the_core)
            && ticket.wait() == Err(on_the_core);
        self.refused.store(is_refused, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn waiting_for_a_ticket_inside_an_inline_callback_is_a_typed_refusal() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "", market());
    let handle = std::sync::Arc::new(std::sync::Mutex::new(Some(story.handle())));
    let refused = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let waiter = Waiter { handle, refused: std::sync::Arc::clone(&refused) };
    story.engine.register(Box::new(waiter), openbell_coordinator::OnError::StopRun);
    let done = story.finish();
    assert_eq!(done.phase, Phase::Closed);
    assert!(refused.load(std::sync::atomic::Ordering::Relaxed));
}

#[test]
fn lower_case_and_blanks_name_the_same_symbol_and_returned_lists_are_copies() {
    let mut story = at_noon();
    assert_eq!(added(&story.ask(add(&[" tsla "]))), [Added::Added { generation: 1 }]);
    assert_eq!(added(&story.ask(add(&["TSLA"]))), [Added::AlreadyPresent]);
    let mut loaded = story.handle().loaded_symbols();
    loaded.clear();
    assert_eq!(story.handle().loaded_symbols().len(), 2);
}

#[test]
fn a_lock_goes_on_to_the_next_session_and_shows_in_the_status() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, "2025-07-03", "", market());
    story.run_to(DAY, 12, 0);
    assert_eq!(
        story.ask(SessionCommand::Lock { symbol: openbell_tests::sym("AAPL") }),
        Answer::Done
    );
    story.run_to("2025-07-03", 10, 0);
    assert!(story.handle().status().symbols[0].is_locked);
    let symbols = openbell_tests::syms(&["AAPL"]);
    let Answer::Removed(answers) = story.ask(SessionCommand::RemoveSymbols { symbols }) else {
        panic!("no removal")
    };
    assert_eq!(answers[0].1, Removed::Refused(openbell_coordinator::Refusal::Locked));
}
