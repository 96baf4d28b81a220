"""The example runs, on made-up data and on MovieLens 100K where that is."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[1]
MOVIELENS = ROOT.parents[2] / "shared" / "data" / "ml-100k"


class ExampleTest(unittest.TestCase):
    def run_it(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            program = ROOT / "examples" / "films.py"
            ran = subprocess.run(
                [sys.executable, program, "--quick", "--out", folder, *arguments],
                capture_output=True,
                text=True,
                timeout=300,
            )
            self.assertEqual(ran.returncode, 0, ran.stderr)
            for plot in ("quality", "freshness", "map"):
                image = (pathlib.Path(folder) / f"{plot}.png").read_bytes()
                self.assertTrue(image.startswith(b"\x89PNG") and len(image) > 5000, plot)
        return ran.stdout

    def test_on_made_up_data(self):
        told = self.run_it()
        # What a film is like is of its kind: the example is right, and not only without an error.
        like = told.splitlines()[-1]
        kind = like.split(":")[0].split()[-1]
        self.assertGreaterEqual(like.count(f"of kind {kind}"), 4, like)

    def test_on_movielens(self):
        if not (MOVIELENS / "u.data").is_file():
            self.skipTest(f"u.data is not in {MOVIELENS}")
        self.assertIn("100000 ratings of 943 users", self.run_it("--data", MOVIELENS))


if __name__ == "__main__":
    unittest.main()
