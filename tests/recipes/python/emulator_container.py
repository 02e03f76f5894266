"""The emulator in a container, by Testcontainers."""

import os

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy


def emulator_container(token):
    return (
        DockerContainer(os.environ.get("EMULATOR_IMAGE", "directscale-emulator"))
        .with_env("EMULATOR_ADMIN_TOKEN", token)
        .with_exposed_ports(8080)
        .waiting_for(HttpWaitStrategy(8080, "/readyz").for_status_code(200))
    )
