#!/usr/bin/env python3
"""`coseno serve` and `coseno key` from outside: settings, keys, TLS, limits, signals.

    server_transport_test.py PROGRAM [unittest arguments]
"""

import contextlib
import http.client
import json
import os
import pathlib
import resource
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

from running_server import PATIENCE, Server

PROGRAM = ""


def run(*arguments, env=None):
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, **(env or {})},
    )
    return done


EVENT = json.dumps({"user": "ann", "item": "tea"})
LIST = "/v1/users/ann/recommendations"
LIVE = "/v1/health/live"


class ServerTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="coseno_server_")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.data = self.folder / "data"

    def serve(self, *arguments, **options):
        server = Server(PROGRAM, self.data, *arguments, **options)
        self.addCleanup(server.end, signal.SIGKILL)
        return server

    def refused(self, code, pattern, *arguments, env=None):
        done = run(*arguments, env=env)
        self.assertEqual(done.returncode, code, (arguments, done.stderr))
        self.assertRegex(done.stderr, "^coseno: .*" + pattern)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertEqual(done.stdout, "")

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def make_key(self, scope, name):
        done = run("key", "create", self.data, "--scope", scope, "--name", name)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.strip()


class SettingsTest(ServerTest):
    def check(self, *arguments, env=None):
        return run("serve", self.data, "--check", *arguments, env=env)

    def test_good_settings_are_checked_without_serving(self):
        done = self.check()
        self.assertEqual((done.returncode, done.stdout), (0, "the settings are good\n"))
        self.assertFalse(self.data.exists())

    def test_wrong_settings_are_refused_where_they_stand(self):
        check = ("serve", self.data, "--check")
        self.refused(2, r"--threads must be a whole number in \[0, 1024\], not -1", *check,
                     "--threads", "-1")  # fmt: skip
        self.refused(2, "--rate must be a number in .*, not nan", *check, "--rate", "nan")
        self.refused(2, "COSENO_LOG_FORMAT must be one of text, json, not xml", *check,
                     env={"COSENO_LOG_FORMAT": "xml"})  # fmt: skip
        self.refused(2, "--access-log must be on or off", *check, "--access-log", "2")
        self.refused(2, "listen must be IP:PORT", *check, "--listen", "shop.example:80")
        self.refused(2, "tls-cert and tls-key are given together", *check, "--tls-cert", "x")
        self.refused(2, "x.pem: no certificate chain", *check, "--tls-cert", "x.pem", "--tls-key", "y")
        self.refused(2, "max-body-byte", *check, "--max-body-byte", "1")

    def test_file_is_refused_by_key_and_line(self):
        for text, pattern in [
            ("max_body_byte = 1\n", "there is no setting max_body_byte; did you mean max_body_bytes?"),
            ("\nthreads = \n", r"coseno.toml:2:"),
            ("threads = 'x'\n", "threads must be a whole number .*, not x"),
            ("[server]\nthreads = 1\n", "coseno.toml:1: server must be a number, a text"),
            ("threads = 1\nthreads = 2\n", r"coseno.toml:2:.*redefine"),
        ]:
            with self.subTest(text=text):
                config = self.write("coseno.toml", text)
                pattern = pattern.replace("?", r"\?")
                self.refused(2, pattern, "serve", self.data, "--check", "--config", config)
        self.refused(1, "cannot be read", "serve", self.data, "--check", "--config", "missing.toml")

    def test_option_outweighs_environment_outweighs_file(self):
        limits = {}
        config = self.write(
            "coseno.toml",
            "max_body_bytes = 1000\nmax_header_bytes = 2000\naccess_log = false\n"
            'log_format = "json"\ncors_origin = ["https://a.example", "https://b.example"]\n'
            "header_seconds = 7.5\n",
        )
        server = self.serve(
            "--config", config, "--max-body-bytes", 300, env={"COSENO_MAX_HEADER_BYTES": "1500",
            "COSENO_MAX_BODY_BYTES": "500"})  # fmt: skip
        for name, send in {
            "body": lambda n: server.status("POST", "/v1/events", EVENT.ljust(n)),
            "header": lambda n: server.ask("GET", LIVE, headers={"X-Long": "x" * n})[0],
        }.items():
            refusal = {"body": 413, "header": 431}[name]
            limits[name] = next(n for n in range(200, 2500, 100) if send(n) == refusal)
        self.assertEqual(limits["body"], 400)
        self.assertIn(limits["header"], (1400, 1500))
        for origin in ("https://a.example", "https://b.example"):
            headers = server.ask("GET", LIVE, headers={"Origin": origin})[1]
            self.assertEqual(headers["Access-Control-Allow-Origin"], origin)
        self.assertEqual(server.end(), 0)
        # JSON, and no line a request.
        events = [json.loads(line)["event"] for line in server.lines]
        self.assertEqual(events, ["listening", "stopping", "stopped"])

    def test_environment_names_the_file(self):
        config = self.write("coseno.toml", "threads = 'x'\n")
        done = self.check(env={"COSENO_CONFIG": str(config)})
        self.assertEqual(done.returncode, 2)
        self.assertIn("threads must be", done.stderr)

    def test_help_names_every_setting_with_its_default(self):
        text = run("serve", "--help").stdout
        for line in ("--listen IP:PORT", "[127.0.0.1:8088]", "COSENO_MAX_BODY_BYTES", "[8388608]"):
            self.assertIn(line, text)

    def test_taken_address_is_told(self):
        server = self.serve()
        other = self.folder / "other"
        self.refused(1, "cannot listen on 127.0.0.1:.*Address already in use", "serve", other,
                     "--listen", f"127.0.0.1:{server.port}")  # fmt: skip

    def test_folder_in_use_is_told(self):
        self.serve()
        self.refused(1, "data", "serve", self.data, "--listen", "127.0.0.1:0")


class KeyTest(ServerTest):
    def test_listening_elsewhere_needs_a_key(self):
        arguments = ("serve", self.data, "--check", "--listen", "0.0.0.0:0")
        self.refused(1, "will not listen on 0.0.0.0:0 without an API key, .*coseno key create",
                     *arguments)  # fmt: skip
        self.make_key("admin", "boss")
        self.assertEqual(run(*arguments).returncode, 0)
        self.assertEqual(run("serve", self.data, "--check", "--listen", "[::]:0").returncode, 0)

    def test_keys_are_made_listed_and_revoked(self):
        secret = self.make_key("events,read", "shop")
        self.assertRegex(secret, r"^coseno_[0-9a-f]{64}$")
        stored = (self.data / "keys").read_text()
        self.assertNotIn(secret[7:], stored)
        self.assertEqual((self.data / "keys").stat().st_mode & 0o777, 0o600)
        listed = run("key", "list", self.data).stdout
        self.assertRegex(listed, r"^[0-9a-f]{8}  read,events +shop\n$")
        self.assertEqual(json.loads(run("key", "list", self.data, "--json").stdout)[0]["name"], "shop")
        self.refused(1, "there is a key 'shop' already", "key", "create", self.data, "--name", "shop")
        self.refused(2, "name must be 1 to 64 letters", "key", "create", self.data, "--name", "a b")
        self.refused(2, "scope must be read, events or admin, not 'all'", "key", "create", self.data,
                     "--name", "x", "--scope", "all")  # fmt: skip
        self.refused(2, "--name is required", "key", "create", self.data)
        self.refused(1, "there is no key 'x'", "key", "revoke", self.data, "--name", "x")
        self.assertEqual(run("key", "revoke", self.data, "--name", "shop").returncode, 0)
        self.assertEqual(run("key", "list", self.data).stdout, "")

    def test_keys_are_made_by_many_at_a_time(self):
        makers = [
            subprocess.Popen([PROGRAM, "key", "create", self.data, "--name", f"k{i}"],
                             stdout=subprocess.PIPE)  # fmt: skip
            for i in range(10)
        ]
        self.assertEqual(len({maker.communicate()[0] for maker in makers}), 10)
        self.assertEqual(run("key", "list", self.data).stdout.count("\n"), 10)

    def test_scopes_are_held_and_changes_taken_up_live(self):
        reader = self.make_key("read", "reader")
        server = self.serve()
        self.assertEqual(server.status("GET", LIVE), 200)
        self.assertEqual(server.status("GET", LIST), 401)
        self.assertEqual(server.status("GET", LIST, key=reader), 200)
        self.assertEqual(server.status("POST", "/v1/events", EVENT, key=reader), 403)
        self.assertEqual(server.status("GET", "/metrics"), 401)
        writer = self.make_key("events", "writer")
        server.wait_for("keys changed keys=2")
        self.assertEqual(server.status("POST", "/v1/events", EVENT, key=writer), 200)
        self.assertEqual(server.status("GET", LIST, key=writer), 403)
        run("key", "revoke", self.data, "--name", "reader")
        server.wait_for("keys changed keys=1")
        self.assertEqual(server.status("GET", LIST, key=reader), 401)
        run("key", "revoke", self.data, "--name", "writer")
        server.wait_for("keys changed keys=0")
        self.assertEqual(server.status("GET", LIST), 401)
        (self.data / "keys").write_text("rubbish\n")
        server.wait_for("error keys not read what=.*must be 'coseno keys 1'")
        self.assertEqual(server.end(), 0)
        log = "".join(server.lines)
        self.assertIn(" key=reader\n", log)
        for secret in (reader, writer):
            self.assertNotIn(secret[7:], log)

    def test_rate_of_a_key_is_held(self):
        key = self.make_key("read", "reader")
        server = self.serve("--rate", "0.01", "--burst", "2")
        self.assertEqual(server.status("GET", LIST, key=key), 200)
        self.assertEqual(server.status("GET", LIST, key=key), 200)
        status, headers, body = server.ask("GET", LIST, headers={"X-API-Key": key})
        self.assertEqual(status, 429)
        self.assertGreater(int(headers["Retry-After"]), 50)
        self.assertEqual(headers["Content-Type"], "application/problem+json")
        self.assertEqual(json.loads(body)["code"], "rate_exceeded")


class LogTest(ServerTest):
    def test_lines_tell_the_route_and_never_the_user(self):
        server = self.serve("--log-format", "json")
        server.ask("GET", "/v1/users/secret-person/recommendations?filter=x")
        server.ask("GET", LIST, headers={"X-Request-Id": "mine.1"})
        server.ask("POST", "/v1/events", EVENT, {"Content-Type": "application/json"})
        self.assertEqual(server.end(), 0)
        log = "".join(server.lines)
        self.assertNotIn("secret-person", log)
        self.assertNotIn("ann", log)
        lines = [json.loads(line) for line in server.lines]
        requests = [line for line in lines if line["event"] == "request"]
        self.assertEqual(len(requests), 3)
        self.assertIn("mine.1", [line["id"] for line in requests])
        self.assertEqual({line["method"] for line in requests}, {"GET", "POST"})
        for line in requests:
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertGreaterEqual(line["ms"], 0)
            self.assertTrue(line["route"])

    def test_metrics_are_prometheus(self):
        server = self.serve()
        server.ask("POST", "/v1/events", EVENT, {"Content-Type": "application/json"})
        status, headers, body = server.ask("GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        text = body.decode()
        for line in text.splitlines():
            self.assertRegex(
                line, r'^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [-+.e\d]+)$'
            )
        self.assertIn("\ncoseno_events 1\n", text)
        self.assertIn("\ncoseno_connections 1\n", text)
        self.assertRegex(text, r'coseno_requests_total\{route="\w+",status="200"\} 1\n')


class LimitTest(ServerTest):
    def test_slow_and_idle_clients_hold_nobody_up(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard < 4000:
            self.skipTest(f"only {hard} files may be open")
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        server = self.serve("--threads", 1, "--header-seconds", 30, "--access-log", "off")
        with contextlib.ExitStack() as stack:
            idle = [stack.enter_context(server.raw()) for _ in range(1500)]
            slow = [stack.enter_context(server.raw()) for _ in range(200)]
            for letter in b"GET /v1":
                for client in slow:
                    client.send(bytes([letter]))
                self.assertEqual(server.status("POST", "/v1/events", EVENT), 200)
            metrics = server.ask("GET", "/metrics")[2].decode()
            self.assertIn("\ncoseno_connections 1701\n", metrics)
            for client in idle[::100]:
                client.sendall(b"GET " + LIVE.encode() + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertTrue(client.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_limits_are_answered(self):
        server = self.serve("--max-body-bytes", 1000, "--max-header-bytes", 1000,
                            "--header-seconds", 0.3, "--idle-seconds", 0.3)  # fmt: skip
        status, headers, body = server.ask("POST", "/v1/events", "x" * 1001)
        self.assertEqual((status, json.loads(body)["code"]), (413, "body_too_large"))
        self.assertEqual(headers["Content-Type"], "application/problem+json")
        status, _, body = server.ask("GET", LIVE, headers={"X-Long": "x" * 1001})
        self.assertEqual((status, json.loads(body)["code"]), (431, "header_too_large"))
        with server.raw() as client:
            client.sendall(b"GET /v1")
            self.assertTrue(client.recv(1000).startswith(b"HTTP/1.1 408 "))
        with server.raw() as client:
            self.assertEqual(client.recv(1000), b"")

    def test_connections_have_a_bound(self):
        server = self.serve("--max-connections", 3)
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(contextlib.closing(server.connect())) for _ in range(3)]
            for connection in held:
                connection.request("GET", LIVE)
                self.assertEqual(connection.getresponse().read() is not None, True)
            status, headers, body = server.ask("GET", LIVE)
            self.assertEqual((status, headers["Retry-After"]), (503, "1"))
            self.assertEqual(json.loads(body)["code"], "too_many_connections")
        deadline = time.monotonic() + PATIENCE
        while server.status("GET", LIVE) != 200:
            self.assertLess(time.monotonic(), deadline)


class TlsTest(ServerTest):
    def certificate(self, name):
        """A certificate for 127.0.0.1 whose subject is `name`, over cert.pem and key.pem."""
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
             "subjectAltName=IP:127.0.0.1", "-keyout", self.folder / "key.pem",
             "-out", self.folder / "cert.pem"],
            check=True, capture_output=True,
        )  # fmt: skip

    def tls(self):
        return ("--tls-cert", self.folder / "cert.pem", "--tls-key", self.folder / "key.pem")

    def connect(self, server, context=None):
        context = context or ssl.create_default_context(cafile=self.folder / "cert.pem")
        return http.client.HTTPSConnection(
            "127.0.0.1", server.port, timeout=PATIENCE, context=context
        )

    def name_of(self, connection):
        return dict(part[0] for part in connection.sock.getpeercert()["subject"])["commonName"]

    def get(self, connection):
        connection.request("GET", LIVE)
        reply = connection.getresponse()
        reply.read()
        return reply.status

    def test_requests_are_answered_and_the_certificate_read_anew(self):
        self.certificate("first")
        server = self.serve(*self.tls())
        self.assertRegex(server.lines[-1], "scheme=https")
        with contextlib.closing(self.connect(server)) as old:
            self.assertEqual([self.get(old), self.get(old)], [200, 200])
            self.assertEqual(self.name_of(old), "first")
            self.certificate("second")
            server.process.send_signal(signal.SIGHUP)
            server.wait_for("TLS files read anew")
            with contextlib.closing(self.connect(server)) as new:
                self.assertEqual(self.get(new), 200)
                self.assertEqual(self.name_of(new), "second")
            self.assertEqual(self.get(old), 200)
        # What cannot be used changes nothing.
        self.write("key.pem", "rubbish\n")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("TLS files not taken what=.*key.pem: no private key")
        with contextlib.closing(self.connect(server)) as again:
            self.assertEqual(self.get(again), 200)
        self.assertEqual(server.end(), 0)

    def test_without_tls_there_is_nothing_to_read_anew(self):
        server = self.serve()
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("no TLS files to read anew")
        self.assertEqual(server.end(), 0)

    def test_old_tls_and_plain_text_are_refused(self):
        self.certificate("first")
        server = self.serve(*self.tls())
        context = ssl.create_default_context(cafile=self.folder / "cert.pem")
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with contextlib.closing(self.connect(server, context)) as old, self.assertRaises(OSError):
            self.get(old)
        with server.raw() as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                self.assertNotIn(b"HTTP/1.1 200", client.recv(1000))
        with contextlib.closing(self.connect(server)) as good:
            self.assertEqual(self.get(good), 200)


class EndingTest(ServerTest):
    def test_signals_end_it_with_0_and_nothing_is_lost(self):
        for number, name in [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT")]:
            with self.subTest(signal=name):
                server = self.serve()
                self.assertEqual(server.status("POST", "/v1/events", EVENT), 200)
                with contextlib.closing(server.connect()) as idle:
                    idle.request("GET", LIVE)
                    idle.getresponse().read()
                    self.assertEqual(server.end(number), 0)
                self.assertIn(f"stopping signal={name}", "".join(server.lines))
                self.assertRegex(server.lines[-1], "info stopped$")
        done = run("inspect", self.data, "--json")
        self.assertEqual(json.loads(done.stdout)["events"], 2)

    def test_half_a_request_does_not_hold_the_end_up(self):
        server = self.serve("--shutdown-seconds", 1)
        with server.raw() as client:
            client.sendall(b"GET /v1")
            # The connection is the server's when another that came later is.
            self.assertEqual(server.status("GET", LIVE), 200)
            self.assertEqual(server.end(), 0)
        self.assertIn("requests were cut off", "".join(server.lines))


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
