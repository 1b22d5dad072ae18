//! The rules that files are held to, as functions over a folder: each returns what breaks it, in words.

use super::imports::{Import, imports, rust_files};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The longest that a file of code may be, in lines.
const LINES_MAX: usize = 450;

/// A path as it is said to people: inside of `folder`.
fn said(folder: &Path, file: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).display().to_string()
}

/// The circles of imports between the files of a crate: its files, and the imports that tie them.
pub(super) fn circles(folder: &Path) -> Vec<String> {
    let imports = imports(folder);
    let mut next: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
    for (from, to, _) in &imports {
        next.entry(from).or_default().insert(to);
    }
    let reached: BTreeMap<&Path, BTreeSet<&Path>> =
        next.keys().map(|file| (*file, reached_from(file, &next))).collect();
    let reaches = |from: &Path, to: &Path| reached.get(from).is_some_and(|files| files.contains(to));
    let mut circles: BTreeMap<BTreeSet<&Path>, Vec<&Import>> = BTreeMap::new();
    for import in imports.iter().filter(|(from, to, _)| reaches(to, from)) {
        let files = reached[import.0.as_path()].iter().filter(|file| reaches(file, &import.0));
        circles.entry(files.copied().collect()).or_default().push(import);
    }
    let line =
        |(from, to, path): &&Import| format!("  {} -> {}: {path}\n", said(folder, from), said(folder, to));
    circles
        .into_iter()
        .map(|(files, ties)| {
            let names: Vec<String> = files.into_iter().map(|file| said(folder, file)).collect();
            format!("a circle of {}:\n{}", names.join(", "), ties.iter().map(line).collect::<String>())
        })
        .collect()
}

fn reached_from<'a>(file: &'a Path, next: &BTreeMap<&'a Path, BTreeSet<&'a Path>>) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut ahead = vec![file];
    while let Some(file) = ahead.pop() {
        for to in next.get(file).into_iter().flatten() {
            if reached.insert(*to) {
                ahead.push(to);
            }
        }
    }
    reached
}

/// The modules of a library and then those of its command, in the order in which their roots declare them.
pub(super) fn layers(src: &Path) -> Vec<String> {
    let module = |line: &str| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned);
    let roots = ["lib.rs", "main.rs"].map(|root| fs::read_to_string(src.join(root)).unwrap_or_default());
    roots.iter().flat_map(|root| root.lines()).filter_map(module).collect()
}

/// The top module that a file of the library belongs to.
pub(super) fn top_module(src: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(src).expect("a file of the library");
    let top = inside.components().next().expect("a name").as_os_str().to_string_lossy();
    top.trim_end_matches(".rs").to_owned()
}

/// Imports, and links in comments, of a module that is declared after the importing one. An import of the root counts.
pub(super) fn upward_imports(src: &Path) -> Vec<String> {
    let layers = layers(src);
    let position = |name: &str| layers.iter().position(|layer| layer == name);
    let mut wrong = Vec::new();
    let mut check = |file: &Path, name: &str| {
        if let Some(own) = position(&top_module(src, file))
            && position(name).is_none_or(|other| other > own)
        {
            wrong.push(format!("{}: {name} is not before {}", said(src, file), layers[own]));
        }
    };
    for (from, to, _) in imports(src) {
        check(&from, &top_module(src, &to));
    }
    for file in rust_files(src) {
        let text = fs::read_to_string(&file).expect("a source file");
        for link in text.split("crate::").skip(1) {
            let name: String = link.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            check(&file, &name);
        }
    }
    wrong
}

/// The files of code in a folder that are too long, with their lines. Scripts have no ending in their names.
pub(super) fn long_files(folder: &Path) -> Vec<String> {
    let mut long = Vec::new();
    for file in code_files(folder) {
        let lines = fs::read_to_string(&file).expect("a file of code").lines().count();
        if lines > LINES_MAX {
            long.push(format!("{}: {lines} lines of at most {LINES_MAX}", said(folder, &file)));
        }
    }
    long
}

fn code_files(folder: &Path) -> Vec<PathBuf> {
    const ENDINGS: [&str; 8] = ["rs", "py", "js", "mjs", "cjs", "css", "html", "sh"];
    const OF_OTHERS: [&str; 4] = ["target", "node_modules", "traces", "__pycache__"];
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            if !OF_OTHERS.contains(&name.as_str()) {
                files.extend(code_files(&path));
            }
        } else if path.extension().is_none_or(|ending| ENDINGS.iter().any(|known| ending == *known))
            && !name.starts_with('.')
        {
            files.push(path);
        }
    }
    files.sort();
    files
}
