//! A request, for both drivers and all executors: its path through the stations of two machines (`path`), its latency and loss
//! under faults (`conditions`), the name of its random draws (`name`), and what caches answer of GETs (`gets`).
//!
//! It must not know how a run is executed: executors call the legs of the path.

mod conditions;
mod gets;
mod name;
mod path;
#[cfg(test)]
mod tests;

pub use conditions::{Conditions, Sent};
pub use gets::Gets;
pub use name::{message_name, name_at_host};
pub use path::{Failure, Host, Load, Path, RequestHistory, Transit, Unlimited};
