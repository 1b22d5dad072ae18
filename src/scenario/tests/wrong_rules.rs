//! A table of rules that contradict each other: a protocol, and the words in which it is refused.

/// Changes of `BASE` (what, into what) and the problems, one a line, without the file's name.
pub(super) const WRONG_RULES: &[(&str, &str, &str)] = &[
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
        "base: v2, hints: {heartbeats_per_s: 20, at_most: 4 s}",
        "6:9: protocols.mine: `hints` tells clients to come later than after `heartbeat`, and `at_most` is less than that; make `at_most` longer or `heartbeat` shorter, or say `hints: off`",
    ),
    (
        "base: v2, forward: never",
        "base: v2, hints: {heartbeats_per_s: 20, at_most: 7500 ms}",
        "6:9: protocols.mine: `hints` tells clients whole seconds, and `at_most` is no whole number of them; say such as `at_most: 60 s`",
    ),
];
