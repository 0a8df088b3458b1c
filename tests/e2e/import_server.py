#!/usr/bin/env python3
"""What the imported suites ask; prints its port and two hashes of /json."""
import base64
import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ORDER = (
    '{"id": 7, "name": "Ann", "nothing": null, "yes": true, "price": 1.5, '
    '"list": [1, 2, 3], "empty": [], "token": "tok-123456", '
    '"uuid": "936da01f-9abd-4d9d-80c7-02af85c822a8", '
    '"date": "2026-02-05T00:00:00Z", "ip4": "10.0.0.1", "base64": "aGVsbG8=", '
    '"odd": "???", "tag": "<b>", "html": "&lt;b&gt;", "text": "{\\"a\\": 1}", '
    '"csv": "a,b", "number": "42.5", "url": "https://a/?x=1"}'
).encode()
TRIES = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", headers=(), kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def echo(self, body):
        path, _, query = self.path.partition("?")
        self.answer(200, json.dumps({
            "method": self.command, "path": path, "query": query,
            "body": body.decode("utf-8", "replace"),
            "headers": {k.lower(): v for k, v in self.headers.items()},
        }).encode(), kind="application/json")

    def any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        if path.startswith("/echo"):
            self.echo(body)
        elif path == "/json":
            self.answer(200, ORDER, [
                ("X-One", "1"), ("Set-Cookie", "one=1; Path=/; HttpOnly"),
                ("Set-Cookie", "two=2")], "application/json")
        elif path == "/text":
            self.answer(200, b"Hello, Ann!")
        elif path == "/small":
            self.answer(200, b'{"a": [1, 2]}', kind="application/json")
        elif path == "/html":
            self.answer(200, b"<html><body><h1>Hello</h1><ul><li>a<li>b</ul>",
                        kind="text/html")
        elif path == "/redirect":
            self.answer(302, headers=[("Location", "/text")])
        elif path == "/private":
            want = base64.b64encode(b"ann:s3cretpw").decode()
            ok = self.headers.get("Authorization") == "Basic " + want
            self.answer(200 if ok else 401)
        elif path == "/third-time":
            TRIES[self.path] = TRIES.get(self.path, 0) + 1
            self.answer(200 if TRIES[self.path] > 2 else 503)
        elif path.startswith("/status/"):
            self.answer(int(path[8:]))
        else:
            self.answer(404)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = any


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, hashlib.sha256(ORDER).hexdigest(),
      hashlib.md5(ORDER).hexdigest(), flush=True)
sys.stdout.close()
server.serve_forever()
