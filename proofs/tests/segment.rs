//! Every order in which a reader can meet the rows that a writer commits to a segment.
//!
//! loom watches every cell: a row that is read while it is written fails the model, whatever its
//! value is.

use std::sync::Arc;

use openbell_session_data::SegmentWriter;

use crate::sample::{base_shape, day, fill, push};

/// Row `k` of a segment here is a bar over `10k..10k + 10` that is worth `k + 1`.
fn push_row(writer: &mut SegmentWriter, k: i64) {
    push(writer, 10 * k, 10 * k + 10, (k + 1) as f64);
}

#[test]
fn a_reader_slices_only_rows_whose_every_column_is_written() {
    loom::model(|| {
        let mut writer = SegmentWriter::new(base_shape(), day(0, 0, 3), 3);
        let segment = Arc::clone(writer.segment());
        let reader = loom::thread::spawn(move || {
            let mut n_seen = 0;
            for _ in 0..2 {
                let rows = segment.rows();
                assert!(rows.len() >= n_seen, "rows went away");
                n_seen = rows.len();
                for k in 0..n_seen {
                    assert_eq!(rows.closes_at_ns()[k], 10 * k as i64 + 10);
                    assert_eq!(rows.volume()[k], (k + 1) as f64);
                    assert_eq!(rows.bar(k).unwrap().ohlcv.close, (k + 1) as f64);
                }
            }
        });
        push_row(&mut writer, 0);
        fill(&mut writer, 0, 10, 20, 2.0);
        fill(&mut writer, 1, 20, 30, 3.0);
        writer.commit(2);
        reader.join().unwrap();
    });
}

#[test]
fn rows_that_a_reader_holds_stay_what_they_were_while_more_are_written() {
    loom::model(|| {
        let mut writer = SegmentWriter::new(base_shape(), day(0, 0, 3), 3);
        push_row(&mut writer, 0);
        let segment = Arc::clone(writer.segment());
        let reader = loom::thread::spawn(move || {
            let rows = segment.rows().first(1);
            let closes = rows.close();
            let later = segment.rows();
            assert_eq!(closes, [1.0]);
            assert_eq!(later.close().len(), later.len());
        });
        push_row(&mut writer, 1);
        push_row(&mut writer, 2);
        reader.join().unwrap();
    });
}

#[test]
fn a_segment_that_a_reader_holds_is_not_emptied_and_one_that_it_let_go_is() {
    loom::model(|| {
        let mut writer = SegmentWriter::new(base_shape(), day(0, 0, 1), 1);
        push_row(&mut writer, 0);
        let segment = Arc::clone(writer.segment());
        let writer = match writer.into_memory() {
            Ok(_) => panic!("recycled under a reader"),
            Err(writer) => writer,
        };
        let reader = loom::thread::spawn(move || {
            assert_eq!(segment.rows().close(), [1.0]);
        });
        reader.join().unwrap();
        let Ok(memory) = writer.into_memory() else { panic!("nobody holds it") };
        let mut writer = SegmentWriter::renewed(Some(memory), base_shape(), day(1, 100, 1), 1);
        assert!(writer.rows().is_empty());
        push(&mut writer, 100, 110, 7.0);
        assert_eq!(writer.rows().close(), [7.0]);
    });
}
