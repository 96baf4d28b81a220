#!/usr/bin/env python3
"""The Debian package: made, installed into a folder of its own, and started.

    package_test.py BUILD_TREE [unittest arguments]
"""

import contextlib
import http.client
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

BUILD = ""


def run(*command, **options):
    """What it prints; fails with all that it said."""
    done = subprocess.run(
        [str(part) for part in command],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        **options,
    )
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}")
    return done.stdout


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="coseno_package_")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = pathlib.Path(cls.temporary.name)
        run("cpack", "-G", "DEB", "--config", f"{BUILD}/CPackConfig.cmake", "-B", cls.folder / "made")
        (cls.package,) = (cls.folder / "made").glob("*.deb")
        cls.root = cls.folder / "root"
        cls.install()

    @classmethod
    def install(cls):
        """By dpkg, with a system of its own that has nothing but this package."""
        if os.geteuid() != 0:
            run("dpkg-deb", "-x", cls.package, cls.root)
            return
        database = cls.root / "var/lib/dpkg"
        for name in ("info", "updates", "triggers"):
            (database / name).mkdir(parents=True)
        (database / "status").touch()
        run("dpkg", f"--root={cls.root}", "--force-depends", "--install", cls.package)
        status = run("dpkg-query", f"--admindir={database}", "-W", "-f", "${db:Status-Status}", "coseno")
        assert status == "installed", status

    def field(self, name):
        return run("dpkg-deb", "-f", self.package, name).strip()

    def test_control_names_what_it_needs(self):
        self.assertEqual(self.field("Package"), "coseno")
        self.assertRegex(self.package.name, r"^coseno_\d+\.\d+\.\d+_\w+\.deb$")
        needed = self.field("Depends")
        for library in ("libc6", "libopenblas0-pthread", "librocksdb", "libssl3"):
            self.assertIn(library, needed)
        # On the machine that built it, all of it is there.
        for part in re.findall(r"(?:^|, )([a-z0-9.+-]+)", needed):
            run("dpkg-query", "-W", part)

    def test_files_are_where_they_belong(self):
        for path in (
            "usr/bin/coseno",
            "usr/lib/systemd/system/coseno.service",
            "usr/share/bash-completion/completions/coseno",
            "usr/share/doc/coseno/copyright",
            "etc/coseno/coseno.toml",
        ):
            self.assertTrue((self.root / path).is_file(), path)
        conffiles = subprocess.check_output(
            ["dpkg-deb", "--ctrl-tarfile", self.package]
        )
        self.assertIn(b"/etc/coseno/coseno.toml", conffiles)

    def test_unit_is_good(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd here")
        (self.root / "bin").mkdir(exist_ok=True)
        shutil.copy("/bin/kill", self.root / "bin/kill")
        said = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", f"--root={self.root}",
             "/usr/lib/systemd/system/coseno.service"],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        # Of the targets that it names there are none in this root: that is no fault of its lines.
        self.assertNotRegex(said.stderr, r"coseno\.service:\d+:|Command .* is not executable")

    def test_installed_program_serves(self):
        program = self.root / "usr/bin/coseno"
        settings = ("--config", self.root / "etc/coseno/coseno.toml")
        data = self.folder / "data"
        self.assertIn("good", run(program, "serve", data, *settings, "--check"))
        server = subprocess.Popen(
            [program, "serve", data, *settings, "--listen", "127.0.0.1:0"],
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(server.kill)
        with server.stderr:
            port = int(re.search(r"address=127\.0\.0\.1:(\d+)", server.stderr.readline()).group(1))
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            with contextlib.closing(connection):
                connection.request("GET", "/v1/health/live")
                self.assertEqual(connection.getresponse().status, 200)
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(timeout=60), 0)


if __name__ == "__main__":
    BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main()
