//! Crowds: the people who come to a video.

use crate::domain::arrivals::{Arrivals, Stage};
use crate::domain::crowd::{Clients, Crowd, Drawn, Returns, Scripted, Source};
use crate::domain::faults::Fault;
use crate::domain::protocol::{PlainViews, Rules, ViewersKnownBy};
use crate::domain::spread::Spread;
use crate::domain::watch::{Quantiles, Watch, stretch};
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::scenario::build::series;
use crate::scenario::build::table::Table;
use crate::scenario::build::trace;
use crate::scenario::build::unknown::unknown;
use crate::scenario::data::Files;
use crate::scenario::model::{Variant, VideoSpec};
use crate::scenario::problem::{Problems, shown};
use crate::scenario::quantity;
use crate::scenario::value::Checked;

/// What crowds refer to.
pub(super) struct Context<'a> {
    pub(super) table: &'a Table,
    pub(super) videos: &'a [Result<VideoSpec, String>],
    pub(super) files: &'a Files,
}

/// What people watch.
#[derive(Clone, Copy)]
pub(super) struct Watched<'a> {
    pub(super) name: &'a str,
    /// None if it is live.
    pub(super) length: Option<Span>,
}

/// Warns of keys of crowds that have no effect in any column.
pub(crate) fn question(file: &Checked, crowds: &[Crowd], columns: &[Variant], problems: &mut Problems) {
    let any_rules = |is_such: &dyn Fn(&Rules) -> bool| {
        let later =
            |fault: &Fault| matches!(fault, Fault::Restart { rules: Some(rules), .. } if is_such(rules));
        columns.iter().any(|column| column.rules.iter().any(is_such) || column.faults.iter().any(later))
    };
    let counts_views = any_rules(&|rules| rules.plain_views == PlainViews::Each);
    let sees_addresses = any_rules(&|rules| rules.viewers_known_by == ViewersKnownBy::Address);
    for (item, crowd) in file.get("viewers").map_or(&[][..], Checked::items).iter().zip(crowds) {
        let Some((_, value)) = item.case() else { continue };
        let mut warn = |key, is_idle, message| {
            if let Some(at) = value.get(key).filter(|_| is_idle) {
                problems.warn(at.spot(), message);
            }
        };
        let too_late = "is longer than anybody watches: nobody is ever counted";
        warn("first_heartbeat_after", crowd.is_never_seen(), too_late);
        warn("view_after", !counts_views, "has no effect: `plain_views` is `none` everywhere");
        warn(
            "behind_one_address",
            !sees_addresses,
            "has no effect: every release here knows viewers by their session (before 6.1 it is by their address)",
        );
    }
}

/// The video called so at `at`, or a problem.
pub(crate) fn video(
    at: &Checked,
    videos: &[Result<VideoSpec, String>],
    problems: &mut Problems,
) -> Option<VideoId> {
    let name = at.as_text()?;
    let names =
        videos.iter().map(|video| video.as_ref().map_or_else(|name| &name[..], |spec| &spec.name[..]));
    let found = names.clone().position(|known| known == name);
    if found.is_none() && !videos.is_empty() && videos.iter().all(Result::is_ok) {
        unknown(at.spot(), "video", name, names, problems);
    }
    found.map(VideoId::at)
}

impl Context<'_> {
    /// The crowds of a file.
    pub(super) fn crowds(&self, file: &Checked, problems: &mut Problems) -> Option<Vec<Crowd>> {
        let items = file.get("viewers")?.items();
        let built: Vec<_> = items.iter().map(|item| self.crowd(item, problems)).collect();
        built.into_iter().collect()
    }

    fn crowd(&self, item: &Checked, problems: &mut Problems) -> Option<Crowd> {
        let (case, value) = item.case()?;
        let video = value.get("video").and_then(|at| video(at, self.videos, problems));
        let watched = video.and_then(|video| self.videos[video.index()].as_ref().ok());
        let watched = watched.map(|video| Watched { name: &video.name, length: video.length });
        let source = match case {
            "arrivals" => self.drawn(value, watched, problems).map(Source::Drawn),
            "sessions" => self.listed(value, problems),
            _ => {
                let visits = trace::visits(value.get("trace")?, self.table, self.files, problems);
                visits.map(Source::Scripted)
            }
        };
        let clients = clients(value);
        Some(Crowd { video: video?, source: source?, clients })
    }

    /// The laws by which people come to what they watch.
    pub(super) fn drawn(
        &self,
        value: &Checked,
        watched: Option<Watched<'_>>,
        problems: &mut Problems,
    ) -> Option<Drawn> {
        let watch = value.get("watch").and_then(|at| watch(at, watched, problems));
        let arrivals = value
            .get("arrivals")
            .and_then(|at| self.arrivals(at, watch.as_ref(), value.get("returns"), problems));
        let spread = value.get("spread").and_then(|at| self.spread(at, problems));
        let returns = match value.get("returns")?.case()? {
            ("none", _) => None,
            (_, back) => Some(Returns {
                probability: f64::from(back.share_ppm("probability")?) / 1e6,
                mean_after: back.span("after")?,
            }),
        };
        let from = Time::ZERO + value.span("from")?;
        Some(Drawn { from, arrivals: arrivals?, watch: watch?, spread: spread?, returns })
    }

    /// When viewers come who watch so long, and come back so.
    fn arrivals(
        &self,
        at: &Checked,
        watch: Option<&Watch>,
        returns: Option<&Checked>,
        problems: &mut Problems,
    ) -> Option<Arrivals> {
        let (case, value) = at.case()?;
        match case {
            "constant" => Some(Arrivals::Constant { rate_per_s: value.rate_per_s("rate")? }),
            "stages" => {
                let stage = |stage: &Checked| {
                    Some(Stage { duration: stage.span("duration")?, rate_per_s: stage.rate_per_s("rate")? })
                };
                value.items().iter().map(stage).collect::<Option<_>>().map(Arrivals::Stages)
            }
            "daily" => Some(Arrivals::Daily {
                mean_per_s: value.rate_per_s("mean")?,
                peak_at: value.span("peak_at")?,
                amplitude: f64::from(value.share_ppm("amplitude")?) / 1e6,
            }),
            "concurrent" => {
                if let Some(returns) =
                    returns.filter(|returns| matches!(returns.case(), Some((case, _)) if case != "none"))
                {
                    problems
                        .at(returns.spot(), "would come on top of the crowd that the file says; take it out");
                }
                series::arrivals(value, watch?, self.files, problems)
            }
            _ => Some(Arrivals::Viral {
                peak_viewers: value.number("peak")?,
                growth: value.span("growth")?,
                decay_exponent: value.number("decay_exponent")?,
                decay_scale: value.span("decay_scale")?,
            }),
        }
    }

    fn spread(&self, at: &Checked, problems: &mut Problems) -> Option<Spread> {
        let (case, value) = at.case()?;
        match case {
            "zipf" => Some(Spread::Zipf {
                exponent: value.number("exponent")?,
                origin_share: f64::from(value.share_ppm("origin_share")?) / 1e6,
            }),
            "column" => self.sizes(value, problems),
            "weights" => {
                let mut weights = Vec::new();
                for (name, at) in value.entries() {
                    let weight = at.as_number();
                    let members = self.watching(name, at, problems);
                    let (Some(weight), Some(members)) = (weight, members) else { continue };
                    let each = weight / members.len() as f64;
                    weights.extend(members.into_iter().map(|id| (id, each)));
                }
                if value.is_sound()
                    && value.entries().iter().all(|(_, weight)| weight.as_number() == Some(0.0))
                {
                    problems.at(at.spot(), "has no weight above 0, so nobody can sit anywhere");
                }
                Some(Spread::Weights(weights))
            }
            _ => {
                let members =
                    value.items().iter().filter_map(|at| self.watching(at.as_text()?, at, problems));
                Some(Spread::List(members.flatten().collect()))
            }
        }
    }

    /// The sizes that a column says, of all groups whose lists have it and at whose instances people watch.
    fn sizes(&self, value: &Checked, problems: &mut Problems) -> Option<Spread> {
        let at = value.get("name")?;
        let name = at.as_text()?;
        let groups = self.table.groups_with_column(name);
        if groups.is_empty() && self.table.complete {
            let message = format!("is no column of any `list` of PeerTube instances: {}", shown(name));
            problems.at(at.spot(), message);
        }
        let sizes: Vec<_> =
            groups.into_iter().map(|group| self.table.column(group, name, at.spot(), problems)).collect();
        let sizes: Vec<_> = sizes.into_iter().collect::<Option<Vec<_>>>()?.concat();
        if !sizes.is_empty() && sizes.iter().all(|(_, size)| *size == 0.0) {
            problems.at(at.spot(), "has no number above 0, so nobody can sit anywhere");
        }
        Some(Spread::Sizes { origin_share: f64::from(value.share_ppm("origin_share")?) / 1e6, sizes })
    }

    /// The instances that a name stands for, if people can watch there.
    fn watching(&self, name: &str, at: &Checked, problems: &mut Problems) -> Option<Vec<InstanceId>> {
        let members = self.table.members(name, at.spot(), problems)?;
        self.table.need_peertube(&members, at.spot(), problems);
        Some(members).filter(|members| !members.is_empty())
    }

    fn listed(&self, value: &Checked, problems: &mut Problems) -> Option<Source> {
        let mut session = |item: &Checked| {
            let at = item.get("instance")?;
            let instance = self.table.instance(at.as_text()?, at.spot(), problems)?;
            self.table.need_peertube(&[instance], at.spot(), problems);
            Some(Scripted {
                viewer: item.text("viewer").map(str::to_owned),
                instance,
                start: Time::ZERO + item.span("start")?,
                watch: item.span("watch")?,
                heartbeat: item.span("heartbeat"),
            })
        };
        let sessions: Vec<_> = value.get("sessions")?.items().iter().map(&mut session).collect();
        sessions.into_iter().collect::<Option<_>>().map(Source::Scripted)
    }
}

/// How the players of a crowd report.
pub(super) fn clients(value: &Checked) -> Clients {
    Clients {
        first_heartbeat_after: value.span("first_heartbeat_after").unwrap_or_default(),
        view_after: value.span("view_after"),
        behind_one_address_ppm: value.share_ppm("behind_one_address").unwrap_or_default(),
    }
}

fn watch(at: &Checked, watched: Option<Watched<'_>>, problems: &mut Problems) -> Option<Watch> {
    let (case, value) = at.case()?;
    match case {
        "exponential" => Some(Watch::Exponential { mean: value.as_span()? }),
        "fixed" => Some(Watch::Fixed(value.as_span()?)),
        "lognormal" => lognormal(value),
        "weibull" => Some(Watch::Weibull { scale: value.span("scale")?, shape: value.number("shape")? }),
        "quantiles" => quantiles(value, problems),
        _ => {
            let Watched { name, length } = watched?;
            if length.is_none() {
                let message = format!(
                    "`retention` is measured on videos with a length, and `{name}` is live; use `exponential: 10 min` or `fixed: 10 min`"
                );
                problems.at(at.spot(), message);
            }
            Some(Watch::Retention { video: length? })
        }
    }
}

fn lognormal(value: &Checked) -> Option<Watch> {
    let (case, value) = value.case()?;
    let (given, sigma) = (value.span(case)?, value.number("sigma")?);
    // the mean is e^(sigma^2 / 2) medians
    let median = if case == "mean" { stretch(given, libm::exp(-sigma * sigma / 2.0)) } else { given };
    Some(Watch::Lognormal { median, sigma })
}

/// A law by quantiles, which must rise from those of nobody to those of everybody.
fn quantiles(value: &Checked, problems: &mut Problems) -> Option<Watch> {
    let point = |(share, at): &(String, Checked)| {
        let ppm = quantity::share_ppm(share).filter(|_| value.is_sound())?;
        Some((ppm, at.as_span()?))
    };
    let mut points: Vec<(u32, Span)> = value.entries().iter().map(point).collect::<Option<_>>()?;
    points.sort_unstable();
    let (first, last) = (*points.first()?, *points.last()?);
    let falls = points.windows(2).find(|pair| pair[0].1 > pair[1].1);
    let problem = if first.0 != 0 || last.0 != 1_000_000 {
        "needs the shortest and the longest watch time, `0 %` and `100 %`".to_owned()
    } else if let Some(&[(low, long), (high, short)]) = falls {
        let [low, high] = [low, high].map(quantity::share_text);
        format!(
            "falls: `{low}` watch up to {long}, and `{high}` only up to {short}; more viewers need more time"
        )
    } else if last.1 < Span::from_ms(1) {
        "has nobody who watches: `100 %` needs at least 1 ms".to_owned()
    } else {
        let points: Vec<_> = points.iter().map(|&(ppm, at)| (f64::from(ppm) / 1e6, at)).collect();
        return Some(Watch::Quantiles(Quantiles::new(&points)));
    };
    problems.at(value.spot(), problem);
    None
}
