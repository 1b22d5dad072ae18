//! The follows of a crawl: `Source` follows `Target`, each an instance by its host or its id.

use crate::import::instances::Instance;
use crate::import::left_out::{LeftOut, Reason};
use crate::import::rows::Table;
use crate::scenario::{Column, Problems, Row, shown};
use std::collections::{BTreeMap, BTreeSet};

const COLUMNS: [Column; 3] = [
    Column::required("Source").or(&["follower"]),
    Column::required("Target").or(&["followed"]),
    Column::optional("Weight"),
];

/// A follower and whom it follows, by their positions among the instances.
pub(super) type Follow = (u32, u32);

/// What instances are called.
struct Names<'a> {
    by_host: BTreeMap<&'a str, u32>,
    by_id: BTreeMap<&'a str, u32>,
}

/// The follows of a table between different instances, each once.
pub(super) fn read(
    table: &Table<'_>,
    instances: &[Instance],
    left_out: &mut LeftOut,
    problems: &mut Problems,
) -> BTreeSet<Follow> {
    let names = Names::new(instances);
    let mut follows = BTreeSet::new();
    table.rows(&COLUMNS, left_out, problems, |row, left_out| {
        let weight = row.text("Weight").filter(|text| !text.is_empty());
        // a crawler that tells blocks, too, gives them a weight of -1
        if let Some(text) = weight.filter(|text| !is_above_zero(text)) {
            let message = format!("{} is not above 0", shown(text));
            return table.note(Reason::Weight, row, "Weight", message, left_out);
        }
        let mut instance = |column| {
            let found = names.instance(row.text(column).unwrap_or_default());
            found.map_err(|message| table.note(Reason::Stranger, row, column, message, left_out)).ok()
        };
        let Some(follow) = instance("Source").and_then(|source| Some((source, instance("Target")?))) else {
            return;
        };
        let reason = if follow.0 == follow.1 { Reason::Itself } else { Reason::FollowTwice };
        if reason == Reason::Itself || !follows.insert(follow) {
            table.note(reason, row, "Target", of(row), left_out);
        }
    });
    follows
}

/// Which follow a row says.
fn of(row: &Row<'_>) -> String {
    let [source, target] = ["Source", "Target"].map(|column| shown(row.text(column).unwrap_or_default()));
    format!("{source} follows {target}")
}

fn is_above_zero(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|weight| weight > 0.0 && weight.is_finite())
}

impl Names<'_> {
    fn new(instances: &[Instance]) -> Names<'_> {
        let numbered = || (0..).zip(instances);
        let named = numbered().filter(|(_, instance)| !instance.id.is_empty());
        Names {
            by_host: numbered().map(|(number, instance)| (&instance.host[..], number)).collect(),
            by_id: named.map(|(number, instance)| (&instance.id[..], number)).collect(),
        }
    }

    /// The instance that is called so; or why there is none.
    fn instance(&self, text: &str) -> Result<u32, String> {
        let by_host = self.by_host.get(&text.to_ascii_lowercase()[..]);
        match (by_host, self.by_id.get(text)) {
            (Some(one), Some(other)) if one != other => {
                Err(format!("{} is the host of one instance and the id of another", shown(text)))
            }
            (Some(found), _) | (None, Some(found)) => Ok(*found),
            (None, None) => Err(format!("{} is neither the host nor the id of an instance", shown(text))),
        }
    }
}
