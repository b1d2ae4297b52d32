//! What a live run is said to be at its beginning, and what it came to, beside the usual report.

use std::path::PathBuf;

use openbell_coordinator::{Engine, LiveReport, Report};
use openbell_session_file::SessionFile;
use openbell_wire::report::Live;

use super::recorded::Recorder;
use super::teller::Figures;
use crate::table::{count, counted, length};
use crate::terminal::Terminal;

/// What is followed, for the first line.
pub(super) fn beginning(
    file: &SessionFile,
    engine: &Engine,
    vendor: &str,
    recorder: Option<&Recorder>,
) -> String {
    let plan = engine.plan();
    let first = plan.sessions()[0];
    let recording = match recorder {
        Some(recorder) => format!("recording {}", recorder.folder(first.date).display()),
        None => "nothing is recorded".to_owned(),
    };
    format!(
        "{}: {} live from {vendor}, session {} ({}), base {}; {recording}",
        file.config.session_name,
        counted(plan.symbols().len() as u64, "symbol"),
        first.date,
        plan.calendar().zone_name(),
        plan.base(),
    )
}

/// The recording of the last session; absent where there is none.
fn folder_of(report: &Report, recorder: Option<&Recorder>) -> Option<PathBuf> {
    let session = report.all_sessions().last()?;
    recorder.map(|recorder| recorder.folder(session.date))
}

/// What all feeds handed over, together.
fn totals(report: &Report) -> LiveReport {
    let mut all = LiveReport::default();
    let symbols = report.all_sessions().flat_map(|session| &session.symbols);
    for live in symbols.filter_map(|symbol| symbol.live) {
        all.n_handed += live.n_handed;
        all.n_late += live.n_late;
        all.n_revised += live.n_revised;
        all.n_caught_up += live.n_caught_up;
    }
    all
}

/// Prints what a live run came to, behind the usual report.
pub(super) fn print(
    figures: &Figures,
    report: &Report,
    recorder: Option<&Recorder>,
    terminal: &mut Terminal,
) -> std::io::Result<()> {
    let all = totals(report);
    terminal.line(format!(
        "\nlive: {} caught up, {} late, {} revised, {} left",
        counted(all.n_caught_up, "bar"),
        count(all.n_late),
        count(all.n_revised),
        counted(figures.counts.n_gaps, "gap"),
    ))?;
    let causes: Vec<String> =
        figures.counts.reconnects.iter().map(|(why, n)| format!("{} {why}", count(*n))).collect();
    let causes = if causes.is_empty() { "none".to_owned() } else { causes.join(", ") };
    terminal.line(format!(
        "reconnects: {causes}; silent topics {}",
        count(figures.counts.n_silent())
    ))?;
    if let Some(share) = figures.activity.share() {
        terminal.line(format!(
            "active {:.2} % of market time, inactive for {} at the longest",
            share * 100.0,
            length(figures.activity.longest())
        ))?;
    }
    if let Some(folder) = folder_of(report, recorder) {
        terminal.line(format!("recording: {}", folder.display()))?;
    }
    Ok(())
}

/// The same for the report as JSON.
pub(super) fn of_report(figures: &Figures, report: &Report, recorder: Option<&Recorder>) -> Live {
    let all = totals(report);
    let reconnects = figures.counts.reconnects.iter();
    Live {
        handed_over: all.n_handed,
        caught_up: all.n_caught_up,
        late: all.n_late,
        revised: all.n_revised,
        gaps_left: figures.counts.n_gaps,
        silent_topics: figures.counts.n_silent(),
        reconnects: reconnects.map(|(why, n)| ((*why).to_owned(), *n)).collect(),
        active_share: figures.activity.share(),
        longest_inactive_seconds: figures.activity.longest().as_secs_f64(),
        recording: folder_of(report, recorder).map(|folder| folder.display().to_string()),
    }
}
