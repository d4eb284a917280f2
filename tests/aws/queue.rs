//! The queue over an emulator of SQS: leases, receive counts, parking, bodies from SNS and S3.

use std::slice::from_ref;
use std::time::Duration;

use actors::failure::Class;
use actors::ports::{Queue, QueueError, Received, Release};
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::MessageAttributeValue;
use inference_manager::adapters::sqs::{SqsQueue, SqsSettings, warnings};
use serde_json::{Value, json};

use crate::messages::{parked, receipts, receive, receive_all};
use crate::region::{Queues, Region, text};

async fn nothing_comes(queue: &SqsQueue) -> bool {
    matches!(queue.receive(10).await, Ok(Received::Messages(none)) if none.is_empty())
}

/// Receives until a message comes: an ended lease shows it only after a while.
async fn next(queue: &SqsQueue) -> actors::ports::Message {
    for _ in 0..60 {
        if let Some(message) = receive(queue, 1).await.pop() {
            return message;
        }
    }
    panic!("no message came");
}

#[tokio::test]
#[ignore = "needs an emulator of SQS: ./test starts it"]
async fn messages_are_received_in_batches_and_gone_once_acknowledged() {
    let region = Region::find().await;
    let queues = region.queues(5).await;
    for number in 0..23 {
        region.send(&queues.queue, &format!("image{number}"), &[]).await;
    }
    let queue = queues.open(&region).await;

    let messages = receive_all(&queue, 23).await;

    let mut ids: Vec<String> = messages.iter().map(|m| m.id.clone().unwrap().to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 23);
    assert!(messages.iter().all(|message| message.attempt == 1 && message.sent_at.is_some()));
    assert!(queue.acknowledge(&receipts(&messages)).await.iter().all(Result::is_ok));
    assert!(nothing_comes(&queue).await);
    assert_eq!(queue.receive_limit(), 5);
    let unwise = warnings(&queue.attributes, &queue.dead_letter_attributes);
    assert_eq!(unwise, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs an emulator of SQS: ./test starts it"]
async fn a_lease_hides_a_message_until_it_ends_unextended() {
    let region = Region::find().await;
    let queues = region.queues(5).await;
    region.send(&queues.queue, "swms7qdx", &[]).await;
    let queue = queues.open(&region).await;
    let first = next(&queue).await;

    assert_eq!(queue.extend(from_ref(&first.receipt), Duration::from_mins(10)).await, [Ok(())]);
    tokio::time::sleep(queue.lease() + Duration::from_secs(1)).await;
    assert!(nothing_comes(&queue).await, "it was extended");
    assert_eq!(queue.extend(from_ref(&first.receipt), Duration::ZERO).await, [Ok(())]);
    let second = next(&queue).await;

    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert_ne!(first.receipt, second.receipt);
    let stale = queue.acknowledge(&[first.receipt.clone(), second.receipt.clone()]).await;
    assert!(matches!(stale[0], Err(QueueError::LeaseLost(_))), "{stale:?}");
    assert_eq!(stale[1], Ok(()));
    assert!(nothing_comes(&queue).await);
}

#[tokio::test]
#[ignore = "needs an emulator of SQS: ./test starts it"]
async fn every_call_with_a_receipt_whose_lease_ran_out_says_that_it_is_lost() {
    let region = Region::find().await;
    let queues = region.queues(5).await;
    for body in ["extended", "released", "parked"] {
        region.send(&queues.queue, body, &[]).await;
    }
    let queue = queues.open(&region).await;
    let stale = receive_all(&queue, 3).await;
    tokio::time::sleep(queue.lease() + Duration::from_secs(1)).await;
    let fresh = receive_all(&queue, 3).await;

    let extended = queue.extend(from_ref(&stale[0].receipt), Duration::from_mins(1)).await;
    let release = Release { receipt: stale[1].receipt.clone(), after: Duration::ZERO };
    let released = queue.release(&[release]).await;
    let not_parked = queue.park(&[parked(&stale[2], Class::NotFound)]).await;

    for answer in [extended, released, not_parked] {
        assert!(matches!(answer[0], Err(QueueError::LeaseLost(_))), "{answer:?}");
    }
    assert!(queue.acknowledge(&receipts(&fresh)).await.iter().all(Result::is_ok));
    assert!(nothing_comes(&queue).await);
}

#[tokio::test]
#[ignore = "needs an emulator of SQS: ./test starts it"]
async fn a_released_message_comes_again_after_its_delay_with_a_higher_count() {
    let region = Region::find().await;
    let queues = region.queues(5).await;
    region.send(&queues.queue, "swms7qdx", &[]).await;
    let queue = queues.open(&region).await;
    let release = async |after| {
        let receipt = next(&queue).await.receipt;
        assert_eq!(queue.release(&[Release { receipt, after }]).await, [Ok(())]);
    };

    release(Duration::ZERO).await;
    release(Duration::from_secs(5)).await;

    assert!(nothing_comes(&queue).await, "it is delayed");
    assert_eq!(next(&queue).await.attempt, 3);
}

#[tokio::test]
#[ignore = "needs an emulator of SQS: ./test starts it"]
async fn sqs_itself_moves_a_message_that_is_received_too_often() {
    let region = Region::find().await;
    let queues = region.queues(2).await;
    region.send(&queues.queue, "swms7qdx", &[]).await;
    let queue = queues.open(&region).await;
    assert_eq!(queue.receive_limit(), 2);

    for attempt in [1, 2] {
        let message = next(&queue).await;
        assert_eq!(message.attempt, attempt);
        let release = Release { receipt: message.receipt, after: Duration::ZERO };
        queue.release(&[release]).await;
    }

    assert!(nothing_comes(&queue).await);
    assert_eq!(region.bodies(&queues.dead_letters).await, ["swms7qdx"]);
}

#[tokio::test]
#[ignore = "needs an emulator of SQS: ./test starts it"]
async fn a_parked_message_lies_in_the_dead_letter_queue_as_it_was_with_its_record() {
    let region = Region::find().await;
    let queues = region.queues(5).await;
    let body = " {\"Message\" : \"swms7qdx\",\n \"é\": null}\t";
    let binary = MessageAttributeValue::builder().data_type("Binary.raw");
    let binary = binary.binary_value(Blob::new([0, 255, 7])).build().unwrap();
    let number = MessageAttributeValue::builder().data_type("Number.int").string_value("42");
    let own = [("trace", text("00-a-b-01")), ("raw", binary), ("n", number.build().unwrap())];
    region.send(&queues.queue, body, &own).await;
    let queue = queues.open(&region).await;
    let message = next(&queue).await;

    assert_eq!(queue.park(&[parked(&message, Class::CorruptImage)]).await, [Ok(())]);

    assert!(nothing_comes(&queue).await);
    let contents = region.contents(&queues.dead_letters).await;
    let [stored] = contents.as_slice() else { panic!("{contents:?}") };
    assert_eq!(stored.body(), Some(body));
    let attributes = stored.message_attributes().unwrap();
    for (name, value) in own {
        assert_eq!(attributes.get(name), Some(&value), "{name}");
    }
    let record: Value = serde_json::from_str(attributes["parked"].string_value().unwrap()).unwrap();
    let expected = ["swms7qdx", "corrupt_image", "downloader", "it ends early"];
    let keys = ["id", "class", "stage", "cause"];
    assert_eq!(keys.map(|key| record[key].as_str().unwrap()), expected);
    assert_eq!(attributes.len(), 4);
}

#[tokio::test]
#[ignore = "needs an emulator of SQS: ./test starts it"]
async fn large_messages_are_parked_one_by_one_as_the_service_takes_them() {
    let region = Region::find().await;
    let queues = region.queues(5).await;
    for letter in ["a", "b", "c"] {
        region.send(&queues.queue, &letter.repeat(700_000), &[]).await;
    }
    let queue = queues.open(&region).await;
    let messages = receive_all(&queue, 3).await;
    assert!(messages.iter().all(|message| message.id.is_err()));
    let all: Vec<_> = messages.iter().map(|m| parked(m, Class::BodyMalformed)).collect();

    assert_eq!(queue.park(&all).await, [Ok(()), Ok(()), Ok(())]);

    let lengths: Vec<usize> =
        region.bodies(&queues.dead_letters).await.iter().map(String::len).collect();
    assert_eq!(lengths, [700_000; 3]);
}

#[tokio::test]
#[ignore = "needs emulators of SQS and SNS: ./test starts them"]
async fn ids_come_through_a_subscription_wrapped_and_raw() {
    let region = Region::find().await;
    let sns = aws_sdk_sns::Client::new(&region.config);
    let topic = sns.create_topic().name(region.name("merger")).send().await.unwrap();
    let topic = topic.topic_arn.unwrap();
    let (wrapped, raw) = (region.queues(5).await, region.queues(5).await);
    for (queues, is_raw) in [(&wrapped, "false"), (&raw, "true")] {
        let subscribe = sns.subscribe().topic_arn(&topic).protocol("sqs");
        let subscribe = subscribe.endpoint(region.arn(&queues.queue).await);
        subscribe.attributes("RawMessageDelivery", is_raw).send().await.unwrap();
    }

    sns.publish().topic_arn(&topic).message("swms7qdx").subject("s").send().await.unwrap();

    for queues in [&wrapped, &raw] {
        let message = next(&queues.open(&region).await).await;
        assert_eq!(message.id.unwrap().as_str(), "swms7qdx");
    }
}

#[tokio::test]
#[ignore = "needs emulators of SQS and S3: ./test starts them"]
async fn a_body_that_lies_in_s3_is_read_there_and_parked_as_the_pointer_that_it_is() {
    let region = Region::find().await;
    let queues: Queues = region.queues(5).await;
    let (bucket, s3) = (region.name("payloads"), aws_sdk_s3::Client::new(&region.config));
    s3.create_bucket().bucket(&bucket).send().await.unwrap();
    let put = s3.put_object().bucket(&bucket).key("a/b c").body(b"swms7qdx\n".to_vec().into());
    put.send().await.unwrap();
    let place = json!({"s3BucketName": bucket, "s3Key": "a/b c"});
    let pointer = json!(["software.amazon.payloadoffloading.PayloadS3Pointer", place]).to_string();
    region.send(&queues.queue, &pointer, &[("ExtendedPayloadSize", text("9"))]).await;
    let settings = SqsSettings { payload_buckets: vec![bucket], ..queues.settings() };
    let queue = SqsQueue::open(&region.config, settings).await.unwrap();

    let message = next(&queue).await;

    assert_eq!(message.id.as_ref().unwrap().as_str(), "swms7qdx");
    assert_eq!(queue.park(&[parked(&message, Class::NotFound)]).await, [Ok(())]);
    assert_eq!(region.bodies(&queues.dead_letters).await, [pointer]);
}
