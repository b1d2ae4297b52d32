//! The fact files that the crate carries.

/// A calendar's name and its text.
pub(crate) struct EmbeddedCalendar {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

macro_rules! embedded {
    ($($name:literal from $file:literal),+ $(,)?) => {
        &[$(EmbeddedCalendar {
            name: $name,
            text: include_str!(concat!("../../facts/", $file)),
        }),+]
    };
}

/// Every calendar, in the order of names.
pub(crate) const EMBEDDED: &[EmbeddedCalendar] = embedded![
    "24/5" from "24x5.txt",
    "24/7" from "24x7.txt",
    "CMES" from "CMES.txt",
    "CME_EQUITY" from "CME_EQUITY.txt",
    "FX_NY" from "FX_NY.txt",
    "IEPA" from "IEPA.txt",
    "XASX" from "XASX.txt",
    "XBOM" from "XBOM.txt",
    "XETR" from "XETR.txt",
    "XHKG" from "XHKG.txt",
    "XLON" from "XLON.txt",
    "XNSE" from "XNSE.txt",
    "XNYS" from "XNYS.txt",
    "XPAR" from "XPAR.txt",
    "XSHG" from "XSHG.txt",
    "XTKS" from "XTKS.txt",
    "XTSE" from "XTSE.txt",
];
