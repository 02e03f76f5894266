"""A container engine for the recipes: Docker where it runs, else Podman, which Debian has and which needs no daemon."""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import Failed, Skipped, run

IMAGE = "localhost/directscale-emulator:recipes"
HERE = Path(__file__).resolve().parent


class Engine:
    """An engine that has the image. Podman's images, containers and volumes are in a folder that is deleted at the end."""

    def __init__(self, binary):
        self.folder = Path(tempfile.mkdtemp())
        self.service = self.command = None
        try:
            self.command = self.docker() or self.podman()
            self.build(binary)
        except BaseException:
            self.close()
            raise

    def docker(self):
        works = shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True).returncode == 0
        self.environment = {}
        return ["docker"] if works else None

    def podman(self):
        if not shutil.which("podman"):
            raise Skipped("there is no container engine (apt-get install podman runc conmon catatonit netavark aardvark-dns)")
        settings = self.folder / "containers.conf"
        # No more than this process itself may have, and no systemd.
        settings.write_text(
            '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'
            '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        )
        os.environ["CONTAINERS_CONF"] = str(settings)
        places = {"--root": "root", "--runroot": "run", "--network-config-dir": "networks"}
        command = ["podman", *(word for option, place in places.items() for word in (option, str(self.folder / place)))]
        # Debian's crun rejects a machine with control groups of both versions.
        if shutil.which("runc"):
            command += ["--runtime", "runc"]
        socket = f"unix://{self.folder}/podman.sock"
        self.command = command
        self.service = subprocess.Popen(
            [*command, "system", "service", "--time=0", socket], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        # Testcontainers' own container for cleaning up is an image of a registry.
        self.environment = {
            "DOCKER_HOST": socket, "TESTCONTAINERS_RYUK_DISABLED": "true", "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
        }
        return command

    def build(self, binary):
        """The image, with a copy of the program without its debug information, and its libraries."""
        context = self.folder / "image"
        program = context / "root/usr/local/bin/directscale-emulator"
        program.parent.mkdir(parents=True)
        (context / "root/tmp").mkdir()
        (context / "root/tmp").chmod(0o1777)
        (context / "data").mkdir()
        (context / "data/.keep").touch()
        run(["strip", "--strip-debug", "-o", program, binary])
        for library in re.findall(r"(/\S+) \(", run(["ldd", binary])):
            copy = context / "root" / library.lstrip("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, copy)
        shutil.copy(HERE / "image.Dockerfile", context / "Dockerfile")
        try:
            run([*self.command, "build", "--quiet", "--tag", IMAGE, context], timeout=300)
            # With a network and a port, as the recipes start it.
            run([*self.command, "run", "--rm", "--publish", "127.0.0.1::8080", IMAGE, "--version"])
        except Failed as error:
            raise Skipped(f"the container engine does not work here: {' '.join(str(error).split())[-200:]}") from None
        self.environment["EMULATOR_IMAGE"] = IMAGE

    def play(self, manifest, token):
        """Starts a Kubernetes manifest with the secret `emulator`: the pod's address; its root, user and count of capabilities."""
        if self.command[0] != "podman":
            raise Skipped("Docker starts no Kubernetes manifests (apt-get install podman)")
        file = self.folder / "manifest.yaml"
        text = manifest.read_text().replace("registry.example/directscale-emulator:0.1.0", IMAGE)
        file.write_text(text)
        self.secret(token)
        run([*self.command, "kube", "play", file])
        try:
            pod = "emulator-pod-0"
            infra = run([*self.command, "pod", "inspect", pod, "--format", "{{.InfraContainerID}}"]).strip()
            networks = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
            address = run([*self.command, "inspect", infra, "--format", networks]).strip()
            facts = "{{.HostConfig.ReadonlyRootfs}} {{.Config.User}} {{len .EffectiveCaps}}"
            seen = run([*self.command, "inspect", f"{pod}-emulator", "--format", facts]).strip()
            return f"http://{address}:8080", seen
        except BaseException:
            self.stop_playing()
            raise

    def secret(self, token):
        value = {"admin-token": base64.b64encode(token.encode()).decode()}
        # Podman 4.3 reads the values alone, newer versions the whole object.
        version = run([*self.command, "version", "--format", "{{.Client.Version}}"]).strip()
        whole = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "emulator"}, "data": value}
        file = self.folder / "secret.json"
        file.write_text(json.dumps(value if version.startswith("4.3.") else whole))
        run([*self.command, "secret", "create", "emulator", file])

    def stop_playing(self):
        run([*self.command, "kube", "down", self.folder / "manifest.yaml"])

    def close(self):
        if self.service:
            self.service.terminate()
            self.service.wait(timeout=30)
            for kind in ("pod rm", "rm", "volume rm", "rmi"):
                subprocess.run([*self.command, *kind.split(), "--all", "--force"], capture_output=True, timeout=120)
        elif self.command:
            subprocess.run([*self.command, "rmi", "--force", IMAGE], capture_output=True, timeout=120)
        shutil.rmtree(self.folder, ignore_errors=True)
