//! The program as people meet it: started with arguments in a folder of its own, judged by its exit code, what it says
//! and the files that it leaves.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

/// A small scenario: three protocols, six instances, a hundred visits; a run takes some milliseconds.
pub(crate) const SMALL: &str = "\
name: small
description: something to run
end: 10 min
compare: [v1, v2, v3]
instances:
  origin: {}
  followers: {count: 5}
videos:
  clip: {origin: origin, length: 10 min}
viewers:
  - video: clip
    arrivals: {constant: {rate: 10 /min}}
    watch: {exponential: 2 min}
    spread: {zipf: {origin_share: 50 %}}
network: {latency: {uniform: {min: 10 ms, max: 90 ms}}, loss: 1 %}
";

/// A folder for one test, removed at its end.
pub(crate) struct Place(TempDir);

/// What became of a call.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Place {
    /// An empty folder.
    pub(crate) fn new() -> Place {
        Place(TempDir::new().expect("a temporary folder"))
    }

    /// A folder with `SMALL` in it.
    pub(crate) fn with_small() -> Place {
        let place = Place::new();
        place.write("small.yaml", SMALL);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("a temporary file");
    }

    /// Calls the program in this folder and waits for its end.
    pub(crate) fn call(&self, arguments: &[&str]) -> Answer {
        Answer::of(self.command(arguments).output().expect("the program starts")).harmless()
    }

    /// The same with variables in its environment.
    pub(crate) fn call_in(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Answer {
        let mut command = self.command(arguments);
        Answer::of(command.envs(variables.iter().copied()).output().expect("the program starts"))
    }

    /// Calls the program, which must end well, and returns what it prints.
    pub(crate) fn good(&self, arguments: &[&str]) -> String {
        let answer = self.call(arguments);
        assert_eq!(answer.code, Some(0), "{arguments:?}: {}", answer.err);
        answer.out
    }

    /// A figure of a report's page, by the name of its kind.
    #[cfg(feature = "report")]
    pub(crate) fn figure(&self, page: &str, kind: &str) -> Value {
        let data = page_data(&self.read(page));
        let figures = data["figures"].as_array().expect("figures");
        figures.iter().find(|figure| figure["kind"] == kind).expect("a figure of this kind").clone()
    }

    /// Calls the program with something on its standard input.
    pub(crate) fn call_with(&self, arguments: &[&str], input: &str) -> Answer {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // it may have refused its arguments before it read anything
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Answer::of(child.wait_with_output().expect("it ends")).harmless()
    }

    /// Calls the program, which must come to its end soon.
    pub(crate) fn call_soon(&self, arguments: &[&str]) -> Answer {
        let mut child = self.start(arguments);
        for waited in 0.. {
            if child.try_wait().expect("it runs").is_some() {
                break;
            }
            if waited > 10_000 {
                child.kill().expect("it runs");
                child.wait().expect("it ends");
                panic!("{arguments:?} does not end");
            }
            sleep(Duration::from_millis(2));
        }
        Answer::of(child.wait_with_output().expect("it ends")).harmless()
    }

    /// Makes a manifest say that the files of a run are as they are now.
    pub(crate) fn digest_anew(&self, folder: &str) {
        let path = format!("{folder}/manifest.json");
        let mut manifest: Value = serde_json::from_str(&self.read(&path)).expect("JSON");
        for (name, digest) in manifest["records_sha256"].as_object_mut().expect("digests") {
            let bytes = fs::read(self.path(&format!("{folder}/{name}"))).expect("a file of records");
            *digest = hex(&Sha256::digest(&bytes)).into();
        }
        self.write(&path, manifest.to_string());
    }

    /// Starts the program and returns at once.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fedisim"));
        command.args(arguments).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    /// The text of a file.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a text file")
    }

    /// The content of every file in a folder of this place, by its path there.
    pub(crate) fn contents(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(&self.path(folder), "", &mut files);
        files
    }

    /// A file of a run's folder as rows of cells, without the column names.
    pub(crate) fn rows(&self, file: &str) -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_path(self.path(file)).expect("a file of records");
        let rows = reader.records().map(|row| row.expect("a whole row").iter().map(str::to_owned).collect());
        rows.collect()
    }
}

impl Answer {
    /// The same, without a character that does something to a terminal.
    fn harmless(self) -> Answer {
        for text in [&self.out, &self.err] {
            let wrong = text.chars().find(|&c| c.is_control() && !matches!(c, '\n' | '\t'));
            assert_eq!(wrong, None, "{text:?}");
        }
        self
    }

    pub(crate) fn of(output: Output) -> Answer {
        let text = |bytes| String::from_utf8(bytes).expect("the program speaks UTF-8");
        let answer =
            Answer { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        assert!(!answer.err.contains("panicked"), "{}", answer.err);
        answer
    }
}

/// Bytes as digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn gather(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = format!("{prefix}{}", path.file_name().expect("a name").to_string_lossy());
        if path.is_dir() {
            gather(&path, &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read(&path).expect("a file"));
        }
    }
}

/// The data in a report's page.
#[cfg(feature = "report")]
pub(crate) fn page_data(page: &str) -> Value {
    let data =
        page.split("id=\"data\">").nth(1).and_then(|rest| rest.split("</script>").next()).expect("data");
    assert!(!data.contains('<'));
    serde_json::from_str(data).expect("JSON")
}
