//! The layers of ARCHITECTURE.md: a module imports only from modules before it in `src/lib.rs`; every file says at its
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
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The modules of the library, in their order.
fn layers() -> Vec<String> {
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("the library");
    let module = |line: &str| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned);
    lib.lines().filter_map(module).collect()
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
