//! Exit codes, and the outcome of a verb.

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// Success.
    Good = 0,
    /// It could not run: something cannot be read or written.
    CouldNotRun = 1,
    /// A mistake in the usage, in a scenario or in a recording.
    BadInput = 2,
    /// A gate failed: an expectation or a comparison.
    GateFailed = 99,
    /// It was interrupted.
    Interrupted = 130,
}

/// The exit code of a verb. An error is one whose problem is printed.
pub(super) type Outcome = Result<Exit, Exit>;
