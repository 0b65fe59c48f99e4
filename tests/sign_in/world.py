"""A browser's and a stranger's way to a server, and people who have passwords."""

import base64
import hashlib
import hmac
import http.client
import json
import struct
import time

PASSWORD = "a quiet river at dawn"
OTHER = "seven loud bells rang"
TEMPORARY = "handed over on paper"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers = status, headers
        self.body = json.loads(body) if body else None

    def cookie(self):
        return self.headers["set-cookie"].split(";")[0]


def call(server, method, path, body=None, headers=None, source="127.0.0.1"):
    """As a browser or a stranger: no token. `source`: the address the call comes from (all of 127.0.0.0/8 is here)."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60, source_address=(source, 0))
    data = None if body is None else json.dumps(body)
    connection.request(method, path, data, headers={"content-type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return Answer(answer.status, answer.headers, text)


def sign_in(server, name, password, source="127.0.0.1", **more):
    return call(server, "POST", "/api/v1/auth/sign-in", {"name": name, "password": password, **more}, source=source)


def code_of(secret, offset=0):
    """RFC 6238, independently of the server."""
    key = base64.b32decode(secret)
    mac = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + offset), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def file_of(server, text):
    path = server.folder / f"secret-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    path.write_text(text + "\n")
    return path


def add_user(server, name, password=PASSWORD):
    """A user with a password of their own; answers the token that the first sign-in gave."""
    server.cli("user", "create", "--name", name)
    server.cli("user", "set-password", "--name", name, "--new-password-file", file_of(server, TEMPORARY))
    answer = sign_in(server, name, TEMPORARY, new_password=password)
    assert answer.status == 200, answer.body
    return answer.body["token"]


def assert_nowhere(server, *secrets):
    server.stop()
    files = [path for path in server.data.rglob("*") if path.is_file()] + [server.log]
    assert any(path.name == "ciclo.db" for path in files)
    for path in files:
        content = path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in content, f"{path.name} holds the secret {secret!r}"


def audit(server):
    return [(row["operation"], row["outcome"], row["principal"]) for row in server.json("audit", "list", "--all-workspaces")]
