//! Answers that tell no customer: `ApiResult`, and the framework's `HttpError`.

use std::borrow::Cow;

use super::tree::{Answer, Tree};
use crate::plan::ByDesignError;
use crate::vendors::bydesign::violations::MemberViolation;

/// The parameter of the vendor's action, as `ModelState` begins its names. Its real name is not public.
const PARAMETER: &str = "model";

/// A rejection, as the tenant's plan wants it. There is at least one violation.
pub(in crate::vendors::bydesign) fn rejection(violations: &[MemberViolation], form: ByDesignError) -> Answer<'_> {
    match form {
        ByDesignError::ApiResult => api_result(violations),
        ByDesignError::ModelState => model_state(violations),
    }
}

/// `ApiResult`: a success when there are no violations. Message and key are "the first of the messages" (ByDesign,
/// updatePassword page).
pub(in crate::vendors::bydesign) fn api_result(violations: &[MemberViolation]) -> Answer<'_> {
    let words = |violation: &MemberViolation| {
        [("MessageTranslationKey", owned(violation.key())), ("Message", owned(violation.sentence.clone()))]
    };
    let [key, message] =
        violations.first().map_or([("MessageTranslationKey", Tree::Null), ("Message", Tree::Null)], words);
    let all = violations.iter().map(|violation| Tree::object(words(violation))).collect();
    Answer {
        root: "ApiResult",
        tree: Tree::object([
            ("IsSuccessful", Tree::Bool(violations.is_empty())),
            key,
            message,
            ("Messages", Tree::List("ApiResultMessage", all)),
        ]),
    }
}

/// What the framework answers when its `ModelState` is returned: the sentences of each member.
pub(in crate::vendors::bydesign) fn model_state(violations: &[MemberViolation]) -> Answer<'_> {
    let mut members: Vec<(&str, Vec<&str>)> = Vec::new();
    for violation in violations {
        match members.iter_mut().find(|(member, _)| *member == violation.member) {
            Some((_, sentences)) => sentences.push(&violation.sentence),
            None => members.push((violation.member, vec![&violation.sentence])),
        }
    }
    let named = |(member, sentences): (&str, Vec<_>)| {
        let name = if member.is_empty() { PARAMETER.to_owned() } else { format!("{PARAMETER}.{member}") };
        (Cow::Owned(name), Tree::Texts(sentences))
    };
    let state = Tree::Object(members.into_iter().map(named).collect());
    let message = Tree::text(Some("The request is invalid."));
    Answer { root: "Error", tree: Tree::object([("Message", message), ("ModelState", state)]) }
}

/// What the framework answers to everything else that goes wrong.
pub(in crate::vendors::bydesign) fn http_error(message: &str) -> Answer<'_> {
    Answer { root: "Error", tree: Tree::object([("Message", Tree::text(Some(message)))]) }
}

/// What the framework says of a call without credentials, or with wrong ones.
pub(in crate::vendors::bydesign) const DENIED: &str = "Authorization has been denied for this request.";

/// What the framework says when the server broke.
pub(in crate::vendors::bydesign) const BROKEN: &str = "An error has occurred.";

/// What the framework says of a verb that a route does not have.
pub(in crate::vendors::bydesign) fn wrong_method(method: &str) -> String {
    format!("The requested resource does not support http method '{method}'.")
}

/// What the framework says of a path that is no route.
pub(in crate::vendors::bydesign) fn no_route(uri: &str) -> String {
    format!("No HTTP resource was found that matches the request URI '{uri}'.")
}

fn owned<'a>(text: String) -> Tree<'a> {
    Tree::Text(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendors::bydesign::negotiate::Format;

    fn written(answer: &Answer<'_>) -> [String; 2] {
        [Format::Json, Format::Xml].map(|format| String::from_utf8(answer.bytes(format)).expect("UTF-8"))
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
    fn model_state_gathers_the_sentences_of_a_member() {
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
