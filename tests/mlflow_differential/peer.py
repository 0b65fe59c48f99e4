"""A real `mlflow server` of the newest 3.x package, with a SQLite store in a temporary folder, always ended."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from support import ROOT, wait_until

# Of the webhooks' secrets: any Fernet key.
ENCRYPTION_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


class MlflowServer:
    def __init__(self):
        venvs = Path(os.environ.get("CICLO_VENVS", ROOT / "build/venvs"))
        subprocess.run([ROOT / "tests/clients/mlflow_environment.sh", "3"], check=True)
        self.folder = Path(tempfile.mkdtemp(prefix="ciclo-mlflow-"))
        atexit.register(self.close)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = self.folder / "server.log"
        environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet",
                       "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
                       "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true", "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": ENCRYPTION_KEY}
        self.python = venvs / "mlflow-3/bin/python"
        command = [self.python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port),
                   "--workers", "1", "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db",
                   "--artifacts-destination", str(self.folder / "artifacts")]
        with open(self.log, "wb") as log:
            # A session of its own: the server starts others, and all of them end with it.
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env=environment, start_new_session=True)

    def wait(self):
        wait_until(lambda: self.process.poll() is not None or self.is_up(), "mlflow server", 240)
        if self.process.poll() is not None:
            raise AssertionError(f"mlflow server ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")
        return self

    def is_up(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=10) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
