//! A record is augmented by the whole pipeline.

use actors::supervision::guardian::Ended;
use actors_testing::world::World;

#[actix::test]
async fn every_good_record_is_indexed_announced_and_acknowledged() {
    tokio::time::pause();
    let world = World::default();
    let ids: Vec<String> = (0..100).map(|n| format!("r{n:03}")).collect();

    let ended = world.run(&ids).await;

    assert_eq!(ended, Ended::Exhausted);
    assert_eq!(world.index.ids(), ids);
    let mut acknowledged = world.queue.acknowledged();
    acknowledged.sort();
    assert_eq!(acknowledged, ids);
    let mut announced = world.topic.announced();
    announced.sort();
    assert_eq!(announced, ids);
    let accounts = world.accounts();
    assert!(accounts.balance() && accounts.indexed == 100, "{accounts:?}");
    assert_eq!((world.messages.taken(), world.bytes.taken(), world.pixels.taken()), (0, 0, 0));
}
