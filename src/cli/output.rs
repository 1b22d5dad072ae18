//! Standard output and standard error, without a panic when nobody reads them.

use crate::cli::Exit;
use std::fmt::Display;
use std::io::{self, Write};

/// Prints text and ends well, also when the reader has gone (as `head` does).
pub(super) fn print(text: &str) -> Exit {
    write(&mut io::stdout().lock(), text)
}

/// The same; colours are left out where standard output is no terminal, or `NO_COLOR` is set.
pub(super) fn print_coloured(text: &str) -> Exit {
    write(&mut anstream::stdout().lock(), text)
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

/// Says on standard error what is wrong.
pub(super) fn complain(problem: &dyn Display) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{problem}");
}
