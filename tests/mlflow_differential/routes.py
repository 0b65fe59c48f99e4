"""Every endpoint of a real `mlflow server` is served, or named in docs/mlflow.md as not served."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RULES = """
import mlflow.server
for rule in mlflow.server.app.url_map.iter_rules():
    for method in rule.methods - {"HEAD", "OPTIONS"}:
        print(method, rule.rule)
"""
PARAMETER = re.compile(r"<[^>]*>|{[^}]*}")
API = re.compile(r"^/(?:ajax-)?api/\d\.0/mlflow/(.*)$")
# The page, and a path that lacks a '/' by mistake.
PAGE = re.compile(r"^/$|^/build/|^/static-files/|^/(ajax-)?api/2\.0mlflow/")


def shape(path):
    return PARAMETER.sub("{}", path).rstrip("/")


def of_mlflow(python, folder):
    done = subprocess.run([python, "-c", RULES], capture_output=True, text=True, timeout=120, check=True,
                          env={"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/rules.db", "PATH": "/usr/bin:/bin", "HOME": str(folder)})
    return {tuple(line.split(" ", 1)) for line in done.stdout.splitlines() if " /" in line}


def not_served():
    section = (ROOT / "docs/mlflow.md").read_text().partition("### Not served")[2].partition("\n## ")[0]
    return {name for line in section.splitlines() if line.startswith("| `") for name in re.findall(r"`([^`]+)`", line.split("|")[1])}


def mistakes(python, folder, document):
    """What is neither served nor named, and what is named without need."""
    served = {(method.upper(), shape(path)) for path, methods in document["paths"].items() for method in methods}
    named, met, lines = not_served(), set(), []
    for method, rule in sorted(of_mlflow(python, folder)):
        below = API.match(rule)
        if (method, shape(rule)) in served or PAGE.match(rule):
            continue
        name = below and next((each for each in named if below[1] == each or below[1].startswith(each + "/")), None)
        if name:
            met.add(name)
        else:
            lines.append(f"{method} {rule} is not served, and docs/mlflow.md does not say so")
    return lines + [f"docs/mlflow.md names `{name}` as not served, which MLflow has no more, or Ciclo serves" for name in sorted(named - met)]
