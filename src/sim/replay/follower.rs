//! A follower in the replay: arrivals pass its inbox queue and take effect, and its displayed counts are sampled.
//!
//! The inbox queue is a Lindley recursion (`mechanism::lindley`). At one instant, ticks and samples come before all else.

use super::broadcast::{Broadcast, BroadcastEffect, BroadcastSummary, InboxArrival};
use super::context::{Context, Output};
use super::counted::Counted;
use super::shown::{Leaving, Shown};
use crate::cell::Cell;
use crate::domain::asked_back::AfterUpdates;
use crate::domain::delivery::Queues;
use crate::domain::protocol::{Expiry, ForwardedViewer, Records, StoreKind, ViewsInbox};
use crate::event::Lane;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::{DisplayEffect, Input, display_effect, displayed_views};
use crate::mechanism::activity::Kind;
use crate::mechanism::lindley::LindleyQueue;
use crate::mechanism::rate_limit::RateLimiter;
use crate::mechanism::tally::Tallies;
use crate::mechanism::views::Views;
use crate::metrics::catalogue_sums::Whose;
use crate::metrics::counters::{Displayed, TotalAges};
use crate::metrics::traffic::UpdatePlace;
use std::collections::VecDeque;
use std::iter::Peekable;
use std::vec::Drain;

/// The heartbeats of a follower's own viewers in a window, ascending.
type OwnInputs<'w> = Peekable<Drain<'w, (Time, Input<'static>)>>;

/// An uncontended receiver that is replayed.
pub(in crate::sim) struct Follower {
    pub(in crate::sim) id: InstanceId,
    /// Position in its shard.
    place: usize,
    is_peertube: bool,
    has_views_inbox: bool,
    /// Whether its protocol takes a Viewer that is not delivered by its author for a plain view.
    takes_forwarded_for_plain: bool,
    is_dead: bool,
    clock_ahead: Span,
    next_tick: Time,
    tick_number: u32,
    tick_interval: Span,
    next_sample: Time,
    sample_number: u64,
    sample_interval: Span,
    expiry: Expiry,
    shown: Shown,
    /// The numbers of views that it displays.
    views: Views,
    /// What it displayed at each sample; nothing while it is down.
    pub(in crate::sim) displayed: Displayed,
    /// The inbox queue, and that of Views if it is separate.
    lanes: [LindleyQueue; 2],
    /// By inbox queue: activities that take effect at the horizon or later, with the instants.
    unprocessed: [VecDeque<(Time, Broadcast)>; 2],
    /// Arrivals at the horizon or later that are not in rows.
    pub(in crate::sim) to_come: Vec<InboxArrival>,
    /// Arrivals of requests that make events, which the rate limit has not counted yet.
    pub(in crate::sim) arrivals: VecDeque<(Time, InstanceId)>,
    limiter: Option<RateLimiter>,
    /// Whether the rate limit refused a request. The run took it for delivered, so its results are void.
    pub(in crate::sim) has_refused: bool,
    /// The ages of the totals that it displayed at samples.
    pub(in crate::sim) total_ages: TotalAges,
    /// Activities whose service in an inbox queue has begun.
    pub(in crate::sim) worked_on: u64,
}

impl Follower {
    pub(in crate::sim) fn new(
        cell: &Cell,
        place: usize,
        id: InstanceId,
        clock_ahead: Span,
        is_dead: bool,
        has_viewers: bool,
    ) -> Follower {
        let instance = &cell.federation.instances[id.index()];
        let rules = instance.rules;
        let limit = cell.delivery.receiving.rate_limit.filter(|_| cell.delivery.queues != Queues::Unlimited);
        let limiter = limit.map(|limit| RateLimiter::new(limit.requests, limit.per));
        let whole_instance = || Box::new(cell.instance(id));
        Follower {
            id,
            place,
            is_peertube: instance.is_peertube,
            has_views_inbox: instance.is_peertube && rules.views_inbox == ViewsInbox::Own,
            takes_forwarded_for_plain: rules.forwarded_viewer == ForwardedViewer::PlainView,
            is_dead,
            clock_ahead,
            next_tick: cell.tick_phase[id.index()],
            tick_number: 0,
            tick_interval: rules.parameters.tick_interval,
            next_sample: cell.sampling.from,
            sample_number: 0,
            sample_interval: cell.sampling.every,
            expiry: rules.expiry,
            shown: match (rules.store, rules.records) {
                (StoreKind::List, Records::No) => {
                    Shown::List { received: Tallies::default(), own: has_viewers.then(whole_instance) }
                }
                // what is received finds the entry of its id
                (StoreKind::Keyed, _) | (_, Records::Yes) => Shown::Instance(whole_instance()),
            },
            views: Views::default(),
            displayed: Displayed::new(),
            lanes: Default::default(),
            unprocessed: Default::default(),
            to_come: Vec::new(),
            arrivals: VecDeque::new(),
            limiter,
            has_refused: false,
            total_ages: TotalAges::default(),
            worked_on: 0,
        }
    }

    /// Replays arrivals before the horizon, ascending, and heartbeats of own viewers.
    pub(in crate::sim) fn replay(
        &mut self,
        coming: &mut [InboxArrival],
        own: &mut Vec<(Time, Input<'static>)>,
        (broadcasts, summaries): (&[Broadcast], &[BroadcastSummary]),
        context: &Context<'_>,
        mut output: Output<'_>,
    ) {
        self.count(coming, broadcasts, context);
        // a sample sees what waits, so all arrivals are queued before anything takes effect, earlier ones as well
        self.queue(coming, summaries, context);
        let own = &mut own.drain(..).peekable();
        for lane in [0, 1] {
            while let Some((done, broadcast)) =
                self.unprocessed[lane].pop_front_if(|task| task.0 < context.horizon)
            {
                self.process(done, &broadcast, own, context, &mut output);
            }
        }
        let counts = matches!(self.shown, Shown::List { .. }) && self.is_peertube;
        let mut rest = &*coming;
        while let Some((&InboxArrival { at, broadcast }, behind)) = rest.split_first() {
            let (broadcast, summary) = (&broadcasts[broadcast as usize], &summaries[broadcast as usize]);
            let run = rest;
            rest = behind;
            if at >= context.horizon {
                let lane = usize::from(self.is_in_views_inbox(summary.kind));
                self.unprocessed[lane].push_back((at, *broadcast));
            } else if self.takes_for_plain(summary.kind) {
                self.process_plain(at, summary.kind, summary.authored, &mut output);
            } else if summary.effect == BroadcastEffect::AddsOne && counts {
                rest = self.add_run(run, summaries, own, context, &mut output);
            } else if summary.effect == BroadcastEffect::ShowsNothing {
                output.delays[summary.kind as usize].note(at.since(summary.authored));
            } else {
                self.process(at, broadcast, own, context, &mut output);
            }
        }
        own.for_each(|(at, input)| self.heartbeat(at, input, context, &mut output));
        self.advance(context.horizon, context, &mut output);
    }

    /// Passes all arrivals before the horizon through the rate limit, in order of arrival.
    fn count(&mut self, received: &[InboxArrival], broadcasts: &[Broadcast], context: &Context<'_>) {
        let Some(limiter) = &mut self.limiter else { return };
        let counted = context.horizon.before(context.verify);
        let without_events =
            received.iter().filter(|received| !broadcasts[received.broadcast as usize].has_events);
        for received in without_events {
            let at = received.at.before(context.verify);
            while let Some((before, from)) = self.arrivals.pop_front_if(|arrival| arrival.0 <= at) {
                self.has_refused |= !limiter.takes(before, from);
            }
            self.has_refused |= !limiter.takes(at, broadcasts[received.broadcast as usize].from);
        }
        while let Some((before, from)) = self.arrivals.pop_front_if(|arrival| arrival.0 < counted) {
            self.has_refused |= !limiter.takes(before, from);
        }
    }

    /// Whether an activity is queued in the separate queue of Views.
    fn is_in_views_inbox(&self, kind: Kind) -> bool {
        self.has_views_inbox && kind.is_view()
    }

    /// Replaces the instant of each arrival by the instant at which it takes effect: when its service ends, or the same
    /// without inbox queues.
    fn queue(&mut self, coming: &mut [InboxArrival], summaries: &[BroadcastSummary], context: &Context<'_>) {
        let Some(work) = context.inbox else { return };
        let (next_sample, end) = (self.next_sample, context.end);
        if !self.has_views_inbox {
            let all = coming.iter_mut().map(|received| &mut received.at);
            self.worked_on += self.lanes[0].serve(all, work, next_sample, end);
            return;
        }
        for (lane, of_views) in self.lanes.iter_mut().zip([false, true]) {
            let is_here = |received: &&mut InboxArrival| {
                summaries[received.broadcast as usize].kind.is_view() == of_views
            };
            let here = coming.iter_mut().filter(is_here).map(|received| &mut received.at);
            self.worked_on += lane.serve(here, work, next_sample, end);
        }
    }

    /// `process` for `BroadcastEffect::AddsOne` and tallies, the most frequent case: for the first arrival and those behind it
    /// that take effect before the next tick or sample and add to the same count or to none. Returns the others.
    fn add_run<'r>(
        &mut self,
        run: &'r [InboxArrival],
        summaries: &[BroadcastSummary],
        own: &mut OwnInputs<'_>,
        context: &Context<'_>,
        output: &mut Output<'_>,
    ) -> &'r [InboxArrival] {
        let first = &summaries[run[0].broadcast as usize];
        self.take_own_before(run[0].at, own, context, output);
        self.advance_before(run[0].at, context, output);
        let leaving = self.leaving(first.expires);
        let until = self.next_tick.min(self.next_sample).min(context.horizon);
        let (mut added, mut taken) = (0, 0);
        for received in run {
            let summary = &summaries[received.broadcast as usize];
            let adds = summary.effect == BroadcastEffect::AddsOne;
            let leaves = (summary.video == first.video) & leaving.holds_for(summary.expires);
            // without branches: which of both effects comes next cannot be predicted
            let is_in_run = (adds & leaves) | (summary.effect == BroadcastEffect::ShowsNothing);
            if taken > 0 && (received.at >= until || !is_in_run || self.takes_for_plain(summary.kind)) {
                break;
            }
            output.delays[summary.kind as usize].note(received.at.since(summary.authored));
            added += u32::from(adds);
            taken += 1;
        }
        if let Shown::List { received, .. } = &mut self.shown {
            received.add(first.video, added, leaving.at);
        }
        &run[taken..]
    }

    /// When an entry leaves that expires at `expires` by its author's clock.
    fn leaving(&self, expires: Time) -> Leaving {
        let (next, interval) = match self.expiry {
            Expiry::Ticks => (self.next_tick, self.tick_interval),
            Expiry::Exact => (self.next_sample, self.sample_interval),
        };
        Leaving::of(expires, next, interval, self.clock_ahead)
    }

    /// Whether an activity of a kind is a plain view here, though its author sent a viewer.
    fn takes_for_plain(&self, kind: Kind) -> bool {
        self.takes_forwarded_for_plain
            && self.is_peertube
            && matches!(kind, Kind::ViewerForwarded | Kind::FollowerTotalForwarded)
    }

    /// An activity that is taken for a plain view takes effect: it changes no display.
    fn process_plain(&self, at: Time, kind: Kind, authored: Time, output: &mut Output<'_>) {
        output.delays[kind as usize].note(at.since(authored));
        output.aggregates.viewers_as_plain_views += 1;
    }

    /// An activity takes effect, after earlier heartbeats of own viewers.
    fn process(
        &mut self,
        at: Time,
        broadcast: &Broadcast,
        own: &mut OwnInputs<'_>,
        context: &Context<'_>,
        output: &mut Output<'_>,
    ) {
        let Broadcast { activity, kind, from, authored, .. } = broadcast;
        if self.takes_for_plain(*kind) {
            return self.process_plain(at, *kind, *authored, output);
        }
        output.delays[*kind as usize].note(at.since(*authored));
        if !self.is_peertube {
            return;
        }
        let after_updates = output.cell.other.asked_back.after_updates;
        if *kind == Kind::Update && after_updates == AfterUpdates::Counted {
            let Cell { federation, sampling, .. } = output.cell;
            let bucket = at.ns() / sampling.bucket.ns();
            let listing = federation.listing(activity.video);
            let place = UpdatePlace { bucket, listing, follower: self.id, origin: *from };
            *output.aggregates.update_fetches.entry(place).or_default() += 1;
        }
        if activity.views.is_some() {
            let federation = &output.cell.federation;
            let rules = &federation.instances[self.id.index()].rules;
            if let Some(number) = displayed_views(rules, activity, federation.origin(activity.video)) {
                self.show_views(at, activity.video, number, output);
            }
        }
        // with a separate queue of Views, what is in the other queue changes no display
        let changes_display = kind.is_view() || !self.has_views_inbox;
        let Some(expires) = activity.expires.filter(|_| changes_display) else { return };
        self.take_own_before(at, own, context, output);
        self.advance_before(at, context, output);
        let sender = *from;
        let leaves = self.leaving(expires).at;
        match &mut self.shown {
            Shown::Instance(instance) => {
                let input = Input::Receive { activity, sender };
                instance.handle(at + self.clock_ahead, input, &mut Vec::new());
            }
            Shown::List { received, own } => {
                let federation = &output.cell.federation;
                let rules = &federation.instances[self.id.index()].rules;
                match display_effect(rules, activity, sender, federation.origin(activity.video)) {
                    DisplayEffect::None => {}
                    DisplayEffect::More(count) => received.add(activity.video, count, leaves),
                    DisplayEffect::Record(_) => unreachable!("an instance keeps records"),
                    DisplayEffect::Replaced { count, total_built } => {
                        received.replace(activity.video, count, leaves, total_built);
                        own.iter_mut().for_each(|own| own.forget_listed(activity.video));
                    }
                }
            }
        }
        if *kind == Kind::Total {
            self.total_ages.took_effect(activity, *authored);
        }
    }

    /// An `Update` takes effect. It comes in the order of its inbox queue, whatever Views do.
    fn show_views(&mut self, at: Time, video: VideoId, number: u32, output: &mut Output<'_>) {
        if let Some(change) = self.views.display(video, number) {
            let Cell { federation, sampling, .. } = output.cell;
            let sample = sampling.count_until(at) as u32;
            output.aggregates.views.note(federation, self.id, &change, sample);
        }
    }

    /// A heartbeat of an own viewer changes what is displayed.
    fn heartbeat(&mut self, at: Time, input: Input<'static>, context: &Context<'_>, output: &mut Output<'_>) {
        self.advance_before(at, context, output);
        self.shown.client_input(at + self.clock_ahead, input);
    }

    /// Heartbeats of own viewers before an instant.
    fn take_own_before(
        &mut self,
        at: Time,
        own: &mut OwnInputs<'_>,
        context: &Context<'_>,
        output: &mut Output<'_>,
    ) {
        while let Some((before, input)) = own.next_if(|own| own.0 < at) {
            self.heartbeat(before, input, context, output);
        }
    }

    /// `advance` if a tick or sample is due at `at` or before.
    fn advance_before(&mut self, at: Time, context: &Context<'_>, output: &mut Output<'_>) {
        if at >= self.next_tick || at >= self.next_sample {
            self.advance(at, context, output);
        }
    }

    /// Executes the ticks and samples up to an instant and at it.
    fn advance(&mut self, to: Time, context: &Context<'_>, output: &mut Output<'_>) {
        let to = to.min(context.end);
        while self.next_tick.min(self.next_sample) <= to {
            if self.next_tick <= self.next_sample {
                self.tick();
            } else {
                self.sample(context, output);
            }
        }
    }

    /// Removes expired entries.
    fn tick(&mut self) {
        self.shown.tick(self.next_tick, self.next_tick + self.clock_ahead, self.tick_number);
        self.next_tick += self.tick_interval;
        self.tick_number += 1;
    }

    /// Records displayed counts, staleness of totals and inbox queues.
    fn sample(&mut self, context: &Context<'_>, output: &mut Output<'_>) {
        let at = self.next_sample;
        if self.expiry == Expiry::Exact {
            self.shown.ask_at(at, at + self.clock_ahead);
        }
        let expired = self.expired_until(at);
        let counted = context.counted.displays(self.place, self.sample_number, expired);
        let (federation, sample) = (&output.cell.federation, self.sample_number as usize);
        let displays = self.shown.displays().chain(counted).filter(|_| !self.is_dead);
        for (video, count) in displays.filter(|&(video, _)| federation.catalogue_of(video).is_none()) {
            self.displayed.entry(video).or_default().add(sample, count);
        }
        if !self.is_dead && self.is_peertube {
            let counted = context.counted.displays(self.place, self.sample_number, expired);
            let of = (federation, &*output.cell.audience);
            let displays = self.shown.displays().chain(counted);
            output.aggregates.catalogues.sample(of, (self.id, Whose::Others), sample, displays);
        }
        self.total_ages.sample(at, self.shown.displayed_totals());
        if let Some(work) = context.inbox {
            for (lane, name) in self.lanes.iter_mut().zip([Lane::Inbox, Lane::ViewsInbox]) {
                let mut sample = lane.sample(at, work, at + self.sample_interval);
                // counted jobs reach all followers that are alive
                let is_here = |is_view: &bool| {
                    !self.is_dead && (is_view & self.has_views_inbox) == (name == Lane::ViewsInbox)
                };
                for is_view in [false, true].into_iter().filter(is_here) {
                    sample.started += context.counted.came(self.place, is_view, self.sample_number);
                }
                output.note_queue(at, self.id, name, &sample);
            }
        }
        self.next_sample += self.sample_interval;
        self.sample_number += 1;
    }

    /// The most activities that waited in one of its inbox queues, whose service takes `work`.
    pub(in crate::sim) fn inbox_waiting_peak(&self, work: Span) -> u64 {
        self.lanes.iter().map(|lane| lane.waiting_peak(work)).max().unwrap_or(0)
    }

    /// The time of its last tick, by its own clock.
    pub(in crate::sim) fn ticked(&self) -> Option<Time> {
        (self.tick_number > 0).then(|| self.next_tick.before(self.tick_interval) + self.clock_ahead)
    }

    /// At a sample what has expired by then, on its own clock, is displayed no more.
    fn expired_until(&self, sample: Time) -> Option<Time> {
        match self.expiry {
            Expiry::Ticks => self.ticked(),
            Expiry::Exact => Some(sample + self.clock_ahead),
        }
    }

    /// Whether at an instant nothing is still to arrive, waiting or displayed.
    pub(in crate::sim) fn is_idle(&self, counted: &Counted, now: Time) -> bool {
        let shows_nothing = || {
            self.shown.displays().next().is_none()
                && counted.is_idle(self.place, now, self.expired_until(now))
        };
        let is_quiet =
            || if self.is_peertube { shows_nothing() } else { counted.has_arrived(self.place, now) };
        self.to_come.is_empty()
            && self.unprocessed.iter().all(VecDeque::is_empty)
            && (self.is_dead || is_quiet())
    }
}
