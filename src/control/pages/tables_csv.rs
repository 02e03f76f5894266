//! Rows as CSV (RFC 4180).

use crate::tenants::{RowsPage, TableColumn};

/// The line with the names of the columns.
pub(super) fn head(read: &RowsPage) -> String {
    let names: Vec<String> = read.columns.iter().map(|column| quoted(&column.name)).collect();
    names.join(",") + "\r\n"
}

/// A row. Null is an empty field, an empty text is `""`.
pub(super) fn line(columns: &[TableColumn], row: &[Option<String>]) -> String {
    let fields = columns.iter().zip(row).map(|(column, value)| match value {
        None => String::new(),
        Some(text) if column.is_text => quoted(&without_formula(text)),
        Some(text) => quoted(text),
    });
    fields.collect::<Vec<_>>().join(",") + "\r\n"
}

/// A text that a spreadsheet would calculate gets an apostrophe in front of it: clients choose these texts.
fn without_formula(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text.to_owned() }
}

fn quoted(text: &str) -> String {
    if !text.is_empty() && !text.contains(['"', ',', '\r', '\n']) && text.trim() == text {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: &str) -> TableColumn {
        let is_text = kind == "text";
        TableColumn { name: name.to_owned(), kind: kind.to_owned(), is_key: false, can_filter: true, is_text }
    }

    #[test]
    fn a_row_is_a_line() {
        let columns = [column("a", "text"), column("b", "integer"), column("c", "text"), column("d", "text")];
        let row = |texts: [Option<&str>; 4]| line(&columns, &texts.map(|text| text.map(str::to_owned)));
        assert_eq!(row([Some("x"), Some("-5"), None, Some("")]), "x,-5,,\"\"\r\n");
        assert_eq!(
            row([Some("a \"b\", c"), Some("1"), Some("l1\nl2"), Some(" x")]),
            "\"a \"\"b\"\", c\",1,\"l1\nl2\",\" x\"\r\n"
        );
        let read = RowsPage { columns: columns.to_vec(), rows: Vec::new(), next: None };
        assert_eq!(head(&read), "a,b,c,d\r\n");
    }

    #[test]
    fn no_text_of_a_client_is_a_formula() {
        let columns = [column("a", "text")];
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            let written = line(&columns, &[Some(formula.to_owned())]);
            assert!(written.trim_start_matches('"').starts_with('\''), "{written}");
        }
    }
}
