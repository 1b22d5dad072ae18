//! NeXosim: a model whose inputs it schedules for itself, on an executor of one thread. Time: seconds and nanoseconds.

use super::{Broadcast, Hold, Measured};
use crate::model::Event;
use crate::workload::{Increments, Outcome, Phold, Workload};
use cpu_time::ProcessTime;
use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{EventSinkReader, EventSource, Output, SinkState, event_slot};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub struct Nexosim;

#[derive(Serialize, Deserialize)]
struct Holder {
    /// None only in a model that was loaded from a file, which nobody does here.
    #[serde(skip)]
    increments: Option<Increments<Duration>>,
    events: u64,
    events_out: Output<u64>,
}

#[Model]
impl Holder {
    fn start(&mut self, pending: usize, context: &Context<Self>) {
        for _ in 0..pending {
            self.hold_again(context);
        }
    }

    #[nexosim(schedulable)]
    fn happen(&mut self, _: (), context: &Context<Self>) {
        self.events += 1;
        self.hold_again(context);
    }

    async fn report(&mut self) {
        self.events_out.send(self.events).await;
    }

    fn hold_again(&mut self, context: &Context<Self>) {
        let increments = self.increments.as_mut().expect("it was not loaded from a file");
        context.schedule_event(increments.draw(), schedulable!(Self::happen), ()).expect("in the future");
    }
}

impl Hold for Nexosim {
    fn hold(&self, phold: &Phold) -> Measured {
        let increments = Increments::new(phold.increments_ns.iter().map(|&ns| Duration::from_nanos(ns)));
        let mut holder = Holder { increments: Some(increments), events: 0, events_out: Output::default() };
        let mailbox = Mailbox::new();
        let (sink, mut events_out) = event_slot(SinkState::Enabled);
        holder.events_out.connect_sink(sink);
        let mut bench = SimInit::with_num_threads(1);
        let start = EventSource::new().connect(Holder::start, &mailbox).register(&mut bench);
        let report = EventSource::new().connect(Holder::report, &mailbox).register(&mut bench);
        let bench = bench.add_model(holder, mailbox, "holder");
        let mut simulation = bench.init(MonotonicTime::EPOCH).expect("a model without a start-up");
        simulation.process_event(&start, phold.pending).expect("it only schedules");
        let until = |ns| MonotonicTime::EPOCH + Duration::from_nanos(ns);
        simulation.step_until(until(phold.warm_until_ns)).expect("nothing fails");
        simulation.process_event(&report, ()).expect("it only reports");
        let before = events_out.try_read().expect("it has reported");
        let start = ProcessTime::now();
        simulation.step_until(until(phold.until_ns)).expect("nothing fails");
        let took = start.elapsed();
        simulation.process_event(&report, ()).expect("it only reports");
        Measured { events: events_out.try_read().expect("it has reported") - before, took }
    }
}

#[derive(Serialize, Deserialize)]
struct Federation {
    /// None only in a model that was loaded from a file, which nobody does here.
    #[serde(skip)]
    model: Option<crate::model::Model>,
    outcome_out: Output<Outcome>,
}

#[Model]
impl Federation {
    fn start(&mut self, _: (), context: &Context<Self>) {
        for (time_ns, event) in self.model().first() {
            // An event cannot be scheduled for the present.
            if time_ns == 0 {
                self.happen(event, context);
            } else {
                schedule(context, time_ns, event);
            }
        }
    }

    #[nexosim(schedulable)]
    fn happen(&mut self, event: Event, context: &Context<Self>) {
        let now_ns = context.time().duration_since(MonotonicTime::EPOCH).as_nanos() as u64;
        self.model().happen(now_ns, event, &mut |later_ns, event| schedule(context, later_ns, event));
    }

    async fn report(&mut self) {
        let outcome = self.model().outcome();
        self.outcome_out.send(outcome).await;
    }

    fn model(&mut self) -> &mut crate::model::Model {
        self.model.as_mut().expect("it was not loaded from a file")
    }
}

fn schedule(context: &Context<Federation>, later_ns: u64, event: Event) {
    let later = Duration::from_nanos(later_ns);
    context.schedule_event(later, schedulable!(Federation::happen), event).expect("in the future");
}

impl Broadcast for Nexosim {
    fn run(&self, workload: &Workload) -> Outcome {
        let model = Some(crate::model::Model::new(workload));
        let mut federation = Federation { model, outcome_out: Output::default() };
        let mailbox = Mailbox::new();
        let (sink, mut outcome_out) = event_slot(SinkState::Enabled);
        federation.outcome_out.connect_sink(sink);
        let mut bench = SimInit::with_num_threads(1);
        let start = EventSource::new().connect(Federation::start, &mailbox).register(&mut bench);
        let report = EventSource::new().connect(Federation::report, &mailbox).register(&mut bench);
        let bench = bench.add_model(federation, mailbox, "federation");
        let mut simulation = bench.init(MonotonicTime::EPOCH).expect("a model without a start-up");
        simulation.process_event(&start, ()).expect("it only schedules");
        simulation.run().expect("nothing fails");
        simulation.process_event(&report, ()).expect("it only reports");
        outcome_out.try_read().expect("it has reported")
    }
}
