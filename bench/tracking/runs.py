"""The runs of the search benchmark: the same in every server. Ours are made through the API; a peer's rows are written
into its database while it is stopped, since asking it would take an hour."""

import sqlite3

from servers import Client

METRICS = 10


def value_of(i, k, count):
    """Metric k of run i: a permutation of 0 … count - 1 that differs from metric to metric (7919, 104729 … are primes
    that divide no count used here)."""
    return float((i * (7919 + 2 * k * 5) + k * 104729) % count)


def params_of(i):
    return {"model": ("tree", "linear", "forest", "mlp")[i % 4], "depth": str(i % 30), "rate": f"0.{i % 97:02d}",
            "seed": str(i), "note": f"variant {i % 1000}"}


def tags_of(i):
    return {"mlflow.runName": f"run-{i}", "team": f"team-{i % 12}", "mlflow.user": "bench"}


class Search:
    """A search and the names of the runs that it must give, in order, found by looking at all of them."""

    def __init__(self, name, query, meets, order, reverse, limit):
        self.name, self.query, self.meets, self.order, self.reverse, self.limit = name, query, meets, order, reverse, limit

    def body(self, experiment):
        return {"experiment_ids": [experiment], "filter": self.query, "max_results": self.limit, "order_by": [
            f"metrics.m{self.order} {'DESC' if self.reverse else 'ASC'}"]}

    def expected(self, count):
        found = [i for i in range(count) if self.meets(i)]
        found.sort(key=lambda i: value_of(i, self.order, count), reverse=self.reverse)
        return [f"run-{i}" for i in found[: self.limit]]


def searches(count):
    half, few = count // 2, count - count // 200
    return [
        Search("wide", f"metrics.m3 > {half} and params.model = 'tree'",
               lambda i: value_of(i, 3, count) > half and i % 4 == 0, 1, True, 20),
        Search("narrow", f"metrics.m3 > {few} and params.model = 'tree'",
               lambda i: value_of(i, 3, count) > few and i % 4 == 0, 1, True, 20),
        Search("opposed", f"metrics.m1 < {half // 10} and params.depth = '7'",
               lambda i: value_of(i, 1, count) < half // 10 and i % 30 == 7, 1, True, 20),
    ]


def fill_ours(server, count):
    client = Client(server)
    experiment = client.call("POST", "experiments/create", {"name": f"search {count}"})["experiment_id"]
    for i in range(count):
        made = client.call("POST", "runs/create", {
            "experiment_id": experiment, "start_time": 1000 + i, "run_name": f"run-{i}", "user_id": "bench",
            "tags": [{"key": key, "value": value} for key, value in tags_of(i).items()]})
        client.call("POST", "runs/log-batch", {
            "run_id": made["run"]["info"]["run_id"],
            "metrics": [{"key": f"m{k}", "value": value_of(i, k, count), "timestamp": 1, "step": 0} for k in range(METRICS)],
            "params": [{"key": key, "value": value} for key, value in params_of(i).items()]})
    return experiment


def fill_peer(server, count):
    """Into MLflow's tables, which FastTrackML has, too, with some more columns."""
    number = count  # ids that nobody else takes
    database = sqlite3.connect(server.database)
    is_fml = server.name == "fasttrackml"

    def put(table, rows):
        names = list(rows[0])
        database.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(':' + n for n in names)})", rows)

    experiment = {"experiment_id": number, "name": f"search {count}", "artifact_location": str(server.folder / "a"),
                  "lifecycle_stage": "active", "creation_time": 1, "last_update_time": 1}
    put("experiments", [{**experiment, "namespace_id": 1} if is_fml else experiment])
    first_row = database.execute("SELECT COUNT(*) FROM runs").fetchone()[0]
    for begin in range(0, count, 5000):
        some = range(begin, min(begin + 5000, count))
        ids = {i: f"{count:08x}{i:024x}" for i in some}
        runs = [{"run_uuid": ids[i], "name": f"run-{i}", "source_type": "LOCAL", "source_name": "", "entry_point_name": "",
                 "user_id": "bench", "status": "RUNNING", "start_time": 1000 + i, "end_time": None, "source_version": "",
                 "lifecycle_stage": "active", "artifact_uri": "x", "experiment_id": number, "deleted_time": None}
                for i in some]
        put("runs", [{**run, "row_num": first_row + begin + at} for at, run in enumerate(runs)] if is_fml else runs)
        points = [{"key": f"m{k}", "value": value_of(i, k, count), "timestamp": 1, "step": 0, "is_nan": 0, "run_uuid": ids[i]}
                  for i in some for k in range(METRICS)]
        put("metrics", [{**point, "iter": 1, "context_id": 1} for point in points] if is_fml else points)
        put("latest_metrics", [{**point, "last_iter": 1, "context_id": 1} for point in points] if is_fml else points)
        value = "value_str" if is_fml else "value"
        put("params", [{"key": key, value: text, "run_uuid": ids[i]} for i in some for key, text in params_of(i).items()])
        put("tags", [{"key": key, "value": text, "run_uuid": ids[i]} for i in some for key, text in tags_of(i).items()])
    database.commit()
    database.close()
    return str(number)
