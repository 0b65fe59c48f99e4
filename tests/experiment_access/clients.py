"""What MLflow's own clients do with a role on one experiment and one model, and MLflow's client of its authentication app.
Started by ./run with the environment's FACTS."""

import json
import os
import sys
import tempfile
import types
from pathlib import Path

import mlflow
import mlflow.server
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

FACTS = json.loads(os.environ["FACTS"])
MAJOR = int(mlflow.__version__.split(".")[0])


def auth_client():
    """mlflow.server.auth.client without the server beside it, which needs more packages."""
    package = types.ModuleType("mlflow.server.auth")
    package.__path__ = [str(Path(mlflow.server.__file__).parent / "auth")]
    sys.modules["mlflow.server.auth"] = package
    from mlflow.server.auth.client import AuthServiceClient
    return AuthServiceClient(os.environ["MLFLOW_TRACKING_URI"])


def become(name=None, password=None):
    for variable in ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        os.environ.pop(variable, None)
    if password:
        os.environ.update(MLFLOW_TRACKING_USERNAME=name, MLFLOW_TRACKING_PASSWORD=password)
    else:
        os.environ["MLFLOW_TRACKING_TOKEN"] = FACTS["tokens"].get(name, name)
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    return MlflowClient()


def refused(code, function, *arguments, **more):
    try:
        function(*arguments, **more)
    except MlflowException as error:
        assert error.error_code == code, f"{function}: {error.error_code}, not {code}: {error}"
        return
    raise AssertionError(f"{function} was not refused")


def a_writer_works_on_the_experiment():
    client = become("writer")
    experiment = mlflow.set_experiment("open-work")
    assert experiment.experiment_id == FACTS["open"]["id"]
    assert {each.name for each in client.search_experiments()} == {"open-work"}
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run(run_name=f"client-{MAJOR}") as run:
        (Path(folder) / "MLmodel").write_text("flavors:\n  python_function: {loader_module: mlflow.sklearn}\n")
        mlflow.log_param("depth", 3)
        mlflow.log_metrics({"accuracy": 0.75, "loss": 0.25})
        mlflow.set_tag("team", "weather")
        mlflow.log_artifacts(folder, "model")
        mlflow.log_dict({"a": 1}, "notes.json")
    found = mlflow.search_runs(experiment_ids=[FACTS["open"]["id"], FACTS["hidden"]["id"]], filter_string="metrics.accuracy > 0.7",
                               output_format="list")
    assert run.info.run_id in [each.info.run_id for each in found]
    assert {each.info.experiment_id for each in found} == {FACTS["open"]["id"]}
    assert [each.path for each in client.list_artifacts(run.info.run_id)] == ["model", "notes.json"]
    version = client.create_model_version("seen", f"{run.info.artifact_uri}/model", run_id=run.info.run_id)
    client.set_registered_model_alias("seen", f"by-{MAJOR}", version.version)
    refused("RESOURCE_DOES_NOT_EXIST", client.get_run, FACTS["hidden"]["run"])
    refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, "hidden-model")
    refused("PERMISSION_DENIED", client.create_experiment, f"mine-{MAJOR}")
    refused("PERMISSION_DENIED", client.create_registered_model, f"mine-{MAJOR}")
    return run.info.run_id, version.version


def a_reader_reads(run_id, version):
    client = become("reader")
    assert client.get_run(run_id).data.metrics["accuracy"] == 0.75
    assert [point.value for point in client.get_metric_history(run_id, "loss")] == [0.25]
    with tempfile.TemporaryDirectory() as folder:
        assert Path(mlflow.artifacts.download_artifacts(f"runs:/{run_id}/notes.json", dst_path=folder)).read_text()
        got = mlflow.artifacts.download_artifacts(f"models:/seen@by-{MAJOR}", dst_path=folder)
        assert (Path(got) / "MLmodel").exists()
    assert {each.name for each in client.search_registered_models()} == {"seen"}
    assert version in {each.version for each in client.search_model_versions("name = 'seen'")}
    refused("PERMISSION_DENIED", client.log_metric, run_id, "accuracy", 1.0)
    refused("PERMISSION_DENIED", client.delete_run, run_id)
    client = become("stranger")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_run, run_id)
    refused("RESOURCE_DOES_NOT_EXIST", client.search_experiments)


def the_app_of_users_and_permissions_works():
    become(FACTS["admin"])
    admin = auth_client()
    name, password = f"user{MAJOR}", "a long enough password"
    user = admin.create_user(name, password)
    assert user.username == name and not user.is_admin and isinstance(user.id, int)
    refused_by_requests(admin.create_user, name, password)
    experiment = FACTS["open"]["id"]
    client = become(name, password)
    refused("RESOURCE_DOES_NOT_EXIST", client.get_experiment, experiment)
    permissions(name, password, experiment)
    # One's own password, with the one it was; then no more with that.
    become(name, password)
    own = auth_client()
    if MAJOR >= 3:
        refused_by_requests(own.update_user_password, name, "another long password", current_password="wrong")
        own.update_user_password(name, "another long password", current_password=password)
    else:
        own.update_user_password(name, "another long password")
    refused_by_requests(own.get_user, name)
    become(name, "another long password")
    assert auth_client().get_user(name).username == name
    refused_by_requests(auth_client().update_user_admin, name, True)
    refused_by_requests(auth_client().create_user, f"other{MAJOR}", password)
    become(FACTS["admin"])
    admin.update_user_admin(name, True)
    assert admin.get_user(name).is_admin
    admin.update_user_admin(name, False)
    assert not admin.get_user(name).is_admin
    admin.delete_user(name)
    refused_by_requests(admin.get_user, name)


def refused_by_requests(function, *arguments, **more):
    """MLflow 2's client raises the errors of `requests`' own."""
    try:
        function(*arguments, **more)
    except Exception as error:  # noqa: BLE001: of either library
        assert any(code in str(error) for code in ("400", "401", "403", "404", "409", "_")), error
        return
    raise AssertionError(f"{function} was not refused")


def permissions(name, password, experiment):
    """Given by the keeper of the experiment, who is no administrator."""
    become("keeper")
    keeper = auth_client()

    def may():
        client = become(name, password)
        seen = changed = True
        try:
            client.get_experiment(experiment)
        except MlflowException:
            seen = False
        try:
            client.set_experiment_tag(experiment, "by", name)
        except MlflowException:
            changed = False
        become("keeper")
        return seen, changed
    if MAJOR == 2:
        made = keeper.create_experiment_permission(experiment, name, "READ")
        assert (made.experiment_id, made.permission) == (experiment, "READ"), vars(made)
        assert may() == (True, False)
        refused_by_requests(keeper.create_experiment_permission, experiment, name, "READ")
        keeper.update_experiment_permission(experiment, name, "EDIT")
        assert keeper.get_experiment_permission(experiment, name).permission == "EDIT" and may() == (True, True)
        keeper.delete_experiment_permission(experiment, name)
        assert may() == (False, False)
        refused_by_requests(keeper.get_experiment_permission, experiment, name)
        keeper.create_registered_model_permission("seen", name, "MANAGE")
        assert keeper.get_registered_model_permission("seen", name).permission == "MANAGE"
        become(FACTS["admin"])
        user = auth_client().get_user(name)
        assert [(each.name, each.permission) for each in user.registered_model_permissions] == [("seen", "MANAGE")]
        become("keeper")
        keeper.update_registered_model_permission("seen", name, "NO_PERMISSIONS")
        refused_by_requests(keeper.update_registered_model_permission, "seen", name, "READ")
        refused_by_requests(keeper.create_registered_model_permission, "hidden-model", name, "READ")
        refused_by_requests(keeper.create_experiment_permission, FACTS["hidden"]["id"], name, "READ")
    else:
        keeper.grant_user_permission(name, "experiment", experiment, "READ")
        result = keeper.get_user_permission(name, "experiment", experiment)
        assert (result.allowed, result.permission) == (True, "READ") and may() == (True, False), vars(result)
        keeper.grant_user_permission(name, "experiment", experiment, "EDIT")
        assert keeper.get_user_permission(name, "experiment", experiment).permission == "EDIT" and may() == (True, True)
        keeper.revoke_user_permission(name, "experiment", experiment)
        assert may() == (False, False) and not keeper.get_user_permission(name, "experiment", experiment).allowed
        keeper.grant_user_permission(name, "registered_model", "seen", "MANAGE")
        assert keeper.get_user_permission(name, "registered_model", "seen").permission == "MANAGE"
        keeper.grant_user_permission(name, "registered_model", "seen", "DENY")
        assert not keeper.get_user_permission(name, "registered_model", "seen").allowed
        refused_by_requests(keeper.grant_user_permission, name, "registered_model", "hidden-model", "READ")
        refused_by_requests(keeper.grant_user_permission, name, "experiment", FACTS["hidden"]["id"], "READ")
        refused_by_requests(keeper.grant_user_permission, name, "scorer", "1/x", "READ")
        # What a role in the workspace allows is not taken away by a permission on one experiment.
        refused_by_requests(keeper.grant_user_permission, "member", "experiment", experiment, "DENY")


if __name__ == "__main__":
    made = a_writer_works_on_the_experiment()
    a_reader_reads(*made)
    the_app_of_users_and_permissions_works()
    print("ok")
