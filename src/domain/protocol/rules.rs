//! Rules: what a release sends, forwards, accepts and keeps, each by itself.
//!
//! To add one: an entry in `rules!`, its value in the first preset (and where another differs), one branch in `instance`.

use super::parameters::Parameters;
use crate::foundation::units::Span;
use crate::mechanism::activity::Form;

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $key:ident: $rule:ident { $($(#[doc = $choice_doc:literal])+ $choice:ident = $text:literal,)+ })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
            pub enum $rule {
                $($(#[doc = $choice_doc])+ $choice,)+
            }

            impl $rule {
                const CHOICES: &[Choice] =
                    &[$(Choice { name: $text, doc: concat!($($choice_doc),+).trim_ascii_start() },)+];

                /// The choice's name in scenario files and tables.
                pub fn name(self) -> &'static str {
                    match self { $($rule::$choice => $text,)+ }
                }

                fn named(name: &str) -> Option<$rule> {
                    match name { $($text => Some($rule::$choice),)+ _ => None }
                }
            }
        )+

        /// One row of rules and parameters: everything that a release decides.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Rules {
            $($(#[doc = $doc])+ pub $key: $rule,)+
            /// The parameters beside the rules.
            pub parameters: Parameters,
        }

        impl Rules {
            /// Every rule with its choices, in the order of the tables that people read.
            pub const RULES: &[Rule] = &[$(Rule {
                key: stringify!($key),
                doc: concat!($($doc),+).trim_ascii_start(),
                choices: $rule::CHOICES,
                get: |rules| rules.$key.name(),
                set: |rules, name| {
                    let Some(choice) = $rule::named(name) else { return false };
                    rules.$key = choice;
                    true
                },
            },)+];
        }
    };
}

/// One rule as data: for tables, scenario files and their schema.
pub struct Rule {
    /// The key in scenario files.
    pub key: &'static str,
    /// What the rule decides.
    pub doc: &'static str,
    /// What it can be.
    pub choices: &'static [Choice],
    /// The name of the choice that a row made.
    pub get: fn(&Rules) -> &'static str,
    /// Changes a row; false if there is no choice of that name.
    pub set: fn(&mut Rules, &str) -> bool,
}

/// One choice of a rule.
pub struct Choice {
    /// Its name in scenario files.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
}

rules! {
    /// when an entry that has expired stops to count in what an instance displays
    expiry: Expiry {
        /// at the next tick, which removes it
        Ticks = "ticks",
        /// the instant it expires: what is displayed counts those that have not (no release has this)
        Exact = "exact",
    }
    /// whether an instance broadcasts the viewers of its own videos singly
    own_viewers: OwnViewers {
        /// each viewer is broadcast, again after the re-federation age
        Each = "each",
        /// none is sent
        None = "none",
    }
    /// whether the origin broadcasts its total at its ticks
    origin_total: OriginTotal {
        /// never
        No = "no",
        /// at each tick with a viewer left (unless `threshold` withholds it)
        Yes = "yes",
    }
    /// to whom the origin sends its totals
    totals_to: TotalsTo {
        /// all followers
        Everybody = "everybody",
        /// those for whose viewers it counts: who has spoken of some that have not expired; one that has just begun to gets a total at the
        /// next tick, whatever `threshold` says (no release has this)
        Interested = "interested",
    }
    /// when an instance says its totals
    totals_at: TotalsAt {
        /// all of them at its ticks
        Ticks = "ticks",
        /// each at a time of its own after every tick at which somebody is counted, by a hash of the video (no release has this)
        Spread = "spread",
    }
    /// whether a follower sends its own total to the origin at its ticks, in place of each viewer; an origin with this
    /// rule keeps one entry per follower (no release has this)
    follower_total: FollowerTotal {
        /// each viewer is sent singly
        No = "no",
        /// one total of its own unexpired viewers per tick
        Yes = "yes",
    }
    /// whether a total is a record: its author's own viewers, of which everybody keeps the last one and shows the sum
    records: Records {
        /// the origin's total says all viewers, and those of followers reach the origin alone
        No = "no",
        /// each says its own viewers, the origin too, which forwards the totals of followers; a total sets the record of its author and replaces
        /// nothing, whatever `accept_result` says (no release has this)
        Yes = "yes",
    }
    /// whether totals that leave for the same inbox at the same tick are one activity
    batch: Batch {
        /// each is an activity of its own
        No = "no",
        /// those of its own videos are one, and those for the origin of others one: a `Collection` of Views, which is signed once and forwarded
        /// by nobody; a single one stays a View (no release has this)
        Yes = "yes",
    }
    /// whether an origin answers what a follower says of its viewers with its total, and a follower reads that
    count_on_reply: CountOnReply {
        /// answers have no body
        No = "no",
        /// the answer to the View of a viewer or a total that its author delivers carries the count with that; a follower takes it as a total
        /// when it has come (no release has this)
        Yes = "yes",
    }
    /// whether a follower asks the origin for its total while a page of it is open
    pull: Pull {
        /// it never asks
        No = "no",
        /// at a heartbeat of a viewer of its own, but not within `pull_cache` of the last time: a GET, which an origin with this rule answers with its
        /// total, the same one for `pull_cache`; a follower takes it as a total when it has come (no release has this)
        Yes = "yes",
    }
    /// whether the View of one viewer carries `result` = 1
    viewer_result: ViewerResult {
        /// it carries none
        No = "no",
        /// it carries 1
        Yes = "yes",
    }
    /// whose `result` replaces what a follower shows; any other View adds one entry
    accept_result: AcceptResult {
        /// nobody's
        Nobody = "nobody",
        /// anybody's, a forwarded viewer's too
        Anybody = "anybody",
        /// that of an author on the video's host only
        VideoHost = "video-host",
    }
    /// what the View of a viewer that the origin already holds does there
    known_viewer: KnownViewer {
        /// it adds one entry more
        AnotherEntry = "another-entry",
        /// it extends the viewer's entry
        Extend = "extend",
    }
    /// which viewer Views the origin forwards to its other followers
    forward: Forward {
        /// all
        Always = "always",
        /// those of a viewer that was new to it
        OnlyNew = "only-new",
        /// none
        Never = "never",
    }
    /// what a viewer View is that somebody else than its author delivers
    forwarded_viewer: ForwardedViewer {
        /// a viewer, as from its author
        Viewer = "viewer",
        /// a plain view: what others deliver is compacted before it is read, and loses `expires` and `result`
        PlainView = "plain-view",
    }
    /// to which followers the origin forwards
    forward_to: ForwardTo {
        /// all
        Everybody = "everybody",
        /// those that follow the server, not those that follow an account of it only
        ServerFollowers = "server-followers",
    }
    /// whether plain views (they count views, not viewers) are sent; each instance counts those by its own viewers in any case
    plain_views: PlainViews {
        /// each
        Each = "each",
        /// none singly: a follower says to the origin at its ticks how many its own viewers made since, and an origin that counts them so, too,
        /// adds that up and forwards none; to another it is one plain view (no release has this)
        Counted = "counted",
        /// the same, but said in the follower's total while it has viewers (no release has this)
        InTotals = "in-totals",
        /// none
        None = "none",
    }
    /// whether the origin forwards the plain views of its followers
    forward_plain_views: ForwardPlainViews {
        /// all
        Always = "always",
        /// none
        Never = "never",
    }
    /// how an origin tells the number of views
    origin_views: OriginViews {
        /// in an `Update` of each video that was viewed since the last flush
        Updates = "updates",
        /// in an `Update`, if the number has grown by `update_share` since the one before (no release has this)
        UpdatesByShare = "updates-by-share",
        /// in its totals, with what came since the last flush; a flush changes what it displays itself. Followers with this choice display
        /// what totals say, too (no release has this)
        InTotals = "in-totals",
    }
    /// the number of views that an instance displays of others' videos
    follower_views: FollowerViews {
        /// what the last `Update` said
        Update = "update",
        /// that, and each view by its own viewers since (no release has this)
        OwnCount = "own-count",
    }
    /// the queue in which an instance's own viewers, plain views and totals wait
    broadcast_queue: BroadcastQueue {
        /// the sequential one: one job at once
        Sequential = "sequential",
        /// the parallel one
        Parallel = "parallel",
    }
    /// the queue in which forwards wait
    forward_queue: ForwardQueue {
        /// the sequential one: one job at once
        Sequential = "sequential",
        /// the parallel one
        Parallel = "parallel",
    }
    /// when an instance removes a follower whose inbox does not answer
    follow_health: FollowHealth {
        /// never
        Off = "off",
        /// hourly, when its score is below zero: 1,000 at first, 10 more or less per good or bad delivery
        Score = "score",
        /// hourly, when nothing was delivered for seven days
        SevenDays = "seven-days",
    }
    /// how an inbox that was bad in the last finished job gets the next broadcast (forwards are not affected)
    bad_inbox: BadInbox {
        /// in a unicast job of its own
        Unicast = "unicast",
        /// like any other
        Broadcast = "broadcast",
    }
    /// where received Views wait until they are worked on
    views_inbox: ViewsInbox {
        /// in the one inbox queue
        Shared = "shared",
        /// in an inbox queue of their own
        Own = "own",
    }
    /// what becomes of a connection after a request (where `keep_alive` of the delivery says `as-released`)
    connections: ConnectionReuse {
        /// it is kept for the next request to the same receiver, which closes it when it is idle for 5 s
        Kept = "kept",
        /// it ends: each request has a new one
        New = "new",
    }
    /// the `url` that an actor document of its own has, and those that it reads in others'
    actor_url: ActorUrl {
        /// one URL; an actor with several is refused
        One = "one",
        /// one URL; an actor with several is read
        OneReadsSeveral = "one-reads-several",
        /// several, as a list of links
        Several = "several",
    }
    /// by what an instance knows a viewer of its own, and one who comes back
    viewers_known_by: ViewersKnownBy {
        /// the address: all behind one address are one viewer, and make one view
        Address = "address",
        /// the session id that the player sends
        Session = "session",
    }
    /// where viewers are kept
    store: StoreKind {
        /// a list beside a map of ids, in memory; a restart loses both
        List = "list",
        /// keyed by id, outside the process; it survives a restart
        Keyed = "keyed",
    }
    /// the ids of viewers after a restart
    ids_after_restart: IdsAfterRestart {
        /// all new (they are salted, and the salt is new)
        New = "new",
        /// kept
        Kept = "kept",
    }
    /// the form of requests, answers and Views on the wire
    wire: WireForm {
        /// ids of 64 hex digits, the shorter context
        V60 = "peertube-6.0",
        /// ids of session and video, the context with `InteractionCounter`
        V61 = "peertube-6.1",
        /// as 6.1, in longer heads
        V71 = "peertube-7.1",
        /// as 7.1; what an origin broadcasts names its channel and the account's followers
        V80 = "peertube-8.0",
    }
}

impl WireForm {
    /// The form of the activities that an instance with this rule builds.
    pub fn form(self) -> Form {
        match self {
            WireForm::V60 => Form::V60,
            WireForm::V61 => Form::V61,
            WireForm::V71 => Form::V71,
            WireForm::V80 => Form::V80,
        }
    }
}

impl ActorUrl {
    /// Whether an instance with this rule takes an actor document of one with another for an actor.
    pub fn reads(self, other: ActorUrl) -> bool {
        !matches!((self, other), (ActorUrl::One, ActorUrl::Several))
    }
}

impl PlainViews {
    /// Whether views are said by their number.
    pub fn are_counted(self) -> bool {
        matches!(self, PlainViews::Counted | PlainViews::InTotals)
    }
}

impl Rules {
    /// Whether a total that an instance receives removes the entries of its own viewers: it clears a keyed store.
    pub fn totals_clear_viewers(&self) -> bool {
        self.store == StoreKind::Keyed
            && self.accept_result != AcceptResult::Nobody
            && self.records == Records::No
    }

    /// When a total that answers a GET expires, after it was built: the origin keeps it for `pull_cache`, and so does who asked.
    pub fn pulled_lifetime(&self) -> Span {
        self.parameters.pull_cache * 2 + self.parameters.longest_lifetime()
    }

    /// No less than the time for which anything that is sent is counted where it arrives.
    pub fn longest_kept(&self) -> Span {
        self.total_lifetime() + (self.parameters.longest_lifetime() - self.parameters.lifetime)
    }

    /// When a total that is built at a tick expires, after that tick.
    pub fn total_lifetime(&self) -> Span {
        match self.parameters.threshold {
            None => self.parameters.lifetime,
            Some(threshold) => {
                self.parameters.tick_interval * u64::from(threshold.max_ticks) + Span::from_secs(30)
            }
        }
    }
}
