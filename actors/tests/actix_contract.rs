//! What the design relies on of actix, and why: an actix that changes one of these is noticed here.
//!
//! In one sentence: on actix, backpressure is not a property of mailboxes but of credits.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests show what the banned verbs do"
)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use actix::{
    Actor, ActorContext, Addr, Arbiter, AsyncContext, Context, Handler, Message, Recipient,
    ResponseFuture, Supervised, Supervisor, SyncArbiter, SyncContext, WrapFuture,
};

use actors_testing::quiet::expected_panics;

/// Long enough for another thread on a busy machine; nobody waits for it unless the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Counts itself.
#[derive(Message)]
#[rtype(result = "()")]
struct Count;

#[derive(Message)]
#[rtype(result = "()")]
struct Panic;

#[derive(Message)]
#[rtype(result = "()")]
struct Halt;

#[derive(Clone, Default)]
struct Tally(Rc<Cell<usize>>);

impl Tally {
    fn up(&self) {
        self.0.set(self.0.get() + 1);
    }

    fn get(&self) -> usize {
        self.0.get()
    }
}

/// Counts what it handled.
#[derive(Default)]
struct Counter {
    handled: Tally,
}

impl Actor for Counter {
    type Context = Context<Self>;
}

impl Handler<Count> for Counter {
    type Result = ();

    fn handle(&mut self, _: Count, _: &mut Context<Self>) {
        self.handled.up();
    }
}

fn counter_with_capacity(capacity: usize) -> (Addr<Counter>, Tally) {
    let handled = Tally::default();
    let actor = Counter { handled: handled.clone() };
    let address = Counter::create(|ctx| {
        ctx.set_mailbox_capacity(capacity);
        actor
    });
    (address, handled)
}

async fn everything_has_run() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[actix::test]
async fn a_long_held_sender_is_bounded() {
    tokio::time::pause();
    let (address, _) = counter_with_capacity(2);
    let sender: Recipient<Count> = address.recipient();

    let taken = (0..100).take_while(|_| sender.try_send(Count).is_ok()).count();

    assert!((2..=4).contains(&taken), "capacity 2 and one slot a sender took {taken}");
    everything_has_run().await;
    assert!(sender.try_send(Count).is_ok(), "there is room again");
}

#[actix::test]
async fn a_cloned_recipient_ignores_capacity() {
    tokio::time::pause();
    let (address, handled) = counter_with_capacity(1);
    let sender: Recipient<Count> = address.recipient();

    let full = (0..100).filter(|_| sender.clone().try_send(Count).is_err()).count();

    assert_eq!(full, 0);
    everything_has_run().await;
    assert_eq!(handled.get(), 100);
}

#[actix::test]
async fn send_ignores_capacity() {
    tokio::time::pause();
    let (address, handled) = counter_with_capacity(1);

    // Each request is polled once, before the actor runs at all: one that waited for room would not
    // get in.
    let mut requests: Vec<_> = (0..100).map(|_| Box::pin(address.send(Count))).collect();
    let mut nobody = TaskContext::from_waker(Waker::noop());
    for request in &mut requests {
        assert!(request.as_mut().poll(&mut nobody).is_pending());
    }

    assert_eq!(handled.get(), 0);
    everything_has_run().await;
    assert_eq!(handled.get(), 100);
}

/// Begins work that never ends.
struct Beginner {
    begun: Tally,
    by: Begins,
}

enum Begins {
    ByResponse,
    BySpawning,
}

impl Actor for Beginner {
    type Context = Context<Self>;
}

impl Handler<Count> for Beginner {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Count, ctx: &mut Context<Self>) -> ResponseFuture<()> {
        self.begun.up();
        match self.by {
            Begins::ByResponse => Box::pin(std::future::pending()),
            Begins::BySpawning => {
                ctx.spawn(std::future::pending().into_actor(self));
                Box::pin(std::future::ready(()))
            }
        }
    }
}

#[actix::test]
async fn the_mailbox_bounds_only_messages_not_yet_begun() {
    tokio::time::pause();
    for by in [Begins::ByResponse, Begins::BySpawning] {
        let begun = Tally::default();
        let actor = Beginner { begun: begun.clone(), by };
        let address = Beginner::create(|ctx| {
            ctx.set_mailbox_capacity(1);
            actor
        });
        let sender: Recipient<Count> = address.recipient();

        for _ in 0..100 {
            assert!(sender.try_send(Count).is_ok());
            everything_has_run().await;
        }

        assert_eq!(begun.get(), 100, "a hundred pieces of work in flight behind a capacity of 1");
    }
}

/// Waits ten seconds while a timer of one second and a spawned future of one second are running.
#[derive(Default)]
struct Waiter {
    wait: bool,
    timer: Tally,
    spawned: Tally,
}

impl Actor for Waiter {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let second = Duration::from_secs(1);
        ctx.run_later(second, |this, _| this.timer.up());
        let spawned = self.spawned.clone();
        let work = async move {
            tokio::time::sleep(second).await;
            spawned.up();
        };
        ctx.spawn(work.into_actor(self));
        if self.wait {
            ctx.wait(tokio::time::sleep(10 * second).into_actor(self));
        }
    }
}

#[actix::test]
async fn wait_pauses_spawned_futures() {
    tokio::time::pause();
    for (wait, after_five_seconds) in [(true, 0), (false, 1)] {
        let (timer, spawned) = (Tally::default(), Tally::default());
        Waiter { wait, timer: timer.clone(), spawned: spawned.clone() }.start();

        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!((timer.get(), spawned.get()), (after_five_seconds, after_five_seconds));
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!((timer.get(), spawned.get()), (1, 1));
    }
}

/// An actor of a `SyncArbiter`: it waits for leave to go on, or panics, and says who it is.
struct Blocking {
    number: usize,
    leave: Arc<Mutex<Receiver<()>>>,
    handled_by: SyncSender<usize>,
    gone: SyncSender<usize>,
}

impl Actor for Blocking {
    type Context = SyncContext<Self>;
}

impl Drop for Blocking {
    fn drop(&mut self) {
        // Nobody listens any more when the test is over.
        let _ = self.gone.try_send(self.number);
    }
}

impl Handler<Count> for Blocking {
    type Result = ();

    fn handle(&mut self, _: Count, _: &mut SyncContext<Self>) {
        let leave = self.leave.lock().expect("nobody panics with it");
        let _ = leave.recv_timeout(PATIENCE);
        let _ = self.handled_by.try_send(self.number);
    }
}

impl Handler<Panic> for Blocking {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut SyncContext<Self>) {
        panic!("on purpose");
    }
}

struct SyncPool {
    address: Addr<Blocking>,
    made: Arc<AtomicUsize>,
    leave: SyncSender<()>,
    handled_by: Receiver<usize>,
    gone: Receiver<usize>,
}

fn sync_pool(threads: usize) -> SyncPool {
    let made = Arc::<AtomicUsize>::default();
    let (leave, left) = sync_channel(100_000);
    let (handled, handled_by) = sync_channel(100_000);
    let (going, gone) = sync_channel(100);
    let (left, count) = (Arc::new(Mutex::new(left)), Arc::clone(&made));
    let address = SyncArbiter::start(threads, move || Blocking {
        number: count.fetch_add(1, Ordering::SeqCst),
        leave: Arc::clone(&left),
        handled_by: handled.clone(),
        gone: going.clone(),
    });
    SyncPool { address, made, leave, handled_by, gone }
}

#[actix::test]
async fn a_sync_arbiter_never_says_full() {
    let pool = sync_pool(1);
    let sender: Recipient<Count> = pool.address.clone().recipient();

    // The only thread stands still, and this one never yields.
    let refused = (0..10_000).filter(|_| sender.try_send(Count).is_err()).count();

    assert_eq!(refused, 0);
    (0..10_000).for_each(|_| pool.leave.send(()).expect("there is room"));
}

/// Lets the system's own thread run until `arrived` has something.
async fn arrival<T>(arrived: &Receiver<T>) -> T {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Ok(value) = arrived.try_recv() {
            return value;
        }
        assert!(tokio::time::Instant::now() < until, "it never came");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[actix::test]
async fn a_sync_arbiter_thread_that_panics_is_gone() {
    expected_panics();
    let pool = sync_pool(2);
    (0..100).for_each(|_| pool.leave.send(()).expect("there is room"));

    pool.address.do_send(Panic);
    let dead = arrival(&pool.gone).await;
    for _ in 0..20 {
        pool.address.do_send(Count);
        assert_ne!(arrival(&pool.handled_by).await, dead);
    }
    assert_eq!(pool.made.load(Ordering::SeqCst), 2, "nobody was made in its place");

    pool.address.do_send(Panic);
    arrival(&pool.gone).await;
    // The last thread takes the queue with it, and the first message after that kills the relay.
    let until = tokio::time::Instant::now() + PATIENCE;
    while pool.address.connected() && tokio::time::Instant::now() < until {
        pool.address.do_send(Count);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(!pool.address.connected());
}

/// Starts in a thread of its own, where it may panic.
struct InArbiter(SyncSender<std::thread::ThreadId>);

impl Actor for InArbiter {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        self.0.send(std::thread::current().id()).expect("the test waits for it");
    }
}

impl Handler<Panic> for InArbiter {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut Context<Self>) {
        panic!("on purpose");
    }
}

#[actix::test]
async fn an_arbiter_survives_the_panic_of_its_actor() {
    expected_panics();
    let (started, starts) = sync_channel(2);
    let thread = Arbiter::new();
    let again = started.clone();
    let first = InArbiter::start_in_arbiter(&thread.handle(), move |_| InArbiter(started));
    let at_first = arrival(&starts).await;

    first.do_send(Panic);
    let until = tokio::time::Instant::now() + PATIENCE;
    while first.connected() && tokio::time::Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(!first.connected());
    InArbiter::start_in_arbiter(&thread.handle(), move |_| InArbiter(again));

    assert_eq!(arrival(&starts).await, at_first);
    thread.stop();
}

/// Supervised; says what happens to it.
struct Ward {
    life: Rc<RefCell<Vec<&'static str>>>,
}

impl Actor for Ward {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        self.life.borrow_mut().push("started");
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.life.borrow_mut().push("stopped");
    }
}

impl Supervised for Ward {
    fn restarting(&mut self, _: &mut Context<Self>) {
        self.life.borrow_mut().push("restarting");
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        let how = if std::thread::panicking() { "dropped while panicking" } else { "dropped" };
        self.life.borrow_mut().push(how);
    }
}

impl Handler<Halt> for Ward {
    type Result = ();

    fn handle(&mut self, _: Halt, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

impl Handler<Panic> for Ward {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut Context<Self>) {
        panic!("on purpose");
    }
}

#[actix::test]
async fn a_supervised_actor_that_stops_is_restarted_as_the_same_object() {
    tokio::time::pause();
    let life = Rc::<RefCell<Vec<&str>>>::default();
    let ward = Ward { life: Rc::clone(&life) };
    let address = Supervisor::start(|_| ward);
    everything_has_run().await;

    address.do_send(Halt);
    everything_has_run().await;

    assert!(address.connected());
    assert_eq!(*life.borrow(), ["started", "stopped", "restarting", "started"]);
}

#[actix::test]
async fn a_supervised_actor_stays_dead_after_a_panic() {
    tokio::time::pause();
    expected_panics();
    let life = Rc::<RefCell<Vec<&str>>>::default();
    let ward = Ward { life: Rc::clone(&life) };
    let address = Supervisor::start(|_| ward);
    everything_has_run().await;

    address.do_send(Panic);
    everything_has_run().await;

    assert!(!address.connected());
    assert!(!life.borrow().contains(&"restarting"), "{life:?}");
}

#[actix::test]
async fn drop_runs_while_panicking() {
    tokio::time::pause();
    expected_panics();
    let life = Rc::<RefCell<Vec<&str>>>::default();
    let address = Ward { life: Rc::clone(&life) }.start();
    everything_has_run().await;

    address.do_send(Panic);
    everything_has_run().await;

    assert_eq!(*life.borrow(), ["started", "stopped", "dropped while panicking"]);
    assert!(!address.connected(), "its mailbox went with it");
}

#[derive(Message)]
#[rtype(result = "()")]
struct Carry(#[expect(dead_code, reason = "only its drop matters")] Arc<()>);

impl Handler<Carry> for Ward {
    type Result = ();

    fn handle(&mut self, _: Carry, _: &mut Context<Self>) {}
}

#[actix::test]
async fn messages_in_the_mailbox_of_an_actor_that_panics_are_dropped() {
    tokio::time::pause();
    expected_panics();

    let freight = Arc::new(());
    let life = Rc::<RefCell<Vec<&str>>>::default();
    let address = Ward { life: Rc::clone(&life) }.start();
    everything_has_run().await;
    address.do_send(Panic);
    address.do_send(Carry(Arc::clone(&freight)));
    everything_has_run().await;

    assert_eq!(Arc::strong_count(&freight), 1);
}

/// Polls counted.
struct Polled(Tally);

impl Future for Polled {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut TaskContext<'_>) -> std::task::Poll<()> {
        self.0.up();
        std::task::Poll::Pending
    }
}

#[actix::test]
async fn an_actor_polls_all_its_spawned_futures_on_every_wake() {
    tokio::time::pause();
    let polls = Tally::default();
    let counted = polls.clone();
    let address = Counter::create(move |ctx| {
        let actor = Counter::default();
        (0..50).for_each(|_| {
            ctx.spawn(Polled(counted.clone()).into_actor(&actor));
        });
        actor
    });
    everything_has_run().await;
    let before = polls.get();

    address.do_send(Count);
    everything_has_run().await;

    assert!(polls.get() >= before + 50, "one message polled {} futures", polls.get() - before);
}
