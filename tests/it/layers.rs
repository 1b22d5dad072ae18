//! The layers of ARCHITECTURE.md: a module imports only from modules before it in `src/lib.rs` and `src/main.rs`; every file says at its
//! head what it is for.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            // A package of its own, such as benches/peers, builds into a folder of its own.
            if !path.ends_with("target") {
                files.extend(rust_files(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The modules of the library and then those of the command, in their order.
fn layers() -> Vec<String> {
    let module = |line: &str| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned);
    let modules = |file: &str| {
        let text = fs::read_to_string(root().join(file)).expect("the root of a crate");
        text.lines().filter_map(module).collect::<Vec<_>>()
    };
    [modules("src/lib.rs"), modules("src/main.rs")].concat()
}

#[test]
fn a_module_imports_only_from_layers_before_it() {
    let layers = layers();
    assert!(layers.len() >= 13);
    let position = |name: &str| layers.iter().position(|layer| layer == name);
    let mut imports = 0;
    for file in rust_files(&root().join("src")) {
        let inside = file.strip_prefix(root().join("src")).expect("a file of the library");
        let top = inside.components().next().expect("a name").as_os_str().to_string_lossy();
        let Some(own) = position(top.trim_end_matches(".rs")) else { continue };
        let text = fs::read_to_string(&file).expect("a source file");
        for import in text.split("crate::").skip(1) {
            let name: String = import.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let layer = position(&name);
            assert!(
                layer.is_some_and(|layer| layer <= own),
                "{}: crate::{name} is not above `{}`",
                file.display(),
                layers[own]
            );
            imports += 1;
        }
    }
    assert!(imports > 200, "the imports were found: {imports}");
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
    const MODEL: [&str; 7] = ["foundation", "mechanism", "domain", "event", "instance", "observe", "metrics"];
    let mut lines = 0;
    for file in rust_files(&root().join("src")) {
        let inside = file.strip_prefix(root().join("src")).expect("a file of the library");
        let top = inside.components().next().expect("a name").as_os_str().to_string_lossy();
        let top = top.trim_end_matches(".rs");
        if !MODEL.contains(&top) && top != "sim" {
            continue;
        }
        // The one place that starts threads: followers are replayed in any order, which the engines' comparison holds it to.
        let may_use = if inside == Path::new("sim/columns/windows.rs") { "std::thread" } else { "" };
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
    assert_eq!(rows.collect::<Vec<_>>(), layers());
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
