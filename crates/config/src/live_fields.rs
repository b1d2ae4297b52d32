//! Every key of what only a live session has, as [`crate::fields`] has those of all sessions.

use crate::fault::Allowed;
use crate::shape::{Field, Kind, Shape, leaf, whole, words};
use crate::words::{DataFeed, RecordSync, Restart, Revisions};

pub(crate) const LIVE: &str =
    "How many sessions are followed, how the vendor is dealt with, and what is kept. Live only.";

fn between(min: u32, max: u32) -> Kind {
    leaf(Allowed::NumberIn { min, max })
}

pub(crate) fn live() -> Shape {
    Shape::new(
        LIVE,
        vec![
            Field::new(
                "sessions",
                "Sessions from now, today's if it runs; \"all\" has no end of its own.",
                Kind::WordOr("all", Box::new(whole(1, u32::MAX))),
            )
            .default(1),
            Field::new(
                "symbols",
                "The vendor's names of symbols, by symbol, only where its rule does not do.",
                Kind::Names,
            ),
            Field::new(
                "feed",
                "Which of the vendor's data; its free one where it is missing. Alpaca only.",
                words::<DataFeed>(),
            ),
            Field::new(
                "key_env",
                "The name of the environment variable that holds the id of the key; the vendor's \
                 usual one where it is missing.",
                leaf(Allowed::VariableName),
            ),
            Field::new(
                "secret_env",
                "The name of the environment variable that holds the secret of the key; the vendor's \
                 usual one where it is missing.",
                leaf(Allowed::VariableName),
            ),
            Field::new(
                "endpoint",
                "Other addresses than the vendor's: the simulated exchange, or a proxy.",
                Kind::Object(endpoint()),
            ),
            Field::new(
                "revisions",
                "Whether bars that the vendor revises are corrected, or only counted.",
                words::<Revisions>(),
            )
            .default("apply"),
            Field::new(
                "silent_seconds",
                "A connection without a sign of life for so long is dead; the vendor's where it is \
                 missing.",
                between(1, 3_600),
            ),
            Field::new(
                "probe_seconds",
                "So long after its close a bar that has not come is asked for.",
                between(1, 600),
            )
            .default(10),
            Field::new(
                "max_skew_seconds",
                "Our clock and the vendor's may differ by so much; over it the session is inactive.",
                between(1, 60),
            )
            .default(5),
            Field::new(
                "give_up_minutes",
                "The run ends when it was inactive for so many minutes of market time; it never gives \
                 up where this is missing.",
                whole(1, u32::MAX),
            ),
            Field::new(
                "record",
                "What is kept of the run, so that it goes on where it was ended; false for nothing.",
                Kind::FalseOr(record()),
            ),
        ],
    )
}

fn endpoint() -> Shape {
    Shape::new(
        "Where the vendor is reached.",
        vec![
            Field::new("stream", "The stream: ws:// or wss://.", leaf(Allowed::NotBlank))
                .required(),
            Field::new("history", "The history: http:// or https://.", leaf(Allowed::NotBlank))
                .required(),
        ],
    )
}

fn record() -> Shape {
    Shape::new(
        "What is kept of the run.",
        vec![
            Field::new(
                "folder",
                "The folder of recordings, relative to this file.",
                leaf(Allowed::NotBlank),
            )
            .default("recordings"),
            Field::new(
                "raw",
                "Whether each frame is kept as it was received, too.",
                leaf(Allowed::TrueOrFalse),
            )
            .default(false),
            Field::new(
                "sync",
                "normal: what was taken in is on the medium within a second; full: before anything of \
                 it is visible.",
                words::<RecordSync>(),
            )
            .default("normal"),
            Field::new(
                "restart",
                "run: a run that was ended goes on as if it had not been; session: it begins with the \
                 session, and strategies have forgotten what was before.",
                words::<Restart>(),
            )
            .default("run"),
            Field::new(
                "keep_days",
                "Days that a recording is kept at least.",
                whole(1, u32::MAX),
            )
            .default(30),
            Field::new(
                "store",
                "Whether the bars of a session go into the store at its close.",
                leaf(Allowed::TrueOrFalse),
            )
            .default(true),
        ],
    )
}
