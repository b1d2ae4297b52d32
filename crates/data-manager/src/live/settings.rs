//! What a user may change of how vendors are dealt with.

use openbell_time::Nanos;

/// What a user may change of how vendors are dealt with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// So long after its close a bar that has not come is asked for; 10 s in a session file that
    /// does not say.
    pub probe_after: Nanos,
    /// Our clock and the vendor's may differ by so much; 5 s by default.
    pub max_skew: Nanos,
    /// A line without a sign of life for so long is dead; absent for the vendor's own.
    pub silent_after: Option<Nanos>,
    /// How often missed bars are asked for again after a failure, before they are given up; 5 by
    /// default.
    pub n_retries: u32,
    /// How long after a failure they are asked for again; 60 s by default.
    pub retry_each: Nanos,
    /// What the waits that shall not fall together follow from.
    pub seed: u64,
}

impl Settings {
    /// The settings of a session file that says nothing of them.
    pub fn new(seed: u64) -> Settings {
        Settings {
            probe_after: Nanos::from_secs(10),
            max_skew: Nanos::from_secs(5),
            silent_after: None,
            n_retries: 5,
            retry_each: Nanos::from_secs(60),
            seed,
        }
    }
}
