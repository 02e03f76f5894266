//! The log: one line a request to standard output, everything else to standard error.

use std::io::{IsTerminal as _, stderr, stdout};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::MakeWriterExt as _;

use crate::config::{LogFormat, Settings};

pub(super) fn start(settings: &Settings) {
    // Checked when the settings were read.
    let filter = EnvFilter::builder().parse_lossy(&settings.log.0);
    let writer = stdout.with_filter(|event| event.target() == "access").or_else(stderr);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let as_text = match settings.log_format {
        LogFormat::Text => true,
        LogFormat::Json => false,
        LogFormat::Auto => stdout().is_terminal(),
    };
    if as_text {
        log.with_ansi(stdout().is_terminal()).compact().init();
    } else {
        log.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
    }
}

/// A misspelt variable is easily overlooked, because it does nothing.
pub(super) fn warn_of_unknown_variables(command: &clap::Command) {
    let known: Vec<String> = command
        .get_arguments()
        .filter_map(|argument| argument.get_env())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("EMULATOR_") && !known.contains(&name.to_string()) {
            tracing::warn!(variable = %name, "this variable is no setting and does nothing");
        }
    }
}
