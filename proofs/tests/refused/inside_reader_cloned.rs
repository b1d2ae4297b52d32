use openbell_session_data::BoardWriter;

fn main() {
    let inside = BoardWriter::new().inside_reader();
    let _: openbell_session_data::InsideReader = inside.clone();
}
