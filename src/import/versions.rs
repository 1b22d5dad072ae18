//! What the instances of a crawl run: their versions, and the preset of each.

use crate::domain::release::{NEWEST, Release};
use crate::import::instances::Instance;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A version as instances state it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The release; or text that is none.
    pub text: String,
    /// Whether it is a release.
    pub is_known: bool,
    /// How many instances state it.
    pub instances: usize,
    /// The preset whose rules they get.
    pub preset: &'static str,
}

/// All versions of some instances.
pub(super) struct Versions {
    /// Releases, newest first; then texts that are none.
    pub(super) list: Vec<Version>,
    /// The preset of most instances, which those of unknown versions get; of the newest release if no version is known.
    usual: &'static str,
}

impl Versions {
    pub(super) fn of<'a>(instances: impl Iterator<Item = &'a Instance>) -> Versions {
        let (mut by_release, mut by_text, mut by_preset) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for instance in instances {
            match instance.release {
                Some(release) => {
                    *by_release.entry(Reverse(release)).or_insert(0) += 1;
                    *by_preset.entry(release.preset()).or_insert(0) += 1;
                }
                None => *by_text.entry(&instance.version[..]).or_insert(0) += 1,
            }
        }
        // of equals the last is the maximum: the one with the later name
        let usual = by_preset.iter().max_by_key(|(_, instances)| **instances);
        let usual = usual.map_or(NEWEST, |(preset, _)| *preset);
        let known = by_release.into_iter().map(|(Reverse(release), instances): (Reverse<Release>, usize)| {
            Version { text: release.to_string(), is_known: true, instances, preset: release.preset() }
        });
        let unknown = by_text.into_iter().map(|(text, instances): (&str, usize)| Version {
            text: text.to_owned(),
            is_known: false,
            instances,
            preset: usual,
        });
        Versions { list: known.chain(unknown).collect(), usual }
    }

    /// The preset of an instance.
    pub(super) fn preset(&self, instance: &Instance) -> &'static str {
        instance.release.map_or(self.usual, Release::preset)
    }
}
