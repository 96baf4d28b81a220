"""The engine: every function once, what is refused, two on one folder, threads."""

import datetime
import gc
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import numpy as np

import coseno

HOUR_MS = 3_600_000


class EngineTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "data"
        self.engine = coseno.Engine.open(self.folder)
        self.addCleanup(lambda: self.engine.close())

    def fill(self):
        self.engine.observe(
            {"user": f"u{u}", "item": f"i{i}", "type": "purchase", "id": f"{u} {i}"}
            for u in range(12)
            for i in range(8)
            if (u * i + i) % 3 != 1
        )

    def items(self, *arguments, **options):
        return [one.item for one in self.engine.recommend(*arguments, **options).items]

    def test_the_next_answer_reflects_an_event(self):
        acknowledged = self.engine.observe(user="ann", item="tea")
        self.assertEqual((acknowledged.n_new, acknowledged.n_repeated), (1, 0))
        self.engine.observe([{"user": "bob", "item": "tea"}, {"user": "bob", "item": "jam"}])
        self.assertEqual(self.items("ann"), ["jam"])
        self.engine.observe(user="ann", item="jam", type="like", value=2, id="e1")
        self.assertEqual(self.items("ann"), [])
        self.engine.retract("e1")
        self.assertEqual(self.items("ann"), ["jam"])

    def test_an_event_twice_counts_once_and_a_batch_is_whole_or_not(self):
        self.engine.observe(user="ann", item="tea", id="e")
        self.assertEqual(self.engine.observe(user="ann", item="tea", id="e").n_repeated, 1)
        with self.assertRaisesRegex(ValueError, "item"):
            self.engine.observe([{"user": "bob", "item": "tea"}, {"user": "bob", "item": ""}])
        self.assertEqual(self.engine.stats().n_events, 1)

    def test_times(self):
        noon = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.timezone.utc)
        self.engine.observe(user="ann", item="tea", time_ms=noon)
        self.engine.observe(user="ann", item="jam", time_ms=int(noon.timestamp()) * 1000 + HOUR_MS)
        first, second = self.engine.history("ann")
        self.assertEqual(second.time_ms - first.time_ms, HOUR_MS)
        with self.assertRaises(ValueError):
            self.engine.observe(user="ann", item="tea", time_ms=datetime.datetime(2026, 1, 1))

    def test_every_field_of_a_request(self):
        self.fill()
        for i in range(8):
            self.engine.put_item(f"i{i}", {"kind": "even" if i % 2 == 0 else "odd"}, year=2000 + i)
        odd = {"equals": {"kind": "odd"}}
        first = self.items("new")
        self.assertEqual(len(first), 8)
        self.assertTrue(all(int(i[1]) % 2 for i in self.items("new", filter=odd)))
        self.assertNotIn(first[0], self.items("new", exclude=[first[0]]))
        self.assertEqual(self.items("new", 2, pinned=["i5"])[0], "i5")
        self.assertEqual(self.items("new", boosts=[(odd, 100)])[0][1] in "1357", True)
        self.assertEqual(len(self.items("new", 8, caps={"kind": 1})), 2)
        self.assertEqual(len(self.items("u1", include_seen=True)), 8)
        self.assertEqual(len(self.items("new", 3, diversity=0.5, calibrate="kind")), 3)
        self.assertEqual(
            self.items("new", exploration=0.5, seed=3), self.items("new", exploration=0.5, seed=3)
        )
        told = self.engine.recommend("u1", explain=True, include_seen=True)
        self.assertTrue(told.items[0].sources)
        self.assertEqual(told.position, self.engine.position)
        self.assertNotIn("i3", self.items(history=[{"item": "i3", "type": "view"}]))
        with self.assertRaises(coseno.UnavailableError):
            self.engine.recommend("u1", min_position=10**9)

    def test_lists_that_were_shown(self):
        self.fill()
        self.engine.recommend("u1", 2, include_seen=True, log_shown=True, exploration=0.1)
        self.engine.recommend("u2", 2, include_seen=True, log_shown=True)
        shown = self.engine.shown_lists()
        self.assertEqual([one.user for one in shown], ["u1", "u2"])
        self.assertEqual(len(shown[0].items), 2)
        self.assertEqual(len(self.engine.shown_lists(limit=1)), 1)

    def test_similar_trending_and_alike_users(self):
        self.fill()
        self.assertTrue(self.engine.similar("i0", 3).items)
        self.assertEqual(len(self.engine.trending(4)), 4)
        self.assertTrue(self.engine.similar_users("u1", 2)[0].score > 0)
        with self.assertRaises(KeyError):
            self.engine.similar("nothing")

    def test_records(self):
        self.engine.put_item("tea", {"title": "Tea"}, price=3)
        self.engine.patch_item("tea", price=None, kind="drink")
        self.assertEqual(self.engine.item("tea"), {"title": "Tea", "kind": "drink"})
        self.assertIsNone(self.engine.item("jam"))
        self.engine.put_user("ann", city="Bern")
        self.engine.patch_user("ann", {"city": "Basel"})
        self.assertEqual(self.engine.user("ann"), {"city": "Basel"})
        self.assertIsNone(self.engine.user("bob"))
        self.engine.put_items({f"i{i}": {} for i in range(2500)})
        self.assertEqual(len(list(self.engine.items())), 2501)
        self.assertEqual([id for id, _ in self.engine.items(text="drink")], ["tea"])
        self.assertEqual(list(self.engine.users()), [("ann", {"city": "Basel"})])
        self.engine.delete_item("tea")
        self.assertIsNone(self.engine.item("tea"))
        with self.assertRaises(ValueError):
            self.engine.put_item("tea", price=float("nan"))

    def test_many_records_and_notes(self):
        self.engine.put_users({"ann": {"city": "Bern"}, "bob": {"city": "Basel"}})
        self.assertEqual(self.engine.user("bob"), {"city": "Basel"})
        with self.assertRaises(ValueError):
            self.engine.put_items({"tea": {}, "": {}})
        self.assertIsNone(self.engine.item("tea"))
        self.assertIsNone(self.engine.note("mine"))
        self.engine.set_note("mine", "a text")
        self.assertEqual(self.engine.note("mine"), "a text")

    def test_the_log(self):
        self.engine.observe({"user": "ann", "item": f"i{i}"} for i in range(2500))
        events = list(self.engine.events())
        self.assertEqual([one.item for one in events], [f"i{i}" for i in range(2500)])
        self.assertEqual(next(self.engine.events(events[10].position)).item, "i10")

    def test_event_types(self):
        types = self.engine.event_types()
        self.assertEqual(types, coseno.default_event_types())
        types["view"] = coseno.EventType(weight=0.5, hides=False)
        self.engine.set_event_types(types)
        self.assertEqual(self.engine.event_types()["view"].weight, 0.5)
        self.engine.observe(user="ann", item="tea")
        self.assertEqual(self.items("ann"), ["tea"])
        with self.assertRaises(ValueError):
            self.engine.set_event_types({"view": coseno.EventType(weight=-1)})

    def test_training_snapshots_and_models_of_parameters(self):
        self.fill()
        report = self.engine.train(coseno.ItemKnn(neighbours=5))
        self.assertEqual((report.model, report.settings), ("item_knn", {"neighbours": "5"}))
        self.assertEqual(len(self.engine.snapshots()), 1 if report.snapshot else 0)
        self.engine.refresh()
        self.engine.train("ease", settings={"l2": 5})
        with self.assertRaises(KeyError):
            self.engine.train("als")
        with self.assertRaises(ValueError):
            self.engine.train("ials", settings={"dim": 0})

    def test_vectors_of_another_program_are_served(self):
        self.fill()
        items = [f"i{i}" for i in range(8)]
        vectors = np.asfortranarray(np.random.default_rng(1).normal(size=(8, 4)), dtype=">f8")
        report = self.engine.publish_vectors(items, vectors, name="mine", force=True)
        self.assertGreater(report.snapshot, 0)
        self.assertEqual(self.engine.stats().model, "mine")
        self.assertEqual(len(self.items("u1", 8, include_seen=True)), 8)
        for wrong in (vectors[:7], vectors[0], np.full((8, 4), np.nan)):
            with self.assertRaises(ValueError):
                self.engine.publish_vectors(items, wrong)

    def test_a_training_ends_on_ctrl_c(self):
        self.engine.observe(
            {"user": f"u{u}", "item": f"i{u * n % 97}"} for u in range(500) for n in range(1, 15)
        )
        timer = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT))

        def begin(stage, share):
            if timer.ident is None:
                timer.start()

        with self.assertRaises(KeyboardInterrupt):
            self.engine.train("ials", settings={"rounds": 10000, "dim": 256}, progress=begin)
        timer.join()
        self.assertEqual(self.engine.snapshots(), [])

    def test_a_person_is_forgotten(self):
        self.fill()
        self.engine.erase_user("u1")
        told = []
        self.engine.compact(progress=lambda *stage: told.append(stage))
        self.assertTrue(told)
        self.assertEqual(self.engine.history("u1"), [])
        with self.assertRaises(KeyError):
            self.engine.erase_user("u1")

    def test_backup_restore_and_verify(self):
        self.fill()
        backup, again = self.folder.with_name("backup"), self.folder.with_name("again")
        self.engine.back_up(backup)
        coseno.Engine.restore(backup, again)
        contents = coseno.Engine.verify(again)
        self.assertEqual(contents.n_events, self.engine.stats().n_events)
        with coseno.Engine.open(again) as engine:
            self.assertEqual(engine.recommend("u1").items[0].item, self.items("u1")[0])
        with self.assertRaises(FileNotFoundError):
            coseno.Engine.restore(self.folder.with_name("nowhere"), self.folder.with_name("x"))
        with self.assertRaises(FileNotFoundError):
            coseno.Engine.verify(self.folder.with_name("nowhere"))

    def test_what_is_wrong_is_told(self):
        engine = self.engine
        for call, kind in (
            (lambda: engine.observe(), TypeError),
            (lambda: engine.observe(user="ann"), TypeError),
            (lambda: engine.observe(user=3, item="tea"), TypeError),
            (lambda: engine.observe(user="ann", item=b"tea"), TypeError),
            (lambda: engine.observe(user="", item="tea"), ValueError),
            (lambda: engine.observe(user="\ud800", item="tea"), TypeError),
            (lambda: engine.observe(user="ann", item="x" * 513), ValueError),
            (lambda: engine.observe(user="ann", item="tea", value=float("nan")), ValueError),
            (lambda: engine.observe(user="ann", item="tea", value="x"), TypeError),
            (lambda: engine.observe([{"user": "ann"}]), TypeError),
            (lambda: engine.observe([{"user": "ann", "item": "tea", "stars": 3}]), TypeError),
            (lambda: engine.observe([{"user": "ann", "item": "tea"}], user="bob"), TypeError),
            (lambda: engine.recommend("ann", 0), ValueError),
            (lambda: engine.recommend("ann", -1), ValueError),
            (lambda: engine.recommend("ann", 10**6), ValueError),
            (lambda: engine.recommend("ann", 10**30), ValueError),
            (lambda: engine.recommend("ann", 2.5), TypeError),
            (lambda: engine.recommend("ann", filter="{"), ValueError),
            (lambda: engine.recommend("ann", exclude="tea"), TypeError),
            (lambda: engine.recommend("ann", pinned=["nothing"]), KeyError),
            (lambda: engine.recommend("ann", diversity=2), ValueError),
            (lambda: engine.recommend("ann", seed=-1), ValueError),
            (lambda: engine.recommend(history=[{"user": "x", "item": "tea"}]), TypeError),
            (lambda: engine.retract("nothing"), KeyError),
            (lambda: list(engine.events(-1)), ValueError),
            (lambda: coseno.Engine.open(self.folder, durability="some"), ValueError),
            (lambda: coseno.Engine.open(self.folder, history_length=0), ValueError),
            (lambda: coseno.Engine.open(self.folder, history_length=-1), ValueError),
            (lambda: coseno.Engine.open(self.folder, n_threads=-1), ValueError),
            (lambda: coseno.Engine.open(5), TypeError),
            (lambda: coseno.Engine.open("/proc/nowhere"), OSError),
        ):
            with self.subTest(), self.assertRaises(kind):
                call()

    def test_after_closing_everything_is_refused(self):
        self.engine.close()
        self.engine.close()
        self.assertTrue(self.engine.closed)
        for call in (
            lambda: self.engine.observe(user="ann", item="tea"),
            lambda: self.engine.recommend("ann"),
            lambda: self.engine.stats(),
            lambda: self.engine.position,
            lambda: self.engine.train(),
            lambda: list(self.engine.items()),
        ):
            with self.assertRaisesRegex(ValueError, "closed"):
                call()

    def test_one_writes_and_others_read_beside_it(self):
        with self.assertRaises(coseno.ConflictError):
            coseno.Engine.open(self.folder)
        self.engine.observe(user="ann", item="tea")
        with coseno.Engine.open_beside(self.folder) as beside:
            self.assertEqual(beside.stats().n_events, 1)
            self.engine.observe(user="ann", item="jam")
            beside.refresh()
            self.assertEqual(beside.stats().n_events, 2)
            with self.assertRaises(coseno.ConflictError):
                beside.observe(user="ann", item="rum")
        self.engine.close()
        with coseno.Engine.open(self.folder) as again:
            self.assertEqual(again.stats().n_events, 2)

    def test_another_process_is_told_that_the_folder_is_taken(self):
        program = (
            "import sys, coseno\n"
            "try: coseno.Engine.open(sys.argv[1])\n"
            "except coseno.ConflictError: print('taken')\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", program, self.folder], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(ran.stdout, "taken\n", ran.stderr)

    def test_a_forgotten_engine_lets_its_folder_go(self):
        self.engine = None
        self.addCleanup(lambda: setattr(self, "engine", again))
        gc.collect()
        again = coseno.Engine.open(self.folder)

    def test_threads_share_an_engine_and_one_may_close_it(self):
        self.fill()
        wrong = []

        def work(number):
            try:
                for turn in range(300):
                    self.engine.observe(user=f"t{number}", item=f"i{turn % 8}")
                    self.engine.recommend(f"t{number}")
            except coseno.ClosedError:
                pass
            except BaseException as error:
                wrong.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        threads[0].join()
        self.engine.close()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        with coseno.Engine.open(self.folder) as again:
            self.assertGreaterEqual(again.stats().n_events, 300)

    def test_structs_show_themselves(self):
        acknowledged = self.engine.observe(user="ann", item="tea")
        self.assertEqual(
            repr(acknowledged),
            f"Acknowledged(position={acknowledged.position}, n_new=1, n_repeated=0)",
        )
        self.assertIn(str(self.folder), repr(self.engine))


if __name__ == "__main__":
    unittest.main()
