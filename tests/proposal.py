#!/usr/bin/env python3
"""An implementation of docs/proposal.md in another language, written from its text alone, against its recordings: every server that speaks the
design gets the heartbeats, ticks, posts and restarts that it got, must send what it sent and display what it displayed. The JSON of messages is told
apart by the rule in the text.

usage: proposal.py RECORDING.json...
"""
import json
import sys
from dataclasses import dataclass, field

HOUR = 3_600_000


@dataclass
class Server:
    """One server and one video; times are ms."""

    is_origin: bool
    lifetime: int
    share: int
    max_ticks: int
    total_lifetime: int
    view_after: int
    # what a restart loses: own viewers by session as [expiry, is counted], others' entries by (server, id) and the origin's total as [number, expiry]
    own: dict = field(default_factory=dict)
    others: dict = field(default_factory=dict)
    total: list = field(default_factory=lambda: [0, 0])
    said: int = 0
    considered: int = 0
    is_new_interest: bool = False
    is_active: bool = False
    # what it keeps
    untold: int = 0
    viewed: dict = field(default_factory=dict)

    def displayed(self):
        return sum(counted for _, counted in self.own.values()) + sum(number for number, _ in self.others.values()) + self.total[0]

    def own_number(self, now):
        return sum(expiry > now for expiry, _ in self.own.values())

    def restart(self):
        self.own, self.others, self.total = {}, {}, [0, 0]
        self.said, self.considered, self.is_new_interest, self.is_active = 0, 0, False, False

    def heartbeat(self, now, session, since):
        self.own.setdefault(session, [0, True])[0] = now + self.lifetime
        last = self.viewed.get(session)
        if now - since >= self.view_after and (last is None or now - last >= HOUR):
            self.viewed[session] = now
            self.untold += 1

    def tick(self, now):
        self.own = {session: entry for session, entry in self.own.items() if entry[0] > now or not entry[1]}
        self.others = {key: entry for key, entry in self.others.items() if entry[1] > now}
        if self.total[1] <= now:
            self.total = [0, 0]
        if self.is_origin:
            self.is_active = self.displayed() > 0 or self.said > 0 or self.untold > 0
            return []
        self.is_active = self.own_number(now) > 0 or self.said > 0
        if self.untold == 0 or self.is_active:
            return []
        told, self.untold = self.untold, 0
        return [("origin", "view", None, None, told)]

    def consider(self, now):
        """Some time after a tick."""
        if not self.is_active:
            return []
        number = self.own_number(now)
        if self.is_origin:
            number += sum(count for count, expiry in self.others.values() if expiry > now)
        self.considered += 1
        is_due = (number > 0) != (self.said > 0)
        if number > 0 and self.said > 0:
            has_changed = abs(number - self.said) * 1_000_000 >= self.share * self.said
            is_due = has_changed or self.considered >= self.max_ticks or self.is_new_interest
        if not is_due:
            return []
        self.said, self.considered, self.is_new_interest = number, 0, False
        expires = now + self.total_lifetime
        if self.is_origin:
            return [(server, "total", number, expires, None) for server in sorted({server for server, _ in self.others})]
        views, self.untold = self.untold or None, 0
        return [("origin", "total", number, expires, views)]

    def receive(self, server, row, others):
        """A post, and what is forwarded at once."""
        kind, is_forwarded, viewer, number, expires, views = (row[name] for name in ["kind", "forwarded", "viewer", "resultCount", "expires", "views"])
        if not self.is_origin:
            if kind != "view" and not is_forwarded:
                self.total = [number, expires]
                for entry in self.own.values():
                    entry[1] = False
            return []
        if is_forwarded:
            sys.exit("a recording has a View that is forwarded to the origin: whose it is, no row says")
        if kind == "view":
            self.untold += views or 1
            return [(other, "view", None, None, None) for other in others if other != server] if views is None else []
        if not any(known == server for known, _ in self.others):
            self.is_new_interest = True
        key = (server, viewer or "total")
        held = self.others.get(key)
        if kind == "viewer":
            self.others[key] = [1, expires]
        elif held is None or held[1] <= expires:
            self.others.pop(key, None)
            if number > 0:
                self.others[key] = [number, expires]
        if kind == "total":
            self.untold += views or 0
        return []


def rows(table):
    return [dict(zip(table["columns"], row)) for row in table["rows"]]


def events(recording, name, rules):
    """What happens to a server, in order; no two at once."""
    params = recording["params"]
    end, interval = params["durationMs"], rules["parameters"]["tickIntervalMs"]
    happens = []
    for visit in recording["viewers"]:
        if visit["instance"] == name:
            beats = range(visit["startMs"], min(visit["endMs"], end + 1), visit["periodMs"])
            happens += [(at, "heartbeat", (visit["session"], visit["startMs"])) for at in beats]
    restart = next((restart["atMs"] for restart in params["restarts"] if restart["instance"] == name), None)
    ticks = list(range(params["tickPhaseMs"][name], end + 1, interval))
    if restart is not None:
        ticks = [at for at in ticks if at < restart] + list(range(restart + interval, end + 1, interval))
        happens.append((restart, "restart", ()))
    for at in ticks:
        happens.append((at, "tick", ()))
        said = at + params["spreadMs"][name]
        if said <= end and not (restart is not None and at < restart <= said):
            happens.append((said, "consider", ()))
    happens += [(row["tArrive"], "receive", (row["from"], row)) for row in rows(recording["messages"]) if row["to"] == name and row["tArrive"] <= end]
    happens += [(row["t"], "sample", row[name]) for row in rows(recording["samples"])]
    return sorted(happens, key=lambda event: event[0])


def check(recording, name, rules):
    """Replays one server; the number of posts and samples that are as recorded."""
    origin = recording["params"]["origin"]
    followers = [other for other in recording["protocol"] if other != origin]
    parameters = rules["parameters"]
    threshold = parameters["threshold"]
    server = Server(name == origin, parameters["lifetimeMs"], threshold["sharePpm"], threshold["maxTicks"], parameters["totalLifetimeMs"], parameters["plainViewAfterMs"])
    sent, samples, counted = [], 0, 0
    for at, what, of in events(recording, name, rules):
        posts = []
        if what == "sample":
            samples, counted = samples + 1, server.untold
            if server.displayed() != of:
                return f"{name} at {at} ms: displays {server.displayed()}, not {of}"
        elif what == "heartbeat":
            server.heartbeat(at, *of)
        elif what == "restart":
            server.restart()
        elif what == "tick":
            posts = server.tick(at)
        elif what == "consider":
            posts = server.consider(at)
        else:
            posts = server.receive(*of, followers)
        sent += [(at, origin if to == "origin" else to, *post) for to, *post in posts]
    recorded = [(row["tSend"], row["to"], row["kind"], row["resultCount"], row["expires"], row["views"]) for row in rows(recording["messages"]) if row["from"] == name]
    for ours, theirs in zip(sorted(sent, key=repr), sorted(recorded, key=repr)):
        if ours != theirs:
            return f"{name}: sends {ours}, not {theirs}"
    if len(sent) != len(recorded):
        return f"{name}: sends {len(sent)} posts, not {len(recorded)}"
    if server.is_origin and counted != recording["viewsCounted"]:
        return f"{name}: counts {counted} views, not {recording['viewsCounted']}"
    return (len(sent), samples)


def named(body):
    """What a View is, by its members and its id alone, in the words of a recording's examples."""
    is_total = "expires" in body and "result" in body and body["id"].rsplit("/", 1)[1] == body["object"].rsplit("/", 1)[1]
    if is_total:
        kind = "total of 0" if body["result"]["userInteractionCount"] == 0 else "total"
    elif "expires" in body:
        kind = "viewer"
    else:
        kind = "views" if "views" in body else "view"
    host = lambda url: url.split("/")[2]
    author = "origin" if host(body["actor"]) == host(body["object"]) else "follower"
    return f"{kind} of the {author}" + (", with views" if is_total and "views" in body else "")


def main():
    servers = posts = samples = bodies = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            recording = json.load(file)
        for example in recording.get("examples", []):
            if named(example["body"]) != example["of"]:
                sys.exit(f"{path}: takes a {example['of']} for a {named(example['body'])}")
            bodies += 1
        designs = {row["preset"]: row["rules"] for row in recording["rules"]}
        for name, preset in recording["protocol"].items():
            if preset == "v4":
                verdict = check(recording, name, designs[preset])
                if isinstance(verdict, str):
                    sys.exit(f"{path}: {verdict}")
                servers, posts, samples = servers + 1, posts + verdict[0], samples + verdict[1]
    if servers == 0:
        sys.exit(__doc__.strip())
    print(f"{servers} servers of an implementation of docs/proposal.md send the {posts} posts and display the {samples} numbers that are recorded, and know what {bodies} bodies are")


main()
