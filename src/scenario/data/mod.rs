//! What lies beside a scenario: its files (`files`), tables in them (`table`) and the times that these hold (`clock`).

mod clock;
mod files;
mod lines;
mod table;

pub(crate) use clock::{Clock, seconds};
pub(crate) use files::{DATA_BYTES_MAX, DataFile, Files};
pub(crate) use table::{Column, Row, header, no_number, rows, square};
