//! The experiments: each a setting, and what the closed forms claim about it.
//!
//! Rates and windows are as small as keeps standard errors below 0.5 % with 100 replications: about 60,000 sessions a
//! setting, more where messages are counted. Anchor A, the reference setting, has heartbeats of 5 s, the others of 15, 25
//! or 30 s. Samples are 7 or 13 s apart, which does not divide the tick interval, so they fall on every age after a tick.

use super::acceptance::{Claim, claim};
use super::experiment::{Experiment, Law};
use super::formulas::Theory;
use super::run::Run;
use super::scripted::{
    differing_at_start, lacking_before_expiry, leavers, passers_by, shown_after_all, visit,
};
use super::setting::{Setting, Viewers, Window};
use super::watch_laws;
use crate::domain::crowd::{Clients, Scripted};
use crate::domain::protocol::{Expiry, KnownViewer, Parameters, Rules, StoreKind};
use crate::domain::watch::Watch;
use crate::foundation::units::Span;
use crate::mechanism::network::Latency;

/// For experiments that vary neither.
const USUAL: &[Law] = &[Law { watch_s: 300, loss_ppm: 0 }];
/// For settings with watch times of their own.
const OWN_WATCH: &[Law] = &[Law { watch_s: 0, loss_ppm: 0 }];
/// For formulas without a loss term.
const LOSSLESS: &[Law] =
    &[Law { watch_s: 300, loss_ppm: 0 }, Law { watch_s: 60, loss_ppm: 0 }, Law { watch_s: 900, loss_ppm: 0 }];
/// For formulas with a loss term. Other experiments test them without loss.
const LOSSY: &[Law] = &[
    Law { watch_s: 300, loss_ppm: 200_000 },
    Law { watch_s: 300, loss_ppm: 50_000 },
    Law { watch_s: 60, loss_ppm: 200_000 },
    Law { watch_s: 60, loss_ppm: 50_000 },
    Law { watch_s: 900, loss_ppm: 200_000 },
    Law { watch_s: 900, loss_ppm: 50_000 },
];
/// For formulas without a watch time.
const LOSSY_TOTALS: &[Law] =
    &[Law { watch_s: 300, loss_ppm: 200_000 }, Law { watch_s: 300, loss_ppm: 50_000 }];

/// Viewers per second in anchor A: the origin and four followers.
const ANCHOR_A: [f64; 5] = [0.05; 5];

/// All experiments.
pub const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        name: "anchor A, v1 with every viewer counted once",
        laws: LOSSLESS,
        setting: |law| law.of(Setting::poisson(v1_once(), &ANCHOR_A, 1_800, 6_000)),
        claims: |theory| {
            let [origin, followers] = displays_once(theory);
            let ratio = origin.expected / theory.true_viewers();
            vec![
                claim("1 true viewers", Run::true_viewers, theory.true_viewers()),
                claim("8 messages /s", Run::messages_per_s, theory.v1_messages_per_s()),
                origin,
                followers,
                claim("5+9 display / truth", Run::origin_ratio, ratio),
            ]
        },
    },
    Experiment {
        name: "anchor A, peertube-6.0",
        laws: LOSSLESS,
        setting: |law| law.of(Setting::poisson(preset("peertube-6.0"), &ANCHOR_A, 1_800, 6_000)),
        claims: |theory| {
            let [origin, followers] = displays_each(theory);
            let messages = claim("8 messages /s", Run::messages_per_s, theory.v1_messages_per_s());
            vec![messages, origin, followers]
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
        // from 8.0 on forwards are sent but show nothing
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
        laws: OWN_WATCH,
        setting: |_| fixed_watch(Span::from_secs(300)),
        claims: |theory| {
            let views = theory.views_of_fixed_watch(300.0);
            vec![claim("7 Views per session, fixed", Run::views_per_session, views)]
        },
    },
    Experiment {
        name: "everybody watches 180 s",
        laws: OWN_WATCH,
        setting: |_| fixed_watch(Span::from_secs(180)),
        claims: |theory| {
            let views = theory.views_of_fixed_watch(180.0);
            vec![claim("7 Views per session, fixed", Run::views_per_session, views)]
        },
    },
    Experiment {
        name: "lognormal watch times",
        laws: OWN_WATCH,
        setting: |_| watch_laws::one_viewer(watch_laws::lognormal()),
        claims: watch_laws::claims,
    },
    Experiment {
        name: "Weibull watch times",
        laws: OWN_WATCH,
        setting: |_| watch_laws::one_viewer(watch_laws::weibull()),
        claims: watch_laws::claims,
    },
    Experiment {
        name: "watch times by quantiles",
        laws: OWN_WATCH,
        setting: |_| watch_laws::one_viewer(watch_laws::quantiles()),
        claims: watch_laws::claims,
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
        name: "own viewers, whose entries go when they expire",
        laws: USUAL,
        setting: |_| {
            let rules = Rules { expiry: Expiry::Exact, ..beating(preset("v2"), 15) };
            Setting::poisson(rules, &[0.06], 1_800, 12_000)
        },
        claims: |theory| {
            let ticks_more = theory.origin_rate() * theory.tick_s / 2.0;
            vec![claim("47 bias of the origin", Run::origin_bias, theory.own_bias() - ticks_more)]
        },
    },
    Experiment {
        name: "own viewers, half of whom say that they leave",
        laws: USUAL,
        setting: |_| {
            Setting::poisson(
                with(beating(preset("v2"), 15), |it| it.leave_beacon_ppm = 500_000),
                &[0.06],
                1_800,
                18_000,
            )
        },
        claims: |theory| vec![claim("48 bias of the origin", Run::origin_bias, theory.own_bias() / 2.0)],
    },
    Experiment {
        name: "v1 with every viewer counted once, of whom one of two speaks",
        laws: USUAL,
        setting: |_| {
            let rules = with(beating(v1_once(), 30), |it| it.sampling = 2);
            Setting::poisson(rules, &[0.02, 0.01, 0.01, 0.01, 0.01], 1_800, 24_000)
        },
        claims: |theory| {
            let [origin, followers] = displays_once(theory);
            let messages = claim("49 messages /s", Run::messages_per_s, theory.v1_messages_per_s() / 2.0);
            vec![messages, origin, followers]
        },
    },
    Experiment {
        name: "everybody behind one address",
        laws: USUAL,
        setting: |law| {
            let setting = law.of(Setting::poisson(beating(preset("v1"), 15), &[0.004], 1_800, 240_000));
            let clients = Clients { behind_one_address_ppm: 1_000_000, ..setting.clients };
            Setting { clients, ..setting }
        },
        claims: |theory| {
            vec![claim("5a display of one address", Run::origin_display, theory.one_address_display())]
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
            let [origin, followers] = displays_once(theory);
            let messages = claim("8 messages /s", Run::messages_per_s, theory.v1_messages_per_s());
            vec![messages, origin, followers]
        },
    },
    Experiment {
        name: "peertube-6.0, with loss",
        laws: LOSSY,
        setting: |law| lossy(law, preset("peertube-6.0")),
        claims: |theory| displays_each(theory).into(),
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
                // a total is displayed for some seconds only, and the crowd changes slowly
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

/// Rows 5 and 9: displays if each viewer has one entry.
fn displays_once(theory: &Theory) -> [Claim; 2] {
    let [one, two] = [1, 2].map(|hops| theory.remote_entry_once_s(hops));
    [
        claim("5+9 display at the origin", Run::origin_display, theory.origin_display(one)),
        claim("5+9 display at followers", Run::follower_display, theory.follower_display(one, two)),
    ]
}

/// Rows 5 and 10: displays if each View makes an entry.
fn displays_each(theory: &Theory) -> [Claim; 2] {
    let [one, two] = [1, 2].map(|hops| theory.remote_entries_each_s(hops));
    [
        claim("5+10 display at the origin", Run::origin_display, theory.origin_display(one)),
        claim("5+10 display at followers", Run::follower_display, theory.follower_display(one, two)),
    ]
}

/// The rules of a preset.
fn preset(name: &str) -> Rules {
    Rules::preset(name).expect("a preset")
}

/// v1 with a store in which a View always extends the entry of its id. No release has these rules.
fn v1_once() -> Rules {
    Rules { known_viewer: KnownViewer::Extend, store: StoreKind::Keyed, ..preset("v1") }
}

/// The rules with a heartbeat every `s` seconds.
fn beating(rules: Rules, s: u64) -> Rules {
    Rules { parameters: Parameters { heartbeat: Span::from_secs(s), ..rules.parameters }, ..rules }
}

/// The rules with other parameters.
fn with(mut rules: Rules, change: fn(&mut Parameters)) -> Rules {
    change(&mut rules.parameters);
    rules
}

/// A latency at which a delay forgotten or counted twice shows. Two hops stay below the 30 s that the formulas allow.
fn slow() -> Latency {
    Latency::Uniform { min: Span::from_secs(5), max: Span::from_secs(15) }
}

/// Viewers everywhere, with lost messages.
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

/// One viewer at the origin, and followers that receive only its totals.
fn totals_alone(followers: usize, loss_ppm: u32) -> Setting {
    let end_s = 12_600;
    let visit = visit(0, 0.0, end_s as f64 + 1.0);
    let visit = Scripted { heartbeat: Some(Span::from_secs(60)), ..visit };
    Setting {
        loss_ppm,
        from_s: 600,
        window: Window::Steady(Span::from_secs(13)),
        viewers: Viewers::Scripted(vec![visit]),
        // the rarer a loss, the more replications it takes
        replications: if loss_ppm < 100_000 { 450 } else { 240 },
        ..Setting::scripted(preset("v2"), followers, Vec::new(), end_s)
    }
}
