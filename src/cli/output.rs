//! Everything that the command line prints: results to standard output, sentences for people to standard error.
//!
//! Results are tables with headers and colors on a terminal and tab-separated lines elsewhere. Control characters in the data of
//! a server or a client are escaped, so that only this program moves the cursor.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _, Write as _, stderr, stdout};

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, Utc};
use clap::ValueEnum;
use serde_json::Value;
use thiserror::Error;

use crate::clock::Clock;

/// Standard output cannot be written to.
#[derive(Debug, Error)]
#[error("cannot write to standard output: {0}")]
pub(super) struct OutputError(io::Error);

impl OutputError {
    /// Whether the reader has closed the output, as `head` does: that is not a failure.
    pub(super) fn is_closed_by_reader(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    Always,
    Never,
}

/// What standard output can show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screen {
    /// On a terminal tables have headers, and times are relative.
    pub(super) is_terminal: bool,
    has_color: bool,
}

impl Screen {
    pub(super) fn of_stdout(choice: ColorChoice) -> Self {
        let is_terminal = stdout().is_terminal();
        let has_color = match choice {
            ColorChoice::Auto => is_terminal && allows_color(),
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        Self { is_terminal, has_color }
    }

    pub(super) fn paint(self, style: Style, text: impl fmt::Display) -> String {
        if self.has_color { format!("{style}{text}{style:#}") } else { text.to_string() }
    }
}

/// Whether the environment allows colors on a terminal (<https://no-color.org>).
pub(super) fn allows_color() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const RED: Style = AnsiColor::Red.on_default();
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default();

pub(super) fn status_style(status: Option<u64>) -> Style {
    match status {
        Some(100..=299) => GREEN,
        Some(300..=499) => YELLOW,
        _ => RED,
    }
}

/// Prints a result.
pub(super) fn out(text: impl fmt::Display) -> Result<(), OutputError> {
    let mut text = text.to_string();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let mut stdout = stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(OutputError)
}

/// Prints a part of a long result without changes.
pub(super) fn out_bytes(bytes: &[u8]) -> Result<(), OutputError> {
    let mut stdout = stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(OutputError)
}

/// Prints a sentence for people. A failure is ignored: nothing depends on it.
pub(super) fn say(text: impl fmt::Display) {
    let _ = writeln!(stderr().lock(), "{text}");
}

pub(super) fn out_json(value: &Value) -> Result<(), OutputError> {
    out(json_text(value, true))
}

/// JSON with every character escaped that a terminal acts upon.
pub(super) fn json_text(value: &Value, is_pretty: bool) -> String {
    let text = if is_pretty { format!("{value:#}") } else { value.to_string() };
    if !text.chars().any(|character| is_unsafe(character) && character != '\n') {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        // In JSON such a character is part of a string; line ends belong to the layout.
        if is_unsafe(character) && character != '\n' {
            let _ = write!(safe, "\\u{:04x}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    safe
}

/// A text on one line, with every control character escaped.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    escaped(text, false)
}

/// A text of several lines, with every other control character escaped.
pub(super) fn plain_lines(text: &str) -> Cow<'_, str> {
    escaped(text, true)
}

fn escaped(text: &str, keeps_lines: bool) -> Cow<'_, str> {
    let is_kept = |character: char| !is_unsafe(character) || (keeps_lines && character == '\n');
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_kept(character) { safe.push(character) } else { safe.extend(character.escape_default()) }
    }
    Cow::Owned(safe)
}

/// Whether a terminal acts upon a character: control characters, and those that reorder or break lines.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A JSON value on one line.
pub(super) fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => plain(text).into_owned(),
        other => json_text(other, false),
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    head: &'static str,
    member: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Time,
    Status,
}

impl Column {
    pub(super) const fn text(head: &'static str, member: &'static str) -> Self {
        Self { head, member, kind: Kind::Text }
    }

    pub(super) const fn number(head: &'static str, member: &'static str) -> Self {
        Self { head, member, kind: Kind::Number }
    }

    /// A time, relative on a terminal.
    pub(super) const fn time(head: &'static str, member: &'static str) -> Self {
        Self { head, member, kind: Kind::Time }
    }

    /// An HTTP status.
    pub(super) const fn status(head: &'static str, member: &'static str) -> Self {
        Self { head, member, kind: Kind::Status }
    }

    fn cell(self, item: &Value, is_terminal: bool) -> String {
        let value = &item[self.member];
        match (self.kind, value.as_str()) {
            (Kind::Time, Some(text)) if is_terminal => {
                text.parse().map_or_else(|_| value_text(value), |time| relative(time, Clock::Real.now()))
            }
            _ if is_terminal => match value {
                Value::Bool(is) => if *is { "yes" } else { "no" }.to_owned(),
                _ => value_text(value),
            },
            _ => value_text(value),
        }
    }

    fn style(self, item: &Value) -> Style {
        match self.kind {
            Kind::Status => status_style(item[self.member].as_u64()),
            Kind::Time => DIM,
            Kind::Text | Kind::Number => Style::new(),
        }
    }
}

/// A table: aligned and with headers on a terminal, otherwise one line per item with tabs between the values.
pub(super) fn table(screen: Screen, columns: &[Column], items: &Value) -> String {
    let items: Vec<&Value> = items.as_array().into_iter().flatten().collect();
    let cells = |item: &&Value| columns.iter().map(|column| column.cell(item, screen.is_terminal)).collect();
    let rows: Vec<Vec<String>> = items.iter().map(cells).collect();
    if !screen.is_terminal {
        return rows.iter().map(|row| row.join("\t") + "\n").collect();
    }
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| rows.iter().map(|row| width(&row[place])).fold(width(column.head), usize::max))
        .collect();
    let mut text = String::new();
    for (place, column) in columns.iter().enumerate() {
        let head = padded(column.head, widths[place], column.kind, place + 1 == columns.len());
        text += &screen.paint(BOLD, head);
        text += "  ";
    }
    let mut text = text.trim_end().to_owned() + "\n";
    for (item, row) in items.iter().zip(&rows) {
        let mut line = String::new();
        for (place, column) in columns.iter().enumerate() {
            let cell = padded(&row[place], widths[place], column.kind, place + 1 == columns.len());
            line += &screen.paint(column.style(item), cell);
            line += "  ";
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn padded(text: &str, to: usize, kind: Kind, is_last: bool) -> String {
    let missing = " ".repeat(to.saturating_sub(width(text)));
    match kind {
        Kind::Number => missing + text,
        _ if is_last => text.to_owned(),
        _ => text.to_owned() + &missing,
    }
}

/// A time as seen from now: `5 min ago`, `in 2 h`.
fn relative(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - time).num_seconds();
    let amount = match seconds.unsigned_abs() {
        0..60 => format!("{} s", seconds.unsigned_abs()),
        60..3_600 => format!("{} min", seconds.unsigned_abs() / 60),
        3_600..86_400 => format!("{} h", seconds.unsigned_abs() / 3_600),
        _ => format!("{} d", seconds.unsigned_abs() / 86_400),
    };
    if seconds < 0 { format!("in {amount}") } else { format!("{amount} ago") }
}

/// A number with a separator between its thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun: `1 row`, `1,000 rows`.
pub(super) fn counted(number: &Value, one: &str, many: &str) -> String {
    let number = number.as_u64().unwrap_or_default();
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A value that a shell does not change.
pub(super) fn quoted(value: &str) -> String {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./:@%-[]".contains(&byte));
    if is_plain { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PIPE: Screen = Screen { is_terminal: false, has_color: false };
    const TERMINAL: Screen = Screen { is_terminal: true, has_color: false };
    const COLUMNS: [Column; 3] =
        [Column::text("NAME", "name"), Column::number("COUNT", "count"), Column::text("NOTE", "note")];

    #[test]
    fn a_table_has_headers_on_a_terminal_and_tabs_elsewhere() {
        let items =
            json!([{ "name": "demo", "count": 12, "note": null }, { "name": "x", "count": 1_000, "note": "a\tb" }]);
        assert_eq!(table(PIPE, &COLUMNS, &items), "demo\t12\t-\nx\t1000\ta\\tb\n");
        let shown = "NAME  COUNT  NOTE\ndemo     12  -\nx      1000  a\\tb\n";
        assert_eq!(table(TERMINAL, &COLUMNS, &items), shown);
        assert_eq!(table(PIPE, &COLUMNS, &json!([])), "");
        let colored = Screen { is_terminal: true, has_color: true };
        assert!(table(colored, &COLUMNS, &items).starts_with("\u{1b}[1mNAME"));
    }

    #[test]
    fn nothing_that_moves_a_cursor_is_printed() {
        assert_eq!(plain("a\nb\u{1b}[31m\u{9b}\u{202e}é"), "a\\nb\\u{1b}[31m\\u{9b}\\u{202e}é");
        assert_eq!(plain_lines("a\nb\r"), "a\nb\\r");
        let value = json!({ "x": "\u{9b}\u{7f}\u{1b}\n" });
        assert_eq!(json_text(&value, false), r#"{"x":"\u009b\u007f\u001b\n"}"#);
        let back: Value = serde_json::from_str(&json_text(&value, true)).expect("JSON");
        assert_eq!(back, value);
    }

    #[test]
    fn times_and_numbers_are_for_people() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        let now = at("2030-01-31T12:00:00Z");
        for (time, shown) in [
            ("2030-01-31T11:59:55Z", "5 s ago"),
            ("2030-01-31T11:30:00Z", "30 min ago"),
            ("2030-01-31T14:00:00Z", "in 2 h"),
            ("2030-01-01T12:00:00Z", "30 d ago"),
        ] {
            assert_eq!(relative(at(time), now), shown);
        }
        assert_eq!((grouped(0).as_str(), grouped(1_234_567).as_str()), ("0", "1,234,567"));
        assert_eq!(
            (counted(&json!(1), "row", "rows"), counted(&json!(1_000), "row", "rows")),
            ("1 row".to_owned(), "1,000 rows".to_owned())
        );
    }
}
