"""Runs, metrics, parameters, tags, inputs, lifecycles, asynchronous logging."""

import math
import os
import sys
import unittest

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

from mlflow_suite.common import MAJOR, name_of, raw


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

    def test_asynchronous_logging(self):
        with mlflow.start_run() as run:
            waiting = [mlflow.log_metric("m", step, step=step, synchronous=False) for step in range(50)]
            waiting += [mlflow.log_param("p", 1, synchronous=False), mlflow.set_tag("t", "v", synchronous=False)]
            waiting.append(mlflow.log_metrics({"a": 1, "b": 2}, synchronous=False))
            waiting.append(mlflow.log_params({"q": 1}, synchronous=False))
            for operation in waiting:
                operation.wait()
        read = self.client.get_run(run.info.run_id).data
        self.assertEqual(read.metrics, {"m": 49.0, "a": 1.0, "b": 2.0})
        self.assertEqual(read.params, {"p": "1", "q": "1"})
        self.assertEqual(read.tags["t"], "v")
        self.assertEqual(len(self.client.get_metric_history(run.info.run_id, "m")), 50)

    def test_histories_in_bulk(self):
        ids = [self.client.create_run(self.experiment.experiment_id).info.run_id for _ in range(3)]
        for run_id in ids:
            self.client.log_batch(run_id, metrics=[Metric("m", i, 1000 + i, i) for i in range(40)])
        answer = raw("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk", params={"run_id": ids, "metric_key": "m"})
        self.assertEqual(len(answer.json()["metrics"]), 120)
        query = {"run_ids": ids, "metric_key": "m", "start_step": 10, "end_step": 19, "max_results": 100}
        answer = raw("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval", params=query).json()["metrics"]
        self.assertEqual([(m["run_id"], m["step"]) for m in answer], [(run_id, step) for run_id in ids for step in range(10, 20)])

    def test_parents_and_children(self):
        with mlflow.start_run(run_name="parent", description="# why") as parent:
            for depth in range(3):
                with mlflow.start_run(run_name=f"child {depth}", nested=True):
                    mlflow.log_params({"depth": depth})
                    mlflow.log_metric("accuracy", depth / 10)
        found = self.client.search_runs([self.experiment.experiment_id], order_by=["metrics.accuracy DESC"],
                                        filter_string=f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
        self.assertEqual([run.data.params["depth"] for run in found], ["2", "1", "0"])
        self.assertEqual(mlflow.get_parent_run(found[0].info.run_id).info.run_id, parent.info.run_id)
        self.assertEqual(mlflow.get_run(parent.info.run_id).data.tags["mlflow.note.content"], "# why")
        with mlflow.start_run(run_id=parent.info.run_id):
            mlflow.log_metric("late", 1)
        self.assertEqual(mlflow.get_run(parent.info.run_id).data.metrics, {"late": 1.0})

    def test_a_password_that_is_a_token(self):
        basic = requests.get(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/experiments/get", timeout=30,
                             params={"experiment_id": "0"}, auth=("anybody", os.environ["MLFLOW_TRACKING_TOKEN"]))
        self.assertEqual(basic.status_code, 200)
        token = os.environ.pop("MLFLOW_TRACKING_TOKEN")
        os.environ.update(MLFLOW_TRACKING_USERNAME="anybody", MLFLOW_TRACKING_PASSWORD=token)
        try:
            self.assertEqual(MlflowClient().get_experiment("0").name, "Default")
            os.environ["MLFLOW_TRACKING_PASSWORD"] = "wrong"
            with self.assertRaises(MlflowException) as refused:
                MlflowClient().get_experiment("0")
            self.assertEqual(refused.exception.error_code, "UNAUTHENTICATED")
        finally:
            del os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]
            os.environ["MLFLOW_TRACKING_TOKEN"] = token

    def test_data_sets(self):
        import numpy
        import pandas

        frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
        with mlflow.start_run() as run:
            mlflow.log_input(mlflow.data.from_pandas(frame, source="https://example.org/rows.csv", name="frame"), context="training",
                             tags={"kind": "table"})
            mlflow.log_input(mlflow.data.from_numpy(numpy.zeros((3, 2)), name="zeros"), context="evaluation")
        inputs = {i.dataset.name: i for i in mlflow.get_run(run.info.run_id).inputs.dataset_inputs}
        self.assertEqual(sorted(inputs), ["frame", "zeros"])
        self.assertEqual({t.key: t.value for t in inputs["frame"].tags}, {"kind": "table", "mlflow.data.context": "training"})
        self.assertIn('"a"', inputs["frame"].dataset.schema)
        source = mlflow.data.get_source(inputs["frame"])
        self.assertEqual(source.url, "https://example.org/rows.csv")
        found = mlflow.search_runs(filter_string="datasets.name = 'zeros' AND datasets.context = 'evaluation'")
        self.assertIn(run.info.run_id, list(found["run_id"]))
        summaries = raw("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets",
                        json={"experiment_ids": [self.experiment.experiment_id]}).json()["dataset_summaries"]
        self.assertIn(("zeros", "evaluation"), [(s["name"], s["context"]) for s in summaries])
