//! The simulation driver: instances in virtual time, over a simulated network.
//!
//! It moves inputs and effects between instances, the network and an observer, in the order of `event`. It holds no protocol
//! rule, writes no file and cannot fail.
//!
//! - `run` executes a run event by event, and lets steps that concern one machine alone wait (look-ahead).
//! - `broadcast` computes whole jobs at once, where nothing waits at any station; `eligibility` says where.
//! - `replay` works out what followers show of these, `accounts` sums up their messages and bytes.

mod accounts;
mod broadcast;
mod eligibility;
mod replay;
mod route;
mod run;

pub use broadcast::Execution;
pub use run::{broadcasts_without_events, health_rule, peertube_queue, run, run_fast, splits_bad_inboxes};
