//! Runs the generated code, and compares what a server receives with the request.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use percent_encoding::percent_decode_str;

use super::*;

/// Texts that a shell or a language could read as something else.
pub(super) const ODD: [&str; 16] = [
    "X&touch$IFS.pwned&",
    "'; touch pwned; '",
    "$(touch pwned)`touch pwned`",
    "!!",
    "it's\n!x \\ \t\u{7f}",
    "\u{1b}[201~\ntouch pwned\n",
    "\\' \u{9b}\u{202e}\u{e9}\u{1f600} \\x41 \\n",
    "*?[a]{b,c}~ #\"|<>",
    "-",
    "{\n  \"a\": \"$b ${c} {d} %s `e` \\\" \\\\ \\n\",\n  \"f\": \"it's\"\n}",
    "\"\"\"\n'''\n\"\"\"",
    "ends with a backslash \\",
    "ends with quotes\n\"\"",
    "a\r\nb\r\n",
    "<?php ?> <!-- --> ]]> EOF\n{$a} {{b}} #{c} \u{2028}\u{feff}",
    "\u{0}",
];

const KEY: &str = "0123456789abcdef'\"$`\\";

/// A request as a server received it.
#[derive(Debug, PartialEq)]
struct Received {
    method: String,
    /// Decoded, because clients encode different characters.
    path: String,
    key: String,
    noted: String,
    body: String,
}

/// Receives one request on a port of its own while `send` runs.
fn received(send: impl FnOnce(&str)) -> Option<Received> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let receiving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().ok()?;
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let (mut head, mut line) = (Vec::new(), String::new());
        while reader.read_line(&mut line).ok()? > 2 {
            head.push(line.trim_end().to_owned());
            line.clear();
        }
        let header = |name: &str| {
            let found = head.iter().skip(1).filter_map(|line| line.split_once(": "));
            found.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let mut body = vec![0; header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").ok()?;
        let mut first = head.first()?.split(' ');
        Some(Received {
            method: first.next()?.to_owned(),
            path: percent_decode_str(first.next()?).decode_utf8_lossy().into_owned(),
            key: header("x-key").unwrap_or_default(),
            noted: header("x-noted").unwrap_or_default(),
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    });
    send(&address);
    // So that the thread ends when nothing was sent.
    let _ = std::net::TcpStream::connect(&address).map(|stream| stream.shutdown(std::net::Shutdown::Both));
    receiving.join().expect("a thread")
}

/// How the code of a language is run; `None` where its interpreter is not installed.
fn interpreter(language: Language) -> Option<Command> {
    let (program, arguments, check): (&str, &[&str], &[&str]) = match language {
        Language::Curl => ("bash", &[], &["-c", "command -v curl"]),
        Language::JavaScript => ("node", &["--input-type=module", "-"], &["--version"]),
        Language::Python | Language::Pytest => ("python3", &["-"], &["-c", "import requests"]),
        Language::Php => ("php", &[], &["--version"]),
        Language::CSharp | Language::HttpFile | Language::XUnit => return None,
    };
    let checked = Command::new(program).args(check).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !checked.is_ok_and(|status| status.success()) {
        println!("{} is not run: {program} {} fails", language.name(), check.join(" "));
        return None;
    }
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("EMULATOR_KEY", KEY)
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .env_remove("ALL_PROXY");
    Some(command)
}

fn run(mut command: Command, code: &str) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a program");
    child.stdin.take().expect("an input").write_all(code.as_bytes()).expect("an input");
    let output = child.wait_with_output().expect("an output");
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{code}\n{}", String::from_utf8_lossy(&text));
}

fn sample(address: &str, body: &str, credential: Secret) -> Sample {
    Sample {
        method: "PUT".to_owned(),
        url: format!("http://{address}/v1/x?a='$(b)'&c=%22%5C%60"),
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("x-noted".to_owned(), "it's \"$HOME\" `a` \\ ${b} {c}!".to_owned()),
        ],
        credential: Credential::Header { name: "X-Key", value: credential },
        body: Some(body.to_owned()),
        expected: Some(Expected { name: "PutIt".to_owned(), status: 200, message: Some("ok".to_owned()) }),
    }
}

#[test]
fn the_code_of_every_language_sends_the_same_request() {
    for language in Language::ALL {
        for (place, body) in ODD.into_iter().enumerate() {
            // A test has the same texts as a script, so a few are enough.
            if *language == Language::Pytest && place % 4 != 1 {
                continue;
            }
            // No argument of a program contains a zero byte.
            if *language == Language::Curl && body.contains('\0') {
                continue;
            }
            let Some(command) = interpreter(*language) else { break };
            let credential =
                if place % 2 == 0 { Secret::Known(KEY.to_owned()) } else { Secret::Variable("EMULATOR_KEY") };
            let got = received(|address| {
                let code = language.code(&sample(address, body, credential)).expect("code");
                let code = if *language == Language::Pytest {
                    format!("{code}\n\ntest_put_it_responds_200()\n")
                } else {
                    code
                };
                run(command, &code);
            });
            let expected = Received {
                method: "PUT".to_owned(),
                path: "/v1/x?a='$(b)'&c=\"\\`".to_owned(),
                key: KEY.to_owned(),
                noted: "it's \"$HOME\" `a` \\ ${b} {c}!".to_owned(),
                body: body.to_owned(),
            };
            assert_eq!(got, Some(expected), "{} {body:?}", language.name());
        }
    }
}

#[test]
fn basic_credentials_and_access_tokens_are_sent_as_such() {
    let basic = Sample {
        method: "GET".to_owned(),
        url: "http://localhost/".to_owned(),
        credential: Credential::Basic(Secret::Known("demo:pass:word".to_owned())),
        ..Sample::default()
    };
    let bearer = Sample { credential: Credential::Bearer(Secret::Variable("EMULATOR_TOKEN")), ..basic.clone() };
    for (language, of_basic, of_bearer) in [
        (Language::Curl, "-u 'demo:pass:word'", "-H \"Authorization: Bearer $EMULATOR_TOKEN\""),
        (
            Language::CSharp,
            "GetBytes(\"demo:pass:word\")",
            "\"Bearer \" + Environment.GetEnvironmentVariable(\"EMULATOR_TOKEN\")",
        ),
        (
            Language::JavaScript,
            "Buffer.from(\"demo:pass:word\")",
            "\"Authorization\": \"Bearer \" + process.env.EMULATOR_TOKEN",
        ),
        (
            Language::Python,
            "auth=tuple(\"demo:pass:word\".split(\":\", 1))",
            "\"Authorization\": \"Bearer \" + os.environ[\"EMULATOR_TOKEN\"]",
        ),
        (Language::Php, "base64_encode('demo:pass:word')", "'Authorization: Bearer ' . getenv('EMULATOR_TOKEN')"),
        (Language::HttpFile, "Authorization: Basic demo pass:word", "Authorization: Bearer {{EMULATOR_TOKEN}}"),
    ] {
        let code = |sample: &Sample| language.code(sample).expect("code");
        assert!(code(&basic).contains(of_basic), "{}", code(&basic));
        assert!(code(&bearer).contains(of_bearer), "{}", code(&bearer));
    }
}

#[test]
fn names_of_tests_are_names_of_their_language() {
    assert_eq!((identifier("GET /v1"), identifier("-")), ("GET__v1".to_owned(), "Request__".to_owned()));
    assert_eq!(snake_case("UpgradeCustomer"), "upgrade_customer");
    assert_eq!(snake_case("GET__v1"), "g_e_t__v1");
}
