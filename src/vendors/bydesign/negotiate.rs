//! Content negotiation: the format of a request body, and the format of its response.

use mediatype::{MediaType, MediaTypeList, ReadParams as _};

use crate::vendor_facts::DefaultFormat;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Xml,
    Json,
}

/// A media type of responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponseType {
    ApplicationXml,
    TextXml,
    ApplicationJson,
    TextJson,
}

/// The type that Content-Type names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BodyType {
    /// A type that responses can have too.
    Readable(ResponseType),
    Form,
    Unsupported(String),
    /// Content-Type is absent or not a media type.
    Missing,
}

impl ResponseType {
    /// In the order of the vendor's help page.
    const ALL: [Self; 4] = [Self::ApplicationXml, Self::TextXml, Self::ApplicationJson, Self::TextJson];

    pub(super) fn format(self) -> Format {
        match self {
            Self::ApplicationXml | Self::TextXml => Format::Xml,
            Self::ApplicationJson | Self::TextJson => Format::Json,
        }
    }

    /// The value of the header.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::ApplicationXml => "application/xml; charset=utf-8",
            Self::TextXml => "text/xml; charset=utf-8",
            Self::ApplicationJson => "application/json; charset=utf-8",
            Self::TextJson => "text/json; charset=utf-8",
        }
    }

    fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::ApplicationXml => ("application", "xml"),
            Self::TextXml => ("text", "xml"),
            Self::ApplicationJson => ("application", "json"),
            Self::TextJson => ("text", "json"),
        }
    }

    fn of(media_type: &MediaType<'_>) -> Option<Self> {
        Self::ALL.into_iter().find(|known| matches(media_type, *known) == Some(Closeness::Literal))
    }
}

impl BodyType {
    pub(super) fn of(content_type: Option<&str>) -> Self {
        let Some(media_type) = content_type.and_then(|header| MediaType::parse(header.trim()).ok()) else {
            return Self::Missing;
        };
        let is_form = media_type.ty == "application" && media_type.subty == "x-www-form-urlencoded";
        match ResponseType::of(&media_type) {
            Some(known) => Self::Readable(known),
            None if is_form && media_type.suffix.is_none() => Self::Form,
            None => Self::Unsupported(media_type.essence().to_string()),
        }
    }

    /// The framework's message for a body that it does not read, with status 415.
    pub(super) fn unsupported(&self) -> Option<String> {
        match self {
            Self::Readable(_) | Self::Form => None,
            Self::Unsupported(name) => {
                Some(format!("The request entity's media type '{name}' is not supported for this resource."))
            }
            Self::Missing => Some(
                "The request contains an entity body but no Content-Type header. The inferred media type \
                 'application/octet-stream' is not supported for this resource."
                    .to_owned(),
            ),
        }
    }
}

/// How exactly a media range matches a type, the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Literal,
    Subtype,
    Any,
}

fn matches(range: &MediaType<'_>, known: ResponseType) -> Option<Closeness> {
    let (whole, part) = known.parts();
    if range.suffix.is_some() {
        return None;
    }
    match (range.ty.as_str(), range.subty.as_str()) {
        ("*", "*") => Some(Closeness::Any),
        (_, "*") if range.ty == whole => Some(Closeness::Subtype),
        _ if range.ty == whole && range.subty == part => Some(Closeness::Literal),
        _ => None,
    }
}

/// The quality of a range, in thousandths; `None` when it is not valid.
fn quality(range: &MediaType<'_>) -> Option<u16> {
    let Some((_, value)) = range.params().find(|(name, _)| *name == "q") else { return Some(1000) };
    let quality: f64 = value.as_str().parse().ok()?;
    (0.0..=1.0).contains(&quality).then(|| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 1000")]
        let thousandths = (quality * 1000.0).round() as u16;
        thousandths
    })
}

/// The closest range of Accept that matches a type.
#[derive(Debug, Clone, Copy)]
struct Preference {
    response: ResponseType,
    closeness: Closeness,
    quality: u16,
}

/// The type of the response. `accept` is every line of that header; parts that are not valid are ignored.
///
/// The highest quality wins, then the closest match, then XML before JSON (AspNetWebStack, `DefaultContentNegotiator`). The
/// plan decides where no range or only `*/*` matches. There is always a type.
pub(super) fn response_type<'a>(
    accept: impl IntoIterator<Item = &'a str>,
    body: &BodyType,
    default: DefaultFormat,
) -> ResponseType {
    let ranges: Vec<MediaType<'_>> = accept.into_iter().flat_map(MediaTypeList::new).filter_map(Result::ok).collect();
    let preference = |response: ResponseType| {
        let matching = ranges.iter().filter_map(|range| {
            Some(Preference { response, closeness: matches(range, response)?, quality: quality(range)? })
        });
        // Of two that are equally close, the one of higher quality counts.
        matching.min_by_key(|preference| (preference.closeness, u16::MAX - preference.quality))
    };
    let preferences: Vec<Preference> = ResponseType::ALL.into_iter().filter_map(preference).collect();
    let best = preferences
        .iter()
        .filter(|preference| preference.quality > 0)
        .min_by_key(|preference| (u16::MAX - preference.quality, preference.closeness));
    match best {
        Some(best) if best.closeness != Closeness::Any => best.response,
        _ => {
            let is_excluded = |response| {
                preferences.iter().any(|preference| preference.quality == 0 && preference.response == response)
            };
            let preferred = preferred(body, default);
            let others = ResponseType::ALL.into_iter();
            std::iter::once(preferred).chain(others).find(|response| !is_excluded(*response)).unwrap_or(preferred)
        }
    }
}

fn preferred(body: &BodyType, default: DefaultFormat) -> ResponseType {
    match (default, body) {
        (DefaultFormat::Request, BodyType::Readable(request)) => *request,
        (DefaultFormat::Request | DefaultFormat::Json, _) => ResponseType::ApplicationJson,
        (DefaultFormat::Xml, _) => ResponseType::ApplicationXml,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ResponseType::{ApplicationJson, ApplicationXml, TextJson, TextXml};

    fn response(accept: &[&str], content_type: Option<&str>, default: DefaultFormat) -> ResponseType {
        response_type(accept.iter().copied(), &BodyType::of(content_type), default)
    }

    const JSON: Option<&str> = Some("application/json");
    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

    #[test]
    fn the_table_of_negotiation() {
        for (accept, content_type, expected) in [
            ("application/json", None, ApplicationJson),
            ("text/json", Some("text/xml"), TextJson),
            ("application/xml", JSON, ApplicationXml),
            ("text/xml", JSON, TextXml),
            ("*/*", JSON, ApplicationJson),
            ("*/*", Some("text/xml; charset=utf-8"), TextXml),
            ("*/*", FORM, ApplicationJson),
            ("*/*", None, ApplicationJson),
            ("", Some("Application/XML"), ApplicationXml),
            ("text/html", JSON, ApplicationJson),
            ("text/html", Some("application/xml"), ApplicationXml),
            ("text/*", JSON, TextXml),
            ("application/*", JSON, ApplicationXml),
            ("application/json, application/xml", None, ApplicationXml),
            ("application/json, application/xml;q=0.9", None, ApplicationJson),
            ("application/json;q=0.2, text/*;q=0.8", None, TextXml),
            ("application/*, application/json", None, ApplicationJson),
            ("application/xml;q=0, application/*", None, ApplicationJson),
            ("application/json;q=0, text/json;q=0, */*", JSON, ApplicationXml),
            ("application/json;q=0", JSON, ApplicationXml),
            ("*/*;q=0", JSON, ApplicationJson),
            ("application/json;q=0.5, */*", Some("text/xml"), TextXml),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON, ApplicationXml),
            ("application/problem+json", Some("text/xml"), TextXml),
            ("APPLICATION/JSON; Q=0.7; x=\"a,b\", TEXT/XML;q=0.3", None, ApplicationJson),
        ] {
            assert_eq!(
                response(&[accept], content_type, DefaultFormat::Request),
                expected,
                "{accept}, {content_type:?}"
            );
        }
    }

    #[test]
    fn the_plan_decides_where_accept_does_not() {
        for accept in [&["*/*"] as &[&str], &[], &["text/plain"]] {
            assert_eq!(response(accept, JSON, DefaultFormat::Xml), ApplicationXml);
            assert_eq!(response(accept, Some("text/xml"), DefaultFormat::Json), ApplicationJson);
        }
        assert_eq!(response(&["application/json"], None, DefaultFormat::Xml), ApplicationJson);
    }

    #[test]
    fn several_header_lines_are_one_list() {
        assert_eq!(response(&["text/html", "text/xml"], JSON, DefaultFormat::Request), TextXml);
    }

    #[test]
    fn parts_that_are_not_valid_are_ignored() {
        for accept in
            ["application/xml;q=x", "application/xml;q=7", "/", ",,,", ";", "\"", "application/xml;", "ä/ö", "q"]
        {
            let expected = if accept.ends_with("xml;") { ApplicationXml } else { ApplicationJson };
            assert_eq!(response(&[accept], None, DefaultFormat::Request), expected, "{accept}");
        }
    }

    #[test]
    fn content_type_names_the_type_of_the_body() {
        assert_eq!(BodyType::of(Some("text/json;charset=UTF-8")), BodyType::Readable(TextJson));
        assert_eq!(BodyType::of(FORM), BodyType::Form);
        assert_eq!(BodyType::of(FORM).unsupported(), None);
        assert_eq!(
            BodyType::of(Some("text/plain; charset=utf-8")).unsupported().as_deref(),
            Some("The request entity's media type 'text/plain' is not supported for this resource.")
        );
        for missing in [None, Some(""), Some("json")] {
            assert_eq!(
                BodyType::of(missing).unsupported().as_deref(),
                Some(
                    "The request contains an entity body but no Content-Type header. The inferred media type \
                     'application/octet-stream' is not supported for this resource."
                )
            );
        }
        assert_eq!(BodyType::of(Some("*/*")), BodyType::Unsupported("*/*".to_owned()));
    }
}
