//! `verify`: another tenant or a hand-written service is the real service.

mod gaps;
mod safety;
mod sources;
mod switches;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::Tenant;
use crate::support::process::{program, run};

/// One folder for the files of a comparison, and the tenant of the emulator.
struct Comparison<'a> {
    folder: tempfile::TempDir,
    tenant: &'a Tenant,
}

/// What the program printed.
struct Outcome {
    code: Option<i32>,
    output: String,
    errors: String,
}

impl Outcome {
    /// The printed JSON of a comparison that came to its end.
    #[track_caller]
    fn report(&self) -> Value {
        assert!(matches!(self.code, Some(0..=2)), "{}{}", self.output, self.errors);
        serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {}{}", self.output, self.errors))
    }

    /// Everything that was printed.
    fn text(&self) -> String {
        format!("{}{}", self.output, self.errors)
    }
}

impl<'a> Comparison<'a> {
    fn new(tenant: &'a Tenant) -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), tenant }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder, and returns its path.
    fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).expect("a file");
        text_of(&self.path(name))
    }

    /// Compares the tenant with the service at an address.
    fn with(&self, address: SocketAddr, key: &str, arguments: &[&str]) -> Outcome {
        let key_file = self.file("key", key);
        let against = format!("http://{address}");
        self.verify(&[&["--against", &against, "--key-file", &key_file, "--rate", "1000"], arguments].concat())
    }

    /// The same with other arguments.
    fn verify(&self, arguments: &[&str]) -> Outcome {
        let url = format!("http://{}", self.tenant.address);
        let mut program = program(&["verify", "--server", &url, "--tenant", &self.tenant.name()]);
        let (code, output, errors) = run(program.args(arguments).current_dir(self.folder.path()));
        Outcome { code, output, errors }
    }

    /// Each line of the lists of what was created.
    fn created(&self) -> Vec<Value> {
        let names =
            std::fs::read_dir(self.folder.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
        let lists = names.filter(|path| text_of(path).contains("verify-created-"));
        let text: String = lists.map(|path| std::fs::read_to_string(path).expect("a list")).collect();
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

fn text_of(path: &Path) -> String {
    path.to_str().expect("a path").to_owned()
}

/// The numbers of steps that are equal, different and not comparable.
fn counts(equal: usize, different: usize, not_comparable: usize) -> Value {
    json!({ "equal": equal, "different": different, "not_comparable": not_comparable })
}
