//! Runs simulated sessions, seed by seed; `cargo xtask simulate` starts it.
#![expect(clippy::disallowed_methods, reason = "a program reads its arguments")]

use std::num::NonZeroUsize;
use std::process::ExitCode;

use openbell_tests::simulation::{Campaign, Failure, Shrinking};
use openbell_time::{Nanos, SystemWall};

const USAGE: &str = "simulate [--seeds N] [--from SEED] [--minutes M] [--threads T] [--unshrunk]";

/// What was asked for.
struct Arguments {
    campaign: Campaign,
    /// Minutes after which no further seed is begun.
    minutes: Option<u64>,
    /// Threads that share the seeds; what comes of them does not depend on it.
    n_threads: usize,
    /// How much a scenario that fails is made simpler.
    shrinking: Shrinking,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Option<Arguments> {
        let campaign = Campaign { from: 0, n_seeds: 1_000 };
        let n_threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let shrinking = Shrinking::Full;
        let mut arguments = Arguments { campaign, minutes: None, n_threads, shrinking };
        let mut has_seeds = false;
        while let Some(word) = words.next() {
            let mut number = || words.next()?.parse::<u64>().ok();
            match word.as_str() {
                "--seeds" => (arguments.campaign.n_seeds, has_seeds) = (number()?, true),
                "--from" => arguments.campaign.from = number()?,
                "--unshrunk" => arguments.shrinking = Shrinking::None,
                "--minutes" => arguments.minutes = Some(number()?),
                "--threads" => arguments.n_threads = number()?.max(1) as usize,
                _ => return None,
            }
        }
        if arguments.minutes.is_some() && !has_seeds {
            arguments.campaign.n_seeds = u64::MAX;
        }
        Some(arguments)
    }
}

fn main() -> ExitCode {
    let Some(arguments) = Arguments::read(std::env::args().skip(1)) else {
        eprintln!("usage: {USAGE}");
        return ExitCode::from(2);
    };
    // A consumer that panics is part of the play; what else panics is reported as a broken promise.
    std::panic::set_hook(Box::new(|_| {}));
    run(&arguments)
}

fn run(arguments: &Arguments) -> ExitCode {
    let wall = SystemWall::new();
    let limit = arguments.minutes.map(|minutes| Nanos::from_secs(60 * minutes as i64));
    let goes_on = |_| limit.is_none_or(|limit| wall.passed() < limit);
    match arguments.campaign.run(arguments.n_threads, arguments.shrinking, goes_on) {
        Ok((n_seeds, figures)) => {
            let took_s = wall.passed().as_secs_f64().max(0.001);
            let n_sessions = figures.n_sessions + figures.n_compared;
            println!("seeds                    {n_seeds}");
            println!("sessions, step by step   {}", figures.n_sessions);
            println!("sessions, run again      {}", figures.n_compared);
            println!("commands                 {}", figures.n_commands);
            println!("switches                 {}", figures.n_switches);
            println!("adds in catch-up         {}", figures.n_adds_in_catch_up);
            println!("bars                     {}", figures.n_bars);
            println!("steps                    {}", figures.n_steps);
            println!("digest of all            {:016x}", figures.digest);
            println!("seconds                  {took_s:.1}");
            println!("sessions a second        {:.0}", n_sessions as f64 / took_s);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            show(&failure, arguments.shrinking);
            ExitCode::FAILURE
        }
    }
}

fn show(failure: &Failure, shrinking: Shrinking) {
    let Failure { seed, scenario, violation, .. } = failure;
    println!("seed {seed} breaks a promise: {}", violation.invariant);
    println!("{}", violation.found);
    let which = match shrinking {
        Shrinking::Full => "the simplest that still does",
        Shrinking::None => "it is",
    };
    println!("\n{which}:\n{scenario}");
    println!("repeat it with: cargo xtask simulate --from {seed} --seeds 1");
}
