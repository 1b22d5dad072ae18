//! A table of wrong files: a name, what is wrong in the file, and the words in which it is refused.

/// Changes of `BASE` (what, into what) and the problems, one a line, without the file's name.
pub(super) const WRONG: &[(&str, &str, &str)] = &[
    // keys
    ("description: something to change", "name: base", "2:1: has the key `name` twice"),
    (
        "description: something to change",
        "\"description\": !text a",
        "2:16: has a tag (`!`), which scenarios do without; quote the text if `!` belongs to it",
    ),
    (
        "end: 10 min",
        "emd: 10 min",
        "1:1: end: is missing: when the run ends; it needs one of: a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h | {when: ..., at_most: ...}\n\
         3:1: emd: is not a key here; did you mean `end`?",
    ),
    (
        "end: 10 min",
        "",
        "1:1: end: is missing: when the run ends; it needs one of: a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h | {when: ..., at_most: ...}",
    ),
    (
        "  origin: {region: de}",
        "  origin: {regoin: de}",
        "8:12: instances.origin.regoin: is not a key here; did you mean `region`?",
    ),
    (
        "why: because}",
        "why: because, \"\\e[31m\": 1}",
        "22:65: expect.0.\\u{1b}[31m: is not a key here; there are metric, protocol, relative_to, min, max, bounds, severity, why",
    ),
    // kinds and bounds
    (
        "name: base",
        "name: [base]",
        "1:7: name: a list is not a name: 1 to 63 of a-z, 0-9 and `-`, a letter or digit first",
    ),
    (
        "name: base",
        "name: other",
        "1:7: name: is not the file's name without its ending, `base`; make them equal",
    ),
    (
        "name: base",
        "name: ../base",
        "1:7: name: `../base` is not a name: 1 to 63 of a-z, 0-9 and `-`, a letter or digit first",
    ),
    (
        "name: base",
        "name:",
        "1:5: name: has no value; it needs a name: 1 to 63 of a-z, 0-9 and `-`, a letter or digit first",
    ),
    (
        "end: 10 min",
        "end: 10",
        "3:6: end: `10` is not one of: a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h | {when: ..., at_most: ...}",
    ),
    (
        "end: 10 min",
        "end: 500 d",
        "3:6: end: `500 d` is not one of: a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h | {when: ..., at_most: ...}",
    ),
    (
        "end: 10 min",
        "end: {when: idle}",
        "3:6: end.at_most: is missing: when it ends at the latest; it needs a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h",
    ),
    (
        "end: 10 min",
        "end: {when: tired, at_most: 1 h}",
        "3:13: end.when: `tired` is not known here; there is only idle",
    ),
    (
        "end: 10 min",
        "end: 10 min\nseed: -1",
        "4:7: seed: `-1` is not a whole number from 0 to 18446744073709551615",
    ),
    (
        "end: 10 min",
        "end: 10 min\nseed: 1e400",
        "4:7: seed: `1e400` is not a whole number from 0 to 18446744073709551615",
    ),
    (
        "end: 10 min",
        "end: 10 min\nseed: '1'",
        "4:7: seed: `1` is text, not a whole number from 0 to 18446744073709551615; write it without quotes",
    ),
    (
        "end: 10 min",
        "end: 10 min\nlimits: {memory: 4 gb}",
        "4:18: limits.memory: `4 gb` is not a size with its unit (B, kB, MB, GB, TB) up to 1000 TB",
    ),
    (
        "end: 10 min",
        "end: 10 min\nnames: {scheme: ftp}",
        "4:17: names.scheme: `ftp` is not known here; there are https, http",
    ),
    (
        "count: 3",
        "count: 20001",
        "9:22: instances.followers.count: `20001` is not a whole number from 1 to 20000",
    ),
    (
        "count: 3",
        "count: 3.5",
        "9:22: instances.followers.count: `3.5` is not a whole number from 1 to 20000",
    ),
    ("max: 2", "max: 1e400", "22:48: expect.0.max: `1e400` is not a number from -1e18 to 1e18"),
    ("max: 2", "max: .nan", "22:48: expect.0.max: `.nan` is not a number from -1e18 to 1e18"),
    (
        "max: 2",
        "max: '2'",
        "22:48: expect.0.max: `2` is text, not a number from -1e18 to 1e18; write it without quotes",
    ),
    (
        "constant: 50 ms",
        "constant: 0.5 us",
        "20:23: network.latency.constant: `0.5 us` is not a time with its unit (ns, us, ms, s, min, h, d) from 0 s to 1 h, in whole steps of 1 us",
    ),
    (
        "rate: 1 /s",
        "rate: 1",
        "16:33: viewers.0.arrivals.constant.rate: `1` is not a rate (/s, /min, /h, /d) from 0 /s to 1000000 /s, such as `2 /s`",
    ),
    (
        "origin_share: 20 %",
        "origin_share: 120 %",
        "18:35: viewers.0.spread.zipf.origin_share: `120 %` is not a share from 0 % to 100 %, such as `2 %` or 0.02",
    ),
    (
        "software: other",
        "software: mastodont",
        "10:22: instances.silent.software: `mastodont` is not known here; did you mean `mastodon`?",
    ),
    ("compare: [v1, v2]", "compare: {v1: v2}", "4:10: compare: a mapping is not a list"),
    (
        "  clip: {",
        "  c/lip: {",
        "12:3: videos: the key `c/lip` is not a name: 1 to 63 of a-z, 0-9 and `-`, a letter or digit first",
    ),
    ("compare: [v1, v2]", "compare: []", "4:10: compare: has 0 items; it may have from 1 to 1000"),
    // one of several
    (
        "end: 10 min",
        "end: 10 min\nfollows: nobody",
        "4:10: follows: `nobody` is not one of: everybody | {random: ...} | {edges: ...}",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfollows: random",
        "4:10: follows: `random` needs its value: `random: ...`, a mapping of keys to values",
    ),
    (
        "latency: {constant: 50 ms}",
        "latency: {constant: 50 ms, uniform: {}}",
        "20:12: network.latency: has both `constant` and `uniform`; it may have one of them",
    ),
    (
        "latency: {constant: 50 ms}",
        "latency: {}",
        "20:12: network.latency: an empty mapping is not one of: {constant: ...} | {uniform: ...} | {lognormal: ...} | {regions: ...}",
    ),
    (
        "latency: {constant: 50 ms}",
        "latency: [50 ms]",
        "20:12: network.latency: a list is not one of: {constant: ...} | {uniform: ...} | {lognormal: ...} | {regions: ...}",
    ),
    (
        "latency: {constant: 50 ms}",
        "latency:",
        "20:10: network.latency: no value is not one of: {constant: ...} | {uniform: ...} | {lognormal: ...} | {regions: ...}",
    ),
    (
        "latency: {constant: 50 ms}",
        "latency: {normal: 50 ms}",
        "20:13: network.latency.normal: is not a key here; did you mean `lognormal`?",
    ),
    (
        "latency: {constant: 50 ms}",
        "latency: {uniform: {min: 2 ms, max: 1 ms}}",
        "20:22: network.latency.uniform: has a `min` of 2 ms above its `max` of 1 ms; exchange them",
    ),
    (
        "watch: retention",
        "watch: retention\n    trace: crowd.csv",
        "15:5: viewers.0: has both `arrivals` and `trace`; it may have one of them",
    ),
    (
        "    arrivals: {constant: {rate: 1 /s}}\n",
        "",
        "15:5: viewers.0: has none of the keys arrivals, sessions, trace; it needs one of them",
    ),
    (
        "length: live",
        "length: long",
        "13:34: videos.show.length: `long` is not one of: a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h | live",
    ),
    // protocols
    (
        "compare: [v1, v2]",
        "compare: [v1, v1]",
        "4:15: compare.1: there is a column `v1` already; give one of them another name\n\
         22:39: expect.0.protocol: `v2` is no column of `compare`; did you mean `v1`?",
    ),
    (
        "compare: [v1, v2]",
        "compare: [v1, v2, peertube-8.1]",
        "4:19: compare.2: `peertube-8.1` is no protocol; did you mean `peertube-8.0`?",
    ),
    (
        "compare: [v1, v2]",
        "compare: [v1, v2, {name: x, protocol: v2, groups: {folowers: v1}}]",
        "4:62: compare.2.groups.folowers: `folowers` is no group; did you mean `followers`?",
    ),
    (
        "compare: [v1, v2]",
        "compare: [v1, v2, {name: x, protocol: v2, instances: {v1: [folowers]}}]",
        "4:60: compare.2.instances.v1.0: `folowers` is no instance or group; did you mean `followers`?",
    ),
    (
        "compare: [v1, v2]",
        "compare: [v1, v2, {name: x, protocol: v2, instances: {v9: [followers]}}]",
        "4:59: compare.2.instances.v9: `v9` is no protocol; did you mean `v1`?",
    ),
    (
        "compare: [v1, v2]",
        "compare: [v1, v2, {name: x, protocol: v2, instances: {v1: [origin], v3: [origin]}}]",
        "4:74: compare.2.instances.v3.0: has `origin` a second time; name each instance once",
    ),
    (
        "compare: [v1, v2]",
        "compare: [v1, v2]\nbaseline: v3",
        "5:11: baseline: `v3` is no column of `compare`; did you mean `v1`?",
    ),
    (
        "base: v2, forward: never",
        "base: v2, forward: sometimes",
        "6:29: protocols.mine.forward: `sometimes` is not known here; there are always, only-new, never",
    ),
    (
        "base: v2, forward: never",
        "base: v9, lifetime: 0 s",
        "6:16: protocols.mine.base: `v9` is no protocol; did you mean `v1`?\n\
         6:30: protocols.mine.lifetime: `0 s` is not a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h",
    ),
    (
        "base: v2, forward: never",
        "base: v2, plain_views: in-totals",
        "6:9: protocols.mine: `plain_views: in-totals` says views in the totals of followers, and they say none; add `follower_total: yes`, or say `plain_views: counted`",
    ),
    (
        "base: v2, forward: never",
        "base: v1, origin_views: in-totals",
        "6:9: protocols.mine: `origin_views: in-totals` says views in the totals of origins, and they say none; add `origin_total: yes`, or say `origin_views: updates`",
    ),
    (
        "base: v2, forward: never",
        "base: v2, origin_views: updates-by-share",
        "6:9: protocols.mine: `origin_views: updates-by-share` tells of a change of at least `update_share`, and none is given; add such as `update_share: 5 %`, or say `origin_views: updates`",
    ),
    (
        "base: v2, forward: never",
        "base: v1, leave_beacon: 80 %",
        "6:9: protocols.mine: `leave_beacon` says that one client leaves, and `viewers_known_by: address` would take all behind its address for gone; add `viewers_known_by: session`, or say `leave_beacon: 0 %`",
    ),
    (
        "base: v2, forward: never",
        "base: v3, sampling: 10",
        "6:9: protocols.mine: `sampling` says which viewers are sent singly, and followers send totals of all of theirs; add `follower_total: no`, or say `sampling: 1`",
    ),
    (
        "base: v2, forward: never",
        "base: v2, sampling: 0, leave_beacon: 101 %",
        "6:30: protocols.mine.sampling: `0` is not a whole number from 1 to 1000000\n\
         6:47: protocols.mine.leave_beacon: `101 %` is not a share from 0 % to 100 %, such as `2 %` or 0.02",
    ),
    (
        "base: v2, forward: never",
        "base: v2, records: \"yes\"",
        "6:9: protocols.mine: `records: yes` adds up what each instance says of its own viewers, and some say nothing; add `origin_total: yes` and `follower_total: yes`, or say `records: no`",
    ),
    (
        "base: v2, forward: never",
        "base: v3, records: \"yes\"",
        "6:9: protocols.mine: `records: yes` adds up totals that the origin forwards, and `forwarded_viewer: plain-view` takes those for plain views; add `forwarded_viewer: viewer`, or say `records: no`",
    ),
    (
        "base: v2, forward: never",
        "base: v4, records: \"yes\", forwarded_viewer: viewer",
        "6:9: protocols.mine: `records: yes` adds up the records of all, and `totals_to: interested` keeps the origin's from most; add `totals_to: everybody`, or say `records: no`",
    ),
    (
        "base: v2, forward: never",
        "base: v3, forwarded_viewer: viewer, own_viewers: each, records: \"yes\"",
        "6:9: protocols.mine: `records: yes` says the origin's own viewers in its total, and `own_viewers: each` says them once more, beside it; add `own_viewers: none`, or say `records: no`",
    ),
    (
        "base: v2, forward: never",
        "base: v3, forwarded_viewer: viewer, origin_views: in-totals, records: \"yes\"",
        "6:9: protocols.mine: `origin_views: in-totals` says views in the origin's totals, and under `records: yes` it says none while none of its own viewers is there; add `origin_views: updates`, or say `records: no`",
    ),
    (
        "base: v2, forward: never",
        "base: peertube-9.0-dev, count_on_reply: \"yes\"",
        "6:9: protocols.mine: `count_on_reply: yes` answers each viewer with a total, and in `store: keyed` a total makes forget which viewers have been sent, so that each heartbeat would send them again; add `follower_total: yes` or `store: list`, or say `count_on_reply: no`",
    ),
    (
        "base: v2, forward: never",
        "base: v1, count_on_reply: \"yes\"",
        "6:9: protocols.mine: `count_on_reply: yes` tells followers a total in an answer, and `accept_result: nobody` lets nobody's be shown; add `accept_result: video-host`, or say `count_on_reply: no`",
    ),
    (
        "base: v2, forward: never",
        "base: v3, forwarded_viewer: viewer, records: \"yes\", count_on_reply: \"yes\"",
        "6:9: protocols.mine: `count_on_reply: yes` answers with the count of all, and `records: yes` takes totals for the viewers of their author alone; leave one of them out",
    ),
    (
        "base: v2, forward: never",
        "base: v1, batch: \"yes\"",
        "6:9: protocols.mine: `batch: yes` joins totals, and nobody says any; add `origin_total: yes`, or say `batch: no`",
    ),
    (
        "base: v2, forward: never",
        "base: v4, batch: \"yes\"",
        "6:9: protocols.mine: `batch: yes` joins what leaves at one tick, and `totals_at: spread` parts it over the interval; add `totals_at: ticks`, or say `batch: no`",
    ),
    (
        "base: v2, forward: never",
        "base: v3, forwarded_viewer: viewer, records: \"yes\", batch: \"yes\"",
        "6:9: protocols.mine: `batch: yes` signs totals together, and under `records: yes` the origin forwards each as its author signed it; leave one of them out",
    ),
    (
        "base: v2, forward: never",
        "base: v3, count_on_reply: \"yes\", batch: \"yes\"",
        "6:9: protocols.mine: `count_on_reply: yes` answers a total with one count, and `batch: yes` sends many at once; leave one of them out",
    ),
    (
        "base: v2, forward: never",
        "base: peertube-9.0-dev, pull: \"yes\"",
        "6:9: protocols.mine: `pull: yes` asks for a total at heartbeats, and in `store: keyed` a total makes forget which viewers have been sent, so that the next heartbeat of each would send them again; add `follower_total: yes` or `store: list`, or say `pull: no`",
    ),
    (
        "base: v2, forward: never",
        "base: v1, pull: \"yes\"",
        "6:9: protocols.mine: `pull: yes` asks the origin for a total, and `accept_result: nobody` lets nobody's be shown; add `accept_result: video-host`, or say `pull: no`",
    ),
    (
        "base: v2, forward: never",
        "base: v3, forwarded_viewer: viewer, records: \"yes\", pull: \"yes\"",
        "6:9: protocols.mine: `pull: yes` asks for the count of all, and `records: yes` takes totals for the viewers of their author alone; leave one of them out",
    ),
    (
        "base: v2, forward: never",
        "base: v2, pull: \"yes\", pull_cache: 0 s",
        "6:45: protocols.mine.pull_cache: `0 s` is not a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h",
    ),
    (
        "base: v2, forward: never",
        "base: v1, totals_at: spread",
        "6:9: protocols.mine: `totals_at: spread` says when totals leave, and none do; add `origin_total: yes`, or say `totals_at: ticks`",
    ),
    (
        "base: v2, forward: never",
        "base: v1, totals_to: interested",
        "6:9: protocols.mine: `totals_to: interested` says to whom origins send totals, and they send none; add `origin_total: yes`, or say `totals_to: everybody`",
    ),
    (
        "base: v2, forward: never",
        "base: peertube-6.3-v2, totals_to: interested",
        "6:9: protocols.mine: `totals_to: interested` asks whose viewers an origin counts, which it forgets where each View is another entry of a list; add `known_viewer: extend` or `follower_total: yes`",
    ),
    (
        "base: v2, forward: never",
        "base: v1, follower_cap: 10",
        "6:9: protocols.mine: `follower_cap` asks whose viewers an origin counts, which it forgets where each View is another entry of a list; add `known_viewer: extend`",
    ),
    (
        "base: v2, forward: never",
        "base: v2, follower_cap: some",
        "6:34: protocols.mine.follower_cap: `some` is not one of: off | a whole number from 0 to 1000000000",
    ),
    (
        "base: v2, forward: never",
        "base: v2, hints: {heartbeats_per_s: 20, at_most: 4 s}",
        "6:9: protocols.mine: `hints` tells clients to come later than after `heartbeat`, and `at_most` is less than that; make `at_most` longer or `heartbeat` shorter, or say `hints: off`",
    ),
    (
        "base: v2, forward: never",
        "base: v2, hints: {heartbeats_per_s: 20, at_most: 7500 ms}",
        "6:9: protocols.mine: `hints` tells clients whole seconds, and `at_most` is no whole number of them; say such as `at_most: 60 s`",
    ),
    (
        "base: v2, forward: never",
        "base: v2, hints: {heartbeats_per_s: 0}",
        "6:27: protocols.mine.hints.at_most: is missing: the longest time that a client is told, in whole seconds; it needs a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h\n\
         6:46: protocols.mine.hints.heartbeats_per_s: `0` is not a whole number from 1 to 1000000",
    ),
    (
        "base: v2, forward: never",
        "base: v2, threshold: on",
        "6:31: protocols.mine.threshold: `on` is not one of: off | {share: ..., at_least_every: ...}",
    ),
    (
        "base: v2, forward: never",
        "base: v2, threshold: {share: 10 %}",
        "6:31: protocols.mine.threshold.at_least_every: is missing: a total is sent at least every so many ticks; it needs a whole number from 1 to 10000",
    ),
    (
        "mine: {base: v2",
        "v3: {base: v2",
        "6:7: protocols.v3: `v3` is a protocol of ours already; call yours otherwise",
    ),
    (
        "followers: {count: 3",
        "followers: {count: 3, protocol: v9",
        "9:35: instances.followers.protocol: `v9` is no protocol; did you mean `v1`?",
    ),
    // instances and videos
    (
        "followers: {count: 3",
        "followers: {count: 3, host: 127.0.0.1",
        "9:31: instances.followers.host: gives `followers-2` the host `127.0.0.1`, which `followers-1` has; put `{n}` or `{name}` into `host`, or give them other hosts",
    ),
    (
        "followers: {count: 3",
        "followers: {count: 3, host: '{x}.example'",
        "9:31: instances.followers.host: makes the host `{x}.example`; a host has at most 253 characters, and in braces `{n}` or `{name}`",
    ),
    (
        "  silent: {",
        "  followers-2: {",
        "10:16: instances.followers-2: makes a second instance `followers-2`; call the group otherwise",
    ),
    (
        "  silent: {",
        "  many: {count: 19999}\n  silent: {",
        "8:3: instances: are 20004 instances together, with all their inboxes; there may be 20000: lower a `count`",
    ),
    (
        "show: {origin: origin",
        "show: {origin: origon",
        "13:18: videos.show.origin: `origon` is no instance; did you mean `origin`?",
    ),
    (
        "show: {origin: origin",
        "show: {origin: followers",
        "13:18: videos.show.origin: `followers` is a group; name one instance of it, such as `followers-1`",
    ),
    (
        "show: {origin: origin",
        "show: {origin: silent",
        "13:18: videos.show.origin: `silent` is not PeerTube (`software`), so it has no videos and nobody watches there",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfollows: {random: {mean: 5}}",
        "4:26: follows.random.mean: 5 is more than the 4 others that an instance can follow",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfollows: {edges: ../edges.csv}",
        "4:18: follows.edges: `../edges.csv` is not one of: a file in the scenario's folder or below: letters, digits, `-`, `_` and `.` between `/`, no `..` | {file: ..., sha256: ...}",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfollows: {edges: none.csv}",
        "4:18: follows.edges: names `none.csv`, which cannot be read: there is no such file",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfollows: {edges: wrong-edges.csv}",
        "wrong-edges.csv:2:1: follower: `followers-9` is no instance; did you mean `followers-1`?\n\
         wrong-edges.csv:4:1: has 1 cells; the header has 2\n\
         wrong-edges.csv:5:1: followed: `followers` is a group; name one instance of it, such as `followers-1`",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfollows: {edges: not-text.csv}",
        "not-text.csv:2:1: is not UTF-8 text; save the file as UTF-8",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfollows: {edges: {file: edges.csv, sha256: 0000000000000000000000000000000000000000000000000000000000000000}}",
        "4:44: follows.edges.sha256: is not the hash of `edges.csv` as it is now, 83457d6f3a668e0918701e7b2c6bc0055036d313c467fca7e335c083f6db2d7d; correct it or remove it",
    ),
    // viewers
    ("- video: clip", "- video: clap", "15:12: viewers.0.video: `clap` is no video; did you mean `clip`?"),
    (
        "- video: clip",
        "- video: show",
        "17:12: viewers.0.watch: `retention` is measured on videos with a length, and `show` is live; use `exponential: 10 min` or `fixed: 10 min`",
    ),
    (
        "    watch: retention",
        "    watch: {quantiles: {0 %: 0 s, 50 %: 80 s, 90 %: 70 s, 100 %: 2 h}}",
        "17:24: viewers.0.watch.quantiles: falls: `50 %` watch up to 80 s, and `90 %` only up to 70 s; more viewers need more time",
    ),
    (
        "    watch: retention",
        "    watch: {quantiles: {50 %: 80 s, 100 %: 2 h}}",
        "17:24: viewers.0.watch.quantiles: needs the shortest and the longest watch time, `0 %` and `100 %`",
    ),
    (
        "    watch: retention",
        "    watch: {quantiles: {0 %: 0 s, 99.9 %: 1 min}}",
        "17:24: viewers.0.watch.quantiles: needs the shortest and the longest watch time, `0 %` and `100 %`",
    ),
    (
        "    watch: retention",
        "    watch: {quantiles: {0 %: 0 s, 100 %: 0 s}}",
        "17:24: viewers.0.watch.quantiles: has nobody who watches: `100 %` needs at least 1 ms",
    ),
    (
        "    watch: retention",
        "    watch: {quantiles: {0 %: 0 s, 0.5: 1 s, 50 %: 2 s, 120 %: 1 min, 100 %: 1 min}}",
        "17:45: viewers.0.watch.quantiles.50 %: is given twice, in two spellings\n\
         17:56: viewers.0.watch.quantiles: the key `120 %` is not a share from 0 % to 100 %, such as `50 %`",
    ),
    (
        "    watch: retention",
        "    watch: {lognormal: {median: 80 s, sigma: 0}}",
        "17:46: viewers.0.watch.lognormal.sigma: `0` is not a number from 0.01 to 3",
    ),
    (
        "    watch: retention",
        "    watch: {lognormal: {sigma: 1}}",
        "17:24: viewers.0.watch.lognormal: has none of the keys median, mean; it needs one of them",
    ),
    (
        "zipf: {origin_share: 20 %}",
        "weights: {origin: 0, followers: 0}",
        "18:13: viewers.0.spread: has no weight above 0, so nobody can sit anywhere",
    ),
    (
        "zipf: {origin_share: 20 %}",
        "weights: {origin: 1, silent: 1}",
        "18:43: viewers.0.spread.weights.silent: `silent` is not PeerTube (`software`), so it has no videos and nobody watches there",
    ),
    (
        "zipf: {origin_share: 20 %}",
        "list: [followers-4]",
        "18:21: viewers.0.spread.list.0: `followers-4` is no instance or group; did you mean `followers-1`?",
    ),
    (
        "viewers:\n",
        "viewers:\n  - {video: clip, sessions: [{instance: followers, start: 0 s, watch: 0 s}]}\n",
        "15:41: viewers.0.sessions.0.instance: `followers` is a group; name one instance of it, such as `followers-1`\n\
         15:71: viewers.0.sessions.0.watch: `0 s` is not a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h",
    ),
    (
        "viewers:\n",
        "viewers:\n  - {video: clip, trace: wrong-crowd.csv}\n",
        "wrong-crowd.csv:2:1: viewer: `a b` is not a name: 1 to 63 of letters, digits, `-`, `_` and `.`, a letter or digit first\n\
         wrong-crowd.csv:3:1: instance: `silent` is not PeerTube (`software`), so it has no videos and nobody watches there\n\
         wrong-crowd.csv:3:1: watch_s: `0` is not a number of seconds from 0.001 to 36000000, to the nanosecond\n\
         wrong-crowd.csv:4:1: start_s: `1e400` is not a time: seconds such as `12.5`, or an instant such as `2020-08-09T13:16:51Z`\n\
         wrong-crowd.csv:4:1: watch_s: `1 s` is not a number of seconds from 0.001 to 36000000, to the nanosecond",
    ),
    // network
    (
        "latency: {constant: 50 ms}",
        "latency: {regions: {round_trip: {fr-de: 1 ms, de-fr: 1 ms}}}",
        "20:49: network.latency.regions.round_trip.de-fr: is given twice; there and back are one figure",
    ),
    (
        "latency: {constant: 50 ms}",
        "latency: {regions: {within: 1 us}}",
        "20:31: network.latency.regions.within: `1 us` is not a time with its unit (ns, us, ms, s, min, h, d) from 0 s to 1 h, in whole steps of 2 us",
    ),
    (
        "latency: {constant: 50 ms}",
        "latency: {regions: {round_trip: {de: 1 ms}}}",
        "20:36: network.latency.regions.round_trip: the key `de` is not two places with `-` between, such as `de-fr`",
    ),
    (
        "silent: {software: other, region: fr}",
        "silent: {software: other, region: \" fr\"}",
        "10:37: instances.silent.region: ` fr` is not a place: 1 to 64 characters that are seen, such as `de`, `eu-central-1` or `New York`",
    ),
    (
        "latency: {constant: 50 ms}",
        "latency: {constant: 50 ms}\n  links: [{from: origin}, {to: nobody, loss: 1 %}]",
        "21:11: network.links.0: changes nothing; give it a `latency` or a `loss`\n\
         21:32: network.links.1.to: `nobody` is no instance or group; there are followers, followers-1, followers-2, followers-3, origin, silent",
    ),
    // deliveries
    (
        "end: 10 min",
        "end: 10 min\ndelivery: peertub",
        "4:11: delivery: `peertub` is no delivery; did you mean `peertube`?",
    ),
    (
        "compare: [v1, v2]",
        "compare: [{name: v1, protocol: v1, delivery: pleroma}, v2]",
        "4:46: compare.0.delivery: `pleroma` is no delivery; there are unlimited, peertube, per-destination, retrying, peertube-6, peertube-8, mastodon, lemmy, misskey, fedify",
    ),
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {retrying: {base: peertube}, mine: {base: mine}, x: {base: peertube, timeout: 0 s, workers: 0, attempts: 32}}",
        "4:24: deliveries.retrying: `retrying` is a delivery of ours already; call yours otherwise\n\
         4:55: deliveries.mine.base: `mine` is no delivery; there are unlimited, peertube, per-destination, retrying, peertube-6, peertube-8, mastodon, lemmy, misskey, fedify\n\
         4:91: deliveries.x.timeout: `0 s` is not a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h\n\
         4:105: deliveries.x.workers: `0` is not a whole number from 1 to 100000\n\
         4:118: deliveries.x.attempts: `32` is not a whole number from 1 to 31",
    ),
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {x: {base: peertube, breaker: on, rate_limit: {requests: 0, per: 1 s}, inbox: 1 ns, tls: none}}",
        "4:43: deliveries.x.breaker: `on` is not one of: off | {failures: ..., pause: ..., half_open: ...}\n\
         4:70: deliveries.x.rate_limit.requests: `0` is not a whole number from 1 to 1000000\n\
         4:91: deliveries.x.inbox: `1 ns` is not a time with its unit (ns, us, ms, s, min, h, d) from 0 s to 1 min, in whole steps of 1 us\n\
         4:102: deliveries.x.tls: `none` is not known here; there are full, resumed",
    ),
    // retries
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {x: {base: peertube, retry: {per: destination}}}",
        "4:47: deliveries.x.retry.per: retries per destination hold back the head of the destination's queue: they need `queues: per-destination`, or set `retry.per: message`",
    ),
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {x: {base: lemmy, queues: workers}}",
        "4:39: deliveries.x.queues: retries per destination hold back the head of the destination's queue: they need `queues: per-destination`, or set `retry.per: message`",
    ),
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {x: {base: lemmy, attempts: 5}}",
        "4:41: deliveries.x.attempts: with retries per destination the head is tried until it arrives: remove `attempts`, or, to try each message so often on its own, set `retry: {per: message, attempts: 5}` instead",
    ),
    // under its old name
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {x: {base: per-destination, retry: {attempts: 31}}}",
        "4:59: deliveries.x.retry.attempts: with retries per destination the head is tried until it arrives: remove `attempts`, or, to try each message so often on its own, set `retry: {per: message, attempts: 31}` instead",
    ),
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {x: {base: retrying, queues: per-destination, retry: {per: destination}}}",
        "4:72: deliveries.x.retry.per: with retries per destination its queue is held back already: set `breaker: off`, or `retry.per: message`",
    ),
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {x: {base: lemmy, breaker: {failures: 3, pause: 1 s}}}",
        "4:40: deliveries.x.breaker: with retries per destination its queue is held back already: set `breaker: off`, or `retry.per: message`",
    ),
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {x: {base: retrying, attempts: 5, retry: {attempts: 4}}}",
        "4:44: deliveries.x.attempts: `retry.attempts` says that already; remove one of the two",
    ),
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {x: {base: peertube, retry: {schedule: sidekiq}}}",
        "4:52: deliveries.x.retry.schedule: with one attempt nothing is sent again; give `retry.attempts` too",
    ),
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {x: {base: lemmy, retry: {schedule: {exponential: {unit: 1 s, base: 1, minus_one: yes, at_most: 1 min}}}}}",
        "4:49: deliveries.x.retry.schedule: waits nothing: with `base: 1` the power less one is 0; give a larger base, or remove `minus_one`",
    ),
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {x: {base: unlimited, health: score}}",
        "4:43: deliveries.x.health: without queues nothing is sent again or left out; give `queues` too",
    ),
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {x: {base: misskey, retry: {schedule: [], jitter: 200 %, per: host}, give_up_on: [200]}}",
        "4:51: deliveries.x.retry.schedule: has 0 items; it may have from 1 to 20\n\
         4:63: deliveries.x.retry.jitter: `200 %` is not one of: off | sidekiq | mastodon | a share from 0 % to 100 %, such as `2 %` or 0.02\n\
         4:75: deliveries.x.retry.per: `host` is not known here; there are message, destination\n\
         4:95: deliveries.x.give_up_on.0: `200` is not a whole number from 400 to 599",
    ),
    // capacities
    (
        "origin: {region: de}",
        "origin: {region: de, capacity: {cores: 0, uplink: 0 Mbit/s, downlink: 100}}",
        "8:42: instances.origin.capacity.cores: `0` is not a whole number from 1 to 1024\n\
         8:53: instances.origin.capacity.uplink: `0 Mbit/s` is not a bit rate (bit/s, kbit/s, Mbit/s, Gbit/s or bps, kbps, Mbps, Gbps) above 0 and up to 1000 Gbit/s\n\
         8:73: instances.origin.capacity.downlink: `100` is not a bit rate (bit/s, kbit/s, Mbit/s, Gbit/s or bps, kbps, Mbps, Gbps) above 0 and up to 1000 Gbit/s",
    ),
    // lies
    (
        "end: 10 min",
        "end: 10 min\nlies: [{instance: followers-1, video: clip}]",
        "4:8: lies.0: has none of the keys times, viewers, flood, result, replay; it needs one of them",
    ),
    (
        "end: 10 min",
        "end: 10 min\nlies: [{instance: followers-1, video: clip, times: 2, viewers: 3}]",
        "4:8: lies.0: has both `times` and `viewers`; it may have one of them",
    ),
    (
        "end: 10 min",
        "end: 10 min\nlies: [{instance: origin, video: clip, times: 2}]",
        "4:19: lies.0.instance: `origin` owns the video, and shows what it likes; name an instance that does not",
    ),
    (
        "end: 10 min",
        "end: 10 min\nlies: [{instance: silent, video: clip, times: 2}]",
        "4:19: lies.0.instance: `silent` is not PeerTube (`software`), so it has no videos and nobody watches there",
    ),
    (
        "end: 10 min",
        "end: 10 min\nlies: [{instance: follower, video: clap, times: 2}]",
        "4:19: lies.0.instance: `follower` is no instance or group; did you mean `followers`?\n\
         4:36: lies.0.video: `clap` is no video; did you mean `clip`?",
    ),
    (
        "end: 10 min",
        "end: 10 min\nlies: [{instance: followers-1, video: clip, times: 1}]",
        "4:52: lies.0.times: `1` is not a whole number from 2 to 10000",
    ),
    (
        "end: 10 min",
        "end: 10 min\nlies: [{instance: followers-1, video: clip, viewers: 0}]",
        "4:54: lies.0.viewers: `0` is not a whole number from 1 to 1000000",
    ),
    (
        "end: 10 min",
        "end: 10 min\nlies: [{instance: followers-1, video: clip, flood: 0 /s}]",
        "4:52: lies.0.flood: is a flood of nothing; give a rate above 0 /s, or leave the lie out",
    ),
    (
        "end: 10 min",
        "end: 10 min\nlies: [{instance: followers-1, video: clip, result: {viewers: 5000000000}}]",
        "4:53: lies.0.result.every: is missing: so often to each; it needs a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h\n\
         4:63: lies.0.result.viewers: `5000000000` is not a whole number from 0 to 4000000000",
    ),
    (
        "end: 10 min",
        "end: 10 min\nlies: [{instance: followers-1, video: clip, replay: 0 s}]",
        "4:53: lies.0.replay: `0 s` is not a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h",
    ),
    (
        "end: 10 min",
        "end: 10 min\nlies: [{instance: followers-1, video: clip, times: 2, from: 10 min}]",
        "4:61: lies.0.from: is when the run is over, so nothing would be told; begin before `end`",
    ),
    // faults
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{down: [origin], up: [origin]}]",
        "4:27: faults.0.up: is not a key here; there are down, at, for, how, columns",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{dwon: [origin]}]",
        "4:10: faults.0: has none of the keys down, dead, outages, slow, restart, upgrade, partition, loss, latency, blocked, clock; it needs one of them",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{down: []}, {down: [origin], for: 0 s}]",
        "4:17: faults.0.down: has 0 items; it may have from 1 to 10000\n\
         4:44: faults.1.for: `0 s` is not a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{down: [origin], columns: [v3]}]",
        "4:37: faults.0.columns.0: `v3` is no column of `compare`; did you mean `v1`?",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{dead: 101 %, of: [followers]}, {dead: 1 %}]",
        "4:17: faults.0.dead: `101 %` is not a share from 0 % to 100 %, such as `2 %` or 0.02\n\
         4:42: faults.1.of: is missing: among these instances or groups; it needs a list",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{restart: [origin], at: -5 s, startup: 2 s}]",
        "4:34: faults.0.at: `-5 s` is not a time with its unit (ns, us, ms, s, min, h, d) from 0 s to 10000 h",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{restart: [origin], at: 10 min, startup: 2 s}, {slow: [silent], answer: 1 s, at: 1 h}]",
        "4:34: faults.0.at: is when the run is over, so it would change nothing; begin before `end`\n\
         4:91: faults.1.at: is when the run is over, so it would change nothing; begin before `end`",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{restart: [silent, origin], at: 0 s, startup: 2 s, protocol: v3}, {restart: [origin], at: 0 s}]",
        "4:71: faults.0.protocol: `silent` is not PeerTube (`software`), so it speaks no protocol\n\
         4:76: faults.1.startup: is missing: how long an instance takes to start; it needs a time with its unit (ns, us, ms, s, min, h, d) from 0 s to 10000 h",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{upgrade: [origin], at: 0 s, startup: 2 s, to: v33}]",
        "4:57: faults.0.to: `v33` is no protocol; did you mean `v3`?",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{upgrade: [followers-2, followers], at: 0 s, startup: 2 s, to: v3}]",
        "4:20: faults.0.upgrade: has `followers-2` twice; upgrade it once",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{upgrade: [followers, origin], at: 5 min, startup: 2 s, pause: 3 min, to: v3}]",
        "4:10: faults.0: comes to batch 3 of 4 only when the run is over; begin earlier, take more in `parallel` or pause less",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{partition: [[origin], [folowers]]}]",
        "4:34: faults.0.partition.1.0: `folowers` is no instance or group; did you mean `followers`?",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{partition: [[origin, followers]]}]",
        "4:22: faults.0.partition: has 1 items; it may have from 2 to 1000",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{partition: [[origin, followers], [silent, followers-3]]}]",
        "4:44: faults.0.partition.1: has `followers-3`, which is on a side before; put it on one",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{clock: [origin], ahead: 1 s, behind: 1 s}, {clock: [origin]}, {clock: [origin], behind: 2 d}]",
        "4:10: faults.0: has both `ahead` and `behind`; it needs one of them\n\
         4:54: faults.1: has none of `ahead` and `behind`; it needs one of them\n\
         4:99: faults.2.behind: `2 d` is not a time with its unit (ns, us, ms, s, min, h, d) from 0 s to 24 h",
    ),
    // other traffic
    (
        "end: 10 min",
        "end: 10 min\nother_traffic: {updates: on, watch_actions: yes, background: [{video: clap, rate: 1 /s}], background_body: 11 MB}",
        "4:26: other_traffic.updates: `on` is not one of: off | {every: ..., files: ..., resolutions: ...}\n\
         4:45: other_traffic.watch_actions: `yes` is not known here; there are on, off\n\
         4:71: other_traffic.background.0.video: `clap` is no video; did you mean `clip`?\n\
         4:108: other_traffic.background_body: `11 MB` is not a size with its unit (B, kB, MB, GB, TB) up to 10 MB",
    ),
    // measures and expectations
    (
        "end: 10 min",
        "end: 10 min\nmeasure: {from: 10 min}",
        "4:17: measure.from: begins when the run is over, so nothing would be measured; begin before `end`",
    ),
    (
        "metric: messages_sent",
        "metric: message_sent",
        "22:14: expect.0.metric: `message_sent` is no metric; did you mean `messages_sent`?",
    ),
    (
        "protocol: v2, max: 2",
        "protocol: mine, max: 2",
        "22:39: expect.0.protocol: `mine` is no column of `compare`; there are v1, v2",
    ),
    (
        "protocol: v2, max: 2",
        "protocol: v2",
        "22:5: expect.0: bounds nothing; give it a `min`, a `max` or both",
    ),
    (
        "protocol: v2, max: 2",
        "protocol: v2, min: 3, max: 2",
        "22:5: expect.0: has a `min` of 3 above its `max` of 2; exchange them",
    ),
    (
        "protocol: v2, max: 2",
        "protocol: v2, relative_to: v2, max: 2",
        "22:5: expect.0: divides a column by itself; leave `relative_to` away or name another",
    ),
    (
        "why: because",
        "severity: info",
        "22:5: expect.0.why: is missing: source or derivation of the bound; it needs text of 1 to 10000 characters without control characters\n\
         22:61: expect.0.severity: `info` is not known here; there are fail, warn",
    ),
    // receiving
    (
        "end: 10 min",
        "end: 10 min\ndeliveries: {d: {base: peertube, signature_window: 40 ms}}\ndelivery: d",
        "6:10: compare: has a `signature_window` of 40 ms in `v1`, and every request takes 50 ms or more: all are refused; widen it",
    ),
    (
        "silent: {software: other, region: fr}",
        "silent: {software: other, region: fr, receives: {rate_limit: {requests: 0, per: 1 s}}}",
        "10:75: instances.silent.receives.rate_limit.requests: `0` is not a whole number from 1 to 1000000",
    ),
    (
        "silent: {software: other, region: fr}",
        "silent: {software: other, region: fr, receives: {ban: {refusals: 3, within: 1 min}}}",
        "10:57: instances.silent.receives.ban.for: is missing: for so long; it needs a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h",
    ),
    (
        "silent: {software: other, region: fr}",
        "silent: {software: other, region: fr, receives: {workers: 3}}",
        "10:52: instances.silent.receives.workers: is not a key here; there are verify, json_ld_verify, inbox, heartbeat_cpu, inbox_workers, rate_limit, signature_window, ban",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{blocked: [origin]}]",
        "4:10: faults.0.by: is missing: the receivers, instances or groups; it needs a list",
    ),
    (
        "end: 10 min",
        "end: 10 min\nfaults: [{down: [origin], how: rude}]",
        "4:32: faults.0.how: `rude` is not known here; there are silent, refused, bad-gateway, gone",
    ),
    (
        "followers: {count: 3, region: fr}",
        "followers: {count: 3, region: fr, inboxes: {per_account: 2}}",
        "9:46: instances.followers.inboxes: is for software that has no shared inbox; PeerTube names one: set `software`",
    ),
    (
        "silent: {software: other, region: fr}",
        "silent: {software: other, region: fr, count: 200, inboxes: {per_account: 100}}",
        "8:3: instances: are 20004 instances together, with all their inboxes; there may be 20000: lower a `count`",
    ),
    // catalogues
    (
        "network:\n",
        "catalogues: {tail: {of: silent, videos: 3, length: live, arrivals: {constant: {rate: 1 /s}}, watch: {fixed: 1 s}, spread: {list: [origin]}}}\nnetwork:\n",
        "19:25: catalogues.tail.of: `silent` is not PeerTube (`software`), so it has no videos and nobody watches there",
    ),
    (
        "network:\n",
        "catalogues: {tail: {of: origin, videos: 3, length: live, arrivals: {constant: {rate: 1 /s}}, watch: retention, spread: {list: [origin]}}}\nnetwork:\n",
        "19:101: catalogues.tail.watch: `retention` is measured on videos with a length, and `tail` is live; use `exponential: 10 min` or `fixed: 10 min`",
    ),
    (
        "network:\n",
        "catalogues: {tail: {of: followers, videos: 400000, length: live, arrivals: {constant: {rate: 1 /s}}, watch: {fixed: 1 s}, spread: {list: [origin]}}}\nnetwork:\n",
        "19:13: catalogues: are 1200000 videos together; there may be 1000000: lower the `videos` of a catalogue",
    ),
    (
        "network:\n",
        "catalogues: {clip: {of: origin, videos: 3, length: live, arrivals: {constant: {rate: 1 /s}}, watch: {fixed: 1 s}, spread: {list: [origin]}}}\nnetwork:\n",
        "19:20: catalogues.clip: has the video `clip` too, which is one of `videos`; call one otherwise",
    ),
    (
        "network:\n",
        "catalogues: {tail: {of: origin, videos: 3, length: live, arrivals: {constant: {rate: 1 /s}}, watch: {fixed: 1 s}, spread: {list: [origin]}}}\nmeasure: {detail: [tail-3, tail-4, tale-1, clip]}\nnetwork:\n",
        "20:28: measure.detail.1: `tail-4` is none of the 3 videos of `tail`\n\
         20:36: measure.detail.2: `tale-1` is no video of a catalogue; did you mean `tail-1`?\n\
         20:44: measure.detail.3: `clip` is no video of a catalogue; there is only tail-1",
    ),
];
