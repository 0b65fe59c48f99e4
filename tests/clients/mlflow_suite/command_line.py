"""The program `mlflow`: experiments, runs, artifacts, models."""

import os
import subprocess
import sys
import tempfile
import unittest

import mlflow
from mlflow import MlflowClient

from mlflow_suite.common import log_model, name_of, small_model


def run_mlflow(*words):
    """Its standard output; the interpreter is started with the modules that it needs, like the program itself."""
    done = subprocess.run([sys.executable, "-m", "mlflow", *words], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise AssertionError(f"mlflow {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class CommandLine(unittest.TestCase):
    def test_experiments_runs_and_artifacts(self):
        name = name_of("command line")
        self.assertIn(name, run_mlflow("experiments", "create", "-n", name))
        experiment = mlflow.get_experiment_by_name(name).experiment_id
        self.assertIn(name, run_mlflow("experiments", "search"))
        with mlflow.start_run(experiment_id=experiment, run_name="by program") as run:
            mlflow.log_metric("m", 1)
        self.assertIn("by program", run_mlflow("runs", "list", "--experiment-id", experiment))
        self.assertIn('"m": 1.0', run_mlflow("runs", "describe", "--run-id", run.info.run_id))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.txt")
            with open(path, "w") as file:
                file.write("hello")
            run_mlflow("artifacts", "log-artifact", "--run-id", run.info.run_id, "--local-file", path, "--artifact-path", "in")
            self.assertIn("in/a.txt", run_mlflow("artifacts", "list", "--run-id", run.info.run_id, "--artifact-path", "in"))
            run_mlflow("artifacts", "download", "--run-id", run.info.run_id, "--artifact-path", "in", "--dst-path", folder)
            with open(os.path.join(folder, "in", "a.txt")) as file:
                self.assertEqual(file.read(), "hello")
        run_mlflow("runs", "delete", "--run-id", run.info.run_id)
        self.assertEqual(MlflowClient().get_run(run.info.run_id).info.lifecycle_stage, "deleted")
        run_mlflow("runs", "restore", "--run-id", run.info.run_id)
        run_mlflow("experiments", "rename", "--experiment-id", experiment, "--new-name", name + " 2")
        run_mlflow("experiments", "delete", "--experiment-id", experiment)
        run_mlflow("experiments", "restore", "--experiment-id", experiment)
        self.assertEqual(MlflowClient().get_experiment(experiment).name, name + " 2")

    def test_models(self):
        name = name_of("by program")
        mlflow.set_experiment(name_of("command line models"))
        log_model(small_model(), registered_model_name=name)
        with tempfile.TemporaryDirectory() as folder:
            rows, answer = os.path.join(folder, "rows.csv"), os.path.join(folder, "answer.json")
            with open(rows, "w") as file:
                file.write("0\n0.0\n3.0\n")
            run_mlflow("models", "predict", "-m", f"models:/{name}/1", "-i", rows, "-t", "csv", "-o", answer, "--env-manager", "local")
            with open(answer) as file:
                self.assertIn("[0, 1]", file.read())
