//! What is wrong with a script, and with a server.

use std::io;

/// Why a script is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// It is no JSON list of faults.
    #[error("the script is no list of faults")]
    NotAScript(#[from] serde_json::Error),
    /// A fault has a name that is none.
    #[error("fault {number} of the script: there is no fault \"{found}\" here")]
    Unknown {
        /// The place of the fault, from 1.
        number: usize,
        /// What it says.
        found: String,
    },
    /// A fault lacks something.
    #[error("fault {number} ({what}) of the script lacks {field}")]
    Lacks {
        /// The place of the fault, from 1.
        number: usize,
        /// Its name.
        what: String,
        /// What it needs.
        field: &'static str,
    },
    /// A fault names what no symbol can be called.
    #[error("fault {number} of the script is about \"{found}\", which is no symbol")]
    NotListed {
        /// The place of the fault, from 1.
        number: usize,
        /// What it says.
        found: String,
    },
}

/// Why a server cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// There is nothing to listen at.
    #[error("cannot listen at 127.0.0.1:{port}; another port, or 0 for any, will do")]
    NoPort {
        /// The port that was asked for.
        port: u16,
        /// What the machine said.
        source: io::Error,
    },
    /// Its certificate or its key cannot be used.
    #[error("the certificate and the key of the server cannot be used: {why}")]
    NoIdentity {
        /// What is wrong with them.
        why: String,
    },
}
