//! What the queue does when the service does not do what it is asked: every fault has one reading.

use std::slice::from_ref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use actors::failure::Class;
use actors::ports::{Queue, QueueError, Received, Release};
use futures_util::future::join_all;
use inference_manager::adapters::sqs::{SqsError, SqsQueue, SqsSettings, permissions};
use serde_json::{Value, json};

use crate::endpoint::{Asked, Endpoint, OUTAGES, Reply, all_done, batch};
use crate::messages::{parked, receipts, receive};

const QUEUE: &str = "http://sqs/1/images";
const DEAD_LETTERS: &str = "http://sqs/1/images-dead";

fn settings() -> SqsSettings {
    let settings = SqsSettings::new(QUEUE.into(), DEAD_LETTERS.into());
    SqsSettings { wait: Duration::from_secs(1), linger: Duration::from_millis(50), ..settings }
}

/// A service that works: every receive brings as many messages as it asks for.
fn works(asked: &Asked) -> Reply {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    match asked.action.as_str() {
        "GetQueueAttributes" => Reply::Ok(json!({"Attributes": {"MaximumMessageSize": "1048576"}})),
        "ReceiveMessage" => {
            let count = asked.body["MaxNumberOfMessages"].as_u64().unwrap();
            let message = |_| {
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                json!({"MessageId": format!("m{number}"), "ReceiptHandle": format!("h{number}"), "Body": "swms7qdx"})
            };
            Reply::Ok(json!({"Messages": (0..count).map(message).collect::<Vec<_>>()}))
        }
        _ => all_done(asked),
    }
}

async fn open(endpoint: &Endpoint) -> SqsQueue {
    SqsQueue::open(&endpoint.config().await, settings()).await.unwrap()
}

/// A queue whose `action` is answered by `fault` until the switch is turned off.
async fn failing(action: &'static str, fault: Reply) -> (Endpoint, SqsQueue, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&broken);
    let endpoint = Endpoint::start(move |asked| {
        let fails = asked.action == action && switch.load(Ordering::Relaxed);
        if fails { fault.clone() } else { works(asked) }
    });
    let endpoint = endpoint.await;
    let queue = open(&endpoint).await;
    (endpoint, queue, broken)
}

fn is_outage(answer: &Result<(), QueueError>) -> bool {
    matches!(answer, Err(QueueError::Unavailable(_)))
}

fn is_lost(answer: &Result<(), QueueError>) -> bool {
    matches!(answer, Err(QueueError::LeaseLost(_)))
}

#[tokio::test]
async fn a_receive_asks_for_what_is_wanted_hidden_for_our_lease() {
    let endpoint = Endpoint::start(works).await;
    let queue = open(&endpoint).await;

    assert_eq!(receive(&queue, 7).await.len(), 7);
    receive(&queue, 100).await;

    let asked = endpoint.asked("ReceiveMessage");
    let body = &asked[0].body;
    assert_eq!((&body["QueueUrl"], &body["MaxNumberOfMessages"]), (&json!(QUEUE), &json!(7)));
    assert_eq!((&body["VisibilityTimeout"], &body["WaitTimeSeconds"]), (&json!(60), &json!(1)));
    assert_eq!(body["MessageAttributeNames"], json!(["All"]));
    assert_eq!(asked[1].body["MaxNumberOfMessages"], json!(10), "the most that SQS gives");
}

#[tokio::test]
async fn no_fault_of_a_receive_is_more_than_an_outage_and_it_recovers_unaided() {
    join_all(OUTAGES.map(async |fault| {
        let (_endpoint, queue, broken) = failing("ReceiveMessage", fault.clone()).await;

        let refused = queue.receive(1).await;
        assert!(matches!(refused, Err(QueueError::Unavailable(_))), "{fault:?}: {refused:?}");
        broken.store(false, Ordering::Relaxed);

        assert_eq!(receive(&queue, 3).await.len(), 3, "{fault:?}");
    }))
    .await;
}

#[tokio::test]
async fn no_fault_of_a_whole_call_costs_a_lease_and_the_call_works_later() {
    join_all(OUTAGES.map(async |fault| {
        let (_endpoint, queue, broken) = failing("DeleteMessageBatch", fault.clone()).await;
        let messages = receive(&queue, 3).await;
        let receipts = receipts(&messages);

        let refused = queue.acknowledge(&receipts).await;
        assert!(refused.iter().all(is_outage), "{fault:?}: {refused:?}");
        broken.store(false, Ordering::Relaxed);

        assert_eq!(queue.acknowledge(&receipts).await, [Ok(()), Ok(()), Ok(())], "{fault:?}");
        assert!(queue.acknowledge(&receipts).await.iter().all(is_lost), "it is settled once");
    }))
    .await;
}

#[tokio::test]
async fn no_fault_costs_a_lease_that_is_extended_given_back_or_parked() {
    join_all(OUTAGES.map(async |fault| {
        let (_endpoint, queue, _) = failing("ChangeMessageVisibilityBatch", fault.clone()).await;
        let receipts = receipts(&receive(&queue, 2).await);
        let release =
            |receipt: &_| Release { receipt: Clone::clone(receipt), after: Duration::ZERO };
        let releases: Vec<Release> = receipts.iter().map(release).collect();
        assert!(queue.extend(&receipts, queue.lease()).await.iter().all(is_outage), "{fault:?}");
        assert!(queue.release(&releases).await.iter().all(is_outage), "{fault:?}");
        assert_eq!(queue.acknowledge(&receipts).await, [Ok(()), Ok(())], "{fault:?}");

        let (endpoint, queue, broken) = failing("SendMessageBatch", fault.clone()).await;
        let parked = [parked(&receive(&queue, 1).await[0], Class::NotFound)];
        assert!(queue.park(&parked).await.iter().all(is_outage), "{fault:?}");
        assert_eq!(endpoint.asked("DeleteMessageBatch").len(), 0, "deleted what was not sent");
        broken.store(false, Ordering::Relaxed);
        assert_eq!(queue.park(&parked).await, [Ok(())], "{fault:?}");
    }))
    .await;
}

#[tokio::test]
async fn a_service_that_never_answers_is_an_outage() {
    let endpoint = Endpoint::start(|asked| match asked.action.as_str() {
        "DeleteMessageBatch" => Reply::Silence,
        _ => works(asked),
    });
    let endpoint = endpoint.await;
    let config = endpoint.impatient_config(Duration::from_millis(300)).await;
    let queue = SqsQueue::open(&config, settings()).await.unwrap();
    let receipts = receipts(&receive(&queue, 1).await);

    let answers = tokio::time::timeout(Duration::from_secs(60), queue.acknowledge(&receipts));

    assert!(answers.await.expect("it gives up by itself").iter().all(is_outage));
}

#[tokio::test]
async fn one_cut_connection_is_not_even_noticed() {
    let cuts = AtomicU32::new(0);
    let endpoint = Endpoint::start(move |asked| {
        let first = cuts.fetch_add(u32::from(asked.action == "ReceiveMessage"), Ordering::Relaxed);
        if asked.action == "ReceiveMessage" && first == 0 { Reply::Cut } else { works(asked) }
    });
    let endpoint = endpoint.await;
    let queue = SqsQueue::open(&endpoint.config_with_retries().await, settings()).await.unwrap();

    assert_eq!(receive(&queue, 2).await.len(), 2);
    assert_eq!(endpoint.asked("ReceiveMessage").len(), 2);
}

#[tokio::test]
async fn each_entry_of_a_batch_has_its_own_answer_in_order() {
    let first = AtomicBool::new(true);
    let endpoint = Endpoint::start(move |asked| {
        if asked.action != "DeleteMessageBatch" || !first.swap(false, Ordering::Relaxed) {
            return works(asked);
        }
        let stale = Some(Err(("ReceiptHandleIsInvalid", true)));
        let internal = Some(Err(("InternalError", false)));
        let throttled = Some(Err(("RequestThrottled", true)));
        let strange = Some(Err(("SomethingNew", true)));
        batch(&asked.entries(), &[Some(Ok(())), stale, internal, None, throttled, strange])
    });
    let endpoint = endpoint.await;
    let queue = open(&endpoint).await;
    let receipts = receipts(&receive(&queue, 6).await);

    let answers = queue.acknowledge(&receipts).await;

    assert_eq!(answers[0], Ok(()));
    assert!(is_lost(&answers[1]) && is_lost(&answers[5]), "{answers:?}");
    assert!([2, 3, 4].iter().all(|at| is_outage(&answers[*at])), "{answers:?}");
    let again = queue.acknowledge(&receipts).await;
    assert!([0, 1, 5].iter().all(|at| is_lost(&again[*at])), "{again:?}");
    assert!([2, 3, 4].iter().all(|at| again[*at].is_ok()), "{again:?}");
    assert_eq!(endpoint.asked("DeleteMessageBatch")[1].entries().len(), 3, "only those");
}

#[tokio::test]
async fn a_message_that_is_not_in_flight_any_more_is_a_lost_lease() {
    let endpoint = Endpoint::start(|asked| match asked.action.as_str() {
        "ChangeMessageVisibilityBatch" => {
            let codes = ["AWS.SimpleQueueService.MessageNotInflight", "InvalidParameterValue"];
            batch(&asked.entries(), &codes.map(|code| Some(Err((code, true)))))
        }
        _ => works(asked),
    });
    let endpoint = endpoint.await;
    let queue = open(&endpoint).await;
    let receipts = receipts(&receive(&queue, 2).await);

    assert!(queue.extend(&receipts, queue.lease()).await.iter().all(is_lost));
    assert!(queue.acknowledge(&receipts).await.iter().all(is_lost), "they are forgotten");
    assert_eq!(endpoint.asked("DeleteMessageBatch").len(), 0);
}

#[tokio::test]
async fn two_receives_of_one_message_are_settled_each_by_itself_in_one_request() {
    let endpoint = Endpoint::start(|asked| match asked.action.as_str() {
        "ReceiveMessage" => {
            let message = json!({"MessageId": "m", "ReceiptHandle": "h", "Body": "swms7qdx"});
            Reply::Ok(json!({"Messages": [message, message]}))
        }
        _ => works(asked),
    });
    let endpoint = endpoint.await;
    let queue = open(&endpoint).await;

    let answers = queue.acknowledge(&receipts(&receive(&queue, 2).await)).await;

    assert_eq!(answers, [Ok(()), Ok(())]);
    let entries = endpoint.asked("DeleteMessageBatch")[0].entries();
    assert_ne!(entries[0]["Id"], entries[1]["Id"]);
}

#[tokio::test]
async fn what_was_sent_to_the_dead_letter_queue_is_not_sent_again_when_only_the_delete_failed() {
    let (endpoint, queue, broken) =
        failing("DeleteMessageBatch", Reply::Fault(503, "ServiceUnavailable")).await;
    let parked = [parked(&receive(&queue, 1).await[0], Class::NotFound)];

    assert!(queue.park(&parked).await.iter().all(is_outage));
    broken.store(false, Ordering::Relaxed);
    assert_eq!(queue.park(&parked).await, [Ok(())]);

    assert_eq!(endpoint.asked("SendMessageBatch").len(), 1);
    assert_eq!(endpoint.asked("DeleteMessageBatch").len(), 2);
}

#[tokio::test]
async fn only_what_was_sent_to_the_dead_letter_queue_is_deleted() {
    let endpoint = Endpoint::start(|asked| match asked.action.as_str() {
        "SendMessageBatch" => {
            let refused = Some(Err(("InvalidMessageContents", true)));
            batch(&asked.entries(), &[Some(Ok(())), refused, Some(Err(("InternalError", false)))])
        }
        _ => works(asked),
    });
    let endpoint = endpoint.await;
    let queue = open(&endpoint).await;
    let messages = receive(&queue, 3).await;
    let all: Vec<_> = messages.iter().map(|message| parked(message, Class::NotFound)).collect();

    let answers = queue.park(&all).await;

    assert_eq!(answers[0], Ok(()));
    assert!(is_lost(&answers[1]), "it would be refused for ever; SQS moves it in the end");
    assert!(is_outage(&answers[2]));
    assert_eq!(endpoint.asked("DeleteMessageBatch")[0].entries().len(), 1);
}

#[tokio::test]
async fn what_sqs_leaves_out_or_misstates_is_tolerated() {
    let endpoint = Endpoint::start(|asked| match asked.action.as_str() {
        "ReceiveMessage" => {
            let future = json!({"ApproximateReceiveCount": "2", "SentTimestamp": "99999999999999"});
            Reply::Ok(json!({"Messages": [
                {"ReceiptHandle": "a", "Body": "swms7qdx", "Attributes": future},
                {"ReceiptHandle": "b"},
                {"Body": "nobody can settle this"},
            ]}))
        }
        _ => works(asked),
    });
    let queue = open(&endpoint.await).await;

    let messages = receive(&queue, 10).await;

    assert_eq!(messages.len(), 2);
    assert_eq!((messages[0].attempt, messages[1].attempt), (2, 1));
    let failure = messages[1].id.clone().expect_err("an empty body names no image");
    assert_eq!(failure.class, Class::BodyMalformed);
}

#[tokio::test]
async fn a_hundred_messages_settled_one_by_one_cost_thirty_requests_at_most() {
    let endpoint = Endpoint::start(works).await;
    let queue = open(&endpoint).await;

    for _ in 0..10 {
        let receipts = receipts(&receive(&queue, 10).await);
        let single = receipts.iter().map(|receipt| queue.acknowledge(from_ref(receipt)));
        assert!(join_all(single).await.into_iter().flatten().all(|answer| answer.is_ok()));
    }

    assert!(endpoint.requests() <= 30, "{} requests", endpoint.requests());
}

#[tokio::test]
async fn a_pointer_is_followed_to_allowed_buckets_only_and_read_only_so_far() {
    let endpoint = Endpoint::start(|asked| match asked.action.as_str() {
        "ReceiveMessage" => {
            let message = |(bucket, key): (&str, &str)| {
                let place = json!({"s3BucketName": bucket, "s3Key": key});
                let pointer = json!(["software.amazon.payloadoffloading.PayloadS3Pointer", place]);
                json!({"ReceiptHandle": key, "Body": pointer.to_string()})
            };
            let pointers = [
                ("allowed", "good"),
                ("private", "good"),
                ("allowed", "huge"),
                ("allowed", "gone"),
                ("allowed", "denied"),
                ("allowed", "down"),
            ];
            Reply::Ok(json!({"Messages": pointers.map(message)}))
        }
        "/allowed/good" => Reply::Text(json!({"Message": "swms7qdx"}).to_string()),
        "/allowed/huge" => Reply::Text("x".repeat(1 << 20)),
        "/allowed/gone" => Reply::Fault(404, "NoSuchKey"),
        "/allowed/denied" => Reply::Fault(403, "AccessDenied"),
        "/allowed/down" => Reply::Fault(503, "SlowDown"),
        "/private/good" => panic!("it was followed"),
        _ => works(asked),
    });
    let endpoint = endpoint.await;
    let settings = SqsSettings { payload_buckets: vec!["allowed".into()], ..settings() };
    let queue = SqsQueue::open(&endpoint.config().await, settings).await.unwrap();

    let messages = receive(&queue, 10).await;

    let cause = |at: usize| messages[at].id.clone().expect_err("it names no image").cause;
    assert!(cause(1).contains("not allowed"), "{}", cause(1));
    assert!(cause(2).contains("larger than"), "{}", cause(2));
    let read = |message: &actors::ports::Message| match &message.id {
        Ok(id) => id.to_string(),
        Err(failure) => failure.class.to_string(),
    };
    assert_eq!(
        messages.iter().map(read).collect::<Vec<_>>(),
        ["swms7qdx", "body_malformed", "body_malformed", "not_found", "denied", "http_unavailable"]
    );
}

#[tokio::test]
async fn queues_that_cannot_be_used_are_refused_before_anything_is_received() {
    let (endpoint, _, _) = failing("ReceiveMessage", Reply::Silence).await;
    let config = endpoint.config().await;
    let fifo = SqsSettings { queue_url: format!("{QUEUE}.fifo"), ..settings() };
    assert!(SqsQueue::open(&config, fifo).await.is_err_and(|error| error.is_usage()));

    let endpoint = Endpoint::start(|asked| match &asked.body["QueueUrl"] {
        Value::String(url) if url == DEAD_LETTERS => Reply::Fault(400, "QueueDoesNotExist"),
        _ => works(asked),
    });
    let endpoint = endpoint.await;
    let refused = SqsQueue::open(&endpoint.config().await, settings()).await.err().unwrap();
    assert!(!refused.is_usage());
    assert!(matches!(&refused, SqsError::Unavailable { queue, .. } if queue == DEAD_LETTERS));
    assert!(refused.to_string().contains("does not exist"), "{refused}");
}

#[tokio::test]
async fn an_empty_poll_is_no_messages_and_never_the_end() {
    let endpoint = Endpoint::start(|asked| match asked.action.as_str() {
        "ReceiveMessage" => Reply::Ok(json!({})),
        _ => works(asked),
    });
    let queue = open(&endpoint.await).await;
    assert!(matches!(queue.receive(1).await, Ok(Received::Messages(none)) if none.is_empty()));
}

#[tokio::test]
async fn permissions_are_found_out_by_receipts_that_are_none() {
    let refuse = |asked: &Asked, code| batch(&asked.entries(), &[Some(Err((code, true)))]);
    let endpoint = Endpoint::start(move |asked| match asked.action.as_str() {
        "DeleteMessageBatch" => refuse(asked, "ReceiptHandleIsInvalid"),
        "ChangeMessageVisibilityBatch" => Reply::Fault(403, "AccessDenied"),
        _ => works(asked),
    });
    let endpoint = endpoint.await;
    let config = endpoint.config().await;
    let [(delete, may_delete), (hide, may_hide)] =
        permissions(&config, &settings().queue_url).await;

    assert_eq!((delete, may_delete), ("sqs:DeleteMessage", Ok(())));
    let fault = may_hide.expect_err("it is denied");
    assert_eq!(hide, "sqs:ChangeMessageVisibility");
    assert!(fault.to_string().starts_with("not permitted (AccessDenied)"), "{fault}");
}
