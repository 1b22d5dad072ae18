//! The releases of PeerTube as rows of rules, and designs that are in no release.
//!
//! Source: the recordings in `tests/traces`; docs/conformance.md says which releases were run and which were read.

use super::parameters::{Parameters, Threshold};
use super::rules::{
    AcceptResult, ActorUrl, BadInbox, Batch, BroadcastQueue, ConnectionReuse, CountOnReply, Expiry,
    FollowHealth, FollowerTotal, FollowerViews, Forward, ForwardPlainViews, ForwardQueue, ForwardTo,
    ForwardedViewer, IdsAfterRestart, KnownViewer, OriginTotal, OriginViews, OwnViewers, PlainViews, Pull,
    Records, Rules, StoreKind, TotalsAt, TotalsTo, ViewerResult, ViewersKnownBy, ViewsInbox, WireForm,
};
use crate::foundation::units::Span;

/// A named row.
pub struct Preset {
    /// The name in scenario files, on the command line and in recordings.
    pub name: &'static str,
    /// Which releases it stands for.
    pub doc: &'static str,
    /// The row.
    pub rules: Rules,
}

const PEERTUBE_6_0: Rules = Rules {
    expiry: Expiry::Ticks,
    own_viewers: OwnViewers::Each,
    origin_total: OriginTotal::No,
    totals_to: TotalsTo::Everybody,
    totals_at: TotalsAt::Ticks,
    follower_total: FollowerTotal::No,
    records: Records::No,
    batch: Batch::No,
    count_on_reply: CountOnReply::No,
    pull: Pull::No,
    viewer_result: ViewerResult::No,
    accept_result: AcceptResult::Nobody,
    known_viewer: KnownViewer::AnotherEntry,
    forward: Forward::Always,
    forwarded_viewer: ForwardedViewer::Viewer,
    forward_to: ForwardTo::Everybody,
    plain_views: PlainViews::Each,
    forward_plain_views: ForwardPlainViews::Always,
    origin_views: OriginViews::Updates,
    follower_views: FollowerViews::Update,
    broadcast_queue: BroadcastQueue::Parallel,
    forward_queue: ForwardQueue::Sequential,
    follow_health: FollowHealth::Score,
    bad_inbox: BadInbox::Unicast,
    views_inbox: ViewsInbox::Shared,
    connections: ConnectionReuse::Kept,
    actor_url: ActorUrl::One,
    viewers_known_by: ViewersKnownBy::Address,
    store: StoreKind::List,
    ids_after_restart: IdsAfterRestart::New,
    wire: WireForm::V60,
    parameters: Parameters {
        lifetime: Span::from_secs(120),
        tick_interval: Span::from_secs(120),
        refederation_age: Span::from_secs(90),
        heartbeat: Span::from_secs(5),
        hints: None,
        plain_view_after: Span::from_secs(30),
        threshold: None,
        follower_cap: None,
        leave_beacon_ppm: 0,
        sampling: 1,
        update_share_ppm: 0,
        pull_cache: Span::from_secs(10),
    },
};

const PEERTUBE_6_3_V1: Rules = Rules {
    accept_result: AcceptResult::Anybody,
    forward_to: ForwardTo::ServerFollowers,
    viewers_known_by: ViewersKnownBy::Session,
    ids_after_restart: IdsAfterRestart::Kept,
    wire: WireForm::V61,
    parameters: Parameters { plain_view_after: Span::from_secs(10), ..PEERTUBE_6_0.parameters },
    ..PEERTUBE_6_0
};

const PEERTUBE_6_3_V2: Rules = Rules {
    own_viewers: OwnViewers::None,
    origin_total: OriginTotal::Yes,
    viewer_result: ViewerResult::Yes,
    ..PEERTUBE_6_3_V1
};

const PEERTUBE_7_2: Rules = Rules {
    known_viewer: KnownViewer::Extend,
    connections: ConnectionReuse::New,
    actor_url: ActorUrl::OneReadsSeveral,
    wire: WireForm::V71,
    ..PEERTUBE_6_3_V2
};

const PEERTUBE_8_0: Rules = Rules {
    forwarded_viewer: ForwardedViewer::PlainView,
    actor_url: ActorUrl::Several,
    wire: WireForm::V80,
    ..PEERTUBE_7_2
};

const PEERTUBE_8_2: Rules = Rules {
    forward_queue: ForwardQueue::Parallel,
    follow_health: FollowHealth::SevenDays,
    bad_inbox: BadInbox::Broadcast,
    views_inbox: ViewsInbox::Own,
    ..PEERTUBE_8_0
};

const PEERTUBE_8_2_4: Rules = Rules { accept_result: AcceptResult::VideoHost, ..PEERTUBE_8_2 };

const PEERTUBE_9_0_DEV: Rules =
    Rules { forward: Forward::OnlyNew, store: StoreKind::Keyed, ..PEERTUBE_8_2_4 };

const V2: Rules = Rules { forward: Forward::Never, ..PEERTUBE_7_2 };

const V3: Rules = Rules {
    follower_total: FollowerTotal::Yes,
    forward: Forward::Never,
    parameters: Parameters {
        threshold: Some(Threshold { share_ppm: 100_000, max_ticks: 3 }),
        ..PEERTUBE_8_2_4.parameters
    },
    ..PEERTUBE_8_2_4
};

const V4: Rules = Rules {
    totals_to: TotalsTo::Interested,
    totals_at: TotalsAt::Spread,
    plain_views: PlainViews::InTotals,
    parameters: Parameters {
        lifetime: Span::from_secs(10),
        tick_interval: Span::from_secs(10),
        refederation_age: Span::from_ms(7_500),
        threshold: Some(Threshold { share_ppm: 50_000, max_ticks: 12 }),
        ..V3.parameters
    },
    ..V3
};

/// Every preset, oldest release first; the last three are designs, not releases.
pub const PRESETS: &[Preset] = &[
    Preset { name: "peertube-6.0", doc: "releases up to 6.0", rules: PEERTUBE_6_0 },
    Preset { name: "v1", doc: "alias of peertube-6.0", rules: PEERTUBE_6_0 },
    Preset { name: "peertube-6.3-v1", doc: "6.1 to 7.0, viewers federation V2 off", rules: PEERTUBE_6_3_V1 },
    Preset { name: "peertube-6.3-v2", doc: "6.1 to 7.0, viewers federation V2 on", rules: PEERTUBE_6_3_V2 },
    Preset { name: "peertube-7.2", doc: "7.1 and 7.2", rules: PEERTUBE_7_2 },
    Preset { name: "peertube-8.0", doc: "8.0 and 8.1", rules: PEERTUBE_8_0 },
    Preset { name: "peertube-8.2", doc: "8.2.0 to 8.2.3", rules: PEERTUBE_8_2 },
    Preset { name: "peertube-8.2.4", doc: "8.2.4 and later 8.x", rules: PEERTUBE_8_2_4 },
    Preset { name: "peertube-9.0-dev", doc: "the development line of 9.0", rules: PEERTUBE_9_0_DEV },
    Preset { name: "v2", doc: "as commit b4f4432459 describes it: 7.2 without forwarding", rules: V2 },
    Preset {
        name: "v3",
        doc: "ours, in no release: 8.2.4 with follower totals, a threshold and no forwarding of viewers",
        rules: V3,
    },
    Preset {
        name: "v4",
        doc: "ours, in no release: v3 with short lives, views said in totals, and totals to who is interested, spread over the interval",
        rules: V4,
    },
];

impl Rules {
    /// The row of a preset, `None` if there is none of that name.
    pub fn preset(name: &str) -> Option<Rules> {
        PRESETS.iter().find(|preset| preset.name == name).map(|preset| preset.rules)
    }
}
