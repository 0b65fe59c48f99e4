"""A workspace with personas, somebody in each of their groups, and what the requests of the table need."""

import json
import itertools

import personas
from support import wait_until

_numbers = itertools.count(1)


def may(status):
    return status < 300


class World:
    def __init__(self, server, environment):
        self.server, self.environment = server, environment
        self.workspace = "shop" if environment == "production" else "shop-dev"
        server.cli("workspace", "create", "--name", self.workspace, "--environment", environment, "--personas", "standard")
        self.groups = {persona: group.replace("<workspace>", self.workspace) for persona, group in personas.groups().items()}
        self.tokens, self.users = {}, {}
        self.new_user(f"other-{environment}")
        self.prepared = {"other": f"other-{environment}", "job": self.ended_job(), "schedule": self.schedule()}

    def new_user(self, name, kind="person"):
        """A token of a new user's."""
        self.server.cli("user", "create", "--name", name, "--kind", kind)
        return self.server.json("user", "token", "create", "--name", name)["token"]

    def user(self, persona):
        if persona not in self.users:
            name = f"{self.environment}-{self.groups[persona]}-{next(_numbers)}"[:60]
            kind = "service" if persona in ("CI/CD processes", "Monitoring processes", "Data governance processes") else "person"
            self.tokens[persona] = self.new_user(name, kind)
            self.server.cli("group", "member", "add", "--name", self.groups[persona], "--member", name)
            self.users[persona] = name
        return self.users[persona]

    def token(self, persona):
        self.user(persona)
        return self.tokens[persona]

    def other_member(self, persona):
        name = f"second-member-{next(_numbers)}"
        token = self.new_user(name)
        self.server.cli("group", "member", "add", "--name", self.groups[persona], "--member", name)
        return token

    def ask(self, persona, method, path, body=None):
        return self.server.request(method, path, body, token=self.token(persona))

    def knows(self, persona, environment):
        return any(personas.persona_table(environment)[persona].values())

    def requests(self, persona):
        return personas.requests_of(self.workspace, f"cell-{next(_numbers)}", self.prepared)

    def activate(self, persona):
        self.server.cli("access", "activate", "--reason", "ticket 12: all cells", token=self.token(persona), workspace=self.workspace)

    def ended_job(self):
        job = self.server.json("job", "create", "--set", "type=command", "command=echo done", workspace=self.workspace)["name"]
        self.wait_for(job)
        return job

    def wait_for(self, job):
        def ended():
            status = self.server.json("job", "show", "--name", job, workspace=self.workspace)["status"]
            return status if status in ("Completed", "Failed", "Canceled") else None
        assert wait_until(ended, f"job {job}") == "Completed", self.log(job)

    def log(self, job):
        return self.server.request("GET", f"/api/v1/workspaces/{self.workspace}/jobs/{job}/logs/std_log.txt")[1]

    def schedule(self):
        document = {"name": "nightly", "trigger": {"type": "recurrence", "frequency": "day", "interval": 1},
                    "create_job": {"type": "command", "command": "true"}}
        status, answer = self.server.request("POST", f"/api/v1/workspaces/{self.workspace}/schedules", document)
        assert status == 201, answer
        return "nightly"

    def check_secrets(self, persona, roles):
        """What the classes of the table do not tell: names are KVR's and KVA's, values KVA's, and nobody else's."""
        base = f"/api/v1/workspaces/{self.workspace}/secrets"
        self.server.request("PUT", f"{base}/planted", {"value": "only-a-test"})
        names = self.ask(persona, "GET", base)[0]
        value = self.ask(persona, "GET", f"{base}/planted/value")[0]
        assert may(names) == bool({"KVR", "KVA", "O"} & set(roles)), f"{persona}: names of secrets: {names}"
        assert may(value) == bool({"KVA", "O"} & set(roles)), f"{persona}: values of secrets: {value}"

    def run_probes(self, token, probes, identity="user_identity"):
        """A job that makes these requests with its own token: (their statuses, the token)."""
        probe = self.server.folder / f"probe-{next(_numbers)}"
        probe.mkdir()
        (probe / "requests.json").write_text(json.dumps([list(each) for each in probes]))
        (probe / "probe.py").write_text(PROBE)
        job = {"type": "command", "command": "python3 probe.py", "code": str(probe), "identity": {"type": identity}}
        file = probe / "job.yml"
        file.write_text(json.dumps(job))
        name = self.server.json("job", "create", "--file", file, token=token, workspace=self.workspace)["name"]
        self.wait_for(name)
        statuses, used = self.log(name)
        return statuses, used

    def try_as_workspace(self, persona):
        """{cell: status}: the workspace's own identity, in a job that an administrator sends."""
        requests = self.requests(persona)
        probes = [[method, path, body.decode() if isinstance(body, bytes) else body] for _, _, method, path, body in requests]
        statuses, _ = self.run_probes(self.server.token, probes, identity="managed")
        return {(persona, component, of): status for (component, of, *_), status in zip(requests, statuses)}


PROBE = '''
import json, os, urllib.error, urllib.request
token, server = os.environ["MLFLOW_TRACKING_TOKEN"], os.environ["CICLO_SERVER"]
statuses = []
for method, path, *body in json.load(open("requests.json")):
    data = None
    if body and body[0] is not None:
        data = body[0].encode() if isinstance(body[0], str) else json.dumps(body[0]).encode()
    request = urllib.request.Request(server + path, data=data, method=method, headers={"Authorization": "Bearer " + token})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            statuses.append(answer.status)
    except urllib.error.HTTPError as error:
        statuses.append(error.code)
print(json.dumps([statuses, token]))
'''
