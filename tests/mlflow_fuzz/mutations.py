"""How a request is spoilt: its JSON, its filters, its path, its headers. All by one random generator, so that a seed repeats them."""

import json

DEEP = "[" * 2000 + "]" * 2000
NASTY = [None, True, False, 0, -1, 1, 2**31, 2**63 - 1, 2**63, -2**63, 2**70, 1e308, -1e308, 1e-320, 0.1, "", " ", "0", "-1", "1e5", "NaN", "Infinity",
         "-Infinity", "\x00", "a\x00b", "\ud800", "é" * 300, "x" * 70_000, "'", '"', "`", "'; DROP TABLE runs; --", "%", "_", "\\", "../..", "..%2f..",
         "mlflow-artifacts:/../../etc/passwd", "file:///etc/passwd", "azureml://datastores/x/paths/..", "models:/m-x", "runs:/", "$HOME", "{{7*7}}",
         [], [[]], {}, {"": ""}, [None], ["x"] * 2000, {"a": {"b": {"c": [1, {"d": 2}]}}}, [1, "a", None, {}], "\u202e", "tr-", "m-" + "0" * 32, "0" * 32]
TOKENS = ["AND", "OR", "NOT", "(", ")", "=", "!=", "<", ">", "<=", ">=", "LIKE", "ILIKE", "RLIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL", "'a'", "''", "'", '"a"', "`",
          "`a b`", "metrics", "metrics.m", "metrics.`m`", "params.p", "tags.t", "tags.\"mlflow.runName\"", "attributes.status", "attributes.start_time", "dataset.name",
          "run_id", "name", "1", "-1.5", "1e400", "NaN", "('a', 'b')", "()", "(1)", ",", ".", "%", "\\", "\x00", "trace.status", "span.name", "span.attributes.x",
          "feedback.good", "metadata.k", "ORDER BY", "DESC", ";", "--", "é", "[a-z]+(", "(((((", "'%'", "x" * 500]
FILTERS = {"filter", "filter_string", "filter_string1", "filter_string2", "base_filter", "order_by"}
SEGMENTS = ["..", ".", "%2e%2e", "%2f", "%00", "%", "%zz", "//", "\\", "%5c", "@models", "@models/x/1", "é", "%ff%fe", "a" * 1500, "~", "*", "{run_id}", ";x=1", " ", "%20"]
TYPES = ["application/json", "text/plain", "application/x-www-form-urlencoded", "application/x-protobuf", "multipart/form-data", "", "application/json; charset=utf-16"]


class Mutator:
    def __init__(self, random):
        self.random = random

    def often(self, share):
        return self.random.random() < share

    def body(self, text):
        """Bytes in place of a body."""
        try:
            value = json.loads(text) if text else {}
        except ValueError:
            return self.raw(text.encode())
        for _ in range(self.random.choice((1, 1, 1, 2, 5))):
            value = self.value(value)
        kind = self.random.random()
        try:
            written = json.dumps(value, ensure_ascii=kind < 0.5).encode("utf-8", "surrogatepass")
        except RecursionError:
            written = b"{}"
        if kind > 0.97:
            return json.dumps(written.decode(errors="replace")).encode()
        return self.raw(written) if self.often(0.15) else written

    def raw(self, data):
        """Bytes flipped, cut, doubled or put in."""
        data = bytearray(data)
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randint(0, len(data))
            action = self.random.randint(0, 4)
            if action == 0 and at < len(data):
                data[at] ^= 1 << self.random.randint(0, 7)
            elif action == 1:
                del data[at:at + self.random.randint(1, 20)]
            elif action == 2:
                data[at:at] = bytes(self.random.randrange(256) for _ in range(self.random.randint(1, 8)))
            elif action == 3:
                data[at:at] = self.random.choice((DEEP, '{"a":', '\\u0000', '\\ud800', "1e999", "\xff", '"')).encode("latin-1")
            else:
                data += data[at:]
        return bytes(data)

    def value(self, value, name=""):
        """The value with something in it replaced, taken out, doubled or wrapped."""
        if isinstance(value, dict) and value and self.often(0.9):
            key = self.random.choice(list(value))
            action = self.random.random()
            changed = dict(value)
            if action < 0.1:
                del changed[key]
            elif action < 0.15:
                changed[self.random.choice(("x", "", key + "x", key.upper()))] = changed.pop(key)
            else:
                changed[key] = self.value(value[key], key)
            return changed
        if isinstance(value, list) and value and self.often(0.8):
            at = self.random.randrange(len(value))
            changed = list(value)
            if self.often(0.2):
                return changed * self.random.choice((2, 50))
            changed[at] = self.value(value[at], name)
            return changed
        if name == "page_token" and isinstance(value, str) and self.often(0.8):
            return self.token(value)
        if name in FILTERS and isinstance(value, (str, list)) and self.often(0.9):
            text = self.filter(value if isinstance(value, str) else " ".join(map(str, value)))
            return [text] if isinstance(value, list) else text
        if self.often(0.1):
            return [value] if self.often(0.5) else {"value": value}
        if isinstance(value, str) and self.often(0.3):
            return self.raw(value.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
        return self.random.choice(NASTY)

    def token(self, text):
        """A page token whose position was changed by hand: hexadecimal JSON, {"search", "after"}."""
        try:
            position = json.loads(bytes.fromhex(text))
            position["after"] = self.value(position["after"])
            return json.dumps(position).encode().hex()
        except (ValueError, KeyError, TypeError):
            return self.random.choice(("rubbish", "7b7d", text[:-1], text * 2))

    def filter(self, text):
        words = text.split(" ") if text else []
        for _ in range(self.random.randint(1, 6)):
            at = self.random.randint(0, len(words))
            if words and self.often(0.3):
                del words[min(at, len(words) - 1)]
            else:
                words.insert(at, self.random.choice(TOKENS))
        return " ".join(words * (40 if self.often(0.03) else 1))

    def path(self, path):
        """A path and query; no spaces or line ends, which would make another request of it."""
        head, mark, query = path.partition("?")
        parts = head.split("/")
        at = self.random.randrange(1, len(parts)) if len(parts) > 1 else 0
        action = self.random.random()
        if action < 0.5:
            parts[at] = self.random.choice(SEGMENTS)
        elif action < 0.7:
            parts.insert(at, self.random.choice(SEGMENTS))
        elif action < 0.8:
            del parts[at]
        if query and self.often(0.7):
            items = query.split("&")
            item = self.random.randrange(len(items))
            if items[item].startswith("page_token=") and self.often(0.8):
                items[item] = "page_token=" + self.token(items[item].removeprefix("page_token="))
                return head + mark + "&".join(items)
            items[item] = self.random.choice((items[item] * 2, items[item].split("=")[0] + "=", "=", "%", "a=%zz", items[item] + "%00", "x" * 3000,
                                              items[item].split("=")[0] + "=" + str(self.random.choice((-1, 2**64, "NaN", "rubbish", "'", "..")))))
            query = "&".join(items)
        elif not query and self.often(0.2):
            mark, query = "?", self.random.choice(("max_results=-1", "page_token=rubbish", "run_id=x&run_id=y", "path=../..", "%", "=&=&="))
        changed = "/".join(parts) + mark + query
        return "".join(c if "!" <= c <= "~" else "".join(f"%{b:02x}" for b in c.encode()) for c in changed) or "/"

    def headers(self, headers):
        changed = dict(headers)
        if self.often(0.5):
            changed["Content-Type"] = self.random.choice(TYPES)
        else:
            changed[self.random.choice(("x-mlflow-experiment-id", "Range", "If-Range", "Content-Encoding", "Content-Digest", "Upload-Offset"))] = self.random.choice(
                ("0", "-1", "gzip", "bytes=0-1", "bytes=9-", "sha-256=:xx:", "\x80", "x" * 5000, "1,2", ""))
        return changed
