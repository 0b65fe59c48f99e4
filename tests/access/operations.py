"""Walks the OpenAPI document: every operation as nobody, with a token that ended, as a user of another workspace, and with
names of things that are not there. Nothing is done, and nothing shows what exists."""

import re

from support import Server, wait_until

# Answered to everybody, on purpose.
OPEN = {("GET", "/health"), ("GET", "/version"), ("GET", "/workspaces/{workspace}/version"), ("GET", "/openapi.json"), ("GET", "/api/v1/auth/configuration"),
        ("POST", "/api/v1/auth/sign-in"), ("POST", "/api/v1/auth/exchange"), ("GET", "/auth/login"), ("GET", "/auth/callback"),
        ("GET", "/auth/logout"), ("POST", "/auth/logout")}
# About the caller alone.
OWN = re.compile(r"^/api/v1/(me|auth|account)(/|$)|^/api/v1/activations$|^/(ajax-)?api/[23]\.0/mlflow/users/current(/permissions)?$")
# What a user without any role is told of the organisation: an empty list, or that roles exist.
FOR_ALL = {("GET", "/api/v1/workspaces"), ("GET", "/api/v1/groups"), ("GET", "/api/v1/roles"), ("GET", "/api/v1/roles/{name}")}


def operations(server):
    status, document = server.request("GET", "/openapi.json", token="")
    assert status == 200, document
    return [(method.upper(), path) for path, methods in document["paths"].items() for method in methods
            if method in ("get", "post", "put", "patch", "delete", "head", "options")]


def filled(path, workspace, name):
    path = path.replace("{workspace}", workspace)
    return re.sub(r"{[^}]+}", name, path)


def call(server, method, path, token):
    body = {"name": "x", "reason": "no reason"} if method in ("POST", "PUT", "PATCH") else None
    return server.request(method, path, body, token=token)


def without(answer, *names):
    text = str(answer)
    for name in names:
        text = text.replace(name, "…")
    return re.sub(r"[0-9a-f]{16,}", "…", text)


def every_operation_is_guarded():
    server = Server().start()
    server.cli("workspace", "create", "--name", "theirs", "--personas", "standard")
    server.cli("workspace", "create", "--name", "mine")
    job = server.json("job", "create", "--set", "type=command", "command=echo done", workspace="theirs")["name"]
    for name in ("eva", "rui"):
        server.cli("user", "create", "--name", name)
    server.cli("workspace", "grant", "--workspace", "mine", "--principal", "eva", "--role", "owner")
    eva = server.json("user", "token", "create", "--name", "eva")["token"]
    ended = server.json("user", "token", "create", "--name", "eva", "--expires-in", "1s")["token"]
    wait_until(lambda: server.request("GET", "/api/v1/me", token=ended)[0] == 401, "the token's end", 10)
    wrong, before = [], state(server, job)
    all_of_them = operations(server)
    assert len(all_of_them) > 150, len(all_of_them)
    for method, path in all_of_them:
        if (method, path) in OPEN:
            continue
        there, not_there = filled(path, "theirs", job), filled(path, "nowhere", job)
        for who, token in (("nobody", ""), ("a token that ended", ended)):
            status, answer = call(server, method, there, token)
            if status != 401:
                wrong.append(f"{method} {path} as {who}: {status} {str(answer)[:120]}")
        if OWN.match(path):
            continue
        status, answer = call(server, method, there, eva)
        if (method, path) in FOR_ALL:
            if "theirs" in str(answer):
                wrong.append(f"{method} {path} shows another workspace: {str(answer)[:200]}")
            continue
        if status not in (401, 403, 404):
            wrong.append(f"{method} {path} as a user of another workspace: {status} {str(answer)[:200]}")
        if "{workspace}" in path:
            other_status, other = call(server, method, not_there, eva)
            if status != 404 or (status, without(answer, "theirs")) != (other_status, without(other, "nowhere")):
                wrong.append(f"{method} {path} tells that the workspace exists: {status} {str(answer)[:160]} / {other_status} {str(other)[:160]}")
    assert not wrong, f"{len(wrong)} of {len(all_of_them)} operations:\n  " + "\n  ".join(wrong)
    assert state(server, job) == before, "somebody who may do nothing changed something"
    print(f"        {len(all_of_them)} operations")


def state(server, job):
    """What a successful request of the walk would have changed."""
    return [server.request("GET", path)[1] for path in
            ("/api/v1/users", "/api/v1/groups", "/api/v1/workspaces", "/api/v1/workspaces/theirs/role-assignments",
             f"/api/v1/workspaces/theirs/jobs/{job}", "/api/v1/workspaces/theirs/environments")]
