//! Whose bars a live session follows.

use openbell_time::ExchangeGroup;

use crate::fault::{Allowed, Fault, Idle, NotYet};
use crate::reader::{Item, close_word};
use crate::remarks::Remarks;
use crate::words::{Asked, DataApi, Word};

/// Vendors of a live session.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ApiConfig {
    /// The vendor, without effect in a backtest; absent where the file names none. Of a live session it
    /// is one of [`DataApi`], as [`LiveConfig::data_api`](crate::LiveConfig::data_api) has it.
    pub data_api: Option<String>,
    /// The object's remarks.
    pub remarks: Remarks,
}

impl ApiConfig {
    pub(crate) fn read(
        item: &Item<'_>,
        asked: Option<Asked>,
        group: Option<ExchangeGroup>,
    ) -> Option<ApiConfig> {
        let part = item.object()?;
        let is_live = asked == Some(Asked::Live);
        if is_live && part.given("data_api").is_none() {
            part.missing("data_api");
        }
        let data_api = part.optional("data_api", |item| {
            if asked == Some(Asked::Backtest) {
                item.warn(Idle::LiveOnly);
            }
            match is_live {
                true => vendor(item, group).map(|vendor| Some(vendor.name().to_owned())),
                false if item.is_nothing() => Some(None),
                false => item.text().map(Some),
            }
        });
        let refused = ["trade_api", "account_id"].map(|name| {
            part.optional(name, |item| {
                if item.is_nothing() {
                    item.warn(Idle::Nothing);
                    return Some(());
                }
                item.error(Fault::Refused { found: item.snippet(), reason: NotYet::Trading });
                None
            })
        });
        let remarks = part.remarks();
        let [trade_api, account_id] = refused;
        trade_api?;
        account_id?;
        Some(ApiConfig { data_api: data_api?.flatten(), remarks: remarks? })
    }
}

/// The vendor of a live session, whose market is that of `group`.
fn vendor(item: &Item<'_>, group: Option<ExchangeGroup>) -> Option<DataApi> {
    let found = item.raw_text().unwrap_or_default();
    let Some(vendor) = DataApi::named(found) else {
        let words = DataApi::names();
        let nearest = close_word(found, &words);
        let (found, allowed) = (item.snippet(), Allowed::Words(words));
        item.error(Fault::NotAllowed { found, allowed, nearest });
        return None;
    };
    let group = group?;
    if vendor.fits(group) {
        return Some(vendor);
    }
    let (found, needed) = (vendor, vendor.group());
    item.error(Fault::VendorMisfit { found, needed, group: group.name });
    None
}
