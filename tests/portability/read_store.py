"""Reads all of a store through the real client and prints it as JSON that does not depend on where it lies.
python read_store.py <tracking uri> [no-artifacts] [as-folder]
With `as-folder`, what a file store has no place for is not asked for, and traces of deleted experiments are left out, which
MLflow does not list there."""

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
# Only databases and servers of MLflow 3 have links, scorers, evaluation data sets and webhooks.
WITH_MORE = MAJOR >= 3 and not sys.argv[1].startswith("file") and "as-folder" not in sys.argv


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


def assessment_of(said):
    return {"name": said.name, "value": said.value, "error": said.error.to_dictionary() if getattr(said, "error", None) else None,
            "source": [said.source.source_type, said.source.source_id], "rationale": said.rationale or "", "metadata": said.metadata or {},
            "created": said.create_time_ms, "updated": said.last_update_time_ms, "valid": said.valid is not False, "overrides": said.overrides,
            "span": said.span_id or ""}


def span_of(span):
    return {"parent": span.parent_id, "name": span.name, "type": span.span_type, "start": span.start_time_ns, "end": span.end_time_ns,
            "status": [str(span.status.status_code), span.status.description or ""], "attributes": span.attributes,
            "events": [[event.name, event.timestamp, dict(event.attributes)] for event in span.events]}


OWN_KEYS = ("mlflow.artifactLocation", "mlflow.trace.spansLocation")  # where a store keeps things is its own affair


def pairs_of(pairs):
    """Values that are JSON compared as such: a store may write them anew."""
    def value(text):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return {key: value(text) for key, text in pairs.items() if key not in OWN_KEYS}


def files_of(trace):
    """Attachments, and the spans of a trace that has them in a file; not a copy of those in the store."""
    is_stored = trace.info.tags.get("mlflow.trace.spansLocation") == "TRACKING_STORE"
    try:
        files = downloaded(artifact_uri=trace.info.tags["mlflow.artifactLocation"])
        return {name: content for name, content in files.items() if not (is_stored and name == "traces.json")}
    except (mlflow.MlflowException, OSError):  # there are none
        return {}


def trace_of(trace):
    info = trace.info
    result = {"time": info.timestamp_ms, "took": info.execution_time_ms, "tags": pairs_of(info.tags), "spans": {span.span_id: span_of(span) for span in trace.data.spans}}
    if WITH_ARTIFACTS:
        result["files"] = files_of(trace)
    if MAJOR < 3:
        return {**result, "state": info.status.value, "metadata": pairs_of(info.request_metadata)}
    return {**result, "state": info.state.value, "metadata": pairs_of(info.trace_metadata), "previews": [info.request_preview, info.response_preview],
            "client": info.client_request_id, "assessments": {a.assessment_id: assessment_of(a) for a in info.assessments}}


def traces_of(client, experiment_id):
    where = {"experiment_ids": [experiment_id]} if MAJOR < 3 else {"locations": [experiment_id]}
    return {trace.info.request_id: trace_of(trace) for trace in pages(lambda token: client.search_traces(**where, page_token=token))}


def links_of(client, experiment_id, run_ids):
    """Traces by the runs and prompts that they are linked to."""
    def found(filter_string):
        return sorted(trace.info.trace_id for trace in client.search_traces(locations=[experiment_id], filter_string=filter_string, include_spans=False))
    links = {run_id: found(f"run_id = '{run_id}'") for run_id in run_ids}
    return {"runs": {run_id: traces for run_id, traces in links.items() if traces}, "prompt": found("prompt = 'greeting/1'")}


def scorers_of(store, experiment_id):
    return {scorer.scorer_name: [[v.scorer_version, v._serialized_scorer, v.creation_time, v.scorer_id] for v in store.list_scorer_versions(experiment_id, scorer.scorer_name)]
            for scorer in store.list_scorers(experiment_id)}


def dataset_of(dataset, names):
    records = {r.dataset_record_id: [r.inputs, r.outputs, r.expectations, r.tags, r.source.to_dict() if r.source else None, r.created_time, r.last_update_time]
               for r in dataset._mlflow_dataset.records}
    return {"name": dataset.name, "tags": dataset.tags, "digest": dataset.digest, "created": dataset.created_time, "updated": dataset.last_update_time,
            "experiments": sorted(names[i] for i in dataset.experiment_ids), "schema": json.loads(dataset.schema or "null"), "records": records}


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
    store = {part: {} for part in ("experiments", "runs", "logged_models", "models", "traces")}
    if WITH_MORE:
        store.update(links={}, scorers={}, datasets={})
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
        if "as-folder" not in sys.argv or experiment.lifecycle_stage == "active":
            store["traces"][experiment.name] = traces_of(client, experiment.experiment_id)
        if WITH_MORE and experiment.lifecycle_stage == "active":
            run_ids = [run_id for run_id, run in store["runs"].items() if run["experiment"] == experiment.name]
            store["links"][experiment.name] = links_of(client, experiment.experiment_id, run_ids)
            store["scorers"][experiment.name] = scorers_of(mlflow.tracking._tracking_service.utils._get_store(), experiment.experiment_id)
    names = {model.name for model in pages(lambda token: client.search_registered_models(page_token=token))}
    store["models"] = {name: model_of(client, name) for name in sorted(names)}
    if MAJOR >= 3:
        store["prompts"] = {prompt.name: prompt_of(prompt.name) for prompt in mlflow.genai.search_prompts()}
    if WITH_MORE:
        names = {e.experiment_id: e.name for e in client.search_experiments(view_type=ViewType.ALL)}
        store["datasets"] = {d.dataset_id: dataset_of(d, names) for d in mlflow.genai.datasets.search_datasets()}
        store["webhooks"] = [[hook.name, hook.url, hook.description, sorted(str(e) for e in hook.events)] for hook in client.list_webhooks()]
    print(json.dumps(store, sort_keys=True))


main()
