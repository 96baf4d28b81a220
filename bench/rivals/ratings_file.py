"""What the rivals that predict ratings have in common: u.data's format in, predictions out."""

import json
import time


def read_ratings(path):
    """[(user, item, rating)] of a file with "user<tab>item<tab>rating<tab>time" a line."""
    with open(path, encoding="utf-8") as file:
        fields = [line.split("\t") for line in file]
    return [(user, item, float(rating)) for user, item, rating, _ in fields]


def answer(fit, predict, test, out):
    """Times fit() and predict(), which gives a rating for each pair of `test`; writes and tells."""
    start = time.perf_counter()
    fit()
    fitted = time.perf_counter()
    ratings = predict()
    predicted = time.perf_counter()
    with open(out, "w", encoding="utf-8") as file:
        for (user, item, _), rating in zip(test, ratings, strict=True):
            file.write(f"{user}\t{item}\t{rating}\n")
    print(json.dumps({"fit_s": fitted - start, "predict_s": predicted - fitted}))
