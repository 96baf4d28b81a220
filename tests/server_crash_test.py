#!/usr/bin/env python3
"""Kills `coseno serve` while events come in over HTTP: what was acknowledged is there afterwards.

    server_crash_test.py PROGRAM KILLS

Four clients write without a pause, single events, batches, properties and retractions, each to users and
items of its own; the server gets SIGKILL at a random moment, and is started again on the same folder. Then
every event that was acknowledged is in its user's events, once and in order; of those that were sent and not
acknowledged each is there whole, or not at all, a batch too.
"""

import http.client
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time

from running_server import Server

N_CLIENTS = 4
JSON = {"Content-Type": "application/json"}


class Client:
    """What one client has sent, and what it was told."""

    def __init__(self, number, round_number):
        self.random = random.Random(1000 * round_number + number)
        self.user = f"u{round_number}c{number}"
        self.item = f"i{round_number}c{number}"
        self.expected = []  # ids of acknowledged events, in order; None where it was retracted
        self.doubtful = []  # of the request that was cut off
        self.retracting = None  # the same
        self.rating = None  # the item's property, acknowledged
        self.doubtful_rating = None
        self.n = 0
        self.failure = None

    def event(self):
        self.n += 1
        return {"user": self.user, "item": f"x{self.n}", "id": f"{self.user}-{self.n}", "type": "play"}

    def write(self, port, stop):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            while not stop.is_set():
                self.write_once(connection)
        except (http.client.HTTPException, OSError):
            pass  # the server was killed
        except AssertionError as error:
            self.failure = error
        finally:
            connection.close()

    def request(self, connection, method, target, body=None):
        connection.request(method, target, None if body is None else json.dumps(body), JSON)
        reply = connection.getresponse()
        answer = reply.read()
        assert reply.status < 300, (method, target, reply.status, answer)

    def write_once(self, connection):
        kind = self.random.random()
        kept = [n for n, event in enumerate(self.expected) if event is not None]
        if kind < 0.1 and kept:
            place = self.random.choice(kept)
            self.retracting = self.expected[place]
            self.request(connection, "DELETE", f"/v1/events/{self.retracting}")
            self.expected[place] = self.retracting = None
        elif kind < 0.2:
            self.doubtful_rating = self.n
            self.request(connection, "PUT", f"/v1/items/{self.item}", {"n": self.n})
            self.rating = self.n
        else:
            events = [self.event() for _ in range(1 if kind < 0.7 else self.random.randint(2, 20))]
            self.doubtful = [event["id"] for event in events]
            self.request(connection, "POST", "/v1/events", events if len(events) > 1 else events[0])
            self.expected += self.doubtful
            self.doubtful = []

    def check(self, server):
        """Of a server that was started again."""
        found = [self.user + "-" + item[1:] for item in items_of_user(server, self.user)]
        sure = [event for event in self.expected if event not in (None, self.retracting)]
        assert len(set(found)) == len(found), f"{self.user} has an event twice: {found}"
        without_doubt = [event for event in found if event not in self.doubtful and event != self.retracting]
        assert without_doubt == sure, (self.user, without_doubt, sure)
        n_doubtful = sum(event in self.doubtful for event in found)
        assert n_doubtful in (0, len(self.doubtful)), f"{n_doubtful} of a batch of {len(self.doubtful)}"
        if self.rating is not None:
            status, _, body = server.ask("GET", f"/v1/items/{self.item}")
            assert status == 200, (status, body)
            answer = json.loads(body)
            n = answer.get("properties", answer)["n"]
            assert n in (self.rating, self.doubtful_rating), (n, self.rating, self.doubtful_rating)
        return len(sure)


def items_of_user(server, user):
    """Of the user's events, oldest first."""
    items = []
    target = f"/v1/users/{user}/events?limit=1000"
    while target:
        status, _, body = server.ask("GET", target)
        if status == 404 and not items:
            return []
        assert status == 200, (status, body)
        page = json.loads(body)
        items += [event["item"] for event in page["events"]]
        target = f"/v1/users/{user}/events?limit=1000&cursor={page['next']}" if "next" in page else None
    return items[::-1]


def kill_and_look(program, folder, round_number):
    """How many acknowledged events were looked for."""
    server = Server(program, folder, "--history-length", 10_000)
    clients = [Client(number, round_number) for number in range(N_CLIENTS)]
    stop = threading.Event()
    threads = [threading.Thread(target=client.write, args=(server.port, stop)) for client in clients]
    for thread in threads:
        thread.start()
    time.sleep(random.Random(round_number).uniform(0.02, 0.25))
    server.end(signal.SIGKILL)
    stop.set()
    for thread in threads:
        thread.join()
    for client in clients:
        if client.failure:
            raise client.failure
    server = Server(program, folder, "--history-length", 10_000)
    try:
        return sum(client.check(server) for client in clients)
    finally:
        server.end(signal.SIGKILL)


def main(program, n_kills):
    n_events = 0
    with tempfile.TemporaryDirectory(prefix="coseno_crash_") as folder:
        for round_number in range(n_kills):
            n_events += kill_and_look(program, os.path.join(folder, "data"), round_number)
    print(f"{n_kills} kills, {n_events} acknowledged events, none lost")
    # Or nothing was tried.
    assert n_events > 10 * n_kills, "too few events were acknowledged before the kills"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(os.path.abspath(sys.argv[1]), int(sys.argv[2]))
