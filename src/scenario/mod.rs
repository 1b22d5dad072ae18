//! Layer 5, scenarios: a file of the user's becomes a valid model, or a list of everything that is wrong with it.
//!
//! ```text
//! text -> tree (YAML with places) <- set (--set path=value)
//!      -> check (against shape and format: types, bounds, defaults) -> value
//!      -> build (names become ids, parts must fit together) -> model; emit (the resolved text and its hash)
//! ```
//! A scenario file is untrusted: all of this is bounded and nothing of it panics. It knows no driver, no metric (their
//! names are handed in) and no output.

mod build;
mod check;
mod choose;
mod data;
mod emit;
mod format;
mod graph;
mod host;
mod incompatible_follows;
mod init;
mod instant;
mod model;
mod pick;
mod problem;
mod quantity;
mod read;
mod schema;
mod search;
mod set;
mod shape;
mod space;
mod study;
mod tree;
mod value;

pub use data::DATA_BYTES_MAX;
pub(crate) use data::{Column, DataFile, Row, each_row, header_of};
pub(crate) use format::{CATALOGUE_VIDEOS_MAX, COLUMNS_MAX, INSTANCES_MAX, PROTOCOLS_MAX};
pub(crate) use host::host;
pub use incompatible_follows::IncompatibleFollows;
pub use init::{example, is_column_name, is_name, is_path};
pub use model::{
    End, Expectation, Gate, Group, InstanceSpec, Limits, Measure, PRECISION_REPLICATIONS_MIN, Pareto, Peer,
    Precision, Scenario, Severity, Sweep, Variant, VideoSpec, WireNames,
};
pub(crate) use problem::{Place, Problems, shown};
pub use problem::{Problem, nearest};
pub use read::{Changes, Failure, Input, RESOLVED_FILE, parse, read, read_data, read_with_data};
pub use schema::schema;
pub use search::{parse_search, read_search};
pub use space::{SearchBound, SearchScenario, SearchSpace};
pub use study::Study;

#[cfg(test)]
mod tests;
