//! The table of bounds in docs/LIMITS.md: every test that it names exists.

use std::fs;
use std::path::Path;

const DOCUMENT: &str = include_str!("../../docs/LIMITS.md");

#[test]
fn every_test_of_the_table_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    collect(&root.join("src"), &mut sources);
    collect(&root.join("tests/it"), &mut sources);
    let (mut missing, mut tested) = (Vec::new(), 0);
    for row in rows() {
        for name in row[3].split('`').skip(1).step_by(2) {
            let (module, function) = name.rsplit_once("::").unwrap_or(("", name));
            let folder = format!("tests/it/{}", module.replace("::", "/"));
            let is_there = sources.iter().any(|(path, text)| {
                let is_of_module = module.is_empty()
                    || path.ends_with(format!("{folder}.rs"))
                    || path.ends_with(format!("{folder}/mod.rs"));
                is_of_module && text.contains(&format!("fn {function}("))
            });
            tested += 1;
            if !is_there {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "no such tests: {missing:?}");
    assert!(tested > 20, "{tested} tests are named");
}

#[test]
fn every_row_of_the_table_is_complete() {
    for row in rows() {
        assert_eq!(row.len(), 4, "{row:?}");
        assert!(row[..3].iter().all(|cell| !cell.is_empty()), "{row:?}");
    }
}

/// The cells of each row, without the heads of the tables.
fn rows() -> Vec<Vec<&'static str>> {
    let lines = DOCUMENT.lines().filter(|line| line.starts_with('|'));
    let rows = lines.filter(|line| !line.starts_with("| What |") && !line.starts_with("| ---"));
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn collect(folder: &Path, sources: &mut Vec<(std::path::PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            sources.push((path, text));
        }
    }
}
