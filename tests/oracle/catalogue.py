"""Initial documents in the shape of the catalogue's, each odd in another way, and messages that name them."""

import json
import string

LETTERS = string.ascii_lowercase + "234567"
TITLES = ["A test work title", "Ærøskøbing, 人體 & קבלה", "", "\u0000 \u2028 🧬 \\ \"quoted\"", "x" * 4000]
TIMES = ["2025-04-01T10:00:00Z", "2021-12-31T23:59:59.5Z", "2024-02-29T00:00:00.123Z", "1999-06-15T12:30:00.123456789Z"]
MILLISECONDS = [1743501600000, 1640995199500, 1709164800123, 929449800123]
# What the program knows nothing of, and must hand on as it is.
UNKNOWN = [
    {},
    {"unknownKey": None},
    {"unknownKey": {"big": 2**53 + 1, "largest": 2**64 - 1, "smallest": -(2**63), "small": 5e-324, "text": "null"}},
    {"unknownKey": [[], {}, [None, False, 0, "", {"": 0.1}], -0.5, 1e300]},
    {"deleted": False, "redirect": None, "type": "Image", "inferredData": {"features": [1, 2]}},
]
LICENCE, CREDIT, OPEN = {"license": {"id": "cc-by"}}, {"credit": "Wellcome Collection"}, {"type": "Open"}
ACCESS = {"accessConditions": [{"method": {"type": "ViewOnline"}, "status": OPEN, "terms": None}]}
EXTRAS = [LICENCE, {**LICENCE, **CREDIT, **ACCESS}, {}, {"type": "DigitalLocation", "linkText": None, **ACCESS}]
# An id is opaque: these would go wrong where one is put into a path without care.
ODD_IDS = ["works/{}", "a%2F{}", "{}?x#y&z+", "..{}", "ü-{}"]


def drawn_id(draw, number):
    plain = "".join(draw.choices(LETTERS, k=8))
    return ODD_IDS[number // 8 % len(ODD_IDS)].format(plain) if number % 8 == 0 else plain


def cycled(choices, number):
    return choices[number % len(choices)]


def locations_of(url, number):
    """`url` as the location to take, with others around it that are not to be taken."""
    wanted = {"url": url, "locationType": {"id": "iiif-image"}, **cycled(EXTRAS, number)}
    manifest = {"url": url + "/no-such-manifest", "locationType": {"id": "iiif-presentation"}, **LICENCE}
    later = {"url": url + "/no-such-image", "locationType": {"id": "iiif-image", "label": None}}
    return cycled([[wanted], [manifest, wanted], [manifest, wanted, later], [wanted, later]], number)


def initial_document(identifier, number, locations):
    work = {"identifierType": {"id": "calm-record-id"}, "ontologyType": "Work", "value": f"20cd370b-{number}"}
    lists = ["otherIdentifiers", "alternativeTitles", "subjects", "genres", "contributors", "notes", "items"]
    data = {"title": cycled(TITLES, number), **{name: [] for name in lists}, "workType": "Standard"}
    data["imageData"] = cycled([[], [{"id": {"canonicalId": identifier}, "version": number, "locations": locations}]], number)
    image = {"identifierType": {"id": "miro-image-number"}, "ontologyType": "Image", "value": f"V{number:07}"}
    state = {"sourceIdentifier": image, "canonicalId": identifier, **({"unknownState": None} if number % 3 == 0 else {})}
    source_id = {"canonicalId": "a24esypq", "otherIdentifiers": [work, work], "sourceIdentifier": work}
    return {
        "version": number,
        "modifiedTime": cycled(TIMES, number),
        "state": state,
        "locations": locations,
        "source": {"type": "ParentWork", "id": source_id, "data": data, "version": 1, **cycled(UNKNOWN, number + 1)},
        **cycled(UNKNOWN, number),
    }


def version_of(number):
    """The version to which `initial_document` of this number leads: its modifiedTime in ms."""
    return cycled(MILLISECONDS, number)


def notification(identifier):
    """As SNS wraps a message, with every key that it sends."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:eu-west-1:760097843905:images_output",
            "Subject": "Sent from the merger",
            "Message": identifier,
            "Timestamp": "2026-11-22T12:00:00.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/x.pem",
        }
    )


def body_of(identifier, number):
    """The id in each form that the queue may hold."""
    return cycled([notification(identifier), identifier, json.dumps({"Message": identifier}), identifier + "\n"], number)
