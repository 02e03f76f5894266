//! `seed` and `export`: tenants from files, and into them.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::Method;
use serde_json::json;

use super::control::done;
use super::output::{counted, out, out_bytes, out_json, plain, say};
use super::remote::{Body, Remote, RemoteArgs, SendError};
use crate::config::{DatabaseArgs, LogArgs, Settings};
use crate::tenants::{DEMO_SEED, MAX_SEED_BYTES, SeedSummary};

#[derive(Debug, Args)]
pub(super) struct SeedCommand {
    /// A seed file in YAML, or in JSON where it is named so; demo for the built-in one
    pub(super) file: String,
    /// Fill this tenant, in place of all that is in it: with the tenant of its name in the file, or the only one
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Write into the database itself (--data or --database-url), without a server
    #[arg(long, conflicts_with = "tenant")]
    pub(super) offline: bool,
    /// The database, with `--offline`.
    #[command(flatten, next_help_heading = "Database options (with --offline)")]
    pub(super) database: DatabaseArgs,
    /// What is logged, with `--offline`.
    #[command(flatten, next_help_heading = "Log options (with --offline)")]
    pub(super) log: LogArgs,
    /// The server.
    #[command(flatten, next_help_heading = "Connection options")]
    pub(super) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ExportCommand {
    /// The tenant, or a snapshot of one (demo@seed)
    tenant: String,
    /// Write into this file, which only you can read; - prints it [default: print it]
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    /// Add the digests of the tenant's keys, so that `seed FILE` makes a tenant with the same keys
    #[arg(long)]
    keys: bool,
    /// The server.
    #[command(flatten, next_help_heading = "Connection options")]
    pub(super) remote: RemoteArgs,
}

/// A database that is named by a flag is meant: a seed that went elsewhere would be a surprise.
pub(super) fn check_flags(settings: &Settings) -> anyhow::Result<()> {
    let of_database = [("data", "--data"), ("database_url", "--database-url")];
    for (setting, flag) in of_database {
        if settings.shown.iter().any(|shown| shown.name == setting && shown.origin == "flag") {
            bail!("{flag} needs --offline: without it the seed goes to the running server, into its database");
        }
    }
    Ok(())
}

/// Sends a seed file to the server: its content, so that the file need not be where the server is.
pub(super) async fn seed(remote: &Remote, SeedCommand { file, tenant, .. }: &SeedCommand) -> anyhow::Result<ExitCode> {
    let body = if file == "demo" { Body::of_yaml(DEMO_SEED.to_owned()) } else { Body::of_file(file)? };
    if let Some(tenant) = tenant {
        let filled = remote.put_body(&["tenants", tenant, "seed"], body).await.map_err(with_hint)?;
        done(remote, &filled, &format!("Seeded tenant '{tenant}': {}.", counted(&filled["rows"], "row", "rows")))?;
        return Ok(ExitCode::SUCCESS);
    }
    let loaded = remote.put_body(&["seed"], body).await.map_err(with_hint)?;
    print(&serde_json::from_value(loaded)?, remote.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what a seed came to.
pub(super) fn print(seeded: &SeedSummary, is_json: bool) -> anyhow::Result<()> {
    if is_json {
        return Ok(out_json(&json!(seeded))?);
    }
    let made = seeded.created.iter().map(|tenant| format!("{}: made\n", plain(tenant)));
    let left = seeded.unchanged.iter().map(|tenant| format!("{}: was there already, left as it is\n", plain(tenant)));
    Ok(out(made.chain(left).collect::<String>())?)
}

/// Where no server answers, what can be done about that.
fn with_hint(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(SendError::Unreachable { base, reason }) => anyhow::anyhow!(
            "no server answers at {base} ({reason}): start one, name one with --server, or write into the database itself \
             with --offline"
        ),
        _ => error,
    }
}

/// The flag that the command line has for a parameter of the API.
pub(super) fn named_force(error: anyhow::Error) -> anyhow::Error {
    let text = format!("{error:#}");
    if text.contains("force=true") { anyhow::anyhow!(text.replace("force=true", "--force")) } else { error }
}

/// A file as a text for the server to read.
pub(super) fn text_of(file: &str) -> anyhow::Result<String> {
    let length = std::fs::metadata(file).with_context(|| format!("{file} cannot be read"))?.len();
    if length > MAX_SEED_BYTES as u64 {
        bail!("{file} has {length} bytes; the server takes at most {MAX_SEED_BYTES}");
    }
    std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))
}

/// Writes a tenant as a seed file.
pub(super) async fn export(
    remote: &Remote,
    ExportCommand { tenant, output, keys, .. }: &ExportCommand,
) -> anyhow::Result<ExitCode> {
    let (name, snapshot) = match tenant.rsplit_once('@') {
        Some((name, snapshot)) => (name, Some(snapshot.to_owned())),
        None => (tenant.as_str(), None),
    };
    let mut query = vec![("format", if remote.json { "json" } else { "yaml" }.to_owned())];
    query.extend(snapshot.map(|snapshot| ("snapshot", snapshot)));
    query.extend(keys.then(|| ("keys", "true".to_owned())));
    let mut response = remote.send(Method::GET, &["tenants", name, "export"], &query, None).await?;
    let Some(path) = output.as_deref().filter(|path| *path != "-") else {
        while let Some(part) = response.chunk().await? {
            out_bytes(&part)?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let unwritten = || format!("{path} cannot be written");
    let mut target = Target::of(Path::new(path)).with_context(unwritten)?;
    let mut bytes = 0;
    while let Some(part) = response.chunk().await? {
        target.file.write_all(&part).with_context(unwritten)?;
        bytes += part.len();
    }
    target.keep().with_context(unwritten)?;
    say(format_args!("{path}: {bytes} bytes. It holds password hashes, tax ids and tokens: keep it like a secret."));
    Ok(ExitCode::SUCCESS)
}

/// Where an export goes.
struct Target {
    file: File,
    /// A file is written beside its place first: what breaks off must not pass for a tenant.
    moves: Option<(PathBuf, PathBuf)>,
}

impl Target {
    /// A file, behind links too; what is no file, a pipe or a device, is written to as it is.
    fn of(path: &Path) -> std::io::Result<Self> {
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if std::fs::metadata(&place).is_ok_and(|there| !there.is_file()) {
            return Ok(Self { file: OpenOptions::new().write(true).open(&place)?, moves: None });
        }
        let mut partial = place.clone().into_os_string();
        partial.push(format!(".{}.partial", std::process::id()));
        let partial = PathBuf::from(partial);
        Ok(Self { file: private_file(&partial)?, moves: Some((partial, place)) })
    }

    fn keep(mut self) -> std::io::Result<()> {
        let Some((partial, place)) = &self.moves else { return Ok(()) };
        std::fs::rename(partial, place)?;
        self.moves = None;
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // Half an export is of no use, and holds secrets.
        if let Some((partial, _)) = &self.moves {
            let _ = std::fs::remove_file(partial);
        }
    }
}

/// A new file that only its owner can read. One that is there already would keep its own mode, so it is taken away.
fn private_file(path: &Path) -> std::io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_that_was_there_already_is_as_private_as_a_new_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.partial");
        let path = path.as_path();
        let mode = || std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
        for _ in 0..2 {
            private_file(path).expect("a file");
            assert_eq!(mode(), 0o600);
            std::fs::write(path, "old").expect("a file");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        }
        assert_eq!(mode(), 0o644);
        // Nothing is written through a link to elsewhere.
        let elsewhere = folder.path().join("elsewhere");
        std::fs::rename(path, &elsewhere).expect("moved");
        std::os::unix::fs::symlink(&elsewhere, path).expect("a link");
        private_file(path).expect("a file").write_all(b"new").expect("written");
        assert_eq!(std::fs::read_to_string(elsewhere).expect("a file"), "old");
    }

    #[test]
    fn an_export_follows_links_and_leaves_devices_what_they_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").expect("a file");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        let mut target = Target::of(&link).expect("a target");
        target.file.write_all(b"new").expect("written");
        assert_eq!(std::fs::read_to_string(&file).expect("a file"), "old", "it is not whole yet");
        target.keep().expect("kept");
        assert_eq!(std::fs::read_to_string(&file).expect("a file"), "new");
        assert!(std::fs::symlink_metadata(&link).expect("a link").is_symlink());

        let device = folder.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &device).expect("a link");
        let mut target = Target::of(&device).expect("a target");
        target.file.write_all(b"new").expect("written");
        target.keep().expect("kept");
        assert!(!std::fs::metadata(&device).expect("a device").is_file());
    }
}
