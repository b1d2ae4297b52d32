//! What a live run would follow, without asking the vendor for anything.

use openbell_config::LiveConfig;
use openbell_coordinator::{Plan, Registry, StoreSource};
use openbell_data_manager::live::{Protocol, VendorTraits};
use openbell_session_file::SessionFile;
use openbell_time::{Session, SystemWall, Timestamp, WallClock};
use serde_json::{Value, json};

use super::{PlanArgs, Purpose, Read, print_reads, reads};
use crate::exit::{Exit, Failure, Outcome};
use crate::followed::{Followed, choose_base, store_of};
use crate::session_file;
use crate::table::{Align, Table, count, counted, hh_mm};
use crate::terminal::Terminal;
use crate::vendors::{Connection, VendorName, connections, requests};

/// Sessions that are shown of a run without end.
const N_SHOWN: usize = 5;

/// Plans it.
pub(super) fn plan_live(
    mut file: SessionFile,
    live: &LiveConfig,
    args: &PlanArgs,
    registry: &Registry,
    terminal: &mut Terminal,
) -> Outcome {
    let base = choose_base(&mut file, live)?;
    let connection = Connection::of_session(live, None)?;
    let time = file.calendars()?;
    let modules = file.modules(registry, &time)?;
    session_file::warn_of_idle_limits(&file, &modules.built, terminal);
    let (folder, store) = store_of(&file, args.store.as_deref())?;
    let now = SystemWall::new().now();
    let mut source = Followed::recorded(store.clone().map(StoreSource::new), base);
    let plan = Plan::of(&file.config, &time, &mut source, file.sessions(now))
        .map_err(|errors| file.plan_error(errors))?;
    file.check_planned(&plan, &modules.built)?;
    let reads = match &store {
        Some(store) => reads(&plan, store)?,
        None => Vec::new(),
    };
    let protocol = VendorName::of(live.data_api).mute();
    let planned = Planned {
        live,
        plan: &plan,
        folder: &folder,
        sessions: sessions_ahead(&plan, live)?,
        traits: protocol.traits(),
        variables: connection.variables(),
        now,
    };
    if args.json {
        terminal.line(format!("{:#}", planned.as_json(&reads)))?;
    } else {
        planned.print(&reads, terminal)?;
    }
    terminal.flush()?;
    Ok(Exit::Done)
}

/// The first sessions of the run.
fn sessions_ahead(plan: &Plan, live: &LiveConfig) -> Result<Vec<Session>, Failure> {
    let n_shown = live.sessions.map_or(N_SHOWN, |n| N_SHOWN.min(n as usize));
    let mut sessions = plan.sessions()[..1].to_vec();
    while sessions.len() < n_shown {
        sessions.push(plan.calendar().next_session(sessions[sessions.len() - 1].date)?);
    }
    Ok(sessions)
}

/// What is said of a live run.
struct Planned<'p> {
    live: &'p LiveConfig,
    plan: &'p Plan,
    folder: &'p str,
    sessions: Vec<Session>,
    traits: &'p VendorTraits,
    /// Environment variables with a key, and whether they are set.
    variables: Vec<(String, bool)>,
    now: Timestamp,
}

impl Planned<'_> {
    fn print(&self, reads: &[Read], terminal: &mut Terminal) -> Result<(), Failure> {
        let (plan, traits, calendar) = (self.plan, self.traits, self.plan.calendar());
        let n_symbols = plan.symbols().len() as u64;
        let sessions = match self.live.sessions {
            Some(n) => counted(n.into(), "session"),
            None => "sessions without end".to_owned(),
        };
        terminal.line(format!(
            "{}: {sessions} of {} live from {} ({}, {}), {}",
            plan.config().session_name,
            plan.config().exchange_group.name,
            self.live.data_api,
            calendar.name(),
            calendar.zone_name(),
            if self.folder.is_empty() {
                "no store".to_owned()
            } else {
                format!("store {}", self.folder)
            },
        ))?;
        let derived: Vec<String> = plan.derived().iter().map(ToString::to_string).collect();
        let derived = if derived.is_empty() { "none".to_owned() } else { derived.join(" ") };
        terminal.line(format!("base {}, derived {derived}\n", plan.base()))?;
        let mut table = Table::new([
            ("session", Align::Left),
            ("open", Align::Left),
            ("close", Align::Left),
            ("", Align::Left),
        ]);
        for session in &self.sessions {
            let runs = (session.open..session.close).contains(&self.now);
            table.row([
                format!("{} {}", session.date, session.date.weekday()),
                hh_mm(calendar, session.open),
                hh_mm(calendar, session.close),
                if runs { "runs now".to_owned() } else { String::new() },
            ]);
        }
        table.print(terminal, "")?;
        let n_lines = n_symbols.div_ceil(traits.n_series as u64);
        terminal.line(format!(
            "\n{} series on {}; the vendor allows {}, and {}",
            count(n_symbols),
            counted(n_lines, "connection"),
            connections(traits),
            requests(traits.requests),
        ))?;
        for (name, is_set) in &self.variables {
            terminal.line(format!("key: {name} is {}", if *is_set { "set" } else { "not set" }))?;
        }
        if !reads.is_empty() {
            terminal.line("")?;
            print_reads(reads, terminal)?;
        }
        self.print_missing(reads, terminal)
    }

    /// Says which history is missing, how it is fetched, and what cannot be had.
    fn print_missing(&self, reads: &[Read], terminal: &mut Terminal) -> Result<(), Failure> {
        let base = self.plan.base();
        let asked: Vec<_> = self.plan.symbols();
        let asks_history = asked.iter().any(|symbol| !self.plan.history_of(symbol).is_empty());
        let is_whole = |read: &Read| read.n_stored.is_some_and(|n| n >= read.n_expected);
        let n_known = reads.iter().filter(|read| matches!(read.purpose, Purpose::History { .. }));
        let is_missing = asks_history && (n_known.count() == 0 || !reads.iter().all(is_whole));
        if !is_missing {
            return Ok(());
        }
        let store = if self.folder.is_empty() { "STORE" } else { self.folder };
        let names: Vec<&str> = asked.iter().map(|symbol| symbol.as_str()).collect();
        terminal.line(format!(
            "\nhistory is missing; what the vendor has of it is fetched by\n  openbell data fetch --vendor \
             {} --symbols {} --interval {base} --since DATE --store {store}",
            VendorName::of(self.live.data_api).name(),
            names.join(","),
        ))?;
        let length = base.clock().map(|clock| clock.length());
        if let (Some(n_rows), Some(since)) = (
            self.traits.n_history_rows,
            length.and_then(|length| self.traits.history_since(length, self.now)),
        ) {
            terminal.line(format!(
                "it keeps the newest {} of {base}: what opens before {} cannot be had",
                counted(n_rows.into(), "bar"),
                self.plan.calendar().local_time(since),
            ))?;
        }
        Ok(())
    }

    fn as_json(&self, reads: &[Read]) -> Value {
        let session = |session: &Session| {
            json!({
                "date": session.date.to_string(),
                "open": session.open.to_string(),
                "close": session.close.to_string(),
            })
        };
        let variable =
            |(name, is_set): &(String, bool)| json!({"variable": name, "is_set": is_set});
        json!({
            "session_name": self.plan.config().session_name,
            "exchange_group": self.plan.config().exchange_group.name,
            "calendar": self.plan.calendar().name(),
            "data_api": self.live.data_api.name(),
            "n_sessions": self.live.sessions,
            "store": (!self.folder.is_empty()).then_some(self.folder),
            "base_interval": self.plan.base().to_string(),
            "derived": self.plan.derived().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "sessions": self.sessions.iter().map(session).collect::<Vec<_>>(),
            "key": self.variables.iter().map(variable).collect::<Vec<_>>(),
            "reads": reads.iter().map(super::read_json).collect::<Vec<_>>(),
        })
    }
}
