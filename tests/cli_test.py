#!/usr/bin/env python3
"""The program from outside: arguments and files in, text and exit codes out.

    cli_test.py PROGRAM [unittest arguments]
"""

import gzip
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import xml.etree.ElementTree

PROGRAM = ""
HERE = pathlib.Path(__file__).resolve().parent
MOVIELENS = HERE.parent.parent / "shared" / "data" / "ml-100k"

# Two tastes: tea drinkers have tea, milk and cup; coffee drinkers have coffee, sugar and spoon.
# Nobody of either has an item of the other. ann lacks cup, and zed lacks spoon.
TASTES = """user,item,rating
ann,tea,5
ann,milk,4
bob,tea,4
bob,milk,5
bob,cup,5
cat,tea,5
cat,milk,4
cat,cup,4
xan,coffee,4
xan,sugar,5
xan,spoon,4
yan,coffee,5
yan,sugar,4
yan,spoon,5
zed,coffee,4
zed,sugar,5
"""

ITEMS = """id,title,genres
tea,Green Tea,hot|leaf
milk,Cold Milk,cold
cup,A Cup,thing
coffee,Black Coffee,hot|bean
sugar,Brown Sugar,sweet
spoon,A Spoon,thing
"""

COMMANDS = ["recommend", "similar", "predict", "fit", "evaluate", "tune", "replay", "generate",
            "import", "train", "publish", "inspect", "verify", "backup", "restore", "erase", "serve",
            "key", "models", "completion"]  # fmt: skip

# The tutorial's own example: every user has rated every film.
TUTORIAL = json.dumps(
    {
        "user1": {"movie1": 4, "movie2": 5},
        "user2": {"movie1": 3, "movie2": 2},
        "user3": {"movie1": 1, "movie2": 4},
    }
)


def run(*arguments, stdin=None, **options):
    """The finished process; `stdin` is text or bytes."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)], input=data, capture_output=True, timeout=300, **options
    )
    done.stdout = done.stdout.decode()
    done.stderr = done.stderr.decode()
    return done


class ProgramTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="coseno_cli_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.ratings = self.write("ratings.csv", TASTES)
        self.items = self.write("items.csv", ITEMS)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())

    def good(self, *arguments, **options):
        """What it prints; it must end with 0 and without a complaint."""
        done = run(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        return done.stdout

    def refused(self, exit_code, pattern, *arguments, **options):
        """It must end with the code, one sentence on stderr and nothing on stdout."""
        done = run(*arguments, **options)
        self.assertEqual(done.returncode, exit_code, (arguments, done.stderr))
        self.assertRegex(done.stderr, "^coseno: " + ".*" + pattern)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertEqual(done.stdout, "")

    def generate(self, users, items, events):
        path = self.folder / "generated.csv"
        self.good("generate", "--users", users, "--items", items, "--events", events, "--out", path)
        return path


class RecommendTest(ProgramTest):
    def recommend(self, *arguments, **options):
        return json.loads(self.good("recommend", *arguments, "--json", **options))

    def test_what_like_minded_users_have_comes_first(self):
        answer = self.recommend(self.ratings, "--user", "ann")
        self.assertEqual(list(answer), ["user", "model", "items"])
        self.assertEqual((answer["user"], answer["model"]), ("ann", "item_knn"))
        self.assertEqual(answer["items"][0]["item"], "cup")
        self.assertEqual(list(answer["items"][0]), ["item", "score"])

    def test_what_the_user_has_is_left_out_unless_asked_for(self):
        items = [entry["item"] for entry in self.recommend(self.ratings, "--user", "ann")["items"]]
        self.assertTrue({"tea", "milk"}.isdisjoint(items), items)
        seen = self.recommend(self.ratings, "--user", "ann", "--include-seen", "-k", 6)
        self.assertLessEqual({"tea", "milk", "cup"}, {e["item"] for e in seen["items"]})

    def test_k_bounds_the_list(self):
        self.assertEqual(len(self.recommend(self.ratings, "--user", "ann", "-k", 1)["items"]), 1)
        huge = self.recommend(self.ratings, "--user", "ann", "-k", 10**18, "--include-seen")
        self.assertLessEqual(len(huge["items"]), 6)

    def test_titles_stand_in_json_and_in_text(self):
        answer = self.recommend(self.ratings, "--user", "ann", "--items", self.items)
        self.assertEqual(list(answer["items"][0]), ["item", "score", "title"])
        self.assertEqual(answer["items"][0]["title"], "A Cup")
        text = self.good("recommend", self.ratings, "--user", "ann", "--items", self.items)
        self.assertRegex(text, r"^User ann, 2 ratings, model item_knn\n\nrank +item +title +score\n")
        self.assertRegex(text, r"\n +1  cup +A Cup +\d")

    def test_a_score_that_could_pass_for_a_rating_is_told_apart(self):
        told = "score orders the list; coseno predict gives ratings\n"
        recommend = ("recommend", self.ratings, "--model", "biased_mf", "--user")
        self.assertIn(f"model biased_mf\n{told}\nrank", self.good(*recommend, "ann"))
        self.assertNotIn(told, self.good(*recommend, "who"))
        self.assertNotIn(told, self.good("recommend", self.ratings, "--user", "ann"))

    def test_unknown_user_gets_the_popular_items_and_is_told(self):
        answer = self.recommend(self.ratings, "--user", "who", "-k", 2)
        self.assertEqual((answer["known"], answer["model"]), (False, "popularity"))
        self.assertIn("unknown", answer["note"])
        # Three users each; tea came first.
        self.assertEqual(
            answer["items"], [{"item": "tea", "score": 3}, {"item": "milk", "score": 3}]
        )
        self.assertIn("user who is unknown", self.good("recommend", self.ratings, "--user", "who"))

    def test_the_tutorial_has_nothing_left_and_says_so(self):
        answer = self.recommend("-", "--user", "user1", stdin=TUTORIAL)
        self.assertEqual(answer["items"], [])
        self.assertIn("nothing left", answer["note"])
        text = self.good("recommend", "-", "--user", "user1", stdin=TUTORIAL)
        self.assertIn("nothing left to recommend: user user1 has had all 2 items", text)
        seen = self.recommend("-", "--user", "user1", "--include-seen", stdin=TUTORIAL)
        self.assertEqual({e["item"] for e in seen["items"]}, {"movie1", "movie2"})

    def test_each_format_gives_the_same_answer(self):
        rows = [line.split(",") for line in TASTES.splitlines()[1:]]
        matrix = {}
        for user, item, rating in rows:
            matrix.setdefault(user, {})[item] = float(rating)
        texts = {
            "csv": TASTES,
            "tsv": "".join("\t".join(row) + "\n" for row in rows),
            "double-colon": "".join("::".join(row) + "\n" for row in rows),
            "json-lines": "".join(
                json.dumps({"user": u, "item": i, "rating": float(r)}) + "\n" for u, i, r in rows
            ),
            "json-matrix": json.dumps(matrix),
        }
        expected = self.recommend(self.ratings, "--user", "ann")
        for name, text in texts.items():
            with self.subTest(format=name):
                self.assertEqual(self.recommend("-", "--user", "ann", stdin=text), expected)
                forced = self.recommend("-", "--user", "ann", "--format", name, stdin=text)
                self.assertEqual(forced, expected)
        packed = gzip.compress(TASTES.encode())
        self.assertEqual(self.recommend("-", "--user", "ann", stdin=packed), expected)

    def test_a_pipe_loses_nothing(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_text, args=(TASTES,))
        writer.start()
        answer = self.recommend(pipe, "--user", "ann")
        writer.join()
        self.assertEqual(answer, self.recommend(self.ratings, "--user", "ann"))

    def test_lines_of_items_are_interactions(self):
        text = "ann tea milk\nbob tea milk cup\ncat tea milk cup\nxan coffee sugar\n"
        answer = self.recommend("-", "--user", "ann", stdin=text)
        self.assertEqual(answer["items"][0]["item"], "cup")
        self.assertIn("2 interactions", self.good("recommend", "-", "--user", "ann", stdin=text))

    def test_a_model_without_vectors_has_no_cosine(self):
        self.refused(
            2, "popularity has no vectors.*biased_mf",
            "recommend", self.ratings, "--user", "ann", "--model", "popularity", "--by", "cosine",
        )  # fmt: skip

    def test_by_cosine_ranks_by_the_angle(self):
        answer = self.recommend(
            self.ratings, "--user", "ann", "--model", "biased_mf", "--by", "cosine"
        )
        for entry in answer["items"]:
            self.assertLessEqual(abs(entry["score"]), 1.0001)

    def test_content_needs_properties(self):
        self.refused(
            1, "--items", "recommend", self.ratings, "--user", "ann", "--model", "content"
        )
        answer = self.recommend(
            self.ratings, "--user", "ann", "--model", "content", "--items", self.items
        )
        self.assertEqual(answer["model"], "content")

    def test_all_users_get_a_line_each(self):
        out = self.folder / "lists.txt"
        text = self.good("recommend", self.ratings, "--users", "all", "-k", 1, "--out", out)
        self.assertEqual(text, "")
        lines = [line.split() for line in out.read_text().splitlines()]
        self.assertEqual([line[0] for line in lines], ["ann", "bob", "cat", "xan", "yan", "zed"])
        self.assertEqual(lines[0], ["ann", "cup"])
        self.assertEqual(lines[5], ["zed", "spoon"])
        self.assertEqual(self.files(), ["items.csv", "lists.txt", "ratings.csv"])

    def test_users_of_a_file_in_its_order_on_stdout(self):
        users = self.write("users.txt", "zed\nann\nwho\n")
        done = run("recommend", self.ratings, "--users", users, "-k", 1)
        self.assertEqual(done.stdout, "zed spoon\nann cup\nwho tea\n")
        self.assertEqual(
            done.stderr, "coseno: 1 of 3 users are unknown and got the popular items\n"
        )

    def test_threads_do_not_change_the_lists(self):
        ratings = self.generate(200, 100, 3000)
        one = self.good("recommend", ratings, "--users", "all", "--threads", 1)
        self.assertEqual(self.good("recommend", ratings, "--users", "all", "--threads", 3), one)

    def test_ids_with_blanks_are_no_words_of_a_line(self):
        text = "user,item,rating\nann,green tea,5\nbob,milk,4\n"
        self.refused(1, '"green tea" has a blank', "recommend", "-", "--users", "all", stdin=text)

    def test_ids_cannot_steer_the_terminal(self):
        text = json.dumps({"ann": {"a": 5, "b": 3}, "bob": {"a": 4, "b": 2, "\x1b[31mred": 5}})
        self.assertNotIn("\x1b", self.good("recommend", "-", "--user", "ann", stdin=text))


class SimilarTest(ProgramTest):
    def test_items_of_the_same_taste_are_alike(self):
        answer = json.loads(self.good("similar", self.ratings, "--item", "tea", "--json"))
        self.assertEqual(list(answer), ["item", "model", "items"])
        self.assertEqual({e["item"] for e in answer["items"][:2]}, {"milk", "cup"})

    def test_text_names_item_and_model(self):
        text = self.good("similar", self.ratings, "--item", "tea", "--items", self.items)
        self.assertRegex(text, r"^Item tea, Green Tea, model item_knn\n\nrank")

    def test_unknown_item_fails(self):
        self.refused(
            1, "item wine is unknown: it is not in .*ratings.csv",
            "similar", self.ratings, "--item", "wine",
        )  # fmt: skip

    def test_content_finds_what_nobody_has_had(self):
        items = self.write("more.csv", ITEMS + "mate,Mate,hot|leaf\n")
        answer = json.loads(
            self.good(
                "similar", self.ratings, "--item", "mate", "--items", items,
                "--model", "content", "-k", 1, "--json",
            )  # fmt: skip
        )
        self.assertEqual(answer["items"][0]["item"], "tea")


class PredictTest(ProgramTest):
    def test_pairs_keep_their_order_and_their_repeats(self):
        pairs = "ann\tcup\nzed\tspoon\nann\tcup\n"
        lines = self.good("predict", self.ratings, "--pairs", "-", stdin=pairs).splitlines()
        fields = [line.split("\t") for line in lines]
        self.assertEqual([f[:2] for f in fields], [["ann", "cup"], ["zed", "spoon"], ["ann", "cup"]])
        self.assertEqual(fields[0], fields[2])
        for field in fields:
            self.assertTrue(4 <= float(field[2]) <= 5, field)

    def test_unknown_users_and_items_are_predicted_too(self):
        pairs = self.write("pairs.csv", "user,item\nwho,tea\nann,wine\nwho,wine\n")
        out = self.folder / "out.tsv"
        self.assertEqual(self.good("predict", self.ratings, "--pairs", pairs, "--out", out), "")
        fields = [line.split("\t") for line in out.read_text().splitlines()]
        self.assertEqual([f[:2] for f in fields], [["who", "tea"], ["ann", "wine"], ["who", "wine"]])
        for field in fields:
            self.assertTrue(4 <= float(field[2]) <= 5, field)

    def test_a_model_that_predicts_no_ratings_says_so(self):
        self.refused(
            1, "popularity predicts no ratings",
            "predict", self.ratings, "--pairs", self.ratings, "--model", "popularity",
        )  # fmt: skip


class ModelFileTest(ProgramTest):
    def fit(self, name, *arguments, ratings=None):
        path = self.folder / name
        text = self.good("fit", ratings or self.ratings, "--out", path, *arguments)
        self.assertIn("fitted on", text)
        return path

    def test_what_auto_chose_can_be_had_again_without_the_search(self):
        ratings = self.folder / "acts.csv"
        self.good("generate", "--users", 200, "--items", 80, "--events", 4000, "--out", ratings)
        chosen, again = self.folder / "chosen", self.folder / "again"
        done = run("fit", ratings, "--model", "auto", "--seconds", 2, "--out", chosen)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = re.search(r"auto chose (\w+), NDCG@10 0\.\d+ .*; again: (--model .*)\n", done.stderr)
        self.assertIn("popularity 0.", done.stderr)
        self.assertIn(f"{told[1]} fitted on 200 users", done.stdout)
        self.good("fit", ratings, *told[2].split(), "--out", again)
        self.assertEqual(chosen.read_bytes(), again.read_bytes())
        self.refused(2, "item_knn: there is no option 'seconds'",
                     "fit", ratings, "--model", "item_knn", "--seconds", 2, "--out", again)  # fmt: skip
        self.refused(2, "auto: seconds must be",
                     "fit", ratings, "--seconds", -1, "--out", again)  # fmt: skip

    def test_a_model_file_answers_as_the_ratings_do(self):
        for model in ("popularity", "item_knn", "biased_mf"):
            with self.subTest(model=model):
                file = self.fit(f"{model}.safetensors", "--model", model)
                for command in (
                    ("recommend", "--user", "ann", "--json"),
                    ("recommend", "--user", "who", "--json"),
                    ("recommend", "--users", "all"),
                    ("similar", "--item", "tea", "--json"),
                ):
                    verb, *rest = command
                    fresh = self.good(verb, self.ratings, *rest, "--model", model)
                    self.assertEqual(self.good(verb, file, *rest), fresh, command)

    def test_predictions_are_the_same_from_a_model_file(self):
        file = self.fit("m.safetensors", "--model", "biased_mf")
        fresh = self.good("predict", self.ratings, "--pairs", self.ratings)
        self.assertEqual(self.good("predict", file, "--pairs", self.ratings), fresh)

    def test_threads_do_not_change_a_byte(self):
        ratings = self.generate(200, 100, 3000)
        for model in ("popularity", "item_knn", "biased_mf"):
            with self.subTest(model=model):
                one = self.fit("one", "--model", model, "--threads", 1, ratings=ratings)
                two = self.fit("two", "--model", model, "--threads", 2, ratings=ratings)
                self.assertEqual(one.read_bytes(), two.read_bytes())

    def test_standard_output_gets_the_model_alone(self):
        done = subprocess.run([PROGRAM, "fit", self.ratings, "--out", "-"], capture_output=True)
        self.assertRegex(done.stderr, b"^coseno: standard output: item_knn fitted on .*\n$")
        self.assertEqual(done.stdout, self.fit("m").read_bytes())

    def test_settings_are_kept(self):
        file = self.fit("m", "--model", "biased_mf", "--set", "dim=3", "--seed", 7)
        self.assertIn(b"dim", file.read_bytes())

    def test_titles_may_be_given_with_a_model_file(self):
        file = self.fit("m")
        answer = json.loads(
            self.good("recommend", file, "--user", "ann", "--items", self.items, "--json")
        )
        self.assertEqual(answer["items"][0]["title"], "A Cup")

    def test_options_of_fitting_are_wrong_use_with_a_model_file(self):
        file = self.fit("m")
        for option in (("--model", "popularity"), ("--set", "a=1"), ("--seed", 1)):
            self.refused(2, "has no effect on a fitted model", "similar", file, "--item", "tea",
                         *option)  # fmt: skip
        self.refused(2, "is a fitted model already", "fit", file, "--out", self.folder / "n")

    def test_a_cut_or_flipped_model_file_is_refused(self):
        good = self.fit("m").read_bytes()
        bad = self.folder / "bad"
        flipped = bytearray(good)
        flipped[-1] ^= 1
        for content in (good[: len(good) // 2], good[:-1], bytes(flipped)):
            bad.write_bytes(content)
            self.refused(1, "bad", "recommend", bad, "--user", "ann")


class EvaluateTest(ProgramTest):
    COLUMNS = ["ndcg", "recall", "precision", "mrr", "map", "hit_rate", "coverage", "novelty",
               "rmse", "mae"]  # fmt: skip

    def test_json_has_a_row_a_model_with_every_metric(self):
        ratings = self.generate(100, 50, 1500)
        names = "popularity, item_knn"
        rows = json.loads(self.good("evaluate", ratings, "--models", names, "--json"))
        self.assertEqual([row["model"] for row in rows], ["popularity", "item_knn"])
        for row in rows:
            self.assertLessEqual(set(self.COLUMNS) | {"fit_s", "latency_p50_s"}, set(row))
            self.assertTrue(0 <= row["ndcg"] <= 1)
        self.assertIsNone(rows[0]["rmse"])

    def test_without_models_all_that_can_learn_are_compared(self):
        models = [
            line.split(":")[0]
            for line in self.good("models").splitlines()
            # One is a choice among the others, one is not fitted, and one is trained apart.
            if re.match(r"\w+: ", line) and not line.startswith(("auto:", "vectors:", "sasrec:"))
        ]
        self.assertIn("content", models)

        def compared(*arguments, **options):
            rows = json.loads(self.good("evaluate", *arguments, "--json", **options))
            return [row["model"] for row in rows]

        self.assertEqual(compared(self.ratings, "--items", self.items), models)
        self.assertEqual(compared(self.ratings), [m for m in models if m != "content"])
        unlike = self.write("unlike.csv", "id,title\ntea,Alpha\nmilk,Beta\ncup,Gamma\n")
        self.assertEqual(compared(self.ratings, "--items", unlike), compared(self.ratings))
        self.refused(1, "no property is shared by two items", "evaluate", self.ratings,
                     "--items", unlike, "--models", "content")  # fmt: skip
        plain = "".join(
            ",".join(line.split(",")[:2]) + "\n" for line in TASTES.splitlines()
        )
        self.assertNotIn("biased_mf", compared("-", stdin=plain))

    def test_each_protocol_works(self):
        ratings = self.generate(100, 50, 1500)
        for protocol in ("random", "leave-last-out", "leave-one-out", "temporal", "k-fold", "strong"):
            text = self.good(
                "evaluate", ratings, "--protocol", protocol, "--models", "popularity"
            )
            self.assertIn(f"protocol {protocol}", text)
            self.assertRegex(text, r"\n\nmodel .*ndcg.*fit s +p50 ms\npopularity ")

    def test_a_given_test_file_is_what_is_judged(self):
        # ann's cup is the only thing held out, and the first of her list: a hit at rank 1.
        test = self.write("test.csv", "user,item,rating\nann,cup,5\n")
        rows = json.loads(
            self.good("evaluate", self.ratings, "--test", test, "--models", "item_knn", "--json")
        )
        self.assertEqual((rows[0]["n_users"], rows[0]["ndcg"], rows[0]["mrr"]), (1, 1, 1))
        model = self.folder / "m"
        self.good("fit", self.ratings, "--out", model)
        same = json.loads(self.good("evaluate", model, "--test", test, "--json"))
        self.assertEqual([row["model"] for row in same], ["item_knn", "popularity"])
        for row, same_row in zip(rows, same):
            for name in self.COLUMNS:
                self.assertEqual(same_row[name], row[name], name)

    def test_popularity_is_always_in_the_table_and_never_twice(self):
        test = self.write("test.csv", "user,item,rating\nann,cup,5\n")

        def compared(*arguments):
            rows = json.loads(self.good("evaluate", *arguments, "--test", test, "--json"))
            return [row["model"] for row in rows]

        both = ["item_knn", "popularity"]
        self.assertEqual(compared(self.ratings, "--models", "item_knn"), both)
        self.assertEqual(compared(self.ratings, "--models", "item_knn,popularity"), both)
        self.assertEqual(compared(self.ratings, "--models", "popularity"), ["popularity"])
        # What is told to the named model is not told to the yardstick.
        lists = self.folder / "lists.txt"
        self.assertEqual(
            compared(self.ratings, "--models", "biased_mf", "--by", "cosine", "--set", "dim=2",
                     "--out", lists),
            ["biased_mf", "popularity"],
        )  # fmt: skip
        self.assertEqual([line.split()[0] for line in lists.read_text().splitlines()], ["ann"])
        model = self.folder / "popular"
        self.good("fit", self.ratings, "--model", "popularity", "--out", model)
        self.assertEqual(compared(model), ["popularity"])

    def test_next_item_judges_every_act_of_a_session(self):
        lines = "".join(f"s{n},{item},{n}\n" for n in range(9) for item in ("tea", "cup", "jam"))
        train = self.write("sessions.csv", "session,item,time\n" + lines)
        test = self.write("newer.csv", "session,item,time\nt,tea,100\nt,cup,101\nt,cup,102\n")
        given = ("evaluate", train, "--test", test, "--protocol", "next-item", "--models",
                 "markov", "-k", 2)  # fmt: skip
        rows = json.loads(self.good(*given, "--json"))
        self.assertEqual((rows[0]["model"], rows[0]["n_users"]), ("markov", 2))
        self.assertEqual(rows[0]["recall"], 1)  # cup, and cup again
        text = self.good(*given, "--hide-seen")
        self.assertIn("1 acts judged, lists of 2, protocol next-item, held out: ", text)
        self.assertIn(", seen items hidden\n", text)
        self.refused(2, "next-item needs --test", *given[:2], "--protocol", "next-item")
        self.refused(2, "--hide-seen belongs", *given[:4], "--hide-seen")
        self.refused(2, "--out excludes", *given, "--out", self.folder / "lists")
        tune = ("tune", train, "--model", "markov", "--trials", 2, "-k", 2)
        text = self.good(*tune, "--valid", test, "--protocol", "next-item")
        self.assertIn("2 trials of markov, 2 acts judged, lists of 2, protocol next-item, held", text)
        self.assertIn("1 users judged", self.good(*tune, "--valid", test))
        self.refused(2, "next-item needs --valid", *tune, "--protocol", "next-item")
        self.refused(2, "excludes --valid", *tune, "--valid", test, "--protocol", "random")
        self.refused(2, "--hide-seen belongs", *tune, "--hide-seen")
        model = self.folder / "sessions.model"
        self.good("fit", train, "--model", "session_knn", "--out", model)
        fitted = self.good("evaluate", model, "--test", test, "--protocol", "next-item", "--json")
        self.assertEqual(json.loads(fitted)[0]["n_users"], 2)

    def test_the_protocol_of_lightgcn_is_a_given_test_file(self):
        test = self.write("test.csv", "user,item,rating\nann,cup,5\nzed,spoon,1\n")
        given = ("evaluate", self.ratings, "--models", "item_knn", "--test", test)
        rows = [
            json.loads(self.good(*given, *protocol, "--json"))
            for protocol in ((), ("--protocol", "lightgcn"))
        ]
        for one, other in zip(*rows):
            for name in self.COLUMNS:
                self.assertEqual(one[name], other[name])
        self.assertIn("protocol lightgcn, held out: ", self.good(*given, "--protocol", "lightgcn"))
        self.refused(2, "lightgcn needs --test", *given[:2], "--protocol", "lightgcn")
        self.refused(2, "--relevant-from excludes", *given, "--protocol", "lightgcn",
                     "--relevant-from", 4)  # fmt: skip

    def test_strong_judges_users_that_were_kept_from_training(self):
        ratings = self.generate(100, 50, 1500)
        strong = ("evaluate", ratings, "--protocol", "strong", "--models", "item_knn")
        for users, n_judged in ((7, 7), (0.2, 20)):
            rows = json.loads(self.good(*strong, "--held-out-users", users, "--json"))
            self.assertEqual([row["n_users"] for row in rows], [n_judged, n_judged])
        text = self.good(*strong, "--held-out-users", 7, "--fraction", 0.5)
        self.assertIn("7 users judged", text)
        self.assertIn("protocol strong, fraction 0.5, held-out users 7", text)
        self.refused(1, "leaves no user to learn from", *strong, "--held-out-users", 100)
        self.refused(1, "101 users cannot be held out", *strong, "--held-out-users", 101)
        for users in ("0", "-1", "1.5", "nan", "inf"):
            self.refused(2, "held-out-users must be", *strong, f"--held-out-users={users}")
        self.refused(2, "held-out-users belongs", *strong[:2], "--held-out-users", 7)

    def test_a_report_is_one_well_formed_page_with_the_figures(self):
        ratings = self.generate(100, 50, 1500).rename(self.folder / "a <b> & 'c'.csv")
        page = self.folder / "report.html"
        rows = json.loads(
            self.good("evaluate", ratings, "--report", page, "--json", "--protocol", "k-fold",
                      "--folds", 2)
        )  # fmt: skip
        text = page.read_text()
        root = xml.etree.ElementTree.fromstring(text)  # refuses what is not well-formed
        self.assertIn(f"recommendations from {ratings}?", "".join(root.itertext()))
        for row in rows:
            self.assertIn(row["model"], text)
            for metric in ("ndcg", "recall", "novelty"):
                self.assertIn(f"<td>{row[metric]:.4f}</td>", text)
        self.assertIn("protocol k-fold, 2 folds", text)
        self.assertNotRegex(text, r"<script|<link|<img|src=|href=|url\(|@import")
        svg = "{http://www.w3.org/2000/svg}"
        charts = [c for c in root.iter(svg + "svg") if c.get("role") == "img"]
        self.assertEqual(len(charts), 6)
        for chart in charts:
            named = {e.get("id") for e in chart if e.tag in (svg + "title", svg + "desc") and e.text}
            self.assertEqual(set(chart.get("aria-labelledby").split()), named)
        # Each held-out interaction is in one group of each kind: 1500 pairs, both folds.
        for heading, counts in (("by popularity", 1500), ("by length", rows[0]["n_users"])):
            (section,) = [s for s in root.iter("section") if heading in s.find("h2").text]
            cells = [int(row.find("td").text) for row in section.iter("tr") if row.find("td") is not None]
            self.assertEqual(sum(cells), counts)

    def test_a_report_overwrites_nothing_that_is_read(self):
        lists = self.folder / "x"
        evaluate = ("evaluate", self.ratings, "--models", "popularity")
        self.refused(2, "would overwrite", *evaluate, "--report", self.ratings)
        self.refused(2, "--report must be a file", *evaluate, "--report", "-")
        self.refused(2, "must be two files", *evaluate, "--report", lists, "--out", lists)
        self.refused(1, "", *evaluate, "--report", self.folder / "none" / "report.html")

    def test_relevant_from_leaves_out_what_was_disliked(self):
        test = self.write("test.csv", "user,item,rating\nann,cup,5\nzed,spoon,1\n")
        (row,) = json.loads(  # one row: popularity is the yardstick and the model
            self.good("evaluate", self.ratings, "--test", test, "--relevant-from", 4,
                      "--models", "popularity", "--json")  # fmt: skip
        )
        self.assertEqual(row["n_users"], 1)

    def test_what_cannot_be_is_wrong_use(self):
        test = self.write("test.csv", "user,item,rating\nann,cup,5\n")
        evaluate = ("evaluate", self.ratings)
        self.refused(2, "--out needs exactly one", *evaluate, "--out", self.folder / "x")
        self.refused(2, "--out must be a file", *evaluate, "--models", "popularity", "--out", "-")
        self.refused(2, "--set needs", *evaluate, "--set", "dim=2")
        self.refused(2, "no model", *evaluate, "--models", "magic")
        self.refused(2, "--models has popularity twice", *evaluate, "--models",
                     "popularity, popularity")  # fmt: skip
        for number in ("nan", "inf", "-inf"):
            self.refused(2, "--relevant-from must be a finite", *evaluate,
                         f"--relevant-from={number}")  # fmt: skip
        self.refused(2, "--protocol", *evaluate, "--test", test, "--protocol", "random")
        self.refused(2, "--protocol", *evaluate, "--protocol", "guess")
        self.refused(2, "fraction", *evaluate, "--fraction", 2)
        self.refused(2, "fraction", *evaluate, "--protocol", "k-fold", "--fraction", 0.5)
        self.refused(2, "folds", *evaluate, "--folds", 3)

    def judged_as_the_script_judges(self, train, test, model, *arguments):
        out, answer = self.folder / "lists.txt", self.folder / "evaluate.json"
        answer.write_text(
            self.good(
                "evaluate", train, "--test", test, "--models", model, "--out", out, "--json",
                *arguments,
            )  # fmt: skip
        )
        checked = subprocess.run(
            [sys.executable, HERE / "check_metrics.py", train, test, out, "-k", "10", *arguments,
             "--compare", answer, "--model", model],
            capture_output=True,
            text=True,
        )  # fmt: skip
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_an_independent_script_agrees_on_generated_data(self):
        header, *lines = self.generate(150, 80, 4000).read_text().splitlines(keepends=True)
        train = self.write("train.csv", header + "".join(l for i, l in enumerate(lines) if i % 5))
        test = self.write("test.csv", header + "".join(lines[::5]))
        for model in ("popularity", "item_knn", "biased_mf"):
            with self.subTest(model=model):
                self.judged_as_the_script_judges(train, test, model)
                self.judged_as_the_script_judges(train, test, model, "--relevant-from", "4")

    @unittest.skipUnless(MOVIELENS.exists(), f"needs MovieLens 100K in {MOVIELENS}")
    def test_an_independent_script_agrees_on_movielens(self):
        for model in ("popularity", "item_knn"):
            with self.subTest(model=model):
                self.judged_as_the_script_judges(
                    MOVIELENS / "u1.base", MOVIELENS / "u1.test", model, "--relevant-from", "4"
                )


class TuneTest(ProgramTest):
    KNN = ("--model", "item_knn", "--max-users", 200)

    def tune(self, *arguments):
        return json.loads(self.good("tune", *arguments, "--json"))

    def test_the_best_is_no_worse_than_the_defaults_and_can_be_pasted(self):
        ratings = self.generate(300, 100, 6000)
        answer = self.tune(ratings, *self.KNN, "--trials", 12)
        self.assertEqual(
            list(answer), ["model", "k", "n_users", "best", "popularity_ndcg", "trials"]
        )
        trials = answer["trials"]
        self.assertEqual((answer["n_users"], len(trials)), (200, 12))
        self.assertEqual(trials[0]["settings"]["neighbours"], "80")
        self.assertEqual(answer["best"]["ndcg"], max(trial["ndcg"] for trial in trials))
        self.assertGreater(answer["best"]["ndcg"], trials[0]["ndcg"])
        self.assertTrue(0 < answer["popularity_ndcg"] < 1)

        text = self.good("tune", ratings, *self.KNN, "--trials", 12)
        self.assertRegex(text, r"^12 trials of item_knn, 200 users judged, lists of 10, protocol "
                         r"random, fraction 0.2\n\ntrial +ndcg +fit s +neighbours ")  # fmt: skip
        self.assertRegex(text, r"\n +1  defaults +0\.\d{4} ")
        pasted = text.split("Best:\n  ")[1].split()
        settings = answer["best"]["settings"]
        self.assertEqual(pasted[:2], ["--model", "item_knn"])
        self.assertEqual(pasted[3::2], [f"{name}={value}" for name, value in settings.items()])
        # The same split, judged in full by the other command.
        whole = self.tune(ratings, "--model", "item_knn", "--trials", 1)
        rows = json.loads(self.good("evaluate", ratings, "--models", "item_knn", "--json"))
        self.assertAlmostEqual(rows[0]["ndcg"], whole["trials"][0]["ndcg"], places=11)
        self.assertEqual(rows[1]["ndcg"], whole["popularity_ndcg"])
        self.good("fit", ratings, *pasted, "--out", self.folder / "m")

    def test_threads_do_not_change_the_trials_and_the_seed_does(self):
        ratings = self.generate(100, 50, 1500)

        def tried(*arguments):
            answer = self.tune(ratings, *self.KNN, "--trials", 8, *arguments)
            return [(trial["settings"], trial["ndcg"]) for trial in answer["trials"]]

        self.assertEqual(tried("--threads", 1), tried("--threads", 3))
        self.assertNotEqual(tried("--seed", 2), tried("--seed", 1))

    def test_a_search_goes_on_from_its_state(self):
        ratings = self.generate(100, 50, 1500)
        state = self.folder / "state.jsonl"

        def tried(*arguments):
            answer = self.tune(ratings, *self.KNN, *arguments)
            return [(trial["settings"], trial["ndcg"]) for trial in answer["trials"]]

        whole = tried("--trials", 9)
        self.assertEqual(tried("--trials", 4, "--state", state), whole[:4])
        lines = state.read_text().splitlines(keepends=True)
        self.assertEqual(len(lines), 5)
        state.write_text("".join(lines)[:-10])  # killed while it wrote
        self.assertEqual(tried("--trials", 9, "--state", state), whole)
        self.assertEqual(len(state.read_text().splitlines()), 10)
        before = state.read_text()
        self.assertEqual(tried("--trials", 9, "--state", state), whole)
        self.assertEqual(state.read_text(), before)

        again = ("tune", ratings, *self.KNN, "--state", state)
        self.refused(1, "of another search: its seed is 1, not 2", *again, "--seed", 2)
        self.refused(1, "of another search: its k is 10, not 5", *again, "-k", 5)
        self.refused(1, 'of another search: its relevant_from is "all", not "4.1"', *again,
                     "--relevant-from", 4.1)  # fmt: skip
        self.refused(1, "of another search: its set is", *again, "--set", "shrink=1")
        self.refused(1, "of another search: its data is", *again, "--protocol", "leave-last-out")
        self.refused(1, "of another search: its model is", "tune", ratings, "--model", "ials",
                     "--state", state)  # fmt: skip
        self.assertEqual(state.read_text(), before)
        ratings_before = ratings.read_bytes()
        self.refused(1, "is no state of coseno tune", "tune", ratings, *self.KNN,
                     "--state", ratings)  # fmt: skip
        self.assertEqual(ratings.read_bytes(), ratings_before)

    def test_what_is_set_is_not_searched(self):
        ratings = self.generate(100, 50, 1500)
        answer = self.tune(ratings, *self.KNN, "--set", "shrink=7", "--trials", 5)
        self.assertEqual({trial["settings"]["shrink"] for trial in answer["trials"]}, {"7"})
        self.assertEqual(len({t["settings"]["popularity"] for t in answer["trials"]}), 5)

    def test_time_ends_the_search(self):
        ratings = self.generate(100, 50, 1500)
        answer = self.tune(ratings, *self.KNN, "--seconds", 0.000001)
        self.assertEqual(len(answer["trials"]), 1)

    def test_control_c_prints_the_best_so_far(self):
        ratings = self.generate(100, 50, 1500)
        state = self.folder / "state.jsonl"
        process = subprocess.Popen(
            [PROGRAM, "tune", ratings, "--model", "ials", "--set", "rounds=50", "--trials", "9999",
             "--state", state, "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        while not state.exists() or state.read_text().count("\n") < 2:
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual((process.returncode, stderr), (130, b"coseno: interrupted\n"))
        answer = json.loads(stdout)
        self.assertIsNone(answer["popularity_ndcg"])
        self.assertEqual(len(answer["trials"]), state.read_text().count("\n") - 1)

    def test_what_cannot_be_is_refused(self):
        tune = ("tune", self.ratings)
        self.refused(2, "--model", *tune)
        self.refused(2, "no model", *tune, "--model", "magic")
        self.refused(2, "popularity has no option to tune", *tune, "--model", "popularity")
        self.refused(2, "has no option beside those of --set", *tune, "--model", "item_knn",
                     *(part for name in ("neighbours", "shrink", "popularity", "user_length",
                                         "rating_weight") for part in ("--set", f"{name}=1")))  # fmt: skip
        knn = (*tune, "--model", "item_knn")
        self.refused(2, "shrink must be", *knn, "--set", "shrink=-1")
        self.refused(2, "fraction must be", *knn, "--fraction", 1)
        self.refused(2, "fraction belongs", *knn, "--fraction", 0.1, "--protocol", "leave-one-out")
        self.refused(2, "--protocol", *knn, "--protocol", "k-fold")
        self.refused(2, "seconds must be", *knn, "--seconds=-1")
        self.refused(2, "seconds must be", *knn, "--seconds=nan")
        self.refused(2, "relevant-from must be", *knn, "--relevant-from=nan")
        self.refused(2, "--trials", *knn, "--trials", 0)
        self.refused(2, "--state must be a file", *knn, "--state", "-")
        self.refused(1, "no user has a relevant held-out item", *knn, "--relevant-from", 9)
        model = self.folder / "m"
        self.good("fit", self.ratings, "--out", model)
        self.refused(2, "is a fitted model", "tune", model, "--model", "item_knn")


class DataFolderTest(ProgramTest):
    """Commands that work on a data folder."""

    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"

    def json(self, *arguments, **options):
        return json.loads(self.good(*arguments, "--json", **options))

    def imported(self, *arguments, **options):
        """(new, repeated) events of an import."""
        answer = self.json("import", self.data, *arguments, **options)
        return answer["new"], answer["repeated"]

    def two_tastes(self):
        """A file of 1200 events: users of even number have items a0 to a11, the others b0 to b11."""
        rows = ["user,item"]
        for user in range(150):
            camp = "ab"[user % 2]
            rows += [f"{user},{camp}{(user // 2 + 5 * n) % 12}" for n in range(8)]
        return self.write("two_tastes.csv", "\n".join(rows) + "\n")

    def event(self, **fields):
        return self.imported("-", stdin=json.dumps(fields))

    def recommend(self, user, *arguments):
        answer = self.json("recommend", self.data, "--user", user, *arguments)
        return [entry["item"] for entry in answer["items"]]

    def history(self, user):
        return self.json("inspect", self.data, "--user", user)["history"]

    def test_the_next_answer_reflects_an_event(self):
        self.imported(self.ratings)
        self.event(user="new", item="coffee")
        self.assertEqual(set(self.recommend("new", "-k", 2)), {"sugar", "spoon"})
        self.event(user="new", item="sugar")
        self.assertEqual(self.recommend("new", "-k", 1), ["spoon"])

    def test_what_is_imported_is_what_the_rows_say(self):
        rows = "user,item,rating,timestamp\nann,tea,4.5,881250949\nann,jam,2,1997-12-04T15:55:50Z\n"
        self.assertEqual(self.imported(self.write("r.csv", rows)), (2, 0))
        self.assertEqual(
            self.history("ann"),
            [{"item": "tea", "type": "rating", "value": 4.5, "time_ms": 881250949000},
             {"item": "jam", "type": "rating", "value": 2, "time_ms": 881250950000}],
        )  # fmt: skip
        text = self.good("inspect", self.data, "--user", "ann")
        self.assertRegex(text, r"User ann, 2 events\n\n.*\n1997-12-04T15:55:49Z +rating +4.5 +tea")

    def test_rows_without_value_and_time_are_views_of_now(self):
        before = time.time()
        self.imported(self.write("lines.txt", "ann tea jam\nbob tea\n"))
        events = self.history("ann")
        self.assertEqual([(e["item"], e["type"], e["value"]) for e in events],
                         [("tea", "view", 1), ("jam", "view", 1)])  # fmt: skip
        for event in events:
            self.assertTrue(1000 * before - 1 <= event["time_ms"] <= 1000 * time.time())
        self.assertEqual(events[0]["time_ms"], events[1]["time_ms"])

    def test_the_type_may_be_said(self):
        self.imported(self.ratings, "--type", "purchase")
        self.assertEqual({event["type"] for event in self.history("ann")}, {"purchase"})
        self.refused(2, "no such event type; there are .*purchase", "import", self.data, self.ratings,
                     "--type", "theft")  # fmt: skip

    def test_importing_twice_adds_nothing(self):
        twice = "user,item\nann,tea\nann,tea\nbob,jam\n"
        self.assertEqual(self.imported(self.write("a.csv", twice)), (3, 0))
        self.assertEqual(self.imported(self.write("b.csv", twice)), (0, 3))
        # The order of rows says nothing; a third row that is the same does.
        other = "user,item\nbob,jam\nann,tea\nann,tea\nann,tea\n"
        self.assertEqual(self.imported(self.write("c.csv", other)), (1, 3))
        self.assertEqual(len(self.history("ann")), 3)
        self.assertEqual(self.imported(self.folder / "a.csv", "--type", "click"), (3, 0))

    def test_an_import_that_was_killed_goes_on(self):
        n = 200000
        ratings = self.generate(2000, 500, n)
        command = [PROGRAM, "import", self.data, ratings]
        for signal_to_send in (signal.SIGKILL, signal.SIGINT):
            before = set(self.data.glob("store/*.log"))
            process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
            # About a thousand events are new in this run.
            while not any(
                log.stat().st_size > 100000 for log in set(self.data.glob("store/*.log")) - before
            ):
                self.assertIsNone(process.poll(), "it is too quick to be ended")
                time.sleep(0.001)
            process.send_signal(signal_to_send)
            process.communicate(timeout=60)
            self.assertIn(process.returncode, (-signal.SIGKILL, 130))
        there = self.json("inspect", self.data)["events"]
        self.assertTrue(0 < there < n, there)
        self.assertEqual(self.imported(ratings), (n - there, there))
        self.assertEqual(self.json("inspect", self.data)["events"], n)
        self.assertEqual(self.json("verify", self.data)["events"], n)

    def test_times_that_cannot_be_are_refused(self):
        rows = "user,item,timestamp\nann,tea,881250949000\n"
        self.refused(1, "ms.csv: rows 1 to 1: time_ms", "import", self.data,
                     self.write("ms.csv", rows))  # fmt: skip

    def test_catalogues_become_properties(self):
        items = self.write(
            "i.jsonl",
            '{"id": "tea", "title": "Green Tea", "price": 2.5, "tags": ["hot"], "available": true, '
            '"harvest_year": "1990"}\n'
            '{"id": "jam", "name": "Jam", "available": false}\n',
        )
        users = self.write("u.jsonl", '{"user": "ann", "age": 30}\n')
        catalogues = ("--items", items, "--users", users)
        answer = self.json("import", self.data, self.ratings, *catalogues)
        self.assertEqual((answer["items"], answer["users"]), (2, 1))
        self.assertEqual(
            self.json("inspect", self.data, "--item", "tea")["properties"],
            {"title": "Green Tea", "price": 2.5, "tags": ["hot"], "available": True,
             "harvest_year": 1990},
        )
        self.assertEqual(
            self.json("inspect", self.data, "--user", "ann")["properties"], {"age": 30}
        )
        self.event(user="xan", item="jam")
        self.assertNotIn("jam", self.recommend("stranger"))
        answer = self.json("import", self.data, *catalogues)
        self.assertEqual((answer["rows"], answer["items"], answer["users"]), (0, 0, 0))
        items.write_text('{"id": "tea", "title": "Black Tea"}\n')
        self.assertEqual(self.json("import", self.data, "--items", items)["items"], 1)
        text = self.good("inspect", self.data, "--item", "tea")
        self.assertRegex(text, r'^Item tea\ntitle: "Black Tea"\n')
        self.refused(1, "i.jsonl: item 'tea': ", "import", self.data, "--items",
                     self.write("i.jsonl", json.dumps({"id": "tea", "x" * 200: 1})))  # fmt: skip

    def test_import_says_what_it_did(self):
        text = self.good("import", self.data, self.ratings, "--items", self.items)
        self.assertRegex(text, r"^16 rows: 16 new events, 0 that were there\n6 items put\n"
                         r"\d+\.\d\d s, \d+ events a second; .*data is at position \d+\n$")  # fmt: skip
        answer = self.json("import", self.data, self.ratings)
        self.assertEqual(list(answer), ["rows", "new", "repeated", "items", "users", "seconds",
                                        "events_per_second", "position"])  # fmt: skip

    def test_lists_have_titles_and_say_what_they_reflect(self):
        position = self.json("import", self.data, self.ratings, "--items", self.items)["position"]
        answer = self.json("recommend", self.data, "--user", "ann", "-k", 1)
        self.assertEqual(list(answer), ["user", "items", "position", "snapshot"])
        self.assertEqual((answer["position"], answer["snapshot"]), (position, 0))
        self.assertEqual(list(answer["items"][0]), ["item", "score", "title"])
        self.assertEqual(answer["items"][0]["title"], "A Cup")
        text = self.good("recommend", self.data, "--user", "ann")
        self.assertRegex(text, r"^User ann, 2 events, no model yet .*\n\nrank +item +title +score\n"
                         r" +1  cup +A Cup +\d")  # fmt: skip

    def test_options_of_a_list(self):
        self.imported(self.ratings, "--items", self.items)
        self.assertNotIn("cup", self.recommend("ann", "--exclude", "cup", "spoon"))
        self.assertNotIn("tea", self.recommend("ann"))
        self.assertIn("tea", self.recommend("ann", "--include-seen"))
        thing = json.dumps({"equals": {"genres": "thing"}})
        self.assertEqual(set(self.recommend("ann", "--filter", thing)), {"cup", "spoon"})
        # Sugar and spoon go with coffee, but they go with each other too.
        self.event(user="new", item="coffee")
        self.assertEqual(set(self.recommend("new", "-k", 2)), {"sugar", "spoon"})
        diverse = self.recommend("new", "-k", 2, "--diversity", 0.9)
        self.assertEqual(len({"sugar", "spoon"} & set(diverse)), 1, diverse)
        item = self.json("recommend", self.data, "--user", "ann", "--explain")["items"][0]
        self.assertEqual(list(item), ["item", "score", "title", "sources", "reasons"])
        self.assertEqual({reason["item"] for reason in item["reasons"]}, {"tea", "milk"})
        total = sum(source["score"] for source in item["sources"])
        self.assertAlmostEqual(total, item["score"], places=4)
        text = self.good("recommend", self.data, "--user", "ann", "--explain")
        self.assertRegex(text, r"from +because of\n.*A Cup .*covisitation \d.*(Tea|Milk) \d+%")

    def test_a_stranger_is_told(self):
        self.imported(self.ratings)
        answer = self.json("recommend", self.data, "--user", "zoe")
        self.assertFalse(answer["known"])
        self.assertIn("trending", answer["note"])
        self.assertEqual(len(answer["items"]), 6)
        self.assertRegex(self.good("recommend", self.data, "--user", "zoe"), "nothing is known of")
        nothing = json.dumps({"equals": {"genres": "none"}})
        self.imported("--items", self.items)
        answer = self.json("recommend", self.data, "--user", "ann", "--filter", nothing)
        self.assertEqual((answer["items"], "filter" in answer["note"]), ([], True))

    def test_similar_items(self):
        self.imported(self.ratings, "--items", self.items)
        answer = self.json("similar", self.data, "--item", "tea", "-k", 2)
        self.assertEqual(list(answer), ["item", "items", "position", "snapshot"])
        self.assertEqual({entry["item"] for entry in answer["items"]}, {"milk", "cup"})
        cold = json.dumps({"equals": {"genres": "cold"}})
        answer = self.json("similar", self.data, "--item", "tea", "--filter", cold)
        self.assertEqual([entry["item"] for entry in answer["items"]], ["milk"])
        self.assertRegex(self.good("similar", self.data, "--item", "tea"), "^Item tea, Green Tea, ")
        self.refused(1, "item rum is unknown", "similar", self.data, "--item", "rum")

    def test_options_of_the_other_way_are_wrong_use(self):
        self.imported(self.ratings)
        recommend = ("recommend", self.data, "--user", "ann")
        for option in (("--model", "ease"), ("--by", "score"), ("--seed", 1), ("--threads", 1),
                       ("--set", "a=1"), ("--format", "csv"), ("--items", self.items),
                       ("--users", "all"), ("--repeats", "last"), ("--seconds", 1),
                       ("--out", "x")):  # fmt: skip
            self.refused(2, f"{option[0]} has no effect on a data folder", *recommend, *option)
        self.refused(2, "--model has no effect", "similar", self.data, "--item", "tea",
                     "--model", "ease")  # fmt: skip
        for option in (("--filter", "{}"), ("--exclude", "x"), ("--diversity", 1), ("--explain",),
                       ("--explore", 0.1), ("--log-shown",)):  # fmt: skip
            self.refused(2, f"{option[0]} needs a data folder", "recommend", self.ratings, "--user",
                         "ann", *option)  # fmt: skip
        self.refused(2, "--filter needs", "similar", self.ratings, "--item", "tea", "--filter", "{}")
        self.refused(2, "needs --user", "recommend", self.data)
        self.refused(2, "k must be in", *recommend, "-k", 100000)
        self.refused(2, "diversity must be", *recommend, "--diversity", 2)
        self.refused(2, "exploration must be", *recommend, "--explore", 2)
        self.refused(2, "filter: /equal", *recommend, "--filter", '{"equal": {"a": 1}}')
        self.refused(2, "filter: .*JSON", *recommend, "--filter", "{")
        self.refused(2, "filter: /exists.*price", *recommend, "--filter", '{"exists": "price"}')
        self.refused(2, "needs a file", "import", self.data)
        self.refused(2, "only one file can be -", "import", self.data, "-", "--items", "-")
        self.refused(2, "exclude each other", "inspect", self.data, "--user", "a", "--item", "b")

    def test_training_puts_models_in_service(self):
        self.imported(self.two_tastes())
        answer = self.json("train", self.data, "--model", "ease")
        self.assertEqual(
            list(answer),
            ["snapshot", "published", "model", "settings", "position", "ndcg", "ndcg_in_service",
             "ndcg_popularity", "seconds"],
        )  # fmt: skip
        self.assertEqual((answer["snapshot"], answer["published"]), (1, True))
        self.assertEqual((answer["model"], answer["position"]), ("ease", 1201))
        self.assertTrue(0 < answer["ndcg_popularity"] < answer["ndcg"] <= 1, answer)
        stats = self.json("inspect", self.data)
        self.assertEqual((stats["snapshot"], stats["model"]), (1, "ease"))
        sources = self.json("recommend", self.data, "--user", 7, "--explain")["items"][0]["sources"]
        self.assertLessEqual({source["name"] for source in sources},
                             {"ease", "covisitation", "trending", "sessions"})  # fmt: skip
        self.assertTrue(sources)
        text = self.good("train", self.data, "--model", "item_knn", "--set", "neighbours=20")
        self.assertRegex(text, r"^item_knn, events up to position 1201, \d+\.\d s\n"
                         r"NDCG@20 [01]\.\d{4}, popularity 0\.\d{4}.*\n"
                         r"(in service as snapshot 2|not put in service: .*)\n"
                         r"again: coseno train .*data --model item_knn --set neighbours=20\n$")  # fmt: skip
        chosen = self.json("train", self.data, "--seconds", 1, "--threads", 1, "--seed", 3)
        self.assertIn(chosen["model"], self.good("models"))

    def test_what_cannot_be_trained_is_refused(self):
        self.refused(1, "data/store: holds no event store", "train", self.data)
        self.imported("--items", self.items)
        self.refused(1, "no events to learn from", "train", self.data, "--model", "ease")
        self.refused(2, "no model", "train", self.data, "--model", "magic")
        self.refused(2, "magic", "train", self.data, "--model", "ease", "--set", "magic=1")

    def vectors(self, **tensors):
        """A safetensors file of float32 rows, as a stranger writes it; item_ids are its items."""
        header, data = {"__metadata__": {"item_ids": json.dumps(tensors.pop("item_ids"))}}, b""
        for name, rows in tensors.items():
            bytes_of_rows = b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)
            header[name] = {"dtype": "F32", "shape": [len(rows), len(rows[0])],
                            "data_offsets": [len(data), len(data) + len(bytes_of_rows)]}  # fmt: skip
            data += bytes_of_rows
        text = json.dumps(header).encode()
        path = self.folder / "vectors.safetensors"
        path.write_bytes(struct.pack("<Q", len(text)) + text + data)
        return path

    def test_vectors_from_elsewhere_are_put_in_service(self):
        self.imported(self.two_tastes())
        items = [f"{camp}{n}" for camp in "ab" for n in range(12)]
        rows = [[float(item[0] == camp) for camp in "ab"] for item in items]
        vectors = self.vectors(item_vectors=rows, item_ids=items)
        answer = self.json("publish", self.data, vectors)
        self.assertEqual(
            list(answer),
            ["snapshot", "published", "model", "settings", "position", "ndcg", "ndcg_in_service",
             "ndcg_popularity", "seconds", "agreement"],
        )  # fmt: skip
        self.assertEqual((answer["snapshot"], answer["published"]), (1, True))
        self.assertEqual((answer["model"], answer["agreement"]), ("vectors", None))
        self.assertTrue(0 < answer["ndcg_popularity"] < answer["ndcg"] <= 1, answer)
        self.event(user="new", item="b3", type="view")
        self.assertEqual({item[0] for item in self.recommend("new")}, {"b"})
        text = self.good("publish", self.data, vectors, "--name", "camps", "--set", "form=implicit")
        self.assertRegex(text, r"^camps: 24 items and 0 users x 2, \d+\.\d s\n"
                         r"users are folded in with centred=true form=implicit .*\n"
                         r"no user of the file has a history here\n"
                         r"NDCG@20 [01]\.\d{4}, popularity 0\.\d{4}.*\n"
                         r"(in service as snapshot 2|not put in service: .*)\n$")  # fmt: skip

    def test_vectors_that_do_not_fit_are_refused(self):
        vectors = self.vectors(item_vectors=[[1, 0]], item_ids=["a1"])
        self.refused(1, "data: is no data folder", "publish", self.data, vectors)
        self.imported(self.two_tastes())
        self.refused(1, "cannot be read", "publish", self.data, self.folder / "none")
        self.refused(1, "is no safetensors file", "publish", self.data, self.ratings)
        self.refused(2, "'trending' is the name of something else", "publish", self.data, vectors,
                     "--name", "trending")  # fmt: skip
        self.refused(2, "position is 99999", "publish", self.data, vectors, "--position", "99999")
        self.refused(2, "magic", "publish", self.data, vectors, "--set", "magic=1")
        self.refused(2, "no model 'vectors'", "train", self.data, "--model", "vectors")
        self.refused(2, "row 1: 'a1' stood before", "publish", self.data,
                     self.vectors(item_vectors=[[1, 0], [0, 1]], item_ids=["a1", "a1"]))  # fmt: skip
        self.refused(1, r"has shape \[1, 2\], not 2 ids x 2", "publish", self.data,
                     self.vectors(item_vectors=[[1, 0]], item_ids=["a1", "a2"]))  # fmt: skip
        self.assertEqual(self.json("inspect", self.data)["snapshot"], 0)

    def test_a_folder_in_use_is_read_and_trained_but_not_written(self):
        self.imported(self.generate(200, 50, 4000))
        # An import that waits for its input has the folder.
        writer = subprocess.Popen(
            [PROGRAM, "import", self.data, "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.addCleanup(writer.stdout.close)
        self.addCleanup(writer.stderr.close)
        while not any(
            os.path.basename(os.readlink(link)) == "LOCK"  # RocksDB's, which is taken last
            for link in pathlib.Path(f"/proc/{writer.pid}/fd").iterdir()
        ):
            self.assertIsNone(writer.poll())
            time.sleep(0.01)
        for command in (("erase", self.data, "--user", "7"), ("backup", self.data, self.folder / "b"),
                        ("recommend", self.data, "--user", "7", "--log-shown")):  # fmt: skip
            self.refused(1, "another process writes", *command)
        self.assertEqual(self.json("train", self.data, "--model", "ease")["snapshot"], 1)
        self.assertTrue(self.recommend(7))
        self.good("verify", self.data)
        writer.stdin.write(b'{"user": "7", "item": "thing"}\n')
        writer.stdin.close()
        self.assertEqual(writer.wait(timeout=60), 0)
        self.assertEqual(self.history(7)[-1]["item"], "thing")
        self.assertEqual(self.json("inspect", self.data)["snapshot"], 1)

    def test_inspect_tells_what_there_is(self):
        self.imported(self.ratings)
        stats = self.json("inspect", self.data)
        self.assertEqual((stats["events"], stats["users"], stats["items"]), (16, 6, 6))
        self.assertEqual(stats["event_types"]["rating"]["is_rating"], True)
        self.assertRegex(self.good("inspect", self.data), r"events +16, .*\nusers +6\nitems +6\n")
        answer = self.json("inspect", self.data, "--item", "tea")
        self.assertEqual({entry["item"] for entry in answer["similar"]}, {"milk", "cup"})
        self.refused(1, "user zoe is unknown", "inspect", self.data, "--user", "zoe")
        self.refused(1, "item zoe is unknown", "inspect", self.data, "--item", "zoe")

    def test_verify_finds_a_flipped_bit(self):
        self.imported(self.generate(200, 50, 4000))
        self.assertRegex(self.good("verify", self.data),
                         r"no fault found up to position 4001\n4000 events, 4000 of them with an id; "
                         r"200 users, 0 erased; 50 items; no snapshot\n")  # fmt: skip
        for path in self.data.glob("store/*.sst"):
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        self.refused(1, "", "verify", self.data)

    def test_a_backup_brings_everything_back(self):
        backup, again = self.folder / "backup", self.folder / "again"
        self.imported(self.ratings, "--items", self.items)
        self.good("train", self.data, "--model", "item_knn")
        self.assertRegex(self.good("backup", self.data, backup), r"backup: .*data up to position \d+")
        self.event(user="ann", item="cup")
        self.good("backup", self.data, backup)
        before = self.good("recommend", self.data, "--user", "ann", "--json")
        self.good("restore", backup, again)
        self.assertEqual(self.good("recommend", again, "--user", "ann", "--json"), before)
        self.good("verify", again)
        self.refused(1, "empty folder", "restore", backup, again)
        self.refused(1, "no complete backup|is no event store", "restore", self.folder / "x",
                     self.folder / "y")  # fmt: skip
        self.refused(1, "is no backup", "backup", self.data, self.folder)
        self.refused(1, "no backup", "backup", self.data, self.data)

    def shown(self, *arguments):
        """Lists that were shown, as inspect tells them."""
        text = self.good("inspect", self.data, "--shown", "--json", *arguments)
        return [json.loads(line) for line in text.splitlines()]

    def test_explored_lists_have_propensities_and_depend_on_the_seed(self):
        self.imported(self.ratings)
        recommend = ("recommend", self.data, "--user", "ann", "-k", 3, "--explore", 0.5)
        lists = [self.json(*recommend, "--seed", seed)["items"] for seed in range(8)]
        self.assertEqual(list(lists[0][0]), ["item", "score", "propensity"])
        for items in lists:
            for entry in items:
                self.assertTrue(0 < entry["propensity"] <= 1, entry)
        self.assertGreater(len({items[0]["item"] for items in lists}), 1)
        self.assertEqual(self.json(*recommend, "--seed", 3)["items"], lists[3])
        self.assertEqual(self.json(*recommend)["items"], lists[1])
        self.assertRegex(self.good(*recommend), r"rank +item +score +propensity\n +1 .* 0\.\d{3}\n")
        self.assertNotIn("propensity", self.json("recommend", self.data, "--user", "ann")["items"][0])
        self.refused(2, "--seed has no effect.* without --explore", "recommend", self.data, "--user",
                     "ann", "--seed", 3)  # fmt: skip

    def test_what_was_shown_is_kept_when_asked(self):
        self.imported(self.ratings)
        position = self.json("inspect", self.data)["position"]
        recommend = ("recommend", self.data, "--log-shown", "-k", 3)
        before = time.time()
        answer = self.json(*recommend, "--user", "ann", "--explore", 0.5, "--seed", 7)
        self.json(*recommend, "--user", "stranger")
        self.json("recommend", self.data, "--user", "ann", "--explore", 0.5)  # not asked
        first, second = self.shown()
        self.assertEqual(
            list(first),
            ["time_ms", "user", "position", "snapshot", "exploration", "seed", "items"],
        )
        self.assertLess(abs(first.pop("time_ms") / 1000 - before), 60)
        self.assertEqual(
            first,
            {"user": "ann", "position": position, "snapshot": 0, "exploration": 0.5, "seed": 7,
             "items": answer["items"]},
        )  # fmt: skip
        self.assertEqual((second["user"], second["exploration"]), ("stranger", 0))
        self.assertEqual([entry["propensity"] for entry in second["items"]], [1, 1, 1])
        self.assertEqual([entry["user"] for entry in self.shown("--user", "ann")], ["ann"])
        lines = self.good("inspect", self.data, "--shown").splitlines()
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  ann  snapshot 0  \w+ 0\.\d{3}, ")
        self.assertEqual(len(lines), 2)
        # No event, and the log is as it was.
        stats = self.json("inspect", self.data)
        self.assertEqual((stats["position"], stats["events"], stats["users"]), (position, 16, 7))
        self.assertEqual(self.json("verify", self.data)["shown_lists"], 2)
        self.assertIn("; 2 lists shown\n", self.good("verify", self.data))
        self.refused(2, "exclude each other", "inspect", self.data, "--shown", "--item", "tea")
        # A backup has them; an erased user has none.
        backup, again = self.folder / "backup", self.folder / "again"
        self.good("backup", self.data, backup)
        self.good("erase", self.data, "--user", "ann")
        self.assertEqual([entry["user"] for entry in self.shown()], ["stranger"])
        self.assertEqual(self.json("verify", self.data)["shown_lists"], 1)
        self.good("restore", backup, again)
        self.assertEqual(len(self.good("inspect", again, "--shown", "--json").splitlines()), 2)

    def test_many_shown_lists_are_written_while_they_are_read(self):
        self.imported(self.ratings)
        for n in range(5):
            self.good("recommend", self.data, "--user", n, "--log-shown")
        self.assertEqual([entry["user"] for entry in self.shown()], list("01234"))
        # Who reads no further ends it.
        done = subprocess.run(
            ["bash", "-c", '"$0" inspect "$1" --shown --json | head -n 1', PROGRAM, self.data],
            capture_output=True,
            text=True,
        )
        self.assertEqual((json.loads(done.stdout)["user"], done.stderr), ("0", ""))

    def test_an_erased_user_is_gone_from_disk(self):
        name = "Rumpelstiltskin"
        self.imported(self.ratings, self.write("r.csv", f"user,item\n{name},straw\n{name},tea\n"))
        self.imported("--users", self.write("u.jsonl", f'{{"user": "{name}", "town": "Undertown"}}'))

        def traces(word):
            return [p for p in self.data.rglob("*") if p.is_file() and word in p.read_bytes()]

        self.assertTrue(traces(name.encode()))
        self.assertEqual(self.good("erase", self.data, "--user", name), f"user {name} is erased\n")
        self.assertEqual((traces(name.encode()), traces(b"Undertown")), ([], []))
        self.refused(1, f"user {name} is unknown", "erase", self.data, "--user", name)
        self.assertEqual(self.json("verify", self.data)["erased_users"], 1)
        self.assertEqual(self.json("inspect", self.data)["events"], 16)
        # Who comes back is new: the same rows are new events.
        self.assertEqual(self.imported(self.folder / "r.csv"), (2, 0))

    def test_a_folder_that_is_none_is_an_error(self):
        for command in (("inspect",), ("verify",), ("train",), ("erase", "--user", "a")):
            self.refused(1, "nowhere", command[0], self.folder / "nowhere", *command[1:])
        self.refused(1, "nowhere", "backup", self.folder / "nowhere", self.folder / "b")
        self.assertEqual(self.files(), ["items.csv", "ratings.csv"])


class GenerateTest(ProgramTest):
    def test_files_are_as_movielens_writes_them_and_depend_on_the_seed_alone(self):
        def made(seed):
            ratings, items = self.folder / "r.csv", self.folder / "m.csv"
            self.good("generate", "--users", 50, "--items", 40, "--events", 500, "--seed", seed,
                      "--out", ratings, "--items-out", items)  # fmt: skip
            return ratings.read_text(), items.read_text()

        ratings, items = made(1)
        self.assertEqual(ratings.splitlines()[0], "userId,movieId,rating,timestamp")
        self.assertEqual(len(ratings.splitlines()), 501)
        self.assertEqual(items.splitlines()[0], "movieId,title,genres")
        self.assertEqual(len(items.splitlines()), 41)
        self.assertEqual(made(1), (ratings, items))
        self.assertNotEqual(made(2)[0], ratings)

    def test_what_is_made_can_be_read(self):
        self.generate(50, 40, 500)
        items = self.folder / "m.csv"
        self.good("generate", "--users", 50, "--items", 40, "--events", 500,
                  "--out", self.folder / "r.csv", "--items-out", items)  # fmt: skip
        rows = json.loads(self.good("evaluate", self.folder / "r.csv", "--items", items, "--json"))
        self.assertIn("content", [row["model"] for row in rows])

    def test_more_events_than_pairs_fail(self):
        self.refused(1, "events", "generate", "--users", 2, "--items", 2, "--events", 9,
                     "--out", self.folder / "x")  # fmt: skip
        self.assertEqual(self.files(), ["items.csv", "ratings.csv"])


class WrongUseTest(ProgramTest):
    def test_wrong_flags_end_with_2(self):
        recommend = ("recommend", self.ratings)
        self.refused(2, "command is missing")
        self.refused(2, "unknown command recomend, did you mean recommend", "recomend")
        self.refused(2, "did you mean --model", *recommend, "--user", "a", "--modle", "x")
        self.refused(2, "RATINGS", "recommend", "--user", "ann")
        self.refused(2, "one of --user and --users", *recommend)
        self.refused(2, "one of --user and --users", *recommend, "--user", "a", "--users", "all")
        self.refused(2, "--out", *recommend, "--user", "ann", "--out", "x")
        self.refused(2, "--json", *recommend, "--users", "all", "--json")
        self.refused(2, "-k", *recommend, "--user", "ann", "-k", "0")
        self.refused(2, "-k", *recommend, "--user", "ann", "-k", "many")
        self.refused(2, "--seed", *recommend, "--user", "ann", "--seed", "-1")
        self.refused(2, "--threads", *recommend, "--user", "ann", "--threads", "0")
        self.refused(2, "--by", *recommend, "--user", "ann", "--by", "luck")
        self.refused(2, "--format", *recommend, "--user", "ann", "--format", "xml")
        self.refused(2, "magic", *recommend, "--user", "ann", "--model", "magic")
        self.refused(2, "name=value", *recommend, "--user", "ann", "--set", "dim")
        self.refused(2, "dim", *recommend, "--user", "ann", "--model", "biased_mf", "--set",
                     "dim=0")  # fmt: skip
        self.refused(2, "depth", *recommend, "--user", "ann", "--model", "biased_mf", "--set",
                     "depth=3")  # fmt: skip
        self.refused(2, "only one file can be -", "predict", "-", "--pairs", "-")
        self.refused(2, "SHELL", "completion", "tcsh")

    def test_what_is_read_is_not_overwritten(self):
        link = self.folder / "link.csv"
        link.symlink_to(self.ratings)
        test = self.write("test.csv", "user,item,rating\nann,cup,5\n")
        users = self.write("users.txt", "ann\n")
        before = {path: path.read_bytes() for path in self.folder.iterdir()}
        for arguments, files in (
            (("fit", self.ratings, "--items", self.items), (self.ratings, link, self.items)),
            (("predict", self.ratings, "--pairs", test), (self.ratings, test)),
            (("recommend", self.ratings, "--users", users), (self.ratings, users)),
            (("evaluate", self.ratings, "--test", test, "--models", "popularity"), (link, test)),
        ):
            for out in files:
                self.refused(2, "would overwrite", *arguments, "--out", out)
        for name in ("-", self.ratings, self.folder / "new"):
            self.refused(2, "must be two files", "generate", "--out", name, "--items-out", name)
        self.assertEqual({path: path.read_bytes() for path in self.folder.iterdir()}, before)

    def test_ids_are_utf8_of_1_to_512_bytes(self):
        for bad in (b"\xff\xfe", b"", b"x" * 513):
            for verb, option in (("recommend", "--user"), ("similar", "--item")):
                command = [PROGRAM, verb, self.ratings, option, bad, "--json"]
                done = subprocess.run(command, capture_output=True)
                self.assertEqual((done.returncode, done.stdout), (2, b""), command)
                self.assertIn(b"must be 1 to 512 bytes of UTF-8", done.stderr)
        self.good("recommend", self.ratings, "--user", "\u00e9" * 256)

    def test_files_that_are_not_there_or_wrong_end_with_1(self):
        missing = self.folder / "missing.csv"
        self.refused(1, "missing.csv", "recommend", missing, "--user", "ann")
        self.refused(1, "missing.csv", "recommend", self.ratings, "--user", "a", "--items", missing)
        self.refused(1, "missing.csv", "recommend", self.ratings, "--users", missing)
        bad = self.write("bad.csv", "user,item,rating\nann,tea,much\n")
        self.refused(1, "bad.csv:2", "recommend", bad, "--user", "ann")
        self.refused(1, "", "recommend", "-", "--user", "ann", stdin="")
        self.refused(1, "", "recommend", self.folder, "--user", "ann")

    def test_ids_may_look_like_options(self):
        text = json.dumps({"-5": {"--x": 4, "b": 3}, "c": {"--x": 3, "b": 5, "d": 4}})
        answer = json.loads(self.good("recommend", "-", "--user", "-5", "--json", stdin=text))
        self.assertEqual((answer["user"], answer["items"][0]["item"]), ("-5", "d"))

    def test_help_has_examples_that_the_program_takes(self):
        self.assertIn("Examples:", self.good("--help"))
        self.assertRegex(self.good("--help"), r"Exit code: 0, 1 .*, 2 .*, 130 ")
        for command in COMMANDS:
            text = self.good(command, "--help")
            self.assertRegex(text, rf"Examples:\n(.*\n)*  .*coseno {command}")

    def test_version_is_one_line(self):
        self.assertRegex(self.good("--version"), r"^coseno \d+\.\d+\.\d+\n$")


class EndingTest(ProgramTest):
    """Ctrl-C, closed pipes and full disks."""

    def start_long_fit(self, out, **options):
        ratings = self.generate(5000, 2000, 300000)
        # A million iterations, one of which takes milliseconds.
        return subprocess.Popen(
            [PROGRAM, "evaluate", ratings, "--protocol", "k-fold", "--folds", "100"]
            if out is None
            else [PROGRAM, "fit", ratings, "--model", "biased_mf", *LONG_FIT, "--out", out],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **options,
        )

    def interrupted(self, send):
        out = self.folder / "model"
        process = self.start_long_fit(out)
        time.sleep(1)
        self.assertIsNone(process.poll(), "the fit is too short to be interrupted")
        process.send_signal(send)
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertEqual((stdout, stderr), (b"", b"coseno: interrupted\n"))
        self.assertEqual(self.files(), ["generated.csv", "items.csv", "ratings.csv"])

    def test_control_c_leaves_no_file(self):
        self.interrupted(signal.SIGINT)

    def test_sigterm_leaves_no_file(self):
        self.interrupted(signal.SIGTERM)

    def test_control_c_ends_a_wait_for_input(self):
        process = subprocess.Popen(
            [PROGRAM, "recommend", "-", "--user", "ann"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=10), 130)
        self.assertEqual(process.stderr.read(), b"coseno: interrupted\n")
        process.stdin.close()
        process.stderr.close()

    def interrupted_when(self, is_begun, *arguments):
        """Exit code and stderr of a command that got Ctrl-C once it had begun."""
        process = subprocess.Popen(
            [PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        while process.poll() is None and not is_begun(process.pid):
            time.sleep(0.001)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        return process.returncode, stderr.decode()

    def test_control_c_ends_an_erasure_that_goes_on_later(self):
        data = self.folder / "data"
        name = "Rumpelstiltskin"
        self.good("import", data, self.generate(2000, 1000, 200000),
                  self.write("r.csv", f"user,item\n{name},straw\n"))  # fmt: skip

        def has_store(pid):
            folder = pathlib.Path(f"/proc/{pid}/fd")
            try:
                return any(os.readlink(link).endswith("/LOCK") for link in folder.iterdir())
            except FileNotFoundError:
                return False

        code, stderr = self.interrupted_when(has_store, "erase", data, "--user", name)
        self.assertEqual(code, 130, stderr)
        self.assertRegex(stderr, f"^coseno: user {name} is in no answer any more, but on disk .*\n"
                         "coseno: interrupted\n$")  # fmt: skip
        self.refused(1, "is unknown", "inspect", data, "--user", name)
        self.good("verify", data)
        self.refused(1, "is unknown", "erase", data, "--user", name)
        for path in data.rglob("*"):
            self.assertFalse(path.is_file() and name.encode() in path.read_bytes(), path)
        self.assertEqual(json.loads(self.good("inspect", data, "--json"))["events"], 200000)

    def test_control_c_ends_a_restore_and_leaves_nothing(self):
        data, backup, again = (self.folder / name for name in ("data", "backup", "again"))
        self.good("import", data, self.generate(2000, 1000, 200000))
        self.good("backup", data, backup)
        # It may be done before the signal comes.
        for _ in range(20):
            code, stderr = self.interrupted_when(
                lambda pid: (again / "store").exists(), "restore", backup, again
            )
            if code == 130:
                break
            self.assertEqual((code, stderr), (0, ""))
            shutil.rmtree(again)
        self.assertEqual((code, stderr), (130, "coseno: interrupted\n"))
        self.assertFalse(again.exists())
        self.good("restore", backup, again)
        self.good("verify", again)

    def test_a_closed_pipe_is_silent(self):
        ratings = self.generate(1000, 500, 20000)
        shell = subprocess.run(
            ["bash", "-c", '"$0" recommend "$1" --users all -k 100 | head -n 1', PROGRAM, ratings],
            capture_output=True,
            text=True,
        )
        self.assertEqual((shell.stderr, shell.returncode), ("", 0))
        self.assertEqual(shell.stdout.count("\n"), 1)

    def test_a_full_disk_is_an_error(self):
        for arguments in (
            ("recommend", self.ratings, "--users", "all", "--out", "/dev/full"),
            ("predict", self.ratings, "--pairs", self.ratings, "--out", "/dev/full"),
            ("fit", self.ratings, "--out", "/dev/full"),
            ("generate", "--out", "/dev/full"),
        ):
            self.refused(1, "No space left", *arguments)
        with open("/dev/full", "w") as full:
            for arguments in (("models",), ("--help",), ("recommend", self.ratings, "--user", "a")):
                done = subprocess.run(
                    [PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True
                )
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, "^coseno: standard output.*No space left")

    def test_nobody_to_complain_to_changes_no_exit_code(self):
        model = self.folder / "m"
        for redirection in ("2>/dev/full", "2>&-"):
            for code, arguments in (
                (1, ("recommend", "/nonexist", "--user", "1")),
                (2, ("recommend",)),
                (0, ("recommend", self.ratings, "--users", self.write("u", "who\n"))),
                (0, ("fit", self.ratings, "--out", model)),
            ):
                command = ["bash", "-c", f'"$0" "$@" {redirection}', PROGRAM, *map(str, arguments)]
                done = subprocess.run(command, capture_output=True)
                self.assertEqual(done.returncode, code, command)
            self.good("recommend", model, "--user", "ann")

    def test_a_folder_that_is_not_there_is_an_error(self):
        self.refused(1, "No such file", "fit", self.ratings, "--out", self.folder / "no" / "m")

    def on_a_terminal(self, *arguments):
        """Exit code and what a terminal on stderr shows."""
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [PROGRAM, *map(str, arguments)], stderr=slave, stdout=subprocess.DEVNULL
        )
        os.close(slave)
        shown = b""
        while True:
            ready, _, _ = select.select([master], [], [], 1)
            if not ready:
                if process.poll() is not None:
                    break
                if len(shown) > 200:
                    process.send_signal(signal.SIGINT)
                continue
            try:
                part = os.read(master, 4096)
            except OSError:  # the other end is closed
                break
            shown += part
            # Reading shows a bar of its own, where the machine is slow.
            if b"biased_mf" in shown and len(shown) > 200 and process.poll() is None:
                process.send_signal(signal.SIGINT)
        os.close(master)
        return process.wait(timeout=60), shown.decode()

    def test_long_work_shows_a_bar_on_a_terminal_and_clears_it(self):
        ratings = self.generate(5000, 2000, 300000)
        code, shown = self.on_a_terminal(
            "fit", ratings, "--model", "biased_mf", *LONG_FIT, "--out", self.folder / "m"
        )
        self.assertRegex(shown, r"\r\x1b\[K.*biased_mf \[#* *\] +\d+%.* left")
        self.assertIn(code, (130, -signal.SIGINT))

    def test_quick_work_shows_nothing(self):
        self.assertEqual(self.on_a_terminal("similar", self.ratings, "--item", "tea"), (0, ""))


class CompletionTest(ProgramTest):
    def completions(self, *words):
        """What bash offers for the last of `words`."""
        script = self.write("completion.bash", self.good("completion", "bash"))
        line = f"""source '{script}'
COMP_WORDS=(coseno {" ".join(f"'{word}'" for word in words)})
COMP_CWORD={len(words)}
_coseno
printf '%s\\n' "${{COMPREPLY[@]}}" """
        done = subprocess.run(
            ["bash", "-c", line], capture_output=True, text=True, cwd=self.folder
        )
        self.assertEqual(done.stderr, "")
        return sorted(done.stdout.split())

    def test_commands_are_completed(self):
        self.assertEqual(self.completions("rec"), ["recommend"])
        self.assertLessEqual(set(COMMANDS), set(self.completions("")))

    def test_every_option_of_every_command_is_completed_and_no_other(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                text = self.good(command, "--help").split("Options:")[1].split("Examples:")[0]
                options = re.findall(r"^  (?:-h,)?(--?[a-z-]+)", text, re.MULTILINE)
                self.assertEqual(self.completions(command, "-"), sorted(options))

    def test_values_are_those_that_the_program_takes(self):
        models = re.findall(r"^(\w+): ", self.good("models"), re.MULTILINE)
        self.assertEqual(self.completions("models", ""), sorted(models))
        models.remove("vectors")  # which is not fitted
        self.assertEqual(self.completions("fit", "--model", ""), sorted(models))
        for option in ("--by", "--format", "--repeats", "--protocol"):
            for value in self.completions("evaluate", option, ""):
                test = ("--test", self.ratings) if value in ("lightgcn", "next-item") else ()
                done = run("evaluate", self.ratings, option, value, *test, "--models", "nothing")
                self.assertIn("nothing", done.stderr, (option, value))
        types = self.completions("import", "--type", "")
        self.refused(2, ", ".join(types), "import", self.folder / "d", "x", "--type", "nothing")

    def test_files_are_completed(self):
        self.assertEqual(self.completions("recommend", "rat"), ["ratings.csv"])
        self.assertEqual(self.completions("recommend", "x", "--items", "it"), ["items.csv"])
        self.assertEqual(self.completions("recommend", "x", "--users", "al"), ["all"])


# Settings that make biased_mf take minutes.
LONG_FIT = ("--set", "rounds=100000")


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
