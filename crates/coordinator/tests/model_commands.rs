//! The queue of commands in every arrangement of threads: the very file that runs, on loom's
//! atomics and a channel made of loom's lock.

#[path = "../src/queue.rs"]
mod queue;

/// What `queue.rs` stands on, here.
mod sync {
    use std::collections::VecDeque;

    pub(crate) use loom::sync::Arc;
    use loom::sync::Mutex;
    pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};

    struct Channel<T> {
        waiting: VecDeque<T>,
        len: usize,
        is_over: bool,
    }

    pub(crate) struct Sender<T>(Arc<Mutex<Channel<T>>>);

    impl<T> Clone for Sender<T> {
        fn clone(&self) -> Sender<T> {
            Sender(Arc::clone(&self.0))
        }
    }

    pub(crate) struct Receiver<T>(Arc<Mutex<Channel<T>>>);

    pub(crate) enum TrySendError<T> {
        Full(T),
        Disconnected(T),
    }

    pub(crate) fn bounded<T>(len: usize) -> (Sender<T>, Receiver<T>) {
        let channel = Channel { waiting: VecDeque::new(), len, is_over: false };
        let channel = Arc::new(Mutex::new(channel));
        (Sender(Arc::clone(&channel)), Receiver(channel))
    }

    impl<T> Sender<T> {
        pub(crate) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
            let mut channel = self.0.lock().unwrap();
            if channel.is_over {
                return Err(TrySendError::Disconnected(message));
            }
            if channel.waiting.len() == channel.len {
                return Err(TrySendError::Full(message));
            }
            channel.waiting.push_back(message);
            Ok(())
        }
    }

    impl<T> Receiver<T> {
        pub(crate) fn try_recv(&self) -> Result<T, ()> {
            self.0.lock().unwrap().waiting.pop_front().ok_or(())
        }
    }

    impl<T> Drop for Receiver<T> {
        fn drop(&mut self) {
            let mut channel = self.0.lock().unwrap();
            channel.is_over = true;
            let left = std::mem::take(&mut channel.waiting);
            drop(channel);
            drop(left);
        }
    }
}

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use queue::{NotTaken, queue};

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
        taken.extend(waiting.next());
        taken.extend(waiting.next());
        for user in users {
            user.join().unwrap();
        }
        // Between two steps the core takes all that wait.
        taken.extend(std::iter::from_fn(|| waiting.next()));
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
        let (entrance, waiting) = queue::<Counted>(2);
        let n_answers = Arc::new(AtomicUsize::new(0));
        let user = {
            let command = Counted(Arc::clone(&n_answers));
            thread::spawn(move || match entrance.give(command) {
                Ok(()) => {}
                Err(NotTaken::Full(_)) => panic!("one of two places was taken"),
                Err(NotTaken::Over(command)) => drop(command),
            })
        };
        while let Some(command) = waiting.next() {
            drop(command);
        }
        drop(waiting);
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
