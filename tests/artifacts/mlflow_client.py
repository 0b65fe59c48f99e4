"""A real mlflow client with multipart upload (and, where it knows it, multipart download) switched on by its environment."""

import hashlib
import os
import tempfile
from pathlib import Path

import mlflow
from mlflow.artifacts import download_artifacts, list_artifacts


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


folder = Path(tempfile.mkdtemp(prefix="ciclo-artifacts-"))
large, small = folder / "large file é.bin", folder / "small.txt"
large.write_bytes(os.urandom(17_000_000))
small.write_text("small\n")
(folder / "tree/deep").mkdir(parents=True)
(folder / "tree/deep/also large.bin").write_bytes(os.urandom(6_000_001))
(folder / "tree/empty").write_bytes(b"")

with mlflow.start_run() as run:
    mlflow.log_artifact(str(large), "data")
    mlflow.log_artifact(str(small))
    mlflow.log_artifacts(str(folder / "tree"), "tree")
    mlflow.log_dict({"a": 1}, "config/a.json")
    uri = run.info.artifact_uri
    client = mlflow.MlflowClient()
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["config", "data", "small.txt", "tree"]
    listed = client.list_artifacts(run.info.run_id, "data")
    assert [(file.path, file.file_size) for file in listed] == [("data/large file é.bin", 17_000_000)], listed
    got = download_artifacts(run_id=run.info.run_id, artifact_path="data/large file é.bin", dst_path=folder / "got")
    assert sha256(got) == sha256(large)
    got = Path(download_artifacts(artifact_uri=f"runs:/{run.info.run_id}/tree", dst_path=folder / "got"))
    assert sha256(got / "deep/also large.bin") == sha256(folder / "tree/deep/also large.bin") and (got / "empty").read_bytes() == b""
    assert mlflow.artifacts.load_dict(f"{uri}/config/a.json") == {"a": 1}
    assert len(list_artifacts(artifact_uri=f"{uri}/tree")) == 2
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    repository = get_artifact_repository(uri)
    repository.delete_artifacts("tree/deep")
    assert [file.path for file in client.list_artifacts(run.info.run_id, "tree")] == ["tree/empty"]
    repository.delete_artifacts("small.txt")
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["config", "data", "tree"]
print(f"mlflow {mlflow.__version__}: parts sent and fetched")
