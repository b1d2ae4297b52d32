//! The whole file: its parts in order, under a policy that lets it ask for nothing, within its size.

use std::fmt::Write as _;

use crate::assets::{SCRIPT, STYLE, policy};
use crate::gate::GateFigures;
use crate::markup::{Text, short};
use crate::run::Run;
use crate::section;

/// The parts that a reader is offered at the top, where they are there.
const PARTS: [(&str, &str); 10] = [
    ("story", "What happened"),
    ("sessions", "Sessions"),
    ("gate", "Gate"),
    ("accounts", "Accounts"),
    ("charts", "Charts"),
    ("symbols", "Symbols"),
    ("quality", "Quality"),
    ("signals", "Signals"),
    ("consumers", "Consumers"),
    ("session", "Session file"),
];

/// What shut stretches are hatched with.
const PATTERNS: &str = "<svg class=\"patterns\" aria-hidden=\"true\"><pattern id=\"hatch\" width=\"8\" \
                        height=\"8\" patternUnits=\"userSpaceOnUse\"><rect width=\"8\" height=\"8\"/>\
                        <path d=\"M-2 2L2 -2M0 8L8 0M6 10L10 6\"/></pattern></svg>";

/// The run as one HTML file.
///
/// It asks for nothing: style, script and data are in it, and its policy lets nothing else in. All text
/// and tables are there without its script. Charts get longer bars until the file is no larger than
/// [`Run::n_bytes_max`]; what is said in tables and drawings is never cut for it.
///
/// *Cost*: linear in the report; the charts' data is deflated once, and once more for each time that it
/// has to be folded.
pub fn page(mut run: Run<'_>) -> String {
    loop {
        let text = written(&run);
        if text.len() <= run.n_bytes_max || run.shelf.is_empty() || !run.shelf.coarsen() {
            return text;
        }
    }
}

fn written(run: &Run<'_>) -> String {
    let gate = GateFigures::of(run);
    let chosen = section::charts::chosen(run, &gate);
    let mut body = String::new();
    section::head::story(run, &gate, &mut body);
    section::sessions::sessions(run, &mut body);
    section::gate::gate(run, &gate, &mut body);
    section::accounts::accounts(run, &mut body);
    section::charts::charts(run, &chosen, &mut body);
    section::symbols::symbols(run, &mut body);
    section::quality::quality(run, &mut body);
    section::signals::signals(run, &mut body);
    section::consumers::consumers(run, &mut body);
    section::consumers::operations(run, &mut body);
    section::foot::foot(run, &mut body);

    let title = format!("{} · {}", short(&run.report.session_name), run.report.exchange_group);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"{}\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#story\">To what happened</a>\n{PATTERNS}\n",
        policy(),
        Text(run.program),
        Text(&title),
    );
    section::head::head(run, &mut out);
    out.push_str("<nav aria-label=\"Parts\"><ul>");
    for (id, name) in PARTS {
        if body.contains(&format!("<section id=\"{id}\">")) {
            let _ = write!(out, "<li><a href=\"#{id}\">{name}</a></li>");
        }
    }
    out.push_str("</ul></nav>\n<main>\n");
    section::head::alarm(run, &mut out);
    out.push_str(&body);
    out.push_str("</main>\n");
    section::charts::data(run, &chosen, &mut out);
    let _ = write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n");
    out
}
