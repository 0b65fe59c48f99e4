"""What tests/registry/run has a real MLflow client do: one function a task, whose answer is printed as JSON."""

import hashlib
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import mlflow  # noqa: E402
import requests  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.models import ModelSignature  # noqa: E402
from mlflow.types import ColSpec, Schema  # noqa: E402

MAJOR = int(mlflow.__version__.split(".")[0])
client = MlflowClient()


class Doubled(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input


def refused(code, act, *words, **named):
    try:
        act(*words, **named)
    except MlflowException as error:
        assert error.error_code == code, f"{error.error_code} in place of {code}: {error}"
        return
    raise AssertionError(f"{act.__name__}{words} was not refused")


def checksum(folder):
    # registered_model_meta is the client's own note of where a download came from.
    files = sorted((path for path in Path(folder).rglob("*") if path.is_file() and path.name != "registered_model_meta"), key=lambda path: path.relative_to(folder).as_posix().encode())
    lines = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n" for path in files)
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


def dataset(name, uri):
    """A data set whose source is an address, logged as the client logs any."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    entity = Dataset(name=name, digest=hashlib.md5(uri.encode()).hexdigest()[:8], source_type="external", source=json.dumps({"uri": uri}))
    return DatasetInput(dataset=entity, tags=[InputTag("mlflow.data.context", "training")])


def log_model(**named):
    signature = ModelSignature(inputs=Schema([ColSpec("double", "wind")]), outputs=Schema([ColSpec("double")]))
    where = {"name": "model"} if MAJOR >= 3 else {"artifact_path": "model"}
    return mlflow.pyfunc.log_model(python_model=Doubled(), signature=signature, pip_requirements=["mlflow"], **where, **named)


def register(name):
    mlflow.set_experiment("registry")
    with mlflow.start_run() as run:
        run_id = run.info.run_id
        mlflow.log_metric("accuracy", 0.75)
        mlflow.set_tags({"mlflow.source.git.repoURL": "https://ana:secret@example.org/shop.git", "mlflow.source.git.commit": "abc123",
                         "mlflow.source.git.branch": "main", "mlflow.source.name": "train.py"})
        client.log_inputs(run_id, [dataset("rain", "azureml:rain:1")])
        log_model(registered_model_name=name)
        client.log_inputs(run_id, [dataset("more", "https://example.org/more.csv?secret=1")])  # after the registration
    version = client.get_model_version(name, "1")
    client.set_registered_model_alias(name, "champion", version.version)
    client.transition_model_version_stage(name, version.version, "staging")
    client.set_model_version_tag(name, version.version, "by", "client")
    with tempfile.TemporaryDirectory() as folder:
        found = checksum(mlflow.artifacts.download_artifacts(f"models:/{name}@champion", dst_path=folder))
    loaded = mlflow.pyfunc.load_model(f"models:/{name}/1")
    assert loaded.metadata.signature.inputs.input_names() == ["wind"]
    if MAJOR >= 3:
        logged = client.get_logged_model(loaded.metadata.model_id)
        noted = json.loads(logged.tags["mlflow.modelVersions"])
        assert [(one["name"], int(one["version"])) for one in noted] == [(name, 1)], logged.tags
    return {"run_id": run_id, "checksum": found}


def show(name):
    version = client.get_model_version(name, "1")
    return {"tags": dict(version.tags), "aliases": list(version.aliases)}


def search(prefix):
    """Rules, filters and pages of both searches."""
    mlflow.set_experiment("registry")
    names = [f"{prefix}-{letter}" for letter in "abc"]
    with mlflow.start_run():
        uri = log_model().model_uri
    for index, name in enumerate(names):
        client.create_registered_model(name, tags={"rank": str(index)}, description=f"number {index}" if index else None)
        for _ in range(index + 1):
            mlflow.register_model(uri, name)

    def models(filter_string, **named):
        found = client.search_registered_models(filter_string=f"name LIKE '{prefix}-%' AND ({filter_string})", **named)
        return [model.name[-1] for model in found]

    assert models("tags.rank = '0' OR tags.rank = '2'") == ["a", "c"]
    assert models("tags.rank IN ('0', '1')") == ["a", "b"]
    assert models("tags.rank NOT IN ('0', '1')") == ["c"]
    assert models("description IS NULL") == ["a"]
    assert models("description ILIKE 'NUMBER%'") == ["b", "c"]
    assert models("name != 'x'", order_by=["name DESC"]) == ["c", "b", "a"]
    assert models("name != 'x'", order_by=["tags.rank DESC"]) == ["c", "b", "a"]
    assert models("name != 'x'", order_by=["last_updated_timestamp DESC"]) == ["c", "b", "a"]
    paged, token = [], None
    while True:
        page = client.search_registered_models(filter_string=f"name LIKE '{prefix}-%'", max_results=1, page_token=token)
        paged += [model.name for model in page]
        token = page.token
        if not token:
            break
    assert paged == names, paged
    latest = client.get_registered_model(names[2]).latest_versions
    assert [version.version for version in latest] in ([3], ["3"]), latest

    def versions(filter_string, **named):
        return [f"{version.name[-1]}{version.version}" for version in client.search_model_versions(filter_string, **named)]

    assert versions(f"name = '{names[2]}'") == ["c3", "c2", "c1"]
    assert versions(f"name IN ('{names[0]}', '{names[1]}')", order_by=["name ASC", "version_number ASC"]) == ["a1", "b1", "b2"]
    assert versions(f"name LIKE '{prefix}-%' AND (version_number = 3 OR name = '{names[0]}')", order_by=["version_number DESC"]) == ["c3", "a1"]
    assert versions(f"name = '{names[2]}' AND version_number > 1 AND current_stage = 'None'") == ["c3", "c2"]
    assert versions("run_id = 'nobody'") == []
    client.set_model_version_tag(names[1], "1", "checked", "yes")
    assert versions("tags.checked = 'yes' AND name = '" + names[1] + "'") == ["b1"]
    client.delete_model_version_tag(names[1], "1", "checked")
    assert versions("tags.checked = 'yes' AND name = '" + names[1] + "'") == []

    refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, names[0])
    refused("INVALID_PARAMETER_VALUE", client.create_registered_model, "a/b")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, f"{prefix}-none")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, names[0], "9")
    refused("INVALID_PARAMETER_VALUE", client.get_model_version, names[0], "x")
    refused("INVALID_PARAMETER_VALUE", client.get_model_version_by_alias, names[0], "nobody")
    refused("INVALID_PARAMETER_VALUE", client.set_registered_model_alias, names[0], "v1", "1")
    refused("INVALID_PARAMETER_VALUE", client.transition_model_version_stage, names[0], "1", "nowhere")
    refused("INVALID_PARAMETER_VALUE", client.search_model_versions, "nothing = 'x'")
    refused("INVALID_PARAMETER_VALUE", client.search_registered_models, order_by=["name", "name DESC"])
    refused("INVALID_PARAMETER_VALUE", client.create_model_version, names[0], "/etc/passwd")
    client.transition_model_version_stage(names[2], "1", "Production")
    client.transition_model_version_stage(names[2], "2", "production", archive_existing_versions=True)
    assert client.get_model_version(names[2], "1").current_stage == "Archived"
    by_stage = {version.current_stage: str(version.version) for version in client.get_latest_versions(names[2])}
    assert by_stage == {"None": "3", "Production": "2", "Archived": "1"}, by_stage
    assert [str(v.version) for v in client.get_latest_versions(names[2], stages=["production"])] == ["2"]
    client.update_registered_model(names[1], description="changed")
    client.update_model_version(names[1], "1", description="v")
    assert client.get_model_version(names[1], "1").description == "v"
    client.rename_registered_model(names[1], f"{prefix}-d")
    assert versions(f"name = '{prefix}-d'") == ["d2", "d1"]
    assert models("tags.rank = '1'") == ["d"], (models("tags.rank = '1'"), models("tags.rank IN ('0','1','2')"), client.get_registered_model(f"{prefix}-d"))
    copied = client.copy_model_version(f"models:/{prefix}-d/1", names[0])
    assert str(copied.version) == "2", copied
    client.delete_model_version(f"{prefix}-d", "2")
    client.delete_registered_model(f"{prefix}-d")
    assert models("name != 'x'") == ["a", "c"]
    return "ok"


def webhook(url):
    made = client.create_webhook(name="first", url=url, secret="quiet secret", description="d", events=[
        "registered_model.created", "model_version.created", "model_version_tag.set", "model_version_alias.created",
        "model_version_alias.deleted"])
    result = client.test_webhook(made.webhook_id)
    listed = [one.name for one in client.list_webhooks()]
    changed = client.update_webhook(made.webhook_id, name="second")
    assert client.get_webhook(made.webhook_id).description == "d" and len(changed.events) == 5
    refused("RESOURCE_DOES_NOT_EXIST", client.get_webhook, "none")
    refused("INVALID_PARAMETER_VALUE", client.create_webhook, name="-bad-", url=url, events=["model_version.created"])
    return {"id": made.webhook_id, "test": [result.success, result.response_status, result.response_body], "listed": listed,
            "renamed": changed.name, "secret": changed.secret}


def webhook_off(webhook_id):
    assert client.update_webhook(webhook_id, status="DISABLED").status == "DISABLED"
    return "ok"


def prompts(name):
    genai = mlflow.genai if MAJOR >= 3 else mlflow
    first = genai.register_prompt(name=name, template="Hi {{who}}!", commit_message="first", **({"tags": {"lang": "en"}}))
    assert int(first.version) == 1 and first.template == "Hi {{who}}!", first
    second = genai.register_prompt(name=name, template="Hello {{who}}!", commit_message="second")
    assert int(second.version) == 2
    genai.set_prompt_alias(name, alias="production", version=1)
    loaded = genai.load_prompt(f"prompts:/{name}@production")
    assert loaded.format(who="Ana") == "Hi Ana!" and int(genai.load_prompt(name, version=2).version) == 2
    assert name not in [model.name for model in client.search_registered_models()]
    refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, name)
    genai.delete_prompt_alias(name, alias="production")
    if MAJOR >= 3:
        found = genai.search_prompts(filter_string=f"name = '{name}'")
        assert [prompt.name for prompt in found] == [name], found
        chat = genai.register_prompt(name=f"{name}-chat", template=[{"role": "user", "content": "Hi {{who}}"}],
                                     response_format={"type": "object", "properties": {"x": {"type": "string"}}})
        read = genai.load_prompt(f"prompts:/{name}-chat/{chat.version}")
        assert read.template[0]["role"] == "user" and read.response_format["type"] == "object", read
        assert read.format(who="Ana") == [{"role": "user", "content": "Hi Ana"}]
        client.set_prompt_tag(name, "team", "a")
        assert client.get_prompt(name).tags["team"] == "a"
        client.delete_prompt_tag(name, "team")
        client.set_prompt_version_tag(name, "1", "checked", "yes")
        assert genai.load_prompt(name, version=1).tags["checked"] == "yes"
        client.delete_prompt_version_tag(name, "1", "checked")
        page = client.search_prompt_versions(name)
        assert sorted(int(version.version) for version in getattr(page, "prompt_versions", page)) == [1, 2], page
        mlflow.set_experiment("prompts")
        with mlflow.start_run() as run:
            genai.load_prompt(f"prompts:/{name}/1")
        linked = json.loads(client.get_run(run.info.run_id).data.tags.get("mlflow.linkedPrompts", "[]"))
        assert linked == [{"name": name, "version": "1"}], linked
        client.delete_prompt_version(name, "2")
        client.delete_prompt_version(name, "1")
        client.delete_prompt(name)
        assert not genai.search_prompts(filter_string=f"name = '{name}'")
    return "ok"


def evaluation():
    from mlflow.genai.datasets import create_dataset, delete_dataset, get_dataset, search_datasets, set_dataset_tags
    from mlflow.genai.scorers import Guidelines, delete_scorer, get_scorer, list_scorers

    experiment = mlflow.set_experiment("judged")
    made = create_dataset(name="questions", experiment_id=experiment.experiment_id, tags={"team": "a"})
    made.merge_records([{"inputs": {"question": f"q{index}"}, "expectations": {"answer": str(index)}} for index in range(5)])
    made.merge_records([{"inputs": {"question": "q0"}, "expectations": {"tone": "kind"}, "tags": {"seen": "twice"}}])
    read = get_dataset(dataset_id=made.dataset_id)
    frame = read.to_df()
    assert len(frame) == 5, frame
    row = frame[frame["inputs"].map(lambda inputs: inputs["question"] == "q0")].iloc[0]
    assert row["expectations"] == {"answer": "0", "tone": "kind"}, row
    assert read.experiment_ids == [experiment.experiment_id] and read.profile and read.schema
    found = search_datasets(experiment_ids=[experiment.experiment_id], filter_string="tags.team = 'a'")
    assert [one.name for one in found] == ["questions"], found
    set_dataset_tags(dataset_id=made.dataset_id, tags={"team": "b"})
    assert not search_datasets(filter_string="tags.team = 'a'")
    read.delete_records([row["dataset_record_id"]])
    assert len(get_dataset(dataset_id=made.dataset_id).to_df()) == 4
    delete_dataset(dataset_id=made.dataset_id)
    refused("RESOURCE_DOES_NOT_EXIST", get_dataset, dataset_id=made.dataset_id)

    scorer = Guidelines(name="kind", guidelines=["Be kind."], model="openai:/gpt-4o-mini")
    scorer.register(experiment_id=experiment.experiment_id)
    Guidelines(name="kind", guidelines=["Be very kind."], model="openai:/gpt-4o-mini").register(experiment_id=experiment.experiment_id)
    listed = list_scorers(experiment_id=experiment.experiment_id)
    assert [one.name for one in listed] == ["kind"], listed
    assert get_scorer(name="kind", experiment_id=experiment.experiment_id).guidelines == ["Be very kind."]
    assert get_scorer(name="kind", experiment_id=experiment.experiment_id, version=1).guidelines == ["Be kind."]
    delete_scorer(name="kind", experiment_id=experiment.experiment_id, version="all")
    assert not list_scorers(experiment_id=experiment.experiment_id)

    with mlflow.start_run() as run:
        client.log_inputs(run.info.run_id, [dataset("rain", "https://example.org/rain.csv")])
    answer = requests.post(os.environ["MLFLOW_TRACKING_URI"] + "/ajax-api/2.0/mlflow/experiments/search-datasets", timeout=30,
                           json={"experiment_ids": [experiment.experiment_id]},
                           headers={"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]})
    summaries = answer.json()["dataset_summaries"]
    assert [(one["name"], one["context"]) for one in summaries] == [("rain", "training")], summaries
    return "ok"


if __name__ == "__main__":
    task = globals()[sys.argv[1]]
    print(json.dumps(task(*sys.argv[2:])))
    sys.stdout.flush()
    os._exit(0)  # not to wait for threads that the client starts
