//! Videos, and servers of others.

use crate::scenario::build::table::Table;
use crate::scenario::model::{InstanceSpec, Peer, VideoSpec};
use crate::scenario::problem::Problems;
use crate::scenario::value::Checked;
use std::collections::BTreeSet;

/// The videos, by name; `Err` holds the name of one that is broken.
pub(crate) fn videos(
    file: &Checked,
    table: &Table,
    problems: &mut Problems,
) -> Vec<Result<VideoSpec, String>> {
    let mut video = |(name, video): &(String, Checked)| {
        let origin = video.get("origin").and_then(|at| {
            let id = table.instance(at.as_text()?, at.spot(), problems)?;
            table.need_peertube(&[id], at.spot(), problems);
            Some(id)
        });
        let length = video.get("length").and_then(Checked::case).and_then(|(case, length)| match case {
            "live" => Some(None),
            _ => length.as_span().map(Some),
        });
        match (origin, length) {
            (Some(origin), Some(length)) => Ok(VideoSpec { name: name.clone(), origin, length }),
            _ => Err(name.clone()),
        }
    };
    file.get("videos").map_or(&[][..], Checked::entries).iter().map(&mut video).collect()
}

/// The servers of others.
pub(crate) fn peers(file: &Checked, table: &Table, problems: &mut Problems) -> Option<Vec<Peer>> {
    let mut actors = BTreeSet::new();
    let mut peer = |item: &Checked| {
        let actor = item.get("actor").and_then(|at| {
            let url = at.as_text()?;
            if !actors.insert(url.to_owned()) {
                problems.at(at.spot(), "is the actor of a peer above, too; each has its own");
            }
            if let Some(instance) = table.instances.iter().find(|instance| owns(instance, url)) {
                let message =
                    format!("is on the host of the instance `{}`; a peer is another server", instance.name);
                problems.at(at.spot(), message);
            }
            Some(url.to_owned())
        });
        let follows = match item.get("follows") {
            None => None,
            Some(at) => {
                let id = table.instance(at.as_text()?, at.spot(), problems)?;
                table.need_peertube(&[id], at.spot(), problems);
                Some(id)
            }
        };
        Some(Peer { actor: actor?, inbox: item.text("inbox")?.to_owned(), follows })
    };
    let built: Vec<_> = file.get("peers").map_or(&[][..], Checked::items).iter().map(&mut peer).collect();
    built.into_iter().collect()
}

/// Whether a URL is on the host of an instance.
fn owns(instance: &InstanceSpec, url: &str) -> bool {
    url.strip_prefix(&instance.url).is_some_and(|rest| rest.starts_with('/'))
}
