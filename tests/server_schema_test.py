#!/usr/bin/env python3
"""Requests by the thousand, made from the server's own description, and every answer held to it.

    server_schema_test.py PROGRAM

The package schemathesis draws them, right and wrong ones, with all its checks; what schemathesis.toml beside
this file says of them is all that is let pass. Skipped where the package is not there.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

from running_server import Server

SKIPPED = 77
CASES_AN_OPERATION = 10  # beside the examples and the edges of every parameter
SEED = 1


def main(program):
    schemathesis = shutil.which("schemathesis")
    if not schemathesis:
        print("the package schemathesis is not there", file=sys.stderr)
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="coseno_schema_") as folder:
        ratings = pathlib.Path(folder) / "ratings.csv"
        data = pathlib.Path(folder) / "data"
        made = ["generate", "--users", "100", "--items", "80", "--events", "2000", "--out", ratings]
        for command in (made, ["import", data, ratings]):
            subprocess.run([program, *command], check=True, capture_output=True)
        server = Server(program, data)
        done = subprocess.run(
            [schemathesis, "--config-file", pathlib.Path(__file__).with_name("schemathesis.toml"), "run",
             f"http://127.0.0.1:{server.port}/openapi.json", "--max-examples", str(CASES_AN_OPERATION),
             "--seed", str(SEED), "--no-color"],
            cwd=folder,
        )  # fmt: skip
        ended = server.end()
        if ended != 0:
            print(f"the server ended with {ended}: {server.lines[-20:]}", file=sys.stderr)
        return done.returncode or ended


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
