//! A request as code of several languages. The Connect panel and the pages of requests use it.

mod csharp;
mod http_file;
mod javascript;
mod panel;
mod php;
mod python;
mod shell;

pub(super) use panel::{PanelId, panel};

/// A request to be written as code.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    pub method: String,
    /// With scheme and host.
    pub url: String,
    /// Without the credential. The names are in lower case.
    pub headers: Vec<(String, String)>,
    pub credential: Credential,
    /// `None` for a request without a body.
    pub body: Option<String>,
    /// What a test of it checks.
    pub expected: Option<Expected>,
}

/// The response that a test expects.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// What the test is about, such as the name of the operation.
    pub name: String,
    pub status: u16,
    /// A text that the body of the response contains.
    pub message: Option<String>,
}

/// How a request presents its credential.
#[derive(Debug, Clone, Default)]
pub(super) enum Credential {
    #[default]
    None,
    /// A header.
    Header { name: &'static str, value: Secret },
    /// `user:password` as Basic credentials.
    Basic(Secret),
    /// An access token.
    Bearer(Secret),
}

/// A secret in code.
#[derive(Debug, Clone)]
pub(super) enum Secret {
    /// One that is public, or is shown because it was created just now.
    Known(String),
    /// The variable of the environment that has it.
    Variable(&'static str),
}

impl Credential {
    /// The header that carries it: its name, what precedes the secret, and the secret. `None` for Basic, which is encoded.
    fn header(&self) -> Option<(&'static str, &'static str, &Secret)> {
        match self {
            Self::None | Self::Basic(_) => None,
            Self::Header { name, value } => Some((name, "", value)),
            Self::Bearer(token) => Some(("Authorization", "Bearer ", token)),
        }
    }

    /// The variable of the environment that the code reads.
    pub(super) fn variable(&self) -> Option<&'static str> {
        match self {
            Self::Header { value: secret, .. } | Self::Basic(secret) | Self::Bearer(secret) => match secret {
                Secret::Variable(name) => Some(name),
                Secret::Known(_) => None,
            },
            Self::None => None,
        }
    }
}

/// What a request can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Curl,
    CSharp,
    JavaScript,
    Python,
    Php,
    HttpFile,
    XUnit,
    Pytest,
}

impl Language {
    /// Those of a sample that shows how to connect.
    pub(super) const PROGRAMS: &[Self] = &[Self::Curl, Self::CSharp, Self::JavaScript, Self::Python, Self::Php];

    pub(super) const ALL: &[Self] = &[
        Self::Curl,
        Self::CSharp,
        Self::JavaScript,
        Self::Python,
        Self::Php,
        Self::HttpFile,
        Self::XUnit,
        Self::Pytest,
    ];

    /// Its name in ids.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::CSharp => "csharp",
            Self::JavaScript => "javascript",
            Self::Python => "python",
            Self::Php => "php",
            Self::HttpFile => "http",
            Self::XUnit => "xunit",
            Self::Pytest => "pytest",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::CSharp => "C#",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
            Self::Php => "PHP",
            Self::HttpFile => ".http",
            Self::XUnit => "xUnit test",
            Self::Pytest => "pytest test",
        }
    }

    /// What the code needs, in a few words.
    pub(super) fn needs(self) -> &'static str {
        match self {
            Self::Curl => "For bash or zsh.",
            Self::CSharp => "For .NET 6 or newer, as a program of top-level statements.",
            Self::JavaScript => "For Node.js 18 or newer, as a module (.mjs).",
            Self::Python | Self::Pytest => "Needs the package requests.",
            Self::Php => "For PHP 7.2 or newer, without extensions.",
            Self::HttpFile => "For Visual Studio, Rider and the REST Client of VS Code.",
            Self::XUnit => "A class of a test project with xUnit.",
        }
    }

    /// The request as code; an error says why it cannot be written in this language.
    pub(super) fn code(self, sample: &Sample) -> Result<String, &'static str> {
        match self {
            Self::Curl => Ok(shell::curl(sample)),
            Self::CSharp => Ok(csharp::program(sample)),
            Self::JavaScript => javascript::module(sample),
            Self::Python => Ok(python::script(sample)),
            Self::Php => Ok(php::script(sample)),
            Self::HttpFile => http_file::file(sample),
            Self::XUnit => Ok(csharp::test(sample)),
            Self::Pytest => Ok(python::test(sample)),
        }
    }
}

/// Whether a character is escaped in every language: a terminal or an editor would act upon it, or show the text in another order.
pub(super) fn is_unsafe(character: char) -> bool {
    let is_direction = matches!(
        character,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    );
    character.is_control() || is_direction
}

/// A name of letters, digits and `_` for a function, made of any text.
fn identifier(text: &str) -> String {
    let plain = text.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '_' });
    let name: String = plain.take(60).collect();
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) { name } else { format!("Request_{name}") }
}

/// `UpgradeCustomer` as `upgrade_customer`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests;
