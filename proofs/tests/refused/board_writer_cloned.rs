fn main() {
    let board = openbell_session_data::BoardWriter::new();
    let _: openbell_session_data::BoardWriter = board.clone();
}
