//! Tests of the folder's queue in virtual time.

use std::collections::HashSet;
use std::time::SystemTime;

use actors::failure::{Class, Failure, Stage};
use tokio::time::advance;

use super::super::lock::Lock;
use super::super::resume::Models;
use super::super::scan::{root, scan};
use super::*;

const LEASE: Duration = Duration::from_mins(1);

struct Folder {
    queue: Arc<FolderQueue>,
    _images: tempfile::TempDir,
    out: tempfile::TempDir,
}

/// A queue of `count` pictures with leases of 60 seconds.
fn folder(count: u32) -> Folder {
    let (images, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for number in 0..count {
        std::fs::write(images.path().join(format!("{number}.png")), "x").unwrap();
    }
    let pictures = scan(root(images.path()).unwrap(), out.path()).unwrap().pictures;
    let lock = Lock::take(out.path()).unwrap();
    let (outcomes, found) = Outcomes::open(out.path(), lock, pictures, &Models::new()).unwrap();
    let queue = FolderQueue::new(Arc::new(outcomes), found.to_do, LEASE);
    Folder { queue: Arc::new(queue), _images: images, out }
}

async fn receive(queue: &FolderQueue, at_most: usize) -> Vec<Message> {
    match queue.receive(at_most).await.unwrap() {
        Received::Messages(messages) => messages,
        Received::Exhausted => panic!("exhausted"),
    }
}

fn receipts(messages: &[Message]) -> Vec<Receipt> {
    messages.iter().map(|message| message.receipt.clone()).collect()
}

fn parked(message: &Message) -> Parked {
    Parked {
        receipt: message.receipt.clone(),
        id: message.id.clone().ok(),
        location: None,
        bytes: None,
        sha256: None,
        failure: Failure::new(Class::EmptyBody, Stage::Downloader, "the file is empty"),
        models: [].into(),
        at: SystemTime::UNIX_EPOCH,
    }
}

fn is_lost<T: std::fmt::Debug>(answer: &Result<T, QueueError>) -> bool {
    matches!(answer, Err(QueueError::LeaseLost(_)))
}

#[tokio::test(start_paused = true)]
async fn every_picture_is_received_once_and_the_queue_ends_with_the_last_acknowledgement() {
    let Folder { queue, .. } = &folder(5);

    let first = receive(queue, 3).await;
    let second = receive(queue, 3).await;

    let all = [first, second].concat();
    assert_eq!(all.len(), 5);
    let ids: HashSet<_> = all.iter().map(|message| message.id.clone().unwrap()).collect();
    assert_eq!(ids.len(), 5);
    assert!(all.iter().all(|message| message.attempt == 1 && message.sent_at.is_none()));
    assert_eq!(receive(queue, 3).await.len(), 0, "a poll ends while others are worked on");
    assert!(queue.acknowledge(&receipts(&all)).await.iter().all(Result::is_ok));
    assert!(matches!(queue.receive(1).await, Ok(Received::Exhausted)));
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_waits_is_woken_by_the_last_acknowledgement() {
    let Folder { queue, .. } = folder(1);
    let taken = receive(&queue, 1).await;
    let waiting = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { (queue.receive(1).await, Instant::now()) }
    });
    tokio::task::yield_now().await;
    let before = Instant::now();

    queue.acknowledge(&receipts(&taken)).await;

    let (received, at) = waiting.await.unwrap();
    assert!(matches!(received, Ok(Received::Exhausted)));
    assert_eq!(at, before, "it did not wait for its poll's end");
}

#[tokio::test(start_paused = true)]
async fn a_released_message_comes_again_after_its_delay_with_a_higher_attempt() {
    let Folder { queue, .. } = &folder(1);
    let taken = receive(queue, 1).await;
    let released_at = Instant::now();

    let release = Release { receipt: taken[0].receipt.clone(), after: Duration::from_millis(300) };
    assert_eq!(queue.release(std::slice::from_ref(&release)).await, [Ok(())]);

    assert!(is_lost(&queue.release(&[release]).await[0]));
    assert!(is_lost(&queue.acknowledge(&receipts(&taken)).await[0]));
    let again = receive(queue, 1).await;
    assert_eq!(again[0].attempt, 2);
    assert!(Instant::now() >= released_at + Duration::from_millis(300));
}

#[tokio::test(start_paused = true)]
async fn a_lease_ends_after_its_time_unless_it_is_extended() {
    let Folder { queue, .. } = &folder(2);
    let taken = receipts(&receive(queue, 2).await);
    advance(Duration::from_secs(50)).await;
    assert_eq!(queue.extend(&taken[..1], LEASE).await, [Ok(())]);

    advance(Duration::from_secs(20)).await;

    let again = receive(queue, 2).await;
    assert_eq!((again.len(), again[0].attempt), (1, 2));
    let answers = queue.acknowledge(&taken).await;
    assert!(answers[0].is_ok() && is_lost(&answers[1]), "{answers:?}");
    assert!(is_lost(&queue.extend(&taken[1..], LEASE).await[0]));
}

#[tokio::test(start_paused = true)]
async fn a_parked_message_is_settled_and_its_record_is_in_the_journal_at_once() {
    let folder = folder(2);
    let queue = &folder.queue;
    let taken = receive(queue, 2).await;

    let answers = queue.park(&[parked(&taken[0]), parked(&taken[1])]).await;

    assert_eq!(answers, [Ok(()), Ok(())]);
    assert!(matches!(queue.receive(1).await, Ok(Received::Exhausted)));
    let journal = std::fs::read(folder.out.path().join(".journal")).unwrap();
    let journal = String::from_utf8_lossy(&journal);
    for name in ["0.png", "1.png"] {
        assert!(journal.contains(&format!("\"path\":\"{name}\",\"class\":\"empty_body\"")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_receipt_parks_nothing() {
    let folder = folder(1);
    let queue = &folder.queue;
    let stale = receive(queue, 1).await;
    advance(LEASE).await;
    let journal = folder.out.path().join(".journal");
    let before = std::fs::read(&journal).unwrap();

    let answers = queue.park(&[parked(&stale[0])]).await;

    assert!(is_lost(&answers[0]));
    assert_eq!(std::fs::read(&journal).unwrap(), before);
    assert_eq!(receive(queue, 1).await[0].attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn an_empty_folder_is_exhausted_at_once() {
    assert!(matches!(folder(0).queue.receive(1).await, Ok(Received::Exhausted)));
}
