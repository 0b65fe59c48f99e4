"""Drives two tracking servers with the same requests, one after the other, and prints the ratios.

load.py <our URL> <the peer's URL> <seconds>. Single metrics are sent by wrk, so that the load itself costs little; an
answer counts when its status is 200.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from urllib.parse import urlparse

API = "/api/2.0/mlflow/"


class Client:
    def __init__(self, url, token):
        parts = urlparse(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self.headers = {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = "Bearer " + token

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        try:
            answer, text = self.exchange(method, path, data)
        except (http.client.RemoteDisconnected, ConnectionError):  # a kept-alive connection that a worker gave up
            self.connection.close()
            answer, text = self.exchange(method, path, data)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]!r}")
        return json.loads(text or b"{}")

    def exchange(self, method, path, data):
        self.connection.request(method, API + path, data, self.headers)
        answer = self.connection.getresponse()
        return answer, answer.read()

    def new_run(self):
        answer = self.call("POST", "runs/create", {"experiment_id": "0", "start_time": int(time.time() * 1000)})
        return answer["run"]["info"]["run_id"]


def wait_until_up(url, token):
    """Until thirty fresh connections in a row are answered quickly: then every worker of the server has loaded."""
    until = time.time() + 180
    quick = 0
    while quick < 30:
        begin = time.time()
        try:
            Client(url, token).call("GET", "experiments/get?experiment_id=0")
            quick = quick + 1 if time.time() - begin < 0.2 else 0
        except (OSError, RuntimeError, http.client.HTTPException):
            quick = 0
            time.sleep(0.2)
        if time.time() > until:
            raise RuntimeError(f"{url} does not answer quickly; is the machine busy?")


def log_metrics(url, token, clients, seconds):
    """Requests a second, and the median time of one in milliseconds, as wrk measures them."""
    client = Client(url, token)
    runs = [client.new_run() for _ in range(clients)]
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "log_metric.lua")
    answer = subprocess.run(
        ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", script, url],
        env={**os.environ, "RUNS": " ".join(runs), "MLFLOW_TRACKING_TOKEN": token},
        capture_output=True, text=True, check=True)
    measured = next(line for line in answer.stdout.splitlines() if line.startswith("MEASURED")).split()
    rate, median, failed = float(measured[1]), float(measured[2]), int(measured[3])
    if failed:
        raise RuntimeError(f"{failed} requests failed at {url}")
    # What was acknowledged is there: the sum over the runs is at least the requests that wrk counted.
    kept = sum(history_length(client, run) for run in runs)
    if kept < int(rate * seconds * 0.95):
        raise RuntimeError(f"about {int(rate * seconds)} metrics were acknowledged, {kept} are there")
    return rate, median


def history_length(client, run):
    count, token = 0, ""
    while True:
        page = client.call("GET", f"metrics/get-history?run_id={run}&metric_key=loss&max_results=25000&page_token={token}")
        count += len(page.get("metrics", []))
        token = page.get("next_page_token", "")
        if not token:
            return count


def log_batches(url, token, count=10):
    client = Client(url, token)
    run = client.new_run()
    times = []
    for batch in range(count):
        metrics = [{"key": f"m{i % 10}", "value": i, "timestamp": i, "step": batch * 100 + i // 10} for i in range(1000)]
        begin = time.perf_counter()
        client.call("POST", "runs/log-batch", {"run_id": run, "metrics": metrics})
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1000


def search(url, token, runs=120, count=10):
    client = Client(url, token)
    experiment = client.call("POST", "experiments/create", {"name": f"search {time.time()}"})["experiment_id"]
    for i in range(runs):
        run = client.call("POST", "runs/create", {"experiment_id": experiment, "start_time": 1000 + i})["run"]["info"]["run_id"]
        client.call("POST", "runs/log-batch", {"run_id": run,
                    "metrics": [{"key": f"m{k}", "value": (i * 7 + k) % runs, "timestamp": 1, "step": 0} for k in range(10)],
                    "params": [{"key": "model", "value": "tree" if i % 2 else "linear"}]})
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        found = client.call("POST", "runs/search", {"experiment_ids": [experiment], "max_results": 20,
                            "filter": f"metrics.m3 > {runs // 2} and params.model = 'tree'", "order_by": ["metrics.m1 DESC"]})
        times.append(time.perf_counter() - begin)
        if len(found["runs"]) != 20:
            raise RuntimeError(f"the search gave {len(found['runs'])} runs")
    return statistics.median(times) * 1000


def result(name, ours, peer, unit, more_is_better):
    ratio = ours / peer if more_is_better else peer / ours
    print(f"RESULT {name} ours={ours:.2f} peer={peer:.2f} ratio={ratio:.2f} unit={unit} peer_name=mlflow", flush=True)


def main():
    ours, theirs, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    token = os.environ["MLFLOW_TRACKING_TOKEN"]
    wait_until_up(ours, token)
    wait_until_up(theirs, "")
    for clients in (1, 20):
        mine, my_median = log_metrics(ours, token, clients, seconds)
        other, other_median = log_metrics(theirs, "", clients, seconds)
        result(f"log_metric_c{clients}", mine, other, "requests/s", True)
        result(f"log_metric_c{clients}_p50", my_median, other_median, "ms", False)
    result("log_batch_1000", log_batches(ours, token), log_batches(theirs, ""), "ms", False)
    result("search_120_runs", search(ours, token), search(theirs, ""), "ms", False)


if __name__ == "__main__":
    main()
