//! Import: what crawlers publish of a federation becomes a scenario and the files beside it.
//!
//! ```text
//! tables -> instances, follows (what is meant is taken, and all else listed as left out) -> texts of a scenario and its files
//!   -> read as any scenario is, with fewer viewers until a run of it is allowed
//! ```
//! Tables of others are untrusted and damaged now and then: what is safe to leave out is left out and said with its line, what is not
//! is a problem. Nothing here opens or writes a file, and nothing knows how a scenario is run.

mod fedivertex;
mod follows;
mod instances;
mod left_out;
mod rows;
mod scenario_text;
mod versions;

pub use fedivertex::{Crawl, Found, Imported, Incompatible, fedivertex};
pub use left_out::{LeftOut, Reason};
pub use versions::Version;

#[cfg(test)]
mod tests;
