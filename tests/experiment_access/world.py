"""A workspace with two experiments and two models, one of each given to people one by one; the other hidden from them."""

import itertools
import uuid

WORKSPACE = "lab"
ROOT = f"/workspaces/{WORKSPACE}"
API = f"{ROOT}/api/2.0/mlflow"
API3 = f"{ROOT}/api/3.0/mlflow"
FILES = f"{ROOT}/api/2.0/mlflow-artifacts/artifacts"
REST = f"/api/v1/workspaces/{WORKSPACE}"
MLMODEL = b"""artifact_path: model
run_id: %s
flavors:
  python_function: {loader_module: mlflow.sklearn, model_path: model.pkl}
"""
_numbers = itertools.count(1)


def trace_info(trace_id, experiment_id, name):
    return {"trace_id": trace_id, "request_time": "2026-01-01T00:00:00Z", "state": "OK", "execution_duration": "1s",
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}},
            "tags": {"word": f"{name}-trace"}}


class World:
    def __init__(self, server):
        self.server = server
        server.cli("workspace", "create", "--name", WORKSPACE)
        self.tokens = {}
        self.open = self.experiment("open-work")
        self.hidden = self.experiment("hidden-work")
        self.model("seen", self.open)
        self.model("hidden-model", self.hidden)
        for name, experiment_role, model_role in (("reader", "reader", "reader"), ("writer", "contributor", "contributor"),
                                                  ("keeper", "owner", "owner")):
            self.user(name)
            self.give(name, experiment_role, f"experiment/{self.open['id']}")
            self.give(name, model_role, "model/seen")
        self.user("stranger")
        self.user("member")
        server.cli("workspace", "grant", "--workspace", WORKSPACE, "--principal", "member", "--role", "contributor")
        self.user("viewer")
        server.cli("workspace", "grant", "--workspace", WORKSPACE, "--principal", "viewer", "--role", "reader")

    def user(self, name):
        self.server.cli("user", "create", "--name", name)
        self.tokens[name] = self.server.json("user", "token", "create", "--name", name)["token"]

    def give(self, name, role, resource):
        return self.server.json("role", "assignment", "create", "--workspace", WORKSPACE, "--principal", name, "--role", role,
                                "--resource", resource)

    def ask(self, who, method, path, body=None, headers=None):
        token = self.server.token if who == "admin" else self.tokens.get(who, who)
        return self.server.request(method, path, body, token=token, headers=headers)

    def must(self, method, path, body=None, who="admin"):
        status, answer = self.ask(who, method, path, body)
        assert status < 300, f"{who}: {method} {path}: {status} {answer}"
        return answer

    def post(self, path, body, who="admin"):
        return self.must("POST", f"{API}/{path}", body, who)

    def experiment(self, name):
        """With a run that has a metric, a parameter, an artifact and a logged model."""
        made = {"name": name, "id": self.post("experiments/create", {"name": name})["experiment_id"]}
        made["run"] = self.post("runs/create", {"experiment_id": made["id"], "run_name": f"{name}-run"})["run"]["info"]["run_id"]
        self.post("runs/log-batch", {"run_id": made["run"], "params": [{"key": "depth", "value": f"{name}-depth"}],
                                     "metrics": [{"key": "accuracy", "value": 0.5, "timestamp": 1, "step": 0}]})
        made["folder"] = f"{made['id']}/{made['run']}/artifacts"
        self.must("PUT", f"{FILES}/{made['folder']}/notes.txt", f"{name} notes".encode())
        self.must("PUT", f"{FILES}/{made['folder']}/model/MLmodel", MLMODEL % made["run"].encode())
        made["logged"] = self.post("logged-models", {"experiment_id": made["id"], "name": f"{name}-logged",
                                                     "source_run_id": made["run"]})["model"]["info"]["model_id"]
        self.must("PUT", f"{FILES}/{made['id']}/models/{made['logged']}/artifacts/MLmodel", MLMODEL % made["run"].encode())
        made["trace"] = "tr-" + uuid.uuid4().hex
        self.must("POST", f"{API3}/traces", {"trace": {"trace_info": trace_info(made["trace"], made["id"], name)}})
        self.must("POST", f"{API3}/scorers/register", {"experiment_id": made["id"], "name": "judge", "serialized_scorer": "{}"})
        return made

    def model(self, name, experiment):
        self.post("registered-models/create", {"name": name})
        self.post("model-versions/create", {"name": name, "source": f"runs:/{experiment['run']}/model", "run_id": experiment["run"]})
        self.post("registered-models/alias", {"name": name, "alias": "champion", "version": "1"})


def number():
    return next(_numbers)
