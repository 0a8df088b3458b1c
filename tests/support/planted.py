#!/usr/bin/env python3
"""Secrets that were planted, in every form in which they could be seen again.

planted.py serve          a server that answers with all forms of them, in
                          headers and body; prints its port
planted.py find FILE...   says where one of them, or half of one, stands;
                          exit 1 if anywhere
planted.py forms          one form a line: what `find` must find

The secrets are in PLANTED_ENV, PLANTED_FILE (the text, not the path) and
PLANTED_TOKEN.
"""
import base64
import http.server
import json
import os
import sys
import urllib.parse

SECRETS = {n: os.environ[n]
           for n in ("PLANTED_ENV", "PLANTED_FILE", "PLANTED_TOKEN")}


def base64_cores(raw):
    """The characters of base64 text that depend on the secret alone."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw)
        start = (shift * 8 + 5) // 6
        core = text[start:(shift + len(raw)) * 8 // 6]
        yield f"base64+{shift}", core
        yield f"base64url+{shift}", core.translate(
            bytes.maketrans(b"+/", b"-_"))


def forms(secret):
    raw = secret.encode()
    quoted = urllib.parse.quote(secret, safe="")
    yield "as is", raw
    yield "percent", quoted.encode()
    yield "percent, slash kept", urllib.parse.quote(secret).encode()
    yield "form", urllib.parse.quote_plus(secret).encode()
    yield "percent, lower case", "".join(
        c.lower() if i >= 1 and (quoted[i - 1] == "%" or
                                 (i >= 2 and quoted[i - 2] == "%")) else c
        for i, c in enumerate(quoted)).encode()
    yield "percent, all", "".join(f"%{b:02X}" for b in raw).encode()
    yield "json", json.dumps(secret)[1:-1].encode()
    yield "json, utf-8", json.dumps(secret, ensure_ascii=False)[1:-1].encode()
    yield "json, slash", json.dumps(secret)[1:-1].replace(
        "/", "\\/").encode()
    yield "json, all", "".join(f"\\u{ord(c):04x}" for c in secret).encode()
    for depth in (2, 3):
        text = secret
        for _ in range(depth):
            text = json.dumps(text)[1:-1]
        yield f"json {depth} times", text.encode()
    yield from base64_cores(raw)
    for user in ("u", "ab", "smoke"):
        yield f"basic {user}", base64.b64encode(
            f"{user}:{secret}".encode()).rstrip(b"=")


def halves():
    """What is left of a form when somebody cuts it in the middle."""
    for name, form, text in all_forms():
        if not form.startswith("basic"):
            half = max(6, len(text) // 2)
            yield name, f"begin of {form}", text[:half]
            yield name, f"end of {form}", text[-half:]


def all_forms():
    for name, secret in SECRETS.items():
        for form, text in forms(secret):
            yield name, form, text


class Reflect(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length).decode()
        if self.path.startswith("/token"):
            body = {"token": SECRETS["PLANTED_TOKEN"]}
        else:
            body = {
                "path": self.path,
                "headers": dict(self.headers.items()),
                "sent": sent,
                "secrets": SECRETS,
                "forms": {f"{n} {f}": t.decode()
                          for n, f, t in all_forms()},
            }
        text = json.dumps(body, indent=1).encode()
        self.send_response(500 if self.path.startswith("/broken") else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-App-Version", "v2")
        self.send_header("X-Path", self.path)
        self.send_header("X-Authorization",
                         self.headers.get("Authorization", ""))
        for i, (_, _, form) in enumerate(all_forms()):
            self.send_header(f"X-Form-{i}", form.decode("latin-1"))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Reflect)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def find(paths):
    found = 0
    for path in paths:
        with open(path, "rb") as f:
            text = f.read()
        for name, form, needle in [*all_forms(), *halves()]:
            at = text.find(needle)
            if at >= 0:
                found += 1
                print(f"{path}: {name} ({form}) at {at}: "
                      f"{text[max(0, at - 60):at + 40]!r}")
    return 1 if found else 0


if sys.argv[1] == "serve":
    serve()
elif sys.argv[1] == "forms":
    for line in all_forms():
        sys.stdout.buffer.write(line[2] + b"\n")
else:
    sys.exit(find(sys.argv[2:]))
