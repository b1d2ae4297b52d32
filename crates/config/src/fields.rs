//! Every key of a session file: its name, what it holds, its default, and one sentence on what it
//! does.

use std::sync::LazyLock;

use openbell_market::indicator::{IndicatorClass, IndicatorName, WindowUnit};
use openbell_time::AssetClass;
use serde_json::json;

use crate::account_fields::{ACCOUNT, account};
use crate::fault::Allowed;
use crate::live_fields::{LIVE, live};
use crate::shape::{Field, Kind, Shape, leaf, list, not_empty, whole, words};
use crate::words::{DataApi, GateScope, Hours, OnError, Word, group_names};

/// The group of a file that names none.
pub(crate) const DEFAULT_GROUP: &str = "US_EQUITY";

/// The whole file.
pub(crate) static SESSION: LazyLock<Shape> = LazyLock::new(session);

fn session() -> Shape {
    Shape::new(
        "One trading session: what is run, over which days, symbols and bars.",
        vec![
            Field::new("$schema", "Where an editor finds this schema.", leaf(Allowed::Text)),
            Field::new("session_name", "The name in reports and logs.", leaf(Allowed::NotBlank))
                .required(),
            Field::new(
                "exchange_group",
                "The exchanges whose calendar holds: a group, or one exchange by its MIC.",
                leaf(Allowed::Words(group_names())),
            )
            .default(DEFAULT_GROUP),
            Field::new(
                "asset_class",
                "What is traded; it must fit the group. The group's own where it is missing.",
                words::<AssetClass>(),
            ),
            Field::new(
                "mode",
                "Whether stored bars are replayed or live ones followed.",
                leaf(Allowed::Words(vec!["backtest", "live"])),
            )
            .required(),
            Field::new("backtest_config", BACKTEST, Kind::Object(backtest())),
            Field::new("live_config", LIVE, Kind::Object(live())),
            Field::new("session_data_config", SESSION_DATA, Kind::Object(session_data()))
                .required(),
            Field::new("data_config", DATA, Kind::Object(data())),
            Field::new("trading_config", TRADING, Kind::Object(trading())),
            Field::new("account", ACCOUNT, Kind::Object(account())),
            Field::new("api_config", API, Kind::Object(api())),
            Field::new("metadata", "Anything; kept, and shown in reports.", Kind::Free),
        ],
    )
    .rule(json!({
        "if": {"properties": {"mode": {"const": "backtest"}}, "required": ["mode"]},
        "then": {"required": ["backtest_config"], "properties": {"live_config": false}},
        "else": {
            "required": ["api_config"],
            "properties": {
                "backtest_config": false,
                "api_config": {
                    "required": ["data_api"],
                    "properties": {"data_api": {"enum": DataApi::names()}},
                },
                "session_data_config": {"properties": {"symbol_schedule": {"maxItems": 0}}},
            },
        },
    }))
}

const BACKTEST: &str = "The days that are replayed, and how fast. Required in a backtest.";

fn backtest() -> Shape {
    Shape::new(
        BACKTEST,
        vec![
            Field::new(
                "start_date",
                "The first day; any day, the calendar finds the sessions.",
                leaf(Allowed::Date),
            )
            .required(),
            Field::new("end_date", "The last day, itself included.", leaf(Allowed::Date))
                .required(),
            Field::new(
                "speed_multiplier",
                "0 as fast as possible, 1 real time, 60 an hour a minute.",
                leaf(Allowed::Speed),
            )
            .default(0),
            Field::new("prefetch_days", "Sessions that are read ahead: 1 reads each when it is due; more are read by a thread, for slow disks.", whole(1, u32::MAX))
                .default(1),
        ],
    )
}

const SESSION_DATA: &str = "The symbols, their bars, and everything made of them.";

fn session_data() -> Shape {
    Shape::new(
        SESSION_DATA,
        vec![
            Field::new(
                "symbols",
                "The symbols that are there from the open; read in upper case.",
                not_empty(leaf(Allowed::Symbol)),
            )
            .required(),
            Field::new(
                "streams",
                "The intervals of the bars that are delivered.",
                not_empty(leaf(Allowed::Interval)),
            )
            .required(),
            Field::new(
                "hours",
                "regular, or extended: pre- and post-market bars too.",
                words::<Hours>(),
            )
            .default("regular"),
            Field::new("streaming", STREAMING, Kind::Object(streaming())),
            Field::new("historical", HISTORICAL, Kind::Object(historical())),
            Field::new("gap_filler", GAP_FILLER, Kind::Object(gap_filler())),
            Field::new("indicators", INDICATORS, Kind::Object(indicators())),
            Field::new(
                "base_interval",
                "The stored interval that all others are made of. Where it is missing, the \
                 shortest stored one that divides every interval that is asked for and is there \
                 for the dates: it has rows for nine tenths of what any other has.",
                leaf(Allowed::Interval),
            ),
            Field::new(
                "calendar_overlay",
                "A file of closures and early closes that the calendar does not have, relative \
                 to this file.",
                leaf(Allowed::NotBlank),
            ),
            Field::new(
                "symbol_schedule",
                "Symbols that join and leave while the session runs. Backtest only.",
                list(Kind::Object(schedule_entry())),
            )
            .default(json!([])),
            Field::new(
                "scanners",
                "Code that selects symbols to add.",
                list(Kind::Object(scanner())),
            )
            .default(json!([])),
            Field::new(
                "strategies",
                "Code that is called with bars.",
                list(Kind::Object(strategy())),
            )
            .default(json!([])),
        ],
    )
}

const STREAMING: &str = "When a symbol counts as lagging, and what that withholds.";

fn streaming() -> Shape {
    Shape::new(
        STREAMING,
        vec![
            Field::new(
                "catchup_threshold_seconds",
                "A symbol with more lag than this is lagging, and the session inactive.",
                whole(1, u32::MAX),
            )
            .default(60),
            Field::new(
                "catchup_check_interval",
                "Bars of a symbol from one lag check to the next; the first bar is always checked.",
                whole(1, 100),
            )
            .default(10),
            Field::new(
                "recovery_threshold_seconds",
                "A lagging symbol has caught up at or under this lag; at most the threshold, \
                 which it is where it is missing.",
                whole(0, u32::MAX),
            ),
            Field::new(
                "scope",
                "Whether a lagging symbol withholds the whole session or itself only.",
                words::<GateScope>(),
            )
            .default("session"),
            Field::new(
                "settle_seconds",
                "Seconds that a window waits for late bars after its end. Live only.",
                whole(0, 60),
            )
            .default(5),
        ],
    )
}

const HISTORICAL: &str = "The bars of the days before the session.";

fn historical() -> Shape {
    Shape::new(
        HISTORICAL,
        vec![
            Field::new(
                "enable_quality",
                "Without effect: the quality of the days before is not computed yet.",
                leaf(Allowed::TrueOrFalse),
            )
            .default(true),
            Field::new("data", "What is loaded.", list(Kind::Object(historical_data())))
                .default(json!([])),
        ],
    )
}

fn historical_data() -> Shape {
    Shape::new(
        "Trailing history: so many sessions, at these intervals, of these symbols.",
        vec![
            Field::new(
                "trailing_days",
                "Sessions before the session's day, the day itself excluded.",
                whole(1, u32::MAX),
            )
            .required(),
            Field::new("intervals", "The intervals.", not_empty(leaf(Allowed::Interval)))
                .required(),
            Field::new(
                "apply_to",
                "\"all\", those that join later too, or a list of symbols.",
                Kind::WordOr("all", Box::new(not_empty(leaf(Allowed::Symbol)))),
            )
            .default("all"),
        ],
    )
}

const GAP_FILLER: &str = "Quality and gaps of the session's own bars.";

fn gap_filler() -> Shape {
    Shape::new(
        GAP_FILLER,
        vec![
            Field::new(
                "enable_session_quality",
                "Whether the session's quality is computed; where not, it is absent.",
                leaf(Allowed::TrueOrFalse),
            )
            .default(true),
            Field::new("max_retries", "Tries to fill a gap. Live only.", whole(1, 20)).default(5),
            Field::new(
                "retry_interval_seconds",
                "Seconds from one try to the next. Live only.",
                whole(1, u32::MAX),
            )
            .default(60),
        ],
    )
}

const INDICATORS: &str = "What is computed from bars.";

fn indicators() -> Shape {
    let session = list(Kind::Object(indicator(false)));
    let historical = list(Kind::Object(indicator(true)));
    Shape::new(
        INDICATORS,
        vec![
            Field::new("session", "Updated bar by bar.", session).default(json!([])),
            Field::new(
                "historical",
                "Computed before the session, from days before it; fixed for the day.",
                historical,
            )
            .default(json!([])),
        ],
    )
}

fn indicator(is_historical: bool) -> Shape {
    let names = IndicatorName::all().map(IndicatorName::name).collect();
    let types = IndicatorClass::ALL.map(IndicatorClass::name).to_vec();
    let units = WindowUnit::ALL.map(WindowUnit::name).to_vec();
    let mut fields = vec![
        Field::new("name", "The indicator.", leaf(Allowed::Words(names))).required(),
        Field::new(
            "period",
            "Its period; the indicator's default where it has one.",
            leaf(Allowed::Number),
        ),
        Field::new("interval", "The bars it is computed from.", leaf(Allowed::Interval)).required(),
        Field::new("params", "Its other parameters, by name.", Kind::Numbers),
        Field::new(
            "type",
            "What it is about; only checked against the name.",
            leaf(Allowed::Words(types)),
        ),
    ];
    if is_historical {
        fields.push(
            Field::new("unit", "What the period counts.", leaf(Allowed::Words(units)))
                .default("bars"),
        );
    }
    Shape::new("One indicator.", fields)
}

fn schedule_entry() -> Shape {
    let symbols = || not_empty(leaf(Allowed::Symbol));
    Shape::new(
        "Symbols that join, or leave, at a time of the exchange's clock.",
        vec![
            Field::new(
                "at",
                "HH:MM, in every session that contains it, or YYYY-MM-DDTHH:MM.",
                leaf(Allowed::ScheduleTime),
            )
            .required(),
            Field::new("add", "The symbols that join.", symbols()),
            Field::new("remove", "The symbols that leave.", symbols()),
            Field::new(
                "stay",
                "Whether those that join stay for later sessions.",
                leaf(Allowed::TrueOrFalse),
            )
            .default(false),
        ],
    )
    .rule(json!({"oneOf": [{"required": ["add"]}, {"required": ["remove"]}]}))
    .rule(json!({
        "if": {"properties": {"stay": {"const": true}}, "required": ["stay"]},
        "then": {"required": ["add"]},
    }))
}

fn scanner() -> Shape {
    Shape::new(
        "One scanner; it needs pre_session or regular_session.",
        vec![
            Field::new("module", "Its registered name.", leaf(Allowed::NotBlank)).required(),
            Field::new("enabled", "Whether it runs.", leaf(Allowed::TrueOrFalse)).default(true),
            Field::new(
                "pre_session",
                "Whether it is called once before the open.",
                leaf(Allowed::TrueOrFalse),
            )
            .default(false),
            Field::new(
                "regular_session",
                "The windows in which it is called.",
                list(Kind::Object(scan_window())),
            )
            .default(json!([])),
            Field::new("config", "Its own settings.", Kind::Free).default(json!({})),
        ],
    )
    .rule(json!({"anyOf": [
        {"properties": {"pre_session": {"const": true}}, "required": ["pre_session"]},
        {"properties": {"regular_session": {"minItems": 1}}, "required": ["regular_session"]},
    ]}))
}

fn scan_window() -> Shape {
    Shape::new(
        "A window of exchange time in which a scanner is called.",
        vec![
            Field::new("start", "The first call.", leaf(Allowed::ClockTime)).required(),
            Field::new("end", "No call at or after it.", leaf(Allowed::ClockTime)).required(),
            Field::new("interval", "From one call to the next.", leaf(Allowed::ClockInterval))
                .required(),
        ],
    )
}

fn strategy() -> Shape {
    Shape::new(
        "One strategy.",
        vec![
            Field::new("module", "Its registered name.", leaf(Allowed::NotBlank)).required(),
            Field::new("enabled", "Whether it runs.", leaf(Allowed::TrueOrFalse)).default(true),
            Field::new("config", "Its own settings.", Kind::Free).default(json!({})),
            Field::new("on_error", "What an error in it ends.", words::<OnError>())
                .default("stop_run"),
        ],
    )
}

const DATA: &str = "Where the stored bars are.";

fn data() -> Shape {
    Shape::new(
        DATA,
        vec![Field::new(
            "store",
            "A store, or a flat folder of bars, relative to this file. Required unless it is \
             given on the command line.",
            leaf(Allowed::NotBlank),
        )],
    )
}

const TRADING: &str =
    "Limits: all or none. An account keeps them; without one they are handed to strategies.";

/// The limits, which go together.
pub(crate) const LIMITS: [&str; 4] =
    ["max_buying_power", "max_per_trade", "max_per_symbol", "max_open_positions"];

fn trading() -> Shape {
    let together: serde_json::Map<String, serde_json::Value> =
        LIMITS.iter().map(|limit| ((*limit).to_owned(), json!(LIMITS))).collect();
    let [power, trade, symbol, positions] = LIMITS;
    Shape::new(
        TRADING,
        vec![
            Field::new(power, "Money in all.", leaf(Allowed::AboveZero)),
            Field::new(trade, "Money in one trade.", leaf(Allowed::AboveZero)),
            Field::new(symbol, "Money in one symbol.", leaf(Allowed::AboveZero)),
            Field::new(positions, "Positions open at once.", whole(1, u32::MAX)),
        ],
    )
    .rule(json!({"dependentRequired": together}))
}

const API: &str = "Vendors of a live session.";

fn api() -> Shape {
    let nothing = || leaf(Allowed::Nothing);
    Shape::new(
        API,
        vec![
            Field::new(
                "data_api",
                "Whose bars are followed: binance, kraken, alpaca or sim. Required live, without \
                 effect in a backtest.",
                leaf(Allowed::Either(Box::new(Allowed::Text), Box::new(Allowed::Nothing))),
            ),
            Field::new("trade_api", "There is no way to trade yet.", nothing()),
            Field::new("account_id", "There is no way to trade yet.", nothing()),
        ],
    )
}
