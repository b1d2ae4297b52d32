#![allow(unreachable_code)]

use openbell_session_data::View;

fn main() {
    let _ = View { roster: panic!(), publication: panic!() };
}
