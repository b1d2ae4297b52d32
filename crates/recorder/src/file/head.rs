//! `head.json`: what was run, in the form in which a replay needs it.

use std::collections::BTreeMap;
use std::path::Path;

use openbell_coordinator::DIGEST_FORM;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::schema::FORM;
use crate::disk;
use crate::error::RecorderError;

/// The name of the file in its folder.
pub(crate) const NAME: &str = "head.json";

/// The sessions of a run that takes those ahead, and not those of its config's dates.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ahead {
    /// The instant from which on.
    pub from: String,
    /// How many; absent where it goes on without end.
    pub n_sessions: Option<u32>,
}

/// What was run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Head {
    /// The form of this head and of the tables.
    pub form: i64,
    /// The form in which the digests are made; heads that do not say it have those of form 1.
    #[serde(default = "first_digest_form")]
    pub digest_form: u32,
    /// The program and its version.
    pub program: String,
    /// The session that the folder is of.
    pub session: String,
    /// The first session of the run.
    pub first_session: String,
    /// The number of the first look of this folder, among those of the run.
    pub first_look: u64,
    /// The sessions of the run, where they are not those of the config's dates.
    pub sessions: Option<Ahead>,
    /// The session file, as it was loaded.
    pub config: Value,
    /// The folder of the store that history comes from, absolute; null where there is none.
    pub store: Option<String>,
    /// The text of the calendar overlay; null where there is none.
    pub overlay: Option<String>,
    /// The texts of the files that modules name, by the path as it stands there.
    #[serde(default)]
    pub texts: BTreeMap<String, String>,
    /// The vendor, with the version of its protocol; null where the feeds are a program's own.
    pub vendor: Option<String>,
    /// Whether the bars are made up.
    #[serde(default)]
    pub is_synthetic: bool,
}

/// The form of the digests in heads that do not say it.
fn first_digest_form() -> u32 {
    1
}

impl Head {
    /// The head of a run of `config` by `program` that begins; the writer fills in the session.
    pub fn new(program: &str, config: Value) -> Head {
        Head {
            form: FORM,
            digest_form: DIGEST_FORM,
            program: program.to_owned(),
            session: String::new(),
            first_session: String::new(),
            first_look: 1,
            sessions: None,
            config,
            store: None,
            overlay: None,
            texts: BTreeMap::new(),
            vendor: None,
            is_synthetic: false,
        }
    }

    /// Reads the head in `folder`; `None` where there is none.
    ///
    /// # Errors
    ///
    /// One that cannot be read, or is of another form.
    pub fn read(folder: &Path) -> Result<Option<Head>, RecorderError> {
        let path = folder.join(NAME);
        let Some(text) = disk::read(&path)? else { return Ok(None) };
        let head: Result<Head, _> = serde_json::from_str(&text);
        let head = head.map_err(|error| RecorderError::BadHead {
            path: path.clone(),
            why: error.to_string(),
        })?;
        if head.form != FORM {
            return Err(RecorderError::OtherForm { path, found: head.form, known: FORM });
        }
        Ok(Some(head))
    }

    /// Refuses a recording in `folder` whose digests are made in another way: no replay comes to them. What
    /// does not step an engine through it, as taking its bars, may read it all the same.
    pub(crate) fn check_digests(&self, folder: &Path) -> Result<(), RecorderError> {
        if self.digest_form == DIGEST_FORM {
            return Ok(());
        }
        let (path, program) = (folder.join(NAME), self.program.clone());
        let (found, known) = (self.digest_form, DIGEST_FORM);
        Err(RecorderError::OtherDigests { path, found, known, program })
    }

    /// Writes it into `folder`.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), RecorderError> {
        let text =
            serde_json::to_string_pretty(self).expect("text keys and finite numbers are JSON");
        disk::write(&folder.join(NAME), &(text + "\n"))
    }
}
