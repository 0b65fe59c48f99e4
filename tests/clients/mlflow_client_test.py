"""What a plain MLflow client does, against a Ciclo server: MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN name it.

Started by mlflow_run.sh. The first argument makes names unique, so that several clients can share a server.
"""

import json
import math
import os
import sys
import tempfile
import unittest
import warnings

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

SUFFIX = sys.argv.pop(1) if len(sys.argv) > 1 else "x"
MAJOR = int(mlflow.__version__.split(".")[0])


def name_of(word):
    return f"{word}-{SUFFIX}"


def raw(method, path, **arguments):
    """A request that the client would not send."""
    headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}
    url = os.environ["MLFLOW_TRACKING_URI"] + path
    return requests.request(method, url, headers=headers, timeout=30, **arguments)


class Tracking(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        self.experiment = mlflow.set_experiment(name_of("tracking"))

    def test_params_metrics_and_tags(self):
        with mlflow.start_run(run_name="first", tags={"team": "weather"}) as run:
            mlflow.log_param("depth", 3)
            mlflow.log_params({"rate": 0.1, "kind": "tree"})
            mlflow.log_metric("accuracy", 0.5, step=1)
            mlflow.log_metric("accuracy", 0.75, step=2)
            mlflow.log_metrics({"loss": 1.5, "a b": 2})
            mlflow.set_tag("note", "ä ö")
            mlflow.set_tags({"x": 1, "y": 2})
        read = self.client.get_run(run.info.run_id)
        self.assertEqual(read.info.status, "FINISHED")
        self.assertEqual(read.info.run_name, "first")
        self.assertIsNotNone(read.info.end_time)
        self.assertEqual(read.data.params, {"depth": "3", "rate": "0.1", "kind": "tree"})
        self.assertEqual(read.data.metrics, {"accuracy": 0.75, "loss": 1.5, "a b": 2.0})
        self.assertEqual(read.data.tags["note"], "ä ö")
        self.assertEqual(read.data.tags["team"], "weather")
        self.assertEqual(read.data.tags["mlflow.runName"], "first")
        self.client.delete_tag(run.info.run_id, "note")
        self.assertNotIn("note", self.client.get_run(run.info.run_id).data.tags)

    def test_a_failing_run_is_failed(self):
        with self.assertRaises(ValueError):
            with mlflow.start_run() as run:
                raise ValueError
        self.assertEqual(self.client.get_run(run.info.run_id).info.status, "FAILED")

    def test_history_and_special_numbers(self):
        run_id = self.client.create_run(self.experiment.experiment_id).info.run_id
        for step in range(5):
            self.client.log_metric(run_id, "m", step / 2, timestamp=1000 + step, step=step)
        history = self.client.get_metric_history(run_id, "m")
        self.assertEqual([(m.step, m.value, m.timestamp) for m in history], [(i, i / 2, 1000 + i) for i in range(5)])
        self.assertEqual(list(self.client.get_metric_history(run_id, "none")), [])
        self.client.log_metric(run_id, "nan", math.nan)
        self.client.log_metric(run_id, "up", math.inf)
        self.client.log_metric(run_id, "down", -math.inf)
        metrics = self.client.get_run(run_id).data.metrics
        self.assertTrue(math.isnan(metrics["nan"]))
        self.assertEqual(metrics["up"], sys.float_info.max)
        self.assertEqual(metrics["down"], -sys.float_info.max)

    def test_batches(self):
        run_id = self.client.create_run(self.experiment.experiment_id).info.run_id
        metrics = [Metric(f"m{i % 10}", i, 1000 + i, i) for i in range(800)]
        params = [Param(f"p{i}", str(i)) for i in range(100)]
        tags = [RunTag(f"t{i}", str(i)) for i in range(100)]
        self.client.log_batch(run_id, metrics=metrics, params=params, tags=tags)
        data = self.client.get_run(run_id).data
        self.assertEqual(len(data.params), 100)
        self.assertEqual(data.metrics["m9"], 799)
        self.assertEqual(len(self.client.get_metric_history(run_id, "m3")), 80)
        with self.assertRaises(MlflowException) as changed:
            self.client.log_batch(run_id, params=[Param("p0", "other")])
        self.assertEqual(changed.exception.error_code, "INVALID_PARAMETER_VALUE")

    def test_search_runs(self):
        experiment = self.client.create_experiment(name_of("search"), tags={"k": "v"})
        ids = []
        for i in range(7):
            run = self.client.create_run(experiment, start_time=1000 + i, run_name=f"r{i}")
            ids.append(run.info.run_id)
            self.client.log_metric(run.info.run_id, "acc", i / 10)
            self.client.log_param(run.info.run_id, "model", "tree" if i % 2 else "linear")
        search = lambda **arguments: [r.info.run_name for r in self.client.search_runs([experiment], **arguments)]
        self.assertEqual(search(), [f"r{i}" for i in reversed(range(7))])
        self.assertEqual(search(filter_string="metrics.acc > 0.35 and params.model = 'tree'"), ["r5"])
        self.assertEqual(search(filter_string="attributes.run_name LIKE 'r%'", order_by=["metrics.acc ASC"])[:2], ["r0", "r1"])
        page = self.client.search_runs([experiment], max_results=3, order_by=["metrics.acc DESC"])
        names = [r.info.run_name for r in page]
        while page.token:
            page = self.client.search_runs([experiment], max_results=3, order_by=["metrics.acc DESC"], page_token=page.token)
            names += [r.info.run_name for r in page]
        self.assertEqual(names, [f"r{i}" for i in reversed(range(7))])
        frame = mlflow.search_runs(experiment_ids=[experiment], filter_string="params.model = 'linear'")
        self.assertEqual(len(frame), 4)
        self.assertIn("metrics.acc", frame.columns)

    def test_delete_and_restore(self):
        experiment = self.client.create_experiment(name_of("deleted"))
        run_id = self.client.create_run(experiment).info.run_id
        self.client.delete_run(run_id)
        self.assertEqual(self.client.get_run(run_id).info.lifecycle_stage, "deleted")
        with self.assertRaises(MlflowException):
            self.client.log_metric(run_id, "m", 1)
        self.assertEqual(len(self.client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)), 1)
        self.client.restore_run(run_id)
        self.assertEqual(len(self.client.search_runs([experiment])), 1)
        self.client.rename_experiment(experiment, name_of("renamed"))
        self.client.set_experiment_tag(experiment, "k", "v")
        self.client.delete_experiment(experiment)
        with self.assertRaises(MlflowException):
            self.client.create_run(experiment)
        self.client.restore_experiment(experiment)
        self.assertEqual(self.client.get_experiment(experiment).tags["k"], "v")
        found = self.client.search_experiments(filter_string=f"name = '{name_of('renamed')}'")
        self.assertEqual([e.experiment_id for e in found], [experiment])

    def test_nested_runs(self):
        with mlflow.start_run() as parent:
            with mlflow.start_run(nested=True) as child:
                mlflow.log_metric("m", 1)
        found = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
        self.assertEqual(list(found["run_id"]), [child.info.run_id])

    def test_artifacts(self):
        with tempfile.TemporaryDirectory() as folder, mlflow.start_run() as run:
            path = os.path.join(folder, "a b.txt")
            with open(path, "w") as file:
                file.write("hello")
            big = os.path.join(folder, "big.bin")
            with open(big, "wb") as file:
                file.write(os.urandom(5_000_000))
            mlflow.log_artifact(path)
            mlflow.log_artifacts(folder, "folder/inner")
            mlflow.log_text("text", "t/x.txt")
            mlflow.log_dict({"a": 1}, "d.json")
            client = self.client
            self.assertEqual({f.path for f in client.list_artifacts(run.info.run_id)}, {"a b.txt", "folder", "t", "d.json"})
            inner = client.list_artifacts(run.info.run_id, "folder/inner")
            self.assertEqual({(f.path, f.file_size) for f in inner}, {("folder/inner/a b.txt", 5), ("folder/inner/big.bin", 5_000_000)})
            target = os.path.join(folder, "out")
            os.mkdir(target)
            got = client.download_artifacts(run.info.run_id, "folder", target)
            with open(os.path.join(got, "inner", "big.bin"), "rb") as file, open(big, "rb") as original:
                self.assertEqual(file.read(), original.read())
            self.assertEqual(mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/t/x.txt"), "text")
            self.assertEqual(mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/d.json"), {"a": 1})

    def test_inputs(self):
        import pandas

        with mlflow.start_run() as run:
            mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"a": [1, 2]}), name="rows"), context="training")
        inputs = self.client.get_run(run.info.run_id).inputs.dataset_inputs
        self.assertEqual(inputs[0].dataset.name, "rows")
        self.assertEqual(inputs[0].tags[0].value, "training")

    def test_errors(self):
        for path, code, status in [
            ("/api/2.0/mlflow/runs/get?run_id=none", "RESOURCE_DOES_NOT_EXIST", 404),
            ("/api/2.0/mlflow/experiments/get?experiment_id=99999", "RESOURCE_DOES_NOT_EXIST", 404),
            ("/api/2.0/mlflow/runs/get", "INVALID_PARAMETER_VALUE", 400),
            ("/api/2.0/mlflow-artifacts/artifacts?path=../../x", "INVALID_PARAMETER_VALUE", 400),
        ]:
            answer = raw("GET", path)
            self.assertEqual((answer.status_code, answer.json()["error_code"]), (status, code), path)
        self.assertEqual(raw("GET", "/ajax-api/2.0/mlflow/experiments/search?max_results=1").status_code, 200)
        self.assertEqual(raw("GET", "/api/2.0/mlflow/nothing").status_code, 404)
        unknown = requests.get(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/experiments/search", timeout=30)
        self.assertEqual((unknown.status_code, unknown.json()["error_code"]), (401, "UNAUTHENTICATED"))


class Models(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        mlflow.set_experiment(name_of("models"))

    def log_model(self, registered=None):
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
        with mlflow.start_run() as run:
            mlflow.log_metric("accuracy", 0.9)
            arguments = {"input_example": [[1.0]], "registered_model_name": registered}
            if MAJOR >= 3:
                info = mlflow.sklearn.log_model(model, name="model", **arguments)
            else:
                info = mlflow.sklearn.log_model(model, "model", **arguments)
        return run.info.run_id, info

    def test_log_load_and_register(self):
        run_id, info = self.log_model()
        self.assertEqual(list(mlflow.pyfunc.load_model(info.model_uri).predict([[0.0], [3.0]])), [0, 1])
        name = name_of("weather")
        version = mlflow.register_model(f"runs:/{run_id}/model", name)
        self.assertEqual(str(version.version), "1")
        again = mlflow.register_model(info.model_uri, name)
        self.assertEqual(str(again.version), "2")
        self.assertEqual(self.client.get_model_version(name, "1").run_id, run_id)
        self.client.set_registered_model_alias(name, "champion", "2")
        self.assertEqual(str(self.client.get_model_version_by_alias(name, "champion").version), "2")
        for uri in [f"models:/{name}/1", f"models:/{name}@champion", f"models:/{name}/latest"]:
            self.assertEqual(list(mlflow.sklearn.load_model(uri).predict([[3.0]])), [1], uri)
        self.client.delete_registered_model_alias(name, "champion")
        with self.assertRaises(MlflowException) as missing:
            self.client.get_model_version_by_alias(name, "champion")
        self.assertEqual(missing.exception.error_code, "INVALID_PARAMETER_VALUE")

    def test_registry(self):
        name = name_of("registry")
        run_id, _ = self.log_model(registered=name)
        self.client.update_registered_model(name, description="what it is")
        self.client.set_registered_model_tag(name, "team", "a")
        self.client.set_model_version_tag(name, "1", "checked", "yes")
        self.client.update_model_version(name, "1", description="first")
        model = self.client.get_registered_model(name)
        self.assertEqual((model.description, model.tags["team"]), ("what it is", "a"))
        version = self.client.get_model_version(name, "1")
        self.assertEqual((version.description, version.tags["checked"], version.run_id), ("first", "yes", run_id))
        found = self.client.search_model_versions(f"name = '{name}'")
        self.assertEqual([v.version for v in found], [version.version])
        self.assertEqual(len(self.client.search_model_versions(f"run_id = '{run_id}'")), 1)
        found = self.client.search_registered_models(filter_string=f"name ILIKE 'REGISTRY-{SUFFIX}%' and tags.team = 'a'")
        self.assertEqual([m.name for m in found], [name])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.client.transition_model_version_stage(name, "1", "Production")
            self.assertEqual(self.client.get_latest_versions(name, ["Production"])[0].version, version.version)
        self.client.delete_model_version_tag(name, "1", "checked")
        self.assertEqual(self.client.get_model_version(name, "1").tags, {})
        with self.assertRaises(MlflowException) as twice:
            self.client.create_registered_model(name)
        self.assertEqual(twice.exception.error_code, "RESOURCE_ALREADY_EXISTS")
        renamed = name + "-2"
        self.client.rename_registered_model(name, renamed)
        self.assertEqual(self.client.get_model_version(renamed, "1").run_id, run_id)
        self.client.delete_model_version(renamed, "1")
        self.client.delete_registered_model(renamed)
        with self.assertRaises(MlflowException):
            self.client.get_registered_model(renamed)

    def test_a_local_source_is_refused(self):
        name = name_of("local")
        self.client.create_registered_model(name)
        for source in ["/etc", "file:///etc", "./x"]:
            with self.assertRaises(MlflowException) as refused:
                self.client.create_model_version(name, source)
            self.assertEqual(refused.exception.error_code, "INVALID_PARAMETER_VALUE")

    @unittest.skipIf(MAJOR < 3, "logged models came with MLflow 3")
    def test_logged_models(self):
        run_id, info = self.log_model()
        model = mlflow.get_logged_model(info.model_id)
        self.assertEqual((model.source_run_id, str(model.status)), (run_id, "READY"))
        with mlflow.start_run(run_id=run_id):
            mlflow.log_metric("f1", 0.8, model_id=info.model_id)
        self.client.set_logged_model_tags(info.model_id, {"k": "v"})
        found = mlflow.search_logged_models(filter_string="metrics.f1 > 0.5 AND tags.k = 'v'", output_format="list")
        self.assertEqual([m.model_id for m in found], [info.model_id])
        self.assertEqual({m.key: m.value for m in found[0].metrics}["f1"], 0.8)
        outputs = self.client.get_run(run_id).outputs.model_outputs
        self.assertEqual([o.model_id for o in outputs], [info.model_id])
        name = name_of("logged")
        version = mlflow.register_model(info.model_uri, name)
        self.assertEqual(self.client.get_model_version(name, version.version).run_id, run_id)
        # The client does not read the model's id; the answer has it.
        answer = raw("GET", "/api/2.0/mlflow/model-versions/get", params={"name": name, "version": version.version})
        self.assertEqual(answer.json()["model_version"]["model_id"], info.model_id)
        self.client.delete_logged_model(info.model_id)


if __name__ == "__main__":
    unittest.main(verbosity=1)
