//! What is written is there: after an end in order, after a kill, in the next session.

use std::path::Path;
use std::sync::Arc;

use openbell_coordinator::{Digest, Recording};
use openbell_recorder::{
    CommandForm, Durability, RecorderError, RecordingReader, RecordingWriter, list, run_looks,
};
use proptest::prelude::*;

use super::support::{Place, date, difference, looks, plain};

/// What a killed process leaves behind: the database and its log, as they stand now.
pub fn killed(folder: &Path, into: &Path) {
    std::fs::create_dir_all(into).unwrap();
    for name in ["head.json", "inputs.sqlite", "inputs.sqlite-wal"] {
        if folder.join(name).exists() {
            std::fs::copy(folder.join(name), into.join(name)).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_written_of_any_look_is_read_to_the_last_bit(
        written in proptest::collection::vec(looks(), 0..12),
    ) {
        let place = Place::new();
        let (mut writer, keeper) = place.begin();
        for look in &written {
            look.hand_to(&mut writer).unwrap();
        }
        prop_assert_eq!(difference(&place.read(&place.folder(24)).unwrap(), &written), None);
        drop(writer);
        keeper.end(written.last().map_or(plain(1, 0).wall, |look| look.wall), "done", Digest(7)).unwrap();
        prop_assert_eq!(difference(&place.read(&place.folder(24)).unwrap(), &written), None);
    }

    #[test]
    fn killed_after_any_look_all_that_was_written_is_there_and_nothing_else(
        written in proptest::collection::vec(looks(), 1..8),
        is_synced in any::<bool>(),
    ) {
        let place = Place::new();
        let (mut writer, mut keeper) = place.begin();
        for (n, look) in written.iter().enumerate() {
            look.hand_to(&mut writer).unwrap();
            if is_synced && n % 2 == 0 {
                prop_assert!(keeper.sync().unwrap() > 0);
                prop_assert_eq!(keeper.sync().unwrap(), 0);
            }
            let image = place.root.path().join("killed").join(n.to_string());
            killed(&place.folder(24), &image);
            prop_assert_eq!(difference(&place.read(&image).unwrap(), &written[..=n]), None);
        }
    }
}

#[test]
fn a_log_that_is_cut_off_anywhere_leaves_the_first_looks_whole() {
    let place = Place::new();
    let (mut writer, _keeper) = place.begin();
    let written: Vec<_> = (1..=12).map(|number| plain(number, 5)).collect();
    for look in &written {
        look.hand_to(&mut writer).unwrap();
    }
    let image = place.root.path().join("killed");
    killed(&place.folder(24), &image);
    let log = std::fs::read(image.join("inputs.sqlite-wal")).unwrap();
    let (mut before, mut seen) = (0, std::collections::BTreeSet::new());
    for n_bytes in (0..log.len()).step_by(1_033).chain([log.len()]) {
        killed(&place.folder(24), &image);
        let _ = std::fs::remove_file(image.join("inputs.sqlite-shm"));
        std::fs::write(image.join("inputs.sqlite-wal"), &log[..n_bytes]).unwrap();
        let read = place.read(&image).unwrap();
        assert_eq!(difference(&read, &written[..read.len()]), None, "cut off at {n_bytes}");
        assert!(read.len() >= before, "fewer with more bytes");
        before = read.len();
        seen.insert(read.len());
    }
    assert_eq!(seen.len(), written.len() + 1, "every number of looks was met: {seen:?}");
}

#[test]
fn a_recording_goes_on_behind_its_last_look_as_another_process() {
    let place = Place::new();
    let written: Vec<_> = (1..=9).map(|number| plain(number, 3)).collect();
    let (mut writer, keeper) = place.begin();
    written[..5].iter().for_each(|look| look.hand_to(&mut writer).unwrap());
    drop((writer, keeper)); // Killed.
    let setup = place.setup(Durability::Full, None);
    let (mut writer, keeper) = RecordingWriter::go_on(setup, date(24)).unwrap();
    assert_eq!(writer.n_looks(), 5);
    written[5..].iter().for_each(|look| look.hand_to(&mut writer).unwrap());
    drop(writer);
    keeper.end(written[8].wall, "interrupted", Digest(7)).unwrap();
    assert_eq!(difference(&place.read(&place.folder(24)).unwrap(), &written), None);
    let processes = RecordingReader::open(&place.folder(24)).unwrap().processes().unwrap();
    let told: Vec<_> = processes.iter().map(|p| (p.first_look, p.why.as_deref())).collect();
    assert_eq!(told, [(1, None), (6, Some("interrupted"))]);
    assert_eq!(processes[1].began, written[5].wall);
}

#[test]
fn a_process_that_ends_before_its_first_look_leaves_the_one_before_as_it_was() {
    let place = Place::new();
    let (mut writer, keeper) = place.begin();
    (1..=3).for_each(|number| plain(number, 2).hand_to(&mut writer).unwrap());
    drop((writer, keeper)); // Killed.
    let (writer, keeper) =
        RecordingWriter::go_on(place.setup(Durability::Normal, None), date(24)).unwrap();
    drop(writer);
    keeper.end(plain(9, 0).wall, "interrupted", Digest(7)).unwrap();
    let processes = RecordingReader::open(&place.folder(24)).unwrap().processes().unwrap();
    let told: Vec<_> = processes.iter().map(|p| (p.first_look, p.why.as_deref())).collect();
    assert_eq!(told, [(1, None), (4, Some("interrupted"))]);
    assert_eq!(processes[1].program, "openbell 0.1.0");
}

#[test]
fn each_session_has_its_folder_and_a_run_is_read_through_all_of_them() {
    let place = Place::new();
    let (mut writer, mut keeper) = place.begin();
    let mut written: Vec<_> = (1..=9).map(|number| plain(number, 2)).collect();
    written[4..7].iter_mut().for_each(|look| look.session = date(25));
    written[7..].iter_mut().for_each(|look| look.session = date(27));
    for look in &written {
        look.hand_to(&mut writer).unwrap();
        keeper.sync().unwrap();
    }
    drop(writer);
    keeper.end(written[8].wall, "closed", Digest(7)).unwrap();
    let listed = list(place.root.path()).unwrap();
    let told: Vec<_> = listed.iter().map(|(_, h)| (h.session.as_str(), h.first_look)).collect();
    assert_eq!(told, [("2026-11-24", 1), ("2026-11-25", 5), ("2026-11-27", 8)]);
    let form: Arc<dyn CommandForm> = place.form.clone();
    for (day, n_looks) in [(24, 4), (25, 7), (27, 9)] {
        let (head, read) = run_looks(&place.folder(day), &form).unwrap();
        assert_eq!(head.first_session, "2026-11-24");
        let read: Vec<_> = read.collect::<Result<_, _>>().unwrap();
        assert_eq!(difference(&read, &written[..n_looks]), None);
    }
    std::fs::remove_dir_all(place.folder(25)).unwrap();
    let Err(error) = run_looks(&place.folder(27), &form).map(drop) else {
        panic!("a session of the run is missing")
    };
    assert!(matches!(error, RecorderError::Incomplete { found: 8, known: 4, .. }), "{error}");
}

#[test]
fn what_is_not_on_the_medium_is_counted_until_it_is() {
    let place = Place::new();
    let (mut writer, mut keeper) = place.begin();
    assert_eq!(keeper.n_unsynced(), 0);
    plain(1, 1).hand_to(&mut writer).unwrap();
    plain(2, 1).hand_to(&mut writer).unwrap();
    assert_eq!(keeper.n_unsynced(), 2);
    assert_eq!(keeper.sync().unwrap(), 2);
    assert_eq!(keeper.n_unsynced(), 0);
}

#[test]
fn a_log_that_grows_is_brought_into_the_database_while_it_is_written() {
    let place = Place::new();
    let (mut writer, mut keeper) = place.begin();
    let written: Vec<_> = (1..=520).map(|number| plain(number, 400)).collect();
    for look in &written {
        look.hand_to(&mut writer as &mut dyn Recording).unwrap();
        if look.step % 40 == 0 {
            keeper.sync().unwrap();
        }
    }
    let n_bytes = |name: &str| std::fs::metadata(place.folder(24).join(name)).unwrap().len();
    assert!(n_bytes("inputs.sqlite-wal") < 30 << 20, "{}", n_bytes("inputs.sqlite-wal"));
    assert!(n_bytes("inputs.sqlite") > 8 << 20, "{}", n_bytes("inputs.sqlite"));
    assert_eq!(difference(&place.read(&place.folder(24)).unwrap(), &written), None);
}
