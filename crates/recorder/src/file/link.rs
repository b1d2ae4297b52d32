//! What a feed says of itself as columns of the table `mark`, and back.

use std::ops::Range;

use openbell_data_manager::{DownCause, Link, LinkStep, Progress, Trading};
use openbell_time::{Nanos, Timestamp};
use serde::{Deserialize, Serialize};

/// A mark as it stands in its table, but for its place there.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct MarkColumns {
    /// Absent where the poll failed.
    pub(super) complete_through: Option<i64>,
    pub(super) link: String,
    pub(super) at: Option<i64>,
    pub(super) more: Option<String>,
}

/// What most marks have not: the column `more`, as JSON.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct More {
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n_tries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    halted_since: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    halted: Option<String>,
    /// The first and the last instant of each stretch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    given_up: Vec<(i64, i64)>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_exhausted: bool,
}

impl MarkColumns {
    /// The columns of what a feed said, or of its link where its poll failed.
    pub(super) fn of(said: Result<&Progress, &Link>) -> MarkColumns {
        let mut more = More::default();
        let (complete_through, link) = match said {
            Err(link) => (None, link),
            Ok(Progress { complete_through, given_up, link, trading, is_exhausted }) => {
                let ends = |of: &Range<Timestamp>| (of.start.as_nanos(), of.end.as_nanos());
                more.given_up = given_up.iter().map(ends).collect();
                if let Trading::Halted { since, why } = trading {
                    more.halted_since = Some(since.as_nanos());
                    more.halted = Some(why.to_string());
                }
                more.is_exhausted = *is_exhausted;
                (Some(complete_through.as_nanos()), link)
            }
        };
        let (name, at) = link_columns(link, &mut more);
        let more = (more != More::default())
            .then(|| serde_json::to_string(&more).expect("numbers and text are JSON"));
        MarkColumns {
            complete_through,
            link: name.to_owned(),
            at: at.map(Timestamp::as_nanos),
            more,
        }
    }

    /// What was said, or the link where the poll failed.
    ///
    /// # Errors
    ///
    /// What in the columns is none of a mark.
    pub(super) fn said(&self) -> Result<Result<Progress, Link>, String> {
        let more: Option<More> = self
            .more
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(|error| format!("the mark's \"more\": {error}"))?;
        let more = more.unwrap_or_default();
        let link = self.link(&more)?;
        let Some(through) = self.complete_through else { return Ok(Err(link)) };
        let trading = match (more.halted_since, more.halted) {
            (Some(since), Some(why)) => {
                Trading::Halted { since: Timestamp::from_nanos(since), why: why.into() }
            }
            _ => Trading::Normal,
        };
        let complete_through = Timestamp::from_nanos(through);
        let stretch = |&(since, until): &(i64, i64)| {
            Timestamp::from_nanos(since)..Timestamp::from_nanos(until)
        };
        let given_up = more.given_up.iter().map(stretch).collect();
        let is_exhausted = more.is_exhausted;
        Ok(Ok(Progress { complete_through, given_up, link, trading, is_exhausted }))
    }

    fn link(&self, more: &More) -> Result<Link, String> {
        let at = || {
            let missing = || format!("the mark of a link that is {} has no instant", self.link);
            self.at.map(Timestamp::from_nanos).ok_or_else(missing)
        };
        let starting = |step| at().map(|since| Link::Starting { since, step });
        let said = || more.said.clone().unwrap_or_default().into();
        let down = |why| {
            let next_try = more.next_try.map(Timestamp::from_nanos);
            at().map(|since| Link::Down { since, why, next_try })
        };
        match self.link.as_str() {
            "stored" => Ok(Link::Stored),
            "up" => at().map(|heard_at| Link::Up { heard_at }),
            "resolving" => starting(LinkStep::Resolving),
            "connecting" => starting(LinkStep::Connecting),
            "authenticating" => starting(LinkStep::Authenticating),
            "subscribing" => starting(LinkStep::Subscribing),
            "catching_up" => {
                let until = Timestamp::from_nanos(more.until.unwrap_or_default());
                let n_tries = more.n_tries.unwrap_or_default();
                at().map(|since| Link::CatchingUp { missing: since..until, n_tries })
            }
            "silent" => down(DownCause::Silent),
            "broken" => down(DownCause::Broken(said())),
            "refused" => down(DownCause::Refused(said())),
            "skewed" => Ok(Link::Skewed { by: Nanos::from_nanos(more.by.unwrap_or_default()) }),
            "gone" => Ok(Link::Gone { why: said() }),
            other => Err(format!("a mark has the link {other:?}, which is none")),
        }
    }
}

/// The name of a link, its instant, and in `more` what it says beyond.
fn link_columns(link: &Link, more: &mut More) -> (&'static str, Option<Timestamp>) {
    match link {
        Link::Stored => ("stored", None),
        Link::Starting { since, step } => (step.name(), Some(*since)),
        Link::Up { heard_at } => ("up", Some(*heard_at)),
        Link::CatchingUp { missing, n_tries } => {
            (more.until, more.n_tries) = (Some(missing.end.as_nanos()), Some(*n_tries));
            ("catching_up", Some(missing.start))
        }
        Link::Down { since, why, next_try } => {
            more.next_try = next_try.map(Timestamp::as_nanos);
            let name = match why {
                DownCause::Silent => "silent",
                DownCause::Broken(said) => {
                    more.said = Some(said.to_string());
                    "broken"
                }
                DownCause::Refused(said) => {
                    more.said = Some(said.to_string());
                    "refused"
                }
            };
            (name, Some(*since))
        }
        Link::Skewed { by } => {
            more.by = Some(by.as_nanos());
            ("skewed", None)
        }
        Link::Gone { why } => {
            more.said = Some(why.to_string());
            ("gone", None)
        }
    }
}
