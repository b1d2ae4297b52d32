//! The end of the page: the session file, what a digest is made of, and the licences of what draws.

use std::fmt::Write as _;

use super::{begin, end};
use crate::assets::LICENCES;
use crate::markup::{Text, cut};
use crate::run::Run;
use crate::table::{Cell, Number, Table, Words};

/// Characters of the session file that are shown.
const CONFIG_SHOWN: usize = 60_000;

pub(crate) fn foot(run: &Run<'_>, out: &mut String) {
    begin("session", "Session file", out);
    out.push_str("<details><summary>Every field, those with their default too</summary><pre>");
    let _ = writeln!(out, "{}</pre></details>", Text(&cut(run.config, CONFIG_SHOWN)));
    let parts = &run.report.digest_parts;
    let mut table = Table::new("The digest and its parts", [("Part", Words), ("Digest", Words)]);
    for (name, digest) in [
        ("whole", &run.report.digest),
        ("series", &parts.series),
        ("sequence", &parts.sequence),
        ("gate", &parts.gate),
    ] {
        table.row([Cell::text(name), Cell::Code(digest.clone())]);
    }
    table.write(out);
    if let Some(exported) = &run.report.exported {
        let mut table = Table::new("Export", [("Written", Words), ("Number", Number)]);
        for (name, n) in [
            ("files", exported.files as u64),
            ("bars", exported.bars),
            ("rows of indicators", exported.indicator_rows),
            ("rows of quality", exported.quality_rows),
            ("rows of signals", exported.signal_rows),
        ] {
            table.row([Cell::text(name), Cell::Count(n)]);
        }
        table.write(out);
    }
    end(out);
    out.push_str("<footer><details><summary>Licences of what draws the charts</summary><pre>");
    let _ = writeln!(out, "{}</pre></details></footer>", Text(LICENCES));
}
