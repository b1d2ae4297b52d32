//! Colours: on a terminal, unless the environment or the command line says otherwise.

use crate::support::{Folder, on_terminal};

/// What the environment may say of colours, taken away before a test says its own.
const WORDS: [&str; 5] = ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "TERM"];

/// What a command line prints to a pipe, results and messages, under an environment.
fn piped(folder: &Folder, args: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = folder.command(args);
    for word in WORDS {
        command.env_remove(word);
    }
    let output = command.envs(environment.iter().copied()).output().expect("the program starts");
    String::from_utf8([output.stdout, output.stderr].concat()).expect("text")
}

/// A result, a table, an error of ours, a usage error and a help text.
const CALLS: [&[&str]; 4] =
    [&["data", "ls", "bars"], &["run", "none.json"], &["run", "--sped", "1"], &["run", "--help"]];

#[test]
fn a_pipe_gets_no_colours_unless_they_are_forced() {
    let folder = Folder::with_market();
    for call in CALLS {
        let coloured = |environment: &[(&str, &str)], more: &[&str]| {
            piped(&folder, &[call, more].concat(), environment).contains('\u{1b}')
        };
        let term = ("TERM", "xterm-256color");
        assert!(!coloured(&[term], &[]), "{call:?}");
        assert!(coloured(&[("CLICOLOR_FORCE", "1")], &[]), "{call:?}");
        assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]), "{call:?}");
        assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]), "{call:?}");
        assert!(coloured(&[("NO_COLOR", "1")], &["--color", "always"]), "{call:?}");
        assert!(coloured(&[], &["--color=always"]), "{call:?}");
    }
}

#[test]
fn a_terminal_gets_colours_unless_they_are_not_wanted() {
    let folder = Folder::with_market();
    for call in CALLS {
        let coloured = |environment: &[(&str, &str)], more: &[&str]| {
            let mut command = folder.command(&[call, more].concat());
            for word in WORDS {
                command.env_remove(word);
            }
            command.env("TERM", "xterm-256color").envs(environment.iter().copied());
            on_terminal(command).map(|shown| shown.contains('\u{1b}'))
        };
        let Some(is_coloured) = coloured(&[], &[]) else { return };
        assert!(is_coloured, "{call:?}");
        for (environment, more, wanted) in [
            (&[("NO_COLOR", "1")][..], &[][..], false),
            (&[("NO_COLOR", "")], &[], true),
            (&[("CLICOLOR", "0")], &[], false),
            (&[("TERM", "dumb")], &[], false),
            (&[], &["--color", "never"], false),
            (&[("NO_COLOR", "1")], &["--color", "always"], true),
        ] {
            assert_eq!(
                coloured(environment, more),
                Some(wanted),
                "{call:?} {environment:?} {more:?}"
            );
        }
    }
}
