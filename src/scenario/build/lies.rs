//! Lies: names become instances and videos, and each liar has a lie of its own.

use crate::domain::lies::{Falsehood, Lie};
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::scenario::build::crowds::video;
use crate::scenario::build::table::Table;
use crate::scenario::model::{End, VideoSpec};
use crate::scenario::problem::Problems;
use crate::scenario::value::Checked;

/// The lies of all liars are at most so many: their numbers are told apart by 15 bits.
const LIES_MAX: usize = 10_000;
/// No rate is so low that more time than this passes between two Views.
const EVERY_MAX: Span = Span::from_secs(10_000 * 3_600);

/// What lies refer to.
pub(crate) struct Context<'a> {
    pub(crate) table: &'a Table,
    pub(crate) videos: &'a [Result<VideoSpec, String>],
    pub(crate) end: Option<End>,
}

impl Context<'_> {
    /// The lies of a file.
    pub(crate) fn lies(&self, file: &Checked, problems: &mut Problems) -> Option<Vec<Lie>> {
        let items = file.get("lies")?.items();
        let built: Vec<_> = items.iter().map(|item| self.of_item(item, problems)).collect();
        let lies = built.into_iter().collect::<Option<Vec<_>>>()?.concat();
        if lies.len() > LIES_MAX {
            let message = format!(
                "are {} with those of each instance; there may be {LIES_MAX}: name fewer",
                lies.len()
            );
            problems.at(file.get("lies")?.spot(), message);
        }
        Some(lies)
    }

    /// What one item of the list stands for.
    fn of_item(&self, item: &Checked, problems: &mut Problems) -> Option<Vec<Lie>> {
        let (case, value) = item.case()?;
        let about = value.get("video").and_then(|at| video(at, self.videos, problems));
        let liars = value.get("instance").and_then(|at| self.liars(at, about, problems));
        let from = self.from(value, problems);
        let what = self.what(case, value, problems);
        let (video, from, what, liars) = (about?, from?, what?, liars?);
        let latest = self.end?.latest();
        let until = value.span("for").map_or(latest, |lasts| latest.min(from + lasts));
        let lie = |instance| Lie { instance, video, from, until, what };
        Some(liars.into_iter().map(lie).collect())
    }

    /// Who lies: PeerTube instances that do not own the video.
    fn liars(
        &self,
        at: &Checked,
        about: Option<VideoId>,
        problems: &mut Problems,
    ) -> Option<Vec<InstanceId>> {
        let liars = self.table.hosts(self.table.members(at.as_text()?, at.spot(), problems)?);
        self.table.need_peertube(&liars, at.spot(), problems);
        let origin = about.and_then(|video| self.videos[video.index()].as_ref().ok()).map(|spec| spec.origin);
        if let Some(origin) = origin.filter(|origin| liars.contains(origin)) {
            let name = &self.table.instances[origin.index()].name;
            let message =
                format!("`{name}` owns the video, and shows what it likes; name an instance that does not");
            problems.at(at.spot(), message);
        }
        Some(liars)
    }

    fn from(&self, value: &Checked, problems: &mut Problems) -> Option<Time> {
        let at = value.get("from")?;
        let from = Time::ZERO + at.as_span()?;
        if self.end.is_some_and(|end| from >= end.latest()) {
            problems.at(at.spot(), "is when the run is over, so nothing would be told; begin before `end`");
        }
        Some(from)
    }

    fn what(&self, case: &str, value: &Checked, problems: &mut Problems) -> Option<Falsehood> {
        let count = |at: &Checked, key| at.integer(key).and_then(|count| u32::try_from(count).ok());
        Some(match case {
            "times" => Falsehood::Times(count(value, "times")?),
            "viewers" => Falsehood::Viewers(count(value, "viewers")?),
            "flood" => {
                let per_s = value.rate_per_s("flood")?;
                if per_s <= 0.0 {
                    let message = "is a flood of nothing; give a rate above 0 /s, or leave the lie out";
                    problems.at(value.get("flood")?.spot(), message);
                    return None;
                }
                let every_us = (1e6 / per_s).clamp(1.0, EVERY_MAX.us() as f64);
                Falsehood::Flood { every: Span::from_us(every_us as u64) }
            }
            "result" => {
                let result = value.get("result")?;
                Falsehood::Result { count: count(result, "viewers")?, every: result.span("every")? }
            }
            _ => Falsehood::Replay { every: value.span("replay")? },
        })
    }
}
