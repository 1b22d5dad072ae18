//! How the program ends.

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// As it should.
    Good = 0,
    /// It could not run: something cannot be read or written.
    CouldNotRun = 1,
    /// A mistake in the usage, a scenario or a recording.
    BadInput = 2,
    /// A gate failed: an expectation or a comparison.
    GateFailed = 99,
    /// Somebody interrupted it.
    Interrupted = 130,
}
