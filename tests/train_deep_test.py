#!/usr/bin/env python3
"""coseno-train-deep, run by the program: a fit, the same from a checkpoint, and what goes wrong.

    train_deep_test.py PROGRAM
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else sys.exit(__doc__)
TRAINER = pathlib.Path(PROGRAM).parent / "coseno-train-deep"

if not TRAINER.is_file():
    print(f"skipped: there is no {TRAINER.name} (./dev build --deep)")
    sys.exit(77)

SMALL = {"dim": 16, "length": 8, "hidden": 16, "negatives": 20, "epochs": 6, "learning_rate": 0.01}


class TrainDeepTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="coseno_deep_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        # Whoever has item n takes n + 1 next.
        lines = [
            " ".join([f"u{user}", *(f"i{(user + n) % 30}" for n in range(5 + user % 7))])
            for user in range(300)
        ]
        self.acts = self.folder / "acts.txt"
        self.acts.write_text("\n".join(lines) + "\n")

    def command(self, out, **settings):
        command = [PROGRAM, "fit", self.acts, "--model", "sasrec", "--out", self.folder / out]
        for name, value in {**SMALL, **settings}.items():
            command += ["--set", f"{name}={value}"]
        return command

    def fit(self, out, **settings):
        return subprocess.run(
            self.command(out, **settings), capture_output=True, text=True, check=False
        )

    def test_the_next_item_is_recommended(self):
        done = self.fit("model", epochs=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        listed = subprocess.run(
            [PROGRAM, "recommend", self.folder / "model", "--user", "u3", "-k", "1"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.assertIn("i11", listed.stdout)  # u3 has had i3 to i10

    def test_the_same_seed_gives_the_same_file(self):
        for out in ("one", "two"):
            self.assertEqual(self.fit(out).returncode, 0)
        one, two = ((self.folder / out).read_bytes() for out in ("one", "two"))
        self.assertEqual(one, two)

    def test_ctrl_c_leaves_a_checkpoint_and_the_same_command_goes_on_from_it(self):
        checkpoint = self.folder / "checkpoint"
        settings = {"epochs": 100000, "patience": 100000, "checkpoint": checkpoint}
        # The trainer itself, whose first line of progress tells that it has begun.
        told = self.folder / "progress"
        watched = self.folder / "trainer"
        watched.write_text(f'#!/bin/bash\nexec "{TRAINER}" "$@" > >(tee "{told}")\n')
        watched.chmod(0o755)
        with subprocess.Popen(
            self.command("model", **settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "COSENO_TRAIN_DEEP": str(watched)},
        ) as fitting:
            while fitting.poll() is None and not (told.is_file() and told.stat().st_size > 0):
                time.sleep(0.05)
            fitting.send_signal(signal.SIGINT)
            self.assertEqual(fitting.wait(60), 130)
        self.assertTrue(checkpoint.is_file())
        self.assertFalse((self.folder / "model").exists())
        other = self.fit("model", epochs=7, checkpoint=checkpoint)
        self.assertNotEqual(other.returncode, 0)
        self.assertIn("another training", other.stderr)

    def test_what_does_not_fit_is_told(self):
        done = self.fit("model", heads=3)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("heads=3 does not divide dim=16", done.stderr)


if __name__ == "__main__":
    unittest.main()
