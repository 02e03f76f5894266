//! The pages with which WCF answers what never reaches an operation.

/// The content type of the pages.
pub(super) const CONTENT_TYPE: &str = "text/html; charset=UTF-8";

/// The page of a 404: no operation has this address.
pub(super) fn endpoint_not_found() -> String {
    page("Service", "Endpoint not found.")
}

/// The page of a 405: the operation has another verb.
pub(super) fn method_not_allowed() -> String {
    page("Service", "Method not allowed.")
}

/// The page of a 400: what was sent cannot be read, and why.
pub(super) fn request_error(why: &str) -> String {
    page(
        "Request Error",
        &format!(
            "The server encountered an error processing the request. The exception message is '{}'.",
            escaped(why)
        ),
    )
}

fn page(title: &str, text: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
  <head>
    <title>{title}</title>
  </head>
  <body>
    <div id="content">
      <p class="heading1">{title}</p>
      <p>{text}</p>
    </div>
  </body>
</html>
"#
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_say_what_happened() {
        assert!(endpoint_not_found().contains("<p>Endpoint not found.</p>"));
        assert!(method_not_allowed().contains("<title>Service</title>"));
        assert!(request_error("x").contains("<title>Request Error</title>"));
    }

    #[test]
    fn what_is_quoted_cannot_become_a_tag() {
        let page = request_error("<script a='b'>\"&");
        assert!(page.contains("&lt;script a=&#39;b&#39;&gt;&quot;&amp;"), "{page}");
        assert!(!page.contains("<script"));
    }
}
