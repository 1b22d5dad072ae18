//! The views counter of an instance: the number of views that it displays of each video. It lies in a database, so restarts do not touch it.
//!
//! Not here: what counts as a view, and who tells whom.

use crate::foundation::ids::VideoId;
use crate::foundation::units::Time;
use std::collections::BTreeMap;

/// The numbers of views that an instance displays.
#[derive(Clone, Debug, Default)]
pub struct Views {
    /// By video, if it is not 0.
    displayed: BTreeMap<VideoId, u32>,
    /// What changed since it was last taken, if anybody wants to know.
    log: Option<ViewsLog>,
}

/// What happened to the views counter of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewsLog {
    /// Each view by one of its own viewers: of what, and when.
    pub counted: Vec<(VideoId, Time)>,
    /// Each change of a displayed number, in order.
    pub displayed: Vec<DisplayedViews>,
}

/// A change of a displayed number of views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisplayedViews {
    /// Of what.
    pub video: VideoId,
    /// What was displayed.
    pub before: u32,
    /// What is displayed now.
    pub after: u32,
}

impl Views {
    /// From now on changes are kept until they are taken.
    pub fn keep_log(&mut self) {
        self.log = Some(ViewsLog::default());
    }

    /// What changed since this was last asked; nothing if no log is kept.
    pub fn take_log(&mut self) -> ViewsLog {
        self.log.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The number that is displayed.
    pub fn displayed(&self, video: VideoId) -> u32 {
        self.displayed.get(&video).copied().unwrap_or(0)
    }

    /// All numbers that are displayed but zeros, by video, ascending.
    pub fn all(&self) -> impl Iterator<Item = (VideoId, u32)> + '_ {
        self.displayed.iter().map(|(&video, &number)| (video, number))
    }

    /// An own viewer has viewed a video.
    pub fn count(&mut self, video: VideoId, at: Time) {
        if let Some(log) = &mut self.log {
            log.counted.push((video, at));
        }
    }

    /// Displays a number; returns the change, if it is one.
    pub fn display(&mut self, video: VideoId, after: u32) -> Option<DisplayedViews> {
        let before = match after {
            0 => self.displayed.remove(&video),
            _ => self.displayed.insert(video, after),
        };
        let change = DisplayedViews { video, before: before.unwrap_or(0), after };
        let change = (change.before != after).then_some(change)?;
        if let Some(log) = &mut self.log {
            log.displayed.push(change);
        }
        Some(change)
    }

    /// Whether both display the same.
    pub fn is_like(&self, other: &Views) -> bool {
        self.displayed == other.displayed
    }
}

impl ViewsLog {
    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.counted.is_empty() && self.displayed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_logged_and_only_if_asked_for() {
        let (video, at) = (VideoId(3), Time::from_ms(7));
        let mut views = Views::default();
        views.count(video, at);
        assert!(views.display(video, 4).is_some());
        assert!(views.take_log().is_empty());
        views.keep_log();
        views.count(video, at);
        assert_eq!(views.display(video, 4), None);
        let change = views.display(video, 9);
        assert_eq!(change, Some(DisplayedViews { video, before: 4, after: 9 }));
        assert_eq!(
            views.take_log(),
            ViewsLog { counted: vec![(video, at)], displayed: change.into_iter().collect() }
        );
        assert!(views.take_log().is_empty());
        assert!(views.display(video, 0).is_some());
        assert!(views.is_like(&Views::default()) && views.displayed(video) == 0);
    }
}
