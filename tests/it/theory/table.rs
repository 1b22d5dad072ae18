//! The experiments: each a setting, and what the closed forms claim about it.
//!
//! Rates and windows are chosen so that standard errors stay below 0.5 % with 100 replications at little cost: about
//! 60,000 sessions a setting, more where messages are counted. Anchor A keeps its own rates and heartbeats of 5 s; the
//! other settings beat every 15, 25 or 30 s, which the formulas know. Samples are 7 or 13 s apart: no divisor of the tick
//! interval, so that they fall on every age after a tick.

use super::door::{Claim, claim};
use super::experiment::{Run, Setting, Viewers, Window};
use super::formulas::Theory;
use fedisim::domain::protocol::{KnownViewer, Parameters, Rules, StoreKind};
use fedisim::domain::watch::Watch;
use fedisim::domain::workload::Scripted;
use fedisim::mechanism::network::Latency;
use fedisim::words::ids::InstanceId;
use fedisim::words::random::fold;
use fedisim::words::units::{Span, Time};

/// A setting and the claims about it.
pub(super) struct Experiment {
    pub(super) name: &'static str,
    pub(super) setting: fn() -> Setting,
    pub(super) claims: fn(&Theory) -> Vec<Claim>,
}

/// Viewers per second in anchor A: the origin and four followers.
const ANCHOR_A: [f64; 5] = [0.05; 5];

/// When everybody of the closing scene leaves, in seconds.
const LEAVE_S: f64 = 400.0;

impl Experiment {
    /// The replications of a setting: of the experiment's own, or of one with a planted error. The seed is the hash of
    /// the name, so that experiments are independent of each other and of their order.
    pub(super) fn run(&self, setting: &Setting) -> Vec<Run> {
        let letters: Vec<u64> = self.name.bytes().map(u64::from).collect();
        setting.run(fold(&letters))
    }
}

pub(super) const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        name: "anchor A, v1 with every viewer counted once",
        setting: || Setting::poisson(v1_once(), &ANCHOR_A, 1_800, 6_000),
        claims: |theory| {
            let display = theory.origin_display(theory.remote_entry_once_s(1));
            let at_follower =
                theory.follower_display(theory.remote_entry_once_s(1), theory.remote_entry_once_s(2));
            vec![
                claim("1 true viewers", Run::true_viewers, theory.true_viewers()),
                claim("8 messages /s", Run::messages_per_s, theory.v1_messages_per_s()),
                claim("5+9 display at the origin", Run::origin_display, display),
                claim("5+9 display at followers", Run::follower_display, at_follower),
                claim("5+9 display / truth", Run::origin_ratio, display / theory.true_viewers()),
            ]
        },
    },
    Experiment {
        name: "anchor A, peertube-6.0",
        setting: || Setting::poisson(preset("peertube-6.0"), &ANCHOR_A, 1_800, 6_000),
        claims: |theory| {
            let display = theory.origin_display(theory.remote_entries_each_s(1));
            let at_follower =
                theory.follower_display(theory.remote_entries_each_s(1), theory.remote_entries_each_s(2));
            vec![
                claim("8 messages /s", Run::messages_per_s, theory.v1_messages_per_s()),
                claim("5+10 display at the origin", Run::origin_display, display),
                claim("5+10 display at followers", Run::follower_display, at_follower),
            ]
        },
    },
    Experiment {
        name: "anchor A, v2",
        setting: || Setting::poisson(preset("v2"), &ANCHOR_A, 1_800, 7_200),
        claims: |theory| {
            let display = theory.origin_display(theory.remote_entry_once_s(1));
            vec![
                claim("5+9 display at the origin", Run::origin_display, display),
                claim("11 total at a tick", Run::total, theory.total()),
                claim("12 display at followers", Run::follower_display, theory.v2_display()),
                claim("13 messages /s", Run::messages_per_s, theory.v2_messages_per_s()),
                claim("16 age of the total, s", Run::total_age_s, theory.total_age_s()),
            ]
        },
    },
    Experiment {
        name: "single sessions",
        setting: || {
            let window = Window::UntilIdle(Span::from_secs(13));
            Setting { window, ..Setting::poisson(preset("v1"), &[0.0, 0.06], 0, 15_000) }
        },
        claims: |theory| {
            vec![
                claim("3 last heartbeat, s", Run::last_heartbeat_s, theory.last_heartbeat_s()),
                claim("4 life of an own entry, s", Run::own_entry_s, theory.own_entry_s()),
                claim("7 Views per session", Run::views_per_session, theory.views_per_session()),
            ]
        },
    },
    Experiment {
        name: "everybody watches 300 s",
        setting: || fixed_watch(Span::from_secs(300)),
        claims: |theory| {
            let views = theory.views_of_fixed_watch(300.0);
            vec![claim("7 Views per session, fixed", Run::views_per_session, views)]
        },
    },
    Experiment {
        name: "everybody watches 180 s",
        setting: || fixed_watch(Span::from_secs(180)),
        claims: |theory| {
            let views = theory.views_of_fixed_watch(180.0);
            vec![claim("7 Views per session, fixed", Run::views_per_session, views)]
        },
    },
    Experiment {
        name: "own viewers",
        setting: || Setting::poisson(beating(preset("v2"), 15), &[0.06], 1_800, 21_000),
        claims: |theory| {
            vec![
                claim("5 display of own viewers", Run::origin_display, theory.own_display()),
                claim("5 bias of the origin", Run::origin_bias, theory.own_bias()),
            ]
        },
    },
    Experiment {
        name: "saw-tooth",
        setting: || {
            let setting = Setting::poisson(beating(preset("v2"), 15), &[0.08], 1_800, 15_000);
            Setting { window: Window::AfterTicks, ..setting }
        },
        claims: |theory| {
            let after = |age_s| theory.own_display_after_tick(age_s);
            vec![
                claim("6 display 30 s after a tick", |run| run.every_second_display(0), after(30.0)),
                claim("6 display 90 s after a tick", |run| run.every_second_display(1), after(90.0)),
            ]
        },
    },
    Experiment {
        name: "v1 with every viewer counted once, loss 0.2",
        setting: || lossy(v1_once()),
        claims: |theory| {
            let display = theory.origin_display(theory.remote_entry_once_s(1));
            let at_follower =
                theory.follower_display(theory.remote_entry_once_s(1), theory.remote_entry_once_s(2));
            vec![
                claim("8 messages /s", Run::messages_per_s, theory.v1_messages_per_s()),
                claim("5+9 display at the origin", Run::origin_display, display),
                claim("5+9 display at followers", Run::follower_display, at_follower),
            ]
        },
    },
    Experiment {
        name: "peertube-6.0, loss 0.2",
        setting: || lossy(preset("peertube-6.0")),
        claims: |theory| {
            let display = theory.origin_display(theory.remote_entries_each_s(1));
            let at_follower =
                theory.follower_display(theory.remote_entries_each_s(1), theory.remote_entries_each_s(2));
            vec![
                claim("5+10 display at the origin", Run::origin_display, display),
                claim("5+10 display at followers", Run::follower_display, at_follower),
            ]
        },
    },
    Experiment {
        name: "v1 with every viewer counted once, 5 to 15 s a hop",
        setting: || {
            let setting = Setting::poisson(beating(v1_once(), 30), &[0.0, 0.05, 0.0], 1_800, 24_000);
            Setting { latency: slow(), ..setting }
        },
        claims: |theory| {
            let rate_per_s = theory.rates_per_s[1];
            let after = |hops| rate_per_s * theory.remote_entry_once_s(hops);
            vec![
                claim("9 display one hop away", Run::origin_display, after(1)),
                claim("9 display two hops away", |run| run.mean_display(2), after(2)),
            ]
        },
    },
    Experiment {
        name: "peertube-6.0, 5 to 15 s a hop",
        setting: || {
            let rules = beating(preset("peertube-6.0"), 25);
            let setting = Setting::poisson(rules, &[0.0, 0.05, 0.0], 1_800, 24_000);
            Setting { latency: slow(), ..setting }
        },
        claims: |theory| {
            let rate_per_s = theory.rates_per_s[1];
            let after = |hops| rate_per_s * theory.remote_entries_each_s(hops);
            vec![
                claim("10 display one hop away", Run::origin_display, after(1)),
                claim("10 display two hops away", |run| run.mean_display(2), after(2)),
            ]
        },
    },
    Experiment {
        name: "v2, 5 to 15 s a hop",
        setting: || {
            let rates = [0.01, 0.02, 0.02];
            let setting = Setting::poisson(beating(preset("v2"), 30), &rates, 1_800, 27_000);
            Setting { latency: slow(), ..setting }
        },
        claims: |theory| {
            vec![
                claim("11 total at a tick", Run::total, theory.total()),
                claim("16 age of the total, s", Run::total_age_s, theory.total_age_s()),
            ]
        },
    },
    Experiment {
        name: "v2 with hardly anybody there",
        setting: || {
            let rates = [0.003, 0.001, 0.001, 0.0, 0.0, 0.0, 0.0];
            Setting::poisson(beating(preset("v2"), 30), &rates, 1_800, 60_000)
        },
        claims: |theory| vec![claim("13 messages /s", Run::messages_per_s, theory.v2_messages_per_s())],
    },
    Experiment {
        name: "peertube-6.3-v2",
        setting: || {
            let rates = [0.1, 0.01, 0.01, 0.01, 0.01];
            let setting = Setting::poisson(beating(preset("peertube-6.3-v2"), 30), &rates, 1_800, 42_000);
            // a total is shown whole for some seconds only
            Setting { window: Window::Steady(Span::from_secs(7)), ..setting }
        },
        claims: |theory| {
            let clobbered = theory.clobbered_display();
            vec![
                claim("14 messages /s", Run::messages_per_s, theory.forwarding_messages_per_s()),
                Claim {
                    formula_error: 0.02,
                    ..claim("15 display at followers", Run::follower_display, clobbered)
                },
            ]
        },
    },
    Experiment {
        name: "peertube-6.3-v2, loss 0.2",
        setting: || lossy(preset("peertube-6.3-v2")),
        claims: |theory| {
            vec![claim("14 messages /s", Run::messages_per_s, theory.forwarding_messages_per_s())]
        },
    },
    Experiment {
        name: "totals alone, loss 0.2",
        setting: || totals_alone(60, 200_000),
        claims: |theory| {
            vec![
                claim("16 age of the total, s", Run::total_age_s, theory.total_age_s()),
                claim("16a age of a shown total, s", Run::shown_total_age_s, theory.shown_total_age_s()),
                claim("17 share of zeros", Run::zero_share, theory.zero_share()),
            ]
        },
    },
    Experiment {
        name: "everybody leaves",
        setting: || Setting::scripted(preset("v1"), 1, leavers(), 900),
        claims: |_| {
            vec![
                claim("18 samples before t1 + L - h that lack somebody", lacking_before_expiry, 0.0),
                claim("18 samples after t1 + L + T that show somebody", shown_after_all, 0.0),
            ]
        },
    },
    Experiment {
        name: "start of a wave",
        setting: || Setting::scripted(preset("v1"), 1, passers_by(), 300),
        claims: |_| vec![claim("19 samples up to L that differ from the arrivals", differing_at_start, 0.0)],
    },
];

/// The rules of a preset.
fn preset(name: &str) -> Rules {
    Rules::preset(name).expect("a preset")
}

/// v1 with a store in which a View extends what it names, everywhere: no release has this row.
fn v1_once() -> Rules {
    Rules { known_viewer: KnownViewer::Extend, store: StoreKind::Keyed, ..preset("v1") }
}

/// The rules with a heartbeat every `s` seconds.
fn beating(rules: Rules, s: u64) -> Rules {
    Rules { parameters: Parameters { heartbeat: Span::from_secs(s), ..rules.parameters }, ..rules }
}

/// So slow that a delay forgotten or counted twice shows, and still below the 30 s that the formulas allow in two hops.
fn slow() -> Latency {
    Latency::Uniform { min: Span::from_secs(5), max: Span::from_secs(15) }
}

/// One message of five is lost.
fn lossy(rules: Rules) -> Setting {
    let rates = [0.02, 0.01, 0.01, 0.01, 0.01];
    Setting { loss_ppm: 200_000, ..Setting::poisson(beating(rules, 30), &rates, 1_800, 24_000) }
}

/// Visits of one length at the one follower.
fn fixed_watch(watch: Span) -> Setting {
    let window = Window::UntilIdle(Span::from_secs(13));
    let setting = Setting::poisson(preset("v1"), &[0.0, 0.05], 0, 1_200);
    Setting { watch: Watch::Fixed(watch), window, ..setting }
}

/// One viewer at the origin, and followers who hear of nobody else.
fn totals_alone(followers: usize, loss_ppm: u32) -> Setting {
    let end_s = 12_600;
    let visit = visit(0, 0.0, end_s as f64 + 1.0);
    let visit = Scripted { heartbeat: Some(Span::from_secs(60)), ..visit };
    Setting {
        loss_ppm,
        from_s: 600,
        window: Window::Steady(Span::from_secs(13)),
        viewers: Viewers::Scripted(vec![visit]),
        replications: 240,
        ..Setting::scripted(preset("v2"), followers, Vec::new(), end_s)
    }
}

fn visit(instance: u32, start_s: f64, watch_s: f64) -> Scripted {
    Scripted {
        viewer: None,
        instance: InstanceId(instance),
        start: Time::ZERO + Span::from_secs_f64(start_s),
        watch: Span::from_secs_f64(watch_s),
        heartbeat: None,
    }
}

/// 40 viewers of the origin who leave together, each with a heartbeat at another time.
fn leavers() -> Vec<Scripted> {
    (0..40).map(f64::from).map(|n| visit(0, 2.3 * n, LEAVE_S - 2.3 * n)).collect()
}

/// 60 viewers of the origin who come within the lifetime, never at the instant of a sample; most leave within it too.
fn passers_by() -> Vec<Scripted> {
    (0..60).map(f64::from).map(|n| visit(0, 1.9 * n + 0.05, 1.0 + 2.0 * n)).collect()
}

fn lacking_before_expiry(run: &Run) -> f64 {
    let expires_s = LEAVE_S + 120.0 - 5.0;
    let lacks = |&(at_s, &shown): &(f64, &u32)| at_s > LEAVE_S && at_s < expires_s && shown != 40;
    run.at_s().zip(&run.shown(0)).filter(lacks).count() as f64
}

fn shown_after_all(run: &Run) -> f64 {
    let cleaned_s = LEAVE_S + 120.0 + 120.0;
    let shows = |&(at_s, &shown): &(f64, &u32)| at_s > cleaned_s && shown != 0;
    run.at_s().zip(&run.shown(0)).filter(shows).count() as f64
}

fn differing_at_start(run: &Run) -> f64 {
    let visits = passers_by();
    let arrived =
        |at_s: f64| visits.iter().filter(|visit| visit.start.since(Time::ZERO).secs_f64() <= at_s).count();
    let differs = |&(at_s, &shown): &(f64, &u32)| at_s <= 120.0 && shown as usize != arrived(at_s);
    run.at_s().zip(&run.shown(0)).filter(differs).count() as f64
}
