//! Records a run of either driver as a recording.
//!
//! The format holds one video whose origin all others follow, releases of PeerTube, viewers and totals. Heartbeats are
//! recorded when instances handle them, messages when they are created and when they take effect.

use crate::cell::Cell;
use crate::conform::recording::{BeatRow, Recording, RecordingInstance, Times};
use crate::conform::trace::{MessageRow, SampleRow, VIDEO};
use crate::domain::faults::Fault;
use crate::domain::federation::{self, FollowsAs};
use crate::domain::protocol::{PRESETS, Parameters, Preset, Rules, TotalsAt};
use crate::event::Message;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::instance::{Input, Instance, spread_by_video};
use crate::mechanism::activity::Subject;
use crate::observe::{Observer, QueueSample};

/// Observes a run and records it.
pub struct Recorder {
    recording: Recording,
    /// By instance; there are no upgrades.
    rules: Vec<Rules>,
    /// By instance: when it went down, while it is down, in ms.
    down_since: Vec<Option<u64>>,
    /// How long the oldest job that never started had waited at the end.
    unstarted: Option<Span>,
}

impl Recorder {
    /// A recorder for a cell, if the format can hold its run.
    ///
    /// # Errors
    /// What the format cannot hold, as a sentence.
    pub fn new(description: &str, cell: &Cell) -> Result<Recorder, String> {
        let federation = &cell.federation;
        let [video] = &federation.videos[..] else {
            return Err(format!("a recording holds one video, not {}", federation.videos.len()));
        };
        let all_follow = federation.followers[&video.origin].len() + 1 == federation.instances.len();
        let fits = |instance: &federation::Instance| {
            instance.is_peertube && instance.follows_as == FollowsAs::Server
        };
        if !all_follow || !federation.instances.iter().all(fits) {
            let problem =
                "in a recording all instances are PeerTube, and all others' servers follow the video's";
            return Err(problem.to_owned());
        }
        let fits =
            |fault: &Fault| !matches!(fault, Fault::Restart { rules: Some(_), .. } | Fault::Skew { .. });
        if !cell.faults.iter().all(fits) {
            return Err("a recording holds neither upgrades nor wrong clocks".to_owned());
        }
        let instance = |(instance, phase): (&federation::Instance, &Time)| {
            let why = "speaks no release: a recording names releases and designs";
            let preset = preset_of(&instance.rules);
            let preset = preset.ok_or_else(|| format!("{} {why}", instance.name))?.to_owned();
            let times = Times::of(&instance.rules.parameters);
            let spread = instance.rules.totals_at == TotalsAt::Spread;
            let spread = spread.then(|| spread_by_video(VIDEO, instance.rules.parameters.tick_interval));
            Ok(RecordingInstance {
                name: instance.name.clone(),
                preset,
                tick_phase_ms: phase.ms(),
                times,
                spread_ms: spread.map(ms),
            })
        };
        let instances = federation.instances.iter().zip(&cell.tick_phase).map(instance);
        Ok(Recorder {
            recording: Recording {
                description: description.to_owned(),
                instances: instances.collect::<Result<_, String>>()?,
                origin: federation.instances[video.origin.index()].name.clone(),
                times: Times::of(&federation.instances[video.origin.index()].rules.parameters),
                sample_offset_ms: cell.sampling.from.ms(),
                sample_every_ms: ms(cell.sampling.every),
                ..Recording::default()
            },
            rules: federation.instances.iter().map(|instance| instance.rules).collect(),
            down_since: vec![None; federation.instances.len()],
            unstarted: None,
        })
    }

    /// The recording up to a time, or up to the last sample: an interrupted run may not have done what came later. It ends
    /// before the first job that never started, because that was never sent.
    pub fn finish(mut self, until: Option<Time>) -> Recording {
        let last = self.recording.samples.last().map_or(0, |sample| sample.at_ms);
        let mut until_ms = until.map_or(last, Time::ms);
        if let Some(waited) = self.unstarted {
            until_ms = until_ms.saturating_sub(ms(waited) + 1);
        }
        let Recording { beats, messages, samples, restarts, duration_ms, .. } = &mut self.recording;
        *duration_ms = until_ms;
        beats.retain(|beat| beat.at_ms <= until_ms);
        messages.retain(|message| message.sent_ms <= until_ms);
        samples.retain(|sample| sample.at_ms <= until_ms);
        restarts.retain(|(_, stop_ms, _)| *stop_ms <= until_ms);
        self.recording
    }

    fn name(&self, id: InstanceId) -> String {
        self.recording.instances[id.index()].name.clone()
    }
}

/// The release or design with these rules, not counting plain views and times but those of the threshold.
fn preset_of(rules: &Rules) -> Option<&'static str> {
    // a recording cannot hold who says that they leave, nor who speaks
    let parameters = Parameters { leave_beacon_ppm: 0, sampling: 1, ..rules.parameters };
    let is_it = |preset: &&Preset| {
        let parameters = Parameters { threshold: preset.rules.parameters.threshold, ..parameters };
        let like = Rules { parameters, plain_views: rules.plain_views, ..preset.rules };
        like == *rules
    };
    PRESETS.iter().find(is_it).map(|preset| preset.name)
}

fn ms(span: Span) -> u64 {
    span.us() / 1_000
}

impl Observer for Recorder {
    fn handled(&mut self, now: Time, _clock: Time, instance: InstanceId, input: &Input<'_>) {
        let name = self.name(instance);
        match input {
            Input::Heartbeat(beat) => {
                let session = format!("viewer-{}", beat.known_as(&self.rules[instance.index()]));
                self.recording.beats.push(BeatRow { instance: name, session, at_ms: now.ms() });
            }
            Input::Stop => self.down_since[instance.index()] = Some(now.ms()),
            Input::Restart(_) => {
                let down_since = self.down_since[instance.index()].take().unwrap_or(now.ms());
                self.recording.restarts.push((name, down_since, now.ms()));
            }
            _ => {}
        }
    }

    fn sent(&mut self, _now: Time, message: &Message, _arrives: Option<Time>) {
        let viewer = match message.activity.subject {
            Subject::Viewer(viewer, _) => Some(format!("viewer-{viewer}")),
            Subject::Total => None,
            _ => return,
        };
        self.recording.messages.push(MessageRow {
            sent_ms: message.created.ms(),
            arrives_ms: None,
            from: self.name(message.from),
            to: self.name(message.to),
            kind: if viewer.is_some() { "viewer".into() } else { "total".into() },
            forwarded: message.activity.author != message.from,
            viewer,
            result: message.activity.result.map(u64::from),
            expires_ms: message.activity.expires.map(Time::ms),
            views: None,
        });
    }

    fn processed(&mut self, now: Time, message: &Message) {
        let expires = message.activity.expires.map(Time::ms);
        let viewer = match message.activity.subject {
            Subject::Viewer(viewer, _) => Some(format!("viewer-{viewer}")),
            _ => None,
        };
        let (from, to) = (self.name(message.from), self.name(message.to));
        let is_it = |row: &&mut MessageRow| {
            row.arrives_ms.is_none()
                && (&row.from, &row.to, row.expires_ms, &row.viewer) == (&from, &to, expires, &viewer)
        };
        if let Some(row) = self.recording.messages.iter_mut().rev().find(is_it) {
            row.arrives_ms = Some(now.ms());
        }
    }

    fn job_unstarted(&mut self, waited: Span) {
        self.unstarted = self.unstarted.max(Some(waited));
    }

    fn sample(&mut self, now: Time, _number: u32, instances: &[Instance], _queues: &[QueueSample]) {
        let shown = |instance: &Instance| if instance.is_up() { instance.displayed(VIDEO) } else { 0 };
        let displayed = instances.iter().map(shown).collect();
        self.recording.samples.push(SampleRow { at_ms: now.ms(), displayed, watching: 0 });
    }
}
