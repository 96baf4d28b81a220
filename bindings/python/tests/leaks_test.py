"""Memory is flat: calls, models and engines leave nothing behind.

COSENO_LONG_TESTS=1 takes 1,000,000 calls and opens 1,000 engines; without it, a hundredth.
"""

import gc
import os
import tempfile
import unittest

import numpy as np

import coseno
from tastes import two_groups

SHARE = 1 if os.environ.get("COSENO_LONG_TESTS") else 0.01
# What allocators may keep back; a leak of 100 bytes a call would be more.
MOST_BYTES = 4e6 if SHARE == 1 else 3e6


def resident_bytes():
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def growth(work, times):
    """Bytes that `times` calls leave behind; as many before them fill caches and pools."""
    for _ in range(times):
        work()
    before = resident_bytes()
    for _ in range(times):
        work()
    return resident_bytes() - before


class LeaksTest(unittest.TestCase):
    def assert_flat(self, work, times):
        grown = growth(work, max(int(times * SHARE), 2))
        self.assertLess(grown, MOST_BYTES)

    @classmethod
    def setUpClass(cls):
        cls.matrix = two_groups()
        cls.model = coseno.Ials(dim=8, rounds=2).fit(cls.matrix)

    def test_lists_of_one(self):
        self.assert_flat(lambda: self.model.recommend(3), 1_000_000)

    def test_lists_of_rows_and_many(self):
        users = np.arange(20)
        self.assert_flat(lambda: self.model.recommend(users, self.matrix[:20]), 100_000)

    def test_vectors(self):
        self.assert_flat(lambda: self.model.item_factors[0, 0] + self.model.user_factors[0, 0], 200_000)

    def test_refusals(self):
        def refuse():
            try:
                self.model.recommend(10**6)
            except ValueError:
                pass

        self.assert_flat(refuse, 200_000)

    def test_fits_and_pickles(self):
        def fit():
            model = coseno.ItemKnn(n_threads=1).fit(self.matrix)
            model.__setstate__(model.__getstate__())

        self.assert_flat(fit, 5_000)

    def test_events_and_lists_of_an_engine(self):
        with tempfile.TemporaryDirectory() as folder, coseno.Engine.open(folder + "/data") as engine:
            engine.put_item("tea", title="Tea")

            def ask():
                engine.recommend("ann", history=[{"item": "tea"}], explain=True)
                engine.item("tea")
                engine.history("ann")

            self.assert_flat(ask, 300_000)

    def test_opening_and_closing(self):
        with tempfile.TemporaryDirectory() as folder:
            with coseno.Engine.open(folder + "/data") as engine:
                engine.observe(user="ann", item="tea")

            def reopen():
                with coseno.Engine.open(folder + "/data") as engine:
                    engine.recommend("bob")

            self.assert_flat(reopen, 1_000)


if __name__ == "__main__":
    unittest.main()
