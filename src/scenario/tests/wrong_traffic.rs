//! A table of wrong files: what happens and is measured (the network, deliveries, capacities, lies, faults, other traffic, measures, expectations, receiving, catalogues).

/// Changes of `BASE` (what, into what) and the problems, one a line, without the file's name.
pub(super) const WRONG_TRAFFIC: &[(&str, &str, &str)] = &[
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
