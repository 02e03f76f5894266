//! The credential for the real service.

use std::path::Path;

use anyhow::{Context as _, bail};
use reqwest::Client;
use serde_json::Value;
use url::Url;

use super::permit;
use crate::secret::{Password, read_secret};
use crate::vendors::{Presentation, VendorApi};
use crate::verify::ServiceKey;

/// What the file has.
#[derive(Debug)]
pub(super) enum Credential {
    /// Only a secret: a subscription key, or an access token.
    Secret(Password),
    /// A user name or client id, and its secret.
    Account(String, Password),
}

/// Reads the file of a credential.
pub(super) fn read(api: &VendorApi, file: &Path) -> anyhow::Result<Credential> {
    let text = read_secret(file).map_err(anyhow::Error::msg)?;
    let text = text.trim_start_matches('\u{feff}').trim().to_owned();
    if text.is_empty() || text.contains(char::is_control) {
        bail!("{} must hold one line with the key and nothing else", file.display());
    }
    match (api.access.account, text.split_once(':')) {
        (Some(_), Some((account, secret))) if !account.is_empty() && !secret.is_empty() => {
            Ok(Credential::Account(account.to_owned(), Password::new(secret.to_owned())))
        }
        (Some(account), _) if api.presented.way == Presentation::Basic => {
            bail!("{} must hold {account}:{}", file.display(), api.access.secret)
        }
        _ => Ok(Credential::Secret(Password::new(text))),
    }
}

impl Credential {
    /// How requests carry it. A client of OAuth gets an access token first.
    pub(super) async fn into_key(
        self,
        client: &Client,
        api: &VendorApi,
        against: &Url,
        token_url: Option<&Url>,
    ) -> anyhow::Result<ServiceKey> {
        match (self, api.presented.way) {
            (Self::Secret(secret), Presentation::Header(name)) => Ok(ServiceKey::Header(name, secret)),
            (Self::Secret(token), Presentation::Bearer) => Ok(ServiceKey::Bearer(token)),
            (Self::Account(user, password), Presentation::Basic) => Ok(ServiceKey::Basic(user, password)),
            (Self::Account(id, secret), Presentation::Bearer) => {
                let url = match (token_url, api.access.token_path) {
                    (Some(url), _) => url.clone(),
                    (None, Some(path)) => against.join(path)?,
                    (None, None) => bail!("--token-url is missing"),
                };
                // The secret goes there.
                permit(&url, against.host_str().filter(|host| url.host_str() == Some(host)))?;
                token(client, &url, &id, &secret).await
            }
            (Self::Secret(_) | Self::Account(..), _) => bail!("the key file does not fit --api {}", api.name),
        }
    }
}

/// An access token for a client (OAuth 2.0, client credentials).
pub(super) async fn token(client: &Client, url: &Url, id: &str, secret: &Password) -> anyhow::Result<ServiceKey> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", id)
        .append_pair("client_secret", secret.reveal())
        .finish();
    let request = client.post(url.clone()).header("Content-Type", "application/x-www-form-urlencoded").body(form);
    let response = request.send().await.map_err(reqwest::Error::without_url).context("no access token")?;
    let status = response.status();
    if !status.is_success() {
        bail!("no access token: {} answers {status}", url.host_str().unwrap_or_default());
    }
    let body: Value =
        serde_json::from_str(&response.text().await?).context("no access token: the response is not JSON")?;
    let token = body["access_token"].as_str().context("no access token: the response has no access_token")?;
    Ok(ServiceKey::Bearer(Password::new(token.to_owned())))
}
