//! Runs simulated sessions, seed by seed; `cargo xtask simulate` starts it.
#![expect(clippy::disallowed_methods, reason = "a program reads its arguments")]

use std::num::NonZeroUsize;
use std::process::ExitCode;

use openbell_tests::simulation::vendors::{
    Soak, SoakHour, SocketHour, SocketSoak, VendorKind, fault_table, simulate_vendor,
};
use openbell_tests::simulation::{Campaign, Failure, Shrinking};
use openbell_time::{Nanos, SystemWall};

const USAGE: &str = "simulate [--seeds N] [--from SEED] [--minutes M] [--threads T] [--unshrunk] [--live | --vendor V [--faults | --soak [--symbols N] [--hours H] [--sockets [--times X]]]]";

/// What was asked for.
struct Arguments {
    campaign: Campaign,
    /// Minutes after which no further seed is begun.
    minutes: Option<u64>,
    /// Threads that share the seeds; what comes of them does not depend on it.
    n_threads: usize,
    /// How much a scenario that fails is made simpler.
    shrinking: Shrinking,
    /// Of what kind the runs are.
    kind: Kind,
}

/// Of what kind the runs are.
#[derive(Clone, Copy)]
enum Kind {
    Replay,
    Live,
    Vendor(VendorKind),
    /// A short day of the vendor with every fault at every place.
    Faults(VendorKind),
    /// A day of many symbols of the vendor, whose connection breaks again and again.
    Soak(Soak),
    /// The same over sockets.
    Sockets(SocketSoak),
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Option<Arguments> {
        let campaign = Campaign { from: 0, n_seeds: 1_000 };
        let n_threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let shrinking = Shrinking::Full;
        let (minutes, kind) = (None, Kind::Replay);
        let mut arguments = Arguments { campaign, minutes, n_threads, shrinking, kind };
        let mut has_seeds = false;
        while let Some(word) = words.next() {
            let mut number = || words.next()?.parse::<u64>().ok();
            match word.as_str() {
                "--seeds" => (arguments.campaign.n_seeds, has_seeds) = (number()?, true),
                "--from" => arguments.campaign.from = number()?,
                "--live" => arguments.kind = Kind::Live,
                "--vendor" => arguments.kind = Kind::Vendor(VendorKind::of_name(&words.next()?)?),
                "--faults" => match arguments.kind {
                    Kind::Vendor(vendor) => arguments.kind = Kind::Faults(vendor),
                    _ => return None,
                },
                "--soak" => match arguments.kind {
                    Kind::Vendor(kind) => {
                        let (n_symbols, n_hours, seed) = (500, 24, arguments.campaign.from);
                        arguments.kind = Kind::Soak(Soak { kind, n_symbols, n_hours, seed });
                    }
                    _ => return None,
                },
                "--sockets" => match arguments.kind {
                    Kind::Soak(soak) => {
                        arguments.kind = Kind::Sockets(SocketSoak { soak, times: 60 });
                    }
                    _ => return None,
                },
                "--times" => match (&mut arguments.kind, number()?) {
                    (Kind::Sockets(of), times) => of.times = times.clamp(1, 1_000) as i64,
                    _ => return None,
                },
                "--symbols" => match (&mut arguments.kind, number()?) {
                    (Kind::Soak(soak) | Kind::Sockets(SocketSoak { soak, .. }), n) => {
                        soak.n_symbols = (n as usize).max(1);
                    }
                    _ => return None,
                },
                "--hours" => match (&mut arguments.kind, number()?) {
                    (Kind::Soak(soak) | Kind::Sockets(SocketSoak { soak, .. }), n) => {
                        soak.n_hours = n.clamp(1, 24) as u32;
                    }
                    _ => return None,
                },
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
    let took_s = || wall.passed().as_secs_f64().max(0.001);
    let &Arguments { campaign, n_threads, shrinking, .. } = arguments;
    match arguments.kind {
        Kind::Replay => match campaign.run(n_threads, shrinking, goes_on) {
            Ok((n_seeds, figures)) => {
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
                println!("seconds                  {:.1}", took_s());
                println!("sessions a second        {:.0}", n_sessions as f64 / took_s());
                ExitCode::SUCCESS
            }
            Err(failure) => show(&failure, arguments),
        },
        Kind::Live => match campaign.run_live(n_threads, shrinking, goes_on) {
            Ok((n_seeds, figures)) => {
                println!("seeds                    {n_seeds}");
                println!("live sessions            {}", figures.n_sessions);
                println!("processes                {}", figures.n_legs);
                println!("commands                 {}", figures.n_commands);
                println!("bars                     {}", figures.n_bars);
                println!("steps                    {}", figures.n_steps);
                println!("times that a gate shut   {}", figures.n_shut);
                println!("ranges told at once      {}", figures.n_ranges);
                println!("corrections told         {}", figures.n_corrected);
                println!("digest of all            {:016x}", figures.digest);
                println!("seconds                  {:.1}", took_s());
                println!("seeds a second           {:.0}", n_seeds as f64 / took_s());
                ExitCode::SUCCESS
            }
            Err(failure) => show(&failure, arguments),
        },
        Kind::Faults(vendor) => run_faults(vendor),
        Kind::Soak(soak) => run_soak(soak),
        Kind::Sockets(soak) => run_sockets(soak),
        Kind::Vendor(vendor) => match campaign.run_vendor(vendor, n_threads, shrinking, goes_on) {
            Ok((n_seeds, figures)) => {
                println!("seeds                    {n_seeds}");
                println!("sessions                 {}", figures.n_sessions);
                println!("bars                     {}", figures.n_bars);
                println!("messages                 {}", figures.n_texts);
                println!("requests                 {}", figures.n_requests);
                println!("connections              {}", figures.n_connects);
                println!("times that a gate shut   {}", figures.n_shut);
                println!("digest of all            {:016x}", figures.digest);
                println!("seconds                  {:.1}", took_s());
                println!("seeds a second           {:.0}", n_seeds as f64 / took_s());
                ExitCode::SUCCESS
            }
            Err(failure) => show(&failure, arguments),
        },
    }
}

fn run_soak(soak: Soak) -> ExitCode {
    println!("hours     bars  messages  requests  connections  named as missing");
    let tell = |of: SoakHour| {
        let SoakHour { n_hours, n_bars, n_texts, n_requests, n_connects, n_named } = of;
        println!("{n_hours:5} {n_bars:8} {n_texts:9} {n_requests:9} {n_connects:12} {n_named:17}");
    };
    match soak.run(tell) {
        Ok(_) => {
            println!("every bar of {} symbols is there", soak.n_symbols);
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("{}: {}", violation.invariant, violation.found);
            ExitCode::FAILURE
        }
    }
}

fn run_sockets(of: SocketSoak) -> ExitCode {
    println!("hours     bars  requests  connections  named as missing  resident MB  descriptors");
    let tell = |of: SocketHour| {
        let SocketHour { n_hours, n_bars, n_requests, n_connects, n_named, .. } = of;
        let said = |number: Option<f64>| number.map_or("-".to_owned(), |n| format!("{n:.0}"));
        let resident = said(of.resident_kb.map(|kb| kb as f64 / 1_024.0));
        let descriptors = said(of.n_descriptors.map(|n| n as f64));
        println!(
            "{n_hours:5} {n_bars:8} {n_requests:9} {n_connects:12} {n_named:17} {resident:>12} {descriptors:>12}"
        );
    };
    match of.run(tell) {
        Ok(_) => {
            println!("every bar of {} symbols is there", of.soak.n_symbols);
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("{}: {}", violation.invariant, violation.found);
            ExitCode::FAILURE
        }
    }
}

fn run_faults(vendor: VendorKind) -> ExitCode {
    let table = fault_table(vendor);
    let mut n_broken = 0;
    for scenario in &table {
        if let Err(violation) = simulate_vendor(scenario) {
            n_broken += 1;
            println!("{}: {}\n{scenario}", violation.invariant, violation.found);
        }
    }
    println!("combinations             {}", table.len());
    println!("that break a promise     {n_broken}");
    if n_broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show<S: std::fmt::Display>(failure: &Failure<S>, arguments: &Arguments) -> ExitCode {
    let Failure { seed, scenario, violation, .. } = failure;
    let of_vendor = match arguments.kind {
        Kind::Vendor(vendor) | Kind::Faults(vendor) => format!("{} ", vendor.name()),
        Kind::Replay | Kind::Live | Kind::Soak(_) | Kind::Sockets(_) => String::new(),
    };
    println!("seed {seed} breaks a promise: {of_vendor}{}", violation.invariant);
    println!("{}", violation.found);
    let which = match arguments.shrinking {
        Shrinking::Full => "the simplest that still does",
        Shrinking::None => "it is",
    };
    println!("\n{which}:\n{scenario}");
    let kind = match arguments.kind {
        Kind::Replay | Kind::Soak(_) | Kind::Sockets(_) => String::new(),
        Kind::Live => " --live".to_owned(),
        Kind::Vendor(vendor) | Kind::Faults(vendor) => format!(" --vendor {}", vendor.name()),
    };
    println!("repeat it with: cargo xtask simulate{kind} --from {seed} --seeds 1");
    ExitCode::FAILURE
}
