"""Ciclo beside MLflow's own server and FastTrackML: the same requests to each on one machine, one server at a time under
load, answers checked. Prints one RESULT line a figure and a table.

Ciclo and MLflow's server wait for the disk at every commit; FastTrackML does not. Rows named …_unsynced have Ciclo do the same
(--durability process-crash) beside the same figures of the peers.

bench.py [--quick] [--only log_metric,search,…]; CICLO_BIN names the folder of our programs. --quick takes small sizes,
to see that it runs; its figures mean nothing.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path

import measures
import runs
from servers import Ciclo, CicloUnsynced, FastTrackML, Mlflow

AREAS = ["start", "log_metric", "log_batch", "create_run", "points", "history", "search", "artifact"]


class Report:
    def __init__(self):
        self.rows = []

    def add(self, name, unit, values, more_is_better):
        """values: {server: figure}, ours first."""
        self.rows.append((name, unit, values, more_is_better))
        ours = values["ciclo"]
        for peer, figure in values.items():
            if peer != "ciclo":
                ratio = ours / figure if more_is_better else figure / ours
                print(f"RESULT {name} ours={ours:.2f} peer={figure:.2f} ratio={ratio:.2f} unit={unit} peer_name={peer}", flush=True)
        if len(values) == 1:
            print(f"RESULT {name} ours={ours:.2f} unit={unit}", flush=True)

    def table(self):
        print(f"\n{'':34} {'unit':>11} {'ciclo':>12} {'mlflow':>12} {'fasttrackml':>12} {'x mlflow':>9} {'x best':>8}")
        for name, unit, values, more in self.rows:
            ours = values["ciclo"]
            ratios = {peer: (ours / figure if more else figure / ours) for peer, figure in values.items() if peer != "ciclo"}
            cells = [f"{values[s]:12,.2f}" if s in values else f"{'-':>12}" for s in ("ciclo", "mlflow", "fasttrackml")]
            by_mlflow = f"{ratios['mlflow']:9,.1f}" if "mlflow" in ratios else f"{'-':>9}"
            by_best = f"{min(ratios.values()):8,.1f}" if ratios else f"{'-':>8}"
            print(f"{name:34} {unit:>11} {' '.join(cells)} {by_mlflow} {by_best}")


class Bench:
    def __init__(self, folder, quick, only):
        self.folder, self.quick, self.only = Path(folder), quick, only
        self.report = Report()
        self.servers = [Ciclo(folder), Mlflow(folder), FastTrackML(folder)]
        self.unsynced = CicloUnsynced(folder)

    def wants(self, area):
        return not self.only or area in self.only

    def each(self, measure, servers=None):
        return {server.name: measure(server) for server in servers or self.servers}

    def each_write(self, measure, name, unit, more_is_better):
        found = self.each(measure)
        self.report.add(name, unit, found, more_is_better)
        self.report.add(name + "_unsynced", unit, {**found, "ciclo": measure(self.unsynced)}, more_is_better)

    def run(self):
        self.unsynced.start()
        for server in self.servers:
            server.start()
        for server in self.servers:  # the second start finds its database made
            server.stop()
            server.start()
            server.settle()
        if self.wants("start"):
            self.report.add("start", "s", self.each(lambda s: s.start_seconds), False)
            self.report.add("memory_at_rest", "MB", self.each(lambda s: s.memory_mb()), False)
        self.writes()
        if self.wants("history"):
            points = 2000 if self.quick else 100_000
            self.report.add(f"history_{points}", "ms", self.each(lambda s: measures.long_history(s, points, 3)), False)
        if self.wants("artifact"):
            self.artifacts()
        if self.wants("search"):
            for count in [500] if self.quick else [20_000, 100_000]:
                self.search(count)
        if self.wants("start"):
            self.report.add("memory_after", "MB", self.each(lambda s: s.memory_mb()), False)
        self.report.table()

    def writes(self):
        seconds, turns = (1, 5) if self.quick else (5, 100)
        for clients in (1, 20) if self.wants("log_metric") else ():
            self.each_write(lambda s: measures.log_metrics(s, clients, seconds), f"log_metric_c{clients}", "requests/s", True)
        for size in (10, 1000) if self.wants("log_batch") else ():
            self.each_write(lambda s: measures.log_batch(s, size, turns // 3 + 2), f"log_batch_{size}", "ms", False)
        if self.wants("create_run"):
            self.each_write(lambda s: measures.create_run(s, turns), "create_run", "ms", False)
        if self.wants("points"):  # the peers log fewer: at their rate a million takes minutes
            ours, theirs = (2000, 2000) if self.quick else (1_000_000, 20_000)
            found = self.each(lambda s: measures.million_points(s, ours if s.name == "ciclo" else theirs))
            self.report.add("log_points", "points/s", found, True)
            self.report.add(f"log_{ours}_points", "s", {"ciclo": ours / found["ciclo"]}, False)

    def search(self, count):
        experiments = {}
        for server in self.servers:
            if server.name == "ciclo":
                experiments[server.name] = runs.fill_ours(server, count)
                continue
            server.stop()
            experiments[server.name] = runs.fill_peer(server, count)
            server.start()
            server.settle()
        for wanted in runs.searches(count):
            names = wanted.expected(count)
            self.report.add(f"search_{count}_{wanted.name}", "ms", self.each(
                lambda s: measures.search(s, experiments[s.name], wanted, names, 30 if s.name == "ciclo" else 5)), False)
        first, last, seen = measures.last_page(self.servers[0], experiments["ciclo"], 1000 if not self.quick else 100)
        if seen != count:
            raise RuntimeError(f"the walk over all pages gave {seen} of {count} runs")
        self.report.add(f"page_first_of_{count}", "ms", {"ciclo": first}, False)
        self.report.add(f"page_last_of_{count}", "ms", {"ciclo": last}, False)

    def artifacts(self):
        file = self.folder / "big.bin"
        piece = os.urandom(1 << 20)
        with open(file, "wb") as out:
            for _ in range(2 if self.quick else 1000):
                out.write(piece)
        servers = [s for s in self.servers if s.serves_artifacts]
        turns = [self.each(lambda s: measures.artifact(s, file, self.folder), servers) for _ in range(1 if self.quick else 3)]
        for index, name in enumerate(("artifact_upload", "artifact_download")):
            middle = {s.name: statistics.median(turn[s.name][index] for turn in turns) for s in servers}
            self.report.add(name, "MB/s", middle, True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="comma-separated: " + ", ".join(AREAS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ciclo-bench-") as folder:
        bench = Bench(folder, given.quick, set(filter(None, given.only.split(","))))
        try:
            bench.run()
        finally:
            for server in [*bench.servers, bench.unsynced]:
                server.stop()


if __name__ == "__main__":
    main()
