//! The format of scenario files, as data: every key with its meaning, bounds and default.
//!
//! The rules of protocols come from `domain::protocol`, so a new rule needs nothing here. Sources of default figures
//! stand beside them; a figure without a source has no default and must be written by who needs it.

mod catalogues;
mod crowds;
mod delivery;
mod faults;
mod federation;
mod lies;
mod measure;
mod network;
mod other_traffic;
mod protocols;
mod receiving;
mod search;
pub(crate) mod sweep;
mod values;

use crate::scenario::format::catalogues::catalogue;
use crate::scenario::format::crowds::crowd;
use crate::scenario::format::delivery::{delivery, delivery_name};
use crate::scenario::format::faults::fault;
use crate::scenario::format::federation::{follows, group, peer, video};
use crate::scenario::format::lies::lie;
use crate::scenario::format::measure::{end, expectation, gate, limits, measure, parity, wire_names};
use crate::scenario::format::network::network;
use crate::scenario::format::other_traffic::other_traffic;
use crate::scenario::format::protocols::variant;
use crate::scenario::format::values::protocol_name;
use crate::scenario::shape::{Form, Shape, list, names, optional, required, with_default};
pub(crate) use catalogues::CATALOGUE_VIDEOS_MAX;
pub(in crate::scenario) use network::MEASURED;
pub(crate) use protocols::protocol;
pub(crate) use search::search;
pub(crate) use values::{COLUMNS_MAX, INSTANCES_MAX};

/// A scenario has at most this many catalogues.
const CATALOGUES_MAX: usize = 1_000;
/// A scenario has at most this many faults.
const FAULTS_MAX: usize = 200;
/// A scenario has at most this many lies.
const LIES_MAX: usize = 200;
/// A scenario defines at most this many protocols.
pub(crate) const PROTOCOLS_MAX: usize = 64;
/// A scenario has at most this many peers.
const PEERS_MAX: usize = 100;

/// The whole file.
pub(crate) fn scenario() -> Shape {
    Shape::Record(vec![
        required("name", "the name, equal to the file's name without its ending", Shape::Text(Form::Name)),
        required(
            "description",
            "why the scenario exists and what it shows, for people",
            Shape::Text(Form::Prose),
        ),
        with_default("seed", "the seed of all random numbers", Shape::Integer { min: 0, max: u64::MAX }, "1"),
        with_default(
            "replications",
            "how often everything is drawn anew; with `precision` at most",
            sweep::replications(),
            "1",
        ),
        optional(
            "first_replication",
            "the number of the first replication: with 10 a run goes on where one of 10 replications ended (else 0)",
            Shape::Integer { min: 0, max: sweep::REPLICATIONS_MAX },
        ),
        optional("precision", "when there are enough replications", sweep::precision()),
        required("end", "when the run ends", end()),
        required(
            "compare",
            "the protocols that are compared, on the same viewers",
            list(variant(), 1, COLUMNS_MAX),
        ),
        optional(
            "baseline",
            "the protocol that others are compared with (else `v1`, else the first)",
            protocol_name(),
        ),
        with_default(
            "protocols",
            "protocols of your own",
            names(Form::Name, protocol(), 0, PROTOCOLS_MAX),
            "{}",
        ),
        // the presets are PeerTube's own figures, or its rivals'
        with_default(
            "delivery",
            "how everybody queues, sends and receives: a preset, or one of `deliveries`",
            delivery_name(),
            "peertube",
        ),
        with_default("deliveries", "deliveries of your own", names(Form::Name, delivery(), 0, 64), "{}"),
        required("instances", "the groups of instances", names(Form::GroupName, group(), 1, 2_000)),
        with_default("videos", "single videos", names(Form::Name, video(), 0, 1_000), "{}"),
        with_default(
            "catalogues",
            "many videos under one name each, and who comes to them",
            names(Form::GroupName, catalogue(), 0, CATALOGUES_MAX),
            "{}",
        ),
        with_default("follows", "who follows whom", follows(), "everybody"),
        with_default("viewers", "the crowds that watch single videos", list(crowd(), 0, 1_000), "[]"),
        required("network", "the network between the instances", network()),
        with_default("faults", "what goes wrong", list(fault(), 0, FAULTS_MAX), "[]"),
        with_default("lies", "what instances say that is not so", list(lie(), 0, LIES_MAX), "[]"),
        with_default("other_traffic", "what is sent beside Views", Shape::Record(other_traffic()), "{}"),
        with_default("measure", "what is sampled, and how often", Shape::Record(measure()), "{}"),
        with_default("names", "how the instances are called on the wire", Shape::Record(wire_names()), "{}"),
        with_default("limits", "what a run may cost before it is refused", Shape::Record(limits()), "{}"),
        with_default("sweep", "what is varied", Shape::Record(sweep::sweep()), "{}"),
        optional("pareto", "what is to be low at once, over all points and columns", sweep::pareto()),
        with_default("expect", "the bounds that results must keep", list(expectation(), 0, 1_000), "[]"),
        optional("gate", "how `fedisim check` takes it", gate()),
        optional("parity", "how `fedisim parity` takes it", parity()),
        optional("peers", "servers of others that take part in `fedisim live`", list(peer(), 1, PEERS_MAX)),
    ])
}
