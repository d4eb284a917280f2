//! `redrive`: over an emulator of SQS, and over an endpoint that fails as it is told.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use actors::failure::Class;
use actors::ports::Queue;
use indicatif::MultiProgress;
use inference_manager::exit::{Exit, Stopped};
use inference_manager::redrive::{RedriveOptions, redrive};
use serde_json::json;

use crate::endpoint::{Endpoint, Reply, all_done, batch};
use crate::messages::{parked, receive_all};
use crate::region::{Queues, Region, text};

fn options(queues: &Queues) -> RedriveOptions {
    RedriveOptions {
        queue_url: queues.queue.clone(),
        dead_letter_queue_url: queues.dead_letters.clone(),
        class: None,
        limit: None,
        dry_run: false,
    }
}

async fn run(config: &aws_config::SdkConfig, options: &RedriveOptions) -> Result<Exit, Stopped> {
    redrive(config, options, &MultiProgress::new(), &AtomicBool::new(false)).await
}

/// Seven messages in the dead-letter queue: three of them corrupt, three missing, one without a record.
async fn with_parked(region: &Region) -> Queues {
    let queues = region.queues(5).await;
    for number in 0..6 {
        let own = [("own", text("kept"))];
        region.send(&queues.queue, &format!("image{number}"), &own).await;
    }
    let queue = queues.open(region).await;
    let messages = receive_all(&queue, 6).await;
    let class = |message: &actors::ports::Message| match message.id.as_ref().unwrap().as_str() {
        "image0" | "image1" | "image2" => Class::CorruptImage,
        _ => Class::NotFound,
    };
    let all: Vec<_> = messages.iter().map(|message| parked(message, class(message))).collect();
    assert!(queue.park(&all).await.iter().all(Result::is_ok));
    region.send(&queues.dead_letters, "moved by SQS", &[]).await;
    queues
}

#[tokio::test]
#[ignore = "needs an emulator of SQS: ./test starts it"]
async fn messages_of_a_class_go_back_as_they_were_and_the_others_stay() {
    let region = Region::find().await;
    let queues = with_parked(&region).await;
    let corrupt = RedriveOptions { class: Some("corrupt_image".into()), ..options(&queues) };

    assert_eq!(run(&region.config, &corrupt).await, Ok(Exit::Done));

    let contents = region.contents(&queues.queue).await;
    assert_eq!(contents.len(), 3);
    for message in contents {
        let attributes = message.message_attributes().unwrap();
        assert_eq!(attributes.keys().collect::<Vec<_>>(), ["own"], "the record is dropped");
        assert!(["image0", "image1", "image2"].contains(&message.body().unwrap()));
    }
    let left = region.bodies(&queues.dead_letters).await;
    assert_eq!(left, ["image3", "image4", "image5", "moved by SQS"], "they are visible again");
}

#[tokio::test]
#[ignore = "needs an emulator of SQS: ./test starts it"]
async fn a_dry_run_changes_nothing_and_a_limit_holds() {
    let region = Region::find().await;
    let queues = with_parked(&region).await;

    let dry = RedriveOptions { dry_run: true, ..options(&queues) };
    assert_eq!(run(&region.config, &dry).await, Ok(Exit::Done));
    assert_eq!(region.bodies(&queues.queue).await, Vec::<String>::new());

    let two = RedriveOptions { limit: Some(2), ..options(&queues) };
    assert_eq!(run(&region.config, &two).await, Ok(Exit::Done));
    assert_eq!(region.bodies(&queues.queue).await.len(), 2);

    assert_eq!(run(&region.config, &options(&queues)).await, Ok(Exit::Done));
    assert_eq!(region.bodies(&queues.queue).await.len(), 5, "all others, and none twice");
    assert_eq!(region.bodies(&queues.dead_letters).await, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs an emulator of SQS: ./test starts it"]
async fn what_sqs_moved_itself_is_of_the_class_none() {
    let region = Region::find().await;
    let queues = with_parked(&region).await;
    let none = RedriveOptions { class: Some("none".into()), ..options(&queues) };

    assert_eq!(run(&region.config, &none).await, Ok(Exit::Done));

    assert_eq!(region.bodies(&queues.queue).await, ["moved by SQS"]);
}

fn queues() -> Queues {
    Queues { queue: "http://sqs/1/images".into(), dead_letters: "http://sqs/1/dead".into() }
}

fn three(first: u32) -> Reply {
    let message = |number| {
        let name = format!("m{number}");
        json!({"MessageId": name, "ReceiptHandle": format!("h{number}"), "Body": name})
    };
    Reply::Ok(json!({"Messages": (first..first + 3).map(message).collect::<Vec<_>>()}))
}

/// An endpoint that has three messages, once.
async fn with_three(
    send: impl Fn() -> Reply + Send + Sync + 'static,
    delete: impl Fn() -> Reply + Send + Sync + 'static,
) -> Endpoint {
    let receives = AtomicU32::new(0);
    Endpoint::start(move |asked| match asked.action.as_str() {
        "GetQueueAttributes" => Reply::Ok(json!({})),
        "ReceiveMessage" if receives.fetch_add(1, Ordering::Relaxed) == 0 => three(0),
        "ReceiveMessage" => Reply::Ok(json!({})),
        "SendMessageBatch" => send(),
        "DeleteMessageBatch" => delete(),
        _ => all_done(asked),
    })
    .await
}

fn entries(count: usize) -> Vec<serde_json::Value> {
    (0..count).map(|at| json!({"Id": at.to_string()})).collect()
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_deleted_but_shown_again_and_told() {
    let some = || {
        let refused = Some(Err(("InternalError", false)));
        batch(&entries(3), &[Some(Ok(())), refused, None])
    };
    let endpoint = with_three(some, || batch(&entries(1), &[Some(Ok(()))])).await;

    let stopped = run(&endpoint.config().await, &options(&queues())).await.unwrap_err();

    assert_eq!(stopped.exit, Exit::Unavailable);
    assert!(stopped.message.contains("2 messages"), "{stopped}");
    let deleted = endpoint.asked("DeleteMessageBatch")[0].entries();
    assert_eq!(deleted.iter().map(|entry| &entry["ReceiptHandle"]).collect::<Vec<_>>(), ["h0"]);
    let shown = endpoint.asked("ChangeMessageVisibilityBatch")[0].entries();
    assert_eq!(shown.iter().map(|e| &e["ReceiptHandle"]).collect::<Vec<_>>(), ["h1", "h2"]);
    assert!(shown.iter().all(|entry| entry["VisibilityTimeout"] == 0));
}

#[tokio::test]
async fn what_was_sent_and_not_deleted_is_told_as_well() {
    let refused = || Reply::Fault(503, "ServiceUnavailable");
    let endpoint = with_three(|| batch(&entries(3), &[Some(Ok(())); 3]), refused).await;

    let stopped = run(&endpoint.config().await, &options(&queues())).await.unwrap_err();

    assert!(stopped.message.contains("3 messages"), "{stopped}");
    assert_eq!(endpoint.asked("SendMessageBatch").len(), 1);
}

#[tokio::test]
async fn a_queue_that_shows_the_same_messages_for_ever_is_swept_once() {
    let endpoint = Endpoint::start(|asked| match asked.action.as_str() {
        "GetQueueAttributes" => Reply::Ok(json!({})),
        "ReceiveMessage" => three(0),
        _ => all_done(asked),
    });
    let endpoint = endpoint.await;

    assert_eq!(run(&endpoint.config().await, &options(&queues())).await, Ok(Exit::Done));

    assert_eq!(endpoint.asked("SendMessageBatch").len(), 1);
    assert_eq!(endpoint.asked("ReceiveMessage").len(), 2);
}

#[tokio::test]
async fn an_outage_in_the_middle_shows_again_what_was_not_chosen() {
    let receives = AtomicU32::new(0);
    let endpoint = Endpoint::start(move |asked| match asked.action.as_str() {
        "GetQueueAttributes" => Reply::Ok(json!({})),
        "ReceiveMessage" if receives.fetch_add(1, Ordering::Relaxed) == 0 => three(0),
        "ReceiveMessage" => Reply::Fault(503, "ServiceUnavailable"),
        _ => all_done(asked),
    });
    let endpoint = endpoint.await;
    let others = RedriveOptions { class: Some("not_found".into()), ..options(&queues()) };

    let stopped = run(&endpoint.config().await, &others).await.unwrap_err();

    assert_eq!(stopped.exit, Exit::Unavailable);
    assert_eq!(endpoint.asked("SendMessageBatch").len(), 0);
    assert_eq!(endpoint.asked("ChangeMessageVisibilityBatch")[0].entries().len(), 3);
}

#[tokio::test]
async fn an_interrupted_redrive_receives_nothing_more() {
    let endpoint = with_three(|| Reply::Silence, || Reply::Silence).await;
    let (config, interrupted) = (endpoint.config().await, AtomicBool::new(true));

    let ended = redrive(&config, &options(&queues()), &MultiProgress::new(), &interrupted).await;

    assert_eq!(ended, Ok(Exit::Done));
    assert_eq!(endpoint.asked("ReceiveMessage").len(), 0);
}
