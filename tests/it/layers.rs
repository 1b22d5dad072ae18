//! The rooms of ARCHITECTURE.md: a module imports only from modules before it in `src/lib.rs` and `src/main.rs`, no files import each other
//! in a circle, no file is long, and every file says at its head what it is for.

mod imports;
mod planted;
mod rules;

use imports::{imports, rust_files};
use rules::{circles, layers, long_files, top_module, upward_imports};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn src() -> PathBuf {
    root().join("src")
}

#[test]
fn a_module_imports_only_from_layers_before_it() {
    assert!(layers(&src()).len() >= 13);
    let found = imports(&src()).len();
    assert!(found > 600, "the imports were found: {found}");
    assert_eq!(upward_imports(&src()), [""; 0]);
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let folders = ["src", "tests/it", "benches/peers/src"];
    let found = folders.iter().flat_map(|folder| circles(&root().join(folder)));
    let found: Vec<String> = found.collect();
    assert!(found.is_empty(), "{}", found.concat());
}

#[test]
fn no_file_is_long() {
    let folders = ["src", "tests", "benches", "examples", "scripts", ".ci"];
    let found: Vec<String> = folders.iter().flat_map(|folder| long_files(&root().join(folder))).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The lines of a file that are code, without the tests at its end.
fn code(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("a source file");
    let before_tests = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code = before_tests.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    code.map(str::to_owned).collect()
}

/// The model owns no clock, queue of threads, socket, file or random number of its own making.
#[test]
fn the_model_does_not_touch_the_world() {
    const WORDS: [&str; 15] = [
        "std::fs",
        "std::io",
        "std::net",
        "std::thread",
        "std::process",
        "std::env",
        "std::sync::Mutex",
        "std::time",
        "println!",
        "tokio",
        "hyper",
        "rayon",
        "from_os_rng",
        "HashMap",
        "HashSet",
    ];
    const MODEL: [&str; 8] =
        ["foundation", "mechanism", "domain", "event", "instance", "observe", "metrics", "request"];
    let mut lines = 0;
    for file in rust_files(&src()) {
        let inside = file.strip_prefix(src()).expect("a file of the library");
        let top = top_module(&src(), &file);
        if !MODEL.contains(&top.as_str()) && top != "sim" {
            continue;
        }
        // The one place that starts threads: followers are replayed in any order, which the engines' comparison holds it to.
        let may_use = if inside == Path::new("sim/replay/windows.rs") { "std::thread" } else { "" };
        for line in code(&file) {
            lines += 1;
            let word = WORDS.iter().find(|word| **word != may_use && line.contains(**word));
            assert!(word.is_none(), "{}: {line}", file.display());
        }
    }
    assert!(lines > 2_000, "the code was found: {lines} lines");
}

/// What drives an instance is not known below the drivers.
#[test]
fn mechanisms_and_domain_name_no_driver() {
    for folder in ["src/mechanism", "src/domain"] {
        for file in rust_files(&root().join(folder)) {
            for line in code(&file) {
                let lower = line.to_lowercase();
                let word =
                    ["simulat", "driver", "observer", "scenario"].iter().find(|word| lower.contains(**word));
                assert!(word.is_none(), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn the_map_lists_the_layers_in_their_order() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the map");
    let rows = map.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned));
    assert_eq!(rows.collect::<Vec<_>>(), layers(&src()));
}

#[test]
fn every_file_says_what_it_is_for() {
    for folder in ["src", "tests", "examples", "benches"] {
        for file in rust_files(&root().join(folder)) {
            let text = fs::read_to_string(&file).expect("a source file");
            assert!(text.starts_with("//! "), "{}", file.display());
        }
    }
}
