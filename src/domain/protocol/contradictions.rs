//! Why some rules contradict others. Each combination that is refused stands here with the reason and the remedy.

use super::parameters::Hints;
use super::rules::{
    AcceptResult, Batch, CountOnReply, FollowerTotal, ForwardedViewer, KnownViewer, OriginTotal, OriginViews,
    OwnViewers, PlainViews, Pull, Records, Rules, StoreKind, TotalsAt, TotalsTo, ViewersKnownBy,
};
use crate::foundation::units::Span;

/// Whether rules are so combined, and why that is refused.
type Refused = (bool, &'static str);

impl Rules {
    /// Why these rules contradict each other, and what to do; none if they do not.
    pub fn contradiction(&self) -> Option<&'static str> {
        let all = self
            .of_views()
            .into_iter()
            .chain(self.of_viewers())
            .chain(self.of_totals())
            .chain(self.of_records())
            .chain(self.of_counts_on_reply())
            .chain(self.of_batches())
            .chain(self.of_pull())
            .chain(self.of_hints())
            .chain(self.of_caps());
        all.into_iter().find(|(is_so, _)| *is_so).map(|(_, why)| why)
    }

    /// Whether an origin knows viewers again.
    fn keeps_ids(&self) -> bool {
        self.known_viewer == KnownViewer::Extend || self.store == StoreKind::Keyed
    }

    /// Of numbers of views.
    fn of_views(&self) -> [Refused; 3] {
        [
            (
                self.plain_views == PlainViews::InTotals && self.follower_total == FollowerTotal::No,
                "`plain_views: in-totals` says views in the totals of followers, and they say none; add `follower_total: yes`, or say `plain_views: counted`",
            ),
            (
                self.origin_views == OriginViews::InTotals && self.origin_total == OriginTotal::No,
                "`origin_views: in-totals` says views in the totals of origins, and they say none; add `origin_total: yes`, or say `origin_views: updates`",
            ),
            (
                self.origin_views == OriginViews::UpdatesByShare && self.parameters.update_share_ppm == 0,
                "`origin_views: updates-by-share` tells of a change of at least `update_share`, and none is given; add such as `update_share: 5 %`, or say `origin_views: updates`",
            ),
        ]
    }

    /// Of who speaks of viewers, and says that they leave.
    fn of_viewers(&self) -> [Refused; 2] {
        [
            (
                self.parameters.leave_beacon_ppm > 0 && self.viewers_known_by == ViewersKnownBy::Address,
                "`leave_beacon` says that one client leaves, and `viewers_known_by: address` would take all behind its address for gone; add `viewers_known_by: session`, or say `leave_beacon: 0 %`",
            ),
            (
                self.parameters.sampling > 1 && self.follower_total == FollowerTotal::Yes,
                "`sampling` says which viewers are sent singly, and followers send totals of all of theirs; add `follower_total: no`, or say `sampling: 1`",
            ),
        ]
    }

    /// Of totals: when they leave, and for whom.
    fn of_totals(&self) -> [Refused; 3] {
        let says_totals = self.origin_total == OriginTotal::Yes || self.follower_total == FollowerTotal::Yes;
        let knows_viewers = self.keeps_ids() || self.follower_total == FollowerTotal::Yes;
        [
            (
                self.totals_at == TotalsAt::Spread && !says_totals,
                "`totals_at: spread` says when totals leave, and none do; add `origin_total: yes`, or say `totals_at: ticks`",
            ),
            (
                self.totals_to == TotalsTo::Interested && self.origin_total == OriginTotal::No,
                "`totals_to: interested` says to whom origins send totals, and they send none; add `origin_total: yes`, or say `totals_to: everybody`",
            ),
            (
                self.totals_to == TotalsTo::Interested && !knows_viewers,
                "`totals_to: interested` asks whose viewers an origin counts, which it forgets where each View is another entry of a list; add `known_viewer: extend` or `follower_total: yes`",
            ),
        ]
    }

    /// Of sums of records.
    fn of_records(&self) -> [Refused; 5] {
        let sums = self.records == Records::Yes;
        [
            (
                sums && (self.follower_total == FollowerTotal::No || self.origin_total == OriginTotal::No),
                "`records: yes` adds up what each instance says of its own viewers, and some say nothing; add `origin_total: yes` and `follower_total: yes`, or say `records: no`",
            ),
            (
                sums && self.own_viewers == OwnViewers::Each,
                "`records: yes` says the origin's own viewers in its total, and `own_viewers: each` says them once more, beside it; add `own_viewers: none`, or say `records: no`",
            ),
            (
                sums && self.origin_views == OriginViews::InTotals,
                "`origin_views: in-totals` says views in the origin's totals, and under `records: yes` it says none while none of its own viewers is there; add `origin_views: updates`, or say `records: no`",
            ),
            (
                sums && self.forwarded_viewer == ForwardedViewer::PlainView,
                "`records: yes` adds up totals that the origin forwards, and `forwarded_viewer: plain-view` takes those for plain views; add `forwarded_viewer: viewer`, or say `records: no`",
            ),
            (
                sums && self.totals_to == TotalsTo::Interested,
                "`records: yes` adds up the records of all, and `totals_to: interested` keeps the origin's from most; add `totals_to: everybody`, or say `records: no`",
            ),
        ]
    }

    /// Of counts in answers.
    fn of_counts_on_reply(&self) -> [Refused; 3] {
        let answers = self.count_on_reply == CountOnReply::Yes;
        [
            (
                answers && self.accept_result == AcceptResult::Nobody,
                "`count_on_reply: yes` tells followers a total in an answer, and `accept_result: nobody` lets nobody's be shown; add `accept_result: video-host`, or say `count_on_reply: no`",
            ),
            (
                answers && self.totals_clear_viewers() && self.follower_total == FollowerTotal::No,
                "`count_on_reply: yes` answers each viewer with a total, and in `store: keyed` a total makes forget which viewers have been sent, so that each heartbeat would send them again; add `follower_total: yes` or `store: list`, or say `count_on_reply: no`",
            ),
            (
                answers && self.records == Records::Yes,
                "`count_on_reply: yes` answers with the count of all, and `records: yes` takes totals for the viewers of their author alone; leave one of them out",
            ),
        ]
    }

    /// Of batches.
    fn of_batches(&self) -> [Refused; 4] {
        let joins = self.batch == Batch::Yes;
        [
            (
                joins && self.origin_total == OriginTotal::No && self.follower_total == FollowerTotal::No,
                "`batch: yes` joins totals, and nobody says any; add `origin_total: yes`, or say `batch: no`",
            ),
            (
                joins && self.totals_at == TotalsAt::Spread,
                "`batch: yes` joins what leaves at one tick, and `totals_at: spread` parts it over the interval; add `totals_at: ticks`, or say `batch: no`",
            ),
            (
                joins && self.records == Records::Yes,
                "`batch: yes` signs totals together, and under `records: yes` the origin forwards each as its author signed it; leave one of them out",
            ),
            (
                joins && self.count_on_reply == CountOnReply::Yes,
                "`count_on_reply: yes` answers a total with one count, and `batch: yes` sends many at once; leave one of them out",
            ),
        ]
    }

    /// Of counts that are asked for.
    fn of_pull(&self) -> [Refused; 3] {
        let asks = self.pull == Pull::Yes;
        [
            (
                asks && self.accept_result == AcceptResult::Nobody,
                "`pull: yes` asks the origin for a total, and `accept_result: nobody` lets nobody's be shown; add `accept_result: video-host`, or say `pull: no`",
            ),
            (
                asks && self.totals_clear_viewers() && self.follower_total == FollowerTotal::No,
                "`pull: yes` asks for a total at heartbeats, and in `store: keyed` a total makes forget which viewers have been sent, so that the next heartbeat of each would send them again; add `follower_total: yes` or `store: list`, or say `pull: no`",
            ),
            (
                asks && self.records == Records::Yes,
                "`pull: yes` asks for the count of all, and `records: yes` takes totals for the viewers of their author alone; leave one of them out",
            ),
        ]
    }

    /// Of when clients are told to come.
    fn of_hints(&self) -> [Refused; 2] {
        const SECOND: Span = Span::from_secs(1);
        let told = |is_so: fn(Span, Span) -> bool| {
            let heartbeat = self.parameters.heartbeat;
            self.parameters.hints.is_some_and(|Hints { at_most, .. }| is_so(at_most, heartbeat))
        };
        [
            (
                told(|at_most, heartbeat| at_most < heartbeat),
                "`hints` tells clients to come later than after `heartbeat`, and `at_most` is less than that; make `at_most` longer or `heartbeat` shorter, or say `hints: off`",
            ),
            (
                told(|at_most, _| at_most.ns() % SECOND.ns() != 0),
                "`hints` tells clients whole seconds, and `at_most` is no whole number of them; say such as `at_most: 60 s`",
            ),
        ]
    }

    /// Of what is counted of one follower.
    fn of_caps(&self) -> [Refused; 1] {
        [(
            self.parameters.follower_cap.is_some() && !self.keeps_ids(),
            "`follower_cap` asks whose viewers an origin counts, which it forgets where each View is another entry of a list; add `known_viewer: extend`",
        )]
    }
}
