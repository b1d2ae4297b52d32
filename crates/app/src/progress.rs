//! The bar that moves while a person waits: on standard error, and only where it is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal::{Terminal, printable};

/// A progress bar, or nothing where nobody watches.
pub struct Progress(ProgressBar);

/// Thousandths of the whole, the unit of a run's bar.
const WHOLE: u64 = 1000;

impl Progress {
    /// Nothing.
    pub fn hidden() -> Progress {
        Progress(ProgressBar::hidden())
    }

    /// A bar over the bytes of a file.
    pub fn of_bytes(terminal: &Terminal, what: &str) -> Progress {
        Progress::shown(terminal, what, "{msg} [{bar:30}] {bytes} of {total_bytes}, {eta} left", 0)
    }

    /// A bar over a run.
    pub fn of_run(terminal: &Terminal, what: &str) -> Progress {
        Progress::shown(terminal, what, "{msg} [{bar:30}] {percent}%, {eta} left", WHOLE)
    }

    fn shown(terminal: &Terminal, what: &str, template: &str, length: u64) -> Progress {
        if !terminal.is_watched() {
            return Progress::hidden();
        }
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar()) // The templates stand above.
            .progress_chars("=> ");
        Progress(ProgressBar::new(length).with_style(style).with_message(printable(what)))
    }

    /// So many bytes of so many.
    pub fn bytes(&self, n_bytes: u64, n_bytes_total: u64) {
        self.0.set_length(n_bytes_total);
        self.0.set_position(n_bytes);
    }

    /// The run is at `share` of the whole, 0 to 1, at `place`.
    pub fn run(&self, share: f64, place: String) {
        self.0.set_position((share * WHOLE as f64) as u64);
        self.0.set_message(place);
    }

    /// Takes the bar off the screen.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}
