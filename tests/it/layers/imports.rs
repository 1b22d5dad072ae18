//! Who imports whom: the modules of a crate, read from its folder, and the files that each file names a path into.
//!
//! Paths are read from tokens, so those inside of macros and functions count too; comments do not. A path counts as an
//! import of the file that defines its item: a name that a module only re-exports leads to where it comes from.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module's name from the root of the crate on; the root's is empty.
type Name = Vec<String>;

/// One import: the importing file, the imported file, the path as it is written.
pub(super) type Import = (PathBuf, PathBuf, String);

/// All Rust files of a folder, in order.
pub(super) fn rust_files(folder: &Path) -> Vec<PathBuf> {
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

/// A path in a file: the module it stands in, its segments, what a `use` binds it to.
struct Written {
    module: Name,
    path: Vec<String>,
    bound: Option<String>,
}

#[derive(Default)]
struct Crate {
    /// The file of each module, also of those inside of a file.
    modules: BTreeMap<Name, PathBuf>,
    /// The path that a name stands for by a `use` line, by module and name.
    bound: BTreeMap<(Name, String), Vec<String>>,
    written: Vec<Written>,
}

/// The imports between the files of the crate whose root (`lib.rs` or `main.rs`) lies in `folder`.
pub(super) fn imports(folder: &Path) -> BTreeSet<Import> {
    let has_library = folder.join("lib.rs").exists();
    let mut read = Crate::default();
    let files: Vec<PathBuf> = rust_files(folder);
    for file in files.iter().filter(|file| !(has_library && **file == folder.join("main.rs"))) {
        read.modules.insert(module_of(file.strip_prefix(folder).expect("inside")), file.clone());
    }
    for (name, file) in read.modules.clone() {
        let text = fs::read_to_string(&file).expect("a source file");
        let tokens: TokenStream = text.parse().unwrap_or_else(|_| panic!("{}: no Rust", file.display()));
        read.scan(&name, &file, tokens);
    }
    for written in &read.written {
        if let Some(name) = &written.bound {
            read.bound.insert((written.module.clone(), name.clone()), written.path.clone());
        }
    }
    let import = |written: &Written| {
        let (module, whole) = read.resolve(&written.module, &written.path, 0)?;
        // `use a::module` alone takes nothing: what is taken follows as `module::item`.
        if whole && written.bound.is_some() {
            return None;
        }
        let from = &read.modules[&written.module];
        let to = &read.modules[&module];
        (from != to).then(|| (from.clone(), to.clone(), written.path.join("::")))
    };
    read.written.iter().filter_map(import).collect()
}

/// `a/b.rs` and `a/b/mod.rs` are `a::b`.
fn module_of(inside: &Path) -> Name {
    let mut name: Name =
        inside.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if name.last().is_some_and(|last| last == "mod")
        || (name.len() == 1 && (name[0] == "lib" || name[0] == "main"))
    {
        name.pop();
    }
    name
}

impl Crate {
    /// The module that defines what a path written in `module` names, and whether the path is that module itself.
    fn resolve(&self, module: &[String], path: &[String], depth: usize) -> Option<(Name, bool)> {
        let mut at = module.to_vec();
        for (place, segment) in path.iter().enumerate() {
            match segment.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()?),
                name => {
                    let mut inner = at.clone();
                    inner.push(name.to_owned());
                    if self.modules.contains_key(&inner) {
                        at = inner;
                        continue;
                    }
                    let meant = self.bound.get(&(at.clone(), name.to_owned())).filter(|_| depth < 16);
                    if let Some(meant) = meant {
                        let path = [meant.as_slice(), &path[place + 1..]].concat();
                        return self.resolve(&at, &path, depth + 1);
                    }
                    if place > 0 {
                        return Some((at, false));
                    }
                    // A module inside of a file sees the names around it by `use super::*`; any other bare name is
                    // a type's or another crate's.
                    let around = &module[..module.len().checked_sub(1)?];
                    let inside = self.modules.get(around) == self.modules.get(module);
                    return if inside { self.resolve(around, path, depth) } else { None };
                }
            }
        }
        Some((at, true))
    }

    fn scan(&mut self, module: &[String], file: &Path, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.scan(module, file, group.stream()),
                // What follows `pub` in parentheses says who may see, and takes nothing.
                TokenTree::Ident(word)
                    if word == "pub" && is_group(&tokens, at + 1, Delimiter::Parenthesis) =>
                {
                    at += 1;
                }
                TokenTree::Ident(word) if word == "use" && !is_punct(&tokens, at + 1, '<') => {
                    let end = (at..tokens.len()).find(|end| is_punct(&tokens, *end, ';'));
                    let end = end.unwrap_or(tokens.len());
                    self.use_tree(module, &tokens[at + 1..end], &[]);
                    at = end;
                }
                TokenTree::Ident(word) if word == "mod" && is_group(&tokens, at + 2, Delimiter::Brace) => {
                    let mut inner = module.to_vec();
                    inner.push(tokens[at + 1].to_string());
                    self.modules.insert(inner.clone(), file.to_path_buf());
                    let TokenTree::Group(body) = &tokens[at + 2] else { unreachable!("braces") };
                    self.scan(&inner, file, body.stream());
                    at += 2;
                }
                TokenTree::Ident(word) => {
                    let mut path = vec![word.to_string()];
                    let dollar = at > 0 && is_punct(&tokens, at - 1, '$');
                    while is_path_sign(&tokens, at + 1) {
                        let Some(TokenTree::Ident(word)) = tokens.get(at + 3) else { break };
                        path.push(word.to_string());
                        at += 3;
                    }
                    if path.len() > 1 && (!dollar || path[0] == "crate") {
                        self.written.push(Written { module: module.to_vec(), path, bound: None });
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// What stands between `use` and `;`, or inside of its braces.
    fn use_tree(&mut self, module: &[String], tokens: &[TokenTree], prefix: &[String]) {
        for part in tokens.split(|token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == ',')) {
            let mut path = prefix.to_vec();
            let mut words = part.iter().filter_map(|token| match token {
                TokenTree::Ident(word) => Some(word.to_string()),
                _ => None,
            });
            // `a::{self}` is `a`.
            let before_alias = words.by_ref().take_while(|word| word != "as");
            path.extend(before_alias.filter(|word| prefix.is_empty() || word != "self"));
            let alias = words.next();
            match part.last() {
                Some(TokenTree::Group(group)) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    self.use_tree(module, &inner, &path);
                }
                Some(TokenTree::Punct(_)) => {
                    self.written.push(Written { module: module.to_vec(), path, bound: None });
                }
                Some(_) => {
                    let bound = alias.or_else(|| path.last().cloned());
                    self.written.push(Written { module: module.to_vec(), path, bound });
                }
                None => {}
            }
        }
    }
}

fn is_punct(tokens: &[TokenTree], at: usize, sign: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(found)) if found.as_char() == sign)
}

fn is_path_sign(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens, at, ':') && is_punct(tokens, at + 1, ':')
}

fn is_group(tokens: &[TokenTree], at: usize, delimiter: Delimiter) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Group(group)) if group.delimiter() == delimiter)
}
