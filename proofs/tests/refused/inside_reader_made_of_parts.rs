#![allow(unreachable_code)]

use openbell_session_data::InsideReader;

fn main() {
    let _ = InsideReader { board: panic!() };
}
