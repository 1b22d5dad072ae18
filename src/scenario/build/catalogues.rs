//! Catalogues: many videos of a group, and the people who come to them.

use crate::domain::catalogue::{Catalogue, Popularity, VideoCounts};
use crate::foundation::ids::VideoId;
use crate::foundation::units::Span;
use crate::scenario::build::crowds::{Context, Watched, clients};
use crate::scenario::build::table::Table;
use crate::scenario::build::unknown::unknown;
use crate::scenario::format::CATALOGUE_VIDEOS_MAX;
use crate::scenario::problem::Problems;
use crate::scenario::value::Checked;
use std::collections::BTreeMap;

/// The catalogues of a file.
pub(crate) fn catalogues(
    file: &Checked,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Vec<Catalogue>> {
    let entries = file.get("catalogues")?.entries();
    let built: Vec<_> =
        entries.iter().map(|(name, value)| catalogue(name, value, context, problems)).collect();
    let all: Vec<Catalogue> = built.into_iter().collect::<Option<_>>()?;
    let total: u64 = all.iter().map(Catalogue::count).sum();
    if total > CATALOGUE_VIDEOS_MAX {
        let message = format!(
            "are {total} videos together; there may be {CATALOGUE_VIDEOS_MAX}: lower the `videos` of a catalogue"
        );
        problems.at(file.get("catalogues")?.spot(), message);
    }
    let is_empty = |key: &str| file.get(key).is_some_and(|section| section.entries().is_empty());
    if is_empty("videos") && is_empty("catalogues") {
        problems.at(file.spot(), "has no video; give it `videos`, `catalogues` or both");
    }
    Some(all)
}

fn catalogue(
    name: &str,
    value: &Checked,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Catalogue> {
    let owners = value.get("of").and_then(|at| {
        let members = context.table.members(at.as_text()?, at.spot(), problems)?;
        context.table.need_peertube(&members, at.spot(), problems);
        Some(context.table.hosts(members))
    });
    let length = value.get("length").and_then(Checked::case).and_then(|(case, length)| match case {
        "live" => Some(None),
        _ => length.as_span().map(Some),
    });
    let clash = context.videos.iter().flatten().find(|video| is_of(name, &video.name));
    if let Some(video) = clash {
        let message =
            format!("has the video `{}` too, which is one of `videos`; call one otherwise", video.name);
        problems.at(value.spot(), message);
    }
    let watched = length.map(|length: Option<Span>| Watched { name, length });
    let visits = context.drawn(value, watched, problems);
    let of = value.text("of").and_then(|of| context.table.group(of));
    let videos = value.get("videos").and_then(|at| videos(at, of, context.table, problems));
    let popularity = value.get("popularity").and_then(|at| popularity(at, of, context.table, problems));
    Some(Catalogue {
        name: name.to_owned(),
        owners: owners?,
        videos: videos?,
        popularity: popularity?,
        length: length?,
        visits: visits?,
        clients: clients(value),
    })
}

/// Whether a name is that of a catalogue, or one that its videos may have.
fn is_of(catalogue: &str, name: &str) -> bool {
    let rest = name.strip_prefix(catalogue);
    rest.is_some_and(|rest| rest.is_empty() || rank_of(rest).is_some())
}

/// The rank that stands behind the name of a catalogue.
fn rank_of(rest: &str) -> Option<u64> {
    let rank = rest.strip_prefix('-')?;
    rank.parse().ok().filter(|number: &u64| *number > 0 && number.to_string() == rank)
}

/// `of` is the group that owns them, if they belong to a group.
fn videos(at: &Checked, of: Option<usize>, table: &Table, problems: &mut Problems) -> Option<VideoCounts> {
    let (case, value) = at.case()?;
    let count = |number: u64| u32::try_from(number).ok();
    Some(match case {
        "each" => VideoCounts::Each(count(value.as_integer()?)?),
        "column" => {
            let column = value.get("column")?;
            let group = need_group(of, column, problems)?;
            VideoCounts::Listed(table.counts(group, column.as_text()?, column.spot(), problems)?)
        }
        _ => VideoCounts::Zipf { total: count(value.integer("total")?)?, exponent: value.number("zipf")? },
    })
}

/// Likewise.
fn popularity(at: &Checked, of: Option<usize>, table: &Table, problems: &mut Problems) -> Option<Popularity> {
    let owners = match at.get("owners").and_then(|owners| owners.get("column")) {
        None => None,
        Some(column) => {
            let group = need_group(of, column, problems)?;
            let shares = table.column(group, column.as_text()?, column.spot(), problems)?;
            Some(shares.into_iter().map(|(_, share)| share).collect())
        }
    };
    Some(Popularity { exponent: at.number("zipf")?, owners })
}

/// The group whose list has a column.
fn need_group(of: Option<usize>, column: &Checked, problems: &mut Problems) -> Option<usize> {
    if of.is_none() {
        problems.at(column.spot(), "is a column of a list, but `of` names no group with one");
    }
    of
}

/// The videos of catalogues that records list singly.
pub(crate) fn detailed(
    file: &Checked,
    singles: usize,
    catalogues: &[Catalogue],
    problems: &mut Problems,
) -> Option<BTreeMap<VideoId, String>> {
    let mut detailed = BTreeMap::new();
    for at in file.get("measure")?.get("detail")?.items() {
        let name = at.as_text()?;
        match find(name, singles, catalogues) {
            Ok(video) => {
                detailed.insert(video, name.to_owned());
            }
            Err(Some(catalogue)) => {
                let message =
                    format!("`{name}` is none of the {} videos of `{}`", catalogue.count(), catalogue.name);
                problems.at(at.spot(), message);
            }
            Err(None) => {
                let known: Vec<String> =
                    catalogues.iter().map(|catalogue| format!("{}-1", catalogue.name)).collect();
                unknown(at.spot(), "video of a catalogue", name, known.iter().map(String::as_str), problems);
            }
        }
    }
    Some(detailed)
}

/// The video of a catalogue called so; else the catalogue that has not so many.
fn find<'a>(
    name: &str,
    singles: usize,
    catalogues: &'a [Catalogue],
) -> Result<VideoId, Option<&'a Catalogue>> {
    let mut first = singles as u64;
    for catalogue in catalogues {
        if let Some(rank) = name.strip_prefix(&catalogue.name[..]).and_then(rank_of) {
            let is_there = rank <= catalogue.count();
            return if is_there {
                Ok(VideoId::at((first + rank - 1) as usize))
            } else {
                Err(Some(catalogue))
            };
        }
        first += catalogue.count();
    }
    Err(None)
}
