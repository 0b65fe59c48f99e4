"""What MLflow logs by itself: sklearn, mlflow.autolog, system metrics, mlflow.evaluate."""

import os
import unittest

import mlflow
from mlflow import MlflowClient

from mlflow_suite.common import MAJOR, name_of


def rows():
    from sklearn.datasets import load_iris

    data = load_iris(as_frame=True)
    return data.data, data.target


class Autologging(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        self.experiment = mlflow.set_experiment(name_of("autologging"))

    def tearDown(self):
        mlflow.autolog(disable=True)
        mlflow.sklearn.autolog(disable=True)

    def test_sklearn(self):
        from sklearn.linear_model import LogisticRegression

        mlflow.sklearn.autolog(log_input_examples=True, silent=True)
        features, target = rows()
        with mlflow.start_run() as run:
            model = LogisticRegression(max_iter=200, C=0.5).fit(features, target)
            score = model.score(features, target)
        read = self.client.get_run(run.info.run_id)
        self.assertEqual(read.data.params["C"], "0.5")
        self.assertIn("training_accuracy_score", read.data.metrics)
        self.assertEqual(read.data.metrics["LogisticRegression_score_features" if "LogisticRegression_score_features" in read.data.metrics
                                           else "training_score"], score)
        self.assertEqual(read.data.tags["estimator_name"], "LogisticRegression")
        self.assertEqual([i.dataset.name for i in read.inputs.dataset_inputs][:1], ["dataset"])
        self.assertIn("training_confusion_matrix.png", [file.path for file in self.client.list_artifacts(run.info.run_id)])
        loaded = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
        self.assertEqual(list(loaded.predict(features[:3])), [0, 0, 0])

    def test_everything_with_a_search_of_parameters(self):
        from sklearn.model_selection import GridSearchCV
        from sklearn.tree import DecisionTreeClassifier

        mlflow.autolog(silent=True)
        mlflow.sklearn.autolog(log_models=False, silent=True)
        features, target = rows()
        with mlflow.start_run() as run:
            GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2]}, cv=2).fit(features, target)
        children = self.client.search_runs([self.experiment.experiment_id], filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'")
        self.assertEqual(sorted(child.data.params["max_depth"] for child in children), ["1", "2"])
        read = self.client.get_run(run.info.run_id)
        self.assertEqual(read.data.params["best_max_depth"], "2")
        self.assertIn("best_cv_score", read.data.metrics)

    def test_system_metrics(self):
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        with mlflow.start_run() as run:
            monitor = SystemMetricsMonitor(run.info.run_id, sampling_interval=0.05, samples_before_logging=1)
            monitor.start()
            self.addCleanup(monitor.finish)
            end = 200
            while end and "system/cpu_utilization_percentage" not in self.client.get_run(run.info.run_id).data.metrics:
                end -= 1
            monitor.finish()
        metrics = self.client.get_run(run.info.run_id).data.metrics
        for key in ["cpu_utilization_percentage", "system_memory_usage_megabytes", "disk_usage_percentage"]:
            self.assertIn(f"system/{key}", metrics)
        history = self.client.get_metric_history(run.info.run_id, "system/system_memory_usage_megabytes")
        self.assertTrue(history and history[0].value > 0)

    def test_system_metrics_by_a_flag(self):
        mlflow.set_system_metrics_sampling_interval(1)
        mlflow.set_system_metrics_samples_before_logging(1)
        with mlflow.start_run(log_system_metrics=True) as run:
            mlflow.log_metric("m", 1)
        self.assertEqual(self.client.get_run(run.info.run_id).data.metrics["m"], 1.0)

    def test_evaluating_a_classifier(self):
        from sklearn.linear_model import LogisticRegression

        features, target = rows()
        model = LogisticRegression(max_iter=200).fit(features, target)
        data = features.assign(label=target)
        evaluate = mlflow.models.evaluate if MAJOR >= 3 else mlflow.evaluate
        os.environ["SHAP_DISABLED"] = "1"
        with mlflow.start_run() as run:
            result = evaluate(model.predict, data, targets="label", model_type="classifier", evaluators="default",
                              evaluator_config={"log_model_explainability": False})
        self.assertGreater(result.metrics["accuracy_score"], 0.9)
        read = self.client.get_run(run.info.run_id)
        self.assertEqual(read.data.metrics["accuracy_score"], result.metrics["accuracy_score"])
        self.assertIn("confusion_matrix.png", [file.path for file in self.client.list_artifacts(run.info.run_id)])
