//! `openbell vendors doctor`: for whoever has a network, whether what is taken for granted of a vendor
//! holds.

use std::sync::Arc;
use std::thread;

use clap::Args;
use openbell_data_manager::Feed;
use openbell_data_manager::live::{
    AskFault, Door, Protocol, Request, Settings, Vendor, VendorTraits,
};
use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_time::{Nanos, SystemWall, WallClock};
use openbell_vendors::doctor::{Checked, Verdict, Watch, questions};
use openbell_vendors::{Connection as Line, Courier, SecretHeaders, Transport, Trust};

use super::{Connection, ConnectionArgs, VendorName};
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::terminal::{Ink, Terminal};

/// Connects to a vendor, and says which assumptions about it hold.
///
/// What is known of vendors is read from their pages, which leave things open and go stale. This asks a
/// vendor's history a few questions, listens to its stream for three minutes, and says of each thing that
/// is taken for granted whether it held, did not hold, or could not be seen. Nothing is stored. Exit code
/// 4 says that something did not hold, which is worth a report, 7 that the vendor was not reached.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// Which vendor.
    #[arg(value_enum, value_name = "VENDOR")]
    vendor: VendorName,
    /// A symbol that trades in every minute, by the vendor's name.
    #[arg(long)]
    symbol: Option<Symbol>,
    /// The length of the bars.
    #[arg(long, default_value = "1m")]
    interval: BarInterval,
    /// For how long the stream is listened to; 0 leaves it out.
    #[arg(long, default_value_t = 180)]
    seconds: u32,
    #[command(flatten)]
    connection: ConnectionArgs,
}

const EXAMPLES: &str = "\
Examples:
  openbell vendors doctor kraken
  openbell vendors doctor binance --seconds 0
      only the questions to its history
  openbell vendors doctor alpaca --feed test --symbol FAKEPACA
  openbell vendors doctor binance --endpoint http://127.0.0.1:8780 --seconds 70
      of the simulated exchange";

/// Asks, listens, and says what held.
pub(super) fn doctor(args: &DoctorArgs, terminal: &mut Terminal) -> Outcome {
    let connection = Connection::of(args.vendor, &args.connection)?;
    let protocol = connection.protocol()?;
    let traits = protocol.traits().clone();
    if !traits.intervals.contains(&args.interval) {
        let text =
            format!("{} has no {} bars; `openbell vendors` lists them", traits.name, args.interval);
        return Err(Failure::says(Exit::Usage, text));
    }
    let symbol = match &args.symbol {
        Some(symbol) => symbol.clone(),
        None => args.vendor.busy_symbol(),
    };
    let key = SeriesKey { symbol, interval: args.interval };
    let wall = Arc::new(SystemWall::new());
    let interrupt = Interrupt::listen();
    let _listening = interrupt.wakes(Arc::clone(&wall));

    terminal.line(format!("{}, {key}: questions to its history", connection.provider()))?;
    let (protocol, asked) = asked(protocol, &key, &traits, wall.as_ref());
    show(&asked, terminal)?;
    let mut checked = asked;
    if args.seconds > 0 && !interrupt.is_asked() {
        terminal.line(format!(
            "{}, {key}: its stream for {} s",
            connection.provider(),
            args.seconds
        ))?;
        terminal.flush()?;
        let watched = watched(protocol, &key, args.seconds, &wall, &interrupt)?;
        show(&watched, terminal)?;
        checked.extend(watched);
    }
    end_of(&checked, &interrupt, terminal)
}

/// What its history answers.
fn asked(
    mut protocol: Box<dyn Protocol>,
    key: &SeriesKey,
    traits: &VendorTraits,
    wall: &SystemWall,
) -> (Box<dyn Protocol>, Vec<Checked>) {
    let courier = Courier::new(&Transport::new(Trust::platform()));
    let secrets = SecretHeaders::of(&protocol);
    let mut checked = Vec::new();
    for question in questions(traits, key, wall.now()) {
        let Request { url, weight } = protocol.request(&question.query);
        let answer = match courier.ask(&Request { url, weight }, &secrets) {
            Ok(answer) => protocol.answered(&question.query, wall.now(), &answer.borrowed()),
            Err(error) => Err(AskFault::Failed(error.to_string().into())),
        };
        checked.extend(question.judged(traits, wall.now(), &answer));
        let turn = wall.now() + traits.requests.each.max(Nanos::from_secs(1));
        while wall.now() < turn {
            let _ = wall.wait_until(turn); // Whatever ended the wait, the clock says how far it is.
        }
    }
    (protocol, checked)
}

/// What its stream shows in so many seconds.
fn watched(
    protocol: Box<dyn Protocol>,
    key: &SeriesKey,
    seconds: u32,
    wall: &Arc<SystemWall>,
    interrupt: &Interrupt,
) -> Result<Vec<Checked>, Failure> {
    let watch = Watch::default();
    let protocol = watch.over(protocol);
    let traits = protocol.traits().clone();
    let (door, inlet) = Door::new(Arc::new(SystemWall::new()), Door::LIMIT);
    let begun = wall.now();
    let vendor = Vendor::new(protocol, Settings::new(begun.as_nanos().unsigned_abs()), inlet);
    let transport = Transport::new(Trust::platform());
    let clock = Arc::new(SystemWall::new());
    let line = Line::new(vendor, &transport, clock, |at, note| tracing::info!("{at} {note:?}"));
    let Line { carriers, control } = line;
    let threads: Vec<_> =
        carriers.into_iter().map(|carrier| thread::spawn(move || carrier.run())).collect();
    // While the feed lives, the series is wanted.
    let mut feed = door.feed(key);
    if let Some(feed) = &mut feed {
        feed.seek(begun)?;
    }
    let until = begun + Nanos::from_secs(seconds.into());
    while !interrupt.is_asked() && wall.now() < until {
        let _ = wall.wait_until(until); // As above.
    }
    let checked = watch.judged(&traits, key, wall.now());
    drop(feed);
    control.stop();
    for thread in threads {
        match thread.join() {
            Ok(ended) => ended.map_err(|fault| Failure::new(Exit::RunFailed, fault))?,
            Err(panicked) => std::panic::resume_unwind(panicked),
        }
    }
    Ok(checked)
}

fn show(checked: &[Checked], terminal: &mut Terminal) -> Result<(), Failure> {
    for Checked { assumption, verdict, found } in checked {
        let ink = match verdict {
            Verdict::Held => Ink::Good,
            Verdict::NotHeld => Ink::Error,
            Verdict::NotSeen => Ink::Faint,
        };
        let word = terminal.paint(ink, &format!("{:<8}", verdict.name()));
        terminal.line(format!("  {word}  {assumption}"))?;
        terminal.line(format!("            {found}"))?;
    }
    terminal.flush()?;
    Ok(())
}

fn end_of(checked: &[Checked], interrupt: &Interrupt, terminal: &mut Terminal) -> Outcome {
    let n = |verdict| checked.iter().filter(|checked| checked.verdict == verdict).count();
    let (held, not_held) = (n(Verdict::Held), n(Verdict::NotHeld));
    terminal.line(format!("{held} held, {not_held} did not, {} not seen", n(Verdict::NotSeen)))?;
    Ok(match (interrupt.is_asked(), held, not_held) {
        (true, ..) => Exit::Interrupted,
        (false, _, 0) => Exit::Done,
        (false, 0, _) => Exit::Vendor,
        (false, ..) => Exit::Data,
    })
}
