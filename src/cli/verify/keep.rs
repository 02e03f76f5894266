//! Keeps a comparison in a folder that the coverage page reads.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use crate::cli::output::{plain_lines, say};
use crate::recordings::{Recording, Source, Verdict, write};
use crate::verify::{Appended, Counts, HarFile, Outcome, RealRun, Report, Stored};
use crate::version::VERSION_AND_COMMIT;

/// Writes the verdicts, and the exchanges without secrets beside them.
pub(super) fn keep(
    folder: &Path,
    report: &Report,
    source: &str,
    at: DateTime<Utc>,
    runs: &[RealRun],
    secrets: &[String],
) -> anyhow::Result<()> {
    let unwritten = || format!("{} cannot be written", folder.display());
    let host = source.split_once("://").map_or(source, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or(host);
    let recording = Recording {
        date: at.date_naive(),
        source: Source::try_from(host.to_owned()).map_err(anyhow::Error::msg)?,
        emulator: VERSION_AND_COMMIT.to_owned(),
        operations: operations(report),
    };
    let path = write(folder, &recording).with_context(unwritten)?;
    let har = path.with_extension("har");
    let origin = if source.contains("://") { source.to_owned() } else { format!("https://{source}") };
    let mut file = HarFile::create(&har, &origin, false).with_context(unwritten)?;
    for exchange in runs.iter().flat_map(|run| &run.outcomes).filter_map(Outcome::exchange) {
        let stored = Stored { exchange, took: Duration::ZERO, request_body: None, response_body: None, secrets };
        if let Appended::Full = file.append(&stored).with_context(unwritten)? {
            say("the recording is full; later exchanges are left out");
            break;
        }
    }
    say(format_args!("kept in {}", plain_lines(&path.display().to_string())));
    Ok(())
}

fn operations(report: &Report) -> BTreeMap<String, Verdict> {
    let verdict = |counts: Counts| match counts {
        Counts { different: 1.., .. } => Verdict::Different,
        Counts { equal: 1.., .. } => Verdict::Equal,
        Counts { .. } => Verdict::NotComparable,
    };
    // What is no operation has a method and a path in place of a name.
    let operations = report.operations.iter().filter(|operation| !operation.operation.contains(' '));
    operations.map(|operation| (operation.operation.clone(), verdict(operation.counts))).collect()
}
