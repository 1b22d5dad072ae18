//! What people read, made from the records alone: the comparison table and the verdict on expectations.

pub mod compare;
pub mod expect;
pub mod sweep;
pub mod table;
