//! The check for look-ahead, as the program makes and shows it.

use crate::support::{Folder, repository};

fn config(name: &str) -> String {
    repository().join("session_configs").join(name).display().to_string()
}

#[test]
fn the_session_files_of_the_repository_see_nothing_before_its_time() {
    let folder = Folder::new();
    for name in ["example_session.json", "scanners.json", "indicators.json"] {
        let json = folder
            .run(&["check-lookahead", &config(name), "--cuts", "24", "--json"])
            .expect_code(0)
            .json();
        assert_eq!(json["n_cuts"], 24, "{name}");
        assert_eq!(json["findings"], serde_json::json!([]), "{name}");
        assert!(json["n_steps"].as_u64() > Some(2_000), "{name}: {json}");
    }
}

#[test]
fn the_check_says_in_words_what_it_has_done() {
    let folder = Folder::new();
    let file = config("scanners.json");
    let out = folder.run(&["check-lookahead", &file, "--cuts", "3", "--seed", "7"]).expect_code(0);
    let expected = format!("{file}: no look-ahead found: 3 cuts\n");
    assert!(out.out.starts_with(&expected), "{}", out.out);
    assert!(out.out.contains("held against the run with all data"), "{}", out.out);
}

#[test]
fn no_cut_at_all_is_refused() {
    let folder = Folder::new();
    let file = config("minimal.json");
    let call = folder.run(&["check-lookahead", &file, "--cuts", "0"]).expect_code(2);
    assert!(call.err.contains("--cuts"), "{}", call.err);
}
