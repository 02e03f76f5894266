//! TLS to Postgres with a private authority: `sslmode=verify-full`, and certificates of clients.

use super::{connect, has_clusters, query};
use crate::support::cluster::Cluster;
use crate::support::process::{program, run};
use crate::tls::{Authority, Files};

/// Writes a text to a file as the user of the cluster, who alone can read it.
fn write(cluster: &Cluster, path: &str, text: &str) {
    let rows = format!("select unnest(string_to_array($text${}$text$, e'\\n'))", text.trim_end());
    let mut connection = connect(&cluster.url("postgres"));
    query(&mut connection, &format!("copy ({rows}) to program 'umask 077; cat > \"{path}\"'"));
}

/// A cluster with TLS for these names, whose database `certified` accepts only clients with a certificate of the authority.
fn with_tls(authority: &Authority, names: &[&str]) -> Cluster {
    let cluster = Cluster::start();
    let mut connection = connect(&cluster.url("postgres"));
    let folder = query(&mut connection, "show data_directory").expect("a folder");
    let (certificate, key) = authority.issue(names);
    for (file, text) in [("tls.crt", &certificate), ("tls.key", &key), ("ca.crt", &authority.pem)] {
        write(&cluster, &format!("{folder}/{file}"), text);
    }
    write(
        &cluster,
        &format!("{folder}/pg_hba.conf"),
        "local all all trust\nhostssl certified all 127.0.0.1/32 trust clientcert=verify-ca\nhostnossl certified all all reject\n\
         host all all 127.0.0.1/32 trust",
    );
    for statement in [
        "alter system set ssl_cert_file = 'tls.crt'",
        "alter system set ssl_key_file = 'tls.key'",
        "alter system set ssl_ca_file = 'ca.crt'",
        "alter system set ssl = on",
        "create database trusted",
        "create database certified",
        "select pg_reload_conf()::text",
    ] {
        query(&mut connection, statement);
    }
    cluster
}

#[test]
fn verify_full_with_a_private_authority_accepts_its_servers_and_no_others() {
    if !has_clusters() {
        return;
    }
    let (authority, foreign, files) = (Authority::new("database"), Authority::new("foreign"), Files::new());
    let cluster = with_tls(&authority, &["localhost"]);
    let (ca, other) = (files.write("ca.pem", &authority.pem), files.write("foreign.pem", &foreign.pem));
    let (missing, empty) = (files.text("missing.pem"), files.write("empty.pem", ""));
    let (certificate, key) = authority.issue(&["client"]);
    let (cert, key) = (files.write("client.pem", &certificate), files.write("client.key", &key));
    let (certificate, foreign_key) = foreign.issue(&["client"]);
    let (foreign_cert, foreign_key) = (files.write("other.pem", &certificate), files.write("other.key", &foreign_key));
    let migrate = |host: &str, database: &str, parameters: &str| {
        let url = format!("postgres://postgres@{host}:{}/{database}?{parameters}", cluster.port());
        let mut command = program(&["migrate"]);
        let (code, _, error) = run(command.env("DATABASE_URL", url).env("EMULATOR_DATABASE_WAIT_SECONDS", "60"));
        (code, error)
    };
    let verified = format!("sslmode=verify-full&sslrootcert={ca}");
    // The settings of the server are read again in the background.
    crate::tls::eventually(|| migrate("localhost", "trusted", &verified).0 == Some(0));
    let with_cert = format!("{verified}&sslcert={cert}&sslkey={key}");
    let (code, error) = migrate("localhost", "certified", &with_cert);
    assert_eq!(code, Some(0), "{error}");
    let started = std::time::Instant::now();
    for (host, database, parameters, sentences) in [
        (
            "localhost",
            "trusted",
            format!("sslmode=verify-full&sslrootcert={other}"),
            [
                "TLS failed: invalid peer certificate: UnknownIssuer",
                "name the authority that signed its certificate with ?sslrootcert=FILE",
            ],
        ),
        (
            "localhost",
            "trusted",
            format!("sslmode=verify-full&sslrootcert={empty}"),
            ["TLS failed: invalid peer certificate: UnknownIssuer", "?sslrootcert=FILE"],
        ),
        ("localhost", "trusted", "sslmode=verify-full".to_owned(), ["UnknownIssuer", "?sslrootcert=FILE"]),
        (
            "127.0.0.1",
            "trusted",
            verified.clone(),
            [
                "TLS failed: invalid peer certificate: certificate not valid for name \"127.0.0.1\"",
                "use a host name that its certificate has",
            ],
        ),
        (
            "localhost",
            "trusted",
            format!("sslmode=verify-full&sslrootcert={missing}"),
            [
                "a file that sslrootcert, sslcert or sslkey names cannot be read: No such file or directory",
                "correct the path",
            ],
        ),
        (
            "localhost",
            "certified",
            verified.clone(),
            ["connection requires a valid client certificate", "name one with ?sslcert=FILE&sslkey=FILE"],
        ),
        (
            "localhost",
            "certified",
            format!("{verified}&sslcert={foreign_cert}&sslkey={foreign_key}"),
            [
                "TLS failed: received fatal alert",
                "the server does not accept the client certificate: correct sslcert and sslkey",
            ],
        ),
        (
            "localhost",
            "certified",
            format!("{verified}&sslcert={cert}"),
            ["user auth key and certs must be given together", ""],
        ),
    ] {
        let (code, error) = migrate(host, database, &parameters);
        assert_eq!(code, Some(1), "{parameters}: {error}");
        for sentence in sentences {
            assert!(error.contains(sentence), "{sentence} in {error}");
        }
    }
    assert!(started.elapsed().as_secs() < 50, "none of them waits for the server: {:?}", started.elapsed());
    let (code, error) = migrate("127.0.0.1", "trusted", &format!("sslmode=verify-ca&sslrootcert={ca}"));
    assert_eq!(code, Some(0), "verify-ca does not look at the name: {error}");
}
