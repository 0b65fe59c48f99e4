"""Reads all of a store through the real client and prints it as JSON that does not depend on where it lies.
python read_store.py <tracking uri> [no-artifacts]"""

import hashlib
import json
import math
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

MAJOR = int(mlflow.__version__.split(".")[0])
WITH_ARTIFACTS = "no-artifacts" not in sys.argv


def number(value):
    if value is None or math.isnan(value):
        return "nan"
    if abs(value) >= sys.float_info.max:  # a database keeps infinity as the largest number
        return "inf" if value > 0 else "-inf"
    return repr(float(value))


def content(folder):
    root = Path(folder)
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob("*")) if path.is_file() and path.name != "registered_model_meta"}


def downloaded(**what):
    with tempfile.TemporaryDirectory() as folder:
        return content(mlflow.artifacts.download_artifacts(dst_path=folder, **what))


def pages(search):
    token = None
    while True:
        page = search(token)
        yield from page
        token = page.token
        if not token:
            return


def run_of(client, run):
    info = run.info
    histories = {key: [[m.step, m.timestamp, number(m.value)] for m in client.get_metric_history(info.run_id, key)] for key in run.data.metrics}
    result = {"name": info.run_name, "user": info.user_id or "", "status": info.status, "start": info.start_time, "end": info.end_time,
              "lifecycle": info.lifecycle_stage, "params": run.data.params, "tags": run.data.tags,
              "latest": {key: number(value) for key, value in run.data.metrics.items()},
              "histories": {key: sorted(points) for key, points in histories.items()}}
    result["datasets"] = [[i.dataset.name, i.dataset.digest, i.dataset.source_type, i.dataset.source, i.dataset.schema, i.dataset.profile,
                           sorted([t.key, t.value] for t in i.tags)] for i in run.inputs.dataset_inputs]
    if MAJOR >= 3:
        result["outputs"] = sorted([o.model_id, o.step] for o in (run.outputs.model_outputs if run.outputs else []))
    if WITH_ARTIFACTS and client.list_artifacts(info.run_id):
        result["artifacts"] = downloaded(run_id=info.run_id)
    return result


def logged_model_of(model):
    result = {"name": model.name, "created": model.creation_timestamp, "updated": model.last_updated_timestamp, "status": str(model.status), "type": model.model_type,
              "run": model.source_run_id, "params": model.params, "tags": model.tags,
              "metrics": sorted([m.key, m.step, m.timestamp, number(m.value), m.run_id, m.dataset_name or "", m.dataset_digest or ""] for m in model.metrics or [])}
    if WITH_ARTIFACTS:
        result["artifacts"] = downloaded(artifact_uri=f"models:/{model.model_id}")
    return result


def prompt_of(name):
    """A prompt's first version; the client knows it as a prompt alone."""
    prompt = mlflow.genai.load_prompt(f"prompts:/{name}/1")
    return {"template": prompt.template, "tags": prompt.tags, "created": prompt.creation_timestamp}


def model_of(client, name):
    model = client.get_registered_model(name)
    versions = {}
    for version in client.search_model_versions(f"name = '{name}'"):
        kept = {"description": version.description or "", "stage": version.current_stage, "run": version.run_id or "", "link": version.run_link or "",
                "tags": version.tags, "created": version.creation_timestamp, "updated": version.last_updated_timestamp}
        if WITH_ARTIFACTS:
            kept["artifacts"] = downloaded(artifact_uri=f"models:/{name}/{version.version}")
        versions[str(version.version)] = kept
    return {"description": model.description or "", "tags": model.tags, "aliases": {a: str(v) for a, v in model.aliases.items()}, "versions": versions,
            "created": model.creation_timestamp}


def main():
    mlflow.set_tracking_uri(sys.argv[1])
    mlflow.set_registry_uri(sys.argv[1])
    client = MlflowClient()
    store = {"experiments": {}, "runs": {}, "logged_models": {}, "models": {}}
    for experiment in pages(lambda token: client.search_experiments(view_type=ViewType.ALL, page_token=token)):
        kept = {"lifecycle": experiment.lifecycle_stage, "tags": experiment.tags}
        if experiment.name != "Default":
            kept.update(created=experiment.creation_time, updated=experiment.last_update_time)
        store["experiments"][experiment.name] = kept
        for run in pages(lambda token: client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, page_token=token)):
            store["runs"][run.info.run_id] = {"experiment": experiment.name, **run_of(client, run)}
        if MAJOR >= 3:
            for model in pages(lambda token: client.search_logged_models(experiment_ids=[experiment.experiment_id], page_token=token)):
                store["logged_models"][model.model_id] = logged_model_of(model)
    names = {model.name for model in pages(lambda token: client.search_registered_models(page_token=token))}
    store["models"] = {name: model_of(client, name) for name in sorted(names)}
    if MAJOR >= 3:
        store["prompts"] = {prompt.name: prompt_of(prompt.name) for prompt in mlflow.genai.search_prompts()}
    print(json.dumps(store, sort_keys=True))


main()
