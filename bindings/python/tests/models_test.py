"""Models: fitting to what people have, lists, vectors, files, and what is refused."""

import inspect
import os
import pathlib
import pickle
import signal
import tempfile
import threading
import time
import unittest

import numpy as np
import pandas
import polars
import scipy.sparse

import coseno
from tastes import FAST, TWO_TASTES, two_groups


def fitted(name, data=TWO_TASTES):
    return getattr(coseno, name)(**FAST.get(name, {}), n_threads=1).fit(data)


class EveryModelTest(unittest.TestCase):
    NAMES = ("ItemKnn", "Rp3Beta", "Ease", "Ials", "BiasedMf", "Markov", "SessionKnn", "Blend", "Auto")

    def test_a_tea_drinker_gets_the_tea_that_is_missing(self):
        for name in self.NAMES:
            with self.subTest(name):
                items, scores = fitted(name).recommend("ann", k=3)
                self.assertEqual(items[0], "white")
                self.assertNotIn("latte", items)
                self.assertEqual(list(scores), sorted(scores, reverse=True))

    def test_one_and_many_numbers_and_rows_give_the_same_lists(self):
        matrix = two_groups()
        for name in ("Popularity", *self.NAMES):
            if name == "BiasedMf":
                continue  # acts are no ratings
            with self.subTest(name):
                model = fitted(name, matrix)
                many, scores = model.recommend(np.arange(40), k=7)
                rows, row_scores = model.recommend(np.arange(40), matrix[:40], N=7)
                np.testing.assert_array_equal(many, rows)
                np.testing.assert_allclose(scores, row_scores, rtol=1e-5)
                for user in (0, 1, 39):
                    one, one_scores = model.recommend(user, k=7)
                    np.testing.assert_array_equal(one, many[user][: len(one)])
                    np.testing.assert_array_equal(one_scores, scores[user][: len(one)])
                    alone, _ = model.recommend(matrix[user], k=7)
                    np.testing.assert_array_equal(alone, one)

    def test_pickled_and_saved_models_answer_alike(self):
        for name in self.NAMES:
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                model = fitted(name)
                expected = list(model.recommend("bob")[0])
                again = pickle.loads(pickle.dumps(model))
                self.assertEqual(list(again.recommend("bob")[0]), expected)
                self.assertEqual(again.get_params(), model.get_params())
                path = pathlib.Path(folder) / "model"
                model.save(path)
                loaded = coseno.load(path)
                self.assertEqual(list(loaded.recommend("bob")[0]), expected)
                if name != "Auto":
                    parameters = {**model.get_params(), "n_threads": 0}
                    self.assertEqual({**type(model).load(path).get_params()}, parameters)

    def test_signatures_tell_the_librarys_options(self):
        for described in coseno.models():
            cls = {m.model_name: m for m in _classes()}[described.name]
            with self.subTest(described.name):
                parameters = inspect.signature(cls).parameters
                for option in described.options:
                    self.assertIn(option.name, parameters)


def _classes():
    return [
        value
        for value in vars(coseno).values()
        if isinstance(value, type) and issubclass(value, coseno.Recommender) and value.model_name
    ]


class FitTest(unittest.TestCase):
    def test_matrices_of_every_kind_give_the_same_model(self):
        matrix = two_groups()
        expected = coseno.Ease().fit(matrix).recommend(np.arange(9))[0]
        dense = matrix.toarray()
        kinds = {
            "csc": matrix.tocsc(),
            "coo": matrix.tocoo(),
            "array": scipy.sparse.csr_array(matrix),
            "float64": matrix.astype(np.float64),
            "int64": matrix.astype(np.int64),
            "bool": matrix.astype(bool),
            "dense": dense,
            "Fortran": np.asfortranarray(dense),
            "other byte order": dense.astype(">f8"),
            "strided": np.repeat(dense, 2, axis=1)[:, ::2],
            "reversed twice": dense[::-1][::-1],
        }
        wide = matrix.copy()
        wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
        kinds["int64 indices"] = wide
        for kind, data in kinds.items():
            with self.subTest(kind):
                found = coseno.Ease().fit(data).recommend(np.arange(9))[0]
                np.testing.assert_array_equal(found, expected)

    def test_what_lies_right_is_not_changed(self):
        matrix = two_groups()
        before = matrix.copy()
        coseno.Ials(dim=4).fit(matrix).recommend(matrix[:5])
        self.assertEqual((matrix != before).nnz, 0)

    def test_frames_of_pandas_and_polars(self):
        columns = {
            "user": [user for user, items in TWO_TASTES.items() for _ in items],
            "item": [item for items in TWO_TASTES.values() for item in items],
            "rating": [value for items in TWO_TASTES.values() for value in items.values()],
        }
        expected = list(fitted("ItemKnn").recommend("ann")[0])
        for frame in (pandas.DataFrame(columns), polars.DataFrame(columns)):
            self.assertEqual(list(fitted("ItemKnn", frame).recommend("ann")[0]), expected)

    def test_times_of_frames_are_kept(self):
        frame = pandas.DataFrame(
            {
                "userId": [1, 1, 1, 2, 2, 2],
                "movieId": [7, 8, 9, 7, 8, 9],
                "rating": [5.0] * 6,
                "timestamp": pandas.to_datetime([1, 2, 3, 1, 2, 3], unit="s"),
            }
        )
        table = coseno.evaluate(frame, ["popularity"], protocol="temporal", fraction=0.34)
        self.assertEqual(list(table.index), ["popularity"])
        self.assertEqual(coseno.to_ratings(frame).item(1), "8")

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "ratings.csv"
            path.write_text("ann,tea,5\nbob,tea,4\nbob,jam,5\n", encoding="utf-8")
            self.assertEqual(len(coseno.read_ratings(path)), 3)
            self.assertEqual(list(coseno.ItemKnn().fit(path).recommend("ann")[0]), ["jam"])
            path.write_text("ann,tea,5\nbob,tea,x\n", encoding="utf-8")
            with self.assertRaisesRegex(ValueError, "ratings.csv:2:9") as raised:
                coseno.read_ratings(path)
            self.assertEqual(raised.exception.code, "invalid_argument")
        with self.assertRaises(FileNotFoundError) as raised:
            coseno.read_ratings("nowhere.csv")
        self.assertEqual(raised.exception.code, "not_found")

    def test_parameters_are_checked_when_fitted(self):
        with self.assertRaisesRegex(ValueError, r"ials: dim must be in \[1, 2048\], not -3"):
            coseno.Ials(dim=-3).fit(TWO_TASTES)
        with self.assertRaisesRegex(TypeError, "dim must be a number or a text"):
            coseno.Ials(dim=[1]).fit(TWO_TASTES)
        with self.assertRaises(TypeError):
            coseno.Ials(dims=3)
        with self.assertRaisesRegex(ValueError, "no parameter 'dims'"):
            coseno.Ials().set_params(dims=3)
        with self.assertRaisesRegex(ValueError, "seed must be"):
            coseno.Ials(seed=-1).fit(TWO_TASTES)

    def test_bad_data_are_refused(self):
        matrix = two_groups()

        def refused(change, kind=ValueError):
            bad = matrix.copy()
            change(bad)
            with self.assertRaises(kind):
                coseno.ItemKnn().fit(bad)

        refused(lambda m: m.data.__setitem__(0, np.nan))
        refused(lambda m: m.data.__setitem__(0, np.inf))
        refused(lambda m: m.indices.__setitem__(0, 60))
        refused(lambda m: m.indices.__setitem__(0, -1))
        refused(lambda m: m.indptr.__setitem__(1, 10**6))
        refused(lambda m: m.indptr.__setitem__(1, -5))
        for data, kind in (
            (matrix.astype(complex), TypeError),
            (np.zeros((2, 3, 4)), ValueError),
            (np.array([["a", "b"]]), TypeError),
            (np.full((2, 2), 1e300), ValueError),
            (np.full((2, 2), np.nan), ValueError),
            (None, (TypeError, ValueError)),
            (7, (TypeError, ValueError)),
            ({"ann": 3}, TypeError),
            ({"ann": {"tea": "x"}}, TypeError),
            ({"": {"tea": 1}}, ValueError),
            ({1.5: {"tea": 1}}, TypeError),
            (pandas.DataFrame({"a": [1], "b": [2]}), ValueError),
            (np.zeros((3, 3)), ValueError),  # nothing to learn from
            (np.zeros((0, 0)), ValueError),
        ):
            with self.subTest(str(data)[:40]), self.assertRaises(kind):
                coseno.ItemKnn().fit(data)

    def test_a_huge_empty_matrix_is_refused_or_served(self):
        huge = scipy.sparse.csr_matrix((2**31 - 1, 2**31 - 1), dtype=np.float32)
        huge.indptr = np.zeros(1, np.int32)  # a broken one, which would end far outside
        with self.assertRaises((ValueError, RuntimeError)):
            coseno.Popularity().fit(huge)


class RecommendTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.matrix = two_groups()
        cls.model = coseno.Ials(dim=8, rounds=3).fit(cls.matrix)

    def test_filters(self):
        first = self.model.recommend(3, k=5)[0]
        without = self.model.recommend(3, k=5, filter_items=first[:2])[0]
        self.assertFalse(set(first[:2]) & set(without))
        alone, _ = self.model.recommend(3, k=5, items=first[:3].astype(np.int64))
        self.assertEqual(list(alone), list(first[:3]))
        seen = self.matrix[3].indices
        self.assertFalse(set(seen) & set(self.model.recommend(3, k=60)[0]))
        everything = self.model.recommend(3, k=60, filter_already_liked_items=False)[0]
        self.assertTrue(set(seen) <= set(everything))
        self.assertEqual(len(self.model.recommend(3, k=10**15)[0]), 60 - len(seen))

    def test_short_rows_are_filled_up(self):
        items, scores = self.model.recommend(np.arange(2), k=4, items=[1, 2])
        for row, row_scores in zip(items, scores):
            n = np.count_nonzero(row != coseno.NO_ITEM)
            self.assertLessEqual(n, 2)
            self.assertTrue((row[n:] == -1).all())
            self.assertTrue((row_scores[n:] == np.finfo(np.float32).min).all())

    def test_users_come_in_any_array(self):
        expected = self.model.recommend(np.array([3, 5, 9]))[0]
        for users in (
            [3, 5, 9],
            np.array([3, 5, 9], dtype=">i8"),
            np.array([3, 0, 5, 0, 9, 0], dtype=np.int32)[::2],
            np.array([9, 5, 3], dtype=np.uint8)[::-1],
            pandas.Series([3, 5, 9]),
        ):
            np.testing.assert_array_equal(self.model.recommend(users)[0], expected)
        self.assertEqual(self.model.recommend(np.zeros(0, np.int64))[0].shape, (0, 10))
        np.testing.assert_array_equal(self.model.recommend(np.int16(5))[0], expected[1])

    def test_wrong_arguments_are_refused(self):
        model = self.model
        for call, kind in (
            (lambda: model.recommend(200), ValueError),
            (lambda: model.recommend(-1), ValueError),
            (lambda: model.recommend(10**20), ValueError),
            (lambda: model.recommend([1, -1]), ValueError),
            (lambda: model.recommend([1, 200]), ValueError),
            (lambda: model.recommend([1, 10**12]), ValueError),
            (lambda: model.recommend([1.5]), TypeError),
            (lambda: model.recommend(True), TypeError),
            (lambda: model.recommend(np.zeros((2, 2, 2), int)), ValueError),
            (lambda: model.recommend(3, k=0), ValueError),
            (lambda: model.recommend(3, k=-5), ValueError),
            (lambda: model.recommend(3, N=-5), ValueError),
            (lambda: model.recommend(3, k=2.5), TypeError),
            (lambda: model.recommend(3, k="x"), TypeError),
            (lambda: model.recommend(3, k=10**30), ValueError),
            (lambda: model.recommend(3, items=[]), ValueError),
            (lambda: model.recommend(3, items=[60]), ValueError),
            (lambda: model.recommend(3, filter_items=[-1]), ValueError),
            (lambda: model.recommend(3, by="x"), ValueError),
            (lambda: model.recommend([3], n_threads=-1), ValueError),
            (lambda: model.recommend([3], self.matrix[:2]), ValueError),
            (lambda: model.recommend(self.matrix[:, :5]), ValueError),
            (lambda: model.recommend(np.full((1, 60), np.nan)), ValueError),
            (lambda: model.similar_items(60), KeyError),
            (lambda: model.similar_items("tea"), KeyError),
            (lambda: model.similar_users(200), KeyError),
            (lambda: model.similar_items(1, k=-1), ValueError),
            (lambda: model.predict(1, [1]), ValueError),
            (lambda: model.recommend([3], progress=7), TypeError),
            (lambda: coseno.Ials().recommend(3), ValueError),
            (lambda: coseno.Ials().user_factors, AttributeError),
        ):
            with self.subTest(inspect.getsource(call).strip()), self.assertRaises(kind):
                call()

    def test_similar_items_and_users(self):
        items, scores = self.model.similar_items(3, k=5)
        self.assertEqual(len(items), 5)
        self.assertNotIn(3, items)
        self.assertTrue((items < 30).all())  # of its own half
        many, _ = self.model.similar_items([3, 40], N=5)
        np.testing.assert_array_equal(many[0], items)
        users, _ = self.model.similar_users(7, k=3)
        self.assertEqual(len(users), 3)
        self.assertTrue((scores <= 1.0001).all())

    def test_ratings_are_predicted(self):
        model = coseno.BiasedMf(dim=2, rounds=30, draws=5).fit(TWO_TASTES)
        white, mocha = model.predict("ann", ["white", "mocha"])
        self.assertGreater(white, mocha)
        self.assertEqual(model.predict(0, 3).shape, (1,))
        with self.assertRaises(ValueError):
            model.predict("ann", [6])


class VectorsTest(unittest.TestCase):
    def test_they_are_the_models_own_and_multiply_to_scores(self):
        matrix = two_groups()
        model = coseno.Ials(dim=10, rounds=3).fit(matrix)
        users, items = model.user_factors, model.item_factors
        self.assertEqual((users.shape, items.shape), ((200, 10), (60, 10)))
        self.assertFalse(items.flags.owndata)
        self.assertFalse(items.flags.writeable)
        self.assertEqual(items.ctypes.data, model.item_factors.ctypes.data)
        found, scores = model.recommend(4, k=60, filter_already_liked_items=False)
        np.testing.assert_allclose(scores, (users[4] @ items.T)[found], rtol=1e-4, atol=1e-6)

    def test_they_outlive_the_model(self):
        items = coseno.Ials(dim=10, rounds=1).fit(two_groups()).item_factors
        self.assertTrue(np.isfinite(items).all())

    def test_models_without_have_none(self):
        self.assertFalse(hasattr(coseno.Ease().fit(TWO_TASTES), "item_factors"))


class LongWorkTest(unittest.TestCase):
    def test_progress_is_told_and_may_stop(self):
        told = []
        coseno.Ials(dim=8, rounds=3).fit(two_groups(), progress=lambda *args: told.append(args))
        self.assertTrue(told)
        self.assertTrue(all(isinstance(stage, str) and 0 <= share <= 1 for stage, share in told))
        with self.assertRaises(coseno.CancelledError):
            coseno.Ials(dim=64, rounds=10000).fit(two_groups(), progress=lambda *_: False)

    def test_what_a_callback_raises_comes_back(self):
        def fail(stage, share):
            raise LookupError("mine")

        with self.assertRaisesRegex(LookupError, "mine"):
            coseno.Ials(dim=64, rounds=10000).fit(two_groups(), progress=fail)

    def test_a_bar_of_tqdm(self):
        import contextlib
        import io

        output = io.StringIO()
        with contextlib.redirect_stderr(output):
            coseno.Ials(dim=8, rounds=3).fit(two_groups(), progress=True)
        self.assertIn("100%", output.getvalue())

    def test_ctrl_c_ends_a_fit_and_the_old_model_stays(self):
        model = coseno.Ials(dim=8, rounds=2).fit(two_groups())
        before = model.recommend(1)[0]
        model.set_params(dim=64, rounds=10000)
        timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        start = time.monotonic()
        with self.assertRaises(KeyboardInterrupt):
            model.fit(two_groups(2000, 400))
        self.assertLess(time.monotonic() - start, 20)
        timer.join()
        np.testing.assert_array_equal(model.recommend(1)[0], before)

    def test_threads_run_beside_a_fit(self):
        matrix = two_groups(2000, 400)
        done = threading.Event()

        def fit():
            coseno.Ials(dim=64, rounds=30, n_threads=1).fit(matrix)
            done.set()

        thread = threading.Thread(target=fit)
        thread.start()
        turns = 0
        while not done.is_set():
            turns += 1
            time.sleep(0.001)
        thread.join()
        self.assertGreater(turns, 20)

    def test_one_model_serves_many_threads(self):
        model = coseno.Ials(dim=8, rounds=2).fit(two_groups())
        expected = model.recommend(np.arange(200))[0]
        wrong = []

        def ask():
            for user in range(200):
                if not (model.recommend(user)[0] == expected[user]).all():
                    wrong.append(user)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


class EvaluateTest(unittest.TestCase):
    def test_a_frame_with_popularity_in_it(self):
        table = coseno.evaluate(two_groups(), ["ease", coseno.Ials(dim=4)], k=5)
        self.assertEqual(list(table.index), ["ease", "ials", "popularity"])
        self.assertGreater(table.loc["ease", "ndcg"], table.loc["popularity", "ndcg"])

    def test_refusals(self):
        for call in (
            lambda: coseno.evaluate(two_groups(), ["ease"], protocol="x"),
            lambda: coseno.evaluate(two_groups(), ["ease"], k=0),
            lambda: coseno.evaluate(two_groups(), ["ease", "ease"]),
            lambda: coseno.evaluate(two_groups(), ["ease"], by="x"),
        ):
            with self.assertRaises(ValueError):
                call()
        with self.assertRaises(KeyError):
            coseno.evaluate(two_groups(), ["als"])


if __name__ == "__main__":
    unittest.main()
