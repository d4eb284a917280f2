//! What was sent: a body and its attributes, which stay as they are wherever the message is moved.

use std::collections::BTreeMap;

use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
    SendMessageBatchRequestEntry,
};

/// The attribute that holds a parked message's record.
pub const PARKED: &str = "parked";

/// What was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Letter {
    /// The body.
    pub body: String,
    /// The attributes by name, in an order that does not change from call to call.
    pub attributes: BTreeMap<String, MessageAttributeValue>,
    /// X-Ray's trace header, which counts towards no limit.
    pub trace: Option<String>,
}

impl Letter {
    /// Its size as SQS counts it, in bytes: the body, and each attribute's name, type and value.
    #[must_use]
    pub fn size(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, value)| name.len() + size(value));
        self.body.len() + attributes.sum::<usize>()
    }

    /// The record of the parked message, as it stands in the attribute.
    #[must_use]
    pub fn parked(&self) -> Option<&str> {
        self.attributes.get(PARKED)?.string_value()
    }

    /// The letter as it was before it was parked.
    #[must_use]
    pub fn unparked(mut self) -> Self {
        self.attributes.remove(PARKED);
        self
    }

    /// As an entry of a batch.
    ///
    /// # Errors
    /// None in practice: every field that is required is set.
    pub fn entry(self, id: String) -> Result<SendMessageBatchRequestEntry, BuildError> {
        let attributes = self.attributes.into_iter().collect();
        let entry = SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(self.body)
            .set_message_attributes(Some(attributes));
        let Some(trace) = self.trace else { return entry.build() };
        let trace = MessageSystemAttributeValue::builder().data_type("String").string_value(trace);
        let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
        entry.message_system_attributes(name, trace.build()?).build()
    }
}

/// A text as an attribute's value.
///
/// # Errors
/// None in practice: the one field that is required is set.
pub fn text(value: String) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder().data_type("String").string_value(value).build()
}

fn size(value: &MessageAttributeValue) -> usize {
    let text = value.string_value().map_or(0, str::len);
    let binary = value.binary_value().map_or(0, |blob| blob.as_ref().len());
    value.data_type().len() + text + binary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_that_of_body_names_types_and_values() {
        let mut letter = Letter { body: "äb".into(), ..Letter::default() };
        assert_eq!(letter.size(), 3);
        letter.attributes.insert("name".into(), text("value".into()).unwrap());
        assert_eq!(letter.size(), 3 + 4 + 6 + 5);
    }
}
