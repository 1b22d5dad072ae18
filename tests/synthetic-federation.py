#!/usr/bin/env python3
"""Holds what scripts/synthetic-federation writes against what it promises: columns, totals, components, heavy tails, the same bytes.

usage: synthetic-federation.py
"""

import collections
import csv
import filecmp
import os
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRIPT = os.path.join(ROOT, "scripts", "synthetic-federation")
# What the committed files of the tests were made with.
COMMITTED = ["--seed", "3", "--nodes", "40", "--follows", "160", "--core", "12"]
INSTANCE_COLUMNS = ("host totalUsers totalDailyActiveUsers totalWeeklyActiveUsers totalMonthlyActiveUsers totalLocalVideos totalVideos "
                    "totalInstanceFollowers totalPeertubeInstanceFollowers totalInstanceFollowing totalPeertubeInstanceFollowing "
                    "totalLocalPlaylists totalVideoComments totalLocalVideoComments totalLocalVideoViews serverVersion error Id Label").split()
FILES = ["instances.csv", "follows.csv"]


def made(folder, *options):
    done = subprocess.run([SCRIPT, *options, "--out", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    tables = []
    for name in FILES:
        with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
            tables.append(list(csv.DictReader(file)))
    return tables


def reached(start, next_of, seen):
    """Who is reached from where and not seen before, those that lead nowhere new first."""
    order, stack = [], [(start, iter(next_of[start]))]
    seen.add(start)
    while stack:
        node, rest = stack[-1]
        other = next((other for other in rest if other not in seen), None)
        if other is None:
            order.append(node)
            stack.pop()
        else:
            seen.add(other)
            stack.append((other, iter(next_of[other])))
    return order


def largest_component(hosts, pairs):
    """Kosaraju: along the follows for an order, then against them from its end."""
    along, against = ({host: [] for host in hosts} for _ in range(2))
    for one, other in pairs:
        along[one].append(other)
        against[other].append(one)
    order, seen, taken = [], set(), set()
    for host in hosts:
        if host not in seen:
            order += reached(host, along, seen)
    return max(len(reached(host, against, taken)) for host in reversed(order) if host not in taken)


def check(nodes, follows, core, *options):
    with tempfile.TemporaryDirectory() as folder:
        instances, edges = made(folder, *options)
    assert list(instances[0]) == INSTANCE_COLUMNS and list(edges[0]) == ["Source", "Target", "Weight"], "columns"
    hosts = [row["host"] for row in instances]
    pairs = {(row["Source"], row["Target"]) for row in edges}
    assert len(hosts) == len(set(hosts)) == nodes, f"{nodes} instances"
    assert len(edges) == len(pairs) == follows, f"{follows} follows, each once"
    assert all(one != other and {one, other} <= set(hosts) for one, other in pairs), "follows are between different instances"
    assert largest_component(hosts, pairs) == core, f"a largest component of {core}"
    dead = {row["host"] for row in instances if row["error"]}
    assert dead and not any({one, other} <= dead for one, other in pairs), "of two dead instances nobody knows a follow"
    following, followers = (collections.Counter(pair[end] for pair in pairs) for end in (0, 1))
    for row in instances:
        said = row["totalPeertubeInstanceFollowing"], row["totalPeertubeInstanceFollowers"]
        true = str(following[row["host"]]), str(followers[row["host"]])
        assert said == (("", "") if row["error"] else true), f"{row['host']} says {said}"
    return instances, following, followers


def tail(numbers, share=0.01):
    """What the largest hundredth has of all."""
    ordered = sorted(numbers, reverse=True)
    return sum(ordered[:max(1, round(share * len(ordered)))]) / sum(ordered)


def main():
    instances, *degrees = check(883, 19171, 264)
    for count in degrees:
        share = tail([count[row["host"]] for row in instances])
        assert 0.1 < share < 0.3, f"a hundredth of the instances has {share} of the follows"
    alive = [row for row in instances if not row["error"]]
    videos = [int(row["totalLocalVideos"]) for row in alive]
    assert 290_000 < sum(videos) < 310_000 and tail(videos) > 0.4, f"{sum(videos)} videos, {tail(videos)}"
    assert tail([int(row["totalUsers"]) for row in alive]) > 0.3
    lines = {row["serverVersion"].rsplit(".", 1)[0] for row in alive}
    assert lines == {"8.2", "8.1", "8.0", "7.3", "7.2", "7.1", "7.0", "6.3", "6.2", "6.0", "5.2"}, lines
    check(942, 10067, 300, "--nodes", "942", "--follows", "10067", "--core", "300", "--seed", "18446744073709551615")
    with tempfile.TemporaryDirectory() as folder:
        made(folder, *COMMITTED)
        committed = os.path.join(ROOT, "tests", "federation")
        same, other, missing = filecmp.cmpfiles(folder, committed, FILES, shallow=False)
        assert same == FILES, f"tests/federation is not what {' '.join(COMMITTED)} gives: {other + missing}"
    for options in (["--nodes", "0"], ["--core", "884"], ["--follows", "263"], ["--follows", "1000000"], ["--nodes", "5001"]):
        done = subprocess.run([SCRIPT, *options], capture_output=True, text=True)
        assert done.returncode == 1 and done.stderr.startswith(options[0]), f"{options}: {done}"
    print("all held")


main()
