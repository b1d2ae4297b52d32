//! An add on its way.

/// An add that is answered when its last symbol has joined.
pub(super) struct PendingAdd {
    envelope: Option<Envelope>,
    origin: Origin,
    taken: StepAt,
    command: Command,
    results: Vec<(Symbol, Option<Added>)>,
}
