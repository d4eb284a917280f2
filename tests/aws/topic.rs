//! The topic: over an emulator of SNS, and over an endpoint that fails as it is told.

use actors::ports::{Announcement, Topic};
use actors::trace::TraceContext;
use futures_util::future::join_all;
use inference_manager::adapters::sns::{SnsError, SnsTopic};
use serde_json::Value;

use crate::endpoint::{Asked, Endpoint, OUTAGES, Reply};
use crate::messages::id;
use crate::region::Region;

const ARN: &str = "arn:aws:sns:eu-west-1:1:images_output";

fn published(done: &[usize], failed: &[(usize, bool)]) -> Reply {
    let done =
        done.iter().map(|at| format!("<member><Id>{at}</Id><MessageId>m{at}</MessageId></member>"));
    let failed = failed.iter().map(|(at, sender)| {
        format!("<member><Id>{at}</Id><Code>InternalError</Code><SenderFault>{sender}</SenderFault></member>")
    });
    Reply::Text(format!(
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult>\
         <Successful>{}</Successful><Failed>{}</Failed></PublishBatchResult></PublishBatchResponse>",
        done.collect::<String>(),
        failed.collect::<String>()
    ))
}

fn exists() -> Reply {
    Reply::Text(
        "<GetTopicAttributesResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
         <GetTopicAttributesResult><Attributes/></GetTopicAttributesResult>\
         </GetTopicAttributesResponse>"
            .to_owned(),
    )
}

fn of(text: &str) -> Announcement {
    Announcement { id: id(text), trace: None }
}

fn field(asked: &Asked, entry: usize, name: &str) -> String {
    let field = format!("PublishBatchRequestEntries.member.{entry}.{name}");
    asked.body.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn ids_are_published_bare_under_the_subject_and_duplicates_are_entries_of_their_own() {
    let endpoint = Endpoint::start(|asked| match asked.action.as_str() {
        "PublishBatch" => published(&[1, 0, 2], &[]),
        _ => exists(),
    });
    let endpoint = endpoint.await;
    let topic = SnsTopic::open(&endpoint.config().await, ARN.into()).await.unwrap();

    let answers = topic.announce(&["a", "b", "a"].map(of)).await;

    assert_eq!(answers, [Ok(()), Ok(()), Ok(())]);
    let asked = &endpoint.asked("PublishBatch")[0];
    assert_eq!([1, 2, 3].map(|at| field(asked, at, "Message")), ["a", "b", "a"]);
    assert_eq!([1, 2, 3].map(|at| field(asked, at, "Id")), ["0", "1", "2"]);
    assert_eq!(field(asked, 1, "Subject"), "Sent from the inference_manager");
}

#[tokio::test]
async fn what_belongs_to_a_trace_says_so() {
    let endpoint = Endpoint::start(|asked| match asked.action.as_str() {
        "PublishBatch" => published(&[0, 1], &[]),
        _ => exists(),
    });
    let endpoint = endpoint.await;
    let topic = SnsTopic::open(&endpoint.config().await, ARN.into()).await.unwrap();
    let trace = Some(TraceContext { trace_id: 0xab, span_id: 0xcd, sampled: true });

    topic.announce(&[Announcement { trace, ..of("a") }, of("b")]).await;

    let asked = &endpoint.asked("PublishBatch")[0];
    let attribute =
        |entry, name: &str| field(asked, entry, &format!("MessageAttributes.entry.1.{name}"));
    assert_eq!(attribute(1, "Name"), "traceparent");
    let written = "00-000000000000000000000000000000ab-00000000000000cd-01";
    assert_eq!(attribute(1, "Value.StringValue"), written);
    assert_eq!(attribute(2, "Name"), "");
}

#[tokio::test]
async fn each_announcement_has_its_own_answer_and_silence_is_none() {
    let endpoint = Endpoint::start(|asked| match asked.action.as_str() {
        "PublishBatch" => published(&[3], &[(0, true), (1, false)]),
        _ => exists(),
    });
    let topic = SnsTopic::open(&endpoint.await.config().await, ARN.into()).await.unwrap();

    let answers = topic.announce(&["a", "b", "c", "d"].map(of)).await;

    let taken: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(taken, [false, false, false, true]);
}

#[tokio::test]
async fn every_fault_of_a_whole_call_may_be_tried_again() {
    join_all(OUTAGES.map(async |fault| {
        let told = fault.clone();
        let endpoint = Endpoint::start(move |asked| match asked.action.as_str() {
            "PublishBatch" => told.clone(),
            _ => exists(),
        });
        let topic = SnsTopic::open(&endpoint.await.config().await, ARN.into()).await.unwrap();
        let answers = topic.announce(&["a", "b"].map(of)).await;
        assert!(answers.len() == 2 && answers.iter().all(Result::is_err), "{fault:?}");
    }))
    .await;
}

#[tokio::test]
async fn a_topic_that_cannot_be_used_is_refused_at_once() {
    let endpoint = Endpoint::start(|_| Reply::Fault(404, "NotFound")).await;
    let config = endpoint.config().await;

    let missing = SnsTopic::open(&config, ARN.into()).await.unwrap_err();
    assert!(matches!(missing, SnsError::Unavailable { .. }) && !missing.is_usage(), "{missing}");
    assert!(SnsTopic::open(&config, format!("{ARN}.fifo")).await.unwrap_err().is_usage());
}

#[tokio::test]
#[ignore = "needs emulators of SQS and SNS: ./test starts them"]
async fn whoever_subscribes_hears_of_every_id() {
    let region = Region::find().await;
    let sns = aws_sdk_sns::Client::new(&region.config);
    let arn = sns.create_topic().name(region.name("augmented")).send().await.unwrap();
    let arn = arn.topic_arn.unwrap();
    let queues = region.queues(5).await;
    let subscribe = sns.subscribe().topic_arn(&arn).protocol("sqs");
    let subscribe = subscribe.endpoint(region.arn(&queues.queue).await);
    subscribe.send().await.unwrap();
    let topic = SnsTopic::open(&region.config, arn).await.unwrap();
    let mut ids: Vec<_> = (0..23).map(|number| of(&format!("image{number:02}"))).collect();
    ids.push(of("image07"));

    let answers = topic.announce(&ids).await;

    assert!(answers.len() == 24 && answers.iter().all(Result::is_ok), "{answers:?}");
    let envelopes = region.bodies(&queues.queue).await;
    let read = |envelope: &String| serde_json::from_str::<Value>(envelope).unwrap();
    let read: Vec<Value> = envelopes.iter().map(read).collect();
    assert!(read.iter().all(|envelope| envelope["Subject"] == "Sent from the inference_manager"));
    let mut heard: Vec<&str> = read.iter().map(|e| e["Message"].as_str().unwrap()).collect();
    heard.sort_unstable();
    let mut told: Vec<&str> = ids.iter().map(|announced| announced.id.as_str()).collect();
    told.sort_unstable();
    assert_eq!(heard, told);
}
