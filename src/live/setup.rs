//! The setup of a live run: addresses, keys, a time scale, and the check that a scenario can run live.

use super::answering::{ANSWER_BYTES_MAX, ANSWER_BYTES_MIN};
use super::http_client::address_of;
use super::keys::{KeyError, KeyPair};
use crate::cell::Cell;
use crate::domain::asked_back::FirstContact;
use crate::domain::delivery::{Compress, Health, Queues};
use crate::domain::faults::Timetable;
use crate::domain::protocol::{Batch, Pull};
use crate::domain::receiving::{Receiving, SignatureWindow};
use crate::event::Message;
use crate::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::instance::Input;
use crate::mechanism::activity::{Activity, Form, Stamp, Subject};
use crate::mechanism::wire::Host;
use crate::observe::Observer;
use crate::runs::cell::{build_cell, plan};
use crate::scenario::{Peer, Scenario};
use crate::sim;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use thiserror::Error;

/// The largest number of servers in one process, of all cells that run at once.
const SERVERS_MAX: usize = 1_000;
/// The largest number of visits in a cell. Each has a task.
const SESSIONS_MAX: usize = 50_000;
/// CPU time of an RSA-2048 signature, the most expensive step of a request.
const SIGNATURE: Span = Span::from_us(250);
/// The share of one core that signatures may take. A request costs about five times its signature. The share does not
/// depend on this machine, so that a scenario has the same time scale everywhere.
const SHARE_OF_CORE: f64 = 1.0 / 12.0;
/// The largest time scale. Beyond it the millisecond of a timer is too coarse.
const SCALE_MAX: f64 = 100.0;

/// Where servers listen.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// An address of this machine.
    pub ip: IpAddr,
    /// The port of the first server, which the others follow. None: any free ports.
    pub first_port: Option<u16>,
}

/// Why a scenario cannot run live.
#[derive(Debug, Error)]
pub enum SetupError {
    /// It needs what real servers on this machine cannot do: a sentence with the remedy.
    #[error("{0}")]
    Scenario(String),
    /// An address cannot be used.
    #[error("cannot listen at {address}: {error}; take another with --port, or none")]
    Address {
        /// The address.
        address: SocketAddr,
        /// The reason.
        error: io::Error,
    },
    /// A socket cannot be used.
    #[error("cannot listen: {0}")]
    Listener(io::Error),
    /// No key could be made.
    #[error(transparent)]
    Key(KeyError),
}

impl Default for Addresses {
    fn default() -> Addresses {
        Addresses { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), first_port: None }
    }
}

impl Addresses {
    /// Listens at `count` addresses. The first of them is `skipped` ports behind the first port.
    ///
    /// # Errors
    /// If one cannot be used.
    pub fn listen(&self, count: usize, skipped: usize) -> Result<Vec<TcpListener>, SetupError> {
        let port = |number: usize| match self.first_port {
            None => Ok(0),
            Some(first) => u16::try_from(usize::from(first) + skipped + number).map_err(|_| {
                SetupError::Scenario(format!(
                    "--port {first}: {} servers need more ports than there are",
                    skipped + count
                ))
            }),
        };
        let listen = |number| {
            let address = SocketAddr::new(self.ip, port(number)?);
            TcpListener::bind(address).map_err(|error| SetupError::Address { address, error })
        };
        (0..count).map(listen).collect()
    }

    /// Checks that `count` addresses can be used, before anything is written.
    ///
    /// # Errors
    /// If one cannot.
    pub fn try_out(&self, count: usize) -> Result<(), SetupError> {
        self.listen(count, 0).map(drop)
    }
}

/// Makes `count` keys on all cores.
///
/// # Errors
/// If one could not be made.
pub(super) fn make_keys(count: usize) -> Result<Vec<Arc<KeyPair>>, SetupError> {
    use rayon::prelude::*;
    let keys = (0..count).into_par_iter().map(|_| KeyPair::generate().map(Arc::new));
    keys.collect::<Result<_, _>>().map_err(SetupError::Key)
}

/// Adapts a cell to a live run: names on the wire are the addresses at which instances listen, dates begin with the real
/// one, and planned times are whole milliseconds.
pub(super) fn at_addresses(
    cell: &mut Cell,
    listeners: &[TcpListener],
    peers: &[Peer],
    epoch_unix_ms: i64,
) -> io::Result<()> {
    for (id, listener) in listeners.iter().enumerate() {
        let url = format!("http://{}", listener.local_addr()?);
        cell.federation.instances[id].url.clone_from(&url);
        cell.names.instances[id] = Host::new(&url);
    }
    cell.names.instances.truncate(listeners.len());
    for peer in peers {
        let (address, _) = address_of(&peer.inbox).expect("checked with the scenario");
        let account = peer.actor.rsplit('/').next().unwrap_or_default();
        let host = Host { url: format!("http://{address}"), server_actor: account.to_owned() };
        cell.names.instances.push(host);
    }
    cell.names.epoch_unix_ms = epoch_unix_ms;
    let phases = [&mut cell.tick_phase, &mut cell.health_phase, &mut cell.update_phase];
    for phase in phases.into_iter().flatten() {
        *phase = Time::from_ms(phase.ms());
    }
    Ok(())
}

/// Checks that a scenario can run live.
///
/// # Errors
/// What keeps it from that, with the remedy.
pub fn check(scenario: &Scenario) -> Result<(), SetupError> {
    let plans = plan(scenario).into_iter().take(scenario.compare.len());
    let cells: Vec<Cell> = plans.map(|plan| build_cell(scenario, &plan)).collect();
    check_cells(scenario, &cells)
}

fn check_cells(scenario: &Scenario, cells: &[Cell]) -> Result<(), SetupError> {
    let unfit = |problem: String| Err(SetupError::Scenario(problem));
    let servers: usize = cells.iter().map(|cell| cell.federation.instances.len()).sum();
    if servers > SERVERS_MAX {
        return unfit(format!(
            "{servers} servers at once are more than {SERVERS_MAX}: take fewer instances, or one column with --protocol"
        ));
    }
    for (cell, column) in cells.iter().zip(&scenario.compare) {
        let (name, figures) = (&column.name, &cell.delivery);
        if cell.sessions.len() > SESSIONS_MAX {
            return unfit(format!(
                "{} visits are more than the {SESSIONS_MAX} that can come alive: take a smaller crowd",
                cell.sessions.len()
            ));
        }
        if matches!(figures.queues, Queues::PerDestination | Queues::Workers) || figures.retry.attempts > 1 {
            return unfit(format!(
                "{name}: live servers have PeerTube's queues with one attempt, or none: set `delivery: peertube` or `unlimited`"
            ));
        }
        if matches!(figures.health, Health::UnavailableDays | Health::Suspended) {
            return unfit(format!(
                "{name}: live servers leave out followers as PeerTube does: set the delivery's `health` to as-released, off, score or seven-days"
            ));
        }
        if cell.spoken().any(|rules| figures.keep_alive.idle(rules).is_some()) || figures.breaker.is_some() {
            return unfit(format!(
                "{name}: live servers make a connection for each request: give it a delivery with `keep_alive: off` and `breaker: off`"
            ));
        }
        if figures.compress != Compress::Off {
            return unfit(format!(
                "{name}: live servers send bodies as they are: give it a delivery with `compress: off`"
            ));
        }
        check_lies(cell)?;
        check_rules(name, cell)?;
        check_asked_back(name, cell)?;
        check_first_contact(name, cell)?;
        check_refusals(name, cell)?;
        check_bodies(name, cell)?;
    }
    let limited = scenario.instances.iter().find(|instance| instance.capacity != Default::default());
    if let Some(instance) = limited {
        return unfit(format!(
            "instances: {} has a `capacity`, but live servers have this machine's: take it out, as with --set instances.{}.capacity={{}}",
            instance.name, scenario.groups[instance.group].name
        ));
    }
    if let Some(catalogue) = scenario.catalogues.first() {
        return unfit(format!(
            "catalogues.{}: live servers have single videos: take it out, as with --set catalogues={{}}, and name some under `videos`",
            catalogue.name
        ));
    }
    Ok(())
}

/// Checks that peers are on this machine, or at the address that the command line allows.
pub(super) fn check_peers(peers: &[Peer], addresses: &Addresses) -> Result<(), SetupError> {
    let is_elsewhere = |url: &&String| {
        address_of(url).is_none_or(|(address, _)| !address.ip().is_loopback() && address.ip() != addresses.ip)
    };
    match peers.iter().flat_map(|peer| [&peer.actor, &peer.inbox]).find(is_elsewhere) {
        None => Ok(()),
        Some(url) => Err(SetupError::Scenario(format!(
            "peers: {url} is not on this machine's loopback: allow its address with --allow-address, each time"
        ))),
    }
}

/// Checks that nobody lies.
fn check_lies(cell: &Cell) -> Result<(), SetupError> {
    if cell.lies.is_empty() {
        return Ok(());
    }
    let problem = "lies: live servers tell none: take them out, as with --set lies=[]";
    Err(SetupError::Scenario(problem.to_owned()))
}

/// Checks that nobody speaks what no live server does.
fn check_rules(name: &str, cell: &Cell) -> Result<(), SetupError> {
    let problem = if cell.spoken().any(|rules| rules.pull == Pull::Yes) {
        "live servers answer no GET for a count: take protocols with `pull: no`"
    } else if cell.spoken().any(|rules| rules.batch == Batch::Yes) {
        "live servers send each total by itself: take protocols with `batch: no`"
    } else {
        return Ok(());
    };
    Err(SetupError::Scenario(format!("{name}: {problem}")))
}

/// Checks that everybody has met: live servers know all keys of a run.
fn check_first_contact(name: &str, cell: &Cell) -> Result<(), SetupError> {
    match cell.other.asked_back.first_contact {
        FirstContact::Off => Ok(()),
        FirstContact::Requests => Err(SetupError::Scenario(format!(
            "{name}: live servers know each other and all videos from the start: set `other_traffic.asked_back.first_contact` to off"
        ))),
    }
}

/// Checks that servers refuse for a rate only, which is the same for all.
fn check_refusals(name: &str, cell: &Cell) -> Result<(), SetupError> {
    let unfit = |problem: String| Err(SetupError::Scenario(problem));
    let Cell { federation, delivery, faults, seed, end, .. } = cell;
    let of_all = delivery.receiving;
    if let Some(inbox) = federation.instances.iter().zip(0..).find(|(of, number)| of.host.0 != *number) {
        return unfit(format!(
            "{name}: live servers have one inbox each: take `inboxes` of {} out",
            federation.instances[inbox.0.host.index()].name
        ));
    }
    for instance in &federation.instances {
        let Receiving { rate_limit, signature_window, ban, .. } = instance.receiving;
        if (rate_limit, signature_window) != (of_all.rate_limit, of_all.signature_window) || ban.is_some() {
            return unfit(format!(
                "{name}: live servers refuse as the delivery says: {} has a `rate_limit`, `signature_window` or `ban` of its own; take it out of `receives`, or let it be `software: other`",
                instance.name
            ));
        }
    }
    let timetable = Timetable::new(faults, federation.instances.len(), *seed, end.latest());
    let ids = || (0..federation.instances.len()).map(InstanceId::at);
    if let Some(id) = ids().find(|id| timetable.ever_refuses(*id)) {
        return unfit(format!(
            "{name}: no live server answers for {} or blocks its senders: take the faults `blocked`, `how: bad-gateway` and `how: gone` out",
            federation.instances[id.index()].name
        ));
    }
    let ahead = || ids().map(|id| timetable.clock_ahead(id));
    let apart = ahead().max().unwrap_or_default().ns() - ahead().min().unwrap_or_default().ns();
    match of_all.signature_window {
        Some(SignatureWindow { old, ahead }) if apart > old.ns().min(ahead.ns()) => unfit(format!(
            "{name}: live servers sign with this machine's clock, so nobody refuses a date: set a smaller fault `clock`, or `signature_window: off`"
        )),
        _ => Ok(()),
    }
}

/// Checks that all is known from before the run, and that answers to fetches of previews have sizes that live servers send.
fn check_asked_back(name: &str, cell: &Cell) -> Result<(), SetupError> {
    if cell.other.asked_back.first_contact == FirstContact::Requests {
        return Err(SetupError::Scenario(format!(
            "{name}: live servers know each other: set `other_traffic.asked_back.first_contact` to off"
        )));
    }
    let sizes = ANSWER_BYTES_MIN..=ANSWER_BYTES_MAX;
    let previews = cell.other.background.iter().filter_map(|entry| entry.preview);
    match previews.map(|preview| preview.answer_bytes).find(|bytes| !sizes.contains(bytes)) {
        None => Ok(()),
        Some(bytes) => Err(SetupError::Scenario(format!(
            "{name}: live servers answer the fetch of a preview with {ANSWER_BYTES_MIN} to {ANSWER_BYTES_MAX} bytes, not {bytes}: set another `answer`"
        ))),
    }
}

/// Checks that `Update`s and other bodies of a given size have room for their members.
fn check_bodies(name: &str, cell: &Cell) -> Result<(), SetupError> {
    for video in (0..cell.federation.videos.len()).map(VideoId::at) {
        let author = cell.federation.origin(video);
        let others = [
            (Subject::Update, cell.other.update_every.is_some()),
            (Subject::WatchAction(ViewerId(u32::MAX)), cell.other.watch_actions),
        ];
        let background = cell.other.background.iter().filter(|entry| entry.video == video);
        let background = background.map(|entry| (Subject::Background(entry.body_bytes), true));
        for (subject, _) in others.into_iter().chain(background).filter(|(_, is_sent)| *is_sent) {
            let activity = Activity {
                video,
                author,
                subject,
                result: None,
                // the longest number
                views: (subject == Subject::Update).then_some(u32::MAX),
                built: Time::ZERO,
                expires: None,
                stamp: Stamp { session: SessionId(0), number: 0 },
                form: Form::V61,
            };
            if let Err(problem) = cell.names.document(&activity, &cell.other.bodies) {
                return Err(SetupError::Scenario(format!("{name}: {problem}")));
            }
        }
    }
    Ok(())
}

const BUCKET_S: u64 = 10;

/// Counts the requests of a simulated run in buckets of time.
#[derive(Default)]
struct RequestCounts {
    per_bucket: Vec<u64>,
}

impl RequestCounts {
    fn add(&mut self, now: Time) {
        let bucket = (now.ms() / (BUCKET_S * 1_000)) as usize;
        if self.per_bucket.len() <= bucket {
            self.per_bucket.resize(bucket + 1, 0);
        }
        self.per_bucket[bucket] += 1;
    }
}

impl Observer for RequestCounts {
    fn sent(&mut self, now: Time, _message: &Message, _arrives: Option<Time>) {
        self.add(now);
    }

    fn handled(&mut self, now: Time, _clock: Time, _instance: InstanceId, input: &Input<'_>) {
        if matches!(input, Input::Heartbeat(_)) {
            self.add(now);
        }
    }
}

/// Signatures per second of model time in the busiest ten seconds of cells that run at once. A heartbeat, which is not
/// signed, counts as one.
pub(super) fn signatures_per_s(cells: &[Cell]) -> f64 {
    let mut requests = RequestCounts::default();
    for cell in cells {
        sim::run(cell, &mut requests, &AtomicBool::new(false));
    }
    requests.per_bucket.iter().max().map_or(0.0, |&most| most as f64 / BUCKET_S as f64)
}

/// The time scale at which signatures take `SHARE_OF_CORE` in the busiest ten seconds, rounded down to two digits.
pub(super) fn default_scale(signatures_per_s: f64) -> f64 {
    let busy = signatures_per_s * SIGNATURE.secs_f64();
    let scale = (SHARE_OF_CORE / busy.max(1e-9)).min(SCALE_MAX);
    // whole digits divided by a power of ten print without rounding errors
    let places = libm::floor(libm::log10(scale)) - 1.0;
    let digits = libm::floor(scale / libm::pow(10.0, places));
    if places < 0.0 { digits / libm::pow(10.0, -places) } else { digits * libm::pow(10.0, places) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_keeps_signatures_to_a_twelfth_of_a_core() {
        for (signatures_per_s, scale) in
            [(0.0, 100.0), (333.0, 1.0), (30.0, 11.0), (64.0, 5.2), (2_000.0, 0.16)]
        {
            let is = default_scale(signatures_per_s);
            assert!((is - scale).abs() < 1e-9 * scale, "{signatures_per_s} /s: {is}");
        }
    }

    #[test]
    fn a_port_in_use_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = taken.local_addr().expect("it has one").port();
        let addresses = Addresses { first_port: Some(port), ..Addresses::default() };
        let problem = addresses.listen(1, 0).expect_err("it is taken").to_string();
        assert!(problem.contains(&format!("cannot listen at 127.0.0.1:{port}")), "{problem}");
        let addresses = Addresses { first_port: Some(65_535), ..Addresses::default() };
        assert!(matches!(addresses.listen(3, 0), Err(SetupError::Scenario(_) | SetupError::Address { .. })));
    }
}
