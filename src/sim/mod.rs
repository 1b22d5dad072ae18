//! The simulation driver: instances in virtual time, over a simulated network.
//!
//! It moves inputs and effects between instances, the network and an observer, in the order of `event`. It holds no protocol
//! rule, writes no file and cannot fail.
//!
//! - `run` is the event loop. Steps that affect one machine only are executed lazily (conservative look-ahead).
//! - `broadcast` computes all requests of a job when the job starts, if nothing waits at any station of its path.
//! - `eligibility` says for which instances that is exact.
//! - `replay` computes what followers display of these jobs, `accounts` sums their messages and bytes.
//! - `route` holds what jobs with the same sender, inboxes and message sizes share, `route_counts` how many of their requests
//!   and answers left and arrived, by buckets of time (`split`, `job_times`).

mod accounts;
mod answers;
mod broadcast;
mod eligibility;
mod job_times;
mod replay;
mod route;
mod route_counts;
mod run;
mod split;

pub use broadcast::Execution;
pub use run::{broadcasts_without_events, health_rule, peertube_queue, run, run_fast, splits_bad_inboxes};
