"""log_model, load_model, logged models."""

import unittest

import mlflow
import numpy
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from mlflow_suite.common import MAJOR, ROWS, log_model, name_of, raw, small_model


class Models(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        mlflow.set_experiment(name_of("models"))

    def test_log_load_and_register(self):
        run_id, info = log_model(small_model())
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

    @unittest.skipIf(MAJOR < 3, "logged models came with MLflow 3")
    def test_logged_models(self):
        run_id, info = log_model(small_model())
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

    def test_signatures_and_loading(self):
        name = name_of("signed")
        run_id, info = log_model(small_model(), registered_model_name=name, pip_requirements=["scikit-learn"], input_example=numpy.array(ROWS))
        self.client.set_registered_model_alias(name, "best", 1)
        self.assertIsNotNone(mlflow.models.get_model_info(f"models:/{name}@best").signature)
        loaded = mlflow.pyfunc.load_model(f"models:/{name}@best")
        self.assertEqual(list(loaded.predict(numpy.array(ROWS))), [0, 0, 1, 1])
        self.assertEqual(loaded.metadata.run_id, run_id)
        self.assertEqual(mlflow.pyfunc.get_model_dependencies(f"models:/{name}/1", format="pip").rsplit("/", 1)[1], "requirements.txt")
        self.assertEqual(list(mlflow.pyfunc.load_model(info.model_uri).predict(numpy.array(ROWS))), [0, 0, 1, 1])

    def test_a_model_of_ones_own(self):
        class Doubling(mlflow.pyfunc.PythonModel):
            def predict(self, context, model_input, params=None):
                return [2 * value for value in model_input]

        with mlflow.start_run():
            arguments = {"python_model": Doubling(), "pip_requirements": ["cloudpickle"]}
            where = {"name": "doubling"} if MAJOR >= 3 else {"artifact_path": "doubling"}
            info = mlflow.pyfunc.log_model(**where, **arguments)
        self.assertEqual(mlflow.pyfunc.load_model(info.model_uri).predict([1, 2]), [2, 4])

    @unittest.skipIf(MAJOR < 3, "logged models came with MLflow 3")
    def test_metrics_of_logged_models_on_data_sets(self):
        import pandas

        experiment = mlflow.set_experiment(name_of("compared"))
        data = [mlflow.data.from_pandas(pandas.DataFrame({"a": [i]}), name=f"rows {i}") for i in range(2)]
        ids = []
        with mlflow.start_run():
            for i, scores in enumerate([(0.9, 0.1), (0.5, 0.8)]):
                model = mlflow.initialize_logged_model(name=f"candidate {i}", params={"depth": str(i)}, tags={"i": str(i)})
                for dataset, score in zip(data, scores):
                    mlflow.log_metric("score", score, model_id=model.model_id, dataset=dataset)
                mlflow.finalize_logged_model(model.model_id, "READY")
                ids.append(model.model_id)
        search = lambda **more: [m.model_id for m in mlflow.search_logged_models([experiment.experiment_id], output_format="list", **more)]
        on = lambda i: {"dataset_name": f"rows {i}", "dataset_digest": data[i].digest}
        self.assertEqual(search(filter_string="metrics.score > 0.7", datasets=[on(0)]), [ids[0]])
        self.assertEqual(search(filter_string="metrics.score > 0.7", datasets=[on(1)]), [ids[1]])
        best = lambda i: [{"field_name": "metrics.score", "ascending": False, **on(i)}]
        self.assertEqual(search(order_by=best(0)), ids)
        self.assertEqual(search(order_by=best(1)), ids[::-1])
        self.assertEqual(search(filter_string="params.depth = '1' OR tags.i = '0'", order_by=[{"field_name": "name"}]), ids)
        frame = mlflow.search_logged_models([experiment.experiment_id])
        self.assertEqual(len(frame), 2)
        self.assertEqual(len(mlflow.get_logged_model(ids[0]).metrics), 2)

    @unittest.skipIf(MAJOR < 3, "logged models came with MLflow 3")
    def test_many_parameters_of_a_logged_model(self):
        params = {f"p{i}": str(i) for i in range(250)}
        model = mlflow.create_external_model(name="many", params=params)
        self.assertEqual(mlflow.get_logged_model(model.model_id).params, params)
        mlflow.delete_logged_model_tag(model.model_id, next(iter(model.tags))) if model.tags else None
        self.client.delete_logged_model(model.model_id)
        with self.assertRaises(MlflowException):
            mlflow.get_logged_model(model.model_id)
