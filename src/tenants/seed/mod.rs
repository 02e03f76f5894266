//! Seeds: tenants with their credentials, plan and customers, in YAML or JSON. docs/SEEDS.md is their manual.

mod credential;
mod entry;
mod entry_schema;
mod extension;
mod file;
mod fill;
mod folder;
mod input;
mod load;
mod population;
mod read;
mod secrets;
mod settings;
mod write_error;

pub(super) use credential::{SeedCredential, StoredCredential};
pub(super) use entry::SeedEntry;
pub(super) use extension::SeedExtension;
pub(super) use file::VERSION;
pub use file::{SeedContents, SeedFile, SeedTenant};
pub(super) use fill::{SeedTarget, fill};
pub use folder::seed_files;
pub use input::SeedInput;
pub use load::{LoadedSeed, load_seed, load_source};
pub(super) use load::{NewSeededTenant, create_unfinished};
pub use read::{DEMO_KEY, DEMO_SEED, MAX_SEED_BYTES, SeedSource, is_named_json, read_text};
pub(super) use secrets::SecretDigest;
pub(super) use settings::Counters;
