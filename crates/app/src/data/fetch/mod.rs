//! `openbell data fetch`: a vendor's history into a store.

mod args;
mod shown;

use std::sync::Arc;

use openbell_data_manager::fetch::{
    FetchReport, FetchReportEnd, FetchSpan, FetchTarget, ToFetch, fetch as fetch_all,
};
use openbell_data_manager::live::{Fetch, FetchEnd, VendorTraits, Wanted};
use openbell_data_manager::{Provenance, StoreWriter};
use openbell_market::{Adjustment, SeriesKey};
use openbell_time::{Calendar, SystemWall, TimeManager, WallClock};
use openbell_vendors::{Courier, SecretHeaders, Transport, Trust};

use super::inclusive;
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::stored;
use crate::terminal::Terminal;
use crate::vendors::{BlockingAsker, Connection};
pub use args::FetchArgs;

/// Fetches what is lacking; a series that is refused does not keep the others out.
pub fn fetch(args: &FetchArgs, terminal: &mut Terminal) -> Outcome {
    let connection = Connection::of(args.vendor, &args.connection)?;
    let calendar = TimeManager::new().calendar(args.vendor.group())?;
    let wall = Arc::new(SystemWall::new());
    let traits = args.vendor.mute().traits().clone();
    check_interval(args, &traits)?;
    let to_fetch = to_fetch(args, &calendar, &wall, &traits)?;
    shown::before(args, &to_fetch, &traits, &calendar, wall.now(), terminal)?;
    let wanted: Vec<Wanted> = to_fetch.into_iter().map(|to_fetch| to_fetch.wanted).collect();
    if args.dry_run || wanted.iter().all(|wanted| wanted.stretches.is_empty()) {
        return Ok(Exit::Done);
    }
    let protocol = connection.protocol()?;
    let secrets = SecretHeaders::of(&protocol);
    let courier = Courier::new(&Transport::new(Trust::platform()));
    let provenance = Provenance {
        provider: Some(connection.provider()),
        adjustment: Adjustment::Raw,
        is_synthetic: false,
        waived: args.force.iter().copied().collect(),
    };
    let target = FetchTarget {
        exchange_group: args.vendor.group(),
        calendar: &calendar,
        provenance: &provenance,
    };
    let interrupt = Interrupt::listen();
    let _listening = interrupt.wakes(Arc::clone(&wall));
    let progress = Progress::of_run(terminal, args.vendor.name());
    let name = args.vendor.name();
    let mut writer = StoreWriter::open(&args.store)?;
    let mut work = Fetch::new(protocol, wanted, wall.now().as_nanos().unsigned_abs());
    let mut asker = BlockingAsker::new(courier, secrets, wall, &interrupt, &progress, name);
    let report = fetch_all(&mut work, &mut asker, &mut writer, &target);
    progress.clear();
    shown::after(args, &report, &calendar, terminal)?;
    end_of(args, &report, terminal)
}

fn check_interval(args: &FetchArgs, traits: &VendorTraits) -> Result<(), Failure> {
    if traits.intervals.contains(&args.interval) {
        return Ok(());
    }
    let has: Vec<String> = traits.intervals.iter().map(ToString::to_string).collect();
    let (name, interval) = (traits.name, args.interval);
    let text = format!(
        "{name} has no {interval} bars; it has {}, and a session derives longer ones from them",
        has.join(", ")
    );
    Err(Failure::says(Exit::Usage, text))
}

/// What the store lacks of each series.
fn to_fetch(
    args: &FetchArgs,
    calendar: &Calendar,
    wall: &SystemWall,
    traits: &VendorTraits,
) -> Result<Vec<ToFetch>, Failure> {
    let now = wall.now();
    let tomorrow = calendar.local_time(now).date.plus_days(1);
    let until = args.until.unwrap_or(tomorrow);
    let dates = inclusive(args.since, until)?;
    let store = stored::where_there(&args.store, args.vendor.group())?;
    let span = FetchSpan { dates, calendar, now, is_again: args.again };
    let mut to_fetch: Vec<ToFetch> = Vec::new();
    for symbol in &args.symbols {
        if to_fetch.iter().any(|known| known.wanted.key.symbol == *symbol) {
            continue; // Named twice.
        }
        let key = SeriesKey { symbol: symbol.clone(), interval: args.interval };
        to_fetch.push(ToFetch::of(&key, store.as_ref(), &span, traits)?);
    }
    if to_fetch.iter().all(|to_fetch| to_fetch.n_sessions == 0) {
        let group = args.vendor.group();
        let text = format!("no session of {group} from {} on has begun before {until}", args.since);
        return Err(Failure::says(Exit::Data, text));
    }
    Ok(to_fetch)
}

/// What the program ends with, and why where that is no success.
fn end_of(args: &FetchArgs, report: &FetchReport, terminal: &Terminal) -> Outcome {
    let name = args.vendor.name();
    let again = "the same command goes on where this one has ended";
    let exit = match &report.ended {
        FetchReportEnd::Interrupted => {
            terminal.note(&format!("interrupted: what had come is stored; {again}"));
            Exit::Interrupted
        }
        FetchReportEnd::Vendor(FetchEnd::Whole) => Exit::Done,
        FetchReportEnd::Vendor(FetchEnd::Failed(said)) => {
            terminal.error(&format!("{name} does not answer: {said}; {again}"));
            Exit::Vendor
        }
        FetchReportEnd::Vendor(FetchEnd::LeftAlone { until, said }) => {
            let text = format!("{name} wants to be left alone until {until}: {said}; {again}");
            terminal.error(&text);
            Exit::Vendor
        }
    };
    let mut exit = exit;
    for series in &report.series {
        let key = &series.stored.key;
        if let Some(said) = &series.refused {
            terminal.error(&format!("{name} refuses {key}: {said}"));
            exit = exit.and(Exit::Vendor);
        }
        if let Some(error) = &series.failed {
            terminal.error(&shown::failure(error, key, args));
            exit = exit.and(Exit::Data);
        }
    }
    let n_rows = |counts: openbell_data_manager::MergeCounts| {
        counts.added + counts.updated + counts.unchanged
    };
    if exit == Exit::Done && report.series.iter().all(|series| n_rows(series.stored.counts) == 0) {
        let text = format!("{name} has no bar of what was asked for: nothing was stored");
        return Err(Failure::says(Exit::Data, text));
    }
    Ok(exit)
}
