//! Layer 1, the foundation: units, ids, random streams, special functions and harmless text that every other layer uses.
//!
//! Nothing here knows what an instance, a protocol or a file is.

mod chacha;
pub mod ids;
pub mod random;
pub mod special;
pub mod text;
pub mod units;
