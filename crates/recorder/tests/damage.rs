//! Recordings that cannot be used: each is refused by name, with the way out.

use openbell_coordinator::Digest;
use openbell_recorder::{Durability, RecordedRun, RecorderError, RecordingReader, RecordingWriter};

use super::files::killed;
use super::support::{Place, date, difference, plain};

/// A recording of `n_looks` looks that has ended in order: all of it is in one file.
fn ended(place: &Place, n_looks: u64) {
    let (mut writer, keeper) = place.begin();
    (1..=n_looks).for_each(|number| plain(number, 4).hand_to(&mut writer).unwrap());
    drop(writer);
    keeper.end(plain(n_looks, 0).wall, "closed", Digest(7)).unwrap();
}

#[test]
fn a_flipped_byte_anywhere_is_found_or_changes_nothing() {
    let place = Place::new();
    ended(&place, 40);
    let path = place.folder(24).join("inputs.sqlite");
    let (bytes, whole) = (std::fs::read(&path).unwrap(), place.read(&place.folder(24)).unwrap());
    let (mut n_refused, mut n_same) = (0, 0);
    for at in (0..bytes.len()).step_by(509) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        std::fs::write(&path, &flipped).unwrap();
        match place.read(&place.folder(24)) {
            // What is touched is no part of what is recorded.
            Ok(read) => {
                assert_eq!(difference(&read, &whole), None, "byte {at}");
                n_same += 1;
            }
            Err(error) => {
                let said = error.to_string();
                assert!(said.contains("inputs.sqlite"), "byte {at}: {said}");
                n_refused += 1;
            }
        }
    }
    assert!(n_refused > 20 && n_same > 20, "{n_refused} refused, {n_same} the same");
}

#[test]
fn a_file_that_is_cut_off_is_refused_by_name() {
    let place = Place::new();
    ended(&place, 60);
    let path = place.folder(24).join("inputs.sqlite");
    let bytes = std::fs::read(&path).unwrap();
    for n_bytes in [5000, bytes.len() / 2, bytes.len() - 4096] {
        std::fs::write(&path, &bytes[..n_bytes]).unwrap();
        let error = place.read(&place.folder(24)).map(drop).expect_err("it is cut off");
        let is_named =
            matches!(&error, RecorderError::Damaged { path: named, .. } if *named == path);
        assert!(is_named, "{n_bytes} bytes: {error}");
        assert!(error.to_string().contains("restore the file"), "{error}");
        let setup = place.setup(Durability::Normal, None);
        assert!(RecordingWriter::go_on(setup, date(24)).is_err(), "{n_bytes} bytes");
    }
}

#[test]
fn a_value_that_was_changed_by_hand_is_found_at_its_look() {
    let place = Place::new();
    ended(&place, 5);
    let path = place.folder(24).join("inputs.sqlite");
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute("UPDATE row SET close = close + 1 WHERE look = 3 AND series = 2", []).unwrap();
    drop(database);
    let error = place.read(&place.folder(24)).map(drop).expect_err("look 3 is another one");
    assert!(error.to_string().contains("look 3: it is not what was written"), "{error}");
}

#[test]
fn a_look_that_was_taken_out_is_missed() {
    let place = Place::new();
    ended(&place, 5);
    let database = rusqlite::Connection::open(place.folder(24).join("inputs.sqlite")).unwrap();
    for table in ["look WHERE number", "row WHERE look", "mark WHERE look"] {
        database.execute(&format!("DELETE FROM {table} = 2"), []).unwrap();
    }
    let error = place.read(&place.folder(24)).map(drop).expect_err("look 2 is missing");
    assert!(error.to_string().contains("look 2 is missing, look 3 follows"), "{error}");
}

#[test]
fn a_foreign_file_is_refused_by_name() {
    let place = Place::new();
    ended(&place, 2);
    let path = place.folder(24).join("inputs.sqlite");
    std::fs::write(&path, "a letter to somebody, and no database at all ".repeat(100)).unwrap();
    let error = place.read(&place.folder(24)).map(drop).expect_err("a letter");
    assert!(matches!(error, RecorderError::Foreign { .. }), "{error}");
    std::fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t(a)").unwrap();
    let error = place.read(&place.folder(24)).map(drop).expect_err("another program's");
    assert!(error.to_string().contains("an SQLite file of another program"), "{error}");
    std::fs::remove_file(&path).unwrap();
    let error = place.read(&place.folder(24)).map(drop).expect_err("there is none");
    assert!(matches!(error, RecorderError::NotThere { .. }), "{error}");
}

#[test]
fn a_recording_of_a_later_form_is_not_read() {
    let place = Place::new();
    ended(&place, 2);
    let database = rusqlite::Connection::open(place.folder(24).join("inputs.sqlite")).unwrap();
    database.pragma_update(None, "user_version", 2).unwrap();
    drop(database);
    let error = place.read(&place.folder(24)).map(drop).expect_err("form 2");
    assert!(matches!(error, RecorderError::OtherForm { found: 2, known: 1, .. }), "{error}");
}

#[test]
fn a_recording_whose_digests_are_of_an_earlier_form_is_refused_with_the_way_out() {
    let place = Place::new();
    ended(&place, 2);
    let path = place.folder(24).join("head.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let earlier = text.replace("  \"digest_form\": 2,\n", "");
    assert_ne!(earlier, text);
    std::fs::write(&path, earlier).unwrap();
    assert!(place.read(&place.folder(24)).is_ok(), "its bars can still be taken");
    let error = RecordedRun::open(&place.folder(24)).map(drop).expect_err("form 1").to_string();
    let said = "has digests of form 1, and this program makes form 2; replay it with ";
    assert!(error.contains(said) && error.contains("--fresh"), "{error}");
}

#[test]
fn two_processes_cannot_write_to_one_recording() {
    let place = Place::new();
    let (mut writer, _keeper) = place.begin();
    plain(1, 1).hand_to(&mut writer).unwrap();
    let begun = RecordingWriter::begin(place.setup(Durability::Normal, None), date(24));
    let error = begun.map(drop).expect_err("the first writes");
    assert!(matches!(error, RecorderError::Locked { .. }), "{error}");
    let gone_on = RecordingWriter::go_on(place.setup(Durability::Normal, None), date(24));
    assert!(matches!(gone_on.map(drop), Err(RecorderError::Locked { .. })));
    plain(2, 1).hand_to(&mut writer).unwrap(); // Nothing has happened to it.
    drop(writer);
    let begun = RecordingWriter::begin(place.setup(Durability::Normal, None), date(24));
    let error = begun.map(drop).expect_err("it is there");
    assert!(matches!(error, RecorderError::IsThere { .. }), "{error}");
    assert_eq!(place.read(&place.folder(24)).unwrap().len(), 2);
}

#[test]
fn a_look_for_which_there_is_no_room_is_refused_and_those_before_are_whole() {
    let place = Place::new();
    let setup = place.setup(Durability::Normal, Some(30));
    let (mut writer, _keeper) = RecordingWriter::begin(setup, date(24)).unwrap();
    let written: Vec<_> = (1..=400).map(|number| plain(number, 20)).collect();
    let full = written.iter().find_map(|look| look.hand_to(&mut writer).err().map(|e| (look, e)));
    let (look, error) = full.expect("30 pages are too few");
    let n_kept = look.step as usize - 1;
    assert!(n_kept > 10, "{n_kept}");
    let said = error.to_string();
    assert!(said.starts_with(&format!("there is no room for look {}", look.step)), "{said}");
    assert!(said.contains("free some space"), "{said}");
    assert_eq!(difference(&place.read(&place.folder(24)).unwrap(), &written[..n_kept]), None);
    // With room it goes on, also where the refused look had brought a new name.
    drop(writer);
    let setup = place.setup(Durability::Normal, None);
    let (mut writer, _keeper) = RecordingWriter::go_on(setup, date(24)).unwrap();
    let again = &written[n_kept..n_kept + 3];
    again.iter().for_each(|look| look.hand_to(&mut writer).unwrap());
    let read = place.read(&place.folder(24)).unwrap();
    assert_eq!(difference(&read, &written[..n_kept + 3]), None);
}

#[test]
fn a_recording_without_a_head_is_none() {
    let place = Place::new();
    ended(&place, 2);
    let image = place.root.path().join("image");
    killed(&place.folder(24), &image);
    std::fs::remove_file(image.join("head.json")).unwrap();
    let error = RecordingReader::open(&image).map(drop).expect_err("no head");
    assert!(error.to_string().contains("there is no recording in"), "{error}");
    std::fs::write(image.join("head.json"), "{\"form\": 1}").unwrap();
    let error = RecordingReader::open(&image).map(drop).expect_err("half a head");
    assert!(matches!(error, RecorderError::BadHead { .. }), "{error}");
}
