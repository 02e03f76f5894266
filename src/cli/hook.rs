//! `hook`: connect a tenant to a Client Extension, and try its hooks.

use std::process::ExitCode;

use clap::Subcommand;

use super::files::read_value;
use super::output::{DIM, json_text, out, plain_lines, status_style, value_text};
use super::remote::Remote;
use crate::control::pretty_json;

#[derive(Debug, Subcommand)]
pub(super) enum HookCommand {
    /// Connect a tenant to the extension and the subscribers of a file
    Connect {
        /// The tenant
        tenant: String,
        /// A seed file with a tenant of this name or a single one; or a YAML or JSON file with extension, events, or both
        file: String,
    },
    /// Send a request to the extension of a hook and print the exchange; callbacks of the extension are rejected
    Try {
        /// The hook, such as Associates.Enrollment.UpdateAssociateBaseType
        id: String,
        /// A YAML or JSON file with the request
        file: String,
        /// The tenant with the extension
        #[arg(long, default_value = "demo")]
        tenant: String,
    },
}

pub(super) async fn hook(remote: &Remote, command: HookCommand) -> anyhow::Result<ExitCode> {
    match command {
        HookCommand::Connect { tenant, file } => {
            let connected = remote.put_file(&["tenants", &tenant, "integration"], &file).await?;
            remote.print_done(&connected, &format!("Connected tenant '{tenant}'."))?;
            Ok(ExitCode::SUCCESS)
        }
        HookCommand::Try { id, file, tenant } => {
            let request = read_value(&file)?;
            let exchange = remote.post(&["tenants", &tenant, "hooks", &id, "try"], &request).await?;
            let status = exchange["status"].as_u64();
            remote.print(&exchange, |exchange| {
                let post = remote.screen.paint(DIM, "POST");
                let request = json_text(&request, true);
                let painted = remote.screen.paint(status_style(status), value_text(&exchange["status"]));
                let body = pretty_json(exchange["body"].as_str().unwrap_or_default());
                let body = plain_lines(&body);
                Ok(out(format!("{post} {}\n{request}\n\n{painted}\n{body}", value_text(&exchange["url"])))?)
            })?;
            let is_success = status.is_some_and(|status| (200..300).contains(&status));
            Ok(if is_success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
