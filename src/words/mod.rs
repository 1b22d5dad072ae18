//! Layer 1, words: units, ids, random streams and harmless text that every other layer speaks.
//!
//! Nothing here knows what an instance, a protocol or a file is.

pub mod ids;
pub mod random;
pub mod text;
pub mod units;
