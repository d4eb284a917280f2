//! What a person can do about a parked picture, by class.

use actors::failure::Class;

/// One sentence on what to do about records parked with `class`.
#[must_use]
pub const fn remedy(class: Class) -> &'static str {
    match class {
        Class::BodyMalformed => "Find out who sends messages that hold no image id.",
        Class::NoLocation => "Give the image a location in the catalogue, then send its id again.",
        Class::UnknownImage => {
            "The catalogue never knew this id: send it again once the image is there."
        }
        Class::HttpUnavailable => {
            "The image's host did not answer, time and again: try again when it does."
        }
        Class::Abandoned => {
            "The program itself failed here more than once: try again, and report it if it stays so."
        }
        Class::IndexUnavailable => "The index did not answer: try again when it does.",
        Class::TopicUnavailable => "The topic did not answer: try again when it does.",
        Class::NotFound => "There is no file at this place: restore it, or repair the link to it.",
        Class::Denied => "Give this program the permission to read it.",
        Class::HttpRejected => {
            "The host refuses the request: open the address in a browser to see why."
        }
        Class::ForbiddenAddress => {
            "The address is in a private network; if it is meant to be, allow it with --allow-address."
        }
        Class::EmptyBody => "The file is empty: copy it again from where it came from.",
        Class::TooManyBytes => "The file is larger than the limit: store the picture smaller.",
        Class::TooManyPixels => "The picture is larger than the limit: scale it down.",
        Class::UnsupportedFormat => {
            "This is not a picture in a format that is read here: convert it, to PNG for instance."
        }
        Class::CorruptImage => {
            "The file is damaged or incomplete: copy it again, or save it anew with an image editor."
        }
        Class::InferenceFailed => {
            "The model could not use this picture: convert it, and try again."
        }
        Class::InferencePanicked => {
            "The model crashed on this picture: please report it, with the file."
        }
        Class::InferenceTimedOut => {
            "The model did not come back from this picture: please report it."
        }
        Class::InvalidOutput => "The model's answer was unusable: check which model is installed.",
        Class::DocumentRejected => "The index refused the document: compare it with the mapping.",
        Class::DocumentTooLarge => {
            "The document is larger than the index takes: shorten its metadata."
        }
    }
}
