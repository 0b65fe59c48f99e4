"""A rich session of a client, for `record`: session.py <part>. Written for mlflow 2 and 3."""

import math
import os
import sys
import tempfile

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType

MAJOR = int(mlflow.__version__.split(".")[0])
NAME = f"recorded {MAJOR}"


def model():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


def log_model(**more):
    where = {"name": "model"} if MAJOR >= 3 else {"artifact_path": "model"}
    return mlflow.sklearn.log_model(model(), **where, pip_requirements=["scikit-learn"], **more)


def tracking():
    import pandas

    client = MlflowClient()
    experiment = mlflow.set_experiment(f"{NAME} tracking")
    with mlflow.start_run(run_name="first", tags={"team": "weather"}, description="# why") as run:
        mlflow.log_param("depth", 3)
        mlflow.log_params({"rate": 0.1, "kind": "tree"})
        mlflow.log_metric("accuracy", 0.5, step=1)
        mlflow.log_metrics({"loss": 1.5, "nan": math.nan, "up": math.inf}, step=2)
        mlflow.set_tag("note", "ä")
        mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"a": [1, 2]}), name="rows"), context="training")
        mlflow.log_text("text", "texts/a.txt")
        mlflow.log_dict({"a": 1}, "d.json")
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "b.txt"), "w") as file:
                file.write("b")
            mlflow.log_artifacts(folder, "folder")
        with mlflow.start_run(run_name="child", nested=True):
            mlflow.log_metric("accuracy", 0.7)
    client.log_batch(run.info.run_id, [Metric("m", i, 1000 + i, i) for i in range(5)], [Param("p", "1")], [RunTag("t", "1")])
    client.get_metric_history(run.info.run_id, "m")
    client.get_run(run.info.run_id)
    client.delete_tag(run.info.run_id, "note")
    client.list_artifacts(run.info.run_id)
    mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/texts/a.txt")
    mlflow.search_runs([experiment.experiment_id], filter_string="metrics.accuracy > 0.1 and params.kind = 'tree'", order_by=["metrics.accuracy DESC"])
    client.search_experiments(filter_string=f"name = '{NAME} tracking'")
    client.update_run(run.info.run_id, name="renamed")
    client.delete_run(run.info.run_id)
    client.search_runs([experiment.experiment_id], run_view_type=ViewType.DELETED_ONLY)
    client.restore_run(run.info.run_id)
    client.set_experiment_tag(experiment.experiment_id, "k", "v")
    client.rename_experiment(experiment.experiment_id, f"{NAME} renamed")
    client.delete_experiment(experiment.experiment_id)
    client.restore_experiment(experiment.experiment_id)


def models():
    from sklearn.tree import DecisionTreeClassifier

    mlflow.set_experiment(f"{NAME} models")
    with mlflow.start_run() as run:
        info = log_model(input_example=[[1.0]])
    mlflow.pyfunc.load_model(info.model_uri)
    mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    mlflow.sklearn.autolog(silent=True)
    with mlflow.start_run():
        DecisionTreeClassifier(max_depth=1, random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    mlflow.sklearn.autolog(disable=True)
    if MAJOR >= 3:
        mlflow.get_logged_model(info.model_id)
        MlflowClient().set_logged_model_tags(info.model_id, {"k": "v"})
        with mlflow.start_run(run_id=run.info.run_id):
            mlflow.log_metric("f1", 0.8, model_id=info.model_id)
        mlflow.search_logged_models(filter_string="metrics.f1 > 0.5", output_format="list")
        MlflowClient().delete_logged_model_tag(info.model_id, "k")


def registry():
    client = MlflowClient()
    mlflow.set_experiment(f"{NAME} registry")
    name = f"{NAME} model"
    with mlflow.start_run() as run:
        log_model(registered_model_name=name)
    mlflow.register_model(f"runs:/{run.info.run_id}/model", name)
    client.update_registered_model(name, description="what it is")
    client.set_registered_model_tag(name, "team", "a")
    client.set_model_version_tag(name, "1", "checked", "yes")
    client.update_model_version(name, "1", description="first")
    client.set_registered_model_alias(name, "champion", "2")
    client.get_model_version_by_alias(name, "champion")
    mlflow.pyfunc.load_model(f"models:/{name}@champion")
    mlflow.pyfunc.load_model(f"models:/{name}/1")
    client.search_registered_models(filter_string=f"name = '{name}'")
    client.search_model_versions(f"name = '{name}'")
    client.transition_model_version_stage(name, "1", "Production")
    client.get_latest_versions(name, ["Production"])
    client.delete_model_version_tag(name, "1", "checked")
    client.delete_registered_model_tag(name, "team")
    client.delete_registered_model_alias(name, "champion")
    if MAJOR >= 3:
        mlflow.genai.register_prompt(name=f"{NAME} prompt".replace(" ", "-"), template="Hello {{name}}", commit_message="first", tags={"a": "b"})
        mlflow.genai.set_prompt_alias(f"{NAME} prompt".replace(" ", "-"), alias="production", version=1)
        mlflow.genai.load_prompt(f"prompts:/{NAME} prompt@production".replace(" ", "-"))
        mlflow.genai.search_prompts()
    client.rename_registered_model(name, name + " renamed")
    client.delete_model_version(name + " renamed", "1")
    client.delete_registered_model(name + " renamed")


def traces():
    experiment = mlflow.set_experiment(f"{NAME} traces")

    @mlflow.trace(name="outer", attributes={"k": "v"})
    def outer(question):
        with mlflow.start_span("inner", span_type="LLM") as span:
            span.set_inputs({"question": question})
            span.set_outputs("answer")
        return "answer"

    outer("question")
    trace_id = mlflow.get_last_active_trace_id()
    if hasattr(mlflow, "flush_trace_async_logging"):
        mlflow.flush_trace_async_logging()
    mlflow.get_trace(trace_id)
    mlflow.set_trace_tag(trace_id, "team", "a")
    mlflow.log_feedback(trace_id=trace_id, name="good", value=True, rationale="because")
    mlflow.log_expectation(trace_id=trace_id, name="truth", value="answer")
    mlflow.search_traces(experiment_ids=[experiment.experiment_id], filter_string="tags.team = 'a'", return_type="list")
    mlflow.delete_trace_tag(trace_id, "team")
    MlflowClient().delete_traces(experiment.experiment_id, trace_ids=[trace_id])


{"tracking": tracking, "models": models, "registry": registry, "traces": traces}[sys.argv[1]]()
