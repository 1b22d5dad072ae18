//! SimPy: `simpy_work.py` does the same work in Python, and says itself how long it took. Time: float seconds.
//!
//! The workload goes to it as a line of numbers and a file of 32- or 64-bit integers; it answers with a line of numbers.

use super::{Broadcast, Hold, Measured};
use crate::workload::{Outcome, Phold, Workload};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

pub struct Simpy;

impl Simpy {
    /// Whether Python finds it.
    pub fn is_installed() -> bool {
        let import = Command::new("python3").args(["-c", "import simpy"]).output();
        import.is_ok_and(|output| output.status.success())
    }
}

/// Runs the script on some numbers and a table, and returns the numbers that it prints.
fn run_script(name: &str, arguments: &[u64], table: &[u8]) -> Vec<u64> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let table_path = here.join(format!("target/simpy-{name}.bin"));
    std::fs::write(&table_path, table).expect("target can be written");
    let output = Command::new("python3")
        .arg(here.join("simpy_work.py"))
        .arg(name)
        .arg(&table_path)
        .args(arguments.iter().map(u64::to_string))
        .output()
        .expect("python3 was found before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8_lossy(&output.stdout);
    printed.split_whitespace().map(|word| word.parse().expect("the script prints numbers")).collect()
}

impl Hold for Simpy {
    fn hold(&self, phold: &Phold) -> Measured {
        let arguments = [phold.pending as u64, phold.warm_until_ns, phold.until_ns];
        let table: Vec<_> = phold.increments_ns.iter().flat_map(|ns| ns.to_ne_bytes()).collect();
        let [events, took_ns] = run_script("phold", &arguments, &table)[..] else { panic!("two numbers") };
        Measured { events, took: Duration::from_nanos(took_ns) }
    }
}

impl Broadcast for Simpy {
    fn run(&self, workload: &Workload) -> Outcome {
        self.timed(workload).0
    }

    fn timed(&self, workload: &Workload) -> (Outcome, Duration) {
        let arguments = [
            u64::from(workload.messages),
            workload.every_ns,
            u64::from(workload.receivers),
            u64::from(workload.jobs_at_once),
            u64::from(workload.requests_at_once),
            workload.request_ns,
            workload.time_out_ns,
            workload.lifetime_ns,
            workload.sample_every_ns,
            workload.sample_offset_ns,
            u64::from(workload.samples),
        ];
        let table: Vec<_> = workload.latencies_us.iter().flatten().flat_map(|us| us.to_ne_bytes()).collect();
        let printed = run_script("broadcast", &arguments, &table);
        let [deliveries, sum_of_counts, sum_of_squares, took_ns] = printed[..] else {
            panic!("four numbers")
        };
        (Outcome { deliveries, sum_of_counts, sum_of_squares }, Duration::from_nanos(took_ns))
    }
}
