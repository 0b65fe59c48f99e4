"""log_model → register → alias → deploy → score: an endpoint of Ciclo says what the model says in the client.

CICLO_BIN names the folder of the programs, CICLO_DATA the server's folder.
"""

import json
import os
import subprocess
import tempfile
import unittest
import urllib.request

import mlflow
import numpy
from mlflow import MlflowClient
from mlflow.models import infer_signature

from mlflow_suite.common import MAJOR, name_of

WORKSPACE = "default"


def ciclo(*words):
    """The command line's answer."""
    variables = {**os.environ, "CICLO_SERVER": os.environ["CICLO_URL"], "CICLO_TOKEN": os.environ["MLFLOW_TRACKING_TOKEN"], "CICLO_WORKSPACE": WORKSPACE}
    done = subprocess.run([os.path.join(os.environ["CICLO_BIN"], "ciclo"), *words, "-o", "json"], capture_output=True, text=True, timeout=120, env=variables)
    if done.returncode:
        raise AssertionError(f"ciclo {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout or "null")


class Serving(unittest.TestCase):
    def test_round_trip(self):
        from skl2onnx import to_onnx
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression

        features, target = load_iris(return_X_y=True)
        features = features.astype(numpy.float32)
        model = LogisticRegression(max_iter=200).fit(features, target)
        onnx = to_onnx(model, features[:1], options={"zipmap": False})
        mlflow.set_experiment(name_of("serving"))
        name = name_of("iris")
        with mlflow.start_run() as run:
            mlflow.log_metric("accuracy", model.score(features, target))
            where = {"name": "model"} if MAJOR >= 3 else {"artifact_path": "model"}
            mlflow.onnx.log_model(onnx, **where, registered_model_name=name, signature=infer_signature(features, model.predict(features)))
        client = MlflowClient()
        client.set_registered_model_alias(name, "champion", 1)
        expected = mlflow.pyfunc.load_model(f"models:/{name}@champion").predict(features)["label"]
        self.assertEqual(list(expected), list(model.predict(features)))

        shown = ciclo("model", "show", "--name", name, "--version", "1")
        self.assertEqual(shown["name"], name)
        endpoint = name_of("iris").replace(".", "-")
        ciclo("online-endpoint", "create", "--name", endpoint)
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "deployment.yml")
            with open(file, "w") as out:
                out.write(f"name: blue\nendpoint_name: {endpoint}\nmodel: azureml:{name}@champion\ninstance_count: 1\n")
            ciclo("online-deployment", "create", "--file", file, "--all-traffic")
        uri = ciclo("online-endpoint", "show", "--name", endpoint)["scoring_uri"]
        key = ciclo("online-endpoint", "get-credentials", "--name", endpoint)["primaryKey"]
        request = urllib.request.Request(uri, json.dumps({"input_data": features.tolist()}).encode(),
                                         {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.assertEqual(json.loads(answer.read()), [int(label) for label in expected])
        ciclo("online-endpoint", "delete", "--name", endpoint, "--yes")
        self.assertEqual(client.get_run(run.info.run_id).info.status, "FINISHED")
