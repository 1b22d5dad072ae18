//! What a request is, for all drivers and executors: its path through the stations of two machines, what faults do to it on
//! the way, and its name in random draws.
//!
//! It must not know how a run is executed: executors call the legs of the path.

mod conditions;
mod name;
mod path;

pub use conditions::Conditions;
pub use name::message_name;
pub use path::{Failure, Host, Load, Path, RequestHistory, Transit, Unlimited};
