//! Bodies of errors: `ApiResult`, and the framework's `HttpError`.

use std::borrow::Cow;

use super::response::{ResponseBody, Value};
use super::violations::MemberViolation;
use crate::vendor_facts::ByDesignError;

/// The prefix of names in `ModelState`: the parameter of the vendor's action. Its real name is not public.
const PARAMETER: &str = "model";

/// A rejection in the form of the tenant's plan. There is at least one violation.
pub(super) fn rejection(violations: &[MemberViolation], form: ByDesignError) -> ResponseBody<'_> {
    match form {
        ByDesignError::ApiResult => api_result(violations),
        ByDesignError::ModelState => model_state(violations),
    }
}

/// `ApiResult`: a success when there are no violations. Message and key are "the first of the messages" (ByDesign,
/// updatePassword page).
pub(super) fn api_result(violations: &[MemberViolation]) -> ResponseBody<'_> {
    let members = |violation: &MemberViolation| {
        [("MessageTranslationKey", owned(violation.key())), ("Message", owned(violation.message.clone()))]
    };
    let [key, message] =
        violations.first().map_or([("MessageTranslationKey", Value::Null), ("Message", Value::Null)], members);
    let all = violations.iter().map(|violation| Value::object(members(violation))).collect();
    ResponseBody {
        root: "ApiResult",
        value: Value::object([
            ("IsSuccessful", Value::Bool(violations.is_empty())),
            key,
            message,
            ("Messages", Value::List("ApiResultMessage", all)),
        ]),
    }
}

/// The framework's `ModelState`: the messages of each member.
pub(super) fn model_state(violations: &[MemberViolation]) -> ResponseBody<'_> {
    let mut members: Vec<(&str, Vec<&str>)> = Vec::new();
    for violation in violations {
        match members.iter_mut().find(|(member, _)| *member == violation.member) {
            Some((_, messages)) => messages.push(&violation.message),
            None => members.push((violation.member, vec![&violation.message])),
        }
    }
    let named = |(member, messages): (&str, Vec<_>)| {
        let name = if member.is_empty() { PARAMETER.to_owned() } else { format!("{PARAMETER}.{member}") };
        (Cow::Owned(name), Value::Texts(messages))
    };
    let state = Value::Object(members.into_iter().map(named).collect());
    let message = Value::text(Some("The request is invalid."));
    ResponseBody { root: "Error", value: Value::object([("Message", message), ("ModelState", state)]) }
}

/// The framework's body for all other errors.
pub(super) fn http_error(message: &str) -> ResponseBody<'_> {
    ResponseBody { root: "Error", value: Value::object([("Message", Value::text(Some(message)))]) }
}

/// The framework's message for a request without valid credentials.
pub(super) const DENIED: &str = "Authorization has been denied for this request.";

/// The framework's message for a failure of the server.
pub(super) const FAILED: &str = "An error has occurred.";

/// The framework's message for a method that a route does not have.
pub(super) fn wrong_method(method: &str) -> String {
    format!("The requested resource does not support http method '{method}'.")
}

/// The framework's message for a path that no route matches.
pub(super) fn no_route(uri: &str) -> String {
    format!("No HTTP resource was found that matches the request URI '{uri}'.")
}

fn owned<'a>(text: String) -> Value<'a> {
    Value::Text(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendors::bydesign::negotiate::Format;

    fn written(body: &ResponseBody<'_>) -> [String; 2] {
        [Format::Json, Format::Xml].map(|format| String::from_utf8(body.bytes(format)).expect("UTF-8"))
    }

    fn violations() -> Vec<MemberViolation> {
        vec![
            MemberViolation::too_long("FirstName", 50),
            MemberViolation::invalid("CustomerType", "<x>"),
            MemberViolation::control_character("FirstName"),
        ]
    }

    #[test]
    fn a_success_has_no_messages() {
        let [json, xml] = written(&api_result(&[]));
        assert_eq!(json, r#"{"IsSuccessful":true,"Messages":[]}"#);
        assert_eq!(
            xml,
            "<ApiResult><IsSuccessful>True</IsSuccessful><MessageTranslationKey /><Message /><Messages /></ApiResult>"
        );
    }

    #[test]
    fn a_rejection_repeats_its_first_message() {
        let violations = violations();
        let [json, xml] = written(&rejection(&violations[1..2], ByDesignError::ApiResult));
        let message = "The value '<x>' is not valid for CustomerType.";
        let words = format!(r#""MessageTranslationKey":"CUSTOMER_CUSTOMER_TYPE_INVALID","Message":"{message}""#);
        assert_eq!(json, format!(r#"{{"IsSuccessful":false,{words},"Messages":[{{{words}}}]}}"#));
        let words = "<MessageTranslationKey>CUSTOMER_CUSTOMER_TYPE_INVALID</MessageTranslationKey>\
                     <Message>The value '&lt;x&gt;' is not valid for CustomerType.</Message>";
        assert_eq!(
            xml,
            format!(
                "<ApiResult><IsSuccessful>False</IsSuccessful>{words}<Messages><ApiResultMessage>{words}\
                 </ApiResultMessage></Messages></ApiResult>"
            )
        );
    }

    #[test]
    fn model_state_lists_the_messages_of_a_member() {
        let violations = violations();
        let [json, xml] = written(&rejection(&violations, ByDesignError::ModelState));
        let long = "The field FirstName must be a string or array type with a maximum length of '50'.";
        let control = "The field FirstName must not contain control characters.";
        assert_eq!(
            json,
            format!(
                r#"{{"Message":"The request is invalid.","ModelState":{{"model.FirstName":["{long}","{control}"],"#
            ) + r#""model.CustomerType":["The value '<x>' is not valid for CustomerType."]}}"#
        );
        assert_eq!(
            xml,
            format!(
                "<Error><Message>The request is invalid.</Message><ModelState><model.FirstName>{long} {control}\
                 </model.FirstName><model.CustomerType>The value '&lt;x&gt;' is not valid for CustomerType.\
                 </model.CustomerType></ModelState></Error>"
            )
        );
        let whole = [MemberViolation::new("", "BODY_EMPTY", "Empty.")];
        assert!(written(&model_state(&whole))[0].ends_with(r#""ModelState":{"model":["Empty."]}}"#));
    }

    #[test]
    fn other_errors_are_a_message() {
        let [json, xml] = written(&http_error(DENIED));
        assert_eq!(json, r#"{"Message":"Authorization has been denied for this request."}"#);
        assert_eq!(xml, "<Error><Message>Authorization has been denied for this request.</Message></Error>");
        assert_eq!(wrong_method("DELETE"), "The requested resource does not support http method 'DELETE'.");
        assert_eq!(no_route("/x"), "No HTTP resource was found that matches the request URI '/x'.");
    }
}
