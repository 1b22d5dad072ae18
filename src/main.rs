//! The `fedisim` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    fedisim::cli::main()
}
