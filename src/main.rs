//! The `fedisim` command: the layers above the library, which read what its runs wrote and talk to people. They are a crate of
//! their own, so that a change in them compiles without the engine.

// What a module offers to the others here is `pub`, as in the library.
#![allow(unreachable_pub)]

#[cfg(feature = "live")]
use fedisim::{cell, live, observe, parity};
use fedisim::{
    conform, domain, files, foundation, import, intervals, mechanism, metrics, runs, scenario, sim, theory,
};
use std::process::ExitCode;

pub mod report;

pub mod check;

pub mod cli;

fn main() -> ExitCode {
    cli::main()
}
