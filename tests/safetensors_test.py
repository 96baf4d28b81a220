#!/usr/bin/env python3
"""A model file is read by the safetensors package, as a stranger would read it.

    safetensors_test.py PROGRAM
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy
    import safetensors
except ImportError as missing:
    print(f"skipped: {missing} (./dev test installs tests/requirements.txt)")
    sys.exit(77)

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else sys.exit(__doc__)

# Ann has tea; bob had tea, and then jam.
RATINGS = """user,item,rating,timestamp
ann,tea,5,10
bob,jam,2,20
bob,tea,4,5
"""


class ModelFileTest(unittest.TestCase):
    def fit(self, *options):
        """Fits on RATINGS; the tensors by name, and the metadata."""
        with tempfile.TemporaryDirectory() as folder:
            ratings = os.path.join(folder, "ratings.csv")
            model = os.path.join(folder, "model.safetensors")
            with open(ratings, "w", encoding="utf-8") as file:
                file.write(RATINGS)
            subprocess.run(
                [PROGRAM, "fit", ratings, "--out", model, *options],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            with safetensors.safe_open(model, framework="numpy") as file:
                return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()

    def assert_tensor(self, tensor, dtype, values):
        self.assertEqual(tensor.dtype, numpy.dtype(dtype))
        self.assertEqual(tensor.tolist(), values)

    def test_ids_and_options_are_in_the_metadata(self):
        _, metadata = self.fit("--model", "popularity", "--seed", "7")
        self.assertEqual(metadata["coseno.model"], "popularity")
        self.assertEqual(metadata["coseno.seed"], "7")
        self.assertEqual(json.loads(metadata["coseno.user_ids"]), ["ann", "bob"])
        self.assertEqual(json.loads(metadata["coseno.item_ids"]), ["tea", "jam"])

    def test_histories_are_rows_oldest_first(self):
        tensors, _ = self.fit("--model", "popularity")
        self.assert_tensor(tensors["coseno.histories.begin"], "int64", [0, 1, 3])
        self.assert_tensor(tensors["coseno.histories.items"], "uint32", [0, 0, 1])
        self.assert_tensor(tensors["coseno.histories.values"], "float32", [5, 4, 2])
        self.assert_tensor(tensors["coseno.histories.times"], "int64", [10, 5, 20])

    def test_popularity_counts_users(self):
        tensors, _ = self.fit("--model", "popularity")
        self.assert_tensor(tensors["popularity.n_users"], "float32", [2, 1])

    def test_vectors_are_one_row_an_item(self):
        tensors, metadata = self.fit("--model", "biased_mf", "--set", "dim=3", "--set", "draws=2")
        self.assertEqual(json.loads(metadata["coseno.settings"]), {"dim": "3", "draws": "2"})
        vectors = tensors["item_vectors"]
        self.assertEqual(vectors.dtype, numpy.float32)
        self.assertEqual(vectors.shape, (2, 2 * 3))  # both draws side by side
        self.assertTrue(numpy.isfinite(vectors).all())


if __name__ == "__main__":
    unittest.main()
