"""deploy/kubernetes/single: its manifest is valid, and starts."""

import time
from pathlib import Path

from harness import ROOT, Failed, python_packages, run, status_of

MANIFEST = ROOT / "deploy/kubernetes/single/emulator.yaml"
LINTERS = Path(__file__).resolve().parent / "linters/requirements.txt"


def is_valid():
    folder = python_packages(LINTERS).parent
    style = "{extends: default, rules: {line-length: {max: 140}, document-start: disable}}"
    run([folder / "yamllint", "--strict", "-d", style, MANIFEST])
    run([folder / "kubernetes-validate", "--strict", MANIFEST])
    return "kubernetes-validate and yamllint accept it"


def starts(engine, token):
    """Podman, which knows a part of Kubernetes, starts the server, as little privileged as the manifest says."""
    address, seen = engine.play(MANIFEST, token)
    try:
        if seen != "true 65532:65532 0":
            raise Failed(f"read-only root, user and capabilities are {seen}")
        wait_until_ready(address)
        tenants = f"{address}/_emulator/tenants"
        answers = status_of(tenants, {"Authorization": f"Bearer {token}"}), status_of(tenants, {})
        if answers != (200, 401):
            raise Failed(f"the control API answers {answers} with and without the secret's token")
    finally:
        engine.stop_playing()
    return "read-only, as user 65532, without capabilities, with the secret's token"


def wait_until_ready(address):
    for _ in range(300):
        if status_of(f"{address}/readyz", {}) == 200:
            return
        time.sleep(0.2)
    raise Failed("the server in the pod did not become ready within 60 s")
