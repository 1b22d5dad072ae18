//! Why some rules contradict others: those of records, of counts in answers or asked for, of batches and of hints. `Rules::contradiction` asks here, too.

use super::parameters::Hints;
use super::rules::{
    AcceptResult, Batch, CountOnReply, FollowerTotal, ForwardedViewer, OriginTotal, OriginViews, OwnViewers,
    Pull, Records, Rules, TotalsAt, TotalsTo,
};
use crate::foundation::units::Span;

impl Rules {
    /// Why one of these contradicts other rules.
    pub(super) fn designs_contradict(&self) -> Option<&'static str> {
        let records = self.records_contradict();
        records
            .or_else(|| self.counts_on_reply_contradict())
            .or_else(|| self.batches_contradict())
            .or_else(|| self.pull_contradicts())
            .or_else(|| self.hints_contradict())
    }

    /// Why records contradict the other rules, if they are kept.
    fn records_contradict(&self) -> Option<&'static str> {
        if self.records == Records::No {
            None
        } else if self.follower_total == FollowerTotal::No || self.origin_total == OriginTotal::No {
            Some(
                "`records: yes` adds up what each instance says of its own viewers, and some say nothing; add `origin_total: yes` and `follower_total: yes`, or say `records: no`",
            )
        } else if self.own_viewers == OwnViewers::Each {
            Some(
                "`records: yes` says the origin's own viewers in its total, and `own_viewers: each` says them once more, beside it; add `own_viewers: none`, or say `records: no`",
            )
        } else if self.origin_views == OriginViews::InTotals {
            Some(
                "`origin_views: in-totals` says views in the origin's totals, and under `records: yes` it says none while none of its own viewers is there; add `origin_views: updates`, or say `records: no`",
            )
        } else if self.forwarded_viewer == ForwardedViewer::PlainView {
            Some(
                "`records: yes` adds up totals that the origin forwards, and `forwarded_viewer: plain-view` takes those for plain views; add `forwarded_viewer: viewer`, or say `records: no`",
            )
        } else if self.totals_to == TotalsTo::Interested {
            Some(
                "`records: yes` adds up the records of all, and `totals_to: interested` keeps the origin's from most; add `totals_to: everybody`, or say `records: no`",
            )
        } else {
            None
        }
    }

    /// Why hints contradict the other rules, if there are any.
    fn hints_contradict(&self) -> Option<&'static str> {
        const SECOND: Span = Span::from_secs(1);
        let Hints { at_most, .. } = self.parameters.hints?;
        if at_most < self.parameters.heartbeat {
            Some(
                "`hints` tells clients to come later than after `heartbeat`, and `at_most` is less than that; make `at_most` longer or `heartbeat` shorter, or say `hints: off`",
            )
        } else if at_most.ns() % SECOND.ns() != 0 {
            Some(
                "`hints` tells clients whole seconds, and `at_most` is no whole number of them; say such as `at_most: 60 s`",
            )
        } else {
            None
        }
    }

    /// Why counts in answers contradict the other rules, if there are any.
    fn counts_on_reply_contradict(&self) -> Option<&'static str> {
        if self.count_on_reply == CountOnReply::No {
            None
        } else if self.accept_result == AcceptResult::Nobody {
            Some(
                "`count_on_reply: yes` tells followers a total in an answer, and `accept_result: nobody` lets nobody's be shown; add `accept_result: video-host`, or say `count_on_reply: no`",
            )
        } else if self.totals_clear_viewers() && self.follower_total == FollowerTotal::No {
            Some(
                "`count_on_reply: yes` answers each viewer with a total, and in `store: keyed` a total makes forget which viewers have been sent, so that each heartbeat would send them again; add `follower_total: yes` or `store: list`, or say `count_on_reply: no`",
            )
        } else if self.records == Records::Yes {
            Some(
                "`count_on_reply: yes` answers with the count of all, and `records: yes` takes totals for the viewers of their author alone; leave one of them out",
            )
        } else {
            None
        }
    }

    /// Why batches contradict the other rules, if there are any.
    fn batches_contradict(&self) -> Option<&'static str> {
        if self.batch == Batch::No {
            None
        } else if self.origin_total == OriginTotal::No && self.follower_total == FollowerTotal::No {
            Some(
                "`batch: yes` joins totals, and nobody says any; add `origin_total: yes`, or say `batch: no`",
            )
        } else if self.totals_at == TotalsAt::Spread {
            Some(
                "`batch: yes` joins what leaves at one tick, and `totals_at: spread` parts it over the interval; add `totals_at: ticks`, or say `batch: no`",
            )
        } else if self.records == Records::Yes {
            Some(
                "`batch: yes` signs totals together, and under `records: yes` the origin forwards each as its author signed it; leave one of them out",
            )
        } else if self.count_on_reply == CountOnReply::Yes {
            Some(
                "`count_on_reply: yes` answers a total with one count, and `batch: yes` sends many at once; leave one of them out",
            )
        } else {
            None
        }
    }

    /// Why asking for counts contradicts the other rules, if it is done.
    fn pull_contradicts(&self) -> Option<&'static str> {
        if self.pull == Pull::No {
            None
        } else if self.accept_result == AcceptResult::Nobody {
            Some(
                "`pull: yes` asks the origin for a total, and `accept_result: nobody` lets nobody's be shown; add `accept_result: video-host`, or say `pull: no`",
            )
        } else if self.totals_clear_viewers() && self.follower_total == FollowerTotal::No {
            Some(
                "`pull: yes` asks for a total at heartbeats, and in `store: keyed` a total makes forget which viewers have been sent, so that the next heartbeat of each would send them again; add `follower_total: yes` or `store: list`, or say `pull: no`",
            )
        } else if self.records == Records::Yes {
            Some(
                "`pull: yes` asks for the count of all, and `records: yes` takes totals for the viewers of their author alone; leave one of them out",
            )
        } else {
            None
        }
    }
}
