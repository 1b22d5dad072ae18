//! What a request is: its path through the stations of two machines, and what faults do to it on the way.
//!
//! It must not know how a run is executed: executors call the legs of the path.

mod conditions;
mod path;

pub use conditions::Conditions;
pub(in crate::sim) use path::{Course, Failure, Host, Load, Path, Transit};
