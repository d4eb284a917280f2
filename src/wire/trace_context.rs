//! Where a message stands in a trace, as headers and attributes write it.
//!
//! | written as | where |
//! | --- | --- |
//! | `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01` | W3C Trace Context: the attribute `traceparent` of a message, or of the notification in its body |
//! | `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1` | X-Ray: the system attribute `AWSTraceHeader` |
//!
//! `tracestate` is not passed on: it belongs to tracing systems that are not ours.

use actors::trace::TraceContext;
use serde::Deserialize;

/// The name of the attribute.
pub const TRACEPARENT: &str = "traceparent";

/// Reads a `traceparent` of any version. `None` if it is none, as the standard has it.
#[must_use]
pub fn read_traceparent(text: &str) -> Option<TraceContext> {
    let mut parts = text.trim().split('-');
    let [version, trace_id, span_id, flags] =
        [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let is_known = version == "00" && parts.next().is_none();
    let is_later = version.len() == 2 && !matches!(version, "00" | "ff");
    let flags = u8::from_str_radix(flags, 16).ok().filter(|_| flags.len() == 2)?;
    let context = context(trace_id, span_id, flags & 1 == 1)?;
    (is_known || is_later).then_some(context)
}

/// Writes a `traceparent`.
#[must_use]
pub fn traceparent(context: TraceContext) -> String {
    let TraceContext { trace_id, span_id, sampled } = context;
    format!("00-{trace_id:032x}-{span_id:016x}-{:02x}", u8::from(sampled))
}

/// Reads a trace header of X-Ray.
#[must_use]
pub fn read_xray(text: &str) -> Option<TraceContext> {
    let field = |name: &str| {
        let mut fields = text.split(';').filter_map(|field| field.trim().split_once('='));
        fields.find(|(found, _)| *found == name).map(|(_, value)| value)
    };
    let mut root = field("Root")?.split('-');
    let [version, time, random] = [root.next()?, root.next()?, root.next()?];
    let is_known = version == "1" && time.len() == 8 && random.len() == 24 && root.next().is_none();
    let trace_id = format!("{time}{random}");
    let context = context(&trace_id, field("Parent")?, field("Sampled") == Some("1"))?;
    is_known.then_some(context)
}

/// Reads the `traceparent` of a notification of SNS that a message's body holds.
#[must_use]
pub fn read_notification(body: &str) -> Option<TraceContext> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Notification<'a> {
        #[serde(borrow)]
        message_attributes: Attributes<'a>,
    }
    #[derive(Deserialize)]
    struct Attributes<'a> {
        #[serde(borrow)]
        traceparent: Attribute<'a>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Attribute<'a> {
        value: &'a str,
    }
    // Most bodies have none, and reading one costs as much again as reading the id.
    if !body.contains(TRACEPARENT) {
        return None;
    }
    let notification: Notification<'_> = serde_json::from_str(body).ok()?;
    read_traceparent(notification.message_attributes.traceparent.value)
}

fn context(trace_id: &str, span_id: &str, sampled: bool) -> Option<TraceContext> {
    let is_hex = |text: &str, digits| {
        text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if !is_hex(trace_id, 32) || !is_hex(span_id, 16) {
        return None;
    }
    let trace_id = u128::from_str_radix(trace_id, 16).ok().filter(|id| *id > 0)?;
    let span_id = u64::from_str_radix(span_id, 16).ok().filter(|id| *id > 0)?;
    Some(TraceContext { trace_id, span_id, sampled })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_read_is_written_the_same() {
        let context = read_traceparent(GOOD).unwrap();
        assert_eq!(context.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!((context.span_id, context.sampled), (0x00f0_67aa_0ba9_02b7, true));
        assert_eq!(traceparent(context), GOOD);
        let unsampled = GOOD.replace("-01", "-00");
        assert_eq!(traceparent(read_traceparent(&unsampled).unwrap()), unsampled);
    }

    #[test]
    fn later_versions_may_say_more_and_anything_else_is_no_traceparent() {
        assert!(read_traceparent(&GOOD.replace("00-4b", "01-4b")).is_some());
        assert!(read_traceparent(&format!("{}-more", GOOD.replace("00-4b", "cc-4b"))).is_some());
        for bad in [
            "",
            "00",
            &format!("{GOOD}-more"),
            &GOOD.replace("00-4b", "ff-4b"),
            &GOOD.replace("4bf92f", "xbf92f"),
            &GOOD.replace("4bf92f", "+bf92f"),
            &GOOD.replace("-01", "-1"),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        ] {
            assert_eq!(read_traceparent(bad), None, "{bad}");
        }
    }

    #[test]
    fn x_rays_header_is_the_same_in_other_words() {
        let header = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1";
        assert_eq!(read_xray(header), read_traceparent(GOOD));
        assert!(!read_xray(&header.replace("Sampled=1", "Sampled=?")).unwrap().sampled);
        for bad in [
            "",
            "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736",
            &header.replace("1-4b", "2-4b"),
            &header.replace("Parent=00", "Parent="),
            &header.replace("1-4bf92f35-77", "1-4bf92f3577-"),
        ] {
            assert_eq!(read_xray(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_notification_holds_it_among_its_attributes() {
        let body = format!(
            r#"{{"Message":"a","MessageAttributes":{{"x":{{"Type":"Number","Value":"1"}},"traceparent":{{"Type":"String","Value":"{GOOD}"}}}}}}"#
        );
        assert_eq!(read_notification(&body), read_traceparent(GOOD));
        assert_eq!(read_notification(r#"{"Message":"traceparent"}"#), None);
        assert_eq!(read_notification("swms7qdx"), None);
    }
}
