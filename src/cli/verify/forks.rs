//! Forks of a tenant of the running server, each for one run of a scenario.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use reqwest::Client;
use serde_json::{Value, json};
use url::Url;

use super::TIMEOUT;
use super::key_file::token;
use crate::cli::remote::{Body, Remote};
use crate::cli::status::api_base;
use crate::plan::Plan;
use crate::random::Random;
use crate::secret::Password;
use crate::vendor_facts::CredentialKind;
use crate::vendors::{Presentation, VendorApi};
use crate::verify::{Emulator, EmulatorError, Fork, Service, ServiceKey};

/// Forks of an interrupted comparison are deleted after this time, in seconds.
const EXPIRES_IN: u32 = 3_600;

/// The name of the forks' credentials.
const KEY_NAME: &str = "verify";

pub(super) struct Forks<'a> {
    remote: &'a Remote,
    tenant: String,
    client: Client,
    /// The address of the vendor APIs.
    base: Url,
    /// The beginning of the forks' names.
    prefix: String,
    count: AtomicUsize,
}

impl<'a> Forks<'a> {
    pub(super) async fn new(remote: &'a Remote, tenant: &str) -> anyhow::Result<Self> {
        let status = remote.get(&["status"]).await?;
        let base = Url::parse(&api_base(&remote.base(), &status)?)?;
        let client = remote.client_of(&base)?.timeout(TIMEOUT).build()?;
        let prefix = format!("verify-{}", &Random::default().hexadecimal()[..8]);
        Ok(Self { remote, tenant: tenant.to_owned(), client, base, prefix, count: AtomicUsize::new(0) })
    }

    /// The plan of the tenant.
    pub(super) async fn plan(&self) -> anyhow::Result<Plan> {
        let plan = self.remote.get(&["tenants", &self.tenant, "plan"]).await?;
        serde_json::from_value(plan).context("the server's plan cannot be read; it may be of another version")
    }

    async fn create(&self, api: &VendorApi, plan: &Plan) -> anyhow::Result<Fork> {
        let name = format!("{}-{}", self.prefix, self.count.fetch_add(1, Ordering::Relaxed));
        let fork = json!({ "name": name, "key_name": KEY_NAME, "expires_in_seconds": EXPIRES_IN });
        let created = self.remote.post(&["tenants", &self.tenant, "fork"], &fork).await?;
        let body = Body::of_json(&serde_json::to_value(plan)?);
        self.remote.put_body(&["tenants", &name, "plan"], body).await?;
        let key = self.key(api, &name, &created).await?;
        Ok(Fork { name, service: Service::new(self.client.clone(), self.base.clone(), key, Duration::ZERO) })
    }

    async fn key(&self, api: &VendorApi, fork: &str, created: &Value) -> anyhow::Result<ServiceKey> {
        let secret = |answer: &Value| Some(Password::new(answer["key"].as_str()?.to_owned()));
        if let (Presentation::Header(name), CredentialKind::SubscriptionKey) = (api.presented.way, api.credential) {
            return Ok(ServiceKey::Header(name, secret(created).context("the fork has no key")?));
        }
        let wanted = json!({ "name": format!("{KEY_NAME}-{}", api.name), "kind": api.credential.name() });
        let added = self.remote.post(&["tenants", fork, "keys"], &wanted).await?;
        let account = added["account"].as_str().context("the key has no account")?;
        let secret = secret(&added).context("the key has no secret")?;
        match api.access.token_path {
            Some(path) => token(&self.client, &self.base.join(path)?, account, &secret).await,
            None => Ok(ServiceKey::Basic(account.to_owned(), secret)),
        }
    }
}

impl Emulator for Forks<'_> {
    async fn fork(&self, api: &VendorApi, plan: &Plan) -> Result<Fork, EmulatorError> {
        self.create(api, plan).await.map_err(|error| EmulatorError(format!("the emulator: {error:#}")))
    }

    async fn delete(&self, fork: Fork) -> Result<(), EmulatorError> {
        let deleted = self.remote.delete(&["tenants", &fork.name]).await;
        deleted.map(drop).map_err(|error| EmulatorError(format!("the emulator: {error:#}")))
    }
}
