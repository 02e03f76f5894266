"""The Client Extension in C#, examples/ClientExtension, as a process, and the hooks of it that tenants are connected to."""

import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path

from harness import ROOT, Failed, free_port, fresh, need, need_files, run, status_of

SOURCE = ROOT / "examples/ClientExtension"
NEWTONSOFT = Path("/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll")


def answers(server):
    """The four hooks of examples/ClientExtension, connected by `hook connect`, each tried with an upgrade."""
    command = compiled()
    directscale, extension = uuid.uuid4().hex, uuid.uuid4().hex
    listen = f"http://127.0.0.1:{free_port()}"
    environment = {
        **os.environ, "DIRECTSCALE_URL": server.address, "DIRECTSCALE_TOKEN": directscale, "EXTENSION_TOKEN": extension,
        "LISTEN": listen,
    }
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, env=environment, **output) as process:
        try:
            if "listening" not in process.stdout.readline():
                raise Failed("it does not listen")
            for hook, expected in {
                "before": (201, "MINCH"), "after": (201, "Minch"), "override": (201, "Riley"), "reject": (500, "Riley"),
            }.items():
                seen = upgrade_through(server, f"{listen}/hooks/{hook}", directscale, extension)
                if seen[:2] != expected or (hook == "reject") != ("Upgrades are closed" in seen[2]):
                    raise Failed(f"{hook}: {seen} instead of {expected}")
            for authorization, expected in {f"Bearer {extension}": 500, "Bearer another": 403}.items():
                status = status_of(f"{listen}/hooks/before", {"Authorization": authorization}, b"no JSON")
                if status != expected:
                    raise Failed(f"a body that is no JSON gets {status} instead of {expected}")
        finally:
            process.terminate()
    return "before, after, override and reject"


def compiled():
    if shutil.which("dotnet"):
        folder = fresh("client-extension")
        for file in SOURCE.glob("*.cs*"):
            shutil.copy(file, folder)
        try:
            run(["dotnet", "build", folder, "--output", folder / "out"], timeout=300)
            return ["dotnet", folder / "out/ClientExtension.dll"]
        except Failed as error:
            if "NU1301" not in str(error):
                raise
    compiler, runtime = need("mcs", "mono-mcs"), need("mono", "mono-runtime")
    need_files([NEWTONSOFT], "libnewtonsoft-json5.0-cil")
    folder = fresh("client-extension")
    shutil.copy(NEWTONSOFT, folder)
    references = ["-r:System.Net.Http", f"-r:{folder / NEWTONSOFT.name}"]
    run([compiler, "-langversion:7.2", *references, f"-out:{folder}/extension.exe", SOURCE / "Program.cs"])
    return [runtime, folder / "extension.exe"]


def upgrade_through(server, address, directscale, extension):
    """Status, the customer's first name afterwards, and the response's body, for a tenant with this hook."""
    name, key = f"hook-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    server.control("POST", "tenants/demo/fork", {"name": name, "key": key})
    file = fresh("hook") / "extension.json"
    hooks = {"Associates.Enrollment.UpdateAssociateBaseType": address}
    settings = {"extension_token": extension, "directscale_token": directscale, "hooks": hooks}
    file.write_text(json.dumps({"extension": settings}))
    connect = [server.process.args[0], "hook", "connect", name, file, "--server", server.address]
    run(connect, env={"EMULATOR_ADMIN_TOKEN": server.token})
    body = json.loads((ROOT / "tests/samples/upgrade/body.json").read_text())
    headers = {"Ocp-Apim-Subscription-Key": key, "Content-Type": "application/json"}
    status, text = server.request("PUT", "/v1/customers/upgrade/3", body, headers)
    _, customer = server.request("GET", "/v1/customers/3", headers=headers)
    server.control("DELETE", f"tenants/{name}")
    return status, json.loads(customer)["FirstName"], text
