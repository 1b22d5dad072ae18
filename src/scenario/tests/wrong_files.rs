//! A table of wrong files: who and what there is (keys and values of any kind, protocols, instances, videos, viewers).

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
        "base: v2, sampling: 0, leave_beacon: 101 %",
        "6:30: protocols.mine.sampling: `0` is not a whole number from 1 to 1000000\n\
         6:47: protocols.mine.leave_beacon: `101 %` is not a share from 0 % to 100 %, such as `2 %` or 0.02",
    ),
    (
        "base: v2, forward: never",
        "base: v2, pull: \"yes\", pull_cache: 0 s",
        "6:45: protocols.mine.pull_cache: `0 s` is not a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h",
    ),
    (
        "base: v2, forward: never",
        "base: v2, follower_cap: some",
        "6:34: protocols.mine.follower_cap: `some` is not one of: off | a whole number from 0 to 1000000000",
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
];
