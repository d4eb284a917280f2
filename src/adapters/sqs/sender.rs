//! Where in a trace a message was sent from, of the three who may tell.

use actors::trace::TraceContext;

use super::letter::Letter;
use crate::wire::trace_context::{self, TRACEPARENT};

/// As the message's sender says in an attribute; else as the sender of the notification says that its body
/// holds; else as X-Ray saw it. What says it wrongly says nothing.
pub fn sender(letter: &Letter) -> Option<TraceContext> {
    let own = letter.attributes.get(TRACEPARENT).and_then(|value| value.string_value());
    own.and_then(trace_context::read_traceparent)
        .or_else(|| trace_context::read_notification(&letter.body))
        .or_else(|| letter.trace.as_deref().and_then(trace_context::read_xray))
}

#[cfg(test)]
mod tests {
    use super::super::letter::text;
    use super::*;

    const BY_ATTRIBUTE: &str = "00-11111111111111111111111111111111-1111111111111111-01";
    const BY_NOTIFICATION: &str = "00-22222222222222222222222222222222-2222222222222222-01";
    const BY_X_RAY: &str =
        "Root=1-33333333-333333333333333333333333;Parent=3333333333333333;Sampled=1";

    /// With these of the three; `""` for none.
    fn letter(attribute: &str, notification: &str, x_ray: &str) -> Letter {
        let value = text(attribute.into()).unwrap();
        let attributes = (!attribute.is_empty()).then(|| (TRACEPARENT.to_owned(), value));
        let said = format!(r#"{{"traceparent":{{"Type":"String","Value":"{notification}"}}}}"#);
        Letter {
            body: format!(r#"{{"Message":"swms7qdx","MessageAttributes":{said}}}"#),
            attributes: attributes.into_iter().collect(),
            trace: (!x_ray.is_empty()).then(|| x_ray.to_owned()),
        }
    }

    /// The digit that the trace's id is made of.
    fn told(letter: &Letter) -> Option<char> {
        format!("{:032x}", sender(letter)?.trace_id).chars().next()
    }

    #[test]
    fn the_message_is_asked_first_then_the_notification_in_it_and_x_ray_last() {
        for (attribute, notification, x_ray, expected) in [
            (BY_ATTRIBUTE, BY_NOTIFICATION, BY_X_RAY, Some('1')),
            (BY_ATTRIBUTE, "", "", Some('1')),
            ("", BY_NOTIFICATION, BY_X_RAY, Some('2')),
            ("", BY_NOTIFICATION, "", Some('2')),
            ("", "", BY_X_RAY, Some('3')),
            ("", "", "", None),
        ] {
            let letter = letter(attribute, notification, x_ray);
            assert_eq!(told(&letter), expected, "{letter:?}");
        }
    }

    #[test]
    fn what_says_it_wrongly_is_passed_over() {
        assert_eq!(told(&letter("00-1", BY_NOTIFICATION, BY_X_RAY)), Some('2'));
        assert_eq!(told(&letter("00-1", "00-2", BY_X_RAY)), Some('3'));
        assert_eq!(told(&letter("00-1", "00-2", "Root=1-3")), None);
    }
}
