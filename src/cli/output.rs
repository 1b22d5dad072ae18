//! Standard output and standard error, without a panic when nobody reads them, and without characters that do something to a
//! terminal: texts of others are in what is printed, and file names.

use crate::cli::exit::Exit;
use crate::foundation::text::{one_line, visible, visible_json};
use crate::scenario::Failure;
use std::fmt::Display;
use std::io::{self, Write};

/// Prints text and ends well, also when the reader has gone (as `head` does).
pub(super) fn print(text: &str) -> Exit {
    write(&mut io::stdout().lock(), &visible(text))
}

/// The same on one line, whatever a name in it holds.
pub(super) fn print_line(text: &str) -> Exit {
    print(&one_line(text))
}

/// The same of JSON.
pub(super) fn print_json(json: &str) -> Exit {
    write(&mut io::stdout().lock(), &visible_json(json))
}

/// The same; `colour` adds colours, which are left out where standard output is no terminal, or `NO_COLOR` is set.
pub(super) fn print_coloured(text: &str, colour: impl FnOnce(&str) -> String) -> Exit {
    write(&mut anstream::stdout().lock(), &colour(&visible(text)))
}

fn write(out: &mut impl Write, text: &str) -> Exit {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    match write!(out, "{text}{newline}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot write to standard output: {error}"));
            Exit::CouldNotRun
        }
        _ => Exit::Good,
    }
}

/// Says on standard error what is wrong, on one line.
pub(super) fn complain(problem: &dyn Display) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{}", one_line(&problem.to_string()));
}

/// Says why there is no scenario: a line for each problem.
pub(super) fn complain_of_scenario(failure: &Failure) {
    match failure {
        Failure::Invalid(problems) => problems.iter().for_each(|problem| complain(problem)),
        Failure::Unreadable { .. } => complain(failure),
    }
}
