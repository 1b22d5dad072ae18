//! A run: instances in virtual time, their machines, jobs and requests, event by event.
//!
//! A send becomes one job or several (`sending`), which wait in queues; a running job makes requests (`jobs`), each of which
//! takes the legs of its path (`request::path`) on the stations of two machines (`steps`, `arriving`, `machine`); the receiver verifies,
//! answers and works through its inbox queue (`threads`). Steps that affect one machine only wait in its calendar instead of
//! being events (`calendar`, `lazy`). Without queues (`Queues::Unlimited`) a message leaves when it is sent and arrives one
//! latency later (`unqueued`). Heartbeats that nothing depends on are skipped (`skips`, `wakes`). What receivers ask back are jobs, too (`asking`); what is fetched at first contact is in `first_contact` and `contacts`. What
//! liars tell beside what they say anyway comes at times of its own (`lying`). What
//! fails or is held back waits for its next attempt (`retries`, `waiting`). `main_loop` takes the events in
//! their order, `inputs` hands inputs to instances.
//! The only protocol rules that are read here are those of delivery.

mod arriving;
mod asking;
mod availability;
mod calendar;
mod contacts;
mod counting;
mod fates;
mod first_contact;
mod inputs;
mod job;
mod jobs;
mod lazy;
mod lying;
mod machine;
mod main_loop;
mod pulling;
mod pulls;
mod request;
mod retries;
mod samples;
mod sending;
mod skips;
mod state;
mod steps;
mod threads;
mod unqueued;
mod waiting;
mod wakes;

pub use main_loop::{broadcasts_without_events, run, run_fast};
pub use sending::{peertube_queue, splits_bad_inboxes};
pub use state::health_rule;
