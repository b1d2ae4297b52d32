//! Faults by script: what goes wrong at which frame of which connection, and at which request.

use std::collections::BTreeMap;

use openbell_market::Symbol;
use openbell_time::Nanos;
use serde::Deserialize;

use crate::error::ScriptError;

/// After how long the exchange ends a connection whose end it has announced.
pub(crate) const NOTICE: Nanos = Nanos::from_secs(10);

/// Faults by the connection and frame, and by the request, at which they happen.
///
/// *Shape*: connections are counted as they are accepted, frames as they are sent on one, requests as
/// they are made; each begins with 1. A fault `after_s` seconds, counted from the first connection,
/// strikes the first message with data after them, whichever connection it is sent on.
///
/// ```
/// use openbell_vendor_sim::Script;
/// let script = Script::read(
///     r#"[{"line": 1, "at_frame": 17, "do": "cut", "for_s": 300},
///         {"request": 3, "do": "status", "code": 429, "retry_after": 5}]"#,
/// )?;
/// assert_eq!(script.n_faults(), 2);
/// let message = Script::read(r#"[{"line": 1, "do": "cut"}]"#).unwrap_err().to_string();
/// assert_eq!(message, "fault 1 (cut) of the script lacks at_frame");
/// # Ok::<(), openbell_vendor_sim::ScriptError>(())
/// ```
#[derive(Clone, Default, Debug)]
pub struct Script {
    lines: BTreeMap<(u32, u32), Vec<LineFault>>,
    requests: BTreeMap<u32, Vec<RequestFault>>,
    /// By the seconds after which they strike, soonest first.
    after: Vec<(Nanos, LineFault)>,
}

/// What goes wrong at a frame.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum LineFault {
    /// The connection ends after the frame, in order; nothing can be reached for so long.
    Cut { outage: Nanos },
    /// It ends by a reset, of which the exchange does not know.
    Reset { outage: Nanos },
    /// Nothing goes in or out any more, and nobody is told.
    Hang { outage: Nanos },
    /// Half of the frame is sent, then the connection ends.
    Half { outage: Nanos },
    /// Text that is no message in place of the frame.
    Garbage,
    /// A message of so many bytes in place of the frame.
    Oversize { n_bytes: usize },
    /// The frame is sent twice.
    Duplicate,
    /// The frame, and with it all that follow, come so much later.
    Delay(Nanos),
    /// From this frame on nothing on the symbol is sent.
    Swallow(Symbol),
    /// From this frame on no data is sent at all, and signs of life are.
    Mute,
    /// The frame comes after the next one.
    Reorder,
    /// A trade of the frame's bar becomes known three seconds later.
    Revise,
    /// The oldest data frame of the connection is sent again.
    ReplayOld,
    /// The exchange's clock is off by so much from now on.
    Clock(Nanos),
    /// From this frame on there are no signs of life, and data is sent.
    PingStop,
    /// The exchange announces the end of the connection where it can, and ends it ten seconds later.
    Shutdown,
    /// An error of the protocol with this code, and the end of the connection.
    Error(u32),
}

/// What goes wrong at a request.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum RequestFault {
    /// This status, with `Retry-After` in seconds where it is given.
    Status { code: u16, retry_after: Option<u32> },
    /// The newest rows are not there yet.
    LagRows(usize),
    /// There are no rows.
    Empty,
    /// The body ends in its middle.
    Truncate,
    /// There is no answer.
    Hang,
    /// The exchange's clock is off by so much from now on.
    Clock(Nanos),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    line: Option<u32>,
    at_frame: Option<u32>,
    after_s: Option<u32>,
    request: Option<u32>,
    #[serde(rename = "do")]
    what: String,
    symbol: Option<String>,
    delay_ms: Option<u32>,
    for_s: Option<u32>,
    by_s: Option<f64>,
    bytes: Option<usize>,
    code: Option<u32>,
    retry_after: Option<u32>,
    rows: Option<usize>,
}

impl Script {
    /// Nothing goes wrong.
    pub fn none() -> Script {
        Script::default()
    }

    /// The script of a JSON list.
    ///
    /// # Errors
    ///
    /// [`ScriptError`] where it is none, a fault is not known, or it lacks what it needs.
    pub fn read(text: &str) -> Result<Script, ScriptError> {
        let written: Vec<Written> = serde_json::from_str(text)?;
        let mut script = Script::none();
        for (idx, fault) in written.iter().enumerate() {
            let number = idx + 1;
            if let Some(request) = fault.request {
                let read = fault.request_fault(number)?;
                script.requests.entry(request).or_default().push(read);
            } else if let Some(seconds) = fault.after_s {
                let after = Nanos::from_secs(i64::from(seconds));
                script.after.push((after, fault.line_fault(number)?));
            } else {
                let line = fault.needs(number, "line", fault.line)?;
                let frame = fault.needs(number, "at_frame", fault.at_frame)?;
                let read = fault.line_fault(number)?;
                script.lines.entry((line, frame)).or_default().push(read);
            }
        }
        script.after.sort_by_key(|(after, _)| *after); // Stable.
        Ok(script)
    }

    /// How many faults it has.
    pub fn n_faults(&self) -> usize {
        let of_lines: usize = self.lines.values().map(Vec::len).sum();
        of_lines + self.after.len() + self.requests.values().map(Vec::len).sum::<usize>()
    }

    pub(crate) fn at_frame(&self, line: u32, frame: u32) -> &[LineFault] {
        self.lines.get(&(line, frame)).map_or(&[], Vec::as_slice)
    }

    /// The faults that strike once so much has passed, which strike once.
    pub(crate) fn take_after(&mut self, passed: Nanos) -> Vec<LineFault> {
        let n_due = self.after.partition_point(|(after, _)| *after <= passed);
        self.after.drain(..n_due).map(|(_, fault)| fault).collect()
    }

    pub(crate) fn at_request(&self, request: u32) -> &[RequestFault] {
        self.requests.get(&request).map_or(&[], Vec::as_slice)
    }
}

impl LineFault {
    /// How long it goes on by itself, where that does not end with its connection.
    pub(crate) fn length(&self) -> Nanos {
        match self {
            LineFault::Delay(by) => *by,
            LineFault::Shutdown => NOTICE,
            _ => Nanos::ZERO,
        }
    }
}

impl Written {
    fn needs<T>(
        &self,
        number: usize,
        field: &'static str,
        value: Option<T>,
    ) -> Result<T, ScriptError> {
        value.ok_or_else(|| ScriptError::Lacks { number, what: self.what.clone(), field })
    }

    fn unknown(&self, number: usize) -> ScriptError {
        ScriptError::Unknown { number, found: self.what.clone() }
    }

    fn clock(&self, number: usize) -> Result<Nanos, ScriptError> {
        let by_s = self.needs(number, "by_s", self.by_s)?;
        Ok(Nanos::from_nanos((by_s * 1e9) as i64))
    }

    fn line_fault(&self, number: usize) -> Result<LineFault, ScriptError> {
        let outage = Nanos::from_secs(i64::from(self.for_s.unwrap_or(0)));
        Ok(match self.what.as_str() {
            "cut" => LineFault::Cut { outage },
            "reset" => LineFault::Reset { outage },
            "hang" => LineFault::Hang { outage },
            "half_frame" => LineFault::Half { outage },
            "garbage" => LineFault::Garbage,
            "oversize" => LineFault::Oversize { n_bytes: self.bytes.unwrap_or(17 << 20) },
            "duplicate" => LineFault::Duplicate,
            "delay" => {
                let delay_ms = self.needs(number, "delay_ms", self.delay_ms)?;
                LineFault::Delay(Nanos::from_nanos(i64::from(delay_ms) * 1_000_000))
            }
            "swallow" => {
                let written = self.needs(number, "symbol", self.symbol.as_deref())?;
                let not_a_symbol = |_| ScriptError::NotListed { number, found: written.to_owned() };
                LineFault::Swallow(written.parse().map_err(not_a_symbol)?)
            }
            "mute" => LineFault::Mute,
            "reorder" => LineFault::Reorder,
            "revise" => LineFault::Revise,
            "replay_old" => LineFault::ReplayOld,
            "clock" => LineFault::Clock(self.clock(number)?),
            "ping_stop" => LineFault::PingStop,
            "shutdown_notice" => LineFault::Shutdown,
            "error" => LineFault::Error(self.needs(number, "code", self.code)?),
            _ => return Err(self.unknown(number)),
        })
    }

    fn request_fault(&self, number: usize) -> Result<RequestFault, ScriptError> {
        Ok(match self.what.as_str() {
            "status" => {
                let code = self.needs(number, "code", self.code)?;
                let code = u16::try_from(code).map_err(|_| self.unknown(number))?;
                RequestFault::Status { code, retry_after: self.retry_after }
            }
            "lag_rows" => RequestFault::LagRows(self.needs(number, "rows", self.rows)?),
            "empty" => RequestFault::Empty,
            "truncate" => RequestFault::Truncate,
            "hang" => RequestFault::Hang,
            "clock" => RequestFault::Clock(self.clock(number)?),
            _ => return Err(self.unknown(number)),
        })
    }
}
