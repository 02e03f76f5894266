//! `status`: the addresses, demo credentials and counts of a running server.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Value, json};
use url::Url;

use super::output::{BOLD, CYAN, Screen, counted, out, out_json, value_text};
use super::remote::Remote;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// Lines of `NAME=value`.
    Env,
    /// JSON.
    Json,
}

pub(super) async fn status(remote: &Remote, format: Format) -> anyhow::Result<ExitCode> {
    let status = remote.get(&["status"]).await?;
    let control = remote.base();
    let status = described(&status, &control, &api_base(&control, &status)?);
    if remote.json || format == Format::Json {
        out_json(&status)?;
    } else if format == Format::Env {
        out(env(&status))?;
    } else {
        out(text(&status, remote.screen))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The address of the vendor APIs: that of the control API, with another port if `/_emulator` has its own listener.
fn api_base(control: &str, status: &Value) -> anyhow::Result<String> {
    let mut url = Url::parse(control)?;
    if let Some(port) = status["api_port"].as_u64() {
        let _ = url.set_port(u16::try_from(port).ok());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Addresses, credentials and counts.
fn described(status: &Value, control: &str, api: &str) -> Value {
    let demo = &status["demo"];
    json!({
        "version": status["version"],
        "started_at": status["started_at"],
        "server": control,
        "inspector": format!("{control}/_emulator/"),
        "documentation": format!("{control}/_emulator/docs"),
        "directscale": { "base_url": format!("{api}/v1"), "subscription_key": demo["subscription_key"] },
        "bydesign": {
            "base_url": format!("{api}/Demo"), "user_name": demo["basic"]["account"], "password": demo["basic"]["secret"]
        },
        "storm": {
            "base_url": format!("{api}/api/1.1"),
            "token_url": format!("{api}/1.0/connect/token"),
            "client_id": demo["oauth_client"]["account"],
            "client_secret": demo["oauth_client"]["secret"]
        },
        "tenants": status["tenants"],
        "snapshots": status["snapshots"],
        "faults": status["faults"],
        "requests": status["requests"]
    })
}

/// For `eval` in a shell and for .env files. Credentials that are not valid are left out.
fn env(status: &Value) -> String {
    let (directscale, bydesign, storm) = (&status["directscale"], &status["bydesign"], &status["storm"]);
    let mut text = String::new();
    for (name, value) in [
        ("EMULATOR_SERVER", &status["server"]),
        ("DIRECTSCALE_BASE_URL", &directscale["base_url"]),
        ("DIRECTSCALE_SUBSCRIPTION_KEY", &directscale["subscription_key"]),
        ("BYDESIGN_BASE_URL", &bydesign["base_url"]),
        ("BYDESIGN_USER_NAME", &bydesign["user_name"]),
        ("BYDESIGN_PASSWORD", &bydesign["password"]),
        ("STORM_BASE_URL", &storm["base_url"]),
        ("STORM_TOKEN_URL", &storm["token_url"]),
        ("STORM_CLIENT_ID", &storm["client_id"]),
        ("STORM_CLIENT_SECRET", &storm["client_secret"]),
    ] {
        if let Some(value) = value.as_str() {
            let _ = writeln!(text, "{name}={}", quoted(value));
        }
    }
    text
}

/// A value that a shell does not change.
fn quoted(value: &str) -> String {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./:@%-[]".contains(&byte));
    if is_plain { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

fn text(status: &Value, screen: Screen) -> String {
    let of = |group: &str, member: &str| value_text(&status[group][member]);
    let name = |text: &str| screen.paint(CYAN, format_args!("{text:<14}"));
    let mut text = format!(
        "{} {} at {}\n",
        screen.paint(BOLD, "directscale-emulator"),
        value_text(&status["version"]),
        value_text(&status["server"])
    );
    let _ = writeln!(text, "  {}{}", name("DirectScale"), of("directscale", "base_url"));
    if !status["directscale"]["subscription_key"].is_null() {
        let _ = writeln!(text, "  {}demo key {}", name(""), of("directscale", "subscription_key"));
    }
    let _ = writeln!(text, "  {}{}", name("ByDesign"), of("bydesign", "base_url"));
    if !status["bydesign"]["password"].is_null() {
        let (user, password) = (of("bydesign", "user_name"), of("bydesign", "password"));
        let _ = writeln!(text, "  {}user name {user}, password {password}", name(""));
    }
    let _ = writeln!(text, "  {}{}", name("Storm"), of("storm", "base_url"));
    if !status["storm"]["client_secret"].is_null() {
        let (client, secret) = (of("storm", "client_id"), of("storm", "client_secret"));
        let _ = writeln!(text, "  {}client id {client}, secret {secret}", name(""));
        let _ = writeln!(text, "  {}token from {}", name(""), of("storm", "token_url"));
    }
    let _ = writeln!(text, "  {}{}", name("Inspector"), value_text(&status["inspector"]));
    let _ = writeln!(text, "  {}{}", name("Documentation"), value_text(&status["documentation"]));
    let _ = writeln!(
        text,
        "  {}, {}, {}, {}",
        counted(&status["tenants"], "tenant", "tenants"),
        counted(&status["snapshots"], "snapshot", "snapshots"),
        counted(&status["faults"], "active fault", "active faults"),
        counted(&status["requests"], "request", "requests")
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendor_apis_have_another_port_than_a_separate_control_api() {
        assert_eq!(api_base("http://h:8081", &json!({ "api_port": 8080 })).expect("a URL"), "http://h:8080");
        assert_eq!(api_base("http://h:8081", &json!({ "api_port": null })).expect("a URL"), "http://h:8081");
        assert_eq!(
            (quoted("http://[::1]:80/x").as_str(), quoted("a b'c").as_str()),
            ("http://[::1]:80/x", r"'a b'\''c'")
        );
    }
}
