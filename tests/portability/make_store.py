"""Fills an MLflow store through the real client: python make_store.py <tracking uri> [more]
With `more`, goes on with a store that was filled before: the run that was running ends, a run and metrics are new."""

import math
import sys
import tempfile
import time
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

MAJOR = int(mlflow.__version__.split(".")[0])
MLMODEL = """artifact_path: model
flavors:
  python_function:
    loader_module: nowhere
signature:
  inputs: '[{"name": "x", "type": "double"}]'
  outputs: '[{"type": "double"}]'
"""


def write_model(folder):
    folder.mkdir(parents=True)
    (folder / "MLmodel").write_text(MLMODEL)
    (folder / "weights.bin").write_bytes(bytes(range(256)) * 40)


def fill(client, home):
    client.set_experiment_tag("0", "team", "forecast")
    alpha = client.create_experiment("alpha", tags={"owner": "ana", "ünïcode": "né"})
    beta = client.create_experiment("beta / gone")

    run = client.create_run(alpha, run_name="first", tags={"mlflow.user": "ana", "note": "line one\nline two"})
    run_id = run.info.run_id
    now = int(time.time() * 1000)
    losses = [Metric("loss", 1.0 / (step + 1), now + step, step) for step in range(2500)]
    for begin in range(0, 2500, 500):
        client.log_batch(run_id, metrics=losses[begin:begin + 500])
    odd = [math.nan, math.inf, -math.inf, 1e-300, -0.1, 3.0]
    client.log_batch(run_id, metrics=[Metric("odd/values", value, now + i, i) for i, value in enumerate(odd)],
                     params=[Param("depth", "3"), Param("long", "x" * 500)], tags=[RunTag("stage", "test")])
    client.log_metric(run_id, "same step", 1.5, timestamp=now, step=4)
    client.log_metric(run_id, "same step", 0.5, timestamp=now + 5, step=4)
    client.log_inputs(run_id, [DatasetInput(Dataset("rows", "abc123", "local", '{"uri": "rows.csv"}', '{"x": "double"}', '{"n": 3}'),
                                            [InputTag("mlflow.data.context", "training")])])
    files = home / "files"
    (files / "plots").mkdir(parents=True)
    (files / "plots" / "a b.txt").write_text("plot")
    (files / "größe.txt").write_text("ünïcode")
    write_model(files / "model")
    client.log_artifacts(run_id, str(files))
    child = client.create_run(alpha, run_name="child", tags={"mlflow.parentRunId": run_id})
    client.log_param(child.info.run_id, "depth", "4")
    client.set_terminated(child.info.run_id, "FAILED")
    client.set_terminated(run_id)

    gone = client.create_run(alpha, run_name="deleted run")
    client.log_metric(gone.info.run_id, "loss", 0.25, step=1)
    client.delete_run(gone.info.run_id)
    running = client.create_run(alpha, run_name="still running")
    client.log_metric(running.info.run_id, "loss", 0.75, timestamp=now, step=1)
    trace(client, alpha, run_id)
    trace_failure(client, beta)
    inside = client.create_run(beta, run_name="in a deleted experiment")
    client.log_metric(inside.info.run_id, "loss", 2.0, step=3)
    client.set_terminated(inside.info.run_id)
    client.delete_experiment(beta)

    client.create_registered_model("churn", tags={"domain": "sales"}, description="who leaves")
    source = client.get_run(run_id).info.artifact_uri + "/model"
    for number in (1, 2, 3):
        client.create_model_version("churn", source, run_id, tags={"number": str(number)}, description=f"the {number}. one",
                                    run_link="https://example.org/run" if number == 1 else None)
    client.set_registered_model_alias("churn", "champion", "1")
    client.transition_model_version_stage("churn", "2", "Staging")
    client.delete_model_version("churn", "3")
    client.create_registered_model("empty")
    if MAJOR >= 3:
        model = client.create_logged_model(alpha, name="net", source_run_id=run_id, tags={"kind": "small"}, params={"layers": "2"}, model_type="classifier")
        write_model(home / "logged")
        client.log_model_artifacts(model.model_id, str(home / "logged"))
        client.log_outputs(run_id=gone_free_run(client, alpha, model.model_id), models=[mlflow.entities.LoggedModelOutput(model.model_id, 7)])
        client.finalize_logged_model(model.model_id, "READY")
        client.create_model_version("churn", f"models:/{model.model_id}", run_id, model_id=model.model_id)
        mlflow.genai.register_prompt("greeting", "Hello {{name}}", tags={"language": "en"})
        judge(client, alpha, beta, run_id)


def gone_free_run(client, experiment, model_id):
    """A finished run that measures the logged model."""
    run = client.create_run(experiment, run_name="evaluation")
    client.log_metric(run.info.run_id, "accuracy", 0.875, step=2, model_id=model_id, dataset_name="rows", dataset_digest="abc123")
    client.set_terminated(run.info.run_id)
    return run.info.run_id


def trace(client, experiment, run_id):
    """One request in three steps, with tokens and tags; made within a run, as an application does."""
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_run(run_id=run_id):
        with mlflow.start_span("ask", span_type="CHAIN") as root:
            root.set_inputs({"question": "wie geht's? ünïcode", "n": 3, "deep": {"list": [1, 2.5, None, True]}})
            with mlflow.start_span("find", span_type="RETRIEVER") as child:
                child.set_inputs("text")
                child.add_event(mlflow.entities.SpanEvent("found", attributes={"documents": 2}))
                child.set_outputs([{"page_content": "a"}, {"page_content": "b"}])
            with mlflow.start_span("answer", span_type="CHAT_MODEL", attributes={"temperature": 0.5}) as model:
                model.set_outputs({"answer": "gut"})
                if MAJOR >= 3:
                    model.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12})
            root.set_outputs({"answer": "gut"} if MAJOR < 3 else {"answer": "gut", "picture": picture()})
            if MAJOR >= 3:
                mlflow.update_current_trace(tags={"team": "forecast"}, metadata={"mlflow.trace.session": "s-1", "mlflow.trace.user": "ana"},
                                            client_request_id="request-1")
    flush()


def picture():
    from mlflow.tracing.attachments import Attachment
    return Attachment(content_type="image/png", content_bytes=bytes(range(256)))


def trace_failure(client, experiment):
    mlflow.set_experiment(experiment_id=experiment)
    try:
        with mlflow.start_span("fails"):
            raise ValueError("it broke")
    except ValueError:
        flush()


def flush():
    if MAJOR >= 3 and hasattr(mlflow, "flush_trace_async_logging"):
        mlflow.flush_trace_async_logging()


def judge(client, alpha, beta, run_id):
    """What people and code say of a trace; scorers; a data set of examples."""
    trace_id = client.search_traces(locations=[alpha])[0].info.trace_id
    source = mlflow.entities.AssessmentSource("HUMAN", "ana")
    mlflow.log_feedback(trace_id=trace_id, name="good", value=True, source=source, rationale="short", metadata={"round": "1"})
    mlflow.log_feedback(trace_id=trace_id, name="score", value=0.75, source=mlflow.entities.AssessmentSource("CODE", "length"))
    mlflow.log_feedback(trace_id=trace_id, name="broken", error=mlflow.entities.AssessmentError("E1", "no judge"))
    mlflow.log_expectation(trace_id=trace_id, name="facts", value={"capital": ["Wien"]}, source=source)
    if not mlflow.get_tracking_uri().startswith("file"):
        first = mlflow.log_feedback(trace_id=trace_id, name="tone", value="rude", source=source)
        mlflow.override_feedback(trace_id=trace_id, assessment_id=first.assessment_id, value="polite", source=source)
        client.link_traces_to_run([trace_id], client.search_runs([alpha], "attributes.run_name = 'evaluation'")[0].info.run_id)
        client.link_prompt_versions_to_trace([mlflow.genai.load_prompt("prompts:/greeting/1")], trace_id)
        store = mlflow.tracking._tracking_service.utils._get_store()
        for text in ('{"name": "short", "kind": 1}', '{"name": "short", "kind": 2}'):
            store.register_scorer(alpha, "short answers", text)
        examples = mlflow.genai.datasets.create_dataset("examples", experiment_id=[alpha], tags={"team": "forecast"})
        examples.merge_records([{"inputs": {"q": f"question {i} é", "x": 0.5 * i}, "expectations": {"answer": i}, "tags": {"n": str(i)}} for i in range(30)])
        examples.merge_records([{"inputs": {"q": "traced"}, "source": {"source_type": "TRACE", "source_data": {"trace_id": trace_id}}}])
        mlflow.genai.datasets.create_dataset("empty set")
        client.create_webhook("deploys", "https://8.8.8.8/hook", ["model_version.created", "prompt.created"], description="tells of versions",
                              status="DISABLED")  # nothing is ever sent; MLflow wants a public address


def fill_more(client):
    alpha = client.get_experiment_by_name("alpha").experiment_id
    if MAJOR >= 3 and not mlflow.get_tracking_uri().startswith("file"):
        mlflow.log_feedback(trace_id=client.search_traces(locations=[alpha])[0].info.trace_id, name="late", value=False)
        mlflow.genai.datasets.search_datasets(filter_string="name = 'examples'")[0].merge_records([{"inputs": {"q": "late"}}])
    trace_failure(client, alpha)
    for run in client.search_runs([alpha]):
        if run.info.run_name == "still running":
            client.log_metric(run.info.run_id, "loss", 0.5, step=2)
            client.log_param(run.info.run_id, "late", "1")
            client.set_terminated(run.info.run_id)
    run = client.create_run(alpha, run_name="new")
    client.log_metric(run.info.run_id, "loss", 0.125, step=1)
    client.set_terminated(run.info.run_id)


def main():
    mlflow.set_tracking_uri(sys.argv[1])
    mlflow.set_registry_uri(sys.argv[1])
    client = MlflowClient()
    if sys.argv[2:] == ["more"]:
        fill_more(client)
    else:
        with tempfile.TemporaryDirectory() as folder:
            fill(client, Path(folder))


main()
