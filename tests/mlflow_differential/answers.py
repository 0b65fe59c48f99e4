"""Sending a step, and the form in which two servers' answers are compared."""

import http.client
import json
import re
import time
from dataclasses import dataclass
from urllib.parse import quote

from cases import body_bytes, fill

# In these lists MLflow's order is that of its database; they are compared as sets.
UNORDERED = {"tags", "params", "aliases", "files", "latest_versions", "dataset_inputs", "records", "model_inputs", "model_outputs"}
GENERATED_NAME = re.compile(r"^[a-z]+[-_][a-z]+[-_][a-z0-9]+$")
IDS = [
    (re.compile(r"\b(m-|tr-|d-)?[0-9a-f]{32}\b"), r"\1<id>"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"mlflow-artifacts:/+\d+\b"), "mlflow-artifacts:/<n>"),
    (re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "<now>"),
]
JSON_TEXTS = {"tags", "records", "profile", "schema"}  # of evaluation data sets: spaces between words are no difference
DAY_MS = 86_400_000


@dataclass
class Answer:
    status: int
    headers: dict
    text: str
    json: object  # None when it is none

    @property
    def error_code(self):
        return self.json.get("error_code", "") if isinstance(self.json, dict) and self.status >= 400 else ""

    def __str__(self):
        return f"{self.status} {self.error_code}".strip()


class Peer:
    """One of the servers, with the names that its answers gave."""

    def __init__(self, name, host, port, headers):
        self.name, self.headers, self.names = name, headers, {}
        self.connection = http.client.HTTPConnection(host, port, timeout=60)

    def send(self, step):
        path = fill(step.path, self.names)
        headers = {**self.headers, "Content-Type": "application/json", **step.headers}
        body = body_bytes(fill(step.body, self.names)) if step.body else None
        if body is None:
            headers.pop("Content-Type")
        self.connection.request(step.method, quote(path, safe="/%?&=:@!$'()*+,;~"), body, headers)
        response = self.connection.getresponse()
        data = response.read()
        try:
            parsed = json.loads(data)
        except ValueError:
            parsed = None
        answer = Answer(response.status, dict(response.getheaders()), data.decode(errors="replace"), parsed)
        for name, member in step.keep:
            self.names[name] = self.member(answer, member, step)
        return answer

    def member(self, answer, path, step):
        value = answer.json
        for part in path.split("."):
            try:
                value = value[int(part)] if isinstance(value, list) else value[part]
            except (KeyError, IndexError, TypeError, ValueError):
                raise AssertionError(f"{step.place}: {self.name} answered {answer} {answer.text[:300]} without {path}") from None
        return str(value)


class Normaliser:
    """Ids, times and generated names by placeholders."""

    def __init__(self):
        self.now = time.time() * 1000

    def form(self, answer, names):
        if not answer.text:
            return {}  # as clients take it
        if answer.json is None:
            kind = answer.headers.get("content-type", answer.headers.get("Content-Type", "")).partition(";")[0]
            return {"content-type": kind, "text": answer.text}
        return self.value(answer.json, "", "", {value: f"${name}" for name, value in sorted(names.items())})

    def value(self, value, parent, name, ids):
        if isinstance(value, dict):
            if "dataset_id" in value and "digest" in value:  # an evaluation data set's: of its name and the time
                value = {**value, "digest": "<digest>"}
            return {key: self.value(item, name, key, ids) for key, item in sorted(value.items())}
        if isinstance(value, list):
            items = [self.value(item, parent, name, ids) for item in value]
            if name in UNORDERED or (parent, name) == ("data", "metrics"):
                items.sort(key=sort_key)
            return items
        if name in ("experiment_id", "experimentId") and str(value) != "0":
            return ids.get(str(value), "<n>")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return "<now>" if abs(value - self.now) < DAY_MS else value
        return self.text(value, parent, name, ids) if isinstance(value, str) else value

    def text(self, value, parent, name, ids):
        if value[:1] in ("{", "[") and name in JSON_TEXTS:
            return self.value(json.loads(value), parent, name, ids)
        if name.endswith("page_token"):
            return "<token>"
        if name in ("run_name", "value", "name") and GENERATED_NAME.match(value):
            return "<generated>"
        for known, placeholder in ids.items():
            if len(known) >= 12:
                value = value.replace(known, placeholder)
        for pattern, placeholder in IDS:
            value = pattern.sub(placeholder, value)
        return value


def sort_key(item):
    named = isinstance(item, dict) and (item.get("path") or item.get("key"))
    return (str(named or ""), json.dumps(item, sort_keys=True))


def difference(left, right, path=""):
    """Where two normalised values differ: (path, what) for each place."""
    if isinstance(left, dict) and isinstance(right, dict):
        lines = []
        for key in sorted(left.keys() | right.keys()):
            at = f"{path}.{key}" if path else key
            if key not in left or key not in right:
                side = "MLflow" if key in left else "Ciclo"
                lines.append((at, f"only {side} has it: {json.dumps(left.get(key, right.get(key)))[:200]}"))
            else:
                lines += difference(left[key], right[key], at)
        return lines
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [line for i, pair in enumerate(zip(left, right)) for line in difference(*pair, f"{path}.{i}")]
    if left == right and type(left) is type(right):
        return []
    return [(path, f"MLflow {json.dumps(left)[:300]}, Ciclo {json.dumps(right)[:300]}")]
