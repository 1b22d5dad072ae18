//! What depends on the rest of a file before it is resolved: which columns a comparison has, in place of the file's where the command
//! line names them; the baseline where none is named; how many instances a group has, where a list says it.

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

/// Takes the number of instances out of groups that have a list, unless somebody wrote one.
pub(crate) fn counts(file: &mut Checked) {
    let Value::Record(sections) = &mut file.value else { return };
    for (_, section) in sections.iter_mut().filter(|(key, _)| key == "instances") {
        let Value::Record(groups) = &mut section.value else { return };
        for (_, group) in groups {
            let has_list = group.get("list").is_some();
            if let Value::Record(entries) = &mut group.value {
                entries.retain(|(key, value)| !has_list || key != "count" || value.as_integer() != Some(1));
            }
        }
    }
}
