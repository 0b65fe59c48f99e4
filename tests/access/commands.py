"""Runs every command that docs/access.md shows, in order."""

import re
import shlex

from personas import DOCUMENT
from support import Server

SETUP = [("user", "create", "--name", name) for name in ("bia", "rui")] + [
    ("group", "create", "--name", "labellers"), ("group", "create", "--name", "security")]


def documented_commands():
    blocks = re.findall(r"^```([a-z]*)\n(.*?)^```", DOCUMENT.read_text(), re.M | re.S)
    files = {"labeller.yml": text for kind, text in blocks if kind == "yaml"}
    lines = [line for kind, text in blocks if not kind for line in text.splitlines() if line.startswith("ciclo ")]
    # Those inside sentences that stand on their own.
    lines += [line for line in re.findall(r"`(ciclo [^`<…]+)`", DOCUMENT.read_text()) if "--" in line]
    return files, lines


def documented_commands_work():
    server = Server().start()
    files, lines = documented_commands()
    assert len(lines) > 20, lines
    for name, text in files.items():
        (server.folder / name).write_text(text)
    for command in SETUP:
        server.cli(*command)
    activation, prepared = "", False
    for line in lines:
        words = shlex.split(line)[1:]
        if words[:2] == ["group", "member"] and not prepared:
            server.cli("user", "create", "--name", "ana", check=False)
        if words[:3] == ["user", "create", "--name"] and words[3] == "ana":
            server.cli("user", "delete", "--name", "ana", "--yes")
        if "activate" in words:
            # As somebody who may: one of technical support.
            server.cli("user", "create", "--name", "support")
            server.cli("group", "member", "add", "--name", "platform-technical-support", "--member", "support")
            token = server.json("user", "token", "create", "--name", "support")["token"]
            activation = server.json(*words, token=token)[0]["id"]
            continue
        if "experiment/churn" in words:
            server.request("POST", "/workspaces/shop-dev/api/2.0/mlflow/experiments/create", {"name": "churn"})
        if "endpoint/shop/weather" in words:
            server.cli("online-endpoint", "create", "--name", "weather", "--set", "identity.type=system_assigned", workspace="shop")
        words = [re.sub(r"^[0-9a-f]{12}$", activation, word) for word in words]
        if words == ["workspace", "create", "--personas", "standard"]:
            words += ["--name", "third"]
        done = server.cli(*words, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
