//! Three lines below what scrolls, on a terminal that somebody watches.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal::{Terminal, printable};

/// The panel, or nothing where nobody watches.
pub(super) struct Panel(Option<ProgressBar>);

impl Panel {
    pub(super) fn new(terminal: &Terminal, is_wanted: bool) -> Panel {
        if !is_wanted || !terminal.is_watched() {
            return Panel(None);
        }
        let style = ProgressStyle::with_template("{msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()); // The template stands above.
        let bar = ProgressBar::new_spinner().with_style(style);
        bar.enable_steady_tick(Duration::from_secs(3_600)); // It is drawn when there is news.
        Panel(Some(bar))
    }

    pub(super) fn is_shown(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn draw(&self, lines: &[String; 3]) {
        if let Some(bar) = &self.0 {
            bar.set_message(printable(&lines.join("\n")));
            bar.tick();
        }
    }

    /// Writes something above the panel.
    pub(super) fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    pub(super) fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
