//! The login page: a form for the token, which opens a session; and the end of the session.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, Uri, header};
use maud::{Markup, html};

use super::format::{HOME, is_own_page};
use super::forms::Fields;
use super::layout::{self, field};
use super::{PageResult, see_other};
use crate::control::access::{check_form, check_token, session_cookie, session_id, token};
use crate::control::audit::{Client, Write};
use crate::control::error::ControlError;
use crate::control::sessions::LIFETIME;
use crate::control::{Control, read_body};

/// The longest form, in bytes.
const MAX_FORM_BYTES: usize = 4 * 1024;

/// The form. A server without a token redirects to the next page.
pub(super) async fn page(State(control): State<Arc<Control>>, uri: Uri) -> PageResult {
    let query = Fields::parse(uri.query().unwrap_or_default().as_bytes());
    let next = next(&query);
    if token(&control).is_none() {
        return Ok(see_other(next));
    }
    Ok(layout::plain("Log in", None, &form(next)))
}

/// The page after the login.
fn next(fields: &Fields) -> &str {
    fields.filled("next").filter(|next| is_own_page(next)).unwrap_or(HOME)
}

/// Opens a session for a browser that sends the token.
pub(super) async fn login(State(control): State<Arc<Control>>, request: Request) -> PageResult {
    let write = Write::of(&request);
    let (parts, body) = request.into_parts();
    check_form(&control, &parts.headers)?;
    // Without a token there is nothing to log in to, so the form is not read.
    let Some(token) = token(&control) else { return Ok(see_other(HOME)) };
    let fields = Fields::parse(&read_body(&control, body, MAX_FORM_BYTES).await?);
    let next = next(&fields);
    if let Err(error) = check_token(token, fields.text("token"), &control.guesses) {
        let error = error.unwrap_or_else(|| ControlError::Unauthorized("this is not the token".to_owned()));
        return Ok(layout::plain("Log in", Some(&error), &form(next)));
    }
    let id = control.sessions(token)?.open(&control.random).await?;
    let response =
        with_cookie(see_other(next), &session_cookie(&parts.headers, &parts.extensions, &id, LIFETIME.as_secs()));
    if let Some(write) = write {
        write.begin(Client::Session(control.guesses.fingerprint(&id))).end(&response);
    }
    Ok(response)
}

/// Ends the browser's session.
pub(super) async fn logout(State(control): State<Arc<Control>>, request: Request) -> PageResult {
    check_form(&control, request.headers())?;
    let response =
        with_cookie(see_other("/_emulator/login"), &session_cookie(request.headers(), request.extensions(), "", 0));
    if let (Some(id), Some(token), Some(write)) = (session_id(request.headers()), token(&control), Write::of(&request))
    {
        let was_open = control.sessions(token)?.end(id).await?;
        let client = if was_open { Client::Session(control.guesses.fingerprint(id)) } else { Client::Rejected };
        write.begin(client).end(&response);
    }
    Ok(response)
}

fn with_cookie(mut response: Response<Body>, cookie: &str) -> Response<Body> {
    let cookie = HeaderValue::try_from(cookie).expect("invariant: an id in hexadecimal is plain ASCII");
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

fn form(next: &str) -> Markup {
    let input = html! { input #token name="token" type="password" required autocomplete="current-password" autofocus; };
    html! {
        p.lead { "This server needs its token: the one in " code { "EMULATOR_ADMIN_TOKEN" } ", or the one that it printed when it started." }
        form.card method="post" action="/_emulator/login" {
            @if next != HOME { input name="next" type="hidden" value=(next); }
            (field("token", "Token", &input))
            p.buttons { button { "Log in" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_only_to_a_page_of_the_inspector() {
        for own in
            ["/_emulator", "/_emulator/", "/_emulator/t/demo/customers?q=3&x=//y", "/_emulator/t/a%20b/requests/7"]
        {
            assert!(is_own_page(own), "{own}");
        }
        for other in [
            "",
            "/",
            "/v1/customers/3",
            "//evil.example/_emulator",
            "https://evil.example/_emulator",
            "/_emulator.evil.example",
            "/_emulators",
            "/\\evil.example",
            "/_emulator\\..\\..",
            "/_emulator/../..//evil.example",
            "/_emulator/%2e%2E//evil.example",
            "/_emulator/\r\nSet-Cookie: x=y",
            "/_emulator/t/a b",
            "javascript:alert(1)",
        ] {
            assert!(!is_own_page(other), "{other}");
        }
    }
}
