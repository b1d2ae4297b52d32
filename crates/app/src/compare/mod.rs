//! `openbell compare`: two runs held against each other.

mod came_to;

use std::path::{Path, PathBuf};

use clap::Args;
use openbell_coordinator::Registry;
use openbell_data_manager::export::{RowDifference, RowDiffers, first_difference};
use openbell_wire::compare::{Comparison, Figure, KeyDifference, Part};

use crate::exit::{Exit, Failure, Outcome};
use crate::table::{Align, Table, counted};
use crate::terminal::{Ink, Terminal};
use came_to::CameTo;

/// Holds two runs against each other: what differs first, and their figures side by side.
///
/// A run is the folder of an export or of a recording. Said are the keys in which the session files differ, each
/// part of the digest (the values of series, which bar was delivered when, the switches of the gate, what each
/// consumer emitted) with where it differs first, and then the figures of both. The exit code is 0 where all parts
/// are the same, and 5 where one differs.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct CompareArgs {
    /// The folder of an export or a recording.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The one to hold against it.
    #[arg(value_name = "B")]
    b: PathBuf,
    /// The store with the history of recordings, where it is not where they say.
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// Writes it as JSON.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell run monday.json --export monday
  openbell run tuesday.json --export tuesday
  openbell compare monday tuesday
  openbell compare recordings/coins/2026-11-29 recordings/coins/2026-11-30";

/// Keys of session files that are listed.
const KEYS_SHOWN: usize = 20;

/// Compares them.
pub fn compare(args: &CompareArgs, registry: &Registry, terminal: &mut Terminal) -> Outcome {
    let load = |folder: &Path| CameTo::load(folder, args.store.as_deref(), registry);
    let (a, b) = (load(&args.a)?, load(&args.b)?);
    if a.report.digest_form != b.report.digest_form {
        let text = format!(
            "the digests of {} are of form {}, those of {} of form {}: they cannot be compared; run both with one \
             program",
            args.a.display(),
            a.report.digest_form,
            args.b.display(),
            b.report.digest_form
        );
        return Err(Failure::says(Exit::Data, text));
    }
    let mut comparison = Comparison::of(a.side(), b.side());
    if let (Some(a), Some(b)) = (&a.export, &b.export)
        && let Some(part) =
            comparison.parts.iter_mut().find(|part| part.part == "series" && !part.same)
        && let Some(row) = first_difference(a, b)?
    {
        let symbols = part.first.take().map(|symbols| format!("{symbols}; ")).unwrap_or_default();
        part.first = Some(format!("{symbols}first {}", in_words(&row)));
    }
    if args.json {
        let json = serde_json::to_value(&comparison).expect("a comparison has text for keys");
        terminal.line(format!("{json:#}"))?;
    } else {
        print(args, &comparison, terminal)?;
    }
    Ok(if comparison.same { Exit::Done } else { Exit::RunFailed })
}

fn in_words(row: &RowDifference) -> String {
    let differs = match &row.differs {
        RowDiffers::InFirstAlone => "it is in a alone".to_owned(),
        RowDiffers::InSecondAlone => "it is in b alone".to_owned(),
        RowDiffers::Column { name, a, b } => format!("{name} is {a} against {b}"),
    };
    format!("in {} the row of {}: {differs}", row.file, row.opens_at)
}

fn print(
    args: &CompareArgs,
    comparison: &Comparison,
    terminal: &mut Terminal,
) -> std::io::Result<()> {
    terminal.line(format!("a  {}\nb  {}", args.a.display(), args.b.display()))?;
    let Comparison { config, parts, figures, .. } = comparison;
    if !config.is_empty() {
        let n = counted(config.len() as u64, "key");
        terminal.line(format!("\nthe session files differ in {n}"))?;
        keys(&config[..config.len().min(KEYS_SHOWN)]).print(terminal, "")?;
        if config.len() > KEYS_SHOWN {
            terminal.line("and more; --json has them all")?;
        }
    }
    terminal.line("")?;
    digests(parts).print(terminal, "")?;
    for Part { part, first, .. } in parts.iter().filter(|part| !part.same) {
        let where_first = first.as_deref().unwrap_or("what was kept of them does not say where");
        let part = terminal.paint(Ink::Warning, part);
        terminal.line(format!("\n{part} differs: {where_first}"))?;
    }
    terminal.line("")?;
    beside(figures).print(terminal, "")
}

fn keys(keys: &[KeyDifference]) -> Table {
    let mut table = Table::new([("key", Align::Left), ("a", Align::Left), ("b", Align::Left)]);
    for key in keys {
        table.row([key.path.clone(), shown(&key.a), shown(&key.b)]);
    }
    table
}

/// Characters of a value that are shown.
const VALUE_SHOWN: usize = 40;

fn shown(value: &serde_json::Value) -> String {
    let text = if value.is_null() { "-".to_owned() } else { value.to_string() };
    match text.char_indices().nth(VALUE_SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

fn digests(parts: &[Part]) -> Table {
    let columns =
        [("part", Align::Left), ("", Align::Left), ("a", Align::Left), ("b", Align::Left)];
    let mut table = Table::new(columns);
    for Part { part, same, a, b, .. } in parts {
        let digest = |digest: &Option<String>| digest.clone().unwrap_or_else(|| "-".to_owned());
        let word = if *same { "the same" } else { "differs" };
        table.row([part.clone(), word.to_owned(), digest(a), digest(b)]);
    }
    table
}

fn beside(figures: &[Figure]) -> Table {
    let mut table = Table::new([
        ("of", Align::Left),
        ("figure", Align::Left),
        ("a", Align::Right),
        ("b", Align::Right),
        ("b - a", Align::Right),
    ]);
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), figure);
    for Figure { of, name, a, b } in figures {
        let change = a.zip(*b).map(|(a, b)| b - a).filter(|change| *change != 0.0);
        table.row([
            of.clone(),
            name.clone(),
            number(*a),
            number(*b),
            change.map_or_else(String::new, |change| {
                format!("{}{}", sign(change), figure(change.abs()))
            }),
        ]);
    }
    table
}

fn sign(change: f64) -> &'static str {
    if change < 0.0 { "-" } else { "+" }
}

/// A figure to be read: counts as they are, of others six digits.
fn figure(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    let magnitude = value.abs().log10().floor().clamp(-9.0, 5.0);
    format!("{value:.*}", (5.0 - magnitude) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_six_digits_and_a_count_all_of_its_own() {
        for (value, text) in [
            (0.0, "0"),
            (1_234_567.0, "1234567"),
            (0.012_345_678, "0.0123457"),
            (-1.5, "-1.50000"),
            (98_765.432_1, "98765.4"),
            (1_234_567.89, "1234568"),
        ] {
            assert_eq!(figure(value), text);
        }
    }
}
