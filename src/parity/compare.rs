//! The comparison of two runs of one cell, one simulated and one over real HTTP.
//!
//! Equal must be: per link, video and kind the requests that begin and those that are accepted, with their bytes and those of
//! the answers to GETs; of each message its count and its bytes; and the displays at samples. A live sample may show any count that the simulated
//! instance shows within the margin of it. That is one count where nothing changes nearby.

use crate::domain::federation::Federation;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Kind;
use crate::metrics::Observed;
use crate::metrics::links::LinkSums;
use crate::parity::history::{Counter, DisplayHistory, Shown};
use crate::parity::log::{DisplaySample, DisplayedCounts, Log, MessageName, Request};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One of the two runs.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Its primaries.
    pub observed: &'a Observed,
    /// Its messages and samples.
    pub log: &'a Log,
}

/// What is compared with which tolerance.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The names.
    pub federation: &'a Federation,
    /// What the simulated instances display at any time.
    pub counts: &'a DisplayedCounts,
    /// How far a time may be from that in the simulation, in model time.
    pub margin: Span,
    /// Model seconds per real second.
    pub scale: f64,
}

/// A difference between the two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Sums of a link.
    Link {
        /// The link, the kind and, if there are several, the video.
        link: String,
        /// What is counted.
        what: &'static str,
        /// In the simulation.
        simulated: u64,
        /// Live.
        live: u64,
        /// The first message that only one run has, and when.
        first: Option<String>,
    },
    /// Messages of a link with other contents.
    Content {
        /// The link, the kind and, if there are several, the video.
        link: String,
        /// How many.
        messages: u64,
        /// The first one, and what differs.
        first: String,
    },
    /// What an instance displays.
    Displayed {
        /// The instance and, if there are several, the video.
        place: String,
        /// The sample.
        at: Time,
        /// The counts that the simulation shows within the margin. Empty while the process is down.
        simulated: Vec<u64>,
        /// The count that is displayed live.
        live: Option<u64>,
    },
    /// How many samples there are.
    Samples {
        /// In the simulation.
        simulated: usize,
        /// Live.
        live: usize,
    },
}

/// The result of a comparison.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// All differences.
    pub differences: Vec<Difference>,
    /// Requests accepted in the simulation.
    pub messages: u64,
    /// Their bytes, heads and bodies.
    pub bytes: u64,
    /// Displayed counts that were compared.
    pub samples: u64,
    /// How many of them are so near a change that several counts are right.
    pub samples_near_edge: u64,
    /// The message whose effect is furthest from its time in the simulation, and how far in real milliseconds.
    pub furthest: Option<(f64, String)>,
}

/// A link, a kind and a video.
type LinkKey = (InstanceId, InstanceId, Kind, VideoId);

/// Compares two runs of one cell.
pub fn compare(simulated: Side<'_>, live: Side<'_>, setting: Setting<'_>) -> Comparison {
    let mut comparison = Comparison::default();
    let links = compare_messages(simulated.log, live.log, &setting, &mut comparison);
    compare_links(simulated, live, &links, &setting, &mut comparison);
    compare_samples(simulated.log, live.log, &setting, &mut comparison);
    comparison
}

/// How the messages of one `LinkKey` differ. Pairs are [simulated, live].
#[derive(Clone, Debug, Default)]
struct LinkMessages {
    begun: [u64; 2],
    answer_bytes: [u64; 2],
    first_missing: Option<(Time, String)>,
    unlike: u64,
    first_unlike: Option<(Time, String)>,
}

/// Compares message by message.
fn compare_messages(
    simulated: &Log,
    live: &Log,
    setting: &Setting<'_>,
    comparison: &mut Comparison,
) -> BTreeMap<LinkKey, LinkMessages> {
    let mut links: BTreeMap<LinkKey, LinkMessages> = BTreeMap::new();
    let (simulated, live) = (simulated.messages(), live.messages());
    let only_live = live.keys().filter(|name| !simulated.contains_key(name));
    for name in simulated.keys().chain(only_live) {
        let requests = [simulated, live].map(|log| log.get(name).map_or(&[][..], Vec::as_slice));
        let link = (name.from, name.to, name.kind, name.video);
        links.entry(link).or_default().add(name, requests, setting);
        for (one, other) in requests[0].iter().zip(requests[1]) {
            let Some((one, other)) = one.effect.zip(other.effect) else { continue };
            let ms = one.ns().abs_diff(other.ns()) as f64 / 1e6 / setting.scale;
            if comparison.furthest.as_ref().is_none_or(|furthest| furthest.0 < ms) {
                comparison.furthest = Some((ms, name.describe(setting.federation)));
            }
        }
    }
    links
}

impl LinkMessages {
    /// Adds the requests of one message, simulated and live.
    fn add(&mut self, name: &MessageName, [simulated, live]: [&[Request]; 2], setting: &Setting<'_>) {
        let accepted = |side: &[Request]| side.iter().filter(|request| request.delivered.is_some()).count();
        let counts = [simulated, live].map(|side| (side.len(), accepted(side)));
        self.begun[0] += simulated.len() as u64;
        self.begun[1] += live.len() as u64;
        for (sum, side) in self.answer_bytes.iter_mut().zip([simulated, live]) {
            *sum += side.iter().filter_map(answer_bytes).sum::<u64>();
        }
        if counts[0] != counts[1] {
            let more = counts[0] > counts[1];
            let (side, where_it_is) = if more { (simulated, "in the simulation") } else { (live, "live") };
            let at = side.last().map_or(Time::ZERO, |request| request.begun);
            let text =
                || format!("{} at {} ms, {where_it_is} only", name.describe(setting.federation), at.ms());
            keep_first(&mut self.first_missing, at, text);
        }
        for (one, other) in simulated.iter().zip(live) {
            let content = |request: &Request| {
                (request.counts, request.head_bytes, request.body_bytes, answer_bytes(request))
            };
            if content(one) == content(other) {
                continue;
            }
            self.unlike += 1;
            keep_first(&mut self.first_unlike, one.begun, || {
                let (message, ms) = (name.describe(setting.federation), one.begun.ms());
                let [one, other] = [one, other].map(content_text);
                format!("{message} at {ms} ms: {one} in the simulation, {other} live")
            });
        }
    }
}

fn keep_first(first: &mut Option<(Time, String)>, at: Time, text: impl FnOnce() -> String) {
    if first.as_ref().is_none_or(|first| at < first.0) {
        *first = Some((at, text()));
    }
}

/// Of a request whose answer has a body: the bytes of the answer.
fn answer_bytes(request: &Request) -> Option<u64> {
    request.answer.map(|(_, bytes)| bytes)
}

/// The content of a message as text.
fn content_text(request: &Request) -> String {
    let [viewers, views] =
        request.counts.map(|count| count.map_or_else(|| "none".to_owned(), |count| count.to_string()));
    let answer = answer_bytes(request).map_or_else(String::new, |bytes| format!(", answered by {bytes}"));
    format!("viewers {viewers}, views {views}, {} + {} bytes{answer}", request.head_bytes, request.body_bytes)
}

fn compare_links(
    simulated: Side<'_>,
    live: Side<'_>,
    links: &BTreeMap<LinkKey, LinkMessages>,
    setting: &Setting<'_>,
    comparison: &mut Comparison,
) {
    let mut taken: BTreeMap<LinkKey, [LinkSums; 2]> = BTreeMap::new();
    for (number, side) in [simulated, live].into_iter().enumerate() {
        for row in &side.observed.links {
            // where a run is compared, every video is a single one
            let video = VideoId(row.listing.0);
            taken.entry((row.sender, row.receiver, row.kind, video)).or_default()[number] = row.sums;
        }
    }
    for place in links.keys() {
        taken.entry(*place).or_default();
    }
    for (place, [one, other]) in taken {
        comparison.messages += one.messages;
        comparison.bytes += one.head_bytes + one.body_bytes;
        let of_link = links.get(&place).cloned().unwrap_or_default();
        let link = link_text(setting.federation, place);
        let mut first = of_link.first_missing.map(|first| first.1);
        let sums = [
            ("requests begun", of_link.begun),
            ("messages", [one.messages, other.messages]),
            ("bytes of heads", [one.head_bytes, other.head_bytes]),
            ("bytes of bodies", [one.body_bytes, other.body_bytes]),
            ("bytes of answers", of_link.answer_bytes),
        ];
        for (what, [simulated, live]) in sums.into_iter().filter(|(_, [one, other])| one != other) {
            let first = first.take();
            comparison.differences.push(Difference::Link {
                link: link.clone(),
                what,
                simulated,
                live,
                first,
            });
        }
        // equally many messages, but not the same ones
        if let Some(first) = first {
            comparison.differences.push(Difference::Content { link: link.clone(), messages: 1, first });
        }
        if let Some((_, first)) = of_link.first_unlike {
            let messages = of_link.unlike;
            comparison.differences.push(Difference::Content { link, messages, first });
        }
    }
}

fn link_text(federation: &Federation, (from, to, kind, video): LinkKey) -> String {
    let name = |id: InstanceId| federation.instances[id.index()].name.as_str();
    format!("{} -> {}, {}{}", name(from), name(to), kind.name(), video_text(federation, video))
}

/// The video, if there are several.
fn video_text(federation: &Federation, video: VideoId) -> String {
    if federation.videos.len() == 1 {
        String::new()
    } else {
        format!(" of {}", federation.videos[video.index()].name)
    }
}

fn compare_samples(simulated: &Log, live: &Log, setting: &Setting<'_>, comparison: &mut Comparison) {
    let (simulated, live) = (simulated.samples(), live.samples());
    if simulated.len() != live.len() {
        comparison.differences.push(Difference::Samples { simulated: simulated.len(), live: live.len() });
    }
    for (one, other) in simulated.iter().zip(live) {
        for (number, counts) in one.counts.iter().enumerate() {
            let instance = InstanceId::at(number);
            let others = other.counts.get(number).and_then(Option::as_ref);
            compare_sample(one, instance, counts.as_ref(), others, setting, comparison);
        }
    }
}

/// Compares the display of one instance at one sample. None while its process is down.
fn compare_sample(
    sample: &DisplaySample,
    instance: InstanceId,
    simulated: Option<&BTreeMap<Shown, u64>>,
    live: Option<&BTreeMap<Shown, u64>>,
    setting: &Setting<'_>,
    comparison: &mut Comparison,
) {
    let Setting { federation, counts, margin, .. } = *setting;
    let history: &DisplayHistory = &counts.histories[instance.index()];
    let videos = (0..federation.videos.len()).map(VideoId::at);
    let all = videos.flat_map(|video| [Counter::Viewers, Counter::Views].map(|counter| (video, counter)));
    comparison.samples += all.clone().count() as u64;
    let shown: BTreeSet<Shown> = match simulated.is_some() == live.is_some() {
        // both display 0 of all others, or nothing
        true => history.all().chain(live.into_iter().flatten().map(|shown| *shown.0)).collect(),
        false => all.collect(),
    };
    for (video, counter) in shown {
        let what = (video, counter);
        let mut right: Vec<u64> = simulated.map_or_else(Vec::new, |_| {
            history.shown(what, sample.at.before(margin), sample.at + margin).collect()
        });
        right.sort_unstable();
        right.dedup();
        comparison.samples_near_edge += u64::from(right.len() > 1);
        let live = live.map(|counts| counts.get(&what).copied().unwrap_or(0));
        if !live.map_or(right.is_empty(), |count| right.contains(&count)) {
            comparison.differences.push(Difference::Displayed {
                place: format!(
                    "{}{}{}",
                    federation.instances[instance.index()].name,
                    video_text(federation, video),
                    if counter == Counter::Views { ", views" } else { "" }
                ),
                at: sample.at,
                simulated: right,
                live,
            });
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Link { link, what, simulated, live, first } => {
                write!(f, "{link}: {simulated} {what} in the simulation, {live} live")?;
                first.as_ref().map_or(Ok(()), |first| write!(f, "; first {first}"))
            }
            Difference::Content { link, messages, first } => {
                write!(f, "{link}: {messages} messages are not alike; first {first}")
            }
            Difference::Displayed { place, at, simulated, live } => {
                let text = |count: &u64| count.to_string();
                let right = simulated.iter().map(text).collect::<Vec<_>>().join(" or ");
                let right = if right.is_empty() { "nothing" } else { &right };
                let live = live.as_ref().map_or_else(|| "nothing".to_owned(), text);
                write!(f, "{place} at {} ms: shows {right} in the simulation, {live} live", at.ms())
            }
            Difference::Samples { simulated, live } => {
                write!(f, "{simulated} samples in the simulation, {live} live")
            }
        }
    }
}
