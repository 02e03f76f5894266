//! A distinct secret in every input that can carry one, and a search for all of them in everything that the program writes.
//!
//! [`ALLOWED`] says which kind of secret may appear where, and why. Anything else fails; so does an entry that never occurs.

mod collected;
mod planted;

use std::collections::BTreeSet;

use collected::{Found, Run};

/// What was planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    AccessToken,
    AdminToken,
    CallbackToken,
    DatabasePassword,
    ExtensionToken,
    /// What an extension presents when it calls back.
    DirectscaleToken,
    /// A parameter in the query of a hook's address.
    HookQuery,
    /// A key that the control API is asked to add.
    NewKey,
    Password,
    SsoToken,
    SubscriptionKey,
    TaxId,
    /// What the user of the inspector typed in a form.
    Typed,
    /// A Basic password or the secret of an OAuth client.
    VendorSecret,
    WebhookQuery,
    WebhookSecret,
    /// A secret in a request that was not accepted: a wrong credential, a malformed body.
    Rejected,
}

/// What the program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// A response of the control API.
    Control,
    /// A response to a command.
    Command,
    Document,
    Export,
    /// A request to an extension.
    Hook,
    /// The journal as JSON and as a stream.
    Journal,
    /// Standard output and standard error of the server.
    Log,
    Metrics,
    Page,
    /// The arguments and the environment of the server.
    Process,
    Rejection,
    Success,
    /// A request to a subscriber.
    Webhook,
}

/// Which kind of secret may appear where, and why.
const ALLOWED: &[(Kind, Place, &str)] = &[
    (Kind::AccessToken, Place::Success, "the token endpoint issues it"),
    (Kind::SsoToken, Place::Success, "the login address contains it"),
    (Kind::TaxId, Place::Success, "the customer of the vendor's API has it"),
    (Kind::CallbackToken, Place::Hook, "the extension calls back with it"),
    (Kind::ExtensionToken, Place::Hook, "the platform presents it to the extension"),
    (Kind::HookQuery, Place::Hook, "the address is requested"),
    (Kind::Password, Place::Hook, "the vendor sends the application with its password"),
    (Kind::TaxId, Place::Hook, "the vendor sends the application with its tax id"),
    (Kind::WebhookQuery, Place::Webhook, "the address is requested"),
    (Kind::WebhookSecret, Place::Webhook, "the subscriber recognizes the sender by it"),
    (Kind::NewKey, Place::Control, "docs/CONTROL.md: a key is shown once, when it is created"),
    (Kind::Typed, Place::Page, "a form shows again what was typed, to who typed it"),
    (Kind::ExtensionToken, Place::Export, "docs/SEEDS.md: the emulator sends it"),
    (Kind::HookQuery, Place::Export, "docs/SEEDS.md: the emulator sends it"),
    (Kind::TaxId, Place::Export, "docs/SEEDS.md: as in the vendor's responses"),
    (Kind::WebhookQuery, Place::Export, "docs/SEEDS.md: the emulator sends it"),
    (Kind::WebhookSecret, Place::Export, "docs/SEEDS.md: the emulator sends it"),
];

#[test]
fn no_secret_appears_where_it_does_not_belong() {
    let mut run = Run::start();
    planted::send(&mut run);
    let found = run.search();
    let is_allowed =
        |found: &&Found| ALLOWED.iter().any(|(kind, place, _)| (*kind, *place) == (found.kind, found.place));
    let (allowed, leaked): (Vec<&Found>, Vec<&Found>) = found.iter().partition(is_allowed);
    let shown: Vec<String> = leaked.iter().map(ToString::to_string).collect();
    assert!(leaked.is_empty(), "{} leaks:\n{}", leaked.len(), shown.join("\n"));
    let occurred: BTreeSet<(Kind, Place)> = allowed.iter().map(|found| (found.kind, found.place)).collect();
    let unused: Vec<_> = ALLOWED.iter().filter(|(kind, place, _)| !occurred.contains(&(*kind, *place))).collect();
    assert!(unused.is_empty(), "these never occur: {unused:?}");
}
