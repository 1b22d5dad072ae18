"""Scenarios made by chance, for `random-scenarios`.

Every delivery, capacity, fault and kind of other traffic has a chance to be in a scenario, so have catalogues of videos.
"""

PROTOCOLS = ["v1", "peertube-6.3-v1", "peertube-6.3-v2", "peertube-7.2", "peertube-8.0", "peertube-8.2", "peertube-8.2.4",
             "peertube-9.0-dev", "v2", "v3", "v4"]
DELIVERIES = ["unlimited", "peertube", "per-destination", "retrying", "peertube-6", "peertube-8", "mastodon", "lemmy", "misskey", "fedify"]
LEMMY = ("lemmy", "per-destination")  # with its alias
GROUPS = ["origin", "near", "far", "other"]
PLACES = ["eu-central-1", "New York", "São Paulo", "de"]


def flow(mapping):
    return "{" + ", ".join(f"{key}: {value}" for key, value in mapping.items()) + "}"


def fitting(row, once):
    """A delivery without keys that contradict each other or have no effect."""
    retry = {} if once else row.pop("retry", {})
    row.pop("retry", None)
    queues = row.get("queues", {"unlimited": "unlimited", "per-destination": "per-destination", "lemmy": "per-destination",
                                "peertube": "peertube", "peertube-6": "peertube", "peertube-8": "peertube"}.get(row["base"], "workers"))
    if queues == "unlimited":
        row.pop("give_up_on", None)
        row.pop("health", None)
        return row | ({"retry": "{per: message}", "queues": "peertube"} if row["base"] in LEMMY else {})
    per = retry.get("per", "destination" if row["base"] in LEMMY else "message")
    if per == "destination" and not once:
        row["queues"] = queues = "per-destination"
    if per == "destination" and queues == "per-destination":
        retry = {key: value for key, value in retry.items() if key != "attempts"} | {"per": "destination"}
        row["breaker"] = "off"
    else:
        retry = retry | {"per": "message"}
        once = once or row["base"] in ("unlimited", "peertube", "peertube-6", "peertube-8", *LEMMY)
        if once and retry.get("attempts", 1) == 1:
            retry = {"per": "message"}
            row.pop("give_up_on", None)
    return row | {"retry": flow(retry)}


class Maker:
    def __init__(self, rng):
        self.rng = rng
        self.ends_idle = rng.random() < 0.3
        self.end_s = 7200 if self.ends_idle else rng.choice([60, 300, 900, 4000])
        # Half of all scenarios have machines without limits, few faults and whatever else makes room for the fast way.
        self.is_calm = rng.random() < 0.5
        # And some of these receivers that have no viewers and that need no order of what they receive.
        self.needs_no_order = self.is_calm and rng.random() < 0.6
        # In others the cores of receivers are busy, and little else is odd.
        self.is_busy = not self.is_calm and rng.random() < 0.6
        self.protocols = ["v1", "peertube-6.3-v1"] if self.needs_no_order else PROTOCOLS
        # A few have enough messages to followers to be replayed in several windows.
        self.is_crowded = self.is_calm and not self.ends_idle and rng.random() < 0.02
        self.most = 100 if self.is_crowded else rng.choice([2, 6, 6, 40])
        # In some, latencies go by place, from a file beside the scenario.
        self.has_places = rng.random() < 0.25
        # In some, receivers make GETs to the origin.
        self.asks_back = rng.random() < (0.1 if self.is_calm else 0.5)
        self.share_of_limits = 0 if self.is_calm else 0.9 if self.is_busy else 0.4
        # In some, one or a few instances lie.
        self.tells_lies = rng.random() < 0.3
        # In some, many videos are watched beside the single ones; half of these deliver without queues, as owners are replayed only then.
        self.has_catalogues = rng.random() < 0.3

    def chance(self, share):
        return self.rng.random() < share

    def span(self, low_ms, high_ms):
        """A time between the two, spread over its logarithm."""
        return f"{int(low_ms * (high_ms / low_ms) ** self.rng.random())} ms"

    def within(self):
        """Parts of a second make the times of faults meet those of ticks and requests, now and then."""
        return self.rng.choice([f"{self.rng.randrange(1, self.end_s)} s", f"{self.rng.randrange(1, self.end_s * 1000)} ms"])

    def groups(self, of=GROUPS):
        return "[" + ", ".join(self.rng.sample(of, self.rng.randint(1, len(of)))) + "]"

    def how(self):
        return self.rng.choice(["refused", "silent", "refused", "silent", "bad-gateway", "gone"])

    def capacity(self, is_origin):
        pick = lambda *values: self.rng.choice(values)
        limits = {"cores": pick(1, 2, 64), "uplink": pick("1 kbit/s", "1 Mbit/s", "10 Gbit/s"),
                  "downlink": pick("56 kbit/s", "100 Mbit/s")}
        if self.is_busy and not is_origin:
            return flow({"cores": pick(1, 2, 4)})
        return flow({key: value for key, value in limits.items() if self.chance(0.7)})

    def receiving(self, share):
        """What a server does with what it receives: of a delivery, or of a group."""
        rng = self.rng
        window = rng.choice(["off", self.span(2_000, 7_200_000), flow({"old": self.span(2_000, 7_200_000), "ahead": self.span(1, 7_200_000)})])
        ban = flow({"refusals": rng.randint(1, 20), "within": self.span(1_000, 600_000), "for": self.span(1_000, 600_000)})
        limit = {"requests": rng.randint(1, 50), "per": self.span(10, 60_000)} | ({"retry_after": "absent"} if self.chance(0.3) else {})
        rows = {"verify": rng.choice(["0 s", self.span(1, 1000)]), "json_ld_verify": rng.choice(["0 s", self.span(1, 1000)]),
                "inbox": rng.choice(["0 s", self.span(1, 1000)]), "heartbeat_cpu": rng.choice(["0 s", self.span(1, 1000)]), "inbox_workers": rng.randint(1, 4),
                "rate_limit": rng.choice(["off", flow(limit)]), "signature_window": window, "ban": rng.choice(["off", ban])}
        rare = {"inbox_workers", "ban"}
        return {key: value for key, value in rows.items() if self.chance(share / 3 if key in rare and self.is_calm else share)}

    def delivery(self):
        rng, row = self.rng, {"base": self.rng.choice(DELIVERIES)}
        for key, value in {
            "queues": rng.choice(["unlimited", "peertube", "per-destination", "workers"]),
            "sequential_jobs": rng.randint(1, 3), "parallel_jobs": rng.randint(1, 40), "unicast_jobs": rng.randint(1, 40),
            "requests_per_job": rng.randint(1, 40), "running_limit": self.span(1, 100_000),
            "requests_per_destination": rng.randint(1, 3), "workers": rng.randint(1, 30), "retry": self.retry(),
            "breaker": rng.choice(["off", flow({"failures": rng.randint(1, 5), "pause": self.span(1, 100_000), "half_open": "no"}),
                                    flow({"failures": rng.randint(1, 5), "pause": self.span(30_000, 300_000), "half_open": "yes"})]),
            "give_up_on": rng.choice(["[]", "[410, 404]", "[429, 503]"]),
            "health": rng.choice(["as-released", '"off"', "score", "seven-days", "unavailable-days", "suspended"]),
            "timeout": self.span(1, 60_000),
            "retry_after": rng.choice(["heeded", "ignored"]),
            "keep_alive": rng.choice(["off", "as-released", self.span(1, 60_000)]),
            "compress": rng.choice(["off", f"{{gzip: {{share: {rng.randrange(1, 101)} %, cpu: {rng.randrange(2000)} us}}}}"]),
            "stale_connections": rng.choice(["fail", "reconnect"]), "tls": rng.choice(["full", "resumed"]),
            "transport": rng.choice(["counted", "ignored"]), "sign": rng.choice(["0 s", self.span(1, 1000)]),
            "json_ld_sign": rng.choice(["0 s", self.span(1, 1000)]),
        }.items():
            if self.chance(0.3):
                row[key] = value
        row |= self.receiving(0.3)
        if self.needs_no_order:
            row |= {"base": "peertube", "queues": "peertube", "breaker": "off", "keep_alive": rng.choice(["off", "off", "as-released"]), "inbox": "0 s", "rate_limit": "off"}
        if self.is_busy:
            row |= {"base": "peertube", "queues": "peertube", "breaker": "off", "keep_alive": rng.choice(["off", "off", "as-released"])}
        return flow(fitting(row, self.needs_no_order or self.is_busy))

    def retry(self):
        """How requests are made again: not so often that a run takes minutes."""
        rng = self.rng
        exponential = {"unit": self.span(100, 10_000), "base": rng.choice([1, 1.25, 2, 10]), "at_most": self.span(100, 1_000_000)}
        if self.chance(0.5) and exponential["base"] > 1:
            exponential["minus_one"] = rng.choice(["yes", "no"])
        if self.chance(0.5):
            exponential["at_once"] = rng.randint(0, 3)
        schedule = rng.choice(["sidekiq", flow({"exponential": flow(exponential)}),
                               "[" + ", ".join(self.span(100, 100_000) for _ in range(rng.randint(1, 4))) + "]"])
        jitter = rng.choice(['"off"', "sidekiq", "mastodon", f"{rng.randrange(101)} %"])
        row = {"per": rng.choice(["message", "destination"]), "schedule": schedule, "jitter": jitter, "attempts": rng.randint(1, 31)}
        return {key: value for key, value in row.items() if self.chance(0.8)}

    def protocol(self):
        rng, row = self.rng, {"base": self.rng.choice(self.protocols)}
        for key, values in {
            "broadcast_queue": ["sequential", "parallel"], "forward_queue": ["sequential", "parallel"],
            "follow_health": ["off", "score", "seven-days"], "bad_inbox": ["unicast", "broadcast"],
            "views_inbox": ["shared", "own"], "forward": ["always", "only-new", "never"], "store": ["list", "keyed"],
            "forwarded_viewer": ["viewer", "plain-view"], "forward_to": ["everybody", "server-followers"],
            "connections": ["kept", "new"], "wire": ["peertube-6.0", "peertube-6.1", "peertube-7.1", "peertube-8.0"],
            "expiry": ["ticks", "exact", "exact"], "follower_total": ["yes", "no"], "own_viewers": ["each", "none"], "plain_views": ["each", "none", "counted", "in-totals"], "follower_views": ["update", "own-count"],
            "lifetime": ["10 s", "1 min"], "tick_interval": ["1 s", "7 s", "2 min"], "refederation_age": ["0 s", "10 s", "90 s"],
        }.items():
            if self.chance(0.3):
                row[key] = '"' + rng.choice(values) + '"' if "_" not in key or not values[0][0].isdigit() else rng.choice(values)
        if self.chance(0.3):
            row |= {"origin_total": '"yes"', "totals_to": rng.choice(["everybody", "interested"]), "totals_at": rng.choice(["ticks", "spread"]), "origin_views": rng.choice(["updates", "in-totals"]),
                    "known_viewer": "extend"}
            row |= {"threshold": rng.choice(['"off"', "{share: 5 %, at_least_every: 3}"])} if self.chance(0.5) else {}
        if self.chance(0.3):
            row |= {"known_viewer": "extend", "follower_cap": rng.choice(["off", 0, 2, 50])}
        if "in-totals" in row.get("plain_views", "") or row["base"] == "v4":
            row["follower_total"] = '"yes"'
        if self.chance(0.3):
            row |= {"leave_beacon": f"{rng.choice([1, 50, 100])} %", "viewers_known_by": "session"}
        if self.chance(0.3):
            row |= {"sampling": rng.choice([2, 3, 10]), "follower_total": '"no"'}
            row |= {"plain_views": "counted"} if "in-totals" in row.get("plain_views", "") or row["base"] == "v4" else {}
        if self.chance(0.3):
            row |= {"origin_views": "updates-by-share", "update_share": f"{rng.choice([1, 10, 50])} %"}
        if self.chance(0.3):
            row |= {"hints": flow({"heartbeats_per_s": rng.choice([1, 2, 10]), "at_most": rng.choice(["10 s", "40 s", "3 min"])})}
        if self.chance(0.2):
            row |= {"records": '"yes"', "origin_total": '"yes"', "follower_total": '"yes"', "sampling": 1, "forwarded_viewer": "viewer", "totals_to": "everybody", "own_viewers": "none"}
            row |= {"origin_views": "updates"} if row.get("origin_views") == "in-totals" else {}
        elif self.chance(0.2):
            row |= {"count_on_reply": '"yes"', "accept_result": rng.choice(["anybody", "video-host"])}
            row |= {} if row.get("follower_total") == '"yes"' else {"store": "list"}
        elif self.chance(0.25):
            row |= {"batch": '"yes"', "origin_total": '"yes"', "totals_at": "ticks"}
        if row.get("records") != '"yes"' and self.chance(0.2):
            row |= {"pull": '"yes"', "pull_cache": rng.choice(["1 s", "10 s", "25 s"]), "accept_result": rng.choice(["anybody", "video-host"])}
            row |= {} if row.get("follower_total") == '"yes"' else {"store": "list"}
        return flow(row)

    def fault(self):
        rng, peertube = self.rng, GROUPS[:3]
        lasting = {"at": self.within()} | ({"for": self.span(1, 600_000)} if self.chance(0.8) else {})
        sides = rng.sample(GROUPS, rng.randint(2, 4))
        kind = rng.choice([
            {"down": self.groups(), **lasting, "how": self.how()},
            {"dead": f"{rng.randint(0, 100)} %", "of": self.groups(GROUPS[1:]), "how": self.how()},
            {"outages": self.groups(), "mean_between": self.span(1_000, 900_000), "mean_duration": self.span(1, 100_000), "how": self.how()},
            {"slow": self.groups(), "answer": self.span(1, 20_000), **lasting},
            {"restart": self.groups(peertube), "at": self.within(), "startup": rng.choice(["0 s", self.span(1, 60_000)])}
            | ({"protocol": rng.choice(PROTOCOLS + 4 * ["odd"])} if self.chance(0.5) else {}),
            {"upgrade": self.groups(peertube), "at": "1 s", "to": rng.choice(PROTOCOLS + 4 * ["odd"]), "startup": rng.choice(["0 s", "2500 ms"]),
             "parallel": rng.randint(1, 4), "pause": rng.choice(["0 s", "1 s"])},
            {"partition": "[[" + "], [".join(sides) + "]]", **lasting},
            {"loss": f"{rng.randint(0, 100)} %", "from": self.groups(), "to": self.groups(), **lasting},
            {"latency": self.span(1, 30_000), "from": self.groups(), "to": self.groups(), **lasting},
            {"clock": self.groups(), rng.choice(["ahead", "behind"]): self.span(1, 10_800_000)},
            {"blocked": self.groups(), "by": self.groups(), **lasting},
        ])
        if self.chance(0.3):
            kind["columns"] = rng.choice(["[mine]", "[theirs]", "[mine, theirs]"])
        return flow(kind)

    def lie(self):
        """Few Views where messages are many."""
        rng, most = self.rng, max(2, 2_000 // self.most)
        told = {"every": f"{max(1, self.end_s // 30)} s"}
        lie = {"instance": rng.choice(self.liars), "video": rng.choice(["clip", "stream"])} | rng.choice([
            {"times": rng.choice([2, 3, 20])},
            {"viewers": rng.choice([1, 7, most])},
            {"flood": f"{most / self.end_s:.4f} /s"},
            {"result": flow({"viewers": rng.choice([0, 1, 100_000, 2_900_000_000])} | told)},
            {"replay": told["every"]},
        ])
        return flow(lie | ({"from": self.within()} if self.chance(0.6) else {}) | ({"for": self.span(1_000, 600_000)} if self.chance(0.6) else {}))

    def lies(self):
        return "[" + ", ".join(self.lie() for _ in range(self.rng.choice([1, 1, 2, 4]) if self.tells_lies else 0)) + "]"

    def rate(self):
        """Sessions per second: few where messages are many."""
        if self.is_crowded:
            return 2_500 / self.end_s
        most = 300_000 / self.end_s / self.most / 100
        return self.rng.choice([rate for rate in [0.01, 0.1, 0.5, 2] if rate <= max(most, 0.01)])

    def watch(self):
        law = self.rng.choice(["exponential", "fixed", "lognormal", "weibull", "quantiles"])
        value = {
            "lognormal": lambda: flow({self.rng.choice(["median", "mean"]): self.span(1_000, 200_000), "sigma": self.rng.choice([0.1, 1, 1.43])}),
            "weibull": lambda: flow({"scale": self.span(1_000, 300_000), "shape": self.rng.choice([0.6, 1, 3])}),
            "quantiles": lambda: flow({"0 %": "0 s", "50 %": self.span(1_000, 60_000), "75 %": "1 min", "100 %": self.span(60_000, 900_000)}),
        }.get(law, lambda: self.span(1_000, 600_000))
        return flow({law: value()})

    def clients(self):
        row = {"first_heartbeat_after": self.span(10, 60_000), "view_after": self.span(1_000, 60_000),
               "behind_one_address": f"{self.rng.choice([1, 30, 100])} %"}
        return {key: value for key, value in row.items() if self.chance(0.15)}

    def background(self):
        """Jobs of origins beside Views, in most of the ways that there are."""
        return "[" + ", ".join(self.background_entry() for _ in range(self.rng.choice([0, 0, 1, 2, 3]))) + "]"

    def background_entry(self):
        rng = self.rng
        # few where messages are many
        most = max(2, 4_000 // self.most)
        at = {"at": self.within()}
        span = ({"from": self.within()} if self.chance(0.3) else {}) | ({"for": self.span(1, 600_000)} if self.chance(0.3) else {})
        stages = "[" + ", ".join(
            flow({"duration": self.span(1, 300_000), "rate": f"{rng.choice([0, 0.1, 0.5])} /s"}) for _ in range(rng.randint(1, 3))) + "]"
        entry = {"video": rng.choice(["clip", "stream"])} | rng.choice([
            {"rate": f"{rng.choice([0.01, 0.2])} /s"} | span,
            {"arrivals": flow({"stages": stages})} | span,
            {"arrivals": "{constant: {rate: 1 /min}}"} | span,
            {"burst": flow({"jobs": rng.randint(1, most)} | at)},
            {"deletion": flow({"objects": rng.randint(1, most)} | at)},
            {"likes": flow({"jobs": rng.randint(1, most)} | at | {"over": self.span(1, 600_000)})},
            {"upload": flow(at)},
        ])
        if self.chance(0.4):
            entry["to"] = self.groups(GROUPS[1:])
        if self.chance(0.2):
            entry["body"] = f"{rng.randrange(1, 20_000)} B"
        if self.asks_back and self.chance(0.5):
            entry["preview"] = flow({"answer": f"{int(10 ** rng.uniform(2, 6))} B", "share": f"{rng.choice([0, 30, 100])} %", "within": rng.choice(["0 s", "1 s", "59 s"])})
        return flow(entry)

    def asked_back(self):
        """Seldom where much is to be fast: who asks back is not replayed."""
        rng, asks = self.rng, self.asks_back
        cache = rng.choice(["off", flow({"share": f"{rng.choice([0, 50, 100])} %"}), flow({"for": self.span(1, 600_000)})])
        row = {"after_updates": rng.choice(["requests", "requests", "counted", "off"] if asks else ["counted", "off"]), "cpu": rng.choice(["0 s", "5 ms", "1 s"]),
               "first_contact": rng.choice(["requests", "off"] if asks else ["off"]), "cache": cache}
        return flow({key: value for key, value in row.items() if key == "after_updates" or self.chance(0.7)})

    def crowd(self):
        rng = self.rng
        video = rng.choice(["clip", "stream"])
        weights = [0] if self.needs_no_order else [0, 0, 1, 3]
        spread = flow({group: rng.choice(weights) for group in ["near", "far"]} | {"origin": 1})
        return flow({
            "video": video, "arrivals": flow({"constant": flow({"rate": f"{self.rate()} /s"})}),
            "watch": self.watch(),
            "spread": flow({"weights": spread}),
        } | self.clients() | ({"returns": flow({"probability": "50 %", "after": "30 s"})} if self.chance(0.3) else {}))

    def catalogue(self):
        rng = self.rng
        rate = self.rate()
        arrivals = rng.choice([{"constant": flow({"rate": f"{rate} /s"})},
                               {"daily": flow({"mean": f"{rate} /s", "peak_at": self.span(1_000, 86_400_000), "amplitude": f"{rng.choice([0, 50, 100])} %"})}])
        spread = rng.choice([{"zipf": flow({"origin_share": f"{rng.choice([0, 30, 100])} %"})},
                             {"weights": flow({"near": rng.choice([0, 1]), "far": 1, "origin": rng.choice([0, 2])})}, {"list": self.groups(GROUPS[:3])}])
        videos = rng.choice([rng.randint(1, 8), flow({"total": rng.randint(1, 60), "zipf": rng.choice([0, 1.1])})])
        return flow({
            "of": rng.choice(GROUPS[:3]), "videos": videos, "popularity": flow({"zipf": rng.choice([0, 1, 2.5])}),
            "length": rng.choice(["live", "40 s", "10 min"]), "arrivals": flow(arrivals), "watch": self.watch(), "spread": flow(spread),
        } | self.clients() | ({"from": self.within()} if self.chance(0.2) else {})
            | ({"returns": flow({"probability": "50 %", "after": "30 s"})} if self.chance(0.3) else {}))

    def catalogues(self):
        """The lines of catalogues, and of what records tell of them."""
        if not self.has_catalogues:
            return ["measure: {every: 10 s, bucket: 30 s}"]
        names = ["tail", "talks"][:self.rng.randint(1, 2)]
        detail = ", ".join(f"{name}-1" for name in names if self.chance(0.4))
        follows = [f"follows: {{random: {{mean: {self.rng.choice([0, 0.5, 1])}}}}}"] if self.chance(0.3) else []
        return [f"catalogues: {{{', '.join(f'{name}: {self.catalogue()}' for name in names)}}}",
                f"measure: {{every: 10 s, bucket: 30 s, detail: [{detail}]}}"] + follows

    def law(self):
        constant = f"{self.rng.choice([0, 1, 20, 1000])} ms"
        return self.rng.choice([flow({"constant": constant}), flow({"lognormal": flow({"median": "50 ms", "sigma": 1})})])

    def latency_file(self):
        """A table of latencies in ms, as rows or square; there and back may differ."""
        rng, longest = self.rng, self.rng.choice([40, 40, 400, 8000])
        figure = lambda: rng.choice([str(rng.randint(1, longest)), f"{rng.random() * longest + 0.01:.3f}"])
        pairs = [(a, b) for a in PLACES for b in PLACES if a != b or rng.random() < 0.5]
        if rng.random() < 0.5:
            cells = {pair: figure() for pair in pairs}
            rows = [",".join([a] + [cells.get((a, b), "-") for b in PLACES]) for a in PLACES]
            return "\n".join([",".join([""] + PLACES)] + rows) + "\n"
        spread, lines = rng.choice(["", "sigma", "p90"]), []
        for a, b in pairs:
            ms = figure()
            extra = {"": "", "sigma": f",{rng.choice(['', '0', '0.31', '1'])}", "p90": f",{float(ms) * rng.choice([1, 1.2, 1.9]):.4f}"}[spread]
            lines.append(f"{a},{b},{ms}{extra}")
        return "\n".join(["from,to,ms" + (f",{spread}" if spread else "")] + lines) + "\n"

    def network(self, latency_file):
        rng, latency = self.rng, self.law()
        if self.has_places:
            latency = flow({"regions": flow({rng.choice(["round_trip", "one_way"]): latency_file, "sigma": rng.choice([0, 0.2])})})
        loss = ["0 %", "0 %", "0 %", "1 %"] if self.needs_no_order else ["0 %", "1 %", "30 %"]
        links = []
        for _ in range(rng.choice([0, 0, 1, 3])):
            link = {"from": rng.choice(GROUPS), "to": rng.choice(GROUPS)}
            if self.chance(0.7):
                link["latency"] = self.law()
            if "latency" not in link or self.chance(0.3):
                link["loss"] = rng.choice(loss + ["100 %"])
            links.append(flow(link))
        return flow({"latency": latency, "loss": rng.choice(loss), "links": "[" + ", ".join(links) + "]"})

    def group(self, count, extra="", is_origin=False):
        capacity = f", capacity: {self.capacity(is_origin)}" if self.chance(self.share_of_limits) else ""
        phase = f", region: {self.rng.choice(PLACES)}" if self.has_places else ""
        phase += f", tick_phase: {self.rng.choice(['0 s', '1 s', '7 s'])}" if self.chance(0.3) else ""
        phase += f", follows_as: {self.rng.choice(['server', 'account', 'no-shared-inbox'])}" if self.chance(0.15) else ""
        phase += f", health_phase: {self.rng.choice(['0 s', '1 s', '1 min'])}" if self.chance(0.5) else ""
        receives = self.receiving(0.2) if self.chance(0.04 if self.is_calm else 0.4) else {}
        extra += f", receives: {flow(receives)}" if receives else ""
        return f"{{count: {count}{capacity}{phase}{extra}}}"

    def inboxes(self):
        """Seldom where much is to be fast: a sender with one such follower makes events for all."""
        return f", inboxes: {{per_account: {self.rng.randint(2, 4)}}}" if self.chance(0.05 if self.is_calm else 0.3) else ""

    def scenario(self, name):
        rng = self.rng
        near, far = rng.randint(1, self.most), rng.randint(1, self.most)
        # one liar, or all of a small group
        self.liars = [group if count < 4 else f"{group}-1" for group, count in (("near", near), ("far", far))]
        end = flow({"when": "idle", "at_most": "2 h"}) if self.ends_idle else f"{self.end_s} s"
        other = {"updates": rng.choice(["off", flow({"every": self.span(1_000, 1_800_000) if self.chance(0.5) else self.span(1_000, 120_000), "files": rng.choice(["hls", "web", "both"])})]),
                 "watch_actions": rng.choice(["on", "off"]), "background": self.background(), "asked_back": self.asked_back()}
        return "\n".join([
            f"name: {name}", "description: made by chance", f"seed: {rng.randrange(2 ** 64)}", f"end: {end}",
            f"protocols: {{odd: {self.protocol()}}}", f"deliveries: {{odd-one: {self.delivery()}}}",
            "compare:",
            f"  - {{name: mine, protocol: odd, delivery: odd-one, groups: {{far: {rng.choice(self.protocols)}}}}}",
            f"  - {{name: theirs, protocol: {rng.choice(PROTOCOLS)}, delivery: {'unlimited' if self.has_catalogues and self.chance(0.5) else rng.choice(DELIVERIES)}}}",
            f"instances: {{origin: {self.group(1, is_origin=True)}, near: {self.group(near)}, far: {self.group(far)},"
            f" other: {self.group(rng.randint(1, 3), ', software: ' + rng.choice(['other', 'other', 'mastodon', 'akkoma']) + self.inboxes())}}}",
            "videos: {clip: {origin: origin, length: 5 min}, stream: {origin: origin, length: live}}",
            "viewers: [" + ", ".join(self.crowd() for _ in range(rng.randint(1, 3))) + "]",
            f"network: {self.network(name + '.csv')}",
            "faults: [" + ", ".join(self.fault() for _ in range(rng.choice([0, 0, 1, 2]) if self.is_calm or self.is_busy else rng.randint(0, 6))) + "]",
            f"lies: {self.lies()}",
            f"other_traffic: {flow(other)}",
            *self.catalogues(), ""])
