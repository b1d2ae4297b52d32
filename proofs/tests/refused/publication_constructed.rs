fn main() {
    let _ = openbell_session_data::Publication { number: 1, epoch: 1, instant: 0 };
}
