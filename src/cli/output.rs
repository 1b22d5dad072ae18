//! Standard output and standard error, without a panic when nobody reads them, and without control characters: texts of
//! others and file names are in what is printed.

use crate::cli::exit::Exit;
use crate::foundation::text::{one_line, visible, visible_json};
use crate::scenario::Failure;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

/// Prints text. A reader that has gone, such as `head`, is no error.
pub(super) fn print(text: &str) -> Exit {
    write(&mut io::stdout().lock(), &visible(text))
}

/// Prints text on one line, also if a name in it holds a line break.
pub(super) fn print_line(text: &str) -> Exit {
    print(&one_line(text))
}

pub(super) fn print_json(json: &str) -> Exit {
    write(&mut io::stdout().lock(), &visible_json(json))
}

/// Prints text with the colours that `colour` adds, unless standard output is no terminal or `NO_COLOR` is set.
pub(super) fn print_coloured(text: &str, colour: impl FnOnce(&str) -> String) -> Exit {
    write(&mut anstream::stdout().lock(), &colour(&visible(text)))
}

fn write(out: &mut impl Write, text: &str) -> Exit {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    match write!(out, "{text}{newline}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            fail(Exit::CouldNotRun, &format!("cannot write to standard output: {error}"))
        }
        _ => Exit::Good,
    }
}

/// Prints a problem or a note on standard error, on one line.
pub(super) fn complain(problem: &dyn Display) {
    // a closed standard error is no error
    let _ = writeln!(io::stderr().lock(), "{}", one_line(&problem.to_string()));
}

/// Prints a problem. Returns the exit code for it.
pub(super) fn fail(exit: Exit, problem: &dyn Display) -> Exit {
    complain(problem);
    exit
}

/// Prints that a file cannot be written. Returns the exit code for it.
pub(super) fn cannot_write(path: &Path, error: &io::Error) -> Exit {
    fail(Exit::CouldNotRun, &format!("{}: cannot be written: {error}", path.display()))
}

/// Prints why there is no scenario: a line for each problem.
pub(super) fn complain_of_scenario(failure: &Failure) {
    match failure {
        Failure::Invalid(problems) => problems.iter().for_each(|problem| complain(problem)),
        Failure::Unreadable { .. } => complain(failure),
    }
}
