"""Runs every command that docs/mlflow-access.md shows, in order."""

import re
import shlex

from support import ROOT, Server

DOCUMENT = ROOT / "docs/mlflow-access.md"


def documented_commands_work():
    server = Server().start()
    server.cli("workspace", "create", "--name", "dev")
    server.cli("user", "create", "--name", "bia")
    server.cli("group", "create", "--name", "forecasters")
    for path, body in (("experiments/create", {"name": "churn"}), ("registered-models/create", {"name": "weather"})):
        status, answer = server.request("POST", f"/workspaces/dev/api/2.0/mlflow/{path}", body)
        assert status == 200, answer
    blocks = re.findall(r"^```\n(.*?)^```", DOCUMENT.read_text(), re.M | re.S)
    lines = [line for text in blocks for line in text.splitlines() if line.startswith("ciclo ")]
    assert len(lines) >= 5, lines
    for line in lines:
        done = server.cli(*shlex.split(line)[1:], check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
