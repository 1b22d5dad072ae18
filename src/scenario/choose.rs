//! Which columns a comparison has: those named on the command line in place of the file's, and the baseline that is
//! taken where none is named.

use crate::scenario::problem::Place;
use crate::scenario::tree::{Node, Yaml};
use crate::scenario::value::{Checked, Value};

/// Makes `names` the columns of the comparison. A named mixture of the file keeps its meaning; the baseline and the
/// expectations about columns that are left out go. A fault of theirs alone stays, in no column: its number names draws.
pub(crate) fn columns(root: &mut Node, names: &[String], place: Place) {
    let listed = match root.get("compare").map(|node| &node.value) {
        Some(Yaml::List(items)) => items.clone(),
        _ => Vec::new(),
    };
    let item = |name: &String| {
        let found = listed.iter().find(|item| column_name(item) == Some(name));
        let plain = || Node { place, value: Yaml::Scalar { text: name.clone(), quoted: false } };
        found.cloned().unwrap_or_else(plain)
    };
    let chosen = Yaml::List(names.iter().map(item).collect());
    let Yaml::Map(entries) = &mut root.value else { return };
    let is_chosen = |node: &Node| node.text().is_none_or(|text| names.iter().any(|name| name == text));
    entries.retain(|(key, node)| key.text != "baseline" || is_chosen(node));
    for (key, node) in entries {
        match (key.text.as_str(), &mut node.value) {
            ("compare", value) => *value = chosen.clone(),
            ("expect", Yaml::List(items)) => items.retain(|item| {
                ["protocol", "relative_to"].iter().filter_map(|key| item.get(key)).all(is_chosen)
            }),
            ("faults", Yaml::List(items)) => items.iter_mut().for_each(|item| {
                let Yaml::Map(fault) = &mut item.value else { return };
                for (key, node) in fault {
                    if let ("columns", Yaml::List(columns)) = (&key.text[..], &mut node.value) {
                        columns.retain(is_chosen);
                    }
                }
            }),
            _ => {}
        }
    }
}

fn column_name(item: &Node) -> Option<&str> {
    item.text().or_else(|| item.get("name")?.text())
}

/// Writes the baseline into a file that names none: `v1` if it is compared, else the first column.
pub(crate) fn baseline(file: &mut Checked) {
    let name = |item: &Checked| {
        let (_, value) = item.case()?;
        Some(value.as_text().or_else(|| value.text("name"))?.to_owned())
    };
    let columns: Vec<String> =
        file.get("compare").map_or(&[][..], Checked::items).iter().filter_map(name).collect();
    let place = file.place;
    let Value::Record(entries) = &mut file.value else { return };
    let Some(chosen) = columns.iter().find(|column| *column == "v1").or(columns.first()) else { return };
    if entries.iter().all(|(key, _)| key != "baseline") {
        let behind = entries.iter().position(|(key, _)| key == "compare").map_or(0, |at| at + 1);
        let value = Value::Text(chosen.clone());
        entries
            .insert(behind, ("baseline".to_owned(), Checked { place, path: "baseline".to_owned(), value }));
    }
}
