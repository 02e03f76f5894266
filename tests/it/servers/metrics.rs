//! The name of a server in its metrics, its status and its command line.

use serde_json::Value;

use super::{control, database, start};
use crate::support::process::{program, run};

#[test]
fn a_server_says_its_name() {
    let Some(database) = database("names") else { return };
    let (first, second) = (start(&database, "first.1"), start(&database, "second.2"));
    first.client().get("/v1/customers/3").succeeds(200);
    let metrics = first.client().get("/metrics").body;
    let lines: Vec<&str> = metrics.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() > 5 && lines.iter().all(|line| line.contains("server=\"first.1\"")), "{metrics}");

    let status = control(&second, "GET", "/status", None).done(200);
    assert_eq!(status["name"], "second.2");
    let shown: Vec<(&Value, &Value)> = status["servers"]
        .as_array()
        .expect("servers")
        .iter()
        .map(|server| (&server["name"], &server["is_this"]))
        .collect();
    assert_eq!(shown, [(&"first.1".into(), &false.into()), (&"second.2".into(), &true.into())]);
    for member in ["version", "started_at", "seen_at"] {
        assert!(status["servers"][0][member].is_string(), "{status}");
    }
    let (code, output, error) = second.run(&["status"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(output.contains("first.1") && output.contains("this one"), "{output}");

    // A change that a server does not know is a warning of the command line.
    first.signal("STOP");
    let (code, _, error) = second.run(&["clock", "freeze", "demo"]);
    first.signal("CONT");
    assert_eq!(code, Some(0), "{error}");
    assert!(error.contains("warning: not known yet to the servers first.1"), "{error}");

    for name in ["a b", "", "x,y"] {
        let (code, _, error) = run(program(&["--listen", "127.0.0.1:0"]).args(["--server-name", name]));
        assert_ne!(code, Some(0));
        assert!(error.contains("1 to 100 letters, digits and .-_:"), "{error}");
    }
}
