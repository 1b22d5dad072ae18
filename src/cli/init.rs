//! `fedisim init`: a commented scenario to start from.

use crate::cli::exit::Exit;
use crate::cli::output::{complain, print_line};
use crate::scenario::{self, is_name};
use clap::Args;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// `fedisim init`
#[derive(Args)]
pub(super) struct Arguments {
    /// The file to write; it must not exist
    #[arg(default_value = "example.yaml", value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn main(arguments: &Arguments) -> Exit {
    let file = &arguments.file;
    let Some(name) = file.file_stem().and_then(|stem| stem.to_str()).filter(|name| is_name(name)) else {
        complain(&format!(
            "{}: a scenario is called as its file, in lower-case letters, digits and hyphens, at most 63",
            file.display()
        ));
        return Exit::BadInput;
    };
    match write_new(file, &scenario::example(name)) {
        Ok(()) => print_line(&format!("wrote {0}; now: fedisim run {0}", file.display())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            complain(&format!("{} exists already; name another file", file.display()));
            Exit::BadInput
        }
        Err(error) => {
            complain(&format!("cannot write {}: {error}", file.display()));
            Exit::CouldNotRun
        }
    }
}

fn write_new(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(file)?.write_all(text.as_bytes())
}
