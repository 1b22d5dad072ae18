//! Planted errors: wrong models against the right formulas, and wrong formulas against the right model.
//!
//! The acceptance test must refuse each by its mean, not by its noise. So every check is known to be able to fail.

use super::first_runs;
use fedisim::domain::protocol::{
    AcceptResult, Expiry, Forward, ForwardedViewer, KnownViewer, OwnViewers, Parameters, PlainViews, Rules,
    StoreKind, ViewersKnownBy,
};
use fedisim::domain::watch::{Quantiles, Watch};
use fedisim::foundation::units::Span;
use fedisim::mechanism::network::Latency;
use fedisim::theory::acceptance::{Claim, Refusal, check};
use fedisim::theory::experiment::Experiment;
use fedisim::theory::experiments::EXPERIMENTS;
use fedisim::theory::formulas::Theory;
use fedisim::theory::setting::Setting;

/// One error, and the claim that must be refused because of it.
struct Planted {
    name: &'static str,
    experiment: &'static str,
    claim: &'static str,
    error: Error,
}

enum Error {
    /// The simulation differs from the formula's model.
    Model(fn(&mut Setting)),
    /// The formula differs from the simulation's model.
    Formula(fn(&Theory) -> f64),
}

const ONCE_LOSSY: &str = "v1 with every viewer counted once, with loss";
const SAMPLED: &str = "v1 with every viewer counted once, of whom one of two speaks";
const ONCE_SLOW: &str = "v1 with every viewer counted once, 5 to 15 s a hop";

const PLANTED: &[Planted] = &[
    Planted {
        name: "viewers are sent again after 95 s",
        experiment: "single sessions",
        claim: "7 Views per session",
        error: Error::Model(|setting| parameters(setting).refederation_age = Span::from_secs(95)),
    },
    Planted {
        name: "the origin forwards to the author too",
        experiment: ONCE_LOSSY,
        claim: "8 messages /s",
        error: Error::Formula(|theory| {
            let copies = 1.0 + 4.0 * (1.0 - theory.loss);
            let messages = theory.rates_per_s[0] * 4.0 + theory.rates_per_s[1..].iter().sum::<f64>() * copies;
            messages * theory.views_per_session()
        }),
    },
    Planted {
        name: "nothing is forwarded",
        experiment: ONCE_LOSSY,
        claim: "8 messages /s",
        error: Error::Model(|setting| setting.rules.forward = Forward::Never),
    },
    Planted {
        name: "plain views are counted as viewers' messages",
        experiment: ONCE_LOSSY,
        claim: "8 messages /s",
        error: Error::Model(|setting| setting.rules.plain_views = PlainViews::Each),
    },
    Planted {
        name: "a known viewer is counted once more",
        experiment: ONCE_LOSSY,
        claim: "5+9 display at the origin",
        error: Error::Model(|setting| {
            setting.rules =
                Rules { known_viewer: KnownViewer::AnotherEntry, store: StoreKind::List, ..setting.rules }
        }),
    },
    Planted {
        name: "entries go when they expire, without waiting for a tick",
        experiment: "own viewers",
        claim: "5 display of own viewers",
        error: Error::Formula(|theory| {
            theory.rates_per_s[0] * (theory.last_heartbeat_s() + theory.lifetime_s)
        }),
    },
    Planted {
        name: "they go at the next tick",
        experiment: "own viewers, whose entries go when they expire",
        claim: "47 bias of the origin",
        error: Error::Model(|setting| setting.rules.expiry = Expiry::Ticks),
    },
    Planted {
        name: "three of five say that they leave",
        experiment: "own viewers, half of whom say that they leave",
        claim: "48 bias of the origin",
        error: Error::Model(|setting| parameters(setting).leave_beacon_ppm = 600_000),
    },
    Planted {
        name: "one of three speaks",
        experiment: SAMPLED,
        claim: "49 messages /s",
        error: Error::Model(|setting| parameters(setting).sampling = 3),
    },
    Planted {
        name: "who speaks counts for one at the origin",
        experiment: SAMPLED,
        claim: "5+9 display at the origin",
        error: Error::Formula(|theory| theory.origin_display(theory.remote_entry_once_s(1) / 2.0)),
    },
    Planted {
        name: "who speaks counts for one at followers",
        experiment: SAMPLED,
        claim: "5+9 display at followers",
        error: Error::Formula(|theory| {
            let [one, two] = [1, 2].map(|hops| theory.remote_entry_once_s(hops));
            theory.follower_display(one / 2.0, two / 2.0)
        }),
    },
    Planted {
        name: "ticks come every 60 s",
        experiment: "own viewers",
        claim: "5 bias of the origin",
        error: Error::Model(|setting| parameters(setting).tick_interval = Span::from_secs(60)),
    },
    Planted {
        name: "the age after a tick does not matter",
        experiment: "saw-tooth",
        claim: "6 display 90 s after a tick",
        error: Error::Formula(Theory::own_display),
    },
    Planted {
        name: "entries live for 110 s",
        experiment: "everybody leaves",
        claim: "18 samples before t1 + L - h that lack somebody",
        error: Error::Model(|setting| parameters(setting).lifetime = Span::from_secs(110)),
    },
    Planted {
        name: "ticks come every 150 s",
        experiment: "everybody leaves",
        claim: "18 samples after t1 + L + T that show somebody",
        error: Error::Model(|setting| parameters(setting).tick_interval = Span::from_secs(150)),
    },
    Planted {
        name: "entries live for 100 s",
        experiment: "start of a wave",
        claim: "19 samples up to L that differ from the arrivals",
        error: Error::Model(|setting| parameters(setting).lifetime = Span::from_secs(100)),
    },
    Planted {
        name: "there is a heartbeat at the very end of a visit",
        experiment: "everybody watches 180 s",
        claim: "7 Views per session, fixed",
        error: Error::Model(|setting| setting.watch = Watch::Fixed(Span::from_ns(180_000_000_001))),
    },
    Planted {
        name: "viewers behind one address are told apart",
        experiment: "everybody behind one address",
        claim: "5a display of one address",
        error: Error::Model(|setting| setting.rules.viewers_known_by = ViewersKnownBy::Session),
    },
    Planted {
        name: "lognormal visits are exponential with the same mean",
        experiment: "lognormal watch times",
        claim: "7 Views /s",
        error: Error::Model(|setting| setting.watch = Watch::Exponential { mean: setting.watch.mean() }),
    },
    Planted {
        name: "the shape of a Weibull law does not matter",
        experiment: "Weibull watch times",
        claim: "3a heartbeats /s",
        error: Error::Model(|setting| setting.watch = Watch::Exponential { mean: setting.watch.mean() }),
    },
    Planted {
        name: "between two quantiles everybody watches as long as the shorter",
        experiment: "watch times by quantiles",
        claim: "1 true viewers",
        error: Error::Model(|setting| {
            let at = |share, s| (share, Span::from_secs(s));
            let steps = [at(0.0, 0), at(0.499, 0), at(0.5, 80), at(0.899, 80), at(0.9, 600), at(1.0, 600)];
            setting.watch = Watch::Quantiles(Quantiles::new(&steps));
        }),
    },
    Planted {
        name: "the variance of the viewers is their mean and its square, as of a geometric number",
        experiment: "lognormal watch times",
        claim: "1 variance of the true viewers",
        error: Error::Formula(|theory| theory.true_viewers() * (1.0 + theory.true_viewers())),
    },
    Planted {
        name: "messages take twice as long",
        experiment: ONCE_SLOW,
        claim: "9 display two hops away",
        error: Error::Model(twice_as_slow),
    },
    Planted {
        name: "totals take twice as long",
        experiment: "v2, 5 to 15 s a hop",
        claim: "16 age of the total, s",
        error: Error::Model(twice_as_slow),
    },
    Planted {
        name: "totals that have left have an age",
        experiment: "totals alone, with loss",
        claim: "16a age of a shown total, s",
        error: Error::Formula(|theory| theory.total_age_s()),
    },
    Planted {
        name: "nothing is lost (messages)",
        experiment: ONCE_LOSSY,
        claim: "8 messages /s",
        error: Error::Model(|setting| setting.loss_ppm = 0),
    },
    Planted {
        name: "nothing is lost (display)",
        experiment: ONCE_LOSSY,
        claim: "5+9 display at followers",
        error: Error::Model(|setting| setting.loss_ppm = 0),
    },
    Planted {
        name: "nothing is lost (totals)",
        experiment: "totals alone, with loss",
        claim: "17 share of zeros",
        error: Error::Model(|setting| setting.loss_ppm = 0),
    },
    Planted {
        name: "a forwarded viewer is one under 8.2",
        experiment: "anchor A, peertube-8.2",
        claim: "12 display at followers",
        error: Error::Model(|setting| setting.rules.forwarded_viewer = ForwardedViewer::Viewer),
    },
    Planted {
        name: "the origin of v2 sends its own viewers singly",
        experiment: "v2 with hardly anybody there",
        claim: "13 messages /s",
        error: Error::Model(|setting| setting.rules.own_viewers = OwnViewers::Each),
    },
    Planted {
        name: "a follower's own viewers are not added to the total",
        experiment: "anchor A, v2",
        claim: "12 display at followers",
        error: Error::Formula(Theory::total),
    },
    Planted {
        name: "totals of nobody are sent",
        experiment: "v2 with hardly anybody there",
        claim: "13 messages /s",
        error: Error::Formula(|theory| {
            theory.rates_per_s[1..].iter().sum::<f64>() * theory.views_per_session() + 6.0 / theory.tick_s
        }),
    },
    Planted {
        name: "the result of a forwarded viewer is not taken for a total",
        experiment: "peertube-6.3-v2",
        claim: "15 display at followers",
        error: Error::Model(|setting| setting.rules.accept_result = AcceptResult::VideoHost),
    },
];

#[test]
fn planted_errors_are_refused() {
    let mut passed = Vec::new();
    for planted in PLANTED {
        let mut setting = planted.setting();
        let mut claim = planted.claim(&setting.theory());
        let outcome = match planted.error {
            Error::Model(change) => {
                change(&mut setting);
                check(&claim, &planted.experiment().run(&setting))
            }
            Error::Formula(formula) => {
                claim.expected = formula(&setting.theory());
                check(&claim, first_runs(planted.experiment()))
            }
        };
        let line = match outcome {
            Err(refusal @ Refusal::Off(_)) => {
                println!(
                    "{}: {}; refused: expected {:.5}, {refusal}",
                    planted.name, claim.name, claim.expected
                );
                continue;
            }
            Err(refusal) => format!("refused, but for another reason: {refusal}"),
            Ok(estimate) => format!("it PASSED: expected {:.5}, {estimate}", claim.expected),
        };
        passed.push(format!("{}: {}; {line}", planted.name, claim.name));
    }
    assert!(passed.is_empty(), "\n{}", passed.join("\n"));
}

#[test]
fn claims_that_cannot_be_judged_are_refused() {
    let experiment = EXPERIMENTS.iter().find(|experiment| experiment.name == "own viewers");
    let experiment = experiment.expect("the experiment is in the table");
    let setting = (experiment.setting)(experiment.laws[0]);
    let short = Setting { end_s: setting.from_s + 300, ..setting };
    let claims = (experiment.claims)(&short.theory());
    let outcome = check(&claims[0], &experiment.run(&Setting { replications: 99, ..short.clone() }));
    assert!(matches!(outcome, Err(Refusal::TooFew(99))), "{outcome:?}");
    let outcome = check(&claims[0], &experiment.run(&short));
    assert!(matches!(outcome, Err(Refusal::TooNoisy(_))), "{outcome:?}");
}

impl Planted {
    fn experiment(&self) -> &'static Experiment {
        let found = EXPERIMENTS.iter().find(|experiment| experiment.name == self.experiment);
        found.expect("the experiment is in the table")
    }

    fn setting(&self) -> Setting {
        let experiment = self.experiment();
        (experiment.setting)(experiment.laws[0])
    }

    fn claim(&self, theory: &Theory) -> Claim {
        let mut claims = (self.experiment().claims)(theory).into_iter();
        claims.find(|claim| claim.name == self.claim).expect("the claim is in the table")
    }
}

fn parameters(setting: &mut Setting) -> &mut Parameters {
    &mut setting.rules.parameters
}

fn twice_as_slow(setting: &mut Setting) {
    let Latency::Uniform { min, max } = &mut setting.latency else { panic!("slow settings are uniform") };
    (*min, *max) = (*min * 2, *max * 2);
}
