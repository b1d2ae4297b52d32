//! Where figures were taken: machine, system, versions.

/// The machine and the build that figures belong to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    /// The model of the processor, as the system says it.
    pub cpu: String,
    /// Cores that the process may use.
    pub n_cores: usize,
    /// The system and its version.
    pub system: String,
    /// The instruction set that the program was compiled for.
    pub arch: &'static str,
    /// The version of openbell.
    pub openbell: &'static str,
    /// The compiler.
    pub rustc: &'static str,
    /// The profile of the build.
    pub profile: &'static str,
    /// How hard the compiler has tried.
    pub opt_level: &'static str,
}

impl Machine {
    /// This one.
    pub fn this() -> Machine {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default(); // Linux only.
        let system = format!("{} {}", std::env::consts::OS, release.trim());
        Machine {
            cpu: cpu_model().unwrap_or_else(|| "unknown processor".to_owned()),
            n_cores: std::thread::available_parallelism().map_or(1, usize::from),
            system: system.trim().to_owned(),
            arch: std::env::consts::ARCH,
            openbell: env!("CARGO_PKG_VERSION"),
            rustc: env!("OPENBELL_RUSTC"),
            profile: env!("OPENBELL_PROFILE"),
            opt_level: env!("OPENBELL_OPT_LEVEL"),
        }
    }

    /// Whether the build is one whose figures say nothing.
    pub fn is_debug_build(&self) -> bool {
        cfg!(debug_assertions) || self.opt_level != "3"
    }
}

fn cpu_model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?; // Other systems have none.
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
