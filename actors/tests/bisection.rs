//! A batch that fails is halved until the bad input stands alone; its neighbours never notice.

use std::sync::Arc;
use std::time::Duration;

use actors::delivery::Ending;
use actors::failure::{Class, Failure, Stage};
use actors::inference::{FieldKind, Value};
use actors::pool::PoolSettings;
use actors::supervision::guardian::Ended;
use actors_testing::conduct::{Act, Conduct};
use actors_testing::fake_inferrer::{Behaviour, FakeFactory};
use actors_testing::lone_pool::LonePool;
use actors_testing::manual_placement::texts;
use actors_testing::virtual_time::{claim, simulate};
use actors_testing::world::{World, tune};

fn settings() -> PoolSettings {
    PoolSettings { batch: 4, ..PoolSettings::default() }
}

#[actix::test]
async fn inputs_that_came_together_are_one_batch_and_none_waits_for_more() {
    tokio::time::pause();
    let mut pool = LonePool::start(settings());
    let mut worker = pool.hired_one().await;
    pool.offer_all(&["a", "b", "c", "d", "e", "f"]);
    assert!(worker.batches.all().await.is_empty(), "it has not said that it is ready");

    worker.ready();
    let first = worker.batches.next().await;
    assert_eq!(texts(&first), ["a", "b", "c", "d"]);
    worker.answer(&first);

    assert_eq!(texts(&worker.batches.next().await), ["e", "f"]);
    assert_eq!(pool.published().await, ["a", "b", "c", "d"]);
}

#[actix::test]
async fn a_failing_batch_is_halved_until_the_bad_input_stands_alone() {
    tokio::time::pause();
    for (panicked, class) in [(false, Class::InferenceFailed), (true, Class::InferencePanicked)] {
        let mut pool = LonePool::start(settings());
        let mut worker = pool.hired_one().await;
        pool.offer_all(&["a", "b", "c", "d"]);
        worker.ready();

        let mut batches = Vec::new();
        while batches.len() < 5 {
            let batch = worker.batches.next().await;
            batches.push(texts(&batch).concat());
            match batches.last() {
                Some(texts) if texts.contains('c') => worker.fail(&batch, panicked),
                _ => worker.answer(&batch),
            }
        }

        assert_eq!(batches, ["abcd", "ab", "cd", "c", "d"]);
        assert_eq!(pool.published().await, ["a", "b", "d"]);
        let failure = Failure::new(class, Stage::Pool, "as the test has it");
        let mut settled = pool.neighbours.settled().await;
        settled.retain(|(_, ending)| *ending != Ending::Indexed);
        assert_eq!(settled, [("c".to_owned(), Ending::Failed(failure))]);
        assert!(pool.gave_up.all().await.is_empty());
    }
}

#[actix::test]
async fn inputs_that_nobody_waits_for_are_not_handed_out() {
    tokio::time::pause();
    let mut pool = LonePool::start(settings());
    let mut worker = pool.hired_one().await;
    let doomed = pool.offer("a");
    pool.offer_all(&["b"]);

    doomed.fail(Failure::new(Class::InvalidOutput, Stage::Pool, "another inferrer failed"));
    drop(doomed);
    worker.ready();

    assert_eq!(texts(&worker.batches.next().await), ["b"]);
    assert_eq!(pool.neighbours.settled().await.len(), 1, "and it ended when the pool let go");
}

#[actix::test]
async fn fresh_inputs_are_shared_among_idle_workers() {
    tokio::time::pause();
    let pool = LonePool::start(PoolSettings { workers: 2, ..settings() });
    let mut workers = pool.placement.hired().await;
    workers[0].ready();
    let blocker = pool.offer("blocker");
    let first = workers[0].batches.next().await;
    pool.offer_all(&["a", "b", "c"]);
    drop(blocker);

    workers[1].ready();
    assert_eq!(texts(&workers[1].batches.next().await), ["a", "b", "c"], "one was idle");
    workers[0].answer(&first);
    assert!(workers[0].batches.all().await.is_empty());
}

/// One worker and enough records that they come to it in batches.
fn world(behaviour: Behaviour) -> World {
    let mut world = World::default();
    world.only("features", behaviour);
    world.pool.workers = 1;
    let busy = std::iter::repeat_n(Act::Answer(Duration::from_millis(100)), 200);
    tune(&mut world.placement).conduct = Arc::new(Conduct::script(busy));
    world
}

fn ids() -> Vec<String> {
    (0..40).map(|n| format!("r{n:02}")).collect()
}

/// What a model may do to a whole batch because of one input.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Errs,
    Panics,
    /// Answers one input too few.
    Omits,
}

/// Whether one input that the model fails on costs nothing but itself.
async fn only_the_bad_one_is_parked(fault: Fault, bisect: bool) -> Result<(), String> {
    let mut behaviour = Behaviour::default();
    let (bad, class) = match fault {
        Fault::Errs => (&mut behaviour.errs, "inference_failed"),
        Fault::Panics => (&mut behaviour.panics, "inference_panicked"),
        Fault::Omits => (&mut behaviour.omits, "inference_failed"),
    };
    *bad = ["r20".to_owned()].into();
    let mut world = world(behaviour);
    world.pool.bisect = bisect;

    let running = world.start();
    ids().iter().for_each(|id| world.queue.send(id));
    world.queue.close();
    let vitals = running.0.vitals.clone();
    let ended = running.end().await;

    claim(ended == Ended::Exhausted, format!("{ended:?}"))?;
    let parked = world.parked();
    claim(parked == [("r20".to_owned(), class)], format!("parked {parked:?}"))?;
    claim(world.index.ids().len() == 39, format!("{} were indexed", world.index.ids().len()))?;
    claim(world.queue.released().is_empty(), "a neighbour was given back")?;
    let generation = vitals.borrow().generation;
    claim(generation == 1, format!("generation {generation}"))
}

#[test]
fn only_the_input_that_makes_the_model_fail_is_parked_and_its_neighbours_are_indexed() {
    for fault in [Fault::Errs, Fault::Panics, Fault::Omits] {
        assert_eq!(simulate(only_the_bad_one_is_parked(fault, true)), Ok(()), "{fault:?}");
        let unbisected = simulate(only_the_bad_one_is_parked(fault, false));
        assert!(unbisected.is_err_and(|broken| broken.starts_with("parked")), "{fault:?}");
    }
}

#[actix::test]
async fn panics_inside_inference_count_towards_no_restart_limit() {
    tokio::time::pause();
    let mut behaviour = Behaviour::default();
    behaviour.panics = ids().into_iter().collect();
    let world = world(behaviour);
    let running = world.start();

    ids().iter().for_each(|id| world.queue.send(id));
    world.queue.close();
    let vitals = running.0.vitals.clone();

    assert_eq!(running.end().await, Ended::Exhausted);
    assert_eq!((world.parked().len(), vitals.borrow().generation), (40, 1));
    assert!(world.factories[0].builds() > 40, "each panic costs the model, which is built anew");
    assert!(world.counter("inference_worker_restarts_total", "panic") >= 40);
}

/// Whether an answer that breaks the promise of one field of this `kind` costs nothing but its input.
async fn only_the_one_lied_about_is_parked(kind: FieldKind, lie: Vec<Value>) -> Result<(), String> {
    let mut behaviour = Behaviour::default();
    behaviour.lies = ["r07".to_owned()].into();
    behaviour.lie = lie;
    let factory = Arc::new(FakeFactory::promising(kind, "features", behaviour));
    let mut world = world(Behaviour::default());
    world.factories = vec![Arc::clone(&factory)];

    let ended = world.run(ids()).await;

    claim(ended == Ended::Exhausted, format!("{ended:?}"))?;
    let parked = world.parked();
    claim(parked == [("r07".to_owned(), "invalid_output")], format!("parked {parked:?}"))?;
    claim(world.index.ids().len() == 39, format!("{} were indexed", world.index.ids().len()))?;
    let batches = factory.batches();
    let with_neighbours =
        |batch: &Vec<String>| batch.len() > 1 && batch.contains(&"r07".to_owned());
    claim(batches.iter().any(with_neighbours), "it was alone in its batch")
}

#[test]
fn an_answer_that_is_not_what_the_manifest_promises_parks_its_input_alone() {
    let vector = |values: &[f32]| vec![Value::Vector(values.to_vec())];
    let promised_vector = FieldKind::Vector { dimensions: 3, unit: true };
    let lies = [
        (FieldKind::Number, vec![Value::Number(f32::NAN)]),
        (FieldKind::Number, vec![Value::Text("of another kind".to_owned())]),
        (FieldKind::Number, vec![]),
        (FieldKind::Number, vec![Value::Number(1.0); 2]),
        (promised_vector.clone(), vector(&[1.0, 0.0])),
        (promised_vector.clone(), vector(&[1.0, 0.0, 0.0, 0.0])),
        (promised_vector.clone(), vector(&[0.0; 3])),
        (promised_vector, vector(&[1.0, f32::NAN, 0.0])),
    ];
    for (kind, lie) in lies {
        let parked_alone = simulate(only_the_one_lied_about_is_parked(kind, lie.clone()));
        assert_eq!(parked_alone, Ok(()), "{lie:?}");
    }
}
