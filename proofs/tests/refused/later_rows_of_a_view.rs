use openbell_session_data::{Rows, View};

fn later<'v>(view: View<'v>) -> Rows<'v> {
    let symbol = view.symbol("A").unwrap();
    symbol.base().unwrap().today().segment().unwrap().rows()
}

fn main() {
    let _ = later;
}
