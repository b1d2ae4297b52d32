use openbell_session_data::{InsideReader, OutsideReader};

fn inside(outside: OutsideReader) -> InsideReader {
    outside.into()
}

fn main() {
    let _ = inside;
}
