//! Layer 3, the domain: protocol rules, who watches what, who follows whom.

pub mod arrivals;
pub mod federation;
pub mod protocol;
pub mod watch;
pub mod workload;
