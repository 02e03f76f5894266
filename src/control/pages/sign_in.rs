//! The form for the token.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use http_body_util::{BodyExt as _, Limited};
use maud::{Markup, html};

use super::forms::Fields;
use super::layout::{self, field};
use super::{Shown, see_other};
use crate::control::Control;
use crate::control::access::{COOKIE, check_form, token};
use crate::control::error::ControlError;

/// The longest form, in bytes.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// The form; whoever needs no token is led on.
pub(super) async fn page(State(control): State<Arc<Control>>) -> Shown {
    if token(&control).is_none() {
        return Ok(see_other("/_emulator"));
    }
    Ok(layout::plain("Sign in", None, &form()))
}

/// Gives a browser that shows the token a cookie.
pub(super) async fn sign_in(State(control): State<Arc<Control>>, request: Request) -> Shown {
    let (parts, body) = request.into_parts();
    check_form(&control, &parts.headers)?;
    let Some(token) = token(&control) else { return Ok(see_other("/_emulator")) };
    let collected = Limited::new(body, MAX_FORM_BYTES).collect().await;
    let collected = collected.map_err(|_| ControlError::Bad("the form broke off, or is too long".to_owned()))?;
    let fields = Fields::parse(&collected.to_bytes());
    if !token.is(fields.text("token")) {
        let wrong = ControlError::Unauthorized("this is not the token".to_owned());
        return Ok(layout::plain("Sign in", Some(&wrong), &form()));
    }
    let mut response = see_other("/_emulator");
    let cookie = format!("{COOKIE}={}; Path=/_emulator; HttpOnly; SameSite=Strict", token.cookie());
    let cookie = HeaderValue::try_from(cookie).expect("invariant: a digest in hexadecimal is plain ASCII");
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn form() -> Markup {
    let input = html! { input #token name="token" type="password" required autocomplete="current-password" autofocus; };
    html! {
        p.lead { "This server asks for its token: the one in " code { "EMULATOR_ADMIN_TOKEN" } ", or the one that it printed when it started." }
        form.card method="post" action="/_emulator/login" {
            (field("token", "Token", &input))
            p.buttons { button { "Sign in" } }
        }
    }
}
