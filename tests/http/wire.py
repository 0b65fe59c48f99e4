"""Requests as the very bytes they are, a server that records what it is asked, and certificates; for run. Standard library only."""

import http.server
import socket
import ssl
import subprocess
import threading


def raw(server, request, shut=True):
    """(status, headers, body) of one answer to these very bytes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
        peer.sendall(request)
        if shut:
            peer.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := peer.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        assert name.lower() not in headers, f"{name} twice in {head}"
        headers[name.lower()] = value.strip()
    return int(lines[0].split()[1]), headers, body


def ask(server, method, target, *lines, body=b"", token=None):
    token = server.token if token is None else token
    fields = ["Host: x", "Connection: close", f"Authorization: Bearer {token}", *lines]
    if body:
        fields.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([f"{method} {target} HTTP/1.1", *fields])
    return raw(server, head.encode("latin-1") + b"\r\n\r\n" + body)


class Receiver:
    """An HTTP server on a free port of 127.0.0.1 that records requests; answers with what `pages` has for the path."""

    def __init__(self, pages=None, certificate=None):
        self.seen = []
        pages = pages or {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(handler):
                length = int(handler.headers.get("content-length") or 0)
                self.seen.append((handler.command, handler.path, handler.rfile.read(length)))
                status, headers, body = pages.get(handler.path, (200, {}, b"ok"))
                handler.send_response(status)
                for name, value in headers.items():
                    handler.send_header(name, value)
                handler.send_header("content-length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(handler, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def make_certificate(folder, name="server"):
    """(certificate, key): for 127.0.0.1 and localhost, its own authority."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True, timeout=60)
    return certificate, key
