//! What is sent beside Views.

use crate::domain::other_traffic::{Background, Files, OtherTraffic, update_bytes, watch_action_bytes};
use crate::mechanism::wire::OtherBodies;
use crate::scenario::build::crowds::video;
use crate::scenario::model::VideoSpec;
use crate::scenario::problem::Problems;
use crate::scenario::value::Checked;

/// The other traffic of a file.
pub(crate) fn other_traffic(
    file: &Checked,
    videos: &[Result<VideoSpec, String>],
    problems: &mut Problems,
) -> Option<OtherTraffic> {
    let section = file.get("other_traffic")?;
    let mut background = |item: &Checked| {
        let video = item.get("video").and_then(|at| video(at, videos, problems));
        Some(Background { video: video?, rate_per_s: item.rate_per_s("rate")? })
    };
    let background: Vec<_> = section.get("background")?.items().iter().map(&mut background).collect();
    let (update_every, update_bytes) = match section.get("updates")?.case()? {
        ("off", _) => (None, 0),
        (_, on) => {
            let files = match on.text("files")? {
                "hls" => Files::Hls,
                "web" => Files::Web,
                _ => Files::Both,
            };
            let resolutions = u32::try_from(on.integer("resolutions")?).ok()?;
            (Some(on.span("every")?), update_bytes(files, resolutions))
        }
    };
    let sections = u32::try_from(section.integer("watch_sections")?).ok()?;
    Some(OtherTraffic {
        update_every,
        watch_actions: section.text("watch_actions")? == "on",
        background: background.into_iter().collect::<Option<_>>()?,
        bodies: OtherBodies {
            update_bytes,
            watch_action_bytes: watch_action_bytes(sections),
            background_bytes: section.bytes("background_body")?,
        },
    })
}
