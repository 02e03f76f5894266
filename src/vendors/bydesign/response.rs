//! Response bodies: values, and how JSON and XML write them.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::dates::Moment;
use super::negotiate::{BodyType, Format, ResponseType, response_type};
use super::xml;
use crate::gateway::{ApiRequest, Reply, RequestContext, typed};
use crate::vendor_facts::DefaultFormat;

/// The response to a request that succeeded, in the format that the request accepts.
pub(super) fn reply(request: &ApiRequest<'_>, body: &ResponseBody<'_>) -> Reply {
    let (content_type, bytes) = encoded(&request.parts.headers, request.scope().plan.bydesign.default_format, body);
    Reply::of(StatusCode::OK, content_type, bytes)
}

/// An error response, in the format that the request accepts.
pub(super) fn error_response(
    context: &RequestContext<'_>,
    status: StatusCode,
    body: &ResponseBody<'_>,
) -> Response<Bytes> {
    let (content_type, bytes) = encoded(&context.parts.headers, context.plan().bydesign.default_format, body);
    typed(status, content_type, bytes)
}

/// The type of the request's body.
pub(super) fn body_type(headers: &HeaderMap) -> BodyType {
    BodyType::of(headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()))
}

fn encoded(headers: &HeaderMap, default: DefaultFormat, body: &ResponseBody<'_>) -> (HeaderValue, Vec<u8>) {
    let response_type = accepted(headers, default);
    (HeaderValue::from_static(response_type.content_type()), body.bytes(response_type.format()))
}

fn accepted(headers: &HeaderMap, default: DefaultFormat) -> ResponseType {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    response_type(accept, &body_type(headers), default)
}

#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// Left out of JSON, an empty element in XML.
    Null,
    /// `true`, in XML `True`.
    Bool(bool),
    Integer(i32),
    Text(Cow<'a, str>),
    Date(Moment),
    /// Texts: an array, in XML one element with all of them (AspNetWebStack, `HttpError`).
    Texts(Vec<&'a str>),
    /// An array; in XML each value is an element of this name.
    List(&'static str, Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

#[derive(Debug, Clone)]
pub(super) struct ResponseBody<'a> {
    /// The name of the root element.
    pub(super) root: &'static str,
    pub(super) value: Value<'a>,
}

impl ResponseBody<'_> {
    pub(super) fn bytes(&self, format: Format) -> Vec<u8> {
        match format {
            Format::Json => serde_json::to_vec(&self.value).expect("invariant: plain data is JSON"),
            Format::Xml => {
                let mut document = String::new();
                self.value.element(self.root, &mut document);
                document.into_bytes()
            }
        }
    }
}

impl<'a> Value<'a> {
    pub(super) fn object(members: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
    }

    pub(super) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(Cow::Borrowed(text)))
    }

    pub(super) fn integer(number: Option<i32>) -> Self {
        number.map_or(Self::Null, Self::Integer)
    }

    pub(super) fn date(date: Option<Moment>) -> Self {
        date.map_or(Self::Null, Self::Date)
    }

    fn element(&self, name: &str, into: &mut String) {
        let before = into.len();
        into.extend(["<", name, ">"]);
        let content = into.len();
        match self {
            Self::Null => {}
            Self::Bool(value) => into.push_str(if *value { "True" } else { "False" }),
            Self::Integer(number) => into.push_str(&number.to_string()),
            Self::Text(text) => xml::escape(into, text),
            Self::Date(date) => into.push_str(&date.xml()),
            Self::Texts(texts) => xml::escape(into, &texts.join(" ")),
            Self::List(item, values) => values.iter().for_each(|value| value.element(item, into)),
            Self::Object(members) => members.iter().for_each(|(name, value)| value.element(name, into)),
        }
        if into.len() == content {
            into.truncate(before);
            into.extend(["<", name, " />"]);
        } else {
            into.extend(["</", name, ">"]);
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(number) => serializer.serialize_i32(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Date(date) => serializer.serialize_str(&date.json()),
            Self::Texts(texts) => serializer.collect_seq(texts),
            Self::List(_, values) => serializer.collect_seq(values),
            Self::Object(members) => {
                let mut object = serializer.serialize_map(None)?;
                for (name, value) in members.iter().filter(|(_, value)| !matches!(value, Self::Null)) {
                    object.serialize_entry(name, value)?;
                }
                object.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_json_and_xml() {
        let value = Value::object([
            ("A", Value::text(Some("<ä>\u{1}"))),
            ("B", Value::Null),
            ("C", Value::Bool(true)),
            ("D", Value::List("E", vec![Value::Integer(-1), Value::Integer(2)])),
            ("F", Value::List("E", Vec::new())),
            ("G", Value::Texts(vec!["x.", "y."])),
            ("H", Value::Date(Moment::UNSET)),
        ]);
        let body = ResponseBody { root: "Root", value };
        let written = |format| String::from_utf8(body.bytes(format)).expect("UTF-8");
        assert_eq!(
            written(Format::Json),
            r#"{"A":"<ä>\u0001","C":true,"D":[-1,2],"F":[],"G":["x.","y."],"H":"0001-01-01T00:00:00"}"#
        );
        assert_eq!(
            written(Format::Xml),
            "<Root><A>&lt;ä&gt;\u{fffd}</A><B /><C>True</C><D><E>-1</E><E>2</E></D><F /><G>x. y.</G>\
             <H>01/01/0001 00:00:00</H></Root>"
        );
    }
}
