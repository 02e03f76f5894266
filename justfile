# Every command that a person or CI runs. `just` alone lists them.

default:
    @just --list

# All that CI checks, in its order
ci: fmt-check lint sqlx-check deny conformance browser test-embedded test

# The suite: on DATABASE_URL, else on a private cluster where Postgres' programs are found, else on the embedded database
test *arguments:
    cargo test --locked {{ arguments }}

# The suite on the embedded database
test-embedded *arguments:
    TEST_DATABASE=embedded cargo test --locked {{ arguments }}

fmt:
    cargo fmt

fmt-check:
    cargo fmt --check

# clippy with warnings denied, with and without the embedded database
lint:
    cargo clippy --locked --all-targets -- -D warnings
    cargo clippy --locked --all-targets --no-default-features -- -D warnings

# The server against its own OpenAPI document, with two tenants' keys (pip install schemathesis)
conformance *arguments:
    scripts/conformance {{ arguments }}

# Long bodies that are rejected before they are read, from curl, Python, Node and Java
clients:
    scripts/clients

# Walks the inspector in headless Chromium, with the mouse and with the keyboard alone (pip install websocket-client; chromium)
browser *arguments:
    tests/browser/walk {{ arguments }}

# Licences, advisories and sources of the dependencies (cargo install cargo-deny)
deny:
    if command -v cargo-deny >/dev/null; then cargo deny --offline check bans licenses sources; else echo 'cargo-deny is not installed: skipped'; fi

# Makes .sqlx anew from the queries, against a private cluster
prepare:
    scripts/prepare-sqlx

# Fails when .sqlx does not fit the queries or the schema
sqlx-check:
    scripts/prepare-sqlx --check

# Makes docs/COVERAGE.md anew from the operations' own attributes
coverage:
    cargo run --locked --quiet -- coverage > docs/COVERAGE.md

# Photographs the inspector's pages into docs/inspector (pip install websocket-client; chromium)
screenshots *arguments:
    scripts/screenshots {{ arguments }}

# The benchmark: bench/README.md
bench *arguments:
    bench/run {{ arguments }}
