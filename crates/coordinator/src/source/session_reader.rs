//! TODO merge
/// Reads one series session by session, forwards or from anywhere.
pub(crate) struct SessionReader {
    feed: Box<dyn Feed>,
    sifted: Sifted,
    /// Where the feed stands.
    at: Option<Timestamp>,
}

impl SessionReader {
    pub(crate) fn new(feed: Box<dyn Feed>) -> SessionReader {
        SessionReader { feed, sifted: Sifted::default(), at: None }
    }

    /// The bars of `layout`'s session, on the slots of `interval`.
    ///
    /// *Errors*: rows that cannot be read.
    pub(crate) fn read(
        &mut self,
        layout: &SessionLayout,
        interval: BarInterval,
        is_base: bool,
    ) -> Result<WholeBars, DataError> {
        let rows = self.read_rows(layout)?;
        let grid = openbell_processor::grid_of(interval, layout.day.base.grid.parts());
        let step_ns = step_ns(interval, layout);
        let slots = match is_base {
            true => layout.slots(step_ns),
            false => Slots { grid: &grid, step_ns, closes_at_ns: None },
        };
        Ok(self.sifted.pass_slice(rows, &slots, layout.rows_since))
    }

    fn read_rows(&mut self, layout: &SessionLayout) -> Result<BarSlice, DataError> {
        // What lies between two sessions is read over: seeking opens the file anew.
        if self.at.is_none_or(|at| at > layout.rows_since) {
            self.feed.seek(layout.rows_since)?;
        }
        self.at = None;
        let (rows, polled) = self.feed.poll_slice(layout.clock_until, layout.rows_until);
        polled?;
        self.at = Some(layout.rows_until);
        Ok(rows)
    }
}

