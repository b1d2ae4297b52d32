//! A run again from its event log.

use openbell_coordinator::{Engine, Event, Origin, SessionCommand, Step, StepAt};
use openbell_time::Timestamp;

/// The commands from outside, in the order in which they were taken.
pub fn commands_of(events: &[Event]) -> Vec<(StepAt, SessionCommand)> {
    let command = |event: &Event| match event {
        Event::Commanded { taken, origin: Origin::Handle, command, .. } => {
            Some((*taken, command.clone()))
        }
        _ => None,
    };
    let mut commands: Vec<_> = events.iter().filter_map(command).collect();
    commands.sort_by_key(|(taken, _)| (taken.session, *taken));
    commands
}

/// Steps `engine`, each of `commands` given where it was taken, to its end, or to where it pauses.
pub fn repeat(engine: &mut Engine, commands: &[(StepAt, SessionCommand)]) {
    let handle = engine.handle();
    let mut commands = commands.iter().peekable();
    loop {
        while let Some((_, command)) = commands.next_if(|(taken, _)| {
            taken.step == engine.n_steps() && handle.status().session == Some(taken.session)
        }) {
            drop(handle.command(command.clone()));
        }
        match engine.step(Timestamp::from_nanos(0)) {
            Step::Ended(_) | Step::Paused => return,
            Step::Worked | Step::Waits { .. } => {}
        }
    }
}
