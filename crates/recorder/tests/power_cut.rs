//! A power cut, by a model of the medium: what was brought there stands, and of all that was written
//! since any part may be missing, in any order.
//!
//! The files of a recording are copied as the system shows them. Of each the model knows what was on the
//! medium when it was synced last; an image of the cut has, in every sector in which that differs from
//! what is shown, the one or the other.

use std::path::{Path, PathBuf};

use openbell_recorder::{
    Durability, Keeper, RecordedLook, RecordingWriter, RestartFrom, last_run, run_looks,
};

use super::support::{Place, date, difference, plain};

const SECTOR: usize = 512;
/// A page and its head, as one write of the log has them.
const FRAME: usize = 24 + 4096;
/// The head of the log.
const LOG_HEAD: usize = 32;

/// A file, on the medium and as the system shows it.
#[derive(Clone, Default)]
struct Written {
    synced: Vec<u8>,
    shown: Vec<u8>,
}

impl Written {
    /// The file after a cut at which, of what was not synced, the sectors that `is_kept` are there. The
    /// file is as long as the last of them asks for.
    fn cut(&self, mut is_kept: impl FnMut(usize) -> bool) -> Vec<u8> {
        let n_sectors = self.synced.len().max(self.shown.len()).div_ceil(SECTOR);
        let mut left = self.synced.clone();
        for sector in 0..n_sectors {
            let range = sector * SECTOR..(sector + 1) * SECTOR;
            let of = |bytes: &[u8]| {
                bytes.get(range.start..range.end.min(bytes.len())).unwrap_or_default().to_vec()
            };
            let (synced, shown) = (of(&self.synced), of(&self.shown));
            if synced == shown || !is_kept(sector) {
                continue;
            }
            if left.len() < range.start + shown.len() {
                left.resize(range.start + shown.len(), 0); // A hole reads as zeros.
            }
            left[range.start..range.start + shown.len()].copy_from_slice(&shown);
        }
        left
    }
}

/// The files of one session's recording.
#[derive(Clone, Default)]
struct Medium {
    head: Vec<u8>,
    inputs: Written,
    log: Written,
}

impl Medium {
    /// What the system shows of the recording in `folder`.
    fn look_at(&mut self, folder: &Path) {
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap_or_default();
        self.head = read("head.json"); // Synced when it is made.
        self.inputs.shown = read("inputs.sqlite");
        self.log.shown = read("inputs.sqlite-wal");
        // A log that is begun anew has its head synced by SQLite before anything is written behind it:
        // else a head of before would make frames of before count again.
        if let Some(head) = self.log.shown.get(..LOG_HEAD) {
            let synced = &mut self.log.synced;
            synced.resize(synced.len().max(LOG_HEAD), 0);
            synced[..LOG_HEAD].copy_from_slice(head);
        }
    }

    /// All of the log that is shown is on the medium.
    fn log_is_synced(&mut self) {
        self.log.synced = self.log.shown.clone();
    }

    fn all_is_synced(&mut self) {
        self.log_is_synced();
        self.inputs.synced = self.inputs.shown.clone();
    }

    /// The folder `name` after a cut, beside the place's recordings.
    fn left(&self, place: &Place, inputs: &[u8], log: &[u8]) -> PathBuf {
        let root = place.root.path().join("cut");
        let folder = root.join("coins/2026-11-24");
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("head.json"), &self.head).unwrap();
        std::fs::write(folder.join("inputs.sqlite"), inputs).unwrap();
        if !log.is_empty() {
            std::fs::write(folder.join("inputs.sqlite-wal"), log).unwrap();
        }
        folder
    }
}

/// Numbers by chance, from a seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Kept in so many of hundred cases.
    fn keeps(&mut self, percent: u64) -> impl FnMut(usize) -> bool + '_ {
        move |_| self.next() % 100 < percent
    }
}

/// What is left has all looks that were synced, and of the others the first ones, each whole; and a
/// process goes on behind them. Returns how many there are.
fn check(
    place: &Place,
    folder: &Path,
    written: &[RecordedLook],
    n_synced: usize,
    what: &str,
) -> usize {
    let read = place.read(folder).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(read.len() >= n_synced, "{what}: {} looks of {n_synced} that were synced", read.len());
    assert_eq!(difference(&read, &written[..read.len()]), None, "{what}");
    let mut setup = place.setup(Durability::Normal, None);
    setup.root = folder.parent().and_then(Path::parent).unwrap().to_owned();
    let (mut writer, keeper) = RecordingWriter::go_on(setup, date(24)).unwrap();
    assert_eq!(writer.n_looks(), read.len() as u64, "{what}");
    let more = plain(read.len() as u64 + 1, 3);
    more.hand_to(&mut writer).unwrap();
    drop((writer, keeper));
    let again = place.read(folder).unwrap_or_else(|error| panic!("{what}, gone on: {error}"));
    assert_eq!(again.len(), read.len() + 1, "{what}, gone on");
    assert_eq!(difference(&again[read.len()..], &[more]), None, "{what}, gone on");
    read.len()
}

/// Every cut of a log of which the last writes are not synced: before each of them, in the middle of
/// each, and with any of their sectors missing. Returns the numbers of looks that were met.
fn cut_everywhere(
    place: &Place,
    medium: &Medium,
    written: &[RecordedLook],
    n_synced: usize,
    chance: &mut Chance,
) -> std::collections::BTreeSet<usize> {
    let mut met = std::collections::BTreeSet::new();
    let mut look_at = |log: Vec<u8>, what: String| {
        let folder = medium.left(place, &medium.inputs.synced, &log);
        met.insert(check(place, &folder, written, n_synced, &what));
    };
    let (synced, shown) = (medium.log.synced.len(), medium.log.shown.len());
    let differ = |at: &usize| {
        medium.log.synced.get(*at..).unwrap_or_default()
            != medium.log.shown.get(*at..).unwrap_or_default()
    };
    let ends = (0..).map(|n| LOG_HEAD + n * FRAME).take_while(|at| *at <= shown);
    for end in ends.filter(|end| *end + FRAME > synced || differ(end)) {
        for end in [end, end + 100, end + FRAME / 2] {
            let log = medium.log.cut(|sector| (sector + 1) * SECTOR <= end);
            look_at(log, format!("written up to byte {end}"));
        }
    }
    look_at(medium.log.cut(|_| false), "nothing of what was not synced".to_owned());
    for percent in [1, 10, 50, 90, 99] {
        let log = medium.log.cut(chance.keeps(percent));
        look_at(log, format!("{percent} of 100 sectors, seed {}", chance.0));
    }
    met
}

fn begin(place: &Place) -> (RecordingWriter, Keeper, Medium) {
    let (writer, keeper) = place.begin();
    let mut medium = Medium::default();
    medium.look_at(&place.folder(24));
    medium.all_is_synced(); // The tables are on the medium before the first look is.
    (writer, keeper, medium)
}

#[test]
fn a_power_cut_at_any_write_leaves_what_was_synced_and_the_first_looks_behind_it() {
    let place = Place::new();
    let (mut writer, mut keeper, mut medium) = begin(&place);
    let written: Vec<_> = (1..=9).map(|number| plain(number, 6)).collect();
    let (mut n_synced, mut chance) = (0, Chance(0x5eed));
    let mut met = std::collections::BTreeSet::new();
    for (n, look) in written.iter().enumerate() {
        look.hand_to(&mut writer).unwrap();
        medium.look_at(&place.folder(24));
        met.extend(cut_everywhere(&place, &medium, &written[..=n], n_synced, &mut chance));
        if n % 4 == 2 {
            keeper.sync().unwrap();
            medium.log_is_synced();
            n_synced = n + 1;
            met.extend(cut_everywhere(&place, &medium, &written[..=n], n_synced, &mut chance));
        }
    }
    assert_eq!(met.len(), written.len() + 1, "every number of looks was met: {met:?}");
}

#[test]
fn a_power_cut_while_the_log_is_brought_in_or_begun_anew_loses_nothing_that_was_synced() {
    let place = Place::new();
    let (mut writer, mut keeper, mut medium) = begin(&place);
    let written: Vec<_> = (1..=9).map(|number| plain(number, 30)).collect();
    let mut chance = Chance(0xcafe);
    for (n, look) in written.iter().enumerate() {
        look.hand_to(&mut writer).unwrap();
        medium.look_at(&place.folder(24));
        let (written, n_synced) = (&written[..=n], n / 3 * 3);
        let met = cut_everywhere(&place, &medium, written, n_synced, &mut chance);
        assert!(met.len() > 1, "{met:?}");
        if n % 3 != 2 {
            continue;
        }
        // As the keeper does with a log that has grown: it is synced first of all.
        keeper.sync().unwrap();
        medium.log_is_synced();
        let database = rusqlite::Connection::open(place.folder(24).join("inputs.sqlite")).unwrap();
        database.pragma_update(None, "synchronous", "normal").unwrap();
        database.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
        drop(database);
        medium.look_at(&place.folder(24));
        assert!(medium.inputs.shown != medium.inputs.synced && !medium.log.shown.is_empty());
        for percent in [0, 1, 20, 50, 80, 99, 100] {
            let inputs = medium.inputs.cut(chance.keeps(percent));
            let folder = medium.left(&place, &inputs, &medium.log.synced);
            let what = format!("{percent} of 100 sectors of the database");
            check(&place, &folder, written, n + 1, &what);
        }
        medium.all_is_synced(); // The next look begins the log anew, over the old one.
    }
}

#[test]
fn a_power_cut_after_a_session_began_leaves_a_run_that_goes_on_with_it() {
    let place = Place::new();
    let (mut writer, _keeper, _) = begin(&place);
    let mut written: Vec<_> = (1..=7).map(|number| plain(number, 3)).collect();
    written[6].session = date(25);
    written.iter().for_each(|look| look.hand_to(&mut writer).unwrap());
    // The first look of the new session is lost, its folder is there.
    let root = place.root.path().join("cut");
    for day in [24, 25] {
        let (from, to) = (place.folder(day), root.join(format!("coins/2026-11-{day}")));
        std::fs::create_dir_all(&to).unwrap();
        for name in ["head.json", "inputs.sqlite"] {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
    let second = root.join("coins/2026-11-25");
    let run = last_run(&root, "coins", RestartFrom::FirstSession).unwrap().expect("a run");
    assert_eq!((run.sessions().len(), run.n_looks()), (2, 6));
    let mut setup = place.setup(Durability::Normal, None);
    setup.root = root;
    let (mut writer, _keeper) = RecordingWriter::go_on(setup, run.last_session().unwrap()).unwrap();
    written[6].hand_to(&mut writer).unwrap();
    let form: std::sync::Arc<dyn openbell_recorder::CommandForm> = place.form.clone();
    let (_, looks) = run_looks(&second, &form).unwrap();
    let looks: Vec<_> = looks.map(Result::unwrap).collect();
    assert_eq!(difference(&looks, &written), None);
}
