"""The service that people would write themselves: bench/peer, with Fastify and pg from npm."""

import os
import shutil
import subprocess

from .servers import POOL, ROOT


def install():
    """Installs its packages below `target`. Returns the program, or None and the reason in words."""
    missing = [name for name in ("node", "npm") if not shutil.which(name)]
    if missing:
        return None, f"{' and '.join(missing)} not found: apt-get install nodejs npm"
    source = f"{ROOT}/bench/peer"
    folder = f"{os.environ.get('CARGO_TARGET_DIR', f'{ROOT}/target')}/bench-peer"
    os.makedirs(folder, exist_ok=True)
    is_same = all(same(f"{source}/{name}", f"{folder}/{name}") for name in ("package.json", "package-lock.json"))
    for name in os.listdir(source):
        shutil.copy(f"{source}/{name}", folder)
    if not (is_same and os.path.exists(f"{folder}/node_modules/.package-lock.json")):
        try:
            done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline", "--fetch-retries=1",
                                   "--fetch-timeout=20000"],
                                  cwd=folder, capture_output=True, text=True, timeout=180)
        except subprocess.TimeoutExpired:
            return None, "npm ci took more than three minutes"
        if done.returncode != 0:
            return None, f"npm ci failed: {' '.join(done.stderr.split())[-300:]}"
    return f"{folder}/server.js", None


def same(one, other):
    if not os.path.exists(other):
        return False
    with open(one) as first, open(other) as second:
        return first.read() == second.read()


def command(program, cluster, address):
    host, port = address.split(":")
    return ["node", program, host, port, cluster.dir, "run", str(POOL)]
