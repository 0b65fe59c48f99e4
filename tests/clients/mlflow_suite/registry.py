"""Registered models, versions, aliases, stages, prompts."""

import unittest
import warnings

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from mlflow_suite.common import MAJOR, SUFFIX, log_model, name_of, small_model


class Registry(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        mlflow.set_experiment(name_of("registry"))

    def test_registry(self):
        name = name_of("registry")
        run_id, _ = log_model(small_model(), registered_model_name=name)
        self.client.update_registered_model(name, description="what it is")
        self.client.set_registered_model_tag(name, "team", "a")
        self.client.set_model_version_tag(name, "1", "checked", "yes")
        self.client.update_model_version(name, "1", description="first")
        model = self.client.get_registered_model(name)
        self.assertEqual((model.description, model.tags["team"]), ("what it is", "a"))
        version = self.client.get_model_version(name, "1")
        self.assertEqual((version.description, version.tags["checked"], version.run_id), ("first", "yes", run_id))
        found = self.client.search_model_versions(f"name = '{name}'")
        self.assertEqual([v.version for v in found], [version.version])
        self.assertEqual(len(self.client.search_model_versions(f"run_id = '{run_id}'")), 1)
        found = self.client.search_registered_models(filter_string=f"name ILIKE 'REGISTRY-{SUFFIX}%' and tags.team = 'a'")
        self.assertEqual([m.name for m in found], [name])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.client.transition_model_version_stage(name, "1", "Production")
            self.assertEqual(self.client.get_latest_versions(name, ["Production"])[0].version, version.version)
        self.client.delete_model_version_tag(name, "1", "checked")
        self.assertEqual(self.client.get_model_version(name, "1").tags, {})
        with self.assertRaises(MlflowException) as twice:
            self.client.create_registered_model(name)
        self.assertEqual(twice.exception.error_code, "RESOURCE_ALREADY_EXISTS")
        renamed = name + "-2"
        self.client.rename_registered_model(name, renamed)
        self.assertEqual(self.client.get_model_version(renamed, "1").run_id, run_id)
        self.client.delete_model_version(renamed, "1")
        self.client.delete_registered_model(renamed)
        with self.assertRaises(MlflowException):
            self.client.get_registered_model(renamed)

    def test_a_local_source_is_refused(self):
        name = name_of("local")
        self.client.create_registered_model(name)
        for source in ["/etc", "file:///etc", "./x"]:
            with self.assertRaises(MlflowException) as refused:
                self.client.create_model_version(name, source)
            self.assertEqual(refused.exception.error_code, "INVALID_PARAMETER_VALUE")

    def test_searches(self):
        names = [name_of(f"listed {i}") for i in range(3)]
        run_id, _ = log_model(small_model())
        for i, name in enumerate(names):
            self.client.create_registered_model(name, tags={"i": str(i), "group": name_of("listed")})
            for _ in range(2):
                self.client.create_model_version(name, f"runs:/{run_id}/model", run_id, tags={"i": str(i)})
        group = f"tags.group = '{name_of('listed')}'"
        page = self.client.search_registered_models(filter_string=group, max_results=2, order_by=["name ASC"])
        rest = self.client.search_registered_models(filter_string=group, max_results=2, order_by=["name ASC"], page_token=page.token)
        self.assertEqual([m.name for m in [*page, *rest]], names)
        found = self.client.search_registered_models(filter_string=f"{group} AND (tags.i = '0' OR tags.i = '2')", order_by=["name DESC"])
        self.assertEqual([m.name for m in found], [names[2], names[0]])
        versions = self.client.search_model_versions(f"name = '{names[1]}'", order_by=["version_number ASC"])
        self.assertEqual([str(v.version) for v in versions], ["1", "2"])
        self.assertEqual(len(self.client.search_model_versions(f"run_id = '{run_id}' AND tags.i = '1'")), 2)
        page = self.client.search_model_versions(f"run_id = '{run_id}'", max_results=4)
        rest = self.client.search_model_versions(f"run_id = '{run_id}'", max_results=4, page_token=page.token)
        self.assertEqual((len(page), len(rest)), (4, 2))
        latest = self.client.get_latest_versions(names[0])
        self.assertEqual([str(v.version) for v in latest], ["2"])

    def test_copying_a_version(self):
        source, target = name_of("copied from"), name_of("copied to")
        log_model(small_model(), registered_model_name=source)
        copy = self.client.copy_model_version(f"models:/{source}/1", target)
        self.assertEqual((copy.name, str(copy.version)), (target, "1"))
        self.assertEqual(list(mlflow.pyfunc.load_model(f"models:/{target}/1").predict([[3.0]])), [1])

    @unittest.skipIf(MAJOR < 3, "prompts came with MLflow 3")
    def test_prompts(self):
        name = name_of("greeting")
        first = mlflow.genai.register_prompt(name=name, template="Hello {{name}}", commit_message="first", tags={"language": "en"})
        self.assertEqual(str(first.version), "1")
        mlflow.genai.register_prompt(name=name, template=[{"role": "user", "content": "Hi {{name}}"}])
        mlflow.genai.set_prompt_alias(name, alias="production", version=1)
        self.assertEqual(mlflow.genai.load_prompt(f"prompts:/{name}@production").format(name="Ana"), "Hello Ana")
        self.assertEqual(mlflow.genai.load_prompt(f"prompts:/{name}/2").template[0]["content"], "Hi {{name}}")
        self.assertIn(name, [prompt.name for prompt in mlflow.genai.search_prompts(filter_string=f"name = '{name}'")])
        self.assertNotIn(name, [model.name for model in self.client.search_registered_models()])
        mlflow.genai.delete_prompt_alias(name, alias="production")
        with self.assertRaises(MlflowException):
            mlflow.genai.load_prompt(f"prompts:/{name}@production", allow_missing=False)
