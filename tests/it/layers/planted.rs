//! The rules of `layers` fail where they should: on a circle, an upward import and a long file that are planted.

use super::rules::{circles, long_files, upward_imports};
use std::fs;
use tempfile::TempDir;

/// A library of two layers in a temporary folder, with these files in place of or beside its own.
fn library(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let sound = [
        ("lib.rs", "pub mod low;\npub mod high;\n"),
        ("low/mod.rs", "mod one;\nmod two;\npub use one::One;\nuse std::fmt;\n"),
        ("low/one.rs", "use super::two::Two;\npub struct One(Two);\n"),
        ("low/two.rs", "//! Not an import: [`crate::low::One`].\npub struct Two;\n"),
        ("high.rs", "use crate::low::One;\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n"),
    ];
    for (name, text) in sound.iter().chain(files) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}

fn one(found: &[String], parts: &[&str]) {
    assert_eq!(found.len(), 1, "{found:?}");
    for part in parts {
        assert!(found[0].contains(part), "{part} in {found:?}");
    }
}

fn circle_of(files: &[(&str, &str)], parts: &[&str]) {
    one(&circles(library(files).path()), parts);
}

#[test]
fn a_sound_library_breaks_no_rule() {
    let sound = library(&[]);
    let none: Vec<String> = Vec::new();
    assert_eq!(circles(sound.path()), none);
    assert_eq!(upward_imports(sound.path()), none);
    assert_eq!(long_files(sound.path()), none);
}

#[test]
fn a_circle_of_two_files_in_a_room_is_found() {
    let parts = ["a circle of low/one.rs, low/two.rs", "low/two.rs -> low/one.rs: "];
    circle_of(&[("low/two.rs", "use super::one::One;\npub struct Two(One);\n")], &parts);
    // By a name that the folder's own file only re-exports.
    circle_of(&[("low/two.rs", "use crate::low::One;\npub struct Two(One);\n")], &parts);
    // Without a `use`, inside of a macro and of a module inside of the file.
    let inside = "pub struct Two;\nmod inner {\n    fn f() { vec![super::super::one::One] }\n}\n";
    circle_of(&[("low/two.rs", inside)], &parts);
    // By the name of an imported module, and by another name for it.
    circle_of(&[("low/two.rs", "use crate::low::one;\npub struct Two(one::One);\n")], &parts);
    circle_of(&[("low/two.rs", "use crate::{low as l};\npub struct Two(l::one::One);\n")], &parts);
    circle_of(&[("low/two.rs", "use super::{one::*, two as own};\npub struct Two(One);\n")], &parts);
}

#[test]
fn a_folder_and_a_file_in_it_may_not_import_each_other() {
    let parts = ["low/mod.rs -> low/two.rs: two::g", "low/two.rs -> low/mod.rs: super"];
    let folder =
        ("low/mod.rs", "mod one;\nmod two;\npub use one::One;\nfn f() { two::g() }\npub fn own() {}\n");
    circle_of(&[folder, ("low/two.rs", "pub struct Two;\npub fn g() { super::own() }\n")], &parts);
    circle_of(&[folder, ("low/two.rs", "use super::*;\npub struct Two;\npub fn g() { own() }\n")], &parts);
}

#[test]
fn an_upward_import_is_found() {
    let upward = library(&[("low/two.rs", "use crate::high::Three;\npub struct Two(Three);\n")]);
    let found = upward_imports(upward.path());
    assert!(!found.is_empty() && found[0].contains("low/two.rs: high is not before low"), "{found:?}");
    one(
        &upward_imports(library(&[("low/two.rs", "pub struct Two(super::super::high::Three);\n")]).path()),
        &["low/two.rs: high"],
    );
    one(
        &upward_imports(library(&[("low/two.rs", "/// As [`crate::high`].\npub struct Two;\n")]).path()),
        &["low/two.rs: high"],
    );
}

#[test]
fn a_file_of_600_lines_is_found() {
    let long = "// A line.\n".repeat(600);
    one(&long_files(library(&[("low/long.rs", &long)]).path()), &["low/long.rs: 600 lines"]);
    one(&long_files(library(&[("script", &long)]).path()), &["script: 600 lines"]);
    let just = "// A line.\n".repeat(450);
    assert!(long_files(library(&[("low/long.rs", &just)]).path()).is_empty());
}
