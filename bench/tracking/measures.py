"""What is measured of one server; each answer is checked."""

import json
import os
import statistics
import subprocess
import time
from pathlib import Path

import runs
from servers import Client

HERE = Path(__file__).resolve().parent


def timed(act, count):
    """Median in milliseconds."""
    times = []
    for turn in range(count):
        began = time.perf_counter()
        act(turn)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def log_metrics(server, clients, seconds):
    """Requests a second, as wrk measures them."""
    client = Client(server)
    ids = [client.new_run() for _ in range(clients)]
    answer = subprocess.run(
        ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", HERE / "log_metric.lua", server.url],
        env={**os.environ, "RUNS": " ".join(ids), "MLFLOW_TRACKING_TOKEN": server.token},
        capture_output=True, text=True, check=True)
    measured = next(line for line in answer.stdout.splitlines() if line.startswith("MEASURED")).split()
    rate, failed = float(measured[1]), int(measured[3])
    if failed:
        raise RuntimeError(f"{failed} requests failed at {server.name}")
    # What was acknowledged is there: the sum over the runs is at least the requests that wrk counted.
    kept = sum(len(history(client, run, "loss")) for run in ids)
    if kept < int(rate * seconds * 0.95):
        raise RuntimeError(f"{server.name}: about {int(rate * seconds)} metrics were acknowledged, {kept} are there")
    return rate


def history(client, run, key):
    points, token = [], ""
    while True:
        page = client.call("GET", f"metrics/get-history?run_id={run}&metric_key={key}&max_results=25000&page_token={token}")
        points += page.get("metrics", [])
        token = page.get("next_page_token", "")
        if not token:
            return points


def batch_of(run, size, first_step):
    return json.dumps({"run_id": run, "metrics": [
        {"key": f"m{i % 10}", "value": i + 0.5, "timestamp": 1700000000000 + first_step + i // 10, "step": first_step + i // 10}
        for i in range(size)]})


def log_batch(server, size, count):
    client = Client(server)
    run = client.new_run()
    bodies = [batch_of(run, size, turn * 1000) for turn in range(count)]
    return timed(lambda turn: client.text("POST", "runs/log-batch", bodies[turn]), count)


def million_points(server, points):
    """Points a second by log-batch of 1000 from one client."""
    client = Client(server)
    run = client.new_run()
    count = points // 1000
    bodies = [batch_of(run, 1000, turn * 100) for turn in range(count)]
    began = time.perf_counter()
    for body in bodies:
        client.text("POST", "runs/log-batch", body)
    seconds = time.perf_counter() - began
    if len(history(client, run, "m3")) != points // 10:
        raise RuntimeError(f"{server.name}: points are missing")
    return points / seconds


def create_run(server, count):
    client = Client(server)
    return timed(lambda _: client.new_run(), count)


def long_history(server, points, count):
    """Milliseconds to read a history of that many points in pages of 25,000."""
    client = Client(server)
    run = client.new_run()
    for first in range(0, points, 1000):
        client.text("POST", "runs/log-batch", json.dumps({"run_id": run, "metrics": [
            {"key": "loss", "value": 1 / (step + 1), "timestamp": 1700000000000 + step, "step": step}
            for step in range(first, first + 1000)]}))

    def read(_):
        if [int(point["step"]) for point in history(client, run, "loss")] != list(range(points)):
            raise RuntimeError(f"{server.name}: the history is not what was logged")
    return timed(read, count)


def search(server, experiment, wanted, names, count):
    client = Client(server)

    def once(_):
        found = client.call("POST", "runs/search", wanted.body(experiment)).get("runs", [])
        got = [run["info"]["run_name"] for run in found]
        if got != names:
            raise RuntimeError(f"{server.name}: search '{wanted.name}' gave {got[:3]}…, expected {names[:3]}…")
    return timed(once, count)


def last_page(server, experiment, page):
    """Milliseconds of the last page of a walk over all runs, and of the first."""
    client = Client(server)
    token, times, seen = "", [], 0
    while True:
        body = {"experiment_ids": [experiment], "max_results": page, "order_by": ["metrics.m1 DESC"], "page_token": token}
        began = time.perf_counter()
        found = client.call("POST", "runs/search", body)
        times.append((time.perf_counter() - began) * 1000)
        seen += len(found.get("runs", []))
        token = found.get("next_page_token", "")
        if not token:
            return statistics.median(times[:3]), statistics.median(times[-4:-1]), seen


def artifact(server, file, folder):
    """MB/s up and down through the proxy, by curl. Ciclo's answer to an upload means that it is on the disk; so nothing of others waits there."""
    run = Client(server).new_run()
    url = f"{server.url}/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/big.bin"
    size = file.stat().st_size / 1e6
    token = ["-H", f"Authorization: Bearer {server.token}"] if server.token else []
    back = Path(folder) / "back.bin"
    os.sync()
    began = time.perf_counter()
    subprocess.run(["curl", "-fsS", *token, "-T", file, url, "-o", "/dev/null"], check=True)
    up = time.perf_counter() - began
    os.sync()
    began = time.perf_counter()
    subprocess.run(["curl", "-fsS", *token, url, "-o", back], check=True)
    down = time.perf_counter() - began
    subprocess.run(["cmp", file, back], check=True)
    back.unlink()
    return size / up, size / down
