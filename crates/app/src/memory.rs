//! The memory of this process, as the system tells it.

/// A line of it, in bytes, by its name: `VmRSS` what is resident, `VmHWM` the most that was. Absent where
/// the system does not tell.
pub(crate) fn of_line(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?; // Other systems have no such file.
    let lines = status.lines().filter_map(|line| line.split_once(':'));
    let (_, said) = lines.into_iter().find(|(known, _)| *known == name)?;
    let kibibytes: u64 = said.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
