//! Documents that could become stale.

use directscale_emulator::model::Field;
use directscale_emulator::plan::{Plan, PlanEntry};

use crate::support::process::{DEMO_KEY, program};

fn file(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{error}: {path}"))
}

#[test]
fn the_example_settings_name_every_setting_with_its_default() {
    let example = file("config/emulator.example.toml");
    let output = program(&["config"]).output().expect("the program");
    let settings = String::from_utf8(output.stdout).expect("text");
    assert!(settings.lines().count() > 10);
    for line in settings.lines() {
        let mut words = line.split_whitespace();
        let name = words.next().expect("a name");
        assert_eq!(words.next(), Some("default"), "{line}");
        let value = words.collect::<Vec<_>>().join(" ");
        let documented = example
            .lines()
            .find_map(|line| line.strip_prefix("# ")?.strip_prefix(name)?.strip_prefix(" = "))
            .unwrap_or_else(|| panic!("{name} in config/emulator.example.toml"));
        if !value.is_empty() {
            assert_eq!(documented.trim_matches('"'), value, "{name}");
        }
    }
}

#[test]
fn the_example_settings_can_be_used_as_they_are() {
    let example = file("config/emulator.example.toml");
    let in_use: String = example
        .lines()
        // A secret and the file that holds it exclude each other.
        .filter(|line| line.contains(" = ") && !line.contains("_file = "))
        .map(|line| line.trim_start_matches("# "))
        .collect::<Vec<_>>()
        .join("\n");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("emulator.toml");
    std::fs::write(&path, in_use).expect("a file");
    let output = program(&["config", "--config", path.to_str().expect("a path")]).output().expect("the program");
    assert!(output.status.success(), "{output:?}");
    let is_used = |line: &str| line.contains("\tfile\t") || line.starts_with("database_password_file\t");
    assert!(String::from_utf8_lossy(&output.stdout).lines().all(is_used), "{output:?}");
}

#[test]
fn the_readme_shows_the_demo_key_and_the_upgrade() {
    let readme = file("README.md");
    assert!(readme.contains(DEMO_KEY));
    assert!(readme.contains("/v1/customers/upgrade/3"));
    assert!(readme.contains("cargo run") && readme.contains("cargo test"));
}

#[test]
fn the_coverage_is_not_stale() {
    let output = program(&["coverage"]).output().expect("the program");
    let generated = String::from_utf8(output.stdout).expect("text");
    assert!(generated.lines().count() > 50, "{generated}");
    assert_eq!(file("docs/COVERAGE.md"), generated, "regenerate it with: just coverage");
}

#[test]
fn the_readmes_upgrade_is_accepted_as_pasted() {
    use crate::support::tenant;

    let readme = file("README.md");
    let (_, rest) = readme.split_once("curl -i -X PUT").expect("the upgrade");
    let (_, rest) = rest.split_once("-d '").expect("a body");
    let (body, _) = rest.split_once('\'').expect("its end");
    let tenant = tenant();
    tenant.call("PUT", "/v1/customers/upgrade/3", "", Some(body)).succeeds(201);
}

#[test]
fn the_modules_in_the_lists_of_tests_are_modules_of_the_suite() {
    let suite = file("tests/it/main.rs");
    let named = [file("tests/embedded.txt"), file("tests/one_server.txt")].map(|list| {
        let lines: Vec<String> = list.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        assert!(lines.len() >= 3, "{list}");
        lines
    });
    for line in named.concat() {
        let (name, reason) = line.split_once(' ').expect("a module or test, and a reason");
        let (path, test) = name.rsplit_once("::").map_or((name, None), |(path, test)| (path, Some(test)));
        let module = path.split_once("::").map_or(path, |(module, _)| module);
        assert!(suite.contains(&format!("mod {module};\n")), "{module}");
        if let Some(test) = test {
            let source = file(&format!("tests/it/{}.rs", path.replace("::", "/")));
            assert!(source.contains(&format!("fn {test}()")), "{test}");
        }
        assert!(reason.trim().len() > 10, "{line}");
    }
}

#[test]
fn the_table_of_fields_names_every_field() {
    let text = file("docs/API.md");
    let table = text.split("## Fields").nth(1).and_then(|rest| rest.split("**Reading.**").next()).expect("the table");
    let names: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|cell| cell.split(", "))
        .collect();
    for field in Field::all().filter(|field| field.whole() == *field) {
        assert!(names.contains(&field.name()), "{field} is not in the table of docs/API.md");
    }
}

#[test]
fn the_table_of_the_plan_names_every_entry_with_its_default() {
    let text = file("docs/SEEDS.md");
    let table = text.split("## The plan").nth(1).and_then(|rest| rest.split("\n\n| ").nth(1)).expect("the table");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let entries = Plan::entries();
    for PlanEntry { name, default, .. } in &entries {
        let named = format!("`{name}`");
        let row = rows.iter().find(|row| row[0] == named).unwrap_or_else(|| panic!("{name} in docs/SEEDS.md"));
        // Lists and objects are written in other words.
        if !default.is_object() && !default.is_array() {
            let written = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            let expected = if default.is_null() { "none".to_owned() } else { format!("`{written}`") };
            assert_eq!(row[1], expected, "{name}");
        }
    }
    for row in rows.iter().filter(|row| row[0].starts_with('`')) {
        let name = row[0].trim_matches('`');
        assert!(entries.iter().any(|entry| entry.name == name), "{name} is no entry of the plan");
    }
}
