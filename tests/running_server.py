"""A `coseno serve` of its own, for the tests that speak to one."""

import contextlib
import http.client
import os
import queue
import re
import signal
import socket
import subprocess
import threading

PATIENCE = 60  # seconds, for what happens at once on a machine with nothing else to do


class Server:
    """A running `coseno serve`; its log is `lines`."""

    def __init__(self, program, folder, *arguments, env=None):
        self.process = subprocess.Popen(
            [program, "serve", folder, "--listen", "127.0.0.1:0", *map(str, arguments)],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self.lines = []
        self.fresh = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        line = self.wait_for(r"listening")
        address = re.search(r'address(?:=|":")127\.0\.0\.1:(\d+)', line)
        self.port = int(address.group(1))

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            self.fresh.put(line)
        self.fresh.put(None)

    def wait_for(self, pattern):
        """The next line of the log in which the pattern is."""
        while True:
            line = self.fresh.get(timeout=PATIENCE)
            if line is None:
                raise AssertionError(f"the server ended without {pattern}: {self.lines}")
            if re.search(pattern, line):
                return line

    def end(self, number=signal.SIGTERM):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=PATIENCE)
        self.reader.join()
        self.process.stderr.close()
        return code

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(self, method, target, body=None, headers=None):
        """Status, headers and body of one request on a connection of its own."""
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, target, body=body, headers=headers or {})
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()

    def status(self, method, target, body=None, key=None):
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        return self.ask(method, target, body, headers)[0]

    def raw(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
