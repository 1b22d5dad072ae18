//! Layer 3, the domain: protocol rules, who watches what, who follows whom.

pub mod arrivals;
pub mod asked_back;
pub mod audience;
pub mod catalogue;
pub mod concurrent;
pub mod crowd;
pub mod delivery;
pub mod delivery_presets;
pub mod door;
pub mod faults;
pub mod federation;
pub mod heartbeats;
pub mod lies;
pub mod other_traffic;
pub mod protocol;
pub mod ranking;
pub mod receiving;
pub mod release;
pub mod sampling;
pub mod spread;
pub mod viewers;
pub mod watch;
pub mod workload;
