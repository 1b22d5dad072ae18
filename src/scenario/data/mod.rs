//! What lies beside a scenario: its files (`files`), tables (`table`) and lists of JSON (`json`) in them, and the times that these hold
//! (`clock`).

mod clock;
mod files;
mod json;
mod lines;
mod table;

pub(crate) use clock::{Clock, seconds};
pub use files::DATA_BYTES_MAX;
pub(crate) use files::{DataFile, Files};
pub(crate) use json::{Items, json, member};
pub(crate) use lines::Lines;
pub(crate) use table::{Column, Row, all_rows, each_row, header, header_of, no_number, rows, square};
