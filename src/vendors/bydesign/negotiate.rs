//! Which format a body has, and which an answer gets.

use mediatype::{MediaType, MediaTypeList, ReadParams as _};

use crate::plan::DefaultFormat;

/// A format in which answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vendors::bydesign) enum Format {
    Xml,
    Json,
}

/// A media type in which answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vendors::bydesign) enum AnswerType {
    ApplicationXml,
    TextXml,
    ApplicationJson,
    TextJson,
}

/// What a request says that its body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vendors::bydesign) enum BodyType {
    /// A type in which answers can be written too.
    Readable(AnswerType),
    Form,
    /// A type that is not read.
    Unsupported(String),
    /// Nothing that could be read as a type.
    Missing,
}

impl AnswerType {
    /// In the order in which the vendor lists them.
    const ALL: [Self; 4] = [Self::ApplicationXml, Self::TextXml, Self::ApplicationJson, Self::TextJson];

    pub(in crate::vendors::bydesign) fn format(self) -> Format {
        match self {
            Self::ApplicationXml | Self::TextXml => Format::Xml,
            Self::ApplicationJson | Self::TextJson => Format::Json,
        }
    }

    /// The header of the answer.
    pub(in crate::vendors::bydesign) fn content_type(self) -> &'static str {
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
    /// What the request's Content-Type says.
    pub(in crate::vendors::bydesign) fn of(content_type: Option<&str>) -> Self {
        let Some(media_type) = content_type.and_then(|header| MediaType::parse(header.trim()).ok()) else {
            return Self::Missing;
        };
        let is_form = media_type.ty == "application" && media_type.subty == "x-www-form-urlencoded";
        match AnswerType::of(&media_type) {
            Some(known) => Self::Readable(known),
            None if is_form && media_type.suffix.is_none() => Self::Form,
            None => Self::Unsupported(media_type.essence().to_string()),
        }
    }

    /// What the framework says to a body of a type that it does not read, with status 415.
    pub(in crate::vendors::bydesign) fn unsupported(&self) -> Option<String> {
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

/// How exactly a type was asked for, the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Literal,
    Subtype,
    Any,
}

fn matches(range: &MediaType<'_>, known: AnswerType) -> Option<Closeness> {
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

/// The weight of a range, in thousandths. One that cannot be read is as good as none.
fn weight(range: &MediaType<'_>) -> Option<u16> {
    let Some((_, value)) = range.params().find(|(name, _)| *name == "q") else { return Some(1000) };
    let weight: f64 = value.as_str().parse().ok()?;
    (0.0..=1.0).contains(&weight).then(|| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 1000")]
        let thousandths = (weight * 1000.0).round() as u16;
        thousandths
    })
}

/// What Accept says of one type: the closest range that speaks of it.
#[derive(Debug, Clone, Copy)]
struct Wish {
    answer: AnswerType,
    closeness: Closeness,
    weight: u16,
}

/// The type of the answer. `accept` is every line of that header; what cannot be read of it is passed over.
///
/// The greatest weight wins, then the closest match, then XML before JSON (AspNetWebStack, `DefaultContentNegotiator`).
/// Where only `*/*` speaks of a type, or nothing does, the plan decides. There is always an answer.
pub(in crate::vendors::bydesign) fn answer_type<'a>(
    accept: impl IntoIterator<Item = &'a str>,
    body: &BodyType,
    default: DefaultFormat,
) -> AnswerType {
    let ranges: Vec<MediaType<'_>> = accept.into_iter().flat_map(MediaTypeList::new).filter_map(Result::ok).collect();
    let wish = |answer: AnswerType| {
        let spoken = ranges
            .iter()
            .filter_map(|range| Some(Wish { answer, closeness: matches(range, answer)?, weight: weight(range)? }));
        // Of two that are equally close the heavier counts.
        spoken.min_by_key(|wish| (wish.closeness, u16::MAX - wish.weight))
    };
    let wishes: Vec<Wish> = AnswerType::ALL.into_iter().filter_map(wish).collect();
    let best = wishes.iter().filter(|wish| wish.weight > 0).min_by_key(|wish| (u16::MAX - wish.weight, wish.closeness));
    match best {
        Some(best) if best.closeness != Closeness::Any => best.answer,
        _ => {
            let is_excluded = |answer| wishes.iter().any(|wish| wish.weight == 0 && wish.answer == answer);
            let preferred = preferred(body, default);
            let others = AnswerType::ALL.into_iter();
            std::iter::once(preferred).chain(others).find(|answer| !is_excluded(*answer)).unwrap_or(preferred)
        }
    }
}

fn preferred(body: &BodyType, default: DefaultFormat) -> AnswerType {
    match (default, body) {
        (DefaultFormat::Request, BodyType::Readable(own)) => *own,
        (DefaultFormat::Request | DefaultFormat::Json, _) => AnswerType::ApplicationJson,
        (DefaultFormat::Xml, _) => AnswerType::ApplicationXml,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AnswerType::{ApplicationJson, ApplicationXml, TextJson, TextXml};

    fn answer(accept: &[&str], content_type: Option<&str>, default: DefaultFormat) -> AnswerType {
        answer_type(accept.iter().copied(), &BodyType::of(content_type), default)
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
            assert_eq!(answer(&[accept], content_type, DefaultFormat::Request), expected, "{accept}, {content_type:?}");
        }
    }

    #[test]
    fn the_plan_decides_where_the_caller_does_not() {
        for accept in [&["*/*"] as &[&str], &[], &["text/plain"]] {
            assert_eq!(answer(accept, JSON, DefaultFormat::Xml), ApplicationXml);
            assert_eq!(answer(accept, Some("text/xml"), DefaultFormat::Json), ApplicationJson);
        }
        assert_eq!(answer(&["application/json"], None, DefaultFormat::Xml), ApplicationJson);
    }

    #[test]
    fn several_lines_are_one_list() {
        assert_eq!(answer(&["text/html", "text/xml"], JSON, DefaultFormat::Request), TextXml);
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        for accept in
            ["application/xml;q=x", "application/xml;q=7", "/", ",,,", ";", "\"", "application/xml;", "ä/ö", "q"]
        {
            let expected = if accept.ends_with("xml;") { ApplicationXml } else { ApplicationJson };
            assert_eq!(answer(&[accept], None, DefaultFormat::Request), expected, "{accept}");
        }
    }

    #[test]
    fn a_body_is_what_its_type_says() {
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
