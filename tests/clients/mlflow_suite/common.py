"""What the suites share: names that no other client of the server has, requests that a client would not send, and a small model."""

import os
import sys

import mlflow
import requests

MAJOR = int(mlflow.__version__.split(".")[0])
SUFFIX = os.environ.get("SUITE_NAME", "x")


def name_of(word):
    return f"{word}-{SUFFIX}"


def raw(method, path, **arguments):
    """A request that the client would not send."""
    headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}
    url = os.environ["MLFLOW_TRACKING_URI"] + path
    return requests.request(method, url, headers=headers, timeout=30, **arguments)


ROWS = [[0.0], [1.0], [2.0], [3.0]]


def small_model():
    """Below 1.5 it says 0, above it 1."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=100).fit(ROWS, [0, 0, 1, 1])


def log_model(model, run_name="model", **arguments):
    """(run id, what log_model answered); the argument is called otherwise in the two versions."""
    with mlflow.start_run(run_name=run_name) as run:
        mlflow.log_metric("accuracy", 0.9)
        arguments = {"input_example": [[1.0]], **arguments}
        if MAJOR >= 3:
            info = mlflow.sklearn.log_model(model, name="model", **arguments)
        else:
            info = mlflow.sklearn.log_model(model, "model", **arguments)
    return run.info.run_id, info


def program(name):
    """A program of the virtual environment."""
    return os.path.join(os.path.dirname(sys.executable), name)
