//! Within which bounds the network is used.

use openbell_time::Nanos;

use crate::Trust;

/// The libraries below write every byte down at the level `trace`, a login and a key among them: it is
/// not built in.
const _: () = assert!(log::STATIC_MAX_LEVEL as usize <= log::LevelFilter::Debug as usize);

/// Within which bounds the network is used; the same for streams and requests.
#[derive(Clone, Debug)]
pub struct Transport {
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Within which a stream is connected, encrypted and upgraded, and a request answered to its
    /// last byte; 10 s by default.
    pub deadline: Nanos,
    /// The longest message of a stream, in bytes; 16 MiB by default.
    pub n_frame_bytes: usize,
    /// The longest answer to a request, in bytes after it is unpacked; 64 MiB by default.
    pub n_answer_bytes: u64,
}

impl Transport {
    /// The usual bounds.
    pub fn new(trust: Trust) -> Transport {
        Transport {
            trust,
            deadline: Nanos::from_secs(10),
            n_frame_bytes: 16 << 20,
            n_answer_bytes: 64 << 20,
        }
    }
}
