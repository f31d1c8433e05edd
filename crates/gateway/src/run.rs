//! From settings to a gateway that runs.

use crate::admission::{Peer, Refused, Spoken, admit, admit_local};
use crate::audit::{Audit, Event, Judged, Leaf, Record, Verdict};
use crate::drain::{Drain, drained};
use crate::limits::{Arrival, Gatekeeper, Permit, Shed};
use crate::listen::{self, Accepting, Inherited, Newcomer, Socket};
use crate::live::Live;
use crate::metrics::{Metrics, Refusal};
use crate::reload::{Cause, Reloaded, Reloader};
use crate::shared::{Current, Door, Shared, Visitor};
use crate::transport::Transport;
use crate::watch::Watch;
use crate::worker::{Loops, Workers};
use crate::{GatewayError, Service, Settings, docker, forward, metrics, send_sockets, web};
use sealock_diag::Diagnose;
use sealock_policy::{ExecMakers, Mode, Policy};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// Execs whose maker is remembered.
const EXECS: usize = 65_536;
/// What the listener for metrics is called when it is handed over; listeners have no such name.
const METRICS: &str = "(metrics)";
/// How long the last audit records may take.
const LAST_RECORDS: Duration = Duration::from_secs(5);

/// A gateway that runs; it ends, and every connection with it, when this is dropped.
#[derive(Debug)]
pub struct Gateway {
    // First of all: what it calls must not find the workers gone.
    watch: Option<Watch>,
    workers: Workers,
    reloader: Arc<Reloader>,
    places: Vec<Place>,
    /// The listening sockets once more, to be handed over; empty once they were, or a drain began.
    sockets: Mutex<Vec<(String, OwnedFd)>>,
    handed_over: Arc<AtomicBool>,
    hears: Hears,
    ended: AtomicBool,
}

/// Who is told what became of files that have changed by themselves.
#[derive(Clone, Default)]
struct Hears(Arc<Mutex<Option<Listening>>>);

type Listening = Box<dyn Fn(&Reloaded) + Send>;

impl Hears {
    fn tell(&self, parts: &[Reloaded]) {
        let hears = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hears) = &*hears {
            parts.iter().for_each(hears);
        }
    }
}

impl fmt::Debug for Hears {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hears")
    }
}

/// Where a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its place, as in `127.0.0.1:2376` or `unix:/run/sealock.sock`.
    pub place: String,
    /// Its address, when it is TCP.
    pub address: Option<SocketAddr>,
}

impl Gateway {
    /// Reads everything, opens every listener, and begins to serve. Nothing is served when one thing is not good.
    ///
    /// Sockets that systemd passes are taken from the environment; `handed_over` holds those of a gateway that makes
    /// room for this one, see [`receive_sockets`](crate::receive_sockets).
    ///
    /// # Errors
    /// What is not good: a file, an address, a policy.
    pub fn start(
        settings: Settings,
        handed_over: Vec<(String, OwnedFd)>,
    ) -> Result<Self, GatewayError> {
        settings.check_headers()?;
        let mut inherited = Inherited::from_environment()?;
        inherited.hand_over(handed_over);
        let audit = match &settings.audit {
            Some(wanted) => Audit::open(wanted)?,
            None => Audit::off(),
        };
        let names = settings.listeners.iter().map(|one| one.name.clone());
        let metrics = Metrics::new(names);
        let gatekeeper = Gatekeeper::new(&settings.limits);
        let listeners = settings.listeners.clone();
        let limits = settings.limits.clone();
        let reloader = Reloader::start(settings.sources, settings.policy, |snapshot| {
            snapshot.count(&metrics);
            Arc::new(Shared {
                current: Current::starting_with(snapshot),
                limits,
                gatekeeper,
                audit,
                metrics,
                drain: Drain::default(),
                live: Live::default(),
                makers: Arc::new(ExecMakers::new(EXECS)),
                listeners,
            })
        })?;
        let shared = reloader.shared().clone();
        let sockets = shared
            .listeners
            .iter()
            .map(|listener| listen::bind(&listener.name, &listener.at, &mut inherited))
            .collect::<Result<Vec<Socket>, _>>()?;
        let metrics_socket = match (settings.metrics, inherited.handed_over(METRICS)) {
            (None, _) => None,
            (Some(address), handed) => {
                let handed = handed.map(TcpListener::from);
                let stays = handed.filter(|one| one.local_addr().is_ok_and(|at| at == address));
                match stays {
                    Some(socket) => Some(socket),
                    None => Some(metrics::bind(address)?),
                }
            }
        };
        let spare = spare(&shared, &sockets, metrics_socket.as_ref(), &inherited)?;
        let places = places(&shared, &sockets);
        let workers = Workers::start(settings.workers)?;
        let reloader = Arc::new(reloader);
        let again = reloader.clone();
        let hears = Hears::default();
        let tell = hears.clone();
        let watch = Watch::start(reloader.paths(), move |cause| {
            tell.tell(&again.reload(cause));
            again.waits()
        })?;
        let handed_over = Arc::new(AtomicBool::new(false));
        shared.audit.event(Event::Start, "");
        for (number, socket) in sockets.into_iter().enumerate() {
            let door = Door {
                number,
                shared: shared.clone(),
            };
            let loops = workers.loops().clone();
            workers
                .loops()
                .first(accept(socket, door, loops, handed_over.clone()));
        }
        if shared.limits.end_expired {
            workers.loops().first(shared.live.clone().expiring());
        }
        if let Some(listener) = metrics_socket {
            workers.loops().first(metrics::serve(listener, shared));
        }
        Ok(Self {
            watch: Some(watch),
            workers,
            reloader,
            places,
            sockets: Mutex::new(spare),
            handed_over,
            ended: AtomicBool::new(false),
            hears,
        })
    }

    /// Where it listens, in the order of the settings.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Takes over files that have changed, now.
    pub fn reload(&self) -> Vec<Reloaded> {
        self.reloader.reload(Cause::Change)
    }

    /// Tells `hears` what becomes of files that change by themselves from now on.
    pub fn on_change(&self, hears: impl Fn(&Reloaded) + Send + 'static) {
        let mut told = self.hears.0.lock().unwrap_or_else(PoisonError::into_inner);
        *told = Some(Box::new(hears));
    }

    /// Whether every worker's event loop answers within this time.
    pub fn is_alive(&self, within: Duration) -> bool {
        let (say, heard) = mpsc::channel();
        let workers = self.workers.loops().each(|| {
            let say = say.clone();
            async move {
                let _ = say.send(());
            }
        });
        let until = Instant::now() + within;
        (0..workers).all(|_| {
            let left = until.saturating_duration_since(Instant::now());
            heard.recv_timeout(left).is_ok()
        })
    }

    /// What is allowed by the files in force and should not stay, a line each.
    pub fn notes(&self) -> Vec<String> {
        let material = self.shared().current.snapshot().material.clone();
        material.map_or_else(Vec::new, |material| material.notes().to_vec())
    }

    /// The policy in force, while it learns: it knows what was asked.
    pub fn learning(&self) -> Option<Arc<Policy>> {
        let policy = self.shared().current.snapshot().policy.clone()?;
        (policy.mode() == Mode::Learn).then_some(policy)
    }

    /// Opens the audit file anew, as after logrotate.
    pub fn reopen_audit(&self) {
        self.shared().audit.reopen();
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.shared().gatekeeper.open()
    }

    /// Gives the listening sockets to another process. Once it serves, [`was_taken_over`](Self::was_taken_over) and a
    /// [`drain`](Self::drain) follow; until then this one goes on as if nothing had been given.
    ///
    /// # Errors
    /// The other end is gone; everything is then as before.
    pub fn hand_over(&self, to: &UnixStream) -> io::Result<()> {
        let held = self.held();
        let named: Vec<_> = held
            .iter()
            .map(|(name, socket)| (name.as_str(), socket.as_fd()))
            .collect();
        send_sockets(to, &named)
    }

    /// Another process serves: the files of unix sockets are its own from now on, and a drain leaves them.
    pub fn was_taken_over(&self) {
        self.handed_over.store(true, Ordering::Release);
    }

    /// Takes no more connections, closes those between two requests, and waits until the others have ended, within
    /// [`Limits::drain_time`](crate::Limits). Gives how many had not.
    pub fn drain(&self) -> usize {
        let shared = self.shared().clone();
        shared.drain.begin();
        // Else the kernel would go on taking connections that nobody accepts.
        self.held().clear();
        let (say, heard) = mpsc::channel();
        self.workers.loops().first(async move {
            let left = drained(&shared.gatekeeper, shared.limits.drain_time).await;
            let _ = say.send(left);
        });
        heard.recv().unwrap_or(0)
    }

    /// Cuts whoever is still there, and writes the last records. What is asked of it later is not answered any more.
    pub fn end(&self) {
        if self.ended.swap(true, Ordering::AcqRel) {
            return;
        }
        // Connections that are cut now still have a last word for the audit.
        self.workers.end();
        let audit = &self.shared().audit;
        audit.event(Event::Stop, "");
        audit.stop(LAST_RECORDS);
    }

    fn shared(&self) -> &Arc<Shared> {
        self.reloader.shared()
    }

    fn held(&self) -> MutexGuard<'_, Vec<(String, OwnedFd)>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.watch.take());
        self.end();
    }
}

fn places(shared: &Shared, sockets: &[Socket]) -> Vec<Place> {
    let named = shared.listeners.iter().zip(sockets);
    named
        .map(|(listener, socket)| Place {
            name: listener.name.clone(),
            place: socket.place(),
            address: socket.address(),
        })
        .collect()
}

/// Every listening socket once more, by the name of its listener.
fn spare(
    shared: &Shared,
    sockets: &[Socket],
    metrics: Option<&TcpListener>,
    inherited: &Inherited,
) -> Result<Vec<(String, OwnedFd)>, GatewayError> {
    let names = shared.listeners.iter();
    let names = names.map(|listener| inherited.handed_name(&listener.name));
    let named = names.zip(sockets.iter().map(Socket::as_fd));
    named
        .chain(metrics.map(|socket| (METRICS.to_owned(), socket.as_fd())))
        .map(|(name, socket)| Ok((name, socket.try_clone_to_owned()?)))
        .collect::<io::Result<_>>()
        .map_err(|error| {
            GatewayError::new("SL-G050", "a listener cannot be opened").because(error.to_string())
        })
}

/// Accepts until the gateway drains or ends.
async fn accept(socket: Socket, door: Door, loops: Loops, handed_over: Arc<AtomicBool>) {
    let shared = door.shared.clone();
    let Ok(accepting) = Accepting::new(socket) else {
        return;
    };
    let next = async || {
        shared.gatekeeper.room().await;
        accepting.next(&shared.metrics.accept_failures).await
    };
    while let Some(Ok(newcomer)) = shared.drain.or(next()).await {
        match shared.gatekeeper.arrive(newcomer.ip(), Instant::now()) {
            Ok(arrival) => loops.least_loaded(receive(newcomer, arrival, door.clone())),
            Err(shed) => turn_away(&door, &newcomer.place(), shed),
        }
    }
    if handed_over.load(Ordering::Acquire) {
        accepting.into_socket().leave_file();
    }
}

/// From a socket to the end of its connection.
async fn receive(mut newcomer: Newcomer, mut arrival: Arrival, door: Door) {
    let from = newcomer.place();
    if let Some(wait) = arrival.wait() {
        newcomer = match newcomer.stays(wait).await {
            Some(newcomer) => newcomer,
            None => return went_away(arrival, &door, &from),
        };
        arrival.waited().await;
    }
    // On the heap: what a handshake needs is gone when the connection is served.
    let shaking = Box::pin(shake_hands(newcomer, &door));
    let admitted = match arrival.run(shaking).await {
        Err(gave_way) => return refuse(&door, &from, gave_way, "", ""),
        Ok(Err(Refused::Silent)) => return went_away(arrival, &door, &from),
        Ok(Err(refused)) => {
            let why = match refused {
                Refused::TooSlow { .. } => Refusal::Slow,
                _ => Refusal::Handshake,
            };
            // Who went away was not refused.
            let code = if refused.is_gone() {
                ""
            } else {
                refused.code().0
            };
            return refuse(&door, &from, why, refused.reason(), code);
        }
        Ok(Ok(admitted)) => admitted,
    };
    let (transport, peer) = admitted;
    let permit = match arrival.admitted(peer.caller().label()) {
        Ok(permit) => permit,
        Err(why) => return refuse(&door, &from, why, peer.caller().label(), ""),
    };
    serve(transport, peer, permit, door).await;
}

async fn shake_hands(newcomer: Newcomer, door: &Door) -> Result<(Transport, Peer), Refused> {
    let snapshot = door.shared.current.snapshot();
    let nobody = |error| Refused::Nobody(error);
    match newcomer {
        Newcomer::Unix(socket) => {
            let socket = tokio::net::UnixStream::from_std(socket).map_err(nobody)?;
            admit_local(socket, 0)
        }
        Newcomer::Tcp(socket, address) => {
            let socket = tokio::net::TcpStream::from_std(socket).map_err(nobody)?;
            // Settings without certificates have no TCP listener.
            let Some(material) = &snapshot.material else {
                return Err(Refused::Nobody(std::io::ErrorKind::NotConnected.into()));
            };
            let spoken = match door.listener().service {
                Service::Tcp { .. } => Spoken::Any,
                Service::Docker { .. } | Service::Web { .. } => Spoken::Http,
            };
            let within = door.shared.limits.handshake_time;
            admit(socket, address, material, spoken, within).await
        }
    }
}

async fn serve(transport: Transport, peer: Peer, permit: Permit, door: Door) {
    let metrics = door.metrics();
    metrics.accepted.one();
    if peer.secured.is_some_and(|secured| secured.resumed) {
        metrics.resumed.one();
    }
    let _open = Open::new(&door);
    let leaf = peer.leaf().map(|leaf| Leaf {
        issuer: &leaf.issuer,
        serial: &leaf.serial,
        spki: &leaf.spki,
    });
    let shared = &door.shared;
    let name = &door.listener().name;
    let who = shared
        .audit
        .who(name, &peer.address, Some(peer.caller()), leaf);
    let mut guard = shared.live.enter(&peer, &shared.current);
    if matches!(door.listener().service, Service::Docker { .. }) {
        guard = guard.by_policy();
    }
    let visitor = Visitor {
        peer,
        who,
        door: door.clone(),
    };
    let cut = visitor.who.clone();
    let done = guard
        .race(async {
            match &door.listener().service {
                Service::Docker { .. } => docker::serve(transport, visitor).await,
                Service::Tcp { .. } => forward::serve(transport, visitor).await,
                Service::Web { .. } => web::serve(transport, visitor).await,
            }
        })
        .await;
    if done.is_none() {
        shared.metrics.cut.one();
        shared.audit.note(&Record {
            event: Event::Cut,
            who: Some(&cut),
            ..Record::default()
        });
    }
    drop(permit);
}

/// A connection that ended before a word was said.
fn went_away(arrival: Arrival, door: &Door, from: &dyn fmt::Display) {
    arrival.said_nothing();
    refuse(door, from, Refusal::Handshake, Refused::Silent.reason(), "");
}

/// Counts a connection that was turned away before its handshake; a flood of them is noted once a second.
fn turn_away(door: &Door, from: &dyn fmt::Display, shed: Shed) {
    match shed.told {
        None => door.metrics().refused(shed.why).one(),
        Some(1) => refuse(door, from, shed.why, "", ""),
        Some(count) => {
            let detail = format!("{count} connections since this was last told");
            refuse(door, from, shed.why, &detail, "");
        }
    }
}

/// Counts and notes a connection that did not come in; `code` is empty where no error stands behind it.
fn refuse(door: &Door, from: &dyn fmt::Display, why: Refusal, detail: &str, code: &str) {
    door.metrics().refused(why).one();
    let audit = &door.shared.audit;
    let who = audit.who(&door.listener().name, from, None, None);
    let detail = match detail {
        "" => why.word().to_owned(),
        detail => format!("{}: {detail}", why.word()),
    };
    audit.note(&Record {
        event: Event::Refused,
        who: Some(&who),
        detail: &detail,
        judged: (!code.is_empty()).then_some(Judged {
            verdict: Verdict::Deny,
            rule: "",
            code,
            reason: "",
        }),
        ..Record::default()
    });
}

/// A connection among the open ones of its listener.
struct Open<'a>(&'a Door);

impl<'a> Open<'a> {
    fn new(door: &'a Door) -> Self {
        door.metrics().open.add(1);
        Self(door)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.metrics().open.add(-1);
    }
}
