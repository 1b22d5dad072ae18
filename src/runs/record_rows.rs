//! The rows of each file of records, from what was observed of a cell, without the columns that all files have.

use crate::foundation::ids::InstanceId;
use crate::foundation::random::Seed;
use crate::metrics::Observed;
use crate::metrics::delays::QUANTILES_PER_MILLE;
use crate::metrics::links::LinkRow;
use crate::metrics::pairs::Sums as PairSums;
use crate::metrics::traffic::{Sums, TrafficRow};
use crate::metrics::views::ClassViews;
use crate::runs::cell::CellResult;
use crate::scenario::Scenario;

/// Takes the rows of a file one by one.
pub(super) type Emit<'a> = &'a mut dyn FnMut(&[String]);

/// Stands for a kind where a row is about all of them.
pub(super) const ALL_KINDS: &str = "all";

pub(super) fn traffic(scenario: &Scenario, result: &CellResult, emit: Emit<'_>) {
    let listings = scenario.listings();
    // what an instance sends about its own videos and about others of a catalogue is one row
    let is_same = |one: &TrafficRow, next: &TrafficRow| {
        TrafficRow { is_own: true, ..*one }.place() == TrafficRow { is_own: true, ..*next }.place()
    };
    for rows in result.observed.traffic.chunk_by(is_same) {
        let row = &rows[0];
        let mut sums = Sums::ZERO;
        rows.iter().for_each(|row| sums.add(&row.sums));
        emit(&[
            ms(row.start_ns),
            listings[row.listing.index()].clone(),
            scenario.instances[row.instance as usize].name.clone(),
            row.direction.name().to_owned(),
            row.kind.name().to_owned(),
            sums.messages.to_string(),
            sums.head_bytes.to_string(),
            sums.body_bytes.to_string(),
            sums.response_bytes.to_string(),
            sums.tcp_up_bytes.to_string(),
            sums.tcp_down_bytes.to_string(),
            sums.tls_up_bytes.to_string(),
            sums.tls_down_bytes.to_string(),
        ]);
    }
}

/// A row for each sample, video and instance that shows it, whether or not anybody ever watches.
pub(super) fn counters(scenario: &Scenario, result: &CellResult, emit: Emit<'_>) {
    let Observed { counters, views, .. } = &result.observed;
    let variant = scenario.variant(&result.protocol).expect("a column of the scenario");
    let seed = Seed { seed: result.seed, replication: result.replication };
    let federation = scenario.federation(variant, seed);
    for (sample, &at_ns) in counters.at_ns.iter().enumerate() {
        for id in federation.listed() {
            let video = &federation.videos[id.index()];
            let watching = counters.watching(id, sample).to_string();
            let counted =
                views.as_ref().map_or_else(String::new, |views| views.counted(id, sample).to_string());
            for instance in federation.showing(id) {
                let displayed = counters.displayed(id, instance, sample);
                // an instance that is down displays nothing
                let up = views.as_ref().filter(|_| displayed.is_some());
                let displayed_views = up.map(|views| views.displayed(id, instance, sample));
                emit(&[
                    ms(at_ns),
                    video.name.clone(),
                    federation.instances[instance.index()].name.clone(),
                    displayed.map_or_else(String::new, |count| count.to_string()),
                    watching.clone(),
                    displayed_views.map_or_else(String::new, |views| views.to_string()),
                    counted.clone(),
                ]);
            }
        }
    }
}

/// A row for each sample, catalogue and class of popularity: sums over its videos, and over the instances that show them or the
/// viewers who see them.
pub(super) fn catalogues(scenario: &Scenario, result: &CellResult, emit: Emit<'_>) {
    let Observed { counters, catalogues, .. } = &result.observed;
    for row in catalogues {
        let displayed = |sums: &PairSums| (sums.error + sums.watching as i64).to_string();
        let views = |of: fn(&ClassViews) -> i64| {
            row.views.as_ref().map_or_else(String::new, |views| of(views).to_string())
        };
        emit(&[
            ms(counters.at_ns[row.sample]),
            scenario.catalogues[row.catalogue].name.clone(),
            (row.class + 1).to_string(),
            row.watched_videos.to_string(),
            row.watching.to_string(),
            row.origins.pairs.to_string(),
            displayed(&row.origins),
            row.origins.error_abs.to_string(),
            row.followers.pairs.to_string(),
            displayed(&row.followers),
            row.followers.error_abs.to_string(),
            row.seen.viewers.to_string(),
            row.seen.error_abs.to_string(),
            row.seen.wrong_zeros.to_string(),
            views(|views| views.counted),
            views(|views| views.at_origins),
            views(|views| views.followers_counted),
            views(|views| views.at_followers),
        ]);
    }
}

pub(super) fn delays(_: &Scenario, result: &CellResult, emit: Emit<'_>) {
    for row in &result.observed.delays {
        for (per_mille, delay_us) in QUANTILES_PER_MILLE.iter().zip(row.quantiles_us) {
            let quantile = f64::from(*per_mille) / 1000.0;
            emit(&[
                row.kind.name().to_owned(),
                row.messages.to_string(),
                quantile.to_string(),
                delay_us.to_string(),
            ]);
        }
    }
}

pub(super) fn queues(scenario: &Scenario, result: &CellResult, emit: Emit<'_>) {
    for row in &result.observed.delivery.queues {
        emit(&[
            ms(row.at_ns),
            scenario.instances[row.instance as usize].name.clone(),
            row.queue.name().to_owned(),
            row.waiting.to_string(),
            row.running.to_string(),
            ms(row.oldest_ns),
            row.started.to_string(),
            ms(row.waited_ns),
        ]);
    }
}

pub(super) fn followers(scenario: &Scenario, result: &CellResult, emit: Emit<'_>) {
    for row in &result.observed.delivery.health {
        emit(&[
            ms(row.at_ns),
            scenario.instances[row.instance as usize].name.clone(),
            scenario.instances[row.follower as usize].name.clone(),
            row.good.to_string(),
            row.bad.to_string(),
            row.score.to_string(),
            row.removed.to_string(),
        ]);
    }
}

pub(super) fn links(scenario: &Scenario, result: &CellResult, emit: Emit<'_>) {
    let instance = |id: InstanceId| scenario.instances[id.index()].name.clone();
    let listings = scenario.listings();
    let singles = scenario.videos.len();
    let is_catalogue =
        |row: &LinkRow| (singles..singles + scenario.catalogues.len()).contains(&row.listing.index());
    // of a catalogue, all kinds are one row
    let is_same = |one: &LinkRow, next: &LinkRow| {
        is_catalogue(one)
            && (one.listing, one.sender, one.receiver) == (next.listing, next.sender, next.receiver)
    };
    for rows in result.observed.links.chunk_by(is_same) {
        let row = &rows[0];
        let sum = |read: fn(&LinkRow) -> u64| rows.iter().map(read).sum::<u64>().to_string();
        emit(&[
            listings[row.listing.index()].clone(),
            instance(row.sender),
            instance(row.receiver),
            if is_catalogue(row) { ALL_KINDS } else { row.kind.name() }.to_owned(),
            sum(|row| row.sums.messages),
            sum(|row| row.sums.head_bytes),
            sum(|row| row.sums.body_bytes),
        ]);
    }
}

/// Heartbeats, which clients pay for, are what comes to a door so far.
pub(super) fn doors(scenario: &Scenario, result: &CellResult, emit: Emit<'_>) {
    for door in &result.observed.doors {
        emit(&[
            scenario.instances[door.instance.index()].name.clone(),
            "heartbeat".to_owned(),
            "clients".to_owned(),
            door.sent.to_string(),
            door.answered.to_string(),
            door.request_bytes.to_string(),
            door.answer_bytes.to_string(),
            door.per_s_peak.to_string(),
        ]);
    }
}

/// Whole milliseconds, rounded down. Buckets and samples begin at whole ones: validation holds scenarios to that.
fn ms(ns: u64) -> String {
    (ns / 1_000_000).to_string()
}
