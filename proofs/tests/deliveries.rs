//! The thread protocols of deliveries, in every arrangement of threads: the very files that run,
//! on loom's locks instead of the machine's.

use loom::sync::Arc;
use loom::thread;

use crate::mailbox::{Left, Lost, Mailbox, Put};
use crate::rendezvous::{Rendezvous, Reply};

type Numbers = Rendezvous<u32, u32, u32, u32>;

/// Takes what comes, doubles it, and says how many pieces it had.
fn doubling(rendezvous: &Numbers) -> u32 {
    let mut n_taken = 0;
    while let Some(work) = rendezvous.take() {
        n_taken += 1;
        rendezvous.finish(work * 2);
    }
    n_taken
}

#[test]
fn the_core_has_every_piece_done_in_order_and_the_worker_is_stopped() {
    loom::model(|| {
        let rendezvous = Arc::new(Numbers::new());
        rendezvous.arrive();
        let worker = {
            let rendezvous = Arc::clone(&rendezvous);
            thread::spawn(move || doubling(&rendezvous))
        };
        for work in [1, 2] {
            rendezvous.give(work);
            assert_eq!(rendezvous.wait(), Reply::Done(work * 2));
        }
        rendezvous.close();
        assert_eq!(worker.join().unwrap(), 2);
    });
}

#[test]
fn a_question_is_answered_before_the_work_is_done() {
    loom::model(|| {
        let rendezvous = Arc::new(Numbers::new());
        rendezvous.arrive();
        let worker = {
            let rendezvous = Arc::clone(&rendezvous);
            thread::spawn(move || {
                let work = rendezvous.take().unwrap();
                let answer = rendezvous.ask(work + 1).unwrap();
                rendezvous.finish(answer);
            })
        };
        rendezvous.give(1);
        assert_eq!(rendezvous.wait(), Reply::Question(2));
        rendezvous.answer(20);
        assert_eq!(rendezvous.wait(), Reply::Done(20));
        worker.join().unwrap();
    });
}

#[test]
fn a_worker_that_goes_at_any_moment_never_lets_the_core_hang() {
    for finishes in [false, true] {
        loom::model(move || {
            let rendezvous = Arc::new(Numbers::new());
            rendezvous.arrive();
            let worker = {
                let rendezvous = Arc::clone(&rendezvous);
                thread::spawn(move || {
                    if finishes && let Some(work) = rendezvous.take() {
                        rendezvous.finish(work);
                    }
                    rendezvous.leave();
                })
            };
            rendezvous.give(1);
            let reply = rendezvous.wait();
            let expected = if finishes { Reply::Done(1) } else { Reply::Gone };
            assert_eq!(reply, expected);
            rendezvous.give(2);
            assert_eq!(rendezvous.wait(), Reply::Gone);
            worker.join().unwrap();
        });
    }
}

#[test]
fn closing_at_any_moment_never_lets_a_worker_hang() {
    loom::model(|| {
        let rendezvous = Arc::new(Numbers::new());
        let worker = {
            let rendezvous = Arc::clone(&rendezvous);
            thread::spawn(move || {
                rendezvous.arrive();
                let n_taken = doubling(&rendezvous);
                rendezvous.leave();
                n_taken
            })
        };
        rendezvous.close();
        assert_eq!(worker.join().unwrap(), 0);
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
