"""A private Postgres cluster with the installed programs, and the CPU time of processes."""

import glob
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
PACKAGES = {"initdb": "postgresql", "pgbench": "postgresql", "psql": "postgresql", "wrk": "wrk", "valgrind": "valgrind"}
# The same as in src/database/connection.rs.
PLANNING = "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off " \
           "-c enable_material=off -c jit=off -c plan_cache_mode=force_generic_plan"


def programs():
    """The folder of Postgres' programs."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    return folders[-1] if folders else os.path.dirname(shutil.which("initdb") or "")


def version():
    return subprocess.run([f"{programs()}/postgres", "--version"], capture_output=True, text=True).stdout.split()[2]


def need(*names):
    """Exits with the names of missing programs."""
    missing = [name for name in names if not (shutil.which(name) or os.path.exists(f"{programs()}/{name}"))]
    if missing:
        sys.exit(f"{', '.join(missing)} not found: apt-get install {' '.join(sorted({PACKAGES[name] for name in missing}))}")


class Cluster:
    """A private Postgres, on a Unix socket only."""

    def __init__(self, **more):
        self.dir = tempfile.mkdtemp()
        self.drop = None
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.dir, user.pw_uid, user.pw_gid)
            self.drop = "postgres"
        self.call("initdb", "-D", f"{self.dir}/data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C")
        settings = {
            "listen_addresses": "", "unix_socket_directories": self.dir, "shared_buffers": "1GB",
            "synchronous_commit": "off", "autovacuum": "off", "max_wal_size": "8GB", "checkpoint_timeout": "1h",
            "max_connections": "100",
        } | more
        with open(f"{self.dir}/data/postgresql.auto.conf", "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self.call("pg_ctl", "-D", f"{self.dir}/data", "-s", "-w", "-l", f"{self.dir}/log", "start")
        with open(f"{self.dir}/data/postmaster.pid") as file:
            self.postmaster = int(file.readline())

    def call(self, program, *arguments):
        subprocess.run([f"{programs()}/{program}", *arguments], check=True, stdout=subprocess.DEVNULL, user=self.drop, cwd="/")

    def url(self, database):
        return f"postgres://postgres@{self.dir.replace('/', '%2F')}/{database}"

    def psql(self, database, *statements):
        commands = [part for statement in statements for part in ("-c", statement)]
        done = subprocess.run(
            ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.dir, "-U", "postgres", database, *commands],
            capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"psql: {done.stderr}")
        return done.stdout.strip()

    def fresh(self, base):
        """The database `run` as a new copy of another."""
        self.psql("postgres", "drop database if exists run with (force)", f"create database run template {base}", "checkpoint")

    def cpu(self):
        """CPU seconds of all processes so far, those that have ended included."""
        # First the list: a session that ends now is either in it or in the sum of the ended ones.
        alive = [self.postmaster, *children(self.postmaster)]
        return ticks(self.postmaster, 13) + sum(cpu_seconds(pid) for pid in alive)

    def cpu_of(self, database):
        """CPU seconds of the sessions that are connected to a database now."""
        return sum(cpu_seconds(pid) for pid in children(self.postmaster) if f" {database} " in command_line(pid))

    def stop(self):
        self.call("pg_ctl", "-D", f"{self.dir}/data", "-s", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.dir)


def children(pid):
    return [int(child) for child in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()]


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def cpu_seconds(pid):
    """User and system time of all threads of a process; 0 when the process is gone."""
    try:
        # The clock of another process, in nanoseconds: clock_getcpuclockid(3).
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return ticks(pid, 11)


def ticks(pid, field):
    """The sum of two fields of /proc/PID/stat, in seconds: 11 for the process, also when its parent has not yet waited for its end, 13
    for those children for whose end it has waited."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(value) for value in fields[field:field + 2]) / TICKS


def tree_cpu(pid):
    """That of a process and its children."""
    return cpu_seconds(pid) + sum(cpu_seconds(child) for child in children(pid))
