//! The real binary on real files: what the other modules run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A scenario that runs in a moment; tests change lines of it.
pub(crate) const SMALL: &str = "\
name: small
description: small enough for a test
end: 8 min
compare: [v1, v2, peertube-9.0-dev]
instances:
  origin: {region: de}
  followers: {count: 4, region: fr}
videos:
  clip: {origin: origin, length: 10 min}
viewers:
  - video: clip
    arrivals: {constant: {rate: 0.2 /s}}
    watch: retention
    spread: {zipf: {origin_share: 30 %}}
network: {latency: {regions: {sigma: 0.3}}, loss: 2 %}
expect:
  - {metric: viewer_messages_sent, protocol: v2, relative_to: v1, max: 1, why: it sends totals}
";

/// A folder of its own for one test, with a scenario in it.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

/// What a command said and how it ended.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Bench {
    /// A folder with `small.yaml` holding `text`.
    pub(crate) fn with(text: &str) -> Bench {
        let bench = Bench { folder: tempfile::tempdir().expect("a temporary folder") };
        bench.write("small.yaml", text.as_bytes());
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("the folder can be written");
    }

    /// The command, to be started in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fedisim"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().expect("the binary starts"))
    }
}

impl Said {
    pub(crate) fn of(output: Output) -> Said {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints text");
        let said = Said {
            code: output.status.code().expect("it ends by itself"),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        assert!(!said.err.contains("panicked"), "{}", said.err);
        said
    }
}

/// All files below a folder, by name.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(
                self::files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)),
            );
        } else {
            files.insert(name, fs::read(&path).expect("a file"));
        }
    }
    files
}
