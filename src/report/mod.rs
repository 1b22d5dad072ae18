//! What people read, made from the records alone: the comparison table and the verdict on expectations.

pub mod expect;
pub mod summary;
pub mod table;
