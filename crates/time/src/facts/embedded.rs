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
    "XAMS" from "XAMS.txt",
    "XASX" from "XASX.txt",
    "XBOM" from "XBOM.txt",
    "XBRU" from "XBRU.txt",
    "XCSE" from "XCSE.txt",
    "XDUB" from "XDUB.txt",
    "XETR" from "XETR.txt",
    "XHEL" from "XHEL.txt",
    "XHKG" from "XHKG.txt",
    "XJSE" from "XJSE.txt",
    "XKRX" from "XKRX.txt",
    "XLIS" from "XLIS.txt",
    "XLON" from "XLON.txt",
    "XMAD" from "XMAD.txt",
    "XMIL" from "XMIL.txt",
    "XNSE" from "XNSE.txt",
    "XNYS" from "XNYS.txt",
    "XNZE" from "XNZE.txt",
    "XOSL" from "XOSL.txt",
    "XPAR" from "XPAR.txt",
    "XSES" from "XSES.txt",
    "XSHG" from "XSHG.txt",
    "XSTO" from "XSTO.txt",
    "XSWX" from "XSWX.txt",
    "XTAI" from "XTAI.txt",
    "XTKS" from "XTKS.txt",
    "XTSE" from "XTSE.txt",
    "XWAR" from "XWAR.txt",
];
