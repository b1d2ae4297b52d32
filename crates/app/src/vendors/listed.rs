//! What is known of each vendor, for people and as JSON.

use openbell_data_manager::live::{
    ClosingProof, EmptyInterval, Probe, Rate, Reach, VendorTraits, Winner,
};
use openbell_time::Nanos;
use serde_json::{Value, json};

use super::catalogue::VendorName;
use super::keys;
use crate::exit::{Exit, Outcome};
use crate::table::{count, counted, length};
use crate::terminal::{Ink, Terminal};

pub(super) fn list(is_json: bool, terminal: &mut Terminal) -> Outcome {
    if is_json {
        let rows: Vec<Value> = VendorName::ALL.iter().map(|vendor| as_json(*vendor)).collect();
        terminal.line(format!("{:#}", Value::from(rows)))?;
        return Ok(Exit::Done);
    }
    for (place, vendor) in VendorName::ALL.into_iter().enumerate() {
        if place > 0 {
            terminal.line("")?;
        }
        let head = format!("{}: {}", vendor.name(), vendor.group());
        let head = terminal.paint(Ink::Head, &head);
        terminal.line(head)?;
        for (what, words) in facts(vendor) {
            terminal.line(format!("  {what:<18}{words}"))?;
        }
    }
    Ok(Exit::Done)
}

fn facts(vendor: VendorName) -> Vec<(&'static str, String)> {
    let protocol = vendor.mute();
    let traits = protocol.traits();
    let mut facts = vec![
        ("bars", intervals(traits).join(", ")),
        ("closed is", proof(traits)),
        ("without a trade", empty(traits).to_owned()),
        ("revised", revised(traits)),
        ("history", history(traits)),
        ("history is whole", reach(traits)),
        ("requests", requests(traits.requests)),
        ("connections", connections(traits)),
        ("dead after", format!("{} without a sign of life", length(traits.silent_after))),
    ];
    if !vendor.sources().is_empty() {
        let sources: Vec<&str> = vendor.sources().iter().map(|source| source.name()).collect();
        facts.insert(1, ("feeds", sources.join(", ")));
    }
    let is_set = |name: &str| if keys::is_set(name) { "set" } else { "not set" };
    facts.push((
        "key",
        match vendor.key_names() {
            None => "none is needed".to_owned(),
            Some(names) => {
                let said = names.map(|name| format!("{name} is {}", is_set(name)));
                said.join(", ")
            }
        },
    ));
    facts
}

fn intervals(traits: &VendorTraits) -> Vec<String> {
    traits.intervals.iter().map(ToString::to_string).collect()
}

fn proof(traits: &VendorTraits) -> String {
    match traits.proof {
        ClosingProof::Said => "what the stream says of it, or that it is sent at all".to_owned(),
        ClosingProof::NextOrTime { after } => {
            format!("the next bar, or the vendor's clock {} after the close", length(after))
        }
    }
}

fn empty(traits: &VendorTraits) -> &'static str {
    match traits.empty {
        EmptyInterval::Bar => "a flat bar with volume 0",
        EmptyInterval::NoBar => "no bar; what history makes up is dropped",
    }
}

fn revised(traits: &VendorTraits) -> String {
    let within = match traits.revised_within {
        Nanos::ZERO => "not once it is closed".to_owned(),
        within => format!("up to {} after the close", length(within)),
    };
    let winner = match traits.winner {
        Winner::Stream => "the stream counts",
        Winner::History => "history counts",
    };
    format!("{within}; where both differ, {winner}")
}

fn history(traits: &VendorTraits) -> String {
    match traits.n_history_rows {
        None => "all".to_owned(),
        Some(n_rows) => {
            let n_rows = i64::from(n_rows);
            let reach = |minutes: i64| length(Nanos::from_secs(60 * minutes * n_rows));
            format!("the newest {n_rows} bars of each interval: {} of 1m", reach(1))
        }
    }
}

fn reach(traits: &VendorTraits) -> String {
    match (traits.reach, &traits.probe) {
        (Reach::RunningRow, _) => "up to the row that runs".to_owned(),
        (Reach::TwiceEqual { apart, .. }, Probe::Newest { reference }) => format!(
            "where it answers the same {} later, and {reference} has traded since",
            length(apart)
        ),
        (Reach::TwiceEqual { apart, .. }, Probe::Bars) => {
            format!("where it answers the same {} later", length(apart))
        }
    }
}

pub(crate) fn requests(rate: Rate) -> String {
    let a_minute = Nanos::from_secs(60).as_nanos() / rate.each.as_nanos().max(1);
    let burst = if rate.burst > 1 { format!(", {} at once", rate.burst) } else { String::new() };
    format!("a weight of {} a minute{burst}", count(a_minute.unsigned_abs()))
}

pub(crate) fn connections(traits: &VendorTraits) -> String {
    let n_lines = counted(traits.n_lines as u64, "connection");
    let n_series = count(traits.n_series as u64);
    let life = traits.lifetime.map(|life| format!(", each for {}", length(life)));
    format!("up to {n_lines} of {n_series} series{}", life.unwrap_or_default())
}

fn as_json(vendor: VendorName) -> Value {
    let protocol = vendor.mute();
    let traits = protocol.traits();
    let key = vendor.key_names().map(|names| {
        names.map(|name| json!({ "variable": name, "is_set": keys::is_set(name) })).to_vec()
    });
    let proof = match traits.proof {
        ClosingProof::Said => "said",
        ClosingProof::NextOrTime { .. } => "next_or_time",
    };
    json!({
        "vendor": vendor.name(),
        "exchange_group": vendor.group(),
        "intervals": intervals(traits),
        "feeds": vendor.sources().iter().map(|source| source.name()).collect::<Vec<_>>(),
        "closing_proof": proof,
        "has_empty_bars": traits.empty == EmptyInterval::Bar,
        "revised_within_seconds": traits.revised_within.as_secs(),
        "history_rows": traits.n_history_rows,
        "request_weight_per_minute":
            Nanos::from_secs(60).as_nanos() / traits.requests.each.as_nanos().max(1),
        "request_weight_at_once": traits.requests.burst,
        "connections": traits.n_lines,
        "series_per_connection": traits.n_series,
        "connection_seconds": traits.lifetime.map(Nanos::as_secs),
        "silent_seconds": traits.silent_after.as_secs(),
        "key": key.unwrap_or_default(),
    })
}
