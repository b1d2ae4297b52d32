//! When the gate was open, session by session, and who held it shut.

use std::fmt::Write as _;

use openbell_time::Timestamp;
use openbell_wire::report::Session;

use super::{begin, end};
use crate::gate::{GateFigures, stretches, words};
use crate::markup::Text;
use crate::moment::instant;
use crate::run::Run;
use crate::svg::Drawing;
use crate::table::{Cell, Number, Table, Words, and_more};

/// Lanes that are laid out at once; the others are folded.
const LANES_OPEN: usize = 40;
/// Units of a lane from a session's open to its close.
const WIDTH: f64 = 1000.0;
/// Stretches that are listed one by one.
const LISTED: usize = 5_000;

pub(crate) fn gate(run: &Run<'_>, figures: &GateFigures, out: &mut String) {
    begin("gate", "Gate", out);
    let _ = write!(out, "<p>{} ", Text(&figures.words()));
    out.push_str(
        "Each lane is a session from its open to its close: plain is open, hatched is shut. What a lane \
         shows of mid-session stands in the table below it.</p>\n",
    );
    let sessions: Vec<&Session> = run.sessions().collect();
    for (i, part) in sessions.chunks(LANES_OPEN).enumerate() {
        if i > 0 {
            let (first, last) = (&part[0].date, &part[part.len() - 1].date);
            let _ = write!(out, "<details><summary>{} to {}</summary>", Text(first), Text(last));
        }
        out.push_str("<div class=\"lanes\">\n");
        for session in part {
            lane(run, session, out);
        }
        out.push_str("</div>\n");
        if i > 0 {
            out.push_str("</details>\n");
        }
    }
    listed(run, out);
    holders(figures, out);
    end(out);
}

fn lane(run: &Run<'_>, session: &Session, out: &mut String) {
    let (Some(open), Some(close)) = (instant(&session.open), instant(&session.close)) else {
        return;
    };
    let length_s = (close - open).as_secs_f64();
    let found = stretches(run, session);
    let shut: Vec<_> = found.iter().filter(|stretch| stretch.is_mid_session()).collect();
    let title = format!("gate of {}: shut in mid-session {} times", session.date, shut.len());
    let mut drawing = Drawing::new("lane", &title, WIDTH as usize, 16);
    drawing.band("back", [0.0, 0.0, WIDTH, 16.0], None);
    for stretch in &found {
        let place = |at: Timestamp| (at - open).as_secs_f64() / length_s * WIDTH;
        let (x, right) = (place(stretch.since), place(stretch.until));
        // What is shorter than can be seen is shown all the same.
        let width = (right - x).max(if stretch.reason.is_some() { 1.5 } else { 0.0 });
        match stretch.reason {
            None => drawing.band("open", [x, 0.0, width, 16.0], None),
            Some(reason) => {
                let says = format!("{} {}", run.clock().words(stretch.since), words(reason));
                let class = if stretch.is_mid_session() { "shut" } else { "closed" };
                drawing.band(class, [x, 0.0, width, 16.0], Some(&says));
            }
        }
    }
    let _ = writeln!(
        out,
        "<div class=\"lane-row\"><span>{}</span>{}</div>",
        Text(&session.date),
        drawing.finish()
    );
}

/// The stretches of mid-session, one by one.
fn listed(run: &Run<'_>, out: &mut String) {
    let clock = run.clock();
    let columns = [("Shut at", Words), ("Until", Words), ("Length", Number), ("Because of", Words)];
    let mut table = Table::new("Shut in mid-session", columns);
    let mut n_all = 0;
    for session in run.sessions() {
        for stretch in stretches(run, session) {
            let Some(reason) = stretch.reason.filter(|_| stretch.is_mid_session()) else {
                continue;
            };
            n_all += 1;
            if table.len() < LISTED {
                table.row([
                    Cell::Markup(clock.markup(&stretch.since.to_string())),
                    Cell::Markup(clock.markup(&stretch.until.to_string())),
                    Cell::seconds(Some(stretch.length_s())),
                    Cell::text(&words(reason)),
                ]);
            }
        }
    }
    table.write(out);
    and_more(n_all, table.len(), "stretch", out);
}

/// Who held it: longest lag and total by symbol.
fn holders(figures: &GateFigures, out: &mut String) {
    let columns = [
        ("Symbol", Words),
        ("Longest lag", Number),
        ("Held the gate for", Number),
        ("Stretches", Number),
    ];
    let mut table = Table::new("Lag of the symbols that held the gate, the longest first", columns);
    let mut holders: Vec<_> = figures.holders.iter().collect();
    holders.sort_by(|a, b| {
        let lag = |it: &crate::gate::Holding| it.lag_max_s.unwrap_or(f64::INFINITY);
        lag(b.1).total_cmp(&lag(a.1)).then(a.0.cmp(b.0))
    });
    for (symbol, holding) in holders {
        table.row([
            Cell::text(symbol),
            Cell::seconds(holding.lag_max_s),
            Cell::seconds(Some(holding.held_s)),
            Cell::Count(holding.n_stretches),
        ]);
    }
    table.write(out);
}
