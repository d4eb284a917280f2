//! What a message's body says: an image's id, or where in S3 the body lies that says it.
//!
//! | body | from |
//! | --- | --- |
//! | `swms7qdx` | whoever sends ids, and SNS with raw delivery |
//! | `{"Message": "swms7qdx", …}` | SNS without it; no other key is read |
//! | `["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": …, "s3Key": …}]` | the extended client of SQS or SNS; in an SNS envelope, too |
//!
//! Whitespace around a body or an envelope's message is no part of it: no id holds any, so nothing is
//! ambiguous, and ids that were sent from a file end with a newline.

use actors::record::RecordId;
use serde::Deserialize;

/// What the first element of a pointer says, now and in the first versions of the extended client.
const POINTERS: [&str; 2] = [
    "software.amazon.payloadoffloading.PayloadS3Pointer",
    "com.amazon.sqs.javamessaging.MessageS3Pointer",
];

/// A body that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// It names an image.
    Id(RecordId),
    /// It lies elsewhere.
    Pointer(Pointer),
}

/// Where in S3 a body lies.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Pointer {
    /// The bucket.
    #[serde(rename = "s3BucketName")]
    pub bucket: String,
    /// The object.
    #[serde(rename = "s3Key")]
    pub key: String,
}

/// Says why a body names no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body names no image: {0}")]
pub struct Malformed(pub String);

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Message")]
    message: String,
}

/// Reads a message's body.
///
/// # Errors
/// [`Malformed`] where it is none of the forms above.
pub fn read(body: &str) -> Result<Body, Malformed> {
    let body = body.trim();
    if body.starts_with('{') { read_plain(&unwrap(body)?) } else { read_plain(body) }
}

/// Reads what a pointer led to. It must name an image: a pointer there could lead back to itself.
///
/// # Errors
/// [`Malformed`] as [`read`], and for a pointer.
pub fn read_payload(content: &str) -> Result<RecordId, Malformed> {
    match read(content)? {
        Body::Id(id) => Ok(id),
        Body::Pointer(_) => Err(Malformed("a pointer led to another pointer".to_owned())),
    }
}

fn unwrap(envelope: &str) -> Result<String, Malformed> {
    let envelope: Envelope = serde_json::from_str(envelope)
        .map_err(|error| Malformed(format!("it is no SNS notification: {error}")))?;
    Ok(envelope.message)
}

fn read_plain(text: &str) -> Result<Body, Malformed> {
    let text = text.trim();
    if text.starts_with('[') {
        return pointer(text).map(Body::Pointer);
    }
    RecordId::new(text).map(Body::Id).map_err(|error| Malformed(error.to_string()))
}

fn pointer(text: &str) -> Result<Pointer, Malformed> {
    let (kind, pointer): (String, Pointer) = serde_json::from_str(text)
        .map_err(|error| Malformed(format!("it is no pointer to S3: {error}")))?;
    if POINTERS.contains(&kind.as_str()) {
        Ok(pointer)
    } else {
        Err(Malformed("it begins like a pointer to S3, but names no kind that is known".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const POINTER: &str = r#"["software.amazon.payloadoffloading.PayloadS3Pointer",{"s3BucketName":"payloads","s3Key":"a/b c"}]"#;

    fn id(text: &str) -> Body {
        Body::Id(RecordId::new(text).unwrap())
    }

    fn to_payloads() -> Body {
        Body::Pointer(Pointer { bucket: "payloads".into(), key: "a/b c".into() })
    }

    #[test]
    fn ids_are_read_bare_and_from_notifications() {
        let whole = json!({
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:eu-west-1:760097843905:images_output",
            "Subject": "Sent from the merger",
            "Message": "swms7qdx",
            "Timestamp": "2026-11-22T12:00:00.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "MessageAttributes": {"traceparent": {"Type": "String", "Value": "00-…"}},
        });
        for (body, expected) in [
            ("swms7qdx", "swms7qdx"),
            ("works/swms7qdx", "works/swms7qdx"),
            ("swms7qdx\n", "swms7qdx"),
            (" \t swms7qdx\r\n", "swms7qdx"),
            (r#"{"Message":"swms7qdx"}"#, "swms7qdx"),
            (r#" {"Message":"swms7qdx\n", "more": [{}]} "#, "swms7qdx"),
            (&whole.to_string(), "swms7qdx"),
        ] {
            assert_eq!(read(body), Ok(id(expected)), "{body:?}");
        }
    }

    #[test]
    fn pointers_are_read_bare_and_from_notifications() {
        let older = POINTER.replace(POINTERS[0], POINTERS[1]);
        let wrapped = json!({"Type": "Notification", "Message": POINTER}).to_string();
        for body in [POINTER, &format!("{POINTER}\n"), &older, &wrapped] {
            assert_eq!(read(body), Ok(to_payloads()), "{body}");
        }
    }

    #[test]
    fn whatever_else_names_no_image() {
        let nested = json!({"Message": r#"{"Message":"swms7qdx"}"#}).to_string();
        let inline = json!({"Message": r#"{"type":"InlineNotification","jsonString":"{}"}"#});
        for body in [
            "",
            " \n",
            "two words",
            "a\nb",
            "\"swms7qdx\"",
            "{}",
            "{",
            r#"{"message":"swms7qdx"}"#,
            r#"{"Message":7}"#,
            r#"{"Message":null}"#,
            r#"{"Message":""}"#,
            r#"{"Message":"a","Message":"b"}"#,
            &nested,
            &inline.to_string(),
            "[]",
            r#"["swms7qdx"]"#,
            r#"["some.other.Pointer",{"s3BucketName":"b","s3Key":"k"}]"#,
            r#"["software.amazon.payloadoffloading.PayloadS3Pointer",{"s3Key":"k"}]"#,
            r#"["software.amazon.payloadoffloading.PayloadS3Pointer",{"s3BucketName":"b","s3Key":"k"},1]"#,
            &"x".repeat(513),
        ] {
            assert!(read(body).is_err(), "{body:?} was taken for {:?}", read(body));
        }
    }

    #[test]
    fn a_payload_names_an_image_and_never_leads_further() {
        assert_eq!(read_payload("swms7qdx\n").unwrap().as_str(), "swms7qdx");
        assert_eq!(read_payload(r#"{"Message":"swms7qdx"}"#).unwrap().as_str(), "swms7qdx");
        assert!(read_payload(POINTER).is_err());
        assert!(read_payload(&json!({"Message": POINTER}).to_string()).is_err());
    }

    proptest! {
        #[test]
        fn no_body_brings_the_reader_down(body in any::<String>(), start in "[ \\[{\"]{0,3}") {
            let _ = read(&format!("{start}{body}"));
        }

        #[test]
        fn every_id_is_read_the_same_bare_and_wrapped(text in "[^\\s\"'{}\\[\\]\\p{C}]{1,100}") {
            let wrapped = json!({"Message": text}).to_string();
            prop_assert_eq!(read(&text), Ok(id(&text)));
            prop_assert_eq!(read(&wrapped), Ok(id(&text)));
        }
    }
}
