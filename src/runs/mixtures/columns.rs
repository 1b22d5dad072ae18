//! Columns of a comparison as text of the scenario format.

use crate::scenario::{COLUMNS_MAX, is_column_name};

/// Keys and values of all columns together, as a scenario counts them, with room for the rest of it.
const NODES_MAX: usize = 18_000;
/// Those of a column beside the names of instances.
const NODES_OF_COLUMN: usize = 12;

/// A column: one protocol for everybody but some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MixedColumn {
    pub(super) name: String,
    pub(super) protocol: String,
    /// Protocols with the instances or groups that speak them.
    pub(super) others: Vec<(String, Vec<String>)>,
}

/// What makes the columns of a scenario these and no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Changes to the scenario, as in `--set`.
    pub sets: Vec<String>,
    /// The names of the columns.
    pub names: Vec<String>,
}

impl Columns {
    /// Of these columns; or why there are too many of them.
    pub(super) fn new(columns: &[MixedColumn]) -> Result<Columns, String> {
        let count = |column: &MixedColumn| column.others.iter().map(|(_, names)| names.len()).sum::<usize>();
        let names: usize = columns.iter().map(count).sum();
        let names_max = NODES_MAX.saturating_sub(NODES_OF_COLUMN * columns.len());
        if columns.len() > COLUMNS_MAX || names > names_max {
            return Err(format!(
                "would take {} columns in which {names} instances are named, and there may be {COLUMNS_MAX}, and {names_max} names: \
                 take fewer protocols, or a scenario with fewer instances",
                columns.len()
            ));
        }
        let text: Vec<String> = columns.iter().map(MixedColumn::text).collect();
        // expectations are about the columns that the file compares
        let sets =
            vec![format!("compare=[{}]", text.join(", ")), "expect=[]".to_owned(), "sweep={}".to_owned()];
        Ok(Columns { sets, names: columns.iter().map(|column| column.name.clone()).collect() })
    }
}

impl MixedColumn {
    /// As it stands in a scenario.
    fn text(&self) -> String {
        let MixedColumn { name, protocol, others } = self;
        let entry = |(protocol, names): &(String, Vec<String>)| format!("{protocol}: [{}]", names.join(", "));
        let others: Vec<String> = others.iter().map(entry).collect();
        format!("{{name: {name}, protocol: {protocol}, instances: {{{}}}}}", others.join(", "))
    }
}

/// The name of a column made of parts; numbers where their names are too long together.
pub(super) fn column_name(parts: &[(usize, &str)]) -> String {
    let join = |texts: Vec<String>| texts.join(".");
    let name = join(parts.iter().map(|(_, name)| (*name).to_owned()).collect());
    if is_column_name(&name) {
        name
    } else {
        join(parts.iter().map(|(number, _)| (number + 1).to_string()).collect())
    }
}
