//! The speeds at which a session can be run.

/// The slowest speed at which something is seen to happen: an hour of a session takes six weeks.
pub const SPEED_MIN: f64 = 0.001;

/// Whether a session can be run at that speed: at 0, which is as fast as possible, or at
/// [`SPEED_MIN`] and above.
pub fn is_speed(speed: f64) -> bool {
    speed == 0.0 || (speed.is_finite() && speed >= SPEED_MIN)
}
