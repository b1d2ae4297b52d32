//! The queue of commands in every arrangement of threads: the very file that runs, on loom's lock
//! and atomics.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::queue::{NotTaken, queue};

#[test]
fn no_command_is_lost_or_taken_twice_and_each_user_keeps_its_order() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3); // Every bug of a queue shows in fewer.
    model.check(|| {
        let (entrance, waiting) = queue::<(usize, usize)>(4);
        let users = [1, 2].map(|user| {
            let entrance = entrance.clone();
            thread::spawn(move || {
                for n in 0..user {
                    assert!(entrance.give((user, n)).is_ok());
                }
            })
        });
        let mut taken: Vec<(usize, usize)> = Vec::new();
        // As the core does at a step: as many as wait when it begins.
        taken.extend((0..waiting.n_waiting()).filter_map(|_| waiting.next()));
        for user in users {
            user.join().unwrap();
        }
        taken.extend((0..waiting.n_waiting()).filter_map(|_| waiting.next()));
        let of = |user| taken.iter().filter(move |(by, _)| *by == user).map(|(_, n)| *n);
        assert!(of(1).eq([0]), "{taken:?}");
        assert!(of(2).eq([0, 1]), "{taken:?}");
    });
}

/// A command that counts its answers: it answers when it is dropped, as an envelope does.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_command_that_meets_the_end_of_the_run_is_answered_once() {
    loom::model(|| {
        let (entrance, mut waiting) = queue::<Counted>(2);
        let n_answers = Arc::new(AtomicUsize::new(0));
        let user = {
            let command = Counted(Arc::clone(&n_answers));
            thread::spawn(move || match entrance.give(command) {
                Ok(()) => {}
                Err(NotTaken::Full(_)) => panic!("one of two places was taken"),
                Err(NotTaken::Over(command)) => drop(command),
            })
        };
        for _ in 0..waiting.n_waiting() {
            drop(waiting.next());
        }
        waiting.close();
        user.join().unwrap();
        assert_eq!(n_answers.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn of_two_that_want_the_last_place_one_comes_back() {
    loom::model(|| {
        let (entrance, waiting) = queue::<usize>(1);
        let users = [1, 2].map(|user| {
            let entrance = entrance.clone();
            thread::spawn(move || match entrance.give(user) {
                Ok(()) => 1,
                Err(NotTaken::Full(command)) => {
                    assert_eq!(command, user);
                    0
                }
                Err(NotTaken::Over(_)) => panic!("the core is there"),
            })
        });
        let n_given: usize = users.into_iter().map(|user| user.join().unwrap()).sum();
        assert_eq!(n_given, 1);
        assert!(waiting.next().is_some());
        assert!(waiting.next().is_none());
    });
}
