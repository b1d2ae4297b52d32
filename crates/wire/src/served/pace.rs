//! What is asked of the pace of a backtest. It stands in no event log: no digest depends on it.

use serde::{Deserialize, Serialize};

/// Something asked of the pace, by its `name`.
///
/// ```
/// use openbell_wire::served::pace::PaceCommand;
///
/// let step: PaceCommand = serde_json::from_str(r#"{"name":"step"}"#)?;
/// assert_eq!(step, PaceCommand::Step { n: 1 });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum PaceCommand {
    /// The session clock is to stand.
    Pause,
    /// It is to go on.
    Resume,
    /// The paused clock is to visit further instants.
    Step {
        /// How many, from 1 to 1,000.
        #[serde(default = "one")]
        n: u32,
    },
    /// The paused clock is to go on up to and including an instant, and to stand then.
    RunUntil {
        /// The instant, as `2025-07-02T16:00:00Z`.
        until: String,
    },
    /// The speed is to change.
    ChangeSpeed {
        /// 0 as fast as possible, N times real time.
        speed: f64,
    },
}

fn one() -> u32 {
    1
}
