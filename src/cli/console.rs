//! The log on a terminal: one line per request, and other events.

use std::fmt::{self, Write as _};

use anstyle::Style;
use chrono::Local;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::output::{BOLD, CYAN, DIM, RED, YELLOW, plain, status_style};
use crate::clock::Clock;
use crate::server::CONSOLE_TARGET;

/// The format of the log's lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Console {
    has_color: bool,
}

/// The fields of an event.
#[derive(Debug, Default)]
struct Fields {
    method: String,
    path: String,
    tenant: Option<String>,
    status: Option<u64>,
    ms: f64,
    fault: Option<i64>,
    reason: Option<String>,
    message: String,
    others: String,
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        match field.name() {
            "ms" => self.ms = value,
            _ => self.record_debug(field, &value),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "status" => self.status = Some(value),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        match field.name() {
            "fault" => self.fault = Some(value),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "method" => value.clone_into(&mut self.method),
            "path" => value.clone_into(&mut self.path),
            "tenant" => self.tenant = Some(value.to_owned()),
            "reason" => self.reason = Some(value.to_owned()),
            _ => self.record_debug(field, &format_args!("{value}")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            name => {
                let _ = write!(self.others, "  {name}={text}");
            }
        }
    }
}

impl Console {
    pub(super) fn new(has_color: bool) -> Self {
        Self { has_color }
    }

    fn paint(self, style: Style, text: impl fmt::Display) -> String {
        if self.has_color { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    /// `16:18:03  404  GET /v1/customers/99  demo  0.3 ms  A Customer with the given Customer ID was not found.`
    fn request(self, time: &str, fields: &Fields) -> String {
        let status = fields.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let mut line = format!(
            "{}  {}  {} {}",
            self.paint(DIM, time),
            self.paint(status_style(fields.status), status),
            self.paint(BOLD, plain(&fields.method)),
            plain(&fields.path)
        );
        if let Some(tenant) = &fields.tenant {
            let _ = write!(line, "  {}", self.paint(CYAN, plain(tenant)));
        }
        let _ = write!(line, "  {}", self.paint(DIM, format_args!("{:.1} ms", fields.ms)));
        if let Some(fault) = fields.fault {
            let _ = write!(line, "  {}", self.paint(RED, format_args!("fault {fault}")));
        }
        if let Some(reason) = &fields.reason {
            let _ = write!(line, "  {}", self.paint(YELLOW, plain(reason)));
        }
        line
    }

    fn other(self, time: &str, level: Level, fields: &Fields) -> String {
        let (style, name) = match level {
            Level::ERROR => (RED, "error"),
            Level::WARN => (YELLOW, "warning"),
            Level::INFO => (Style::new(), "info"),
            Level::DEBUG => (DIM, "debug"),
            Level::TRACE => (DIM, "trace"),
        };
        let (message, others) = (plain(&fields.message), plain(&fields.others));
        format!("{}  {}  {message}{}", self.paint(DIM, time), self.paint(style, name), self.paint(DIM, others))
    }
}

impl<S, N> FormatEvent<S, N> for Console
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let time = Clock::Real.now().with_timezone(&Local).format("%H:%M:%S").to_string();
        let metadata = event.metadata();
        let line = if metadata.target() == CONSOLE_TARGET {
            self.request(&time, &fields)
        } else {
            self.other(&time, *metadata.level(), &fields)
        };
        writeln!(writer, "{line}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_that_moves_no_cursor() {
        let fields = Fields {
            method: "GET".to_owned(),
            path: "/v1/customers/99".to_owned(),
            tenant: Some("demo".to_owned()),
            status: Some(404),
            ms: 0.324,
            reason: Some("no\u{1b}[2J\nsuch".to_owned()),
            ..Fields::default()
        };
        let line = Console::new(false).request("16:18:03", &fields);
        assert_eq!(line, "16:18:03  404  GET /v1/customers/99  demo  0.3 ms  no\\u{1b}[2J\\nsuch");
        let colored = Console::new(true).request("16:18:03", &fields);
        assert!(colored.contains("\u{1b}[33m404\u{1b}[0m"), "{colored:?}");
        let lost = Fields { status: None, fault: Some(3), ..fields };
        let line = Console::new(false).request("16:18:03", &lost);
        assert!(line.starts_with("16:18:03  ---  GET") && line.contains("fault 3"), "{line}");
        let fields = Fields { message: "waiting".to_owned(), others: "  a=1".to_owned(), ..Fields::default() };
        assert_eq!(Console::new(false).other("16:18:03", Level::WARN, &fields), "16:18:03  warning  waiting  a=1");
    }
}
