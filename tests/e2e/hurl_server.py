#!/usr/bin/env python3
"""Serves the server parts beside Hurl's own integration tests.

usage: hurl_server.py FOLDER PORT

FOLDER holds app.py (a Flask `app`) and tests_*/*.py, each of which adds its
routes; a part that does not load is named on stderr and left out.
"""
import glob
import importlib
import logging
import os
import sys


def main():
    folder, port = sys.argv[1], int(sys.argv[2])
    os.chdir(folder)
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = importlib.import_module("app").app
    for path in sorted(glob.glob("tests_*/**/*.py", recursive=True)):
        name = path[:-3].replace(os.path.sep, ".")
        try:
            importlib.import_module(name)
        except Exception as err:  # a part of it needs what is not here
            print(f"left out {path}: {err}", file=sys.stderr)
    app.run(host="127.0.0.1", port=port, threaded=True)


if __name__ == "__main__":
    main()
