//! `openbell why`: why somebody gets no data of a run that is served.

use clap::Args;
use openbell_wire::why::Why;

use super::asker::{Asker, Whom};
use crate::exit::{Exit, Outcome};
use crate::table::{Align, Table};
use crate::terminal::{Ink, Terminal};

/// Says why there is no data, in one sentence, with the ways out.
///
/// The exit code is 0 where nothing is wrong, 9 where something is, and 10 where the run could not be
/// asked.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct WhyArgs {
    #[command(flatten)]
    whom: Whom,
    /// The symbol whose data is missed.
    symbol: Option<String>,
    /// The interval.
    #[arg(long, value_name = "INTERVAL")]
    interval: Option<String>,
    /// The consumer that hears nothing.
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,
    /// Writes the answer as it came.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell why 'http://127.0.0.1:8430/#token=...'
  openbell why 127.0.0.1:8430 AAPL --interval 5m --token-file tokens";

/// Asks, and says what was answered.
pub fn why(args: &WhyArgs, terminal: &mut Terminal) -> Outcome {
    let asker = Asker::of(&args.whom)?;
    let asked =
        [("symbol", &args.symbol), ("interval", &args.interval), ("consumer", &args.consumer)];
    let asked: Vec<String> = asked
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", encoded(value.as_deref()?))))
        .collect();
    let why: Why = asker.get(&format!("/v1/why?{}", asked.join("&")))?;
    if args.json {
        let text = serde_json::to_string_pretty(&why);
        terminal.line(text.expect("text keys and finite shapes are JSON"))?;
    } else {
        show(&why, terminal)?;
    }
    terminal.flush()?;
    Ok(if why.is_wrong { Exit::Wrong } else { Exit::Done })
}

fn show(why: &Why, terminal: &mut Terminal) -> std::io::Result<()> {
    let ink = if why.is_wrong { Ink::Warning } else { Ink::Good };
    terminal.line(terminal.paint(ink, &why.sentence))?;
    if !why.holders.is_empty() {
        let mut table = Table::new([("symbol", Align::Left), ("lag s", Align::Right)]);
        for holder in &why.holders {
            let lag = holder.lag_s.map_or_else(|| "?".to_owned(), |lag_s| format!("{lag_s:.0}"));
            table.row([holder.symbol.clone(), lag]);
        }
        for line in table.lines() {
            terminal.line(line)?;
        }
    }
    for way in &why.ways_out {
        let what = way.command.as_deref().or(way.path.as_deref()).unwrap_or(&way.action);
        terminal.line(format!("- {what}: {}", way.says))?;
    }
    Ok(())
}

/// `text` for a query.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let each = text.bytes();
    each.map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_query_has_a_use_for_is_encoded() {
        assert_eq!(encoded("BTC/USD"), "BTC%2FUSD");
        assert_eq!(encoded("a&b=é"), "a%26b%3D%C3%A9");
    }
}
