//! The replay: what followers show of broadcasts that were computed outside of the event loop.
//!
//! A follower that owns no video answers nothing but requests, so what it shows changes nothing elsewhere. What reached its
//! inbox is collected in windows and replayed follower by follower, on threads if there are some.

mod arrival_matrix;
mod broadcast;
mod counted;
mod follower;
mod shard;
mod shown;
mod windows;

pub(in crate::sim) use arrival_matrix::ArrivalRow;
pub(in crate::sim) use broadcast::{Broadcast, BroadcastEffect, BroadcastSummary};
pub(in crate::sim) use counted::SAMPLES_MAX;
pub(in crate::sim) use shard::Shard;
pub(in crate::sim) use windows::{Helpers, Windows, with_helpers};
