//! Every fault at every place: a short day with one thing wrong, once for each fault and each message
//! or request of that day.

use serde_json::{Value, json};

use super::kind::VendorKind;
use super::scenario::{LINE_FAULTS, REQUEST_FAULTS, VendorScenario};

/// The day of five minutes.
const DAY: &str = "2025-07-10";
/// Messages and requests beyond those of a sound day: of what follows a fault.
const MORE: u32 = 6;

/// A short day of the vendor with one fault, for each fault and place: the first connection's messages,
/// the second's first ones, and the requests.
pub fn fault_table(kind: VendorKind) -> Vec<VendorScenario> {
    let mut sound = VendorScenario::sound(kind, 7, DAY);
    sound.wanted = vec![1];
    sound.start = sound.hours.start + openbell_time::Nanos::from_secs(70);
    let mut world = sound.world();
    world.go(sound.hours.end + openbell_time::Nanos::from_secs(60));
    let counts = world.network.exchange.counts();
    let mut faults = Vec::new();
    for fault in line_faults(kind, &sound) {
        for at in 1..=counts.sent as u32 + MORE {
            faults.push(placed(&fault, json!({"line": 1, "at_frame": at})));
        }
    }
    for fault in request_faults() {
        for at in 1..=counts.requests as u32 + MORE {
            faults.push(placed(&fault, json!({"request": at})));
        }
    }
    let with = |fault| VendorScenario { faults: vec![fault], ..sound.clone() };
    faults.into_iter().map(with).collect()
}

fn line_faults(kind: VendorKind, sound: &VendorScenario) -> Vec<Value> {
    let mut names = LINE_FAULTS.to_vec();
    names.dedup();
    names.retain(|name| *name != "error");
    let symbol = sound.listings[sound.wanted[0]].symbol.as_str();
    let mut faults: Vec<Value> = names
        .into_iter()
        .map(|name| match name {
            "swallow" => json!({"do": name, "symbol": symbol}),
            "delay" => json!({"do": name, "delay_ms": 9_000}),
            _ => json!({"do": name}),
        })
        .collect();
    faults.push(json!({"do": "oversize"}));
    for name in ["cut", "reset", "hang"] {
        faults.push(json!({"do": name, "for_s": 75}));
    }
    if kind == VendorKind::Alpaca {
        let codes = [400, 401, 404, 405, 406, 407, 500];
        faults.extend(codes.map(|code| json!({"do": "error", "code": code})));
    }
    faults
}

fn request_faults() -> Vec<Value> {
    let mut faults: Vec<Value> = REQUEST_FAULTS
        .iter()
        .filter(|name| !matches!(**name, "status" | "lag_rows"))
        .map(|name| json!({"do": name}))
        .collect();
    faults.extend([1, 2, 5].map(|rows| json!({"do": "lag_rows", "rows": rows})));
    for code in [408, 429, 500, 502, 503] {
        faults.push(json!({"do": "status", "code": code}));
    }
    faults.push(json!({"do": "status", "code": 418, "retry_after": 30}));
    faults.push(json!({"do": "status", "code": 429, "retry_after": 5}));
    faults
}

fn placed(fault: &Value, at: Value) -> Value {
    let mut placed = fault.clone();
    if let (Value::Object(placed), Value::Object(at)) = (&mut placed, at) {
        placed.extend(at);
    }
    placed
}
