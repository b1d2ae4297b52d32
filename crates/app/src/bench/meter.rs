//! What a piece of work takes: processor time, wall time, memory.

use cpu_time::ProcessTime;
use openbell_time::{Nanos, SystemWall};

/// What a piece of work took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Taken {
    /// Processor time of all threads of the process.
    pub cpu: Nanos,
    /// Time that went by on the wall, also while the machine did something else.
    pub wall: Nanos,
}

/// A measurement that has begun.
pub struct Meter {
    wall: SystemWall,
    cpu: ProcessTime,
}

impl Meter {
    /// Begins now.
    pub fn start() -> Meter {
        Meter { wall: SystemWall::new(), cpu: ProcessTime::now() }
    }

    /// What was taken since it began.
    pub fn taken(&self) -> Taken {
        let cpu = Nanos::from_nanos(self.cpu.elapsed().as_nanos() as i64);
        Taken { cpu, wall: self.wall.passed() }
    }
}

/// Lets [`peak_memory`] begin anew; where the system cannot, it tells the peak of the process.
pub fn forget_peak_memory() {
    let _ = std::fs::write("/proc/self/clear_refs", "5"); // Other systems have no such file.
}

/// The most memory that the process had at a time, in bytes; absent where the system does not tell.
pub fn peak_memory() -> Option<u64> {
    crate::memory::of_line("VmHWM")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time_of_the_processor_and_of_the_wall() {
        let meter = Meter::start();
        let mut sum = 0_u64;
        while meter.taken().cpu < Nanos::from_nanos(1_000_000) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(sum > 0 && meter.taken().wall > Nanos::ZERO);
    }

    #[test]
    fn the_peak_of_memory_is_that_of_what_was_held_and_is_forgotten_when_asked() {
        if peak_memory().is_none() {
            println!("skipped: this system does not tell a process's peak of memory");
            return;
        }
        const LEN: usize = 256 << 20;
        forget_peak_memory();
        let before = peak_memory().unwrap_or_default();
        drop(std::hint::black_box(vec![1_u8; LEN]));
        let after = peak_memory().unwrap_or_default();
        assert!(after >= before + (LEN as u64) / 2, "{before} {after}");
    }
}
