//! The experiments: each a setting, and what the closed forms claim about it.
//!
//! Rates and windows are chosen so that standard errors stay below 0.5 % with 100 replications at little cost: about
//! 60,000 sessions a setting, more where messages are counted. Anchor A keeps its own rates and heartbeats of 5 s; the
//! other settings beat every 15, 25 or 30 s, which the formulas know. Samples are 7 or 13 s apart: no divisor of the tick
//! interval, so that they fall on every age after a tick.

use super::door::{Claim, claim};
use super::experiment::{Run, Setting, Viewers, Window};
use super::formulas::Theory;
use crate::domain::protocol::{KnownViewer, Parameters, Rules, StoreKind};
use crate::domain::watch::Watch;
use crate::domain::workload::Scripted;
use crate::foundation::ids::InstanceId;
use crate::foundation::random::fold;
use crate::foundation::units::{Span, Time};
use crate::mechanism::network::Latency;

/// Settings that differ in their law only, and the claims about each.
pub struct Experiment {
    /// What it is about.
    pub name: &'static str,
    /// The laws under which it is run. Tests take the first, `fedisim validate-model` all.
    pub laws: &'static [Law],
    /// What is run.
    pub setting: fn(Law) -> Setting,
    /// What the closed forms say about it.
    pub claims: fn(&Theory) -> Vec<Claim>,
}

/// How long people watch, and what is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Law {
    /// The mean of exponential watch times, in seconds.
    pub watch_s: u64,
    /// The share of messages lost on every link, in millionths.
    pub loss_ppm: u32,
}

/// Where neither is varied.
const USUAL: &[Law] = &[Law { watch_s: 300, loss_ppm: 0 }];
/// For formulas without a loss term.
const LOSSLESS: &[Law] =
    &[Law { watch_s: 300, loss_ppm: 0 }, Law { watch_s: 60, loss_ppm: 0 }, Law { watch_s: 900, loss_ppm: 0 }];
/// For formulas with one; without loss they are held by the others.
const LOSSY: &[Law] = &[
    Law { watch_s: 300, loss_ppm: 200_000 },
    Law { watch_s: 300, loss_ppm: 50_000 },
    Law { watch_s: 60, loss_ppm: 200_000 },
    Law { watch_s: 60, loss_ppm: 50_000 },
    Law { watch_s: 900, loss_ppm: 200_000 },
    Law { watch_s: 900, loss_ppm: 50_000 },
];
/// Where nobody's watch time matters.
const LOSSY_TOTALS: &[Law] =
    &[Law { watch_s: 300, loss_ppm: 200_000 }, Law { watch_s: 300, loss_ppm: 50_000 }];

impl Law {
    /// A setting under this law: measured when the first viewers have left, for as long.
    fn of(self, setting: Setting) -> Setting {
        let warm_s = match self.watch_s {
            // as long as a tick interval and an entry's life; multiples of a tick and of a bucket
            ..=100 => 600,
            101..=300 => 1_800,
            _ => 7_200,
        };
        let warm_s = if setting.from_s == 0 { 0 } else { warm_s };
        Setting {
            watch: Watch::Exponential { mean: Span::from_secs(self.watch_s) },
            loss_ppm: self.loss_ppm,
            end_s: setting.end_s - setting.from_s + warm_s,
            from_s: warm_s,
            ..setting
        }
    }
}

impl std::fmt::Display for Law {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "m = {} s, loss {}", self.watch_s, f64::from(self.loss_ppm) / 1e6)
    }
}

/// Viewers per second in anchor A: the origin and four followers.
const ANCHOR_A: [f64; 5] = [0.05; 5];

/// When everybody of the closing scene leaves, in seconds.
const LEAVE_S: f64 = 400.0;

impl Experiment {
    /// The replications of a setting: of the experiment's own, or of one with a planted error. The seed is the hash of
    /// the name, so that experiments are independent of each other and of their order.
    pub fn run(&self, setting: &Setting) -> Vec<Run> {
        let letters: Vec<u64> = self.name.bytes().map(u64::from).collect();
        setting.run(fold(&letters))
    }
}

/// All of them.
pub const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        name: "anchor A, v1 with every viewer counted once",
        laws: LOSSLESS,
        setting: |law| law.of(Setting::poisson(v1_once(), &ANCHOR_A, 1_800, 6_000)),
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
        laws: LOSSLESS,
        setting: |law| law.of(Setting::poisson(preset("peertube-6.0"), &ANCHOR_A, 1_800, 6_000)),
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
        laws: LOSSLESS,
        setting: |law| law.of(Setting::poisson(preset("v2"), &ANCHOR_A, 1_800, 7_200)),
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
        // from 8.0 on forwards cost what they cost, and show nothing
        name: "anchor A, peertube-8.2",
        laws: LOSSLESS,
        setting: |law| law.of(Setting::poisson(preset("peertube-8.2"), &ANCHOR_A, 1_800, 7_200)),
        claims: |theory| {
            vec![
                claim("12 display at followers", Run::follower_display, theory.v2_display()),
                claim("14 messages /s", Run::messages_per_s, theory.forwarding_messages_per_s()),
            ]
        },
    },
    Experiment {
        name: "single sessions",
        laws: LOSSLESS,
        setting: |law| {
            law.of({
                let window = Window::UntilIdle(Span::from_secs(13));
                Setting { window, ..Setting::poisson(preset("v1"), &[0.0, 0.06], 0, 15_000) }
            })
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
        laws: USUAL,
        setting: |_| fixed_watch(Span::from_secs(300)),
        claims: |theory| {
            let views = theory.views_of_fixed_watch(300.0);
            vec![claim("7 Views per session, fixed", Run::views_per_session, views)]
        },
    },
    Experiment {
        name: "everybody watches 180 s",
        laws: USUAL,
        setting: |_| fixed_watch(Span::from_secs(180)),
        claims: |theory| {
            let views = theory.views_of_fixed_watch(180.0);
            vec![claim("7 Views per session, fixed", Run::views_per_session, views)]
        },
    },
    Experiment {
        name: "own viewers",
        laws: LOSSLESS,
        setting: |law| law.of(Setting::poisson(beating(preset("v2"), 15), &[0.06], 1_800, 21_000)),
        claims: |theory| {
            vec![
                claim("5 display of own viewers", Run::origin_display, theory.own_display()),
                claim("5 bias of the origin", Run::origin_bias, theory.own_bias()),
            ]
        },
    },
    Experiment {
        name: "saw-tooth",
        laws: LOSSLESS,
        setting: |law| {
            law.of({
                let setting = Setting::poisson(beating(preset("v2"), 15), &[0.08], 1_800, 15_000);
                Setting { window: Window::AfterTicks, ..setting }
            })
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
        name: "v1 with every viewer counted once, with loss",
        laws: LOSSY,
        setting: |law| lossy(law, v1_once()),
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
        name: "peertube-6.0, with loss",
        laws: LOSSY,
        setting: |law| lossy(law, preset("peertube-6.0")),
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
        laws: USUAL,
        setting: |_| {
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
        laws: USUAL,
        setting: |_| {
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
        laws: USUAL,
        setting: |_| {
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
        laws: USUAL,
        setting: |_| {
            let rates = [0.003, 0.001, 0.001, 0.0, 0.0, 0.0, 0.0];
            Setting::poisson(beating(preset("v2"), 30), &rates, 1_800, 60_000)
        },
        claims: |theory| vec![claim("13 messages /s", Run::messages_per_s, theory.v2_messages_per_s())],
    },
    Experiment {
        name: "peertube-6.3-v2",
        laws: LOSSLESS,
        setting: |law| {
            law.of({
                let rates = [0.1, 0.01, 0.01, 0.01, 0.01];
                let setting = Setting::poisson(beating(preset("peertube-6.3-v2"), 30), &rates, 1_800, 42_000);
                // a total is shown whole for some seconds only, and varies with a crowd that changes slowly
                let replications = if law.watch_s > 300 { 500 } else { setting.replications };
                Setting { window: Window::Steady(Span::from_secs(7)), replications, ..setting }
            })
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
        name: "peertube-6.3-v2, with loss",
        laws: LOSSY,
        setting: |law| lossy(law, preset("peertube-6.3-v2")),
        claims: |theory| {
            vec![claim("14 messages /s", Run::messages_per_s, theory.forwarding_messages_per_s())]
        },
    },
    Experiment {
        name: "totals alone, with loss",
        laws: LOSSY_TOTALS,
        setting: |law| totals_alone(60, law.loss_ppm),
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
        laws: USUAL,
        setting: |_| Setting::scripted(preset("v1"), 1, leavers(), 900),
        claims: |_| {
            vec![
                claim("18 samples before t1 + L - h that lack somebody", lacking_before_expiry, 0.0),
                claim("18 samples after t1 + L + T that show somebody", shown_after_all, 0.0),
            ]
        },
    },
    Experiment {
        name: "start of a wave",
        laws: USUAL,
        setting: |_| Setting::scripted(preset("v1"), 1, passers_by(), 300),
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

/// Viewers everywhere, whose messages are lost now and then.
fn lossy(law: Law, rules: Rules) -> Setting {
    let rates = [0.02, 0.01, 0.01, 0.01, 0.01];
    law.of(Setting::poisson(beating(rules, 30), &rates, 1_800, 24_000))
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
        // the rarer a loss, the more often it must be looked for
        replications: if loss_ppm < 100_000 { 450 } else { 240 },
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
