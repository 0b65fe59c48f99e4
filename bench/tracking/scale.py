#!/usr/bin/env python3
"""How tracking does at scale, through HTTP, on a `ciclo server` of its own.

  scale.py load <folder>       makes 100,000 runs of 10 metrics, 5 parameters and 3 tags (and 20,000 in another experiment and
                               another workspace, with the same keys), and one run of a metric of 1,000,000 points
  scale.py measure <folder>    starts a server on that folder and times searches, histories, samples, comparisons and writes

CICLO_BIN names the folder of the program; RUNS the number of runs. Every answer is checked. Times are medians in ms.
"""

import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlencode, urlparse

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("CICLO_BIN", ROOT / "build/release/bin"))
RUNS = int(os.environ.get("RUNS", 100_000))
OTHERS = RUNS // 5
POINTS = RUNS * 10


class Server:
    def __init__(self, data):
        self.data = Path(data)
        (self.data / "server.json").unlink(missing_ok=True)
        begin = time.perf_counter()
        self.process = subprocess.Popen([BIN / "ciclo", "server", "--data", self.data, "--port", "0"], stdout=subprocess.DEVNULL,
                                        stderr=open(self.data.parent / "server.log", "ab"))
        while not (self.data / "server.json").exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended; see {self.data.parent}/server.log")
            time.sleep(0.01)
        print(f"start of the server {time.perf_counter() - begin:.2f} s", flush=True)
        self.url = json.loads((self.data / "server.json").read_text())["url"]
        self.token = (self.data / "admin.token").read_text().strip()

    def client(self, workspace=""):
        return Client(self, workspace)

    def memory_mib(self, field="VmRSS"):
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field + ":"))

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Client:
    def __init__(self, server, workspace):
        parts = urlparse(server.url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=600)
        self.headers = {"Content-Type": "application/json", "Authorization": "Bearer " + server.token}
        self.prefix = f"/workspaces/{workspace}" if workspace else ""

    def send(self, method, path, body=None):
        data = None if body is None else body if isinstance(body, str) else json.dumps(body)
        self.connection.request(method, path, data, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]!r}")
        return text

    def raw(self, method, path, body=None):
        return self.send(method, f"{self.prefix}/api/2.0/mlflow/{path}", body)

    def call(self, method, path, body=None):
        return json.loads(self.raw(method, path, body) or b"{}")


def metrics_of(i, count):
    """m0 is even over 0…1; m1 goes with it, m2 against it; the others are chance."""
    chance = random.Random(i)
    x = (i * 7919 % count) / count
    values = [x, x + chance.random() / 1000, 1 - x + chance.random() / 1000] + [chance.random() for _ in range(7)]
    return [{"key": f"m{k}", "value": value, "timestamp": 1000 + i, "step": 1} for k, value in enumerate(values)]


def make_runs(server, workspace, experiment, count, clients=4):
    errors = []

    def work(worker):
        try:
            client = server.client(workspace)
            for i in range(worker, count, clients):
                chance = random.Random(i + 1_000_000)
                tags = [{"key": "team", "value": f"team {chance.randrange(1000)}"}, {"key": "half", "value": "ab"[i % 2]},
                        {"key": "note", "value": f"run number {i} of the load"}]
                made = client.call("POST", "runs/create", {"experiment_id": experiment, "start_time": 1_700_000_000_000 + i * 1000, "tags": tags})
                params = [{"key": "model", "value": ["tree", "linear"][chance.randrange(2)]}, {"key": "twentieth", "value": str(chance.randrange(20))},
                          {"key": "thousandth", "value": str(chance.randrange(1000))}, {"key": "seed", "value": str(i)}]
                if i % 3:
                    params.append({"key": "depth", "value": str(i % 7)})
                client.call("POST", "runs/log-batch", {"run_id": made["run"]["info"]["run_id"], "metrics": metrics_of(i, count), "params": params})
        except Exception as error:  # noqa: BLE001: told by the main thread
            errors.append(error)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(clients)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]


def log_points(client, run, count, size=1000):
    """`count` points of one metric by batches of 1000, one after the other; the time in seconds without making the bodies."""
    took = 0.0
    for first in range(0, count, size):
        body = json.dumps({"run_id": run, "metrics": [{"key": "loss", "value": 1 / (step + 1), "timestamp": 1_700_000_000_000 + step, "step": step}
                                                      for step in range(first, first + size)]})
        begin = time.perf_counter()
        client.raw("POST", "runs/log-batch", body)
        took += time.perf_counter() - begin
    return took


def new_run(client, experiment="0"):
    return client.call("POST", "runs/create", {"experiment_id": experiment, "start_time": int(time.time() * 1000)})["run"]["info"]["run_id"]


def load(folder):
    data = Path(folder) / "data"
    data.mkdir(parents=True)
    server = Server(data)
    try:
        server.client().send("POST", "/api/v1/workspaces", {"name": "second"})
        begin = time.perf_counter()
        for workspace, name, count in (("", "scale", RUNS), ("", "other", OTHERS), ("second", "scale", OTHERS)):
            experiment = server.client(workspace).call("POST", "experiments/create", {"name": name})["experiment_id"]
            make_runs(server, workspace, experiment, count)
            print(f"{count} runs in {name}: {time.perf_counter() - begin:.0f} s", flush=True)
        client = server.client()
        run = new_run(client)
        print(f"RESULT points_{POINTS} ours={log_points(client, run, POINTS):.2f} unit=s", flush=True)
        (Path(folder) / "long_run").write_text(run)
    finally:
        server.stop()
    print("size of the database", (data / "ciclo.db").stat().st_size >> 20 if (data / "ciclo.db").exists() else sorted(p.name for p in data.iterdir()), "MiB")


def timed(call, count=15, least=3.0):
    times = []
    begin = time.perf_counter()
    answer = None
    for _ in range(count):
        start = time.perf_counter()
        answer = call()
        times.append((time.perf_counter() - start) * 1000)
        if time.perf_counter() - begin > least and len(times) >= 3:
            break
    return statistics.median(times), max(times), answer


def report(name, median, worst, more=""):
    print(f"{name:62} p50 {median:9.2f} ms   max {worst:9.2f} ms   {more}", flush=True)


SHAPES = [
    # name, filter, order_by
    ("no filter", "", []),
    ("no filter, by metric DESC", "", ["metrics.m0 DESC"]),
    ("no filter, by metric ASC", "", ["metrics.m0 ASC"]),
    ("50 % metric, 50 % param, by another metric DESC", "metrics.m3 > 0.5 AND params.model = 'tree'", ["metrics.m4 DESC"]),
    ("50 % metric, 50 % param, by another metric ASC", "metrics.m3 > 0.5 AND params.model = 'tree'", ["metrics.m4 ASC"]),
    ("50 %, correlated, DESC", "metrics.m0 > 0.5 AND params.model = 'tree'", ["metrics.m1 DESC"]),
    ("50 %, correlated, ASC (walks against it)", "metrics.m0 > 0.5 AND params.model = 'tree'", ["metrics.m1 ASC"]),
    ("50 %, same metric, ASC", "metrics.m0 > 0.5 AND params.model = 'tree'", ["metrics.m0 ASC"]),
    ("50 %, anti-correlated, DESC", "metrics.m0 > 0.5 AND params.model = 'tree'", ["metrics.m2 DESC"]),
    ("50 %, anti-correlated, ASC", "metrics.m0 > 0.5 AND params.model = 'tree'", ["metrics.m2 ASC"]),
    ("5 % metric, 5 % param, by metric DESC", "metrics.m3 > 0.95 AND params.twentieth = '7'", ["metrics.m4 DESC"]),
    ("5 % metric, 5 % param, by metric ASC", "metrics.m3 > 0.95 AND params.twentieth = '7'", ["metrics.m4 ASC"]),
    ("5 % anti-correlated", "metrics.m0 > 0.95 AND params.model = 'tree'", ["metrics.m2 DESC"]),
    ("0.1 % metric, by metric DESC", "metrics.m3 > 0.999 AND params.model = 'tree'", ["metrics.m4 DESC"]),
    ("0.1 % param, by metric ASC", "metrics.m3 > 0.5 AND params.thousandth = '77'", ["metrics.m4 ASC"]),
    ("two wide ranges that never meet", "metrics.m0 > 0.5 AND metrics.m2 > 0.6", ["metrics.m4 DESC"]),
    ("four clauses, by metric", "metrics.m3 > 0.5 AND metrics.m4 < 0.5 AND params.model = 'tree' AND tags.half = 'a'", ["metrics.m5 DESC"]),
    ("by start_time ASC, 50 %", "metrics.m3 > 0.5 AND params.model = 'tree'", ["attributes.start_time ASC"]),
    ("newest, 5 % and 5 %", "metrics.m3 > 0.95 AND params.twentieth = '7'", []),
    ("start_time range", "attributes.start_time > 1700050000000 AND metrics.m3 > 0.5", ["attributes.start_time ASC"]),
    ("LIKE on a tag, many", "tags.note LIKE 'run number%'", []),
    ("LIKE on a tag, 1 %", "tags.note LIKE '%99 of%'", ["metrics.m4 DESC"]),
    ("LIKE on a tag, none", "tags.note LIKE '%nothing%'", []),
    ("ILIKE on the run's name", "attributes.run_name ILIKE '%ZZZZ%'", []),
    ("OR of a metric and a param", "metrics.m3 > 0.999 OR params.thousandth = '77'", ["metrics.m4 DESC"]),
    ("OR of wide clauses", "metrics.m3 > 0.5 OR params.model = 'tree'", ["metrics.m4 DESC"]),
    ("IN", "params.thousandth IN ('7', '77', '777')", ["metrics.m4 DESC"]),
    ("NOT IN", "params.model NOT IN ('tree')", ["metrics.m4 DESC"]),
    ("IS NULL", "params.depth IS NULL AND metrics.m3 > 0.5", ["metrics.m4 DESC"]),
    ("IS NULL of what all have", "params.model IS NULL", []),
    ("status", "attributes.status = 'RUNNING' AND metrics.m3 > 0.5", []),
    ("status that none has", "attributes.status = 'FAILED'", []),
    ("by a param", "metrics.m3 > 0.5", ["params.twentieth ASC"]),
    ("by a tag DESC", "", ["tags.team DESC"]),
    ("by end_time", "", ["attributes.end_time DESC"]),
    ("by a metric and a param", "metrics.m3 > 0.5", ["metrics.m4 DESC", "params.model ASC"]),
    ("by a metric that none has", "", ["metrics.none DESC"]),
]


def measure_searches(client, experiment):
    for size in (20, 1000):
        for name, text, order in SHAPES:
            body = json.dumps({"experiment_ids": [experiment], "filter": text, "order_by": order, "max_results": size})
            median, worst, answer = timed(lambda: client.raw("POST", "runs/search", body))
            report(f"search {size}: {name}", median, worst, f"{len(json.loads(answer).get('runs', []))} runs")
    body = {"experiment_ids": [experiment], "max_results": 1000, "order_by": ["metrics.m4 DESC"], "metric_keys": ["m4"], "param_keys": [], "tag_keys": []}
    median, worst, answer = timed(lambda: client.raw("POST", "runs/search", json.dumps(body)))
    report("search 1000: metric_keys of one", median, worst, f"{len(answer) >> 10} KiB")


def measure_walk(client, experiment, order):
    body = {"experiment_ids": [experiment], "max_results": 1000, "order_by": order}
    times, seen = [], 0
    while True:
        begin = time.perf_counter()
        text = client.raw("POST", "runs/search", body)
        times.append((time.perf_counter() - begin) * 1000)
        page = json.loads(text)
        seen += len(page.get("runs", []))
        if "next_page_token" not in page:
            break
        body["page_token"] = page["next_page_token"]
    if seen != RUNS:
        raise RuntimeError(f"the walk gave {seen} runs")
    print(f"walk of {seen} runs {order}: first pages {statistics.median(times[:5]):.1f} ms, last {times[-2]:.1f} and {times[-1]:.1f} ms, in all {sum(times) / 1000:.2f} s", flush=True)


def measure_reads(folder, client, experiment):
    run = (Path(folder) / "long_run").read_text()

    def history(limit, most):
        count, token, pages = 0, "", 0
        while count < most:
            page = json.loads(client.raw("GET", f"metrics/get-history?{urlencode({'run_id': run, 'metric_key': 'loss', 'max_results': limit, 'page_token': token})}"))
            count += len(page["metrics"])
            token = page.get("next_page_token", "")
            if not token:
                break
        return count

    median, worst, _ = timed(lambda: client.raw("GET", f"metrics/get-history?run_id={run}&metric_key=loss&max_results=25000"))
    report("history, one page of 25,000", median, worst)
    median, worst, _ = timed(lambda: history(25_000, 100_000), 5)
    report("history of 100,000 by pages (with Python's parsing)", median, worst)
    for points in (320, 2500):
        median, worst, text = timed(lambda: client.raw("GET", f"metrics/get-history-bulk-interval?run_ids={run}&metric_key=loss&max_results={points}"))
        found = json.loads(text)["metrics"]
        assert found[0]["step"] == 0 and found[-1]["step"] == POINTS - 1 and len(found) <= points, (len(found), found[0], found[-1])
        report(f"sample of {points} of {POINTS}", median, worst, f"{len(found)} points")
    ids = [r["info"]["run_id"] for r in client.call("POST", "runs/search", {"experiment_ids": [experiment], "max_results": 500})["runs"]]
    for i, one in enumerate(ids):
        client.raw("POST", "runs/log-batch", {"run_id": one, "metrics": [{"key": "curve", "value": i + s, "timestamp": s, "step": s} for s in range(1000)]})
    for count in (100, 500):
        query = "&".join(f"run_ids={one}" for one in ids[:count])
        try:
            median, worst, text = timed(lambda: client.raw("GET", f"metrics/get-history-bulk-interval?{query}&metric_key=curve&max_results=320"), 7)
            report(f"sample of {count} runs × 320 of 1000 points", median, worst, f"{len(json.loads(text)['metrics'])} points")
        except RuntimeError as error:
            print(f"sample of {count} runs: {error}"[:150])
    try:
        body = json.dumps({"run_ids": ids})
        median, worst, text = timed(lambda: client.send("POST", "/api/v1/workspaces/default/runs/compare", body))
        report("compare 500 runs", median, worst, f"{len(text) >> 10} KiB")
    except RuntimeError as error:
        print(f"compare: {error}"[:150])


def measure_writes(server, client):
    run = new_run(client)
    step = iter(range(10_000_000))
    median, worst, _ = timed(lambda: client.raw("POST", "runs/log-metric", {"run_id": run, "key": "a", "value": 0.5, "timestamp": 1, "step": next(step)}), 2000, 2)
    report("log-metric, 1 client", median, worst)
    script = ROOT / "bench/tracking/log_metric.lua"
    for clients in (1, 20):
        runs = " ".join(new_run(client) for _ in range(clients))
        done = subprocess.run(["wrk", "-t1", f"-c{clients}", "-d3s", "-s", script, server.url], capture_output=True, text=True,
                              env={**os.environ, "RUNS": runs, "MLFLOW_TRACKING_TOKEN": server.token})
        line = [line for line in done.stdout.splitlines() if line.startswith("MEASURED")]
        print(f"log-metric by wrk, {clients} clients: requests/s, p50 ms, failed: {line}")
    median, worst, _ = timed(lambda: new_run(client), 500, 2)
    report("create run", median, worst)
    for size in (10, 1000):
        run = new_run(client)
        bodies = iter([json.dumps({"run_id": run, "metrics": [{"key": f"m{i % 10}", "value": i, "timestamp": i, "step": b * 100 + i // 10} for i in range(size)]})
                       for b in range(200)])
        median, worst, _ = timed(lambda: client.raw("POST", "runs/log-batch", next(bodies)), 200, 3)
        report(f"log-batch of {size} over 10 keys", median, worst)
    took = log_points(client, new_run(client), POINTS // 4)
    print(f"RESULT points ours={took * 4:.2f} unit=s for {POINTS} points (measured with {POINTS // 4})", flush=True)


def measure(folder):
    server = Server(Path(folder) / "data")
    try:
        print(f"memory at rest {server.memory_mib():.0f} MiB")
        client = server.client()
        experiment = client.call("GET", "experiments/get-by-name?experiment_name=scale")["experiment"]["experiment_id"]
        parts = os.environ.get("PARTS", "searches walk reads writes").split()
        if "searches" in parts:
            measure_searches(client, experiment)
        if "walk" in parts:
            for order in ([], ["metrics.m4 DESC"], ["metrics.m4 ASC"]):
                measure_walk(client, experiment, order)
        print(f"memory after searches {server.memory_mib():.0f} MiB")
        if "reads" in parts:
            measure_reads(folder, client, experiment)
        if "writes" in parts:
            measure_writes(server, client)
        print(f"memory at most {server.memory_mib('VmHWM'):.0f} MiB")
    finally:
        server.stop()


if __name__ == "__main__":
    {"load": load, "measure": measure}[sys.argv[1]](sys.argv[2])
