//! Rust source as the rules read it: words, paths, macros and definitions, without comments and
//! strings, each with its line and whether it is test code.
//!
//! Not here: types, scopes, method calls on values; those are clippy's (`clippy.toml`).

use std::str::FromStr as _;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Whether a piece of code is compiled into the product or into its tests only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Part of the crate that others use.
    Product,
    /// Under `#[cfg(test)]` or `#[test]`.
    Test,
}

/// Who chose the name of what is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// This place.
    Here,
    /// A trait that is implemented here; its own definition is the place to judge its names.
    Trait,
}

/// A token, flattened: groups are their two brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Mark(char),
    Literal,
}

#[derive(Debug, Clone)]
struct Spot {
    token: Token,
    line: usize,
    place: Place,
    owner: Owner,
}

/// A path (`std::fs::read`), as it stands in an expression, a type or a `use`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathUse {
    /// The names between the colons; a glob is `*`.
    pub segments: Vec<String>,
    /// The name by which a `use` brings it in: its last, or the one after `as`.
    pub name: String,
    /// The line of the first name.
    pub line: usize,
    /// Product or test.
    pub place: Place,
}

/// A word in the code with the word or mark before and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word itself.
    pub text: String,
    /// The word or mark right before, such as `fn` or `[`; empty at the start of the file.
    pub before: String,
    /// The mark right after, such as `!` or `(`; absent where a word stands there.
    pub after: Option<char>,
    /// Its line.
    pub line: usize,
    /// Product or test.
    pub place: Place,
    /// Who chose it, where it is a name that is defined.
    pub owner: Owner,
}

/// The code of one file.
#[derive(Debug)]
pub struct Code {
    spots: Vec<Spot>,
}

impl Code {
    /// Reads a file's text.
    ///
    /// # Errors
    ///
    /// When the text is no Rust: unbalanced brackets, an open string.
    pub fn read(text: &str) -> Result<Self> {
        let stream = TokenStream::from_str(text)
            .map_err(|e| anyhow!("cannot read line {} as Rust: {e}", e.span().start().line))?;
        let mut spots = Vec::new();
        flatten(stream, (Place::Product, Owner::Here), &mut spots);
        Ok(Self { spots })
    }

    /// Every word with its neighbours.
    pub fn words(&self) -> impl Iterator<Item = Word> + '_ {
        self.spots.iter().enumerate().filter_map(|(i, spot)| {
            let Token::Word(text) = &spot.token else { return None };
            let before = match i.checked_sub(1).map(|before| &self.spots[before].token) {
                Some(Token::Word(word)) => word.clone(),
                Some(Token::Mark(mark)) => mark.to_string(),
                Some(Token::Literal) | None => String::new(),
            };
            let after = match self.spots.get(i + 1).map(|next| &next.token) {
                Some(Token::Mark(mark)) => Some(*mark),
                _ => None,
            };
            let &Spot { line, place, owner, .. } = spot;
            Some(Word { text: text.clone(), before, after, line, place, owner })
        })
    }

    /// Every path of two names or more, with the trees of `use` written out.
    pub fn paths(&self) -> Vec<PathUse> {
        let mut paths = Vec::new();
        let mut at = 0;
        while at < self.spots.len() {
            if matches!(self.spots[at].token, Token::Word(_)) {
                at = self.path_from(at, &[], &mut paths);
            } else {
                at += 1;
            }
        }
        paths.retain(|path| path.segments.len() > 1);
        paths
    }

    /// The names of the functions inside `macro_name! { … }`, in order.
    pub fn functions_in_macro(&self, macro_name: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut depth = None;
        let mut open = 0_usize;
        for (i, spot) in self.spots.iter().enumerate() {
            match &spot.token {
                Token::Mark('{' | '(' | '[') => open += 1,
                Token::Mark('}' | ')' | ']') => {
                    open = open.saturating_sub(1);
                    if depth.is_some_and(|depth| open <= depth) {
                        depth = None;
                    }
                }
                Token::Word(word) if word == macro_name && self.is_mark(i + 1, '!') => {
                    depth = Some(open);
                }
                Token::Word(word) if word == "fn" && depth.is_some() => {
                    if let Some(Token::Word(name)) = self.spots.get(i + 1).map(|s| &s.token) {
                        names.push(name.clone());
                    }
                }
                _ => {}
            }
        }
        names
    }

    /// Reads one path from `at`, after `prefix`; returns where reading goes on.
    fn path_from(&self, at: usize, prefix: &[String], paths: &mut Vec<PathUse>) -> usize {
        let Spot { line, place, .. } = self.spots[at];
        let mut segments = prefix.to_vec();
        let mut i = at;
        loop {
            match self.spots.get(i).map(|s| &s.token) {
                Some(Token::Word(word)) => segments.push(word.clone()),
                Some(Token::Mark('*')) => segments.push("*".to_owned()),
                Some(Token::Mark('{')) if i > at || !prefix.is_empty() => {
                    return self.tree_from(i, &segments, paths);
                }
                _ => break,
            }
            i += 1;
            if self.is_mark(i, ':') && self.is_mark(i + 1, ':') {
                i += 2;
            } else {
                break;
            }
        }
        if segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        let name = match (self.word(i), self.word(i + 1)) {
            (Some("as"), Some(alias)) => alias.to_owned(),
            _ => segments.last().cloned().unwrap_or_default(),
        };
        paths.push(PathUse { segments, name, line, place });
        i
    }

    /// Reads the branches of a `use` tree from its `{`; returns where reading goes on.
    fn tree_from(&self, brace: usize, prefix: &[String], paths: &mut Vec<PathUse>) -> usize {
        let mut i = brace + 1;
        while i < self.spots.len() && !self.is_mark(i, '}') {
            match self.spots[i].token {
                Token::Mark(',') => i += 1,
                Token::Word(ref word) if word == "as" => i += 2,
                _ => i = self.path_from(i, prefix, paths).max(i + 1),
            }
        }
        i + 1
    }

    /// The word at `at`; absent where a mark or nothing stands there.
    fn word(&self, at: usize) -> Option<&str> {
        match self.spots.get(at).map(|spot| &spot.token) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn is_mark(&self, at: usize, mark: char) -> bool {
        self.spots.get(at).is_some_and(|spot| spot.token == Token::Mark(mark))
    }
}

/// Flattens a stream; what follows a test attribute is test code up to its `;` or its last brace.
fn flatten(stream: TokenStream, outer: (Place, Owner), spots: &mut Vec<Spot>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let (mut place, owner) = outer;
    let mut item_at = 0;
    for (i, tree) in tokens.iter().enumerate() {
        let mut note = |token, line| spots.push(Spot { token, line, place, owner });
        let line = tree.span().start().line;
        match tree {
            TokenTree::Ident(ident) => {
                let word = ident.to_string();
                note(Token::Word(word.strip_prefix("r#").unwrap_or(&word).to_owned()), line);
            }
            TokenTree::Literal(_) => note(Token::Literal, line),
            TokenTree::Punct(mark) => {
                note(Token::Mark(mark.as_char()), line);
                if mark.as_char() == ';' {
                    (place, item_at) = (outer.0, i + 1);
                }
            }
            TokenTree::Group(group) => {
                if is_attribute(&tokens, i) && is_test_attribute(&group.stream().to_string()) {
                    place = Place::Test;
                }
                let is_brace = group.delimiter() == Delimiter::Brace;
                let inner = if is_brace && is_trait_impl(&tokens[item_at..i]) {
                    Owner::Trait
                } else {
                    owner
                };
                let (open, close) = brackets(group.delimiter());
                spots.push(Spot { token: Token::Mark(open), line, place, owner });
                flatten(group.stream(), (place, inner), spots);
                let line = group.span_close().end().line;
                spots.push(Spot { token: Token::Mark(close), line, place, owner });
                if is_brace {
                    (place, item_at) = (outer.0, i + 1);
                }
            }
        }
    }
}

/// Whether the group at `at` is the bracket of an attribute.
fn is_attribute(tokens: &[TokenTree], at: usize) -> bool {
    let is_mark = |back: usize, mark: char| {
        let before = at.checked_sub(back).map(|at| &tokens[at]);
        matches!(before, Some(TokenTree::Punct(found)) if found.as_char() == mark)
    };
    let is_bracket =
        matches!(&tokens[at], TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket);
    is_bracket && (is_mark(1, '#') || (is_mark(1, '!') && is_mark(2, '#')))
}

/// Whether an item begins as the implementation of a trait: `impl … for …`.
fn is_trait_impl(head: &[TokenTree]) -> bool {
    let has = |word: &str| head.iter().any(|t| matches!(t, TokenTree::Ident(i) if i == word));
    has("impl") && has("for") && !has("fn")
}

fn is_test_attribute(attribute: &str) -> bool {
    let words: String = attribute.split_whitespace().collect();
    words == "test"
        || ["cfg(test)", "cfg(all(test,", "cfg(any(test,"]
            .iter()
            .any(|start| words.starts_with(start))
}

fn brackets(delimiter: Delimiter) -> (char, char) {
    match delimiter {
        Delimiter::Brace => ('{', '}'),
        Delimiter::Bracket => ('[', ']'),
        Delimiter::Parenthesis => ('(', ')'),
        // Only macro expansion yields invisible groups; a file read as text has none.
        Delimiter::None => ('(', ')'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let code = Code::read(text).expect("the test's text is Rust");
        code.paths().into_iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn a_use_tree_is_written_out() {
        assert_eq!(
            paths("use std::{self, fs, io::{self, Read as _}, thread::*};"),
            ["std::fs", "std::io", "std::io::Read", "std::thread::*"]
        );
    }

    #[test]
    fn a_path_is_known_by_the_name_that_it_is_given() {
        let code = Code::read("use a::{B as C, d};\nuse e::f as g;").expect("it is Rust");
        let names: Vec<String> = code.paths().into_iter().map(|path| path.name).collect();
        assert_eq!(names, ["C", "d", "g"]);
    }

    #[test]
    fn a_path_in_an_expression_or_a_type_is_seen() {
        assert_eq!(
            paths("fn a(x: std::fs::File) -> u8 { thread::sleep(D); b::<std::env::Args>() }"),
            ["std::fs::File", "thread::sleep", "std::env::Args"]
        );
    }

    #[test]
    fn comments_and_strings_hold_no_paths() {
        assert_eq!(paths("// std::fs\n/// std::fs::read\nfn a() { b(\"std::fs\") }"), [""; 0]);
    }

    #[test]
    fn what_stands_under_a_test_attribute_is_test_code() {
        let code = Code::read(
            "use a::b;\n#[cfg(test)]\nuse c::d;\nfn e() { f::g() }\n#[cfg(test)]\nmod t { use h::i; }\nfn j() { k::l() }",
        )
        .expect("the test's text is Rust");
        let seen: Vec<(String, usize, Place)> =
            code.paths().into_iter().map(|p| (p.segments.join("::"), p.line, p.place)).collect();
        let row = |path: &str, line, place| (path.to_owned(), line, place);
        assert_eq!(
            seen,
            [
                row("a::b", 1, Place::Product),
                row("c::d", 3, Place::Test),
                row("f::g", 4, Place::Product),
                row("h::i", 6, Place::Test),
                row("k::l", 7, Place::Product),
            ]
        );
    }

    #[test]
    fn the_functions_of_a_macro_are_listed_and_others_are_not() {
        let code = Code::read(
            "fn a() {}\nproptest! { #[test] fn b(x in 0..3) { c(x) } #[test] fn d(y in 1..2) {} }\nfn e() {}",
        )
        .expect("the test's text is Rust");
        assert_eq!(code.functions_in_macro("proptest"), ["b", "d"]);
    }

    #[test]
    fn text_that_is_no_rust_is_refused_with_its_line() {
        let error = Code::read("fn a() {\n  b(\n}").expect_err("brackets do not match");
        assert!(error.to_string().starts_with("cannot read line "), "{error}");
    }
}
