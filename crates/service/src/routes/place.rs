//! What stands in a path or names a place in the log: `1-14` is event 14 of run 1.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;

use crate::problem::Problem;
use crate::query::wrong;
use crate::served::Inner;

/// The position after `text`, the identity of an event; `None` where it is of another run.
pub(crate) fn after(served: &Inner, name: &str, text: &str) -> Result<Option<u64>, Problem> {
    if text == "0" {
        return Ok(Some(0)); // The whole log.
    }
    let refused = || wrong(name, text, "the identity of an event as 1-14, or 0 for the whole log,");
    let (run, position) = text.split_once('-').ok_or_else(refused)?;
    let run: u64 = run.parse().map_err(|_| refused())?;
    let position: u64 = position.parse().map_err(|_| refused())?;
    Ok((run == served.run).then(|| position.saturating_add(1)))
}

/// The part of the path that a route leaves open.
pub(crate) fn part(found: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    match found {
        Ok(Path(text)) => Ok(text),
        Err(_) => Err(wrong("the path", "%", "text in UTF-8, percent-encoded,")),
    }
}
