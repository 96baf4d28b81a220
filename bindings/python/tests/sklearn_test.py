"""In scikit-learn's manners."""

import unittest

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import coseno
from tastes import two_groups


class SklearnTest(unittest.TestCase):
    def test_clones_have_the_parameters_and_nothing_learnt(self):
        model = coseno.Blend(models="ease,ials", ials__dim=4).fit(two_groups())
        copy = clone(model)
        self.assertEqual(copy.get_params(), model.get_params())
        self.assertEqual(copy.get_params()["ials__dim"], 4)
        with self.assertRaises(coseno.NotFittedError):
            copy.recommend(0)
        self.assertEqual(copy.set_params(ials__dim=8, max_users=9).get_params()["ials__dim"], 8)

    def test_a_grid_search_finds_what_is_better(self):
        search = GridSearchCV(
            coseno.ItemKnn(), {"neighbours": [1, 30]}, scoring=coseno.make_scorer(k=5), cv=3
        ).fit(two_groups())
        self.assertEqual(search.best_params_, {"neighbours": 30})
        self.assertGreater(search.best_score_, 0.1)

    def test_a_model_scores_itself(self):
        scores = cross_val_score(coseno.Ease(), two_groups(), cv=3)
        self.assertTrue(((scores > 0) & (scores <= 1)).all())

    def test_at_the_end_of_a_pipeline(self):
        pipeline = make_pipeline(coseno.Ease()).fit(two_groups())
        self.assertGreater(pipeline.score(two_groups(seed=2)), 0)

    def test_the_scorer_by_hand(self):
        # Both items of each row are of the one pair, so the other of it is the whole answer.
        matrix = np.array([[1, 1, 0, 0], [0, 0, 1, 1]] * 4)
        model = coseno.ItemKnn().fit(matrix)
        for metric in ("ndcg", "recall", "hit_rate"):
            self.assertEqual(coseno.make_scorer(k=1, metric=metric)(model, matrix), 1.0)
        with self.assertRaises(ValueError):
            coseno.make_scorer(metric="rmse")
        single = np.eye(4)
        self.assertEqual(coseno.make_scorer()(model, single), 0.0)


if __name__ == "__main__":
    unittest.main()
