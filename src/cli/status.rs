//! `status`: the addresses, demo credentials and counts of a running server.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Value, json};
use url::Url;

use super::output::{BOLD, CYAN, Screen, counted, out, out_json, quoted, value_text};
use super::remote::Remote;
use crate::vendors::{Access, VENDORS};

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
pub(super) fn api_base(control: &str, status: &Value) -> anyhow::Result<String> {
    let mut url = Url::parse(control)?;
    if let Some(port) = status["api_port"].as_u64() {
        let _ = url.set_port(u16::try_from(port).ok());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Addresses, credentials and counts.
fn described(status: &Value, control: &str, api: &str) -> Value {
    let mut all = json!({
        "name": status["name"],
        "version": status["version"],
        "commit": status["commit"],
        "started_at": status["started_at"],
        "server": control,
        "inspector": format!("{control}/_emulator/"),
        "documentation": format!("{control}/_emulator/docs"),
        "tenants": status["tenants"],
        "snapshots": status["snapshots"],
        "faults": status["faults"],
        "requests": status["requests"],
        "journal": status["journal"],
        "servers": status["servers"],
        "seeds": status["seeds"]
    });
    for vendor in VENDORS {
        let credential = &status["demo"][vendor.credential.name().replace('-', "_")];
        all[vendor.name] = access(&vendor.access, credential, api);
    }
    all
}

/// The addresses of a vendor's API and its demo credential.
fn access(access: &Access, credential: &Value, api: &str) -> Value {
    let mut described = json!({ "base_url": format!("{api}{}", access.base_path) });
    if let Some(path) = access.token_path {
        described["token_url"] = format!("{api}{path}").into();
    }
    if let Some(account) = access.account {
        described[account] = credential["account"].clone();
        described[access.secret] = credential["secret"].clone();
    } else {
        described[access.secret] = credential.clone();
    }
    described
}

/// For `eval` in a shell and for .env files. Credentials that are not valid are left out.
fn env(status: &Value) -> String {
    let mut variables = vec![("EMULATOR_SERVER".to_owned(), &status["server"])];
    for vendor in VENDORS {
        let Access { account, secret, .. } = vendor.access;
        for member in [Some("base_url"), Some("token_url"), account, Some(secret)].into_iter().flatten() {
            variables.push((format!("{}_{member}", vendor.name).to_uppercase(), &status[vendor.name][member]));
        }
    }
    let mut text = String::new();
    for (name, value) in variables {
        if let Some(value) = value.as_str() {
            let _ = writeln!(text, "{name}={}", quoted(value));
        }
    }
    text
}

fn text(status: &Value, screen: Screen) -> String {
    let name = |text: &str| screen.paint(CYAN, format_args!("{text:<14}"));
    let mut text = format!(
        "{} {} at {}\n",
        screen.paint(BOLD, "directscale-emulator"),
        value_text(&status["version"]),
        value_text(&status["server"])
    );
    for vendor in VENDORS {
        let of = |member: &str| value_text(&status[vendor.name][member]);
        let Access { account, secret, token_path, .. } = vendor.access;
        let _ = writeln!(text, "  {}{}", name(vendor.title), of("base_url"));
        if status[vendor.name][secret].is_null() {
            continue;
        }
        // "key" of "subscription_key".
        let secret_word = secret.rsplit('_').next().unwrap_or(secret);
        let _ = match account {
            Some(account) => {
                let account_words = account.replace('_', " ");
                writeln!(text, "  {}{account_words} {}, {secret_word} {}", name(""), of(account), of(secret))
            }
            None => writeln!(text, "  {}demo {secret_word} {}", name(""), of(secret)),
        };
        if token_path.is_some() {
            let _ = writeln!(text, "  {}token from {}", name(""), of("token_url"));
        }
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
    text + &seeds(status, screen) + &servers(status, screen)
}

/// The seeds that the server loaded when it started.
fn seeds(status: &Value, screen: Screen) -> String {
    let mut text = String::new();
    for (index, seed) in status["seeds"].as_array().into_iter().flatten().enumerate() {
        let title = screen.paint(CYAN, format_args!("{:<14}", if index == 0 { "Seeds" } else { "" }));
        let names = |member: &str, what: &str| {
            let names: Vec<String> = seed[member].as_array().into_iter().flatten().map(value_text).collect();
            (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
        };
        let results = [names("created", "created"), names("unchanged", "exists already, unchanged:")];
        let results: Vec<String> = results.into_iter().flatten().collect();
        let results = if results.is_empty() { "no tenants".to_owned() } else { results.join("; ") };
        let _ = writeln!(text, "  {title}{}: {results}", value_text(&seed["file"]));
    }
    text
}

/// The servers of the database, where there are several; of a single one whether its journal is in the database.
fn servers(status: &Value, screen: Screen) -> String {
    let mut text = String::new();
    let listed = status["servers"].as_array().map(Vec::as_slice).unwrap_or_default();
    if listed.len() == 1 && status["journal"] == "database" {
        let title = screen.paint(CYAN, format_args!("{:<14}", "Journal"));
        let _ = writeln!(text, "  {title}in the database, where it stays until this server ends");
    }
    for (index, server) in listed.iter().enumerate().filter(|_| listed.len() > 1) {
        let title = screen.paint(CYAN, format_args!("{:<14}", if index == 0 { "Servers" } else { "" }));
        let of = |member: &str| value_text(&server[member]);
        let this = if server["is_this"] == true { ", this one" } else { "" };
        let _ = writeln!(
            text,
            "  {title}{} {}, started {}, last seen {}{this}",
            of("name"),
            of("version"),
            of("started_at"),
            of("seen_at")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::output::ColorChoice;
    use super::*;

    #[test]
    fn servers_are_listed_where_there_are_several() {
        let server = |name: &str, is_this: bool| json!({ "name": name, "version": "1", "started_at": "s", "seen_at": "l", "is_this": is_this });
        let screen = Screen::of_stdout(ColorChoice::Never);
        assert_eq!(servers(&json!({ "servers": [server("a", true)], "journal": "memory" }), screen), "");
        assert_eq!(
            servers(&json!({ "servers": [server("a", true)], "journal": "database" }), screen),
            "  Journal       in the database, where it stays until this server ends\n"
        );
        let two = servers(&json!({ "servers": [server("a", false), server("b", true)] }), screen);
        assert_eq!(
            two,
            "  Servers       a 1, started s, last seen l\n                b 1, started s, last seen l, this one\n"
        );
    }

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
