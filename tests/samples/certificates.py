"""A certificate authority of the test's own, and how a program in each language trusts it."""

from pathlib import Path

from harness import run


class Certificates:
    """`ca`, and a certificate of 127.0.0.1 that it signed, in a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.ca, self.certificate, self.key = (self.folder / name for name in ("ca.pem", "server.pem", "server-key.pem"))
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        run(["openssl", "req", "-x509", *new_key, "-subj", "/CN=Test CA", "-keyout", self.folder / "ca-key.pem", "-out", self.ca])
        run([
            "openssl", "req", "-x509", *new_key, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            "-addext", "basicConstraints=critical,CA:FALSE", "-CA", self.ca, "-CAkey", self.folder / "ca-key.pem",
            "-keyout", self.key, "-out", self.certificate,
        ])

    def environment(self):
        """Variables by which curl, OpenSSL (Python, Ruby), Node, GNUstep and Mono trust the authority."""
        return {
            "CURL_CA_BUNDLE": str(self.ca),
            "SSL_CERT_FILE": str(self.ca),
            "NODE_EXTRA_CA_CERTS": str(self.ca),
            "GS_TLS_CA_FILE": str(self.ca),
            "XDG_CONFIG_HOME": str(self.mono()),
        }

    def mono(self):
        """Mono's store is a folder of files that are named after the hash of their subject."""
        subject = run(["openssl", "x509", "-in", self.ca, "-noout", "-subject_hash"]).strip()
        file = self.folder / ".mono/new-certs/Trust" / f"{subject}.0"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.ca.read_bytes())
        return self.folder

    def java(self):
        """Options of `java`: a trust store with the authority."""
        store = self.folder / "trust.p12"
        if not store.exists():
            run(["keytool", "-importcert", "-noprompt", "-file", self.ca, "-keystore", store, "-storepass", "changeit"])
        return [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit"]

    def php(self):
        """Options of `php`."""
        return ["-d", f"openssl.cafile={self.ca}"]
