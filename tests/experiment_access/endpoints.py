"""Every kind of endpoint of MLflow's API, as a request about an experiment, its run, its logged model, or a registered model.

A row: (what is needed, method, path below the API, body). `{…}` stands for what the world made. "read" and "write" need it on
the one experiment or model; "all" needs the whole workspace.
"""

import json

from world import WORKSPACE, number, trace_info

ROWS = [
    ("read", "GET", "experiments/get?experiment_id={id}", None),
    ("read", "GET", "experiments/get-by-name?experiment_name={name}", None),
    ("write", "POST", "experiments/set-experiment-tag", {"experiment_id": "{id}", "key": "team", "value": "x"}),
    ("write", "POST", "experiments/delete-experiment-tag", {"experiment_id": "{id}", "key": "team"}),
    ("all", "POST", "experiments/update", {"experiment_id": "{id}", "new_name": "{name}"}),
    ("all", "POST", "experiments/create", {"name": "made-{number}"}),
    ("write", "POST", "runs/create", {"experiment_id": "{id}"}),
    ("read", "GET", "runs/get?run_id={run}", None),
    ("read", "GET", "runs/get?run_uuid={run}", None),
    ("write", "POST", "runs/update", {"run_id": "{run}", "status": "RUNNING"}),
    ("write", "POST", "runs/log-metric", {"run_id": "{run}", "key": "loss", "value": 1, "timestamp": 2}),
    ("write", "POST", "runs/log-metric",
     {"run_id": "{run}", "key": "loss", "value": 1, "timestamp": 3, "model_id": "{logged}"}),
    ("write", "POST", "runs/log-parameter", {"run_id": "{run}", "key": "rate", "value": "1"}),
    ("write", "POST", "runs/log-batch", {"run_id": "{run}", "tags": [{"key": "a", "value": "b"}],
                                         "metrics": [{"key": "loss", "value": 1, "timestamp": 4, "model_id": "{logged}"}]}),
    ("write", "POST", "runs/set-tag", {"run_id": "{run}", "key": "b", "value": "c"}),
    ("write", "POST", "runs/delete-tag", {"run_id": "{run}", "key": "b"}),
    ("write", "POST", "runs/log-inputs", {"run_id": "{run}", "datasets": [], "models": [{"model_id": "{logged}"}]}),
    ("write", "POST", "runs/outputs", {"run_id": "{run}", "models": [{"model_id": "{logged}", "step": 0}]}),
    ("write", "POST", "runs/log-model", {"run_id": "{run}", "model_json": json.dumps({"artifact_path": "m", "flavors": {}})}),
    ("write", "POST", "runs/delete", {"run_id": "{run}"}),
    ("write", "POST", "runs/restore", {"run_id": "{run}"}),
    ("read", "GET", "metrics/get-history?run_id={run}&metric_key=accuracy", None),
    ("read", "GET", "metrics/get-history-bulk?run_id={run}&metric_key=accuracy", None),
    ("read", "GET", "metrics/get-history-bulk-interval?run_ids={run}&metric_key=accuracy", None),
    ("read", "GET", "artifacts/list?run_id={run}", None),
    ("write", "POST", "logged-models", {"experiment_id": "{id}", "name": "more", "source_run_id": "{run}"}),
    ("read", "GET", "logged-models/{logged}", None),
    ("read", "GET", "logged-models/{logged}/artifacts/directories", None),
    ("write", "PATCH", "logged-models/{logged}", {"status": 2}),
    ("write", "PATCH", "logged-models/{logged}/tags", {"tags": [{"key": "a", "value": "b"}]}),
    ("write", "DELETE", "logged-models/{logged}/tags/a", None),
    ("write", "POST", "logged-models/{logged}/params", {"params": [{"key": "p", "value": "1"}]}),
    ("read", "GET", "registered-models/get?name={model}", None),
    ("read", "GET", "registered-models/get-latest-versions?name={model}", None),
    ("read", "POST", "registered-models/get-latest-versions", {"name": "{model}"}),
    ("write", "PATCH", "registered-models/update", {"name": "{model}", "description": "x"}),
    ("write", "POST", "registered-models/set-tag", {"name": "{model}", "key": "a", "value": "b"}),
    ("write", "DELETE", "registered-models/delete-tag", {"name": "{model}", "key": "a"}),
    ("write", "POST", "registered-models/alias", {"name": "{model}", "alias": "next", "version": "1"}),
    ("read", "GET", "registered-models/alias?name={model}&alias=champion", None),
    ("write", "DELETE", "registered-models/alias", {"name": "{model}", "alias": "next"}),
    ("all", "POST", "registered-models/create", {"name": "made-{number}"}),
    ("read", "GET", "model-versions/get?name={model}&version=1", None),
    ("read", "GET", "model-versions/get-download-uri?name={model}&version=1", None),
    ("read", "GET", "model-versions/get-artifact?name={model}&version=1&path=MLmodel", None),
    ("write", "PATCH", "model-versions/update", {"name": "{model}", "version": "1", "description": "x"}),
    ("write", "POST", "model-versions/set-tag", {"name": "{model}", "version": "1", "key": "a", "value": "b"}),
    ("write", "DELETE", "model-versions/delete-tag", {"name": "{model}", "version": "1", "key": "a"}),
    ("write", "POST", "model-versions/transition-stage", {"name": "{model}", "version": "1", "stage": "Staging"}),
    ("write", "POST", "model-versions/create", {"name": "{model}", "source": "runs:/{run}/model", "run_id": "{run}"}),
    ("write", "POST", "model-versions/create", {"name": "{model}", "source": "mlflow-artifacts:/{folder}/model"}),
    ("write", "POST", "model-versions/create", {"name": "{model}", "source": "models:/{logged}"}),
    ("read", "GET", "/api/2.0/mlflow-artifacts/artifacts?path={folder}", None),
    ("read", "GET", "/api/2.0/mlflow-artifacts/artifacts?path={id}", None),
    ("read", "GET", "/api/2.0/mlflow-artifacts/artifacts/{folder}/notes.txt", None),
    ("write", "PUT", "/api/2.0/mlflow-artifacts/artifacts/{folder}/more.txt", b"more"),
    ("write", "DELETE", "/api/2.0/mlflow-artifacts/artifacts/{folder}/more.txt", None),
    ("read", "GET", "/api/2.0/mlflow-artifacts/artifacts?path=@models/{model}/1", None),
    ("read", "GET", "/api/2.0/mlflow-artifacts/artifacts/@models/{model}/1/MLmodel", None),
    ("read", "GET", "/get-artifact?run_id={run}&path=notes.txt", None),
    ("read", "GET", "/model-versions/get-artifact?name={model}&version=1&path=MLmodel", None),
    ("write", "POST", "/ajax-api/2.0/mlflow/upload-artifact?run_id={run}&path=sent.txt", b"sent"),
    ("write", "POST", "/api/2.0/mlflow-artifacts/mpu/create/{folder}", {"path": "large.bin", "num_parts": 2}),
    ("write", "POST", "/api/2.0/mlflow-artifacts/mpu/abort/{folder}", {"path": "large.bin", "upload_id": "none"}),
    ("read", "GET", "/api/2.0/mlflow-artifacts/presigned/{folder}/notes.txt", None),
    ("write", "POST", "artifacts/presigned-upload-url", {"run_id": "{run}", "path": "sent.txt"}),
    ("write", "POST", "artifacts/presigned-upload-url", {"model_id": "{logged}", "path": "sent.txt"}),
    ("read", "POST", "artifacts/presigned-download-url", {"run_id": "{run}", "path": "notes.txt"}),
    ("read", "POST", "/api/v1/workspaces/{workspace}/runs/compare", {"run_ids": ["{run}"]}),
    ("read", "GET", "/api/v1/workspaces/{workspace}/runs/{run}/artifacts?list=true", None),
    ("read", "GET", "/api/v1/workspaces/{workspace}/runs/{run}/artifacts/notes.txt", None),
    ("write", "PUT", "/api/v1/workspaces/{workspace}/runs/{run}/artifacts/put.txt", b"put"),
    ("write", "DELETE", "/api/v1/workspaces/{workspace}/runs/{run}/artifacts/put.txt", None),
    ("write", "POST", "/api/v1/workspaces/{workspace}/uploads", {"target": "runs:/{run}/large.bin"}),
    ("write", "POST", "/api/v1/workspaces/{workspace}/uploads", {"target": "mlflow-artifacts:/{folder}/large.bin"}),
    ("all", "POST", "/api/v1/workspaces/{workspace}/uploads", {"target": "azureml://datastores/workspaceblobstore/paths/x"}),
    ("write", "POST", "3.0/traces", {"trace": {"trace_info": trace_info("tr-made-{number}", "{id}", "{name}")}}),
    ("write", "POST", "3.0/traces", {"trace": {"trace_info": trace_info("{trace}", "{id}", "{name}")}}),
    ("read", "GET", "3.0/traces/{trace}", None),
    ("write", "PATCH", "3.0/traces/{trace}/tags", {"key": "a", "value": "b"}),
    ("write", "DELETE", "3.0/traces/{trace}/tags?key=a", None),
    ("write", "POST", "3.0/traces/{trace}/assessments", {"assessment": {"assessment_name": "good", "feedback": {"value": True},
                                                                        "source": {"source_type": "HUMAN", "source_id": "ana"}}}),
    ("write", "POST", "3.0/traces/delete-traces", {"experiment_id": "{id}", "request_ids": ["none"]}),
    ("read", "GET", "traces/{trace}/info", None),
    ("write", "POST", "traces", {"experiment_id": "{id}", "timestamp_ms": 1}),
    ("write", "PATCH", "traces/{trace}", {"timestamp_ms": 2, "status": "OK"}),
    ("write", "PATCH", "traces/{trace}/tags", {"key": "a", "value": "b"}),
    ("write", "POST", "traces/link-to-run", {"run_id": "{run}", "trace_ids": ["{trace}"]}),
    ("write", "POST", "traces/link-prompts", {"trace_id": "{trace}", "prompt_versions": [{"name": "p", "version": "1"}]}),
    ("write", "POST", "3.0/scorers/register", {"experiment_id": "{id}", "name": "judge", "serialized_scorer": "{}"}),
    ("read", "GET", "3.0/scorers/versions?experiment_id={id}&name=judge", None),
    ("read", "GET", "3.0/scorers/get?experiment_id={id}&name=judge", None),
    ("all", "POST", "3.0/datasets/create", {"name": "cases-{number}"}),
    ("write", "POST", "experiments/delete", {"experiment_id": "{id}"}),
    ("write", "POST", "experiments/restore", {"experiment_id": "{id}"}),
]

READERS = {"read"}
MAY = {"admin": {"read", "write", "all"}, "member": {"read", "write", "all"}, "viewer": READERS, "reader": READERS,
       "writer": {"read", "write"}, "keeper": {"read", "write"}, "stranger": set()}


def names_of(experiment, model):
    return {**experiment, "model": model, "number": number(), "workspace": WORKSPACE}


def fill(value, names):
    if isinstance(value, str):
        for key, text in names.items():
            value = value.replace("{" + key + "}", str(text))
    elif isinstance(value, dict):
        value = {key: fill(item, names) for key, item in value.items()}
    elif isinstance(value, list):
        value = [fill(item, names) for item in value]
    return value


def requests_about(root, api, experiment, model):
    names = names_of(experiment, model)
    for need, method, path, body in ROWS:
        yield need, method, address(root, api, fill(path, names)), fill(body, names)


def address(root, api, path):
    if path.startswith("/api/v1/"):
        return path
    if path.startswith("3.0/"):
        return api.replace("/2.0/", "/3.0/") + path.removeprefix("3.0")
    return (root if path.startswith("/") else api + "/") + path
