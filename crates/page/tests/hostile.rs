//! Nothing that a name, a text or a number may hold gets out of its place, and the page asks for nothing.

use base64::Engine as _;
use openbell_wire::report::Report;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::made::{MB, account, calendar, empty, report, shelf, shown};

const HOSTILE: &str = "</script></title></style><img src=x onerror=alert(1)>\u{202e}\"'&\0";

/// A report in which every text that others choose is hostile.
fn hostile() -> Report {
    let calendar = calendar();
    let mut report = Report { accounts: vec![account(&calendar, 1).0], ..report(&calendar, 2, 1) };
    let text = HOSTILE.to_owned();
    report.session_name = text.clone();
    report.failure = Some(text.clone());
    report.phase = "failed".to_owned();
    report.metadata = json!({ (HOSTILE): HOSTILE }).as_object().cloned();
    report.consumers[0].name = text.clone();
    report.consumers[0].failure = Some(text.clone());
    report.signals[0].signal.kind = text.clone();
    report.signals[0].signal.symbol = text.clone();
    report.accounts[0].strategies = vec![text.clone()];
    report.accounts[0].by_symbol[0].symbol = text.clone();
    let session = &mut report.sessions[0];
    session.symbols[0].symbol = text.clone();
    let reason = session.gate[1].reason.as_mut().expect("shut");
    reason.holders.as_mut().expect("some")[0].symbol = text;
    report
}

#[test]
fn hostile_texts_are_shown_as_they_are() {
    let page = shown(&hostile(), &[], shelf(&calendar(), 2, 1, MB), MB);
    let sound = shown(&report(&calendar(), 2, 1), &[], shelf(&calendar(), 2, 1, MB), MB);
    assert!(!page.contains("<img"), "a tag got in");
    assert_eq!(page.matches("</script").count(), sound.matches("</script").count());
    assert_eq!(page.matches("</style").count(), 1);
    assert_eq!(page.matches("</title>").count() - page.matches("<title>").count(), 0);
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;⟨U+202E⟩&quot;&#39;&amp;⟨U+0000⟩"));
    assert!(!page.contains('\u{202e}') && !page.contains('\0'));
}

#[test]
fn ten_megabytes_of_metadata_do_not_make_the_page_large() {
    let mut report = empty();
    report.metadata = json!({ "note": "x".repeat(10 * MB) }).as_object().cloned();
    let page = shown(&report, &[], shelf(&calendar(), 0, 0, MB), MB);
    assert!(page.len() < 200_000, "{} bytes", page.len());
    assert!(page.contains("more characters)"));
}

/// The text of an element, as it stands in the page.
fn element<'p>(page: &'p str, open: &str, close: &str) -> &'p str {
    let at = page.rfind(open).expect("it is there") + open.len();
    page[at..].split(close).next().expect("it ends")
}

#[test]
fn the_policy_names_the_script_and_the_style_that_are_there_and_nothing_else() {
    let page = shown(&report(&calendar(), 1, 1), &[], shelf(&calendar(), 1, 1, MB), MB);
    let policy = element(&page, "Content-Security-Policy\" content=\"", "\"");
    let hash = |text: &str| {
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text));
        format!("'sha256-{hash}'")
    };
    let script = hash(element(&page, "<script>", "</script>"));
    let style = hash(element(&page, "<style>", "</style>"));
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(policy.contains(&format!("script-src {script};")), "{policy}");
    assert!(policy.contains(&format!("style-src {style};")), "{policy}");
    assert_eq!(page.matches("<script>").count(), 1, "one script, and blocks of data");
    // A style or a handler of an element would be refused by the policy, and asks for a hole in it.
    let body = page.split("<body>").nth(1).expect("a body").split("<script>").next().expect("all");
    for attribute in [" style=", " onclick=", " onload=", "javascript:"] {
        assert!(!body.contains(attribute), "{attribute}");
    }
}

#[test]
fn the_page_asks_for_nothing() {
    let page = shown(&report(&calendar(), 1, 1), &[], shelf(&calendar(), 1, 1, MB), MB);
    let script = element(&page, "<script>", "</script>");
    for address in page.match_indices("://").map(|(at, _)| &page[at.saturating_sub(5)..at + 20]) {
        // Names of forms of markup, which are never asked for.
        let is_name = address.contains("://www.w3.org/") && script.contains(address);
        assert!(is_name, "an address: {address}");
    }
    let body = page.replace(script, "");
    for word in [" src=", "<link", "@import", "fetch(", "<iframe", "<object", "<base"] {
        assert!(!body.contains(word), "{word}");
    }
    let links = body.split(" href=\"").skip(1).map(|link| &link[..1]);
    assert!(links.into_iter().all(|first| first == "#"));
    assert!(body.replace("url(#hatch)", "").find("url(").is_none());
}

#[test]
fn a_run_that_failed_says_so_before_all_else() {
    let page = shown(&hostile(), &[], shelf(&calendar(), 0, 0, MB), MB);
    let alarm = page.find("class=\"alarm\"").expect("an alarm");
    assert!(alarm < page.find("id=\"story\"").expect("a story"));
    let empty = shown(&empty(), &[], shelf(&calendar(), 0, 0, MB), MB);
    assert!(empty.contains("The run is empty: not one bar was delivered."));
    assert!(empty.contains("No session was opened."));
}
