//! The guides of `docs/` that need no program, each a test: its code is compiled and run, and what it prints is what the
//! page shows.
//!
//! Not here: the guides that a project is made for (`tests/project/made.rs`).

/// Holds what a guide prints against the blocks of text that its page shows.
///
/// # Panics
///
/// Where no block is that text.
pub fn shown(page: &str, printed: &str) {
    let mut blocks = page.split("```text\n").skip(1);
    let is_shown = |block: &str| block.split("```").next() == Some(printed);
    assert!(blocks.any(is_shown), "the page does not show what is printed:\n{printed}");
}

#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../docs/indicators_and_warm_up.md")]
    struct IndicatorsAndWarmUp;
    #[doc = include_str!("../../docs/first_scanner.md")]
    struct FirstScanner;
    #[doc = include_str!("../../docs/embed_a_session.md")]
    struct EmbedASession;
    #[doc = include_str!("../../docs/own_feed.md")]
    struct OwnFeed;
    #[doc = include_str!("../../docs/symbols_while_it_runs.md")]
    struct SymbolsWhileItRuns;
    #[doc = include_str!("../../docs/account.md")]
    struct Account;
    #[doc = include_str!("../../docs/inactive.md")]
    struct Inactive;
}
