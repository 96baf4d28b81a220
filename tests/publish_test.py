#!/usr/bin/env python3
"""Vectors that NumPy wrote are served by the program: examples/publish_numpy.py, and what is around it.

    publish_test.py PROGRAM EXAMPLE
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy
    from safetensors.numpy import load_file, save_file
except ImportError as missing:
    print(f"skipped: {missing} (./dev test installs tests/requirements.txt)")
    sys.exit(77)

EXAMPLE = os.path.abspath(sys.argv.pop()) if len(sys.argv) > 2 else sys.exit(__doc__)
PROGRAM = os.path.abspath(sys.argv.pop())


class PublishTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="coseno_publish_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.data = self.folder / "data"
        # Users of even number have items a0 to a19, the others b0 to b19.
        rows = ["user,item"]
        for user in range(200):
            camp = "ab"[user % 2]
            rows += [f"u{user},{camp}{(user // 2 + 7 * n) % 20}" for n in range(8)]
        self.ratings = self.folder / "ratings.csv"
        self.ratings.write_text("\n".join(rows) + "\n")

    def run_program(self, *arguments, stdin=None):
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=300
        )
        return done

    def json(self, *arguments, stdin=None):
        done = self.run_program(*arguments, "--json", stdin=stdin)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def example(self):
        done = subprocess.run(
            [sys.executable, EXAMPLE, self.ratings, self.data, PROGRAM],
            cwd=self.folder, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def items(self, user):
        return [item["item"] for item in self.json("recommend", self.data, "--user", user)["items"]]

    def test_the_example_ends_in_live_lists(self):
        text = self.example()
        self.assertRegex(text, r"numpy_svd: 40 items and 200 users x 16, \d+\.\d s\n")
        self.assertRegex(text, r"have a cosine of (0\.9\d+|1\.0000) with their vectors")
        self.assertIn("in service as snapshot 1\n", text)
        self.assertEqual(self.json("inspect", self.data)["model"], "numpy_svd")
        # Somebody whom NumPy never saw.
        for camp in "ba":
            event = {"user": f"new {camp}", "item": f"{camp}3", "type": "view"}
            self.json("import", self.data, "-", stdin=json.dumps(event))
            self.assertEqual([item[0] for item in self.items(f"new {camp}")[:3]], [camp] * 3)

    def test_items_from_elsewhere_are_made_and_names_and_settings_are_kept(self):
        self.json("import", self.data, self.ratings)
        vectors = self.folder / "own.safetensors"
        items = [f"{camp}{n}" for camp in "ab" for n in range(20)] + ["a new one"]
        save_file(
            {
                "item_vectors": numpy.array(
                    [[item[0] == "a", item[0] == "b"] for item in items], dtype=numpy.float32
                ),
                "item_biases": numpy.zeros(len(items), dtype=numpy.float32),
            },
            vectors,
            metadata={"item_ids": json.dumps(items)},
        )
        answer = self.json("publish", self.data, vectors, "--name", "camps", "--force",
                           "--set", "unobserved=0.25", "--position", "1")  # fmt: skip
        self.assertEqual(
            (answer["published"], answer["model"], answer["agreement"], answer["position"]),
            (True, "camps", None, 1),
        )
        self.assertEqual(answer["settings"]["unobserved"], "0.25")
        self.assertEqual(self.json("inspect", self.data)["items"], 41)

    def test_a_model_file_of_a_snapshot_can_be_asked(self):
        self.example()
        model = self.data / "snapshots" / "000001" / "model.safetensors"
        self.assertEqual(load_file(model)["vectors.items"].shape, (40, 16))
        similar = self.json("similar", model, "--item", "a3", "-k", 5)["items"]
        self.assertEqual({one["item"][0] for one in similar}, {"a"})

    def test_numbers_of_another_type_are_refused_by_name(self):
        self.json("import", self.data, self.ratings)
        vectors = self.folder / "double.safetensors"
        save_file({"item_vectors": numpy.ones((1, 2))}, vectors, metadata={"item_ids": '["a1"]'})
        done = self.run_program("publish", self.data, vectors)
        self.assertEqual(done.returncode, 1)
        self.assertIn("tensor 'item_vectors' has dtype F64, not F32", done.stderr)
        self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
