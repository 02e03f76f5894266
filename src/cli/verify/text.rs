//! The result of a comparison for people.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use url::Url;

use crate::cli::output::{BOLD, CYAN, Column, DIM, GREEN, RED, Screen, YELLOW, plain, table, value_text};
use crate::verify::{Counts, Difference, DifferenceKind, Gap, OperationReport, Report};

/// The longest body of a gap, in characters.
const MAX_BODY: usize = 2_000;

pub(super) fn scenarios(items: &Value, screen: Screen) -> String {
    let columns = [
        Column::text("SCENARIO", "name"),
        Column::text("API", "api"),
        Column::number("STEPS", "steps"),
        Column::text("WRITES", "writes"),
        Column::text("ONLY WHEN NAMED", "only_when_named"),
        Column::text("TITLE", "title"),
    ];
    table(screen, &columns, items)
}

/// An address without its query.
pub(super) fn address(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.as_str().trim_end_matches('/').to_owned()
}

pub(super) fn report(report: &Report, source: &str, tenant: &str, screen: Screen) -> String {
    let mut text = format!("{} {}\n", screen.paint(BOLD, "Real service:"), plain(source));
    let _ = writeln!(text, "{} forks of tenant {}\n", screen.paint(BOLD, "Emulator:"), plain(tenant));
    for operation in &report.operations {
        add_operation(&mut text, operation, screen);
    }
    let Counts { equal, different, not_comparable } = report.steps;
    let _ = writeln!(text, "\n{equal} steps equal, {different} different, {not_comparable} not comparable");
    if !report.switches.is_empty() {
        let _ = writeln!(text, "\n{}", screen.paint(BOLD, "Plan entries that explain differences:"));
        for switch in &report.switches {
            let (now, then) = differing(&switch.emulator, &switch.real);
            let (now, then) = (short(&now), short(&then));
            let _ = writeln!(text, "  {}: {then}  (the emulator has {now})", screen.paint(CYAN, &switch.entry));
        }
        let counts = report.steps_with_plan;
        let _ = writeln!(
            text,
            "  With them {} of {} steps are equal; --write-plan FILE writes them.",
            counts.equal,
            counts.all()
        );
    }
    if !report.gaps.is_empty() {
        let _ = writeln!(text, "\n{}", screen.paint(BOLD, "Gaps that no plan entry explains:"));
        report.gaps.iter().for_each(|gap| add_gap(&mut text, gap, screen));
    }
    text
}

/// Of two objects only the members that differ.
fn differing(before: &Value, after: &Value) -> (Value, Value) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else { return (before.clone(), after.clone()) };
    let of = |members: &Map<String, Value>, others: &Map<String, Value>| {
        let differs = |(name, value): &(&String, &Value)| others.get(*name) != Some(*value);
        members.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
    };
    (of(old, new), of(new, old))
}

fn add_operation(text: &mut String, operation: &OperationReport, screen: Screen) {
    let Counts { equal, different, not_comparable } = operation.counts;
    let all = operation.counts.all();
    let (word, style, count) = match (different, not_comparable) {
        (0, 0) => ("equal", GREEN, equal),
        (0, _) => ("not comparable", YELLOW, not_comparable),
        _ => ("different", RED, different),
    };
    let word = screen.paint(style, format_args!("{word:<14}"));
    let _ = writeln!(text, "{word}  {}  {count} of {all} steps", plain(&operation.operation));
    for step in &operation.steps {
        let name = format!("{}: {}", step.scenario, step.step);
        let _ = writeln!(text, "  {}", plain(&name));
        if let Some(reason) = &step.not_comparable {
            let _ = writeln!(text, "    {}", screen.paint(DIM, plain(reason)));
        }
        step.differences.iter().for_each(|difference| add_difference(text, difference));
    }
}

fn add_difference(text: &mut String, difference: &Difference) {
    let Difference { place, kind, real, emulated } = difference;
    let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), short);
    let (real, emulated) = (side(real), side(emulated));
    let place = plain(place);
    let _ = match kind {
        DifferenceKind::OnlyReal => writeln!(text, "    {place}: only the real service has it: {real}"),
        DifferenceKind::OnlyEmulator => writeln!(text, "    {place}: only the emulator has it: {emulated}"),
        DifferenceKind::Length => writeln!(text, "    {place}: {real} items, the emulator has {emulated}"),
        _ => writeln!(text, "    {place}: {real}, the emulator has {emulated}"),
    };
}

fn add_gap(text: &mut String, gap: &Gap, screen: Screen) {
    let _ = writeln!(
        text,
        "\n  {}  {}: {}",
        screen.paint(CYAN, plain(&gap.operation)),
        plain(&gap.scenario),
        plain(&gap.step)
    );
    let _ = writeln!(text, "    request        {}", plain(&gap.request));
    if !gap.request_body.is_null() {
        let _ = writeln!(text, "                   {}", body(&gap.request_body));
    }
    let _ = writeln!(text, "    real service   {} {}", gap.real.status, body(&gap.real.body));
    let _ = writeln!(text, "    emulator       {} {}", gap.emulated.status, body(&gap.emulated.body));
}

fn body(value: &Value) -> String {
    if value.is_null() { "(no body)".to_owned() } else { shortened(&value_text(value), MAX_BODY) }
}

/// A value on one line.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(&format!("\"{}\"", plain(text)), 200),
        Value::Null => "null".to_owned(),
        other => shortened(&value_text(other), 200),
    }
}

fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
