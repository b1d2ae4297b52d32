//! The options of `openbell data fetch`.

use std::path::PathBuf;

use clap::Args;
use openbell_data_manager::Check;
use openbell_market::{BarInterval, Symbol};
use openbell_time::TradingDate;

use crate::vendors::{ConnectionArgs, VendorName};

/// Fetches a vendor's history into a store.
///
/// What the store lacks of the sessions is asked for, page after page, no faster than the vendor allows,
/// and written as it comes. The store is all that is remembered: the same command again goes on where
/// one was ended or killed, and asks for nothing that is stored whole; --again asks for it too, for what
/// the vendor has revised since. Bars count as over a minute after their close; rows that run, and
/// those that a vendor makes up for intervals without a trade, are none. The rows are held against the
/// sessions of the vendor's group and against what is stored, as those of an import are. What cannot be
/// had is said before anything is asked.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct FetchArgs {
    /// Whose bars; `openbell vendors` lists what each has.
    #[arg(long, value_enum)]
    pub(super) vendor: VendorName,
    /// The symbols, by the vendor's names, separated by commas.
    #[arg(long, value_name = "SYMBOL,...", value_delimiter = ',', required = true)]
    pub(super) symbols: Vec<Symbol>,
    /// The length of the bars.
    #[arg(long)]
    pub(super) interval: BarInterval,
    /// The first session date.
    #[arg(long, value_name = "DATE")]
    pub(super) since: TradingDate,
    /// The first date that is not wanted any more; by default the bars go on to the present.
    #[arg(long, value_name = "DATE")]
    pub(super) until: Option<TradingDate>,
    /// The folder of the store; it is made where there is none.
    #[arg(long, value_name = "STORE")]
    pub(super) store: PathBuf,
    /// Asks for what is stored too: what the vendor has revised takes its place.
    #[arg(long)]
    pub(super) again: bool,
    /// Says what would be asked for, and asks nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Stores rows although these checks speak against them, separated by commas: zone, stamped-at,
    /// conflicting, stored; it is said in the stored files.
    #[arg(long, value_name = "CHECK,...", value_delimiter = ',')]
    pub(super) force: Vec<Check>,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

const EXAMPLES: &str = "\
Examples:
  openbell data fetch --vendor binance --symbols BTCUSDT --interval 1m --since 2025-07-01 \\
      --until 2025-07-03 --store bars --dry-run
      what would be asked for?
  openbell data fetch --vendor binance --symbols BTCUSDT,ETHUSDT --interval 1m --since 2025-07-01 --store bars
  openbell data fetch --vendor alpaca --feed iex --symbols AAPL,SPY --interval 1m --since 2025-07-01 --store bars
      with APCA_API_KEY_ID and APCA_API_SECRET_KEY in the environment
  openbell data fetch --vendor kraken --symbols BTC/USD --interval 1m --since 2025-07-02 --store bars \\
      --endpoint http://127.0.0.1:8080
      from the simulated exchange";
