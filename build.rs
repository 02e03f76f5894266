//! What the program says of itself (`BUILD_VERSION`, `BUILD_COMMIT`), and when to build it again.
//!
//! The commit is that of the environment (`EMULATOR_COMMIT`, for builds of an image or an archive), else that of git, else the one that
//! `cargo package` wrote down. Only release builds ask for it: others would be compiled anew after each commit. Nothing here is the time
//! of the build, so that the same source gives the same program.

use std::path::Path;
use std::process::Command;

/// The digits of a commit in `--version`.
const SHORT: usize = 12;

fn main() {
    // A new migration is compiled into the program: without this cargo does not notice the file.
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=EMULATOR_COMMIT");
    println!("cargo:rerun-if-env-changed=EMULATOR_DATE");
    println!("cargo:rerun-if-env-changed=SQLX_OFFLINE");
    // `cargo install` does not read .cargo/config.toml: without this it would connect to the database that DATABASE_URL names.
    if variable("SQLX_OFFLINE").is_none() {
        println!("cargo:rustc-env=SQLX_OFFLINE=true");
    }
    let version = variable("CARGO_PKG_VERSION").unwrap_or_default();
    let folder = variable("CARGO_MANIFEST_DIR").unwrap_or_default();
    let is_release = variable("PROFILE").as_deref() == Some("release");
    let (mut commit, mut date) = (variable("EMULATOR_COMMIT"), variable("EMULATOR_DATE"));
    if commit.is_none() && is_release {
        (commit, date) = from_git(Path::new(&folder), &version);
        commit = commit.or_else(|| from_package(Path::new(&folder)));
    }
    println!("cargo:rustc-env=BUILD_VERSION={}", text(&version, commit.as_deref(), date.as_deref()));
    println!("cargo:rustc-env=BUILD_COMMIT={}", commit.unwrap_or_default());
}

/// A variable that is set and not empty, on one line.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok()?;
    let line = value.lines().next()?.trim();
    Some(line.to_owned()).filter(|line| !line.is_empty())
}

/// `0.1.0`, `0.1.0 (0123456789ab)`, or of a tag `0.1.0 (0123456789ab, 2026-11-26)`.
fn text(version: &str, commit: Option<&str>, date: Option<&str>) -> String {
    let Some(commit) = commit else { return version.to_owned() };
    let short: String = commit.chars().take(SHORT).collect();
    match date {
        Some(date) => format!("{version} ({short}, {date})"),
        None => format!("{version} ({short})"),
    }
}

/// The commit of the repository of `folder`, and its date if it has the tag of this version.
fn from_git(folder: &Path, version: &str) -> (Option<String>, Option<String>) {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        Some(text.trim().to_owned()).filter(|text| output.status.success() && !text.is_empty())
    };
    // A source archive that was unpacked inside another repository has no commit of that one.
    if git(&["ls-files", "--error-unmatch", "build.rs"]).is_none() {
        return (None, None);
    }
    // Each commit and each checkout writes to these.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) =
            git(&["rev-parse", "--git-path", file]).map(|path| folder.join(path)).filter(|path| path.exists())
        {
            println!("cargo:rerun-if-changed={}", path.display());
        }
    }
    let is_tagged = git(&["tag", "--points-at", "HEAD"])
        .is_some_and(|tags| tags.lines().any(|tag| tag.strip_prefix('v') == Some(version)));
    let date = if is_tagged { git(&["log", "-1", "--format=%cs"]) } else { None };
    (git(&["rev-parse", "HEAD"]), date)
}

/// The commit in the file that `cargo package` adds to an archive.
fn from_package(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join(".cargo_vcs_info.json")).ok()?;
    let (_, rest) = text.split_once("\"sha1\": \"")?;
    let (commit, _) = rest.split_once('"')?;
    Some(commit.to_owned())
}

/// `tests/it` has this file as a module, since cargo does not test build scripts.
#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    /// Runs git in a folder, without any user's settings.
    fn git(folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(["-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_COMMITTER_DATE", "2026-11-26T12:00:00Z")
            .output()
            .expect("git");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    #[test]
    fn the_version_names_what_is_known() {
        assert_eq!(text("0.1.0", None, Some("2026-11-26")), "0.1.0");
        assert_eq!(text("0.1.0", Some(COMMIT), None), "0.1.0 (0123456789ab)");
        assert_eq!(text("0.1.0", Some(COMMIT), Some("2026-11-26")), "0.1.0 (0123456789ab, 2026-11-26)");
        assert_eq!(text("0.1.0", Some("abc"), None), "0.1.0 (abc)");
    }

    #[test]
    fn git_knows_the_commit_and_the_date_of_this_versions_tag() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        assert_eq!(from_git(folder, "0.1.0"), (None, None), "no repository");
        git(folder, &["init", "--quiet"]);
        fs::write(folder.join("build.rs"), "").expect("a file");
        assert_eq!(from_git(folder, "0.1.0"), (None, None), "no commit");
        git(folder, &["add", "build.rs"]);
        git(folder, &["commit", "--quiet", "--message", "x"]);
        let commit = git(folder, &["rev-parse", "HEAD"]);
        git(folder, &["tag", "v0.2.0"]);
        assert_eq!(from_git(folder, "0.1.0"), (Some(commit.clone()), None));
        assert_eq!(from_git(folder, "0.2.0"), (Some(commit), Some("2026-11-26".to_owned())));
        // A source archive that was unpacked inside the repository.
        let inside = folder.join("inside");
        fs::create_dir(&inside).expect("a folder");
        fs::write(inside.join("build.rs"), "").expect("a file");
        assert_eq!(from_git(&inside, "0.2.0"), (None, None));
    }

    #[test]
    fn a_packaged_source_knows_its_commit() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(from_package(folder.path()), None);
        let text = format!("{{\n  \"git\": {{\n    \"sha1\": \"{COMMIT}\"\n  }},\n  \"path_in_vcs\": \"\"\n}}");
        fs::write(folder.path().join(".cargo_vcs_info.json"), text).expect("a file");
        assert_eq!(from_package(folder.path()).as_deref(), Some(COMMIT));
    }
}
