//! The thread protocols of deliveries, in every arrangement of threads: the very files that run,
//! on loom's locks instead of the machine's.

#[path = "../src/consumers/rendezvous.rs"]
#[allow(dead_code, reason = "a model walks a part of the protocol")]
mod exchange;
#[path = "../src/consumers/mailbox.rs"]
#[allow(dead_code, reason = "a model walks a part of the protocol")]
mod mailbox;

mod sync {
    pub(crate) use loom::sync::{Condvar, Mutex};

    /// Looking without sleeping is what sleeping is, seen twice.
    pub(crate) const N_LOOKS: u32 = 0;
}

use exchange::{Exchange, Heard};
use loom::sync::Arc;
use loom::thread;
use mailbox::{Left, Lost, Mailbox, Put};

type Numbers = Exchange<u32, u32, u32, u32>;

/// Takes what comes, doubles it, and says how many pieces it had.
fn doubling(exchange: &Numbers) -> u32 {
    let mut n_taken = 0;
    while let Some(work) = exchange.take() {
        n_taken += 1;
        exchange.finish(work * 2);
    }
    n_taken
}

#[test]
fn the_core_has_every_piece_done_in_order_and_the_seat_is_sent_home() {
    loom::model(|| {
        let exchange = Arc::new(Numbers::new());
        exchange.sit();
        let seat = {
            let exchange = Arc::clone(&exchange);
            thread::spawn(move || doubling(&exchange))
        };
        for work in [1, 2] {
            exchange.give(work);
            assert_eq!(exchange.hear(), Heard::Done(work * 2));
        }
        exchange.close();
        assert_eq!(seat.join().unwrap(), 2);
    });
}

#[test]
fn a_question_is_answered_before_the_work_is_done() {
    loom::model(|| {
        let exchange = Arc::new(Numbers::new());
        exchange.sit();
        let seat = {
            let exchange = Arc::clone(&exchange);
            thread::spawn(move || {
                let work = exchange.take().unwrap();
                let answer = exchange.ask(work + 1).unwrap();
                exchange.finish(answer);
            })
        };
        exchange.give(1);
        assert_eq!(exchange.hear(), Heard::Question(2));
        exchange.answer(20);
        assert_eq!(exchange.hear(), Heard::Done(20));
        seat.join().unwrap();
    });
}

#[test]
fn a_seat_that_goes_at_any_moment_never_lets_the_core_hang() {
    for finishes in [false, true] {
        loom::model(move || {
            let exchange = Arc::new(Numbers::new());
            exchange.sit();
            let seat = {
                let exchange = Arc::clone(&exchange);
                thread::spawn(move || {
                    if finishes && let Some(work) = exchange.take() {
                        exchange.finish(work);
                    }
                    exchange.leave();
                })
            };
            exchange.give(1);
            let heard = exchange.hear();
            let expected = if finishes { Heard::Done(1) } else { Heard::Gone };
            assert_eq!(heard, expected);
            exchange.give(2);
            assert_eq!(exchange.hear(), Heard::Gone);
            seat.join().unwrap();
        });
    }
}

#[test]
fn closing_at_any_moment_never_lets_a_seat_hang() {
    loom::model(|| {
        let exchange = Arc::new(Numbers::new());
        let seat = {
            let exchange = Arc::clone(&exchange);
            thread::spawn(move || {
                exchange.sit();
                let n_taken = doubling(&exchange);
                exchange.leave();
                n_taken
            })
        };
        exchange.close();
        assert_eq!(seat.join().unwrap(), 0);
    });
}

#[test]
fn every_notice_is_taken_in_order_or_counted_as_lost() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::new(1));
        let reader = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || {
                let (mut lost, mut taken) = (Lost::default(), Vec::new());
                while let Some((before, notice, _)) = mailbox.take() {
                    lost.add(before);
                    taken.push(notice);
                }
                (lost, taken)
            })
        };
        let mut displaced = 0;
        for notice in 1..=3_u32 {
            if matches!(mailbox.put(notice, 10), Put::Displaced(_)) {
                displaced += 1;
            }
        }
        mailbox.close();
        let (lost, taken) = reader.join().unwrap();
        assert_eq!((lost.n_notices, lost.n_bars), (displaced, displaced * 10));
        assert_eq!(taken.len() as u64 + displaced, 3);
        assert!(taken.is_sorted());
        assert_eq!(taken.last(), Some(&3), "the newest is kept");
    });
}

#[test]
fn a_reader_that_leaves_is_noticed_and_its_first_reason_counts() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::new(2));
        let reader = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || {
                mailbox.leave(Left::Failed("no".to_owned()));
                mailbox.leave(Left::Dropped);
            })
        };
        let first = mailbox.put(1, 0);
        reader.join().unwrap();
        assert!(matches!(first, Put::Kept | Put::Gone(Left::Failed(_))));
        assert_eq!(mailbox.put(2, 0), Put::Gone(Left::Failed("no".to_owned())));
    });
}
