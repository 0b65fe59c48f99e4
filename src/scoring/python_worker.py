"""A scoring worker of ciclo-scorer: loads one model and answers frames on descriptor 3.

Arguments: the model's path (may be empty), and the path of score.py when there is one.
Works with any Python from 3.7 on and needs nothing but what the model needs.
"""
import datetime
import difflib
import importlib.util
import json
import math
import os
import socket
import struct
import sys
import traceback

SIZE = struct.Struct("<I")


class InputError(Exception):
    """The request is wrong, not the model."""


def receive(connection):
    head = receive_exactly(connection, SIZE.size)
    return json.loads(receive_exactly(connection, SIZE.unpack(head)[0]))


def receive_exactly(connection, count):
    parts = []
    while count:
        part = connection.recv(min(count, 1 << 20))
        if not part:
            sys.exit(0)  # the scorer is gone
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def send(connection, reply):
    body = json.dumps(reply).encode()
    connection.sendall(SIZE.pack(len(body)) + body)


def text(value):
    return json.dumps(value, separators=(",", ":"))


def plain(value):
    """numpy, pandas and dates as JSON has them; NaN as null."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    kind = type(value).__name__
    if kind == "DataFrame":
        return [plain(record) for record in value.to_dict(orient="records")]
    if kind in ("NAType", "NaTType"):
        return None
    for convert in ("tolist", "item", "isoformat"):
        if hasattr(value, convert):
            return plain(getattr(value, convert)())
    return str(value)


def records(value, name):
    """Rows as records: the form of collected data."""
    rows = plain(value)
    if isinstance(rows, dict):
        lists = all(isinstance(item, list) for item in rows.values())
        if rows and lists:
            return [dict(zip(rows, row)) for row in zip(*rows.values())]
        return [rows]
    if not isinstance(rows, list):
        rows = [rows]
    return [row if isinstance(row, dict) else {name: row} for row in rows]


class MlflowModel:
    KEYS = ("input_data", "dataframe_split", "dataframe_records", "instances", "inputs", "data")

    def __init__(self, path):
        import mlflow.pyfunc

        self.model = mlflow.pyfunc.load_model(path)
        self.schema = self.model.metadata.get_input_schema()

    def answer(self, body, collect):
        frame = self.read(body)
        try:
            predictions = self.model.predict(frame)
        except Exception as error:
            if type(error).__module__.startswith("mlflow"):
                raise InputError(str(error)) from error
            raise
        reply = {"body": text(plain(predictions))}
        if collect:
            reply["inputs"] = text(records(frame, "input"))
            reply["outputs"] = text(records(predictions, "prediction"))
        return reply

    def read(self, body):
        try:
            document = json.loads(body)
        except ValueError as error:
            raise InputError("the body is no valid JSON: %s" % error) from error
        key = None
        if isinstance(document, dict):
            key = next((known for known in self.KEYS if known in document), None)
            if key is None:
                raise InputError("the body has none of " + ", ".join(self.KEYS))
            document = document[key]
        try:
            return self.typed(self.frame(document, key))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError("%s: %s" % (key or "body", error)) from error

    def frame(self, data, key):
        import numpy
        import pandas

        if isinstance(data, dict):
            if "data" in data:
                return pandas.DataFrame(data["data"], columns=data.get("columns", self.names()), index=data.get("index"))
            if self.schema is not None and self.schema.is_tensor_spec():
                return {name: numpy.array(values) for name, values in data.items()}
            return pandas.DataFrame(data)
        if self.schema is not None and self.schema.is_tensor_spec():
            return numpy.array(data)
        if data and isinstance(data[0], dict):
            return pandas.DataFrame.from_records(data)
        return pandas.DataFrame(data, columns=self.names())

    def names(self):
        if self.schema is None or self.schema.is_tensor_spec() or not self.schema.has_input_names():
            return None
        return self.schema.input_names()

    def typed(self, frame):
        """JSON does not tell 1 from 1.0: columns take the types of the signature."""
        import numpy

        if self.schema is None:
            return frame
        if self.schema.is_tensor_spec():
            if isinstance(frame, dict):
                types = self.schema.input_dict()
                return {name: values.astype(types[name].type) for name, values in frame.items()}
            return frame.astype(self.schema.inputs[0].type)
        if not self.schema.has_input_names():
            return frame
        self.check_names(frame)
        wanted = {"double": numpy.float64, "float": numpy.float32, "long": numpy.int64, "integer": numpy.int32}
        for column in self.schema.inputs:
            kind = getattr(getattr(column, "type", None), "name", "")
            if column.name in frame.columns and kind in wanted:
                try:
                    frame[column.name] = frame[column.name].astype(wanted[kind])
                except (ValueError, TypeError) as error:
                    raise InputError("column '%s': expected %s: %s" % (column.name, kind, error)) from error
            elif column.name in frame.columns and kind == "datetime":
                import pandas

                frame[column.name] = pandas.to_datetime(frame[column.name])
        return frame


    def check_names(self, frame):
        given = [str(name) for name in frame.columns]
        for column in self.schema.inputs:
            if column.name in given or not getattr(column, "required", True):
                continue
            near = difflib.get_close_matches(column.name, given, 1)
            hint = "the request has '%s'" % near[0] if near else "the model needs: " + ", ".join(self.names())
            raise InputError("the column '%s' is missing (%s)" % (column.name, hint))


class Script:
    def __init__(self, path):
        sys.path.insert(0, os.path.dirname(path))
        spec = importlib.util.spec_from_file_location("score", path)
        self.module = importlib.util.module_from_spec(spec)
        sys.modules["score"] = self.module
        spec.loader.exec_module(self.module)
        if not hasattr(self.module, "run"):
            raise RuntimeError("%s has no function run()" % path)
        if hasattr(self.module, "init"):
            self.module.init()

    def answer(self, body, collect):
        result = plain(self.module.run(body))
        reply = {"body": text(result)}
        if collect:
            try:
                document = json.loads(body)
                if isinstance(document, dict) and len(document) == 1:
                    document = next(iter(document.values()))
                if isinstance(document, dict) and "data" in document and "columns" in document:
                    document = [dict(zip(document["columns"], row)) for row in document["data"]]
            except ValueError:
                document = [body]
            reply["inputs"] = text(records(document, "input"))
            reply["outputs"] = text(records(result, "prediction"))
        return reply


def last_lines(limit=2000):
    """The traceback: whole in the log, its end for the caller."""
    trace = traceback.format_exc()
    sys.stderr.write(trace)
    sys.stderr.flush()
    return trace.strip()[-limit:]


def one_line(error):
    words = str(error).strip().splitlines()
    return "%s: %s" % (type(error).__name__, words[0][:500] if words else "")


def main():
    connection = socket.socket(fileno=3)
    try:
        model = Script(sys.argv[2]) if len(sys.argv) > 2 else MlflowModel(sys.argv[1])
    except BaseException:
        send(connection, {"ready": False, "error": last_lines()})
        sys.exit(1)
    send(connection, {"ready": True})
    while True:
        request = receive(connection)
        try:
            reply = model.answer(request["body"], request.get("collect", False))
            reply["ok"] = True
        except InputError as error:
            reply = {"ok": False, "kind": "input", "error": str(error)[:2000]}
        except Exception as error:
            last_lines()
            reply = {"ok": False, "kind": "model", "error": "the model failed: " + one_line(error)}
        send(connection, reply)


main()
