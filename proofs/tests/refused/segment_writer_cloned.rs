use openbell_session_data::SegmentWriter;

fn second_hand(writer: SegmentWriter) {
    let _: SegmentWriter = writer.clone();
}

fn main() {
    let _ = second_hand;
}
