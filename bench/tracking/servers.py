"""The tracking servers that are measured: each starts on an empty folder and a free port, stops with all its processes,
and knows where its database lies, so that peers can be filled with a hundred thousand runs without asking them to."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlparse

ROOT = Path(__file__).resolve().parent.parent.parent
API = "/api/2.0/mlflow/"


class Client:
    """One kept-alive connection."""

    def __init__(self, server):
        parts = urlparse(server.url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=600)
        self.headers = {"Content-Type": "application/json"}
        if server.token:
            self.headers["Authorization"] = "Bearer " + server.token

    def call(self, method, path, body=None):
        return json.loads(self.text(method, path, None if body is None else json.dumps(body)) or b"{}")

    def text(self, method, path, data=None):
        try:
            answer, text = self._exchange(method, path, data)
        except (http.client.RemoteDisconnected, ConnectionError):  # a kept-alive connection that a worker gave up
            self.connection.close()
            answer, text = self._exchange(method, path, data)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]!r}")
        return text

    def _exchange(self, method, path, data):
        self.connection.request(method, API + path, data, self.headers)
        answer = self.connection.getresponse()
        return answer, answer.read()

    def new_run(self, experiment="0"):
        answer = self.call("POST", "runs/create", {"experiment_id": experiment, "start_time": int(time.time() * 1000)})
        return answer["run"]["info"]["run_id"]


class Server:
    name = ""
    serves_artifacts = True

    def __init__(self, folder):
        self.folder = Path(folder) / self.name
        self.folder.mkdir()
        self.token = ""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.start_seconds = 0.0

    def start(self):
        """Until a request is answered; how long that took is kept."""
        began = time.perf_counter()
        with open(self.folder / "log", "ab") as log:
            # A session of its own, so that workers end with it.
            self.process = subprocess.Popen(self.command(), cwd=self.folder, stdout=log, stderr=log, start_new_session=True)
        while not self.is_up():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended:\n{(self.folder / 'log').read_text()[-2000:]}")
            if time.perf_counter() - began > 180:
                raise RuntimeError(f"{self.name} does not answer")
            time.sleep(0.005)
        self.start_seconds = time.perf_counter() - began
        return self

    def is_up(self):
        try:
            Client(self).call("GET", "experiments/get?experiment_id=0")
        except (OSError, RuntimeError, http.client.HTTPException):
            return False
        return True

    def settle(self):
        """Until thirty fresh connections in a row are answered quickly: then every worker of the server has loaded."""
        until = time.time() + 180
        quick = 0
        while quick < 30:
            began = time.time()
            quick = quick + 1 if self.is_up() and time.time() - began < 0.2 else 0
            if time.time() > until:
                raise RuntimeError(f"{self.name} does not answer quickly; is the machine busy?")

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # workers that outlived it
        except ProcessLookupError:
            pass
        self.process.wait()

    def memory_mb(self):
        """Proportional set size of the server and its workers."""
        total = 0
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            try:
                if os.getsid(int(process.name)) != self.process.pid:
                    continue
                lines = (process / "smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total / 1024


class Ciclo(Server):
    name = "ciclo"

    def command(self):
        return [Path(os.environ["CICLO_BIN"]) / "ciclo", "server", "--data", self.folder / "data", "--port", str(self.port)]

    def is_up(self):
        token = self.folder / "data" / "admin.token"
        if not token.exists():
            return False
        self.token = token.read_text().strip()
        return bool(self.token) and super().is_up()


class CicloUnsynced(Ciclo):
    """As FastTrackML is: what was acknowledged survives kill -9, not a power cut."""

    name = "ciclo-process-crash"

    def command(self):
        return [*super().command(), "--durability", "process-crash"]


class Mlflow(Server):
    name = "mlflow"

    def __init__(self, folder):
        super().__init__(folder)
        self.database = self.folder / "mlflow.db"

    def command(self):
        return [ROOT / "build/venvs/mlflow-3/bin/mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port),
                "--workers", "2", "--backend-store-uri", f"sqlite:///{self.database}",
                "--artifacts-destination", self.folder / "artifacts"]


class FastTrackML(Server):
    name = "fasttrackml"
    serves_artifacts = False  # its proxy takes no uploads

    def __init__(self, folder):
        super().__init__(folder)
        self.database = self.folder / "fml.db"

    def command(self):
        return [ROOT / "build/venvs/fasttrackml/bin/fml", "server", "--listen-address", f"127.0.0.1:{self.port}",
                "--database-uri", f"sqlite://{self.database}", "--log-level", "error"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
