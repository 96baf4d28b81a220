"""Surprise (PyPI scikit-surprise) as a rival: surprise_ratings.py ALGORITHM TRAIN TEST OUT."""

import sys

from ratings_file import answer, read_ratings
from surprise import SVD, BaselineOnly, Dataset, KNNBaseline, Reader, SVDpp

SEED = 1
ALGORITHMS = {
    "baseline": lambda: BaselineOnly(verbose=False),
    "svd": lambda: SVD(random_state=SEED),
    # The best of a search on u1 and u3 over factors 50, 100; epochs 40, 60; rate 0.005, 0.01; and
    # regularisation 0.08, 0.1, 0.12.
    "svd_tuned": lambda: SVD(
        n_factors=100, n_epochs=40, lr_all=0.01, reg_all=0.1, random_state=SEED
    ),
    "svdpp": lambda: SVDpp(random_state=SEED),
    "item_knn": lambda: KNNBaseline(
        sim_options={"name": "pearson_baseline", "user_based": False}, verbose=False
    ),
}


def main():
    _, name, train, test, out = sys.argv
    reader = Reader(line_format="user item rating timestamp", sep="\t")
    known = Dataset.load_from_file(train, reader).build_full_trainset()
    wanted = read_ratings(test)
    algorithm = ALGORITHMS[name]()

    def predict():
        return [algorithm.predict(user, item).est for user, item, _ in wanted]

    answer(lambda: algorithm.fit(known), predict, wanted, out)


main()
