//! What code outside session-data cannot write: every file of `refused/` is refused by the compiler.

#[test]
fn no_one_outside_makes_a_view_a_publication_or_a_second_hand() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
