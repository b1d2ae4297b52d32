//! Commands from several threads at once.
#![expect(clippy::disallowed_methods, reason = "the users of a handle are threads")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use openbell_coordinator::{Added, Answer, Phase, SessionCommand, Stay, Step};
use openbell_market::Symbol;
use openbell_tests::{Market, Story, commands_of, repeat};

const DAY: &str = "2025-07-02";

fn market() -> Market {
    ["AAPL", "MSFT", "TSLA"].into_iter().fold(Market::new(), |market, symbol| {
        market.with_minutes(symbol, "2025-07-02", "2025-07-03", |_, _| true)
    })
}

fn add(symbol: &str) -> SessionCommand {
    let symbols: Vec<Symbol> = vec![symbol.parse().expect("a symbol")];
    SessionCommand::AddSymbols { symbols, stay: Stay::Session }
}

#[test]
fn of_three_threads_that_add_one_symbol_one_gets_the_answer_added() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "", market());
    story.run_to(DAY, 12, 0);
    let threads = [(); 3].map(|()| {
        let handle = story.handle();
        std::thread::spawn(move || handle.command(add("TSLA")).wait().expect("not the core"))
    });
    while threads.iter().any(|thread| !thread.is_finished()) {
        let _ = story.step();
    }
    let answers: Vec<Answer> = threads.into_iter().map(|t| t.join().expect("no panic")).collect();
    let is_added = |answer: &&Answer| matches!(answer, Answer::Added(each) if each[0].1 == Added::Added { generation: 1 });
    assert_eq!(answers.iter().filter(is_added).count(), 1, "{answers:?}");
    let done = story.finish();
    assert_eq!(done.report.n_bars, 780, "no bar twice");
}

#[test]
fn three_threads_add_and_remove_all_day_and_the_others_are_as_without_them() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "", market());
    let _ = story.step();
    let n_answers = Arc::new(AtomicU32::new(0));
    let threads = ["MSFT", "TSLA", "MSFT"].map(|name| {
        let (handle, n_answers) = (story.handle(), Arc::clone(&n_answers));
        std::thread::spawn(move || {
            loop {
                let symbol: Symbol = name.parse().expect("a symbol");
                let added = handle.command(add(name)).wait().expect("not the core");
                let removed = handle.remove_symbols([symbol]).wait().expect("not the core");
                if added == Answer::Stopped || removed == Answer::Stopped {
                    return;
                }
                n_answers.fetch_add(2, Ordering::Relaxed);
            }
        })
    });
    for hour in 10..16 {
        story.run_to(DAY, hour, 0);
        let wanted = n_answers.load(Ordering::Relaxed) + 40;
        while n_answers.load(Ordering::Relaxed) < wanted {
            let _ = story.step(); // Paused: the threads' commands are taken, the clock stands.
        }
    }
    drop(story.handle().resume());
    loop {
        if let Step::Ended(phase) = story.step() {
            assert_eq!(phase, Phase::Closed);
            break;
        }
    }
    // Commands that were on their way answer *stopped* with the next steps.
    while threads.iter().any(|thread| !thread.is_finished()) {
        let _ = story.step();
    }
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert!(n_answers.load(Ordering::Relaxed) >= 240);
    let aapl = |report: &openbell_coordinator::Report| {
        report.digests.iter().find(|(symbol, _)| symbol.as_str() == "AAPL").cloned()
    };
    let alone = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "", market()).finish();
    assert_eq!(aapl(&story.engine.report()), aapl(&alone.report));
}

#[test]
fn an_add_that_was_overtaken_is_logged_with_its_place_among_the_commands() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "", market());
    story.run_to(DAY, 12, 0);
    let handle = story.handle();
    drop(handle.command(add("TSLA")));
    drop(handle.lock("AAPL".parse().expect("a symbol")));
    let _ = story.step();
    drop(handle.stop()); // In the middle of catch-up.
    let done = story.finish();
    let taken = done.events.iter().filter_map(|event| match event {
        openbell_coordinator::Event::Commanded { taken, command, answer, .. } => {
            Some((command.name(), (taken.step, taken.order), answer.clone()))
        }
        _ => None,
    });
    // The lock was answered first; the add, on its way when the run was stopped, is not forgotten.
    assert_eq!(
        taken.collect::<Vec<_>>(),
        [
            ("lock", (150, 1), Answer::Done),
            ("stop", (151, 0), Answer::Done),
            ("add_symbols", (150, 0), Answer::Stopped),
        ]
    );
}

#[test]
fn a_day_of_three_threads_is_replayed_from_its_event_log() {
    let story = || Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, "2025-07-03", "", market());
    let mut first = story();
    let threads = ["MSFT", "TSLA", "MSFT"].map(|name| {
        let handle = first.handle();
        std::thread::spawn(move || {
            let symbol = || name.parse::<Symbol>().expect("a symbol");
            loop {
                drop(handle.command(add(name))); // Nobody waits: it is overtaken.
                drop(handle.lock(symbol()));
                drop(handle.unlock(symbol()));
                if handle.remove_symbols([symbol()]).wait() == Ok(Answer::Stopped) {
                    return;
                }
            }
        })
    });
    for _ in 0..200 {
        let _ = first.step();
        std::thread::yield_now();
    }
    while first.step() == Step::Worked {}
    // Those that are on their way, and those to come, are answered though nobody steps any more.
    for thread in threads {
        thread.join().expect("no panic");
    }
    let events = first.engine.events().to_vec();
    let commands = commands_of(&events);
    assert!(!commands.is_empty());
    let mut second = story();
    repeat(&mut second.engine, &commands);
    assert_eq!(second.engine.events(), events);
    assert_eq!(second.engine.report().digest, first.engine.report().digest);
}

#[test]
fn who_waits_for_a_while_gets_the_answer_or_may_wait_again() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "", market());
    story.run_to(DAY, 12, 0);
    let ticket = story.handle().command(add("TSLA"));
    assert_eq!(ticket.wait_timeout(Duration::ZERO), Ok(None), "nobody steps");
    for _ in 0..1_000 {
        let _ = story.step();
    }
    let answer = ticket.wait_timeout(Duration::ZERO);
    assert!(matches!(answer, Ok(Some(Answer::Added(_)))), "{answer:?}");
    let late = story.handle().command(add("MSFT"));
    drop(story);
    assert_eq!(late.wait_timeout(Duration::ZERO), Ok(Some(Answer::Stopped)));
}

#[test]
fn a_callback_gets_the_answer_once_also_when_nothing_steps_any_more() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "", market());
    story.run_to(DAY, 12, 0);
    let handle = story.handle();
    let (sender, answers) = std::sync::mpsc::channel();
    let give = |name: &'static str| {
        let sender = sender.clone();
        handle.command_then(add(name), move |answer| {
            sender.send((name, answer)).expect("the test listens");
        });
    };
    give("TSLA");
    assert!(answers.try_recv().is_err(), "nobody has stepped");
    for _ in 0..1_000 {
        let _ = story.step();
    }
    let added = |symbol: &str| {
        let symbol: Symbol = symbol.parse().expect("a symbol");
        Answer::Added(vec![(symbol, Added::Added { generation: 1 })])
    };
    assert_eq!(answers.try_recv(), Ok(("TSLA", added("TSLA"))));
    give("MSFT");
    drop(story);
    assert_eq!(answers.try_recv(), Ok(("MSFT", Answer::Stopped)), "it waited when the run went");
    give("AAPL");
    assert_eq!(answers.try_recv(), Ok(("AAPL", Answer::Stopped)), "the run was gone");
    drop(sender);
    assert!(answers.try_recv().is_err(), "each is answered once");
}
