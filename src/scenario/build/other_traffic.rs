//! What is sent beside Views.

use crate::domain::arrivals::{Arrivals, Stage};
use crate::domain::asked_back::{AfterUpdates, AskedBack, Cache, FirstContact, Preview};
use crate::domain::federation::Follows;
use crate::domain::other_traffic::{Background, Files, Jobs, OtherTraffic, update_bytes, watch_action_bytes};
use crate::domain::watch::Watch;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::wire::OtherBodies;
use crate::scenario::build::crowds::video;
use crate::scenario::build::table::Table;
use crate::scenario::model::{End, VideoSpec};
use crate::scenario::problem::Problems;
use crate::scenario::value::Checked;
use std::sync::Arc;

/// What the background refers to.
pub(crate) struct Context<'a> {
    pub(crate) table: &'a Table,
    pub(crate) videos: &'a [Result<VideoSpec, String>],
    pub(crate) follows: Option<&'a Follows>,
    pub(crate) end: Option<End>,
}

/// The other traffic of a file.
pub(crate) fn other_traffic(
    file: &Checked,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<OtherTraffic> {
    let section = file.get("other_traffic")?;
    let updates = section.get("updates").and_then(updates);
    let bytes = |key| section.bytes(key).and_then(|bytes| u32::try_from(bytes).ok());
    let of_video = updates.and_then(|(_, bytes)| u32::try_from(bytes).ok());
    let bodies = Bodies { of_job: bytes("background_body"), of_video };
    let mut entries = |item: &Checked| context.entries(item, bodies, problems);
    let background: Vec<_> = section.get("background")?.items().iter().map(&mut entries).collect();
    let (update_every, update_bytes) = updates?;
    let sections = u32::try_from(section.integer("watch_sections")?).ok()?;
    Some(OtherTraffic {
        update_every,
        watch_actions: section.text("watch_actions")? == "on",
        background: background.into_iter().collect::<Option<Vec<_>>>()?.concat(),
        asked_back: asked_back(section.get("asked_back")?)?,
        bodies: OtherBodies { update_bytes, watch_action_bytes: watch_action_bytes(sections) },
    })
}

/// How often videos are updated, and the bytes of an `Update`: of the default if there are none.
fn updates(at: &Checked) -> Option<(Option<Span>, u64)> {
    let (case, on) = at.case()?;
    if case == "off" {
        return Some((None, update_bytes(Files::Hls, 6)));
    }
    let files = match on.text("files")? {
        "hls" => Files::Hls,
        "web" => Files::Web,
        _ => Files::Both,
    };
    let resolutions = u32::try_from(on.integer("resolutions")?).ok()?;
    Some((Some(on.span("every")?), update_bytes(files, resolutions)))
}

/// What receivers ask back.
fn asked_back(at: &Checked) -> Option<AskedBack> {
    let name = at.text("after_updates")?;
    let after_updates = AfterUpdates::ALL.iter().find(|choice| choice.1 == name)?.0;
    let name = at.text("first_contact")?;
    let first_contact = FirstContact::ALL.iter().find(|choice| choice.1 == name)?.0;
    let cache = match at.get("cache")?.case()? {
        ("share", share) => Cache::Share(share.as_share_ppm()?),
        ("for", lasts) => Cache::For(lasts.as_span()?),
        _ => Cache::Off,
    };
    Some(AskedBack { after_updates, first_contact, cpu: at.span("cpu")?, cache })
}

/// What receivers of an entry of the background fetch.
fn preview(at: &Checked) -> Option<Preview> {
    Some(Preview {
        share_ppm: at.share_ppm("share")?,
        answer_bytes: u32::try_from(at.bytes("answer")?).ok()?,
        within: at.span("within")?,
    })
}

/// The bytes of bodies, as far as they are known.
#[derive(Clone, Copy)]
struct Bodies {
    /// Of a job that does not say.
    of_job: Option<u32>,
    /// Of the `Create` of a video.
    of_video: Option<u32>,
}

impl Context<'_> {
    /// What one item of the list stands for.
    fn entries(&self, item: &Checked, bodies: Bodies, problems: &mut Problems) -> Option<Vec<Background>> {
        let (case, value) = item.case()?;
        let video = value.get("video").and_then(|at| video(at, self.videos, problems));
        let to = match value.get("to") {
            Some(at) => self.recipients(at, video, problems).map(Some),
            None => Some(None),
        };
        let jobs = self.jobs(case, value, problems);
        let own_bytes = value.bytes("body").and_then(|bytes| u32::try_from(bytes).ok());
        let body_bytes = own_bytes.or(bodies.of_job)?;
        let preview = match value.get("preview") {
            Some(at) => Some(preview(at)?),
            None => None,
        };
        let entry = Background { video: video?, jobs: jobs?, to: to?, body_bytes, preview };
        Some(match (case, &entry.jobs) {
            // the `Create` of the video, then the announcements of the server and of the channel
            ("upload", &Jobs::Burst { at, .. }) => {
                let created = Background {
                    jobs: Jobs::Burst { count: 1, at },
                    body_bytes: bodies.of_video?,
                    ..entry.clone()
                };
                vec![created, entry]
            }
            _ => vec![entry],
        })
    }

    fn jobs(&self, case: &str, value: &Checked, problems: &mut Problems) -> Option<Jobs> {
        let marked = value.get(case)?;
        let count = |key| marked.integer(key).and_then(|count| u32::try_from(count).ok());
        match case {
            "rate" => self.rate(value.rate_per_s("rate"), value, problems),
            "arrivals" => match marked.case()? {
                ("constant", constant) => self.rate(constant.rate_per_s("rate"), value, problems),
                (_, stages) => self.stages(stages, value, problems),
            },
            "burst" => Some(Jobs::Burst { at: self.time(marked, "at", problems)?, count: count("jobs")? }),
            "deletion" => {
                let at = self.time(marked, "at", problems)?;
                Some(Jobs::Burst { at, count: count("objects")?.checked_add(1)? })
            }
            "likes" => {
                let at = self.time(marked, "at", problems)?;
                Some(Jobs::storm(f64::from(count("jobs")?), at, marked.span("over")?))
            }
            _ => Some(Jobs::Burst { at: self.time(marked, "at", problems)?, count: 2 }),
        }
    }

    fn rate(&self, per_s: Option<f64>, value: &Checked, problems: &mut Problems) -> Option<Jobs> {
        let from = self.time(value, "from", problems)?;
        Some(Jobs::Rate { per_s: per_s?, from, until: value.span("for").map(|lasts| from + lasts) })
    }

    fn stages(&self, stages: &Checked, value: &Checked, problems: &mut Problems) -> Option<Jobs> {
        let from = self.time(value, "from", problems)?;
        let stage = |stage: &Checked| {
            Some(Stage { duration: stage.span("duration")?, rate_per_s: stage.rate_per_s("rate")? })
        };
        let stages = stages.items().iter().map(stage).collect::<Option<_>>().map(Arrivals::Stages)?;
        let end = self.end?.latest();
        let until = value.span("for").map_or(end, |lasts| end.min(from + lasts));
        // how long anybody watches does not matter to ramps
        Some(Jobs::Curve(stages.curve(from, until, &Watch::Fixed(Span::ZERO))))
    }

    /// A time under a key, if the run is not over by then.
    fn time(&self, value: &Checked, key: &str, problems: &mut Problems) -> Option<Time> {
        let at = value.get(key)?;
        let time = Time::ZERO + at.as_span()?;
        if self.end.is_some_and(|end| time >= end.latest()) {
            problems.at(at.spot(), "is when the run is over, so nothing would come; begin before `end`");
        }
        Some(time)
    }

    /// The instances that a list of names stands for, ascending.
    fn recipients(
        &self,
        at: &Checked,
        video: Option<VideoId>,
        problems: &mut Problems,
    ) -> Option<Arc<[InstanceId]>> {
        let origin = self.videos.get(video?.index())?.as_ref().ok()?.origin;
        let mut all = Vec::new();
        for name in at.items() {
            let members = self.table.members(name.as_text()?, name.spot(), problems)?;
            if members == [origin] {
                problems.at(name.spot(), "is the origin of the video, which sends them: name its followers");
            }
            all.extend(members);
        }
        all.sort_unstable();
        all.dedup();
        if let Some(Follows::Edges(edges)) = self.follows {
            let follows = |id: &InstanceId| edges.contains(&(*id, origin));
            if !all.iter().any(follows) {
                problems.warn(at.spot(), "names nobody who follows the origin of the video: nothing is sent");
            }
        }
        Some(all.into())
    }
}
