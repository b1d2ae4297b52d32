use openbell_session_data::BoardWriter;

fn main() {
    let mut reader = BoardWriter::new().outside_reader();
    let first = reader.view();
    let second = reader.view();
    drop((first, second));
}
