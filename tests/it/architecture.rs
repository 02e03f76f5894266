//! The layers of docs/ARCHITECTURE.md against the imports of the source: no import goes up, and no two files import each other,
//! except a module and its own children.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module by its path without `crate`: `["customers", "store"]`.
type Module = Vec<String>;

struct Source {
    /// Every module that has a file, with its text but for comments, strings of a line and tests.
    texts: BTreeMap<Module, String>,
    /// What `pub use` brings into a module from another one, by name.
    exports: BTreeMap<(Module, String), Module>,
}

#[test]
fn imports_go_down_the_layers() {
    let source = Source::read();
    let layers = layers();
    let layer_of = |module: &Module| {
        let name = &module[0];
        layers.iter().position(|layer| layer.contains(name)).unwrap_or_else(|| {
            panic!("'{name}' stands in no layer of docs/ARCHITECTURE.md");
        })
    };
    let mut up = Vec::new();
    for (from, to) in source.imports() {
        // The vendors share a layer with their registry; the registry's rules are those of files.
        if from[0] != to[0] && layer_of(&from) >= layer_of(&to) {
            up.push(format!("{} -> {}", from.join("::"), to.join("::")));
        }
    }
    assert!(up.is_empty(), "{} imports go up or sideways:\n{}", up.len(), up.join("\n"));
}

#[test]
fn no_two_files_import_each_other() {
    let source = Source::read();
    let mut graph: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (from, to) in source.imports() {
        if !is_parent_and_child(&from, &to) {
            graph.entry(from).or_default().insert(to);
        }
    }
    let circles = circles(&graph);
    let shown: Vec<String> = circles
        .iter()
        .map(|circle| circle.iter().map(|module| module.join("::")).collect::<Vec<_>>().join(" <-> "))
        .collect();
    assert!(circles.is_empty(), "{} circles:\n{}", circles.len(), shown.join("\n"));
}

#[test]
fn every_layer_of_the_document_exists() {
    let source = Source::read();
    let there: BTreeSet<&String> = source.texts.keys().map(|module| &module[0]).collect();
    for name in layers().into_iter().flatten() {
        assert!(there.contains(&name), "docs/ARCHITECTURE.md names '{name}', which is no module");
    }
}

#[test]
fn every_file_that_a_document_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    for name in ["ARCHITECTURE", "DECISIONS", "API", "CONTROL", "SEEDS", "VENDORS"] {
        let text = fs::read_to_string(root.join(format!("docs/{name}.md"))).expect("a document");
        for path in text.split('`').skip(1).step_by(2).filter(|path| path.contains(".rs") || path.contains(".sql")) {
            let places = ["", "src/", "migrations/", "migrations/functions/"];
            let is_path = !path.contains([' ', '*', '(']);
            if is_path && !places.iter().any(|place| root.join(place).join(path).exists()) {
                missing.push(format!("docs/{name}.md: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

impl Source {
    fn read() -> Self {
        // Another folder counts the imports of another version.
        let folder =
            std::env::var("ARCHITECTURE_SOURCE").unwrap_or_else(|_| format!("{}/src", env!("CARGO_MANIFEST_DIR")));
        let folder = PathBuf::from(folder);
        let mut files = Vec::new();
        collect(&folder, &mut files);
        let texts: BTreeMap<Module, String> = files
            .into_iter()
            .filter_map(|path| {
                let module = module_of(path.strip_prefix(&folder).ok()?)?;
                Some((module, code_of(&fs::read_to_string(&path).expect("a source file"))))
            })
            .collect();
        let mut source = Self { texts, exports: BTreeMap::new() };
        source.exports = source.read_exports();
        source
    }

    /// Which module each file imports from, each pair once.
    fn imports(&self) -> BTreeSet<(Module, Module)> {
        let mut imports = BTreeSet::new();
        for (module, text) in &self.texts {
            for path in paths_in(text, module) {
                if let Some(target) = self.resolve(&path, 0)
                    && target != *module
                {
                    imports.insert((module.clone(), target));
                }
            }
        }
        imports
    }

    /// The file that a path leads to, through the names that modules export.
    fn resolve(&self, path: &[String], depth: usize) -> Option<Module> {
        let length = (1..=path.len()).rev().find(|&length| self.texts.contains_key(&path[..length]))?;
        let module = path[..length].to_vec();
        let Some(name) = path.get(length) else { return Some(module) };
        match self.exports.get(&(module.clone(), name.clone())) {
            Some(exported) if depth < 8 => {
                let rest = exported.iter().cloned().chain(path[length + 1..].iter().cloned()).collect::<Vec<_>>();
                self.resolve(&rest, depth + 1).or(Some(module))
            }
            _ => Some(module),
        }
    }

    fn read_exports(&self) -> BTreeMap<(Module, String), Module> {
        let mut exports = BTreeMap::new();
        for (module, text) in &self.texts {
            for statement in text.split(';') {
                let Some(start) = statement
                    .find("pub use ")
                    .or_else(|| statement.find("pub(crate) use "))
                    .or_else(|| statement.find("pub(super) use "))
                else {
                    continue;
                };
                let tree =
                    statement[start..].split_once(" use ").map_or("", |(_, tree)| tree).trim_start_matches("use ");
                let tree = tree.strip_prefix("pub use ").unwrap_or(tree);
                for path in expand(tree) {
                    let (path, name) = match path.split_once(" as ") {
                        Some((path, name)) => (path.to_owned(), name.trim().to_owned()),
                        None => (path.clone(), path.rsplit("::").next().unwrap_or_default().trim().to_owned()),
                    };
                    let absolute = absolute(&path, module).unwrap_or_else(|| {
                        module.iter().cloned().chain(path.split("::").map(|part| part.trim().to_owned())).collect()
                    });
                    exports.insert((module.clone(), name), absolute);
                }
            }
        }
        exports
    }
}

/// Width of the column with the names of modules in the document's block.
const NAMES_WIDTH: usize = 40;

/// The layers of the document, the topmost first: each line of its first block names the modules of one layer.
fn layers() -> Vec<Vec<String>> {
    let document = include_str!("../../docs/ARCHITECTURE.md");
    let block = document.split("```").nth(1).expect("a block of layers");
    let mut layers = Vec::new();
    for line in block.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')) {
        let names: String = line.chars().take(NAMES_WIDTH).collect();
        let modules: Vec<String> = names
            .split_whitespace()
            .filter(|name| name.ends_with('/') || name.contains(".rs"))
            .map(|name| name.trim_end_matches('/').trim_end_matches(".rs").to_owned())
            .filter(|name| name != "main")
            .collect();
        if !modules.is_empty() {
            layers.push(modules);
        }
    }
    layers
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The module of a file, `None` for those that only start or test the program.
fn module_of(path: &Path) -> Option<Module> {
    let mut module: Module =
        path.with_extension("").components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    let is_test = module.iter().any(|part| part.ends_with("tests"));
    let is_root = module.len() == 1 && (module[0] == "lib" || module[0] == "main");
    (!is_test && !is_root && !module.is_empty()).then_some(module)
}

/// A file's code: no comments, and nothing from the tests on, which stand at the end.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

/// Every path of the program's own that the code of a module names.
fn paths_in(text: &str, module: &Module) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for root in ["crate::", "super::", "self::"] {
        for (start, _) in text.match_indices(root) {
            let before = text[..start].chars().next_back().unwrap_or(' ');
            if before.is_alphanumeric() || before == '_' || before == ':' || text[..start].ends_with("pub(in ") {
                continue;
            }
            let tree = tree_at(&text[start..]);
            for path in expand(tree) {
                let path = path.split(" as ").next().unwrap_or_default().to_owned();
                paths.extend(absolute(&path, module));
            }
        }
    }
    paths
}

/// The path or tree of paths that begins here.
fn tree_at(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' if text[..at].ends_with("::") || depth > 0 => depth += 1,
            '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return &text[..=at];
                }
            }
            _ if depth > 0 => {}
            ':' | '_' => {}
            _ if character.is_alphanumeric() => {}
            _ => return &text[..at],
        }
    }
    text
}

/// `a::{b, c::{d}}` as `a::b` and `a::c::d`.
fn expand(tree: &str) -> Vec<String> {
    let Some(open) = tree.find('{') else { return vec![tree.trim().to_owned()] };
    let prefix = tree[..open].trim();
    let inner = tree[open + 1..].rsplit_once('}').map_or("", |(inner, _)| inner);
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, character) in inner.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts
        .flat_map(|part| {
            if part == "self" {
                vec![prefix.trim_end_matches("::").to_owned()]
            } else {
                expand(&format!("{prefix}{part}"))
            }
        })
        .collect()
}

/// A path from the root of the program, `None` for another program's.
fn absolute(path: &str, module: &Module) -> Option<Vec<String>> {
    let mut parts = path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).peekable();
    let mut base = module.clone();
    match parts.next()?.as_str() {
        "crate" => base.clear(),
        "self" => {}
        "super" => {
            base.pop();
            while parts.next_if(|part| part == "super").is_some() {
                base.pop();
            }
        }
        _ => return None,
    }
    base.extend(parts);
    (!base.is_empty()).then_some(base)
}

fn is_parent_and_child(left: &Module, right: &Module) -> bool {
    left.starts_with(right) || right.starts_with(left)
}

/// The sets of modules that reach each other.
fn circles(graph: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<BTreeSet<Module>> {
    let reach: BTreeMap<&Module, BTreeSet<&Module>> =
        graph.keys().map(|module| (module, reachable(graph, module))).collect();
    let mut circles: Vec<BTreeSet<Module>> = Vec::new();
    for (module, reached) in &reach {
        if !reached.contains(module) || circles.iter().any(|circle| circle.contains(*module)) {
            continue;
        }
        let circle = reached
            .iter()
            .filter(|other| reach.get(*other).is_some_and(|back| back.contains(module)))
            .map(|other| (**other).clone());
        circles.push(circle.collect());
    }
    circles
}

fn reachable<'a>(graph: &'a BTreeMap<Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Module> = graph.get(from).into_iter().flatten().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(graph.get(next).into_iter().flatten());
        }
    }
    reached
}
