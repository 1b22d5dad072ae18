//! The replay: what followers display of broadcasts that are computed outside the event loop.
//!
//! A follower sends nothing because of what it receives about the videos of others, so what it displays of them affects no other
//! instance. What it displays of its own videos is not replayed.
//! Arrivals at its inbox are collected in windows (`windows`), grouped by follower (`arrival_matrix`, `shard`) and replayed
//! follower by follower (`follower`), on helper threads if there are any. Jobs whose arrivals are order-insensitive are
//! counted instead (`counted`). It must not know how requests travel.

mod arrival_matrix;
mod broadcast;
mod context;
mod counted;
mod follower;
mod shard;
mod shown;
mod windows;

pub(in crate::sim) use arrival_matrix::{ArrivalRow, Reading};
pub(in crate::sim) use broadcast::{Broadcast, BroadcastEffect, BroadcastSummary};
pub(in crate::sim) use counted::SAMPLES_MAX;
pub(in crate::sim) use shard::Shard;
pub(in crate::sim) use windows::{Helpers, Windows, with_helpers};
