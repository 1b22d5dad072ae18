//! The instances of a crawl: a row each, with the figures that PeerTube's `/api/v1/server/stats` and `/api/v1/config` give.

use crate::domain::release::Release;
use crate::import::left_out::{LeftOut, Reason};
use crate::import::rows::Table;
use crate::scenario::{Column, Problems, Row, host, shown};
use std::collections::BTreeMap;

const MONTHLY: &str = "totalMonthlyActiveUsers";
const USERS: &str = "totalUsers";
const VIDEOS: &str = "totalLocalVideos";
const VIEWS: &str = "totalLocalVideoViews";
const VERSION: &str = "serverVersion";
const COLUMNS: [Column; 8] = [
    Column::required("host"),
    Column::required(MONTHLY),
    Column::required(USERS),
    Column::required(VIDEOS),
    Column::required(VIEWS),
    Column::required(VERSION),
    Column::required("error"),
    Column::optional("Id"),
];
/// No count is larger; it is the largest number of a list of instances, too.
const COUNT_MAX: u32 = 1_000_000_000;

/// An instance.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) host: String,
    /// What follows may call it beside its host; empty if nothing.
    pub(super) id: String,
    /// The crawler noted an error: it did not answer, or not to everything.
    pub(super) is_dead: bool,
    /// What it states.
    pub(super) version: String,
    pub(super) release: Option<Release>,
    /// Active in a month, else all. A figure that is not known is 0, and so are all of who is dead.
    pub(super) users: u32,
    /// Its own.
    pub(super) videos: u32,
    /// Of its own videos.
    pub(super) views: u32,
}

/// The instances of a table, by host in ascending order.
pub(super) fn read(table: &Table<'_>, left_out: &mut LeftOut, problems: &mut Problems) -> Vec<Instance> {
    let (mut lines, mut ids, mut instances) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    table.rows(&COLUMNS, left_out, problems, |row, left_out| {
        let host = match host(row.text("host").unwrap_or_default()) {
            Ok(host) => host,
            Err(message) => return table.note(Reason::Host, row, "host", message, left_out),
        };
        if let Some(line) = lines.get(&host) {
            let message = format!("{} is in line {line}, which counts", shown(&host));
            return table.note(Reason::HostTwice, row, "host", message, left_out);
        }
        lines.insert(host.clone(), row.place.line);
        let id = id(table, row, &mut ids, left_out);
        instances.push(instance(table, row, (host, id), left_out));
    });
    instances.sort_by(|one, other| one.host.cmp(&other.host));
    instances
}

/// The id of a row, unless another row has it; lines by id.
fn id(table: &Table<'_>, row: &Row<'_>, ids: &mut BTreeMap<String, u32>, left_out: &mut LeftOut) -> String {
    let id = row.text("Id").unwrap_or_default();
    if id.is_empty() {
        return String::new();
    }
    if let Some(line) = ids.get(id) {
        let message = format!("{} is in line {line}, too", shown(id));
        table.note(Reason::IdTwice, row, "Id", message, left_out);
        return String::new();
    }
    ids.insert(id.to_owned(), row.place.line);
    id.to_owned()
}

fn instance(
    table: &Table<'_>,
    row: &Row<'_>,
    (host, id): (String, String),
    left_out: &mut LeftOut,
) -> Instance {
    let version = row.text(VERSION).unwrap_or_default().to_owned();
    let release = version.parse().ok();
    if row.text("error").is_some_and(|error| !error.is_empty()) {
        return Instance { host, id, is_dead: true, version, release, users: 0, videos: 0, views: 0 };
    }
    let is_empty = |column| row.text(column).is_none_or(str::is_empty);
    let mut figure = |column: &'static str| {
        let text = row.text(column).unwrap_or_default();
        let count = count(text);
        if count.is_none() {
            let message = format!("{} is not a count from 0 to {COUNT_MAX}", shown(text));
            table.note(Reason::Figure, row, column, message, left_out);
        }
        count
    };
    // not every release says who is active
    let monthly = if is_empty(MONTHLY) { None } else { figure(MONTHLY) };
    let users = monthly.or_else(|| figure(USERS)).unwrap_or(0);
    let (videos, views) = (figure(VIDEOS).unwrap_or(0), figure(VIEWS).unwrap_or(0));
    if release.is_none() {
        let message = format!("{} is not a version", shown(&version));
        table.note(Reason::Version, row, VERSION, message, left_out);
    }
    Instance { host, id, is_dead: false, version, release, users, videos, views }
}

/// A count; pandas writes `12.0` where a column has gaps.
fn count(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_whole = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    let is_zero = !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0');
    if is_whole && is_zero { whole.parse().ok().filter(|count| *count <= COUNT_MAX) } else { None }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn counts_are_whole_and_bounded() {
        for (text, expected) in [
            ("0", Some(0)),
            ("12", Some(12)),
            ("12.0", Some(12)),
            ("007", Some(7)),
            ("1000000000", Some(1_000_000_000)),
            ("1000000001", None),
            ("99999999999999999999", None),
            ("-1", None),
            ("1.5", None),
            ("1.", None),
            (".0", None),
            ("1,5", None),
            ("1e3", None),
            ("+1", None),
            ("nan", None),
            ("١٢", None),
        ] {
            assert_eq!(count(text), expected, "{text}");
        }
    }
}
