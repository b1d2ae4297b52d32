//! What paper accounts came to: equity and drawdown beside the benchmark, months, trades, costs, fills.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use openbell_time::Timestamp;
use openbell_wire::account::{Account, Drawdown, Returns, Trades};

use super::{begin, end};
use crate::curve::{at_closes, falls, months};
use crate::markup::{Text, short};
use crate::run::{AccountStory, EquityAt, Run};
use crate::svg::{Drawing, thinned};
use crate::table::{Cell, Column, Number, Table, Words, and_more, money};

/// Fills that are listed one by one.
const FILLS_SHOWN: usize = 2_000;
/// Points of a drawn curve, at most.
const POINTS: usize = 800;
/// Units of a drawing.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 240.0;

pub(crate) fn accounts(run: &Run<'_>, out: &mut String) {
    if run.report.accounts.is_empty() {
        return;
    }
    begin("accounts", "Paper accounts", out);
    let none = AccountStory::default();
    for (i, account) in run.report.accounts.iter().enumerate() {
        let story = run.accounts.get(i).unwrap_or(&none);
        let name = short(&account.strategies.join(", "));
        let _ = writeln!(out, "<h3>Account of <bdi>{}</bdi></h3>", Text(&name));
        curves(run, account, story, &name, out);
        out.push_str("<div class=\"pair\">");
        totals(run, account, out);
        books(account, out);
        out.push_str("</div>\n");
        monthly(run, account, story, out);
        trades(account, out);
        fills(run, story, out);
    }
    end(out);
}

/// A line for each figure, with the benchmark's beside it.
fn totals(run: &Run<'_>, account: &Account, out: &mut String) {
    let held = account.benchmark.as_ref();
    let beside = held.map(|held| format!("{} held", short(&held.symbol)));
    let columns: Vec<(&str, Column)> = [("Figure", Words), ("Account", Number)]
        .into_iter()
        .chain(beside.iter().map(|name| (name.as_str(), Number)))
        .collect();
    let mut table = Table::new("Return and risk", columns);
    type OfReturns = fn(&Returns) -> Cell;
    let returns: [(&str, OfReturns); 9] = [
        ("Return in all", |it| Cell::gain(Some(it.total))),
        ("Sessions closed", |it| Cell::Count(it.sessions)),
        ("Volatility of a session", |it| Cell::share(it.volatility)),
        ("Sharpe by session", |it| Cell::ratio(it.sharpe)),
        ("Sortino by session", |it| Cell::ratio(it.sortino)),
        ("Return in a year", |it| Cell::gain(it.annual.as_ref().map(|year| year.growth))),
        ("Volatility of a year", |it| Cell::share(it.annual.as_ref().map(|year| year.volatility))),
        ("Sharpe of a year", |it| Cell::ratio(it.annual.as_ref().and_then(|year| year.sharpe))),
        ("Sortino of a year", |it| Cell::ratio(it.annual.as_ref().and_then(|year| year.sortino))),
    ];
    for (name, cell) in returns {
        let beside = held.map(|held| cell(&held.returns));
        table.row([Cell::text(name), cell(&account.returns)].into_iter().chain(beside));
    }
    let clock = run.clock();
    let at = |at: Option<&String>| at.map_or(Cell::None, |at| Cell::Markup(clock.markup(at)));
    let falls = [account.drawdown.as_ref(), held.and_then(|held| held.drawdown.as_ref())];
    type OfFall<'f> = &'f dyn Fn(&Drawdown) -> Cell;
    let of_fall: [(&str, OfFall<'_>); 4] = [
        ("Deepest drawdown", &|fall| Cell::share(Some(fall.depth))),
        ("from", &|fall| at(Some(&fall.peak_at))),
        ("to", &|fall| at(Some(&fall.trough_at))),
        ("made up for", &|fall| at(fall.recovered_at.as_ref())),
    ];
    for (name, cell) in of_fall {
        table.row(
            [Cell::text(name)]
                .into_iter()
                .chain(falls.iter().map(|fall| fall.map_or(Cell::None, cell))),
        );
    }
    table.write(out);
}

/// Cash, orders and costs.
fn books(account: &Account, out: &mut String) {
    let mut table = Table::new("Books and costs", [("Figure", Words), ("Account", Number)]);
    let (orders, trades) = (&account.orders, &account.trades);
    for (name, cell) in [
        ("Start", Cell::money(account.start)),
        ("Equity at the end", Cell::money(account.equity)),
        ("Cash at the end", Cell::money(account.cash)),
        ("Exposure", Cell::share(account.exposure)),
        ("Turnover", Cell::ratio(account.turnover)),
        ("Commission", Cell::money(trades.commission)),
        ("Slippage", Cell::money(trades.slippage)),
        ("Value of all fills", Cell::money(trades.traded)),
        ("Orders taken", Cell::Count(orders.placed)),
        ("Orders refused", Cell::Count(orders.refused)),
        ("Published bars that were revised", Cell::Count(orders.bars_revised)),
        ("Bars too late to fill anything", Cell::Count(orders.bars_late)),
        ("Fills in bars that were revised", Cell::Count(orders.fills_revised)),
    ] {
        table.row([Cell::text(name), cell]);
    }
    table.write(out);
}

/// Where instants of a curve lie on a drawing: sessions side by side, without the nights between them.
struct Axis {
    sessions: Vec<(Timestamp, Timestamp)>,
}

impl Axis {
    fn of(run: &Run<'_>) -> Axis {
        let instant = crate::moment::instant;
        let ends = run.sessions().map(|it| Some((instant(&it.open)?, instant(&it.close)?)));
        Axis { sessions: ends.flatten().collect() }
    }

    /// Where it begins and where it ends; nowhere without a session.
    fn ends(&self) -> Option<[Timestamp; 2]> {
        Some([self.sessions.first()?.0, self.sessions.last()?.1])
    }

    fn x(&self, at: Timestamp) -> f64 {
        let place = self.sessions.partition_point(|(_, close)| *close < at);
        let part = self.sessions.get(place).map_or(0.0, |(open, close)| {
            ((at - *open).as_secs_f64() / (*close - *open).as_secs_f64()).clamp(0.0, 1.0)
        });
        (place as f64 + part) / self.sessions.len().max(1) as f64 * WIDTH
    }
}

/// Equity beside the benchmark, and below it how far it lies under its peak.
fn curves(run: &Run<'_>, account: &Account, story: &AccountStory, name: &str, out: &mut String) {
    let axis = Axis::of(run);
    let (Some(last), Some(ends)) = (story.equity.last(), axis.ends()) else { return };
    // The curve begins with the first order; before it there is the money of the start.
    let start = EquityAt { at: ends[0], equity: account.start };
    let curve: Vec<EquityAt> = std::iter::once(start).chain(story.equity.iter().copied()).collect();
    // The benchmark begins with the money of the account.
    let scale = story.benchmark.first().map_or(1.0, |point| account.start / point.equity);
    let held = story.benchmark.iter().map(|it| EquityAt { equity: it.equity * scale, ..*it });
    let held: Vec<EquityAt> = held.collect();
    let all = || curve.iter().chain(&held).map(|point| point.equity);
    let (low, high) =
        all().fold((account.start, account.start), |(low, high), it| (low.min(it), high.max(it)));
    let y = |equity: f64| HEIGHT - (equity - low) / (high - low).max(f64::MIN_POSITIVE) * HEIGHT;
    let points = |curve: &[EquityAt]| -> Vec<(f64, f64)> {
        let points: Vec<(f64, f64)> =
            curve.iter().map(|it| (axis.x(it.at), y(it.equity))).collect();
        thinned(&points, POINTS)
    };
    let title = format!(
        "equity of {name}: {} at the start, {} at the end",
        money(account.start),
        money(last.equity)
    );
    let mut drawing = Drawing::new("curve", &title, WIDTH as usize, HEIGHT as usize);
    drawing.line("start", &[(0.0, y(account.start)), (WIDTH, y(account.start))], None);
    drawing.line("bench", &points(&held), None);
    drawing.line("equity", &points(&curve), None);
    let ends = ends.map(|at| run.clock().words(at));
    let key = if held.is_empty() { "" } else { "; dashed: the benchmark with the same money" };
    figure(&format!("Equity{key}"), [&money(high), &money(low)], &ends, &drawing.finish(), out);

    let falls = falls(&curve);
    let deepest = falls.iter().map(|fall| fall.1).fold(0.0_f64, f64::min);
    let points: Vec<(f64, f64)> = falls
        .iter()
        .map(|(at, fall)| (axis.x(*at), fall / deepest.min(-f64::MIN_POSITIVE) * HEIGHT / 2.0))
        .collect();
    let title = format!("drawdown of {name}: {:.2}% at the deepest of the curve", deepest * 100.0);
    let mut drawing = Drawing::new("curve low", &title, WIDTH as usize, HEIGHT as usize / 2);
    drawing.line("fall", &thinned(&points, POINTS), Some(0.0));
    let deepest = format!("{:.2}%", deepest * 100.0);
    figure("Drawdown", ["0.00%", &deepest], &ends, &drawing.finish(), out);
}

fn figure(caption: &str, levels: [&str; 2], ends: &[String; 2], drawing: &str, out: &mut String) {
    let _ = writeln!(
        out,
        "<figure><figcaption>{}</figcaption><div class=\"plot\"><span class=\"hi\">{}</span>\
         <span class=\"lo\">{}</span>{drawing}</div><div class=\"ends\"><span>{}</span><span>{}</span></div>\
         </figure>",
        Text(caption),
        levels[0],
        levels[1],
        ends[0],
        ends[1]
    );
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Returns by month and year.
fn monthly(run: &Run<'_>, account: &Account, story: &AccountStory, out: &mut String) {
    let closes = at_closes(run, &story.equity);
    let months = months(account.start, &closes);
    let years: BTreeSet<&String> = months.keys().map(|(year, _)| year).collect();
    let columns = [("Year", Words)].into_iter().chain(MONTHS.map(|name| (name, Number)));
    let mut table = Table::new("Monthly returns", columns.chain([("Whole year", Number)]));
    for year in years {
        let of = |month: u32| months.get(&(year.clone(), month)).copied();
        let whole: f64 = (1..=12).filter_map(of).map(|month| 1.0 + month).product();
        let cells = (1..=12).map(|month| tinted(of(month)));
        table.row([Cell::text(year)].into_iter().chain(cells).chain([tinted(Some(whole - 1.0))]));
    }
    table.write(out);
}

/// A gain on a ground whose form and colour say its sign and how large it is.
fn tinted(gain: Option<f64>) -> Cell {
    let Some(gain) = gain else { return Cell::None };
    let size = match gain.abs() {
        ..0.005 => 0,
        ..0.02 => 1,
        ..0.05 => 2,
        _ => 3,
    };
    let sign = if gain < 0.0 { "loss" } else { "gain" };
    Cell::Markup(format!(
        "<data class=\"{sign} s{size}\" value=\"{gain}\">{:+.2}%</data>",
        gain * 100.0
    ))
}

/// Trades by strategy and symbol, and of all together.
fn trades(account: &Account, out: &mut String) {
    let columns = [
        ("Strategy", Words),
        ("Symbol", Words),
        ("Fills", Number),
        ("Closed", Number),
        ("Won", Number),
        ("Lost", Number),
        ("Hit rate", Number),
        ("Profit", Number),
        ("Factor", Number),
        ("Average win", Number),
        ("Average loss", Number),
        ("Commission", Number),
        ("Slippage", Number),
        ("Traded", Number),
    ];
    let mut table = Table::new("Trades", columns);
    let maybe = |value: Option<f64>| value.map_or(Cell::None, Cell::money);
    let mut row = |strategy: &str, symbol: &str, it: &Trades| {
        table.row([
            Cell::text(strategy),
            Cell::text(symbol),
            Cell::Count(it.fills),
            Cell::Count(it.trades),
            Cell::Count(it.wins),
            Cell::Count(it.losses),
            Cell::share(it.hit_rate),
            Cell::money(it.profit),
            Cell::ratio(it.profit_factor),
            maybe(it.average_win),
            maybe(it.average_loss),
            Cell::money(it.commission),
            Cell::money(it.slippage),
            Cell::money(it.traded),
        ]);
    };
    for line in &account.by_symbol {
        row(&line.strategy, &line.symbol, &line.trades);
    }
    row("all", "", &account.trades);
    table.write(out);
}

fn fills(run: &Run<'_>, story: &AccountStory, out: &mut String) {
    let columns = [
        ("At", Words),
        ("Strategy", Words),
        ("Symbol", Words),
        ("Side", Words),
        ("Units", Number),
        ("Price", Number),
        ("Slippage of one", Number),
        ("Commission", Number),
        ("Remarks", Words),
    ];
    let mut table = Table::new("Fills", columns);
    for fill in story.fills.iter().take(FILLS_SHOWN) {
        let plain = |value: f64| Cell::Value(value, format!("{value}"));
        table.row([
            Cell::Markup(run.clock().markup(&fill.at.to_string())),
            Cell::text(&fill.strategy),
            Cell::text(&fill.symbol),
            Cell::text(&fill.side),
            plain(fill.units),
            Cell::Value(fill.price, format!("{:.4}", fill.price)),
            Cell::Value(fill.slippage, format!("{:.4}", fill.slippage)),
            Cell::money(fill.commission),
            Cell::text(if fill.is_bar_revised { "its bar was revised later" } else { "" }),
        ]);
    }
    if !table.is_empty() {
        out.push_str("<details><summary>Fills, one by one</summary>\n");
        table.write(out);
        and_more(story.fills.len(), table.len(), "fill", out);
        out.push_str("</details>\n");
    }
}
