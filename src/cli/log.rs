//! The log: one line per request to standard output, everything else to standard error.

use std::io::{IsTerminal as _, stderr, stdout};
use std::sync::OnceLock;

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::{DefaultFields, Format};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt};

use super::console::Console;
use super::json_lines::JsonLines;
use super::log_output::{ACCESS_TARGET, LogOutput, LogOutputs};
use super::output::allows_color;
use crate::config::{LogFormat, Settings};
use crate::server::CONSOLE_TARGET;

static OUTPUTS: OnceLock<LogOutputs> = OnceLock::new();

/// Writes the lines that wait, for a second at most for each output. Must be called before the process ends.
pub(super) fn flush() {
    OUTPUTS.get().into_iter().for_each(LogOutputs::flush);
}

/// # Errors
/// When a thread cannot be started.
pub(super) fn start(settings: &Settings) -> std::io::Result<()> {
    let outputs = LogOutputs::new(LogOutput::new(stdout())?, LogOutput::new(stderr())?);
    // Checked when the settings were read.
    let filter = EnvFilter::builder().parse_lossy(&settings.log.0);
    let is_terminal = stdout().is_terminal();
    let has_color = is_terminal && allows_color();
    let format = match settings.log_format {
        LogFormat::Auto if is_terminal => LogFormat::Console,
        LogFormat::Auto => LogFormat::Json,
        other => other,
    };
    // A request has two events, one for people and one for programs.
    let other = if format == LogFormat::Console { ACCESS_TARGET } else { CONSOLE_TARGET };
    let one_event = filter_fn(move |metadata| metadata.target() != other);
    let outputs = OUTPUTS.get_or_init(|| outputs).clone();
    let layer = match format {
        LogFormat::Json | LogFormat::Auto => JsonLines::new(outputs).boxed(),
        LogFormat::Console => for_people(outputs).with_ansi(has_color).event_format(Console::new(has_color)).boxed(),
        LogFormat::Text => for_people(outputs).with_ansi(has_color).compact().boxed(),
    };
    tracing_subscriber::registry().with(layer).with(filter).with(one_event).init();
    Ok(())
}

fn for_people(outputs: LogOutputs) -> fmt::Layer<Registry, DefaultFields, Format, LogOutputs> {
    // After the reader has closed the output, each line would cause an error.
    fmt::layer().with_writer(outputs).log_internal_errors(false)
}
