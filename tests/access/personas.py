"""The persona tables of docs/access.md, as data, and one real request for every component and class of action."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/access.md"
CLASSES = ("read", "write", "manage")
ENVIRONMENTS = {"production": "### Production environments", "pre-production": "### Pre-production environments"}


def table_after(heading):
    """The rows of the first table after a heading, each a list of cells; the heading row first."""
    text = DOCUMENT.read_text()
    lines = text[text.index(heading):].splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        if not re.fullmatch(r"[|\-\s]+", line):
            rows.append([cell.strip() for cell in line.strip()[1:-1].split("|")])
    return rows


def persona_table(environment):
    """{persona: {component: [roles]}} as documented."""
    head, *rows = table_after(ENVIRONMENTS[environment])
    return {row[0]: {component: [role.strip() for role in cell.split(",") if role.strip()]
                     for component, cell in zip(head[1:], row[1:])} for row in rows}


def role_classes():
    """{short name: {classes it allows}} as documented."""
    head, *rows = table_after("## Roles")
    return {row[0]: {name for name, cell in zip(head, row) if name in CLASSES and cell == "yes"} for row in rows}


def groups():
    """{persona: name of its group, with <workspace> in it}"""
    _, *rows = table_after("### How to join a group")
    return {row[0]: row[1].strip("`") for row in rows}


def expected(environment):
    """{(persona, component, class): allowed}"""
    allowed = role_classes()
    return {(persona, component, of): any(of in allowed[role] for role in roles)
            for persona, cells in persona_table(environment).items() for component, roles in cells.items() for of in CLASSES}


def requests_of(workspace, unique, prepared):
    """[(component, class, method, path, body)]: what an allowed caller does with success. `prepared`: what `prepare` made."""
    base = f"/api/v1/workspaces/{workspace}"
    made = [
        ("workspace", "read", "GET", f"{base}/jobs", None),
        ("workspace", "write", "POST", f"/workspaces/{workspace}/api/2.0/mlflow/experiments/create", {"name": unique}),
        ("secrets", "read", "GET", f"{base}/vault", None),
        ("secrets", "write", "PUT", f"{base}/secrets/{unique}", {"value": "only-a-test"}),
        ("images", "read", "GET", f"{base}/environments", None),
        ("images", "write", "POST", f"{base}/environments", {"name": unique, "image": "python:3.11"}),
        ("storage", "read", "GET", f"{base}/data", None),
        ("storage", "write", "PUT", f"{base}/datastores/workspaceblobstore/paths/{unique}.txt", b"text"),
        ("automation", "read", "GET", f"{base}/triggers", None),
        ("automation", "write", "POST", f"{base}/triggers",
         {"name": unique, "on": {"event": "ciclo.job.completed"}, "action": {"notify": {"message": "done"}}}),
        ("packages", "read", "GET", f"{base}/components", None),
        ("packages", "write", "POST", f"{base}/components", {"name": unique.replace("-", "_"), "type": "command", "command": "true"}),
        ("logs", "read", "GET", f"{base}/jobs/{prepared['job']}/logs", None),
        ("logs", "write", "DELETE", f"{base}/jobs/{prepared['job']}/logs", None),
        ("monitor", "read", "GET", f"{base}/schedules", None),
        ("monitor", "write", "POST", f"{base}/schedules/{prepared['schedule']}/disable", None),
    ]
    for component in ("workspace", "secrets", "images", "storage", "automation", "packages", "logs", "monitor"):
        made.append((component, "manage", "POST", f"{base}/role-assignments",
                     {"principal": prepared["other"], "role": "reader", "component": component}))
    return made
