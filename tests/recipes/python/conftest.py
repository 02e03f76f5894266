"""One server for the run, and a tenant of its own for each test."""

import os
import secrets
import uuid
from dataclasses import dataclass

import pytest
import requests


@dataclass
class Tenant:
    """A copy of the demo tenant. `api` sends requests to DirectScale's API with its key."""

    name: str
    key: str
    base_url: str

    def api(self, method, path, **options):
        headers = {"Ocp-Apim-Subscription-Key": self.key}
        return requests.request(method, self.base_url + path, headers=headers, timeout=30, **options)


@pytest.fixture(scope="session")
def emulator():
    """Address and admin token: of the server at EMULATOR_SERVER, else of a container for this run."""
    if url := os.environ.get("EMULATOR_SERVER"):
        yield url, os.environ.get("EMULATOR_ADMIN_TOKEN", "")
        return
    from emulator_container import emulator_container

    token = secrets.token_hex(16)
    with emulator_container(token) as container:
        yield f"http://{container.get_container_host_ip()}:{container.get_exposed_port(8080)}", token


@pytest.fixture
def tenant(emulator):
    url, token = emulator
    tenant = Tenant(f"test-{uuid.uuid4().hex}", uuid.uuid4().hex, f"{url}/v1")
    control = requests.Session()
    if token:
        control.headers["Authorization"] = f"Bearer {token}"
    # If the run is killed, the server deletes the tenant after ten minutes.
    fork = {"name": tenant.name, "key": tenant.key, "expires_in_seconds": 600}
    control.post(f"{url}/_emulator/tenants/demo/fork", json=fork, timeout=30).raise_for_status()
    yield tenant
    control.delete(f"{url}/_emulator/tenants/{tenant.name}", timeout=30).raise_for_status()
