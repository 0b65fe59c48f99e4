"""Endpoints with an identity of their own: what their Python deployments may do, and when that ends."""

import json

from support import Server, wait_until

SCORE = '''import json, os, urllib.error, urllib.request
def init():
    pass
def run(raw):
    body = json.loads(raw)
    request = urllib.request.Request(os.environ["CICLO_SERVER"] + body["path"],
                                     headers={"Authorization": "Bearer " + os.environ["CICLO_TOKEN"]})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return {"status": answer.status}
    except urllib.error.HTTPError as error:
        return {"status": error.code}
'''


def deploy(server, name):
    folder = server.folder / "code"
    folder.mkdir(exist_ok=True)
    (folder / "score.py").write_text(SCORE)
    file = server.folder / f"{name}.yml"
    file.write_text(json.dumps({"name": name, "endpoint_name": "probe",
                                "code_configuration": {"code": str(folder), "scoring_script": "score.py"}}))
    server.cli("online-deployment", "create", "--file", file, "--all-traffic")


def an_endpoint_acts_as_itself():
    server = Server().start()
    for name in ("dev", "second"):
        server.cli("workspace", "create", "--name", name)
    file = server.folder / "endpoint.yml"
    file.write_text("name: probe\nidentity:\n  type: system_assigned\n")
    server.cli("online-endpoint", "create", "--file", file)
    deploy(server, "blue")
    uri = server.json("online-endpoint", "show", "--name", "probe")["scoring_uri"]
    key = server.json("online-endpoint", "get-credentials", "--name", "probe")["primaryKey"]

    def seen(path):
        endpoint = Server.__new__(Server)
        endpoint.url, endpoint.token = uri, key
        status, answer = endpoint.request("POST", "", {"path": path}, headers={"Content-Type": "application/json"})
        assert status == 200, answer
        return answer["status"]
    data = "/api/v1/workspaces/{}/data"
    assert wait_until(lambda: seen(data.format("dev")), "the deployment") == 404, "it holds no role yet"
    server.cli("role", "assignment", "create", "--principal", "endpoint/dev/probe", "--role", "R", "--component", "storage")
    server.cli("role", "assignment", "create", "--principal", "endpoint/dev/probe", "--role", "R", "--component", "storage",
               workspace="second")
    assert seen(data.format("dev")) == 200
    assert seen("/api/v1/workspaces/dev/jobs") == 403
    assert seen(data.format("second")) == 404, "its token is good in its own workspace alone"
    assert server.request("POST", "/api/v1/users/endpoint%2Fdev%2Fprobe/tokens", {})[0] == 409, "the server alone makes its tokens"
    # Another deployment, a scorer that is started again, and a server that is: each has a token that is good.
    deploy(server, "green")
    assert seen(data.format("dev")) == 200
    server.kill()
    server.start()
    assert wait_until(lambda: seen(data.format("dev")), "the adopted scorer") == 200
    rows = server.json("user", "token", "list", "--name", "endpoint/dev/probe")
    assert rows and all(row["workspace"] == "dev" and row["last_used_at"] or row["purpose"] for row in rows), rows
    config = (server.data / "endpoints/dev/probe/scorer.json").read_text()
    assert "${{identity.token}}" in config and "ciclo_" not in config, config
    # Without its identity it is nobody.
    server.cli("online-endpoint", "update", "--name", "probe", "--set", "identity.type=none")
    assert server.request("GET", "/api/v1/users/endpoint%2Fdev%2Fprobe")[0] == 404
    server.cli("online-endpoint", "delete", "--name", "probe", "--yes")
    left = [each for each in server.json("role", "assignment", "list") if each["principal"].startswith("endpoint/")]
    assert left == [], left
