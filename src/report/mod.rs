//! What people read, made from the records alone: the comparison table, the verdict on expectations, figures, and the page that
//! holds all of it.

mod cancelling;
pub mod compare;
pub mod expect;
pub mod figure;
pub mod figures;
mod flips;
pub mod matrix;
#[cfg(feature = "report")]
pub mod page;
#[cfg(feature = "report")]
pub mod plot;
pub mod rules;
pub mod run;
pub mod search;
pub mod style;
pub mod summary;
pub mod sweep;
pub mod table;
