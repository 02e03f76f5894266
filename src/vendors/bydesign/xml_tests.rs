//! Documents that are accepted, and attacks that are rejected.

use std::time::{Duration, Instant};

use super::*;

fn members(document: &str) -> Members<'_> {
    read(document, "Root", false).unwrap_or_else(|error| panic!("{document}: {error}"))
}

fn rejected(document: &str) -> String {
    let started = Instant::now();
    let error = read(document, "Root", false).expect_err("an error").to_string();
    assert!(started.elapsed() < Duration::from_secs(5), "{error}");
    assert!(error.len() < 600, "{error}");
    error
}

#[test]
fn elements_are_members() {
    let document = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!-- c --><?pi x?>\n\
        <Root xmlns=\"urn:x\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n\
        <A>a &amp; b&#x20;&lt;c&gt;<!-- d --><![CDATA[<&]]>\r\n</A> <b/> <C />\t<D></D> \
        <E xsi:nil=\"true\"/><F><G>1</G></F><b:H xmlns:b=\"y\">ä</b:H>\n</Root>\n<!-- end -->\n";
    let members = members(document);
    assert_eq!(members.text("a").as_deref(), Some("a & b <c><&\n"));
    for empty in ["B", "C", "d"] {
        assert_eq!(members.get(empty), Some(&Scalar::Text("".into())), "{empty}");
    }
    assert_eq!(members.get("e"), Some(&Scalar::Null));
    assert_eq!(members.get("f"), Some(&Scalar::Other("an element")));
    assert_eq!(members.text("h").as_deref(), Some("ä"));
    assert_eq!(members.get("g"), None);
}

#[test]
fn an_empty_root_has_no_members() {
    assert_eq!(members("<Root/>"), Members::default());
    assert_eq!(members("<Root> </Root>"), Members::default());
}

#[test]
fn a_document_of_another_shape_is_rejected() {
    for (document, expected) in [
        ("<root/>", "the root element is 'root', not 'Root'"),
        ("<Root/><Root/>", "there is a second root element"),
        ("<Root/>x", "there is text outside the root element"),
        ("x<Root/>", "there is text outside the root element"),
        ("<Root/>&amp;", "there is text outside the root element"),
        ("<![CDATA[ ]]><Root/>", "there is text outside the root element"),
        ("<Root>x</Root>", "there is text between the elements"),
        ("<!-- nothing -->", "there is no root element"),
        ("<Root><A>", "it ends before its elements do"),
        ("<Root/><?xml version=\"1.0\"?>", "the XML declaration does not stand at the beginning"),
        ("<Root><A>&nbsp;</A></Root>", "it refers to an entity that is not one of XML's five"),
        ("<Root><A>&#1;</A></Root>", "the character U+0001 cannot stand in XML"),
        ("<Root><A>&#xD800;</A></Root>", "a reference by number is no character"),
        ("<Root><A>\u{b}</A></Root>", "the character U+000B cannot stand in XML"),
        ("<Root><A><B><C/></B></A></Root>", "elements nest deeper than 3"),
    ] {
        assert_eq!(rejected(document), format!("The request body is not valid XML: {expected}."), "{document}");
    }
    for broken in ["<Root><A></Root>", "<Root", "</Root>", "<Root><A>&amp</A></Root>", "<Root a></Root>", "{}"] {
        assert!(rejected(broken).starts_with("The request body is not valid XML: "), "{broken}");
    }
}

#[test]
fn a_password_that_was_not_escaped_is_not_repeated() {
    for password in ["a&secret;b", "a<secret", "a<secret>", "a</secret>", "a&#secret;", "a<secret x", "&secret"] {
        let document = format!("<Root><Password>{password}</Password></Root>");
        assert!(!rejected(&document).contains("secret"), "{password}");
    }
}

#[test]
fn document_types_are_rejected() {
    let laughs = (1..20).map(|level| format!("<!ENTITY l{level} \"{}\">", format!("&l{};", level - 1).repeat(10)));
    let laughs = laughs.collect::<Vec<_>>().concat();
    let laughs = format!("<!DOCTYPE Root [<!ENTITY l0 \"lol\">{laughs}]><Root><A>&l19;</A></Root>");
    let external = "<!DOCTYPE Root [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Root><A>&x;</A></Root>";
    for document in [laughs.as_str(), external, "<!DOCTYPE Root SYSTEM \"http://x/y.dtd\"><Root/>", "<!DOCTYPE Root ["]
    {
        assert!(rejected(document).ends_with(": it has a document type (DOCTYPE), which is not read."));
    }
}

#[test]
fn depth_and_number_are_limited() {
    assert!(rejected(&"<Root>".repeat(100_000)).contains("nest deeper"));
    let many = format!("<Root>{}</Root>", "<A/>".repeat(1_000_000));
    assert!(rejected(&many).contains("more than 1000 elements"));
    let attributes = (0..100_000).map(|number| format!(" a{number}=\"\"")).collect::<Vec<_>>().concat();
    assert_eq!(members(&format!("<Root{attributes}/>")), Members::default());
    let references = format!("<Root><A>{}</A></Root>", "&amp;".repeat(200_000));
    assert_eq!(members(&references).text("A").map(|text| text.len()), Some(200_000));
    assert!(rejected(&format!("<{}/>", "x".repeat(100_000))).contains("xxx…"));
}

#[test]
fn only_utf_8_is_read() {
    let utf_16 = b"\xff\xfe<\0R\0/\0>\0";
    let error = reject_utf_16(utf_16).expect_err("an error").to_string();
    assert!(error.contains("UTF-16, which Content-Type does not declare"), "{error}");
    assert!(reject_utf_16(b"\xef\xbb\xbf<Root/>").is_ok());
    assert!(rejected("<\0R\0/\0>\0").contains("U+0000"));
    let latin_1 = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Root/>";
    assert!(rejected(latin_1).contains("its encoding is 'ISO-8859-1', which Content-Type does not declare"));
    // Content-Type takes precedence over the document.
    let declared = "<?xml version='1.0' encoding='ISO-8859-1'?><Root><A>ä</A></Root>";
    assert_eq!(read(declared, "Root", true).expect("members").text("A").as_deref(), Some("ä"));
}

#[test]
fn characters_that_xml_cannot_hold_are_replaced() {
    let mut written = String::new();
    escape(&mut written, "<a & \"b\">\u{0}\u{1f}\u{fffe}\r\n\t😀");
    assert_eq!(written, "&lt;a &amp; \"b\"&gt;\u{fffd}\u{fffd}\u{fffd}&#xD;\n\t😀");
}
