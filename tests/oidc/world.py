"""What tests/oidc/run works with: a real provider, a server that people sign in to through it, and browsers. Standard library only."""

import hashlib
import http.client
import json
import shutil
import subprocess
import tempfile
import time
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

from support import ROOT, Server

HERE = Path(__file__).resolve().parent
INSTALLED = ROOT / "build/npm-oidc"
AUDIENCE = "https://ciclo.test/api"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def install():
    """The provider's packages by lock file, once; their scripts never run."""
    files = [HERE / "package.json", HERE / "package-lock.json"]
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    marker = INSTALLED / ".installed"
    if marker.exists() and marker.read_text() == wanted:
        return
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, INSTALLED)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=INSTALLED, check=True, timeout=300)
    marker.write_text(wanted)


class Provider:
    """tests/oidc/provider.mjs; ends with its standard input."""

    def __init__(self, secret=""):
        install()
        command = ["node", HERE / "provider.mjs", INSTALLED / "node_modules", *([secret] if secret else [])]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.issuer = json.loads(self.process.stdout.readline())["issuer"]

    def control(self, what, body=None):
        return json.loads(Browser().send("POST", f"{self.issuer}/test/{what}", json.dumps(body or {})).body)

    def token(self, key="current", header=None, **claims):
        """A token by one of the provider's keys, good but for what is given."""
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "maria", "aud": "ciclo", "iat": now, "exp": now + 600, "preferred_username": "maria", **claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "typ": "JWT", "kid": self.control("kid")["kid"], **(header or {})}
        return self.control("sign", {"header": header, "claims": claims, "key": key})["token"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


class Page:
    def __init__(self, url, answer):
        self.url, self.status = url, answer.status
        self.body = answer.read().decode()
        self.headers = answer.headers

    @property
    def location(self):
        to = self.headers.get("location")
        return to and urllib.parse.urljoin(self.url, to)


class Form(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page.body)
        self.url = urllib.parse.urljoin(page.url, self.action or page.url)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = attributes.get("action", "")
        if tag == "input" and attributes.get("type") == "hidden":
            self.fields[attributes["name"]] = attributes.get("value", "")


class Browser:
    """Keeps cookies as browsers do: by path, whatever the port."""

    def __init__(self):
        self.jar = {}

    def send(self, method, url, body=None, headers=None):
        parts = urllib.parse.urlsplit(url)
        headers = dict(headers or {})
        cookies = [f"{name}={value}" for (name, path), value in self.jar.items() if parts.path.startswith(path)]
        if cookies:
            headers["cookie"] = "; ".join(cookies)
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
        page = Page(url, connection.getresponse())
        connection.close()
        for field in page.headers.get_all("set-cookie") or []:
            self.keep(field)
        return page

    def keep(self, field):
        pair, *attributes = [part.strip() for part in field.split(";")]
        name, value = pair.split("=", 1)
        settings = {word.split("=")[0].lower(): word.partition("=")[2] for word in attributes}
        key = (name, settings.get("path", "/"))
        if not value or settings.get("max-age") == "0" or "1970" in settings.get("expires", ""):
            self.jar.pop(key, None)
        else:
            self.jar[key] = value

    def go(self, url, form=None, stop=None):
        """Follows redirects; a page whose address begins with `stop` is not asked for, its address is returned."""
        for _ in range(12):
            if stop and url.startswith(stop):
                return url
            data = urllib.parse.urlencode(form) if form is not None else None
            kind = {"content-type": "application/x-www-form-urlencoded"} if data is not None else {}
            page = self.send("GET" if data is None else "POST", url, data, kind)
            if not page.location:
                return page
            url, form = page.location, None
        raise AssertionError(f"too many redirects, the last to {url}")

    def submit(self, page, stop=None, **fields):
        form = Form(page)
        assert form.action is not None, f"no form on {page.url}:\n{page.body[-2000:]}"
        return self.go(form.url, {**form.fields, **fields}, stop)

    def pass_provider(self, page, account, stop=None):
        """Signs in and agrees to what is asked, until the provider is done."""
        for _ in range(6):
            if not isinstance(page, Page) or "<form" not in page.body or "/interaction/" not in page.url:
                return page
            fields = {"login": account, "password": "any"} if 'name="login"' in page.body else {}
            page = self.submit(page, stop, **fields)
        raise AssertionError(f"the provider asks on and on: {page.url}")

    def sign_in(self, server, account, return_to="/api/v1/me"):
        page = self.go(f"{server.url}/auth/login?return_to={urllib.parse.quote(return_to)}")
        return self.pass_provider(page, account)

    def enter_code(self, provider, code, account):
        page = self.go(f"{provider.issuer}/device")
        page = self.submit(page, user_code=code)
        page = self.submit(page, confirm="yes")
        return self.pass_provider(page, account)

    def me(self, server):
        page = self.send("GET", f"{server.url}/api/v1/me")
        return page.status, json.loads(page.body)


class World:
    """A provider, and a server that people sign in to through it."""

    def __init__(self, *options, secret=""):
        self.provider = Provider(secret)
        more = []
        self.secret_file = None
        if secret:
            self.secret_file = tempfile.NamedTemporaryFile("w", prefix="ciclo-test-")
            self.secret_file.write(secret + "\n")
            self.secret_file.flush()
            more = ["--oidc-client-secret-file", self.secret_file.name]
        self.server = Server("--oidc-issuer", self.provider.issuer, "--oidc-client-id", "ciclo", "--oidc-cli-client-id", "ciclo-cli",
                             "--oidc-audience", AUDIENCE, *more, *options).start()
        self.provider.control("redirect", {"url": f"{self.server.url}/auth/callback"})

    def __enter__(self):
        return self.provider, self.server

    def __exit__(self, *_):
        self.server.stop()
        self.provider.close()
        self.server.close()
        if self.secret_file:
            self.secret_file.close()


def post_form(url, **fields):
    page = Browser().send("POST", url, urllib.parse.urlencode(fields), {"content-type": "application/x-www-form-urlencoded"})
    return page.status, json.loads(page.body)


def tokens_of(provider, account, **more):
    """ID and access token from the provider itself, by device code."""
    status, code = post_form(f"{provider.issuer}/device/auth", client_id="ciclo-cli", scope="openid profile email groups", **more)
    assert status == 200, code
    Browser().enter_code(provider, code["user_code"], account)
    status, tokens = post_form(f"{provider.issuer}/token", client_id="ciclo-cli", grant_type=DEVICE_GRANT, device_code=code["device_code"])
    assert status == 200, tokens
    return tokens
