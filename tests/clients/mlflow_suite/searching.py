"""search_runs and search_experiments: every operator, what goes beyond MLflow, orders, pages."""

import unittest

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from mlflow_suite.common import name_of


class Searching(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = MlflowClient()
        cls.experiment = cls.client.create_experiment(name_of("searching"))
        cls.ids = {}
        for name, start, accuracy, kind in [("alpha", 1001, 0.1, "tree"), ("beta", 1002, 0.5, "linear"), ("Gamma", 1003, 0.9, None)]:
            run = cls.client.create_run(cls.experiment, start_time=start, run_name=name)
            cls.ids[name] = run.info.run_id
            cls.client.log_metric(run.info.run_id, "accuracy", accuracy)
            cls.client.log_metric(run.info.run_id, "a b", accuracy * 10)
            if kind:
                cls.client.log_param(run.info.run_id, "kind", kind)
                cls.client.set_tag(run.info.run_id, "team", kind.upper())
        cls.client.set_terminated(cls.ids["beta"], "FAILED", end_time=5000)

    def names(self, filter_string, **arguments):
        runs = self.client.search_runs([self.experiment], filter_string=filter_string, **arguments)
        return sorted(run.info.run_name for run in runs)

    def test_operators_of_mlflow(self):
        for filter_string, expected in [
            ("metrics.accuracy > 0.1", ["Gamma", "beta"]),
            ("metrics.accuracy >= 0.1 and metrics.accuracy <= 0.5", ["alpha", "beta"]),
            ("metrics.accuracy < 0.5", ["alpha"]),
            ("metrics.accuracy = 0.5", ["beta"]),
            ("metrics.accuracy != 0.5", ["Gamma", "alpha"]),
            ("metrics.`a b` > 4", ["Gamma", "beta"]),
            ('metrics."a b" < 4', ["alpha"]),
            ("params.kind = 'tree'", ["alpha"]),
            ("params.kind != 'tree'", ["beta"]),
            ("params.kind LIKE 't%'", ["alpha"]),
            ("params.kind LIKE 'T%'", []),
            ("params.kind ILIKE 'T%'", ["alpha"]),
            ("tags.team = 'LINEAR'", ["beta"]),
            ("tags.team ILIKE 'linear' AND status = 'FAILED'", ["beta"]),
            ("attributes.status != 'FAILED'", ["Gamma", "alpha"]),
            ("run_name LIKE '%a'", ["Gamma", "alpha", "beta"]),
            ("attributes.start_time > 1001 AND attributes.start_time <= 1003", ["Gamma", "beta"]),
            ("end_time = 5000", ["beta"]),
            (f"run_id IN ('{self.ids['alpha']}', '{self.ids['Gamma']}')", ["Gamma", "alpha"]),
            (f"run_id NOT IN ('{self.ids['alpha']}', '{self.ids['Gamma']}')", ["beta"]),
        ]:
            self.assertEqual(self.names(filter_string), expected, filter_string)

    def test_operators_beyond_mlflow(self):
        for filter_string, expected in [
            ("metrics.accuracy > 0.8 OR params.kind = 'tree'", ["Gamma", "alpha"]),
            ("(params.kind = 'tree' OR params.kind = 'linear') AND metrics.accuracy > 0.2", ["beta"]),
            ("params.kind IN ('tree', 'linear')", ["alpha", "beta"]),
            ("params.kind NOT IN ('tree')", ["beta"]),
            ("metrics.accuracy IN (0.1, 0.9)", ["Gamma", "alpha"]),
            ("run_name IN ('alpha', 'beta')", ["alpha", "beta"]),
            ("status IN ('FAILED')", ["beta"]),
            ("params.kind IS NULL", ["Gamma"]),
            ("params.kind IS NOT NULL", ["alpha", "beta"]),
            ("metrics.loss IS NULL AND tags.team IS NOT NULL", ["alpha", "beta"]),
            ("end_time IS NULL", ["Gamma", "alpha"]),
        ]:
            self.assertEqual(self.names(filter_string), expected, filter_string)

    def test_orders(self):
        for order, expected in [
            (["metrics.accuracy DESC"], ["Gamma", "beta", "alpha"]),
            (["metrics.accuracy ASC"], ["alpha", "beta", "Gamma"]),
            (["params.kind"], ["beta", "alpha", "Gamma"]),
            (["params.kind DESC"], ["alpha", "beta", "Gamma"]),
            (["tags.team ASC", "start_time DESC"], ["beta", "alpha", "Gamma"]),
            (["attributes.start_time ASC"], ["alpha", "beta", "Gamma"]),
            (["end_time", "start_time DESC"], ["beta", "Gamma", "alpha"]),
            ([], ["Gamma", "beta", "alpha"]),
        ]:
            runs = self.client.search_runs([self.experiment], order_by=order)
            self.assertEqual([run.info.run_name for run in runs], expected, order)

    def test_what_is_refused(self):
        for filter_string in ["metrics.accuracy > 'x'", "params.kind = 3", "colour = 'red'", "params.kind = 'tree", "(status = 'FAILED'"]:
            with self.assertRaises(MlflowException, msg=filter_string) as refused:
                self.names(filter_string)
            self.assertEqual(refused.exception.error_code, "INVALID_PARAMETER_VALUE", filter_string)
        with self.assertRaises(MlflowException):
            self.client.search_runs([self.experiment], order_by=["start_time SIDEWAYS"])

    def test_frames(self):
        frame = mlflow.search_runs([self.experiment], order_by=["start_time"])
        self.assertEqual(list(frame["tags.mlflow.runName"]), ["alpha", "beta", "Gamma"])
        self.assertEqual(list(frame["metrics.accuracy"]), [0.1, 0.5, 0.9])
        self.assertTrue(frame["params.kind"].isna().iloc[2])
        self.assertEqual(len(mlflow.search_runs([self.experiment], max_results=2)), 2)
        self.assertEqual(len(mlflow.search_runs(experiment_names=[name_of("searching")])), 3)
        self.assertEqual(len(mlflow.search_runs(search_all_experiments=True, filter_string=f"run_id = '{self.ids['beta']}'")), 1)

    def test_experiments(self):
        ids = [self.client.create_experiment(name_of(f"found {i}"), tags={"group": name_of("g"), "i": str(i)}) for i in range(3)]
        found = lambda filter_string, **more: [e.experiment_id for e in self.client.search_experiments(filter_string=filter_string, **more)]
        group = f"tags.group = '{name_of('g')}'"
        self.assertEqual(found(group, order_by=["name ASC"]), ids)
        self.assertEqual(found(f"{group} AND tags.i = '1'"), [ids[1]])
        self.assertEqual(found(f"{group} AND (tags.i = '0' OR tags.i = '2')", order_by=["name DESC"]), [ids[2], ids[0]])
        self.assertEqual(found(f"{group} AND name ILIKE 'FOUND%'", order_by=["creation_time", "name"]), ids)
        page = self.client.search_experiments(filter_string=group, max_results=2, order_by=["name"])
        rest = self.client.search_experiments(filter_string=group, max_results=2, order_by=["name"], page_token=page.token)
        self.assertEqual([e.experiment_id for e in [*page, *rest]], ids)
        self.assertFalse(rest.token)

    def test_search_runs(self):
        experiment = self.client.create_experiment(name_of("search"), tags={"k": "v"})
        ids = []
        for i in range(7):
            run = self.client.create_run(experiment, start_time=1000 + i, run_name=f"r{i}")
            ids.append(run.info.run_id)
            self.client.log_metric(run.info.run_id, "acc", i / 10)
            self.client.log_param(run.info.run_id, "model", "tree" if i % 2 else "linear")
        search = lambda **arguments: [r.info.run_name for r in self.client.search_runs([experiment], **arguments)]
        self.assertEqual(search(), [f"r{i}" for i in reversed(range(7))])
        self.assertEqual(search(filter_string="metrics.acc > 0.35 and params.model = 'tree'"), ["r5"])
        self.assertEqual(search(filter_string="attributes.run_name LIKE 'r%'", order_by=["metrics.acc ASC"])[:2], ["r0", "r1"])
        page = self.client.search_runs([experiment], max_results=3, order_by=["metrics.acc DESC"])
        names = [r.info.run_name for r in page]
        while page.token:
            page = self.client.search_runs([experiment], max_results=3, order_by=["metrics.acc DESC"], page_token=page.token)
            names += [r.info.run_name for r in page]
        self.assertEqual(names, [f"r{i}" for i in reversed(range(7))])
        frame = mlflow.search_runs(experiment_ids=[experiment], filter_string="params.model = 'linear'")
        self.assertEqual(len(frame), 4)
        self.assertIn("metrics.acc", frame.columns)
