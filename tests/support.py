"""What the end-to-end tests share: a real server on a temporary folder and a free port, always ended. Standard library only."""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(os.environ.get("CICLO_BIN", ROOT / "build/release/bin"))
WEATHER = ROOT / "build/npm/node_modules/vega-datasets/data/seattle-weather.csv"


class Server:
    """A `ciclo server`. kill() is SIGKILL; start() again goes on with the same folder and port."""

    def __init__(self, *options):
        self.folder = Path(tempfile.mkdtemp(prefix="ciclo-test-"))
        self.data = self.folder / "data"
        self.options = list(options)
        self.port = 0
        self.process = None
        self.log = self.folder / "server.log"
        atexit.register(self.close)

    def start(self):
        about = self.data / "server.json"
        about.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            command = [BIN / "ciclo", "server", "--data", self.data, "--port", str(self.port), *self.options]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(lambda: about.exists() or self.process.poll() is not None, "the server", 60)
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")
        self.url = json.loads(about.read_text())["url"]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.token = (self.data / "admin.token").read_text().strip()
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=60)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        # What outlives the server leads its own process group and names the folder on its command line or as its folder.
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes()
                place = os.readlink(entry / "cwd")
            except OSError:
                continue
            if str(self.folder).encode() in words or place.startswith(str(self.folder)):
                try:
                    os.kill(int(entry.name), signal.SIGKILL)
                except ProcessLookupError:
                    pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, token=None, workspace="dev"):
        variables = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "CICLO_CONFIG": str(self.folder / "config.json"),
                     "CICLO_SERVER": self.url, "CICLO_WORKSPACE": workspace}
        variables["CICLO_TOKEN"] = self.token if token is None else token
        return variables

    def cli(self, *words, check=True, token=None, workspace="dev", cwd=None):
        done = subprocess.run([BIN / "ciclo", *words], capture_output=True, text=True, cwd=cwd or self.folder,
                              env=self.environment(token, workspace), timeout=300)
        if check and done.returncode != 0:
            raise AssertionError(f"ciclo {' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def json(self, *words, **more):
        return json.loads(self.cli(*words, **more).stdout or "null")

    def request(self, method, path, body=None, token=None, headers=None):
        """(status, parsed or raw body)"""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers or {})
        token = self.token if token is None else token
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode(errors="replace")


class PostgreSQL:
    """A PostgreSQL server of its own on a socket in a temporary folder, run by the user postgres when we are root."""

    def __init__(self):
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        if not programs:
            raise AssertionError("PostgreSQL is not installed: run scripts/setup test")
        self.bin = programs[-1]
        self.folder = Path(tempfile.mkdtemp(prefix="ciclo-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        atexit.register(self.close)
        self.run("initdb", "--pgdata", self.folder / "data", "--username", "ciclo", "--auth", "trust", "--locale", "C",
                 "--encoding", "UTF8", "--no-sync")
        self.run("pg_ctl", "--pgdata", self.folder / "data", "--wait", "--log", self.folder / "log", "--options",
                 f"-c listen_addresses='' -c unix_socket_directories={self.folder}", "start")
        self.run("createdb", "--host", self.folder, "--username", "ciclo", "ciclo")
        self.url = f"postgresql://ciclo@/ciclo?host={self.folder}"

    def run(self, program, *words):
        command = [self.bin / program, *words]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60)

    def close(self):
        if self.folder.exists():
            self.run("pg_ctl", "--pgdata", self.folder / "data", "--mode", "immediate", "stop")
            shutil.rmtree(self.folder, ignore_errors=True)


def wait_until(condition, what, seconds=60):
    """The condition's first true value; looks again in short turns, fails with what was waited for."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def main(tests):
    """Runs the given functions; names on the command line choose some. Ends with a line of counts."""
    chosen = [test for test in tests if len(sys.argv) == 1 or test.__name__ in sys.argv[1:]]
    failed = 0
    for test in chosen:
        started = time.monotonic()
        try:
            test()
            print(f"ok      {test.__name__} ({time.monotonic() - started:.1f} s)", flush=True)
        except Exception as error:  # noqa: BLE001: a failed test must not hide the others
            failed += 1
            print(f"FAILED  {test.__name__}: {error}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
