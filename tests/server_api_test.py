#!/usr/bin/env python3
"""The interface of `coseno serve` from outside: every path, held to the document that describes it.

    server_api_test.py PROGRAM [unittest arguments]

Each request and each reply is validated against /openapi.json by the package jsonschema. Where that
is not there the paths are tried all the same, but nothing is validated, and the test tells so by
being skipped.
"""

import contextlib
import gzip
import http.client
import json
import re
import sys
import tempfile
import time
import unittest
import urllib.parse

from running_server import PATIENCE, Server

try:
    import jsonschema
except ImportError:
    jsonschema = None

PROGRAM = ""
SKIPPED = 77

# Two tastes: tea drinkers have tea, milk and cup; coffee drinkers have coffee, sugar and spoon.
TASTES = "user,item,rating\n" + "".join(
    f"{user}{n},{item},{4 + (n + place) % 2}\n"
    for user, items in (("t", ("tea", "milk", "cup")), ("c", ("coffee", "sugar", "spoon")))
    for n in range(12)
    for place, item in enumerate(items)
)
ITEMS = """id,title,genres
tea,Green Tea,hot|leaf
milk,Cold Milk,cold
cup,A Cup,thing
coffee,Black Coffee,hot|bean
sugar,Brown Sugar,sweet
spoon,A Spoon,thing
"""


def encoded(text):
    return urllib.parse.quote(text, safe="")


def query(**parameters):
    def is_text(value):
        return isinstance(value, str) or isinstance(value, list) and all(map(is_text, value))

    pairs = {
        name: value if is_text(value) else json.dumps(value) for name, value in parameters.items()
    }
    return "?" + urllib.parse.urlencode(pairs, doseq=True)


class Document:
    """The description, and who is held to it."""

    def __init__(self, document):
        self.document = document
        self.paths = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"), path) for path in document["paths"]
        ]
        self.answered = set()  # (method, path) with a status of 2xx

    def operation(self, method, target):
        path = target.split("?")[0]
        # What is written out goes before what stands for anything.
        for pattern, template in sorted(self.paths, key=lambda entry: entry[1].count("{")):
            if pattern.match(path) and method.lower() in self.document["paths"][template]:
                return template, self.document["paths"][template][method.lower()]
        return None, None

    def resolved(self, thing):
        while "$ref" in thing:
            at = self.document
            for step in thing["$ref"][2:].split("/"):
                at = at[step]
            thing = at
        return thing

    def validate(self, schema, value):
        if jsonschema is None:
            return
        whole = {"components": self.document["components"], "allOf": [schema]}
        jsonschema.Draft202012Validator(whole).validate(value)

    def check_request(self, operation, target, body, content_type):
        known = {
            parameter["name"]: parameter
            for parameter in map(self.resolved, operation.get("parameters", []))
            if parameter["in"] == "query"
        }
        for name, values in urllib.parse.parse_qs(target.partition("?")[2]).items():
            assert name in known, f"{name} is no parameter of {operation['operationId']}"
            if "content" in known[name]:
                schema = known[name]["content"]["application/json"]["schema"]
                self.validate(schema, json.loads(values[0]))
                continue
            schema = self.resolved(known[name]["schema"])
            kind = schema.get("type")
            if kind == "array":
                self.validate(schema, values)
            else:
                value = values[0] if kind in (None, "string") else json.loads(values[0])
                self.validate(schema, value)
        if body and content_type == "application/json":
            content = operation["requestBody"]["content"]
            self.validate(content["application/json"]["schema"], json.loads(body))

    def check_reply(self, operation, status, content_type, body):
        replies = operation["responses"]
        assert str(status) in replies or status >= 400, f"{status} is not described"
        reply = self.resolved(replies.get(str(status), replies["default"]))
        kind = content_type.split(";")[0]
        assert kind in reply["content"], f"{kind} is not described for {status}"
        if kind.endswith("json") and kind != "application/x-ndjson":
            self.validate(reply["content"][kind]["schema"], json.loads(body))


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class DescribedServer(Server):
    """Held to the document that it serves."""

    def __init__(self, folder, *arguments):
        super().__init__(PROGRAM, folder, *arguments)
        self.document = Document(json.loads(self.reply("GET", "/openapi.json").body))

    def stop(self):
        assert self.end() == 0

    def reply(self, method, target, body=None, headers=None):
        return Reply(*super().ask(method, target, body, headers))

    def ask(self, method, target, body=None, status=200, headers=None, content="application/json"):
        """The answer, held to the document; so is the request, where it is to succeed."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = dict(headers or {})
        if data is not None:
            headers["Content-Type"] = content
        template, operation = self.document.operation(method, target)
        if status < 400:
            self.document.check_request(operation, target, data, content)
        reply = self.reply(method, target, data, headers)
        assert reply.status == status, f"{method} {target}: {reply.status} {reply.body[:500]}"
        assert reply.headers["X-Request-Id"]
        if operation is not None:
            kind = reply.headers["Content-Type"]
            self.document.check_reply(operation, reply.status, kind, reply.body)
            if status < 300:
                self.document.answered.add((method, template))
        return reply

    def get(self, target, status=200):
        return self.ask("GET", target, status=status).json()

    def post(self, target, body, status=200, **rest):
        return self.ask("POST", target, body, status, **rest).json()

    def wait_for_job(self, target):
        """A job that has ended."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            job = self.get(target)
            if job["state"] not in ("waiting", "running"):
                return job
            time.sleep(0.02)
        raise AssertionError(f"{target} goes on and on")

    def send_file(self, text, what="events", **rest):
        body = text if isinstance(text, bytes) else text.encode()
        reply = self.ask("POST", "/v1/imports" + query(what=what, **rest), body, 202,
                         content="application/octet-stream")  # fmt: skip
        assert reply.headers["Location"] == "/v1/imports/" + reply.json()["id"]
        return self.wait_for_job(reply.headers["Location"])


def items_of(answer):
    return [item["item"] for item in answer["items"]]


class ApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = DescribedServer(cls.folder.name + "/data")
        cls.get = cls.server.get
        cls.post = cls.server.post
        cls.ask = cls.server.ask
        job = cls.server.send_file(gzip.compress(TASTES.encode()))
        assert job["result"]["new"] == 72, job
        job = cls.server.send_file(ITEMS, "items")
        assert job["result"]["put"] == 6, job

    @classmethod
    def tearDownClass(cls):
        # Every row of the table was answered at least once.
        missing = {
            (method.upper(), path)
            for path, methods in cls.server.document.document["paths"].items()
            for method in methods
        } - cls.server.document.answered
        cls.server.stop()
        cls.folder.cleanup()
        if len(sys.argv) < 2:
            assert not missing, f"not tried: {sorted(missing)}"

    def refused(self, method, target, status, code, field=None, body=None, **rest):
        reply = self.ask(method, target, body, status, **rest)
        self.assertEqual(reply.headers["Content-Type"], "application/problem+json")
        problem = reply.json()
        self.assertEqual(problem["code"], code)
        self.assertEqual(problem.get("field"), field)
        self.assertEqual(problem["request_id"], reply.headers["X-Request-Id"])
        return problem["detail"]

    # --- events

    def test_an_event_changes_the_next_list(self):
        self.get("/v1/users/new/recommendations")
        acknowledged = self.post("/v1/events", {"user": "new", "item": "sugar", "id": "n1"})
        after = self.get("/v1/users/new/recommendations?k=2")
        self.assertEqual(set(items_of(after)), {"coffee", "spoon"})
        self.assertGreaterEqual(after["position"], acknowledged["position"])
        self.assertEqual(self.ask("DELETE", "/v1/events/n1").json()["new"], 1)
        self.assertEqual(self.get("/v1/users/new/events")["events"], [])
        self.refused("DELETE", "/v1/events/none", 404, "not_found")

    def test_repeats_are_harmless(self):
        batch = [{"user": "rep", "item": "tea"}, {"user": "rep", "item": "cup", "time": 1700000000.5}]
        key = {"Idempotency-Key": "rep-1"}
        self.assertEqual(self.post("/v1/events", batch, headers=key)["new"], 2)
        self.assertEqual(self.post("/v1/events", batch, headers=key)["repeated"], 2)
        events = self.get("/v1/users/rep/events")["events"]
        self.assertEqual([event["item"] for event in events], ["tea", "cup"])
        self.assertEqual(events[1]["time"], "2023-11-14T22:13:20.500Z")

    def test_bad_events_are_refused_whole(self):
        before = self.get("/v1/health/ready")["position"]
        good = {"user": "bad", "item": "tea"}
        refused = lambda status, code, field, body, **rest: self.refused(  # noqa: E731
            "POST", "/v1/events", status, code, field, body, **rest
        )
        refused(400, "unknown_field", "/1/itm", [good, {"user": "bad", "itm": "x", "item": "tea"}])
        refused(422, "invalid_argument", "/1/type", [good, {**good, "type": "sip"}])
        refused(400, "invalid_argument", "/item", {"user": "bad"})
        refused(400, "invalid_json", None, b'{"user": "bad", "user": "b", "item": "tea"}')
        refused(400, "invalid_json", None, b"[" * 100)
        refused(413, "batch_too_long", None, [good] * 10001)
        refused(415, "unsupported_media_type", None, good, content="text/plain")
        self.assertEqual(self.get("/v1/health/ready")["position"], before)

    # --- items and users

    def test_items_and_users_come_and_go(self):
        for kind, name in (("item", "a/b ?&#%+"), ("user", 'x/"y"\\ \u00e9')):
            with self.subTest(kind):
                path = f"/v1/{kind}s/{encoded(name)}"
                self.refused("GET", path, 404, "not_found", kind)
                self.ask("PUT", path, {"a": 1, "b": ["x", "y"], "z": None})
                self.ask("PATCH", path, {"a": None, "c": True})
                found = self.get(path)
                self.assertEqual(found, {kind: name, "properties": {"b": ["x", "y"], "c": True}})
                self.refused("PUT", path, 422, "invalid_argument", "/p/lat", {"p": {"lat": 91, "lon": 0}})
                self.ask("DELETE", path)
                self.refused("GET", path, 404, "not_found", kind)
                self.refused("DELETE", path, 404, "not_found", kind)
                many = [{kind: f"bulk{n}", "properties": {"n": n}} for n in range(5)]
                self.post(f"/v1/{kind}s", many)
                self.assertEqual(self.get(f"/v1/{kind}s/bulk3")["properties"], {"n": 3})
                self.refused("POST", f"/v1/{kind}s", 400, "unknown_field", "/0/propertys",
                             [{kind: "x", "propertys": {}}])  # fmt: skip
                for n in range(5):
                    self.ask("DELETE", f"/v1/{kind}s/bulk{n}")

    def test_pages_hold_everything_once(self):
        for kind, parameters in (("item", {}), ("user", {}), ("item", {"text": "co"})):
            found, cursor = [], {}
            while True:
                page = self.get(f"/v1/{kind}s" + query(limit=3, **parameters, **cursor))
                found += [record[kind] for record in page[kind + "s"]]
                if "next" not in page:
                    break
                cursor = {"cursor": page["next"]}
            self.assertEqual(len(found), len(set(found)))
            if parameters:
                self.assertEqual(set(found), {"milk", "coffee"})  # Cold, coffee
            elif kind == "item":
                self.assertLessEqual({"tea", "milk", "cup", "coffee", "sugar", "spoon"}, set(found))
            else:
                self.assertLessEqual({f"t{n}" for n in range(12)}, set(found))
        hot = self.get("/v1/items" + query(filter={"equals": {"genres": "hot"}}))
        self.assertEqual({item["item"] for item in hot["items"]}, {"tea", "coffee"})
        next_page = self.get("/v1/items?limit=1")["next"]
        self.refused("GET", f"/v1/items?text=tea&cursor={next_page}", 422, "invalid_cursor", "cursor")
        self.refused("GET", "/v1/items?limit=0", 400, "invalid_argument", "limit")
        self.refused("GET", "/v1/items?filter=x", 422, "invalid_argument", "filter")

    def test_an_erased_person_is_gone(self):
        self.post("/v1/events", [{"user": "gone", "item": item} for item in ("tea", "milk")])
        page = self.get("/v1/users/gone/events?limit=1")
        self.assertEqual(page["events"][0]["item"], "milk")
        rest = self.get("/v1/users/gone/events" + query(cursor=page["next"]))
        self.assertEqual([event["item"] for event in rest["events"]], ["tea"])
        self.assertNotIn("next", rest)
        self.ask("DELETE", "/v1/users/gone")
        self.refused("GET", "/v1/users/gone/events", 404, "not_found", "user")
        self.assertNotIn(b'"gone"', self.ask("GET", "/v1/exports/events").body)

    # --- lists

    def test_lists_take_what_they_describe(self):
        asked = {
            "k": 4, "filter": {"exists": "title"}, "exclude": ["milk", "nobody"], "pinned": ["spoon"],
            "caps": [{"property": "genres", "at_most": 2}],
            "boosts": [{"filter": {"equals": {"genres": "hot"}}, "amount": 0.5}],
            "diversity": 0.3, "calibrate": "genres", "exploration": 0.2, "seed": 7,
            "include_seen": True, "explain": True, "titles": True, "min_position": 1,
        }  # fmt: skip
        by_body = self.post("/v1/users/t1/recommendations", asked)
        by_query = self.get("/v1/users/t1/recommendations" + query(**asked))
        self.assertEqual(by_body, by_query)
        self.assertEqual(by_body["items"][0]["item"], "spoon")
        self.assertEqual(by_body["items"][0]["title"], "A Spoon")
        self.assertIn("sources", by_body["items"][1])
        path = "/v1/users/t1/recommendations"
        self.refused("GET", path + "?k=1001", 400, "invalid_argument", "k")
        self.refused("GET", path + "?min_position=999999", 503, "unavailable", "min_position")
        self.refused("GET", path + "?size=3", 400, "unknown_field", "size")
        self.refused("POST", path, 400, "unknown_field", "/size", {"size": 3})
        self.refused("PUT", path, 405, "method_not_allowed")
        self.refused("GET", "/v1/nothing", 404, "not_found")

    def test_pages_of_a_list_do_not_repeat(self):
        found, cursor = [], {}
        while True:
            page = self.post("/v1/users/nobody/recommendations", {"k": 2, **cursor})
            found += items_of(page)
            self.post("/v1/events", {"user": "other", "item": found[-1]})
            if "next" not in page:
                break
            cursor = {"cursor": page["next"]}
        self.assertEqual(len(found), len(set(found)))
        self.assertLessEqual({"tea", "milk", "cup", "coffee", "sugar", "spoon"}, set(found))

    def test_a_session_needs_no_user(self):
        answer = self.post("/v1/sessions/recommendations", {"history": [{"item": "tea"}], "k": 2})
        self.assertEqual(set(items_of(answer)), {"milk", "cup"})
        self.refused("POST", "/v1/sessions/recommendations", 400, "invalid_argument", "/history", {})

    def test_alike(self):
        self.assertEqual(set(items_of(self.get("/v1/items/tea/similar?k=2"))), {"milk", "cup"})
        self.refused("GET", "/v1/items/none/similar", 404, "not_found", "item")
        self.assertEqual(len(items_of(self.get("/v1/trending?k=3&titles=true"))), 3)
        alike = self.get("/v1/users/c3/similar?k=5")["users"]
        self.assertTrue(all(user["user"].startswith("c") for user in alike), alike)
        self.refused("GET", "/v1/users/none/similar", 404, "not_found", "user")

    def test_a_stream_tells_changes(self):
        path = "/v1/users/live/recommendations/stream"
        self.refused("GET", path + "?k=0", 400, "invalid_argument", "k")
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", path + "?k=3")
            reply = connection.getresponse()
            self.assertEqual(reply.headers["Content-Type"], "text/event-stream")

            def told():
                event = {}
                while (line := reply.readline().decode().rstrip("\n")) or not event:
                    if line and not line.startswith(":"):
                        name, _, value = line.partition(": ")
                        event[name] = value
                self.assertEqual(event["event"], "list")
                answer = json.loads(event["data"])
                self.server.document.validate({"$ref": "#/components/schemas/List"}, answer)
                self.assertEqual(int(event["id"]), answer["position"])
                return answer

            before = told()
            self.assertEqual(len(before["items"]), 3)
            acknowledged = self.post("/v1/events", {"user": "live", "item": items_of(before)[0]})
            after = told()
            self.assertGreaterEqual(after["position"], acknowledged["position"])
            self.assertNotIn(items_of(before)[0], items_of(after))
        self.server.document.answered.add(("GET", "/v1/users/{user}/recommendations/stream"))

    # --- data

    def test_what_is_exported_can_be_put_again(self):
        lines = {
            what: [json.loads(line) for line in self.ask("GET", f"/v1/exports/{what}").body.splitlines()]
            for what in ("events", "items", "users")
        }
        with tempfile.TemporaryDirectory() as folder:
            other = DescribedServer(folder + "/data")
            try:
                types = self.get("/v1/settings")["event_types"]
                other.ask("PATCH", "/v1/settings", {"event_types": types})
                for what, records in lines.items():
                    other.post(f"/v1/{what}", records)
                again = {
                    what: list(map(json.loads, other.ask("GET", f"/v1/exports/{what}").body.splitlines()))
                    for what in lines
                }
                for what in lines:
                    order = lambda record: json.dumps(record, sort_keys=True)  # noqa: E731
                    self.assertEqual(sorted(lines[what], key=order), sorted(again[what], key=order))
            finally:
                other.stop()
        self.refused("GET", "/v1/exports/all", 404, "not_found", "what")

    def test_imports_are_told_about(self):
        self.assertEqual(self.server.send_file(TASTES)["result"]["repeated"], 72)
        job = self.server.send_file(b"user,item,rating\nann,tea,five\n")
        self.assertEqual(job["state"], "failed")
        self.assertIn("the file:2:9", job["problem"]["detail"])
        job = self.server.send_file('{"id": "u9", "age": 30}\n', "users")
        self.assertEqual(job["result"]["put"], 1)
        for target, status, field in (
            ("/v1/imports?what=all", 400, "what"),
            ("/v1/imports?format=xml", 400, "format"),
            ("/v1/imports?type=none", 422, "type"),
        ):
            self.refused("POST", target, status, "invalid_argument", field, b"x",
                         content="application/octet-stream")  # fmt: skip
        self.refused("POST", "/v1/imports", 422, "invalid_argument", None, b"")
        self.refused("GET", "/v1/imports/99", 404, "not_found", "id")

    # --- models and settings

    def test_a_training_is_published(self):
        reply = self.ask("POST", "/v1/trainings", {"model": "item_knn", "settings": {"neighbours": 5}}, 202)
        job = self.server.wait_for_job(reply.headers["Location"])
        self.assertEqual(job["state"], "done", job)
        snapshot = job["result"]["snapshot"]
        self.assertGreaterEqual(snapshot, 1)
        self.assertEqual(self.get("/v1/users/t1/recommendations")["snapshot"], snapshot)
        models = self.get("/v1/models")["models"]
        self.assertEqual((models[0]["model"], models[0]["in_service"]), ("item_knn", True))
        self.assertEqual(models[0]["ndcg"], job["result"]["ndcg"])
        self.assertEqual(models[0]["ndcg_popularity"], job["result"]["ndcg_popularity"])
        self.assertEqual(self.get("/v1/trainings")["trainings"][0]["id"], job["id"])
        self.assertEqual(self.ask("DELETE", "/v1/trainings/" + job["id"]).json()["state"], "done")
        self.refused("GET", "/v1/trainings/" + job["id"], 404, "not_found", "id")
        self.refused("POST", "/v1/trainings", 422, "invalid_argument", "/model", {"model": "none"})
        self.refused("POST", "/v1/trainings", 422, "invalid_argument", "/settings",
                     {"model": "ease", "settings": {"l3": 1}})  # fmt: skip
        self.refused("GET", "/v1/trainings/99", 404, "not_found", "id")

    def test_settings_change_at_run_time(self):
        before = self.get("/v1/settings")
        self.assertEqual(before["defaults"], {"k": 10, "diversity": 0})
        change = {
            "event_types": {"sip": {"weight": 0.5}, "click": {"half_life_days": 30}, "save": None},
            "defaults": {"k": 2},
        }
        after = self.ask("PATCH", "/v1/settings", change).json()
        self.assertEqual(after, self.get("/v1/settings"))
        self.assertEqual(after["event_types"]["sip"]["weight"], 0.5)
        self.assertEqual(after["event_types"]["click"]["weight"], 1)
        self.assertNotIn("save", after["event_types"])
        self.post("/v1/events", {"user": "sips", "item": "tea", "type": "sip"})
        self.assertEqual(len(self.get("/v1/users/sips/recommendations")["items"]), 2)
        self.refused("PATCH", "/v1/settings", 422, "invalid_argument", "/event_types/click/weight",
                     {"event_types": {"click": {"weight": -1}}})  # fmt: skip
        self.refused("PATCH", "/v1/settings", 400, "invalid_argument", "/defaults/k",
                     {"defaults": {"k": 0}})  # fmt: skip
        self.refused("PATCH", "/v1/settings", 400, "unknown_field", "/default", {"default": {}})
        self.ask("PATCH", "/v1/settings", {"event_types": {"save": {"weight": 2}}, "defaults": {"k": 10}})

    # --- the server itself

    def test_health_metrics_and_documents(self):
        self.assertEqual(self.get("/v1/health/live"), {"status": "live"})
        self.get("/v1/health/ready")
        self.assertIn(b"coseno_requests_total", self.ask("GET", "/metrics").body)
        self.assertEqual(self.get("/openapi.json")["openapi"], "3.1.0")
        page = self.ask("GET", "/docs")
        self.assertIn(b"/openapi.json", page.body)
        self.assertNotIn(b"https://", page.body)  # nothing from elsewhere

    def test_examples_are_of_their_schemas(self):
        document = self.server.document
        n_examples = 0
        for name, schema in document.document["components"]["schemas"].items():
            if "example" in schema:
                document.validate({"$ref": f"#/components/schemas/{name}"}, schema["example"])
                n_examples += 1
        self.assertGreater(n_examples, 20)


class AfterRestartTest(unittest.TestCase):
    def test_settings_stay(self):
        with tempfile.TemporaryDirectory() as folder:
            server = DescribedServer(folder + "/data")
            server.ask("PATCH", "/v1/settings",
                       {"defaults": {"k": 3, "diversity": 0.25}, "event_types": {"sip": {}}})  # fmt: skip
            before = server.get("/v1/settings")
            server.stop()
            server = DescribedServer(folder + "/data")
            self.assertEqual(server.get("/v1/settings"), before)
            server.stop()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = sys.argv.pop(1)
    result = unittest.main(exit=False).result
    if result.wasSuccessful() and jsonschema is None:
        print("the package jsonschema is not there: nothing was validated", file=sys.stderr)
        sys.exit(SKIPPED)
    sys.exit(not result.wasSuccessful())
