"""Artifacts of runs: files, folders, figures, images, tables."""

import os
import tempfile
import unittest

import mlflow
from mlflow import MlflowClient

from mlflow_suite.common import name_of


class Artifacts(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        self.experiment = mlflow.set_experiment(name_of("artifacts"))

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

    def test_figures_images_and_tables(self):
        import matplotlib.pyplot
        import numpy
        import pandas
        from PIL import Image

        with mlflow.start_run() as run:
            figure, axes = matplotlib.pyplot.subplots(figsize=(1, 1))
            axes.plot([1, 2])
            mlflow.log_figure(figure, "plots/line.png")
            matplotlib.pyplot.close(figure)
            mlflow.log_image(numpy.zeros((4, 4, 3), dtype=numpy.uint8), "black.png")
            mlflow.log_image(Image.new("RGB", (4, 4), "white"), key="sample", step=1)
            mlflow.log_table({"question": ["a"], "answer": ["b"]}, "table.json")
            mlflow.log_table(pandas.DataFrame({"question": ["c"], "answer": ["d"]}), "table.json")
        paths = {file.path for file in self.client.list_artifacts(run.info.run_id)}
        self.assertLessEqual({"plots", "black.png", "images", "table.json"}, paths)
        self.assertEqual(mlflow.artifacts.load_image(f"runs:/{run.info.run_id}/black.png").size, (4, 4))
        self.assertEqual(len(self.client.list_artifacts(run.info.run_id, "images")), 2)
        table = mlflow.load_table("table.json", run_ids=[run.info.run_id])
        self.assertEqual(list(table["question"]), ["a", "c"])

    def test_deleting_and_downloading(self):
        with mlflow.start_run() as run:
            mlflow.log_text("x" * 100_000, "deep/er/a.txt")
            mlflow.log_text("y", "deep/b.txt")
        with tempfile.TemporaryDirectory() as folder:
            got = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="deep", dst_path=folder)
            self.assertEqual(sorted(os.listdir(got)), ["b.txt", "er"])
            self.assertEqual(os.path.getsize(os.path.join(got, "er", "a.txt")), 100_000)
        listed = mlflow.artifacts.list_artifacts(f"runs:/{run.info.run_id}/deep")
        self.assertEqual({(file.path, file.is_dir) for file in listed}, {("deep/b.txt", False), ("deep/er", True)})
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        get_artifact_repository(run.info.artifact_uri).delete_artifacts("deep/er")
        self.assertEqual([file.path for file in self.client.list_artifacts(run.info.run_id, "deep")], ["deep/b.txt"])
