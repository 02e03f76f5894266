"""pgbench with the server's own statements and real parameters."""

import glob
import os
import re
import subprocess

from .cluster import PLANNING, programs
from .operations import FIRST
from .servers import POOL


def measure(cluster, base, operation, statements, customers, seconds, folder):
    cluster.fresh(base)
    file = f"{folder}/{operation}.sql"
    with open(file, "w") as out:
        # Each client has its own customers, in the same stride.
        out.write(f"\\set n :n + 1\n\\set id ((:n * {POOL} + :client_id) * 7919) % {customers} + {FIRST}\n")
        # The server tells upgrades of one moment apart by its own counter.
        out.writelines(re.sub(r"record_number\(:\w+", "record_number(:client_id", statement.text) + ";\n" for statement in statements)
    values = {name: value for statement in statements for name, value in statement.values.items()}
    log = f"{folder}/log"
    before = cluster.cpu()
    done = run(cluster, file, "-c", str(POOL), "-j", "2", "-T", str(seconds), "-D", "n=0", "-l", "--log-prefix", log, values=values)
    cpu = cluster.cpu() - before
    transactions = int(re.search(r"actually processed: (\d+)", done).group(1))
    latencies = sorted(int(line.split()[2]) for path in glob.glob(f"{log}.*") for line in open(path))
    for path in glob.glob(f"{log}.*"):
        os.remove(path)
    if operation != "get":
        updates = int(cluster.psql("run", "select n_tup_upd from pg_stat_user_tables where relname = 'customers'"))
        assert updates == transactions, f"{updates} of {transactions} customers were updated"
    percentile = lambda part: latencies[int(len(latencies) * part)] / 1000
    cpu *= 1000 / transactions
    return {"rate": float(re.search(r"tps = ([\d.]+)", done).group(1)), "p50": percentile(0.5), "p99": percentile(0.99),
            "cpu": cpu, "postgres": cpu}


def run(cluster, file, *arguments, values={}):
    """Runs a script on the database `run`. Returns what pgbench prints."""
    variables = [part for name, value in values.items() for part in ("-D", f"{name}={value}")]
    done = subprocess.run(
        [f"{programs()}/pgbench", "-n", "-h", cluster.dir, "-U", "postgres", "-M", "prepared", *variables, *arguments, "-f", file, "run"],
        capture_output=True, text=True, env=os.environ | {"PGOPTIONS": PLANNING})
    assert done.returncode == 0, done.stderr
    return done.stdout
