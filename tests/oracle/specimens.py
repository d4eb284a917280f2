"""The good images of a production run, and the messages that no retry can help."""

import collections

import catalogue
import oddities

# Their messages carry one, which has to survive being parked.
ATTRIBUTES = {"traceparent": {"DataType": "String", "StringValue": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}
Good = collections.namedtuple("Good", "identifier number initial picture")
Bad = collections.namedtuple("Bad", "body fate identifier url initial", defaults=(None, None, None))


def good_ones(count, host, pictures, draw):
    for number in range(count):
        identifier, name = catalogue.drawn_id(draw, number), f"{number:05}"
        url = [f"image/{name}/info.json", f"plain/{name}.jpg", f"image/{name}/info.json/"][number % 3]
        locations = catalogue.locations_of(f"{host}/{url}", number)
        initial = catalogue.initial_document(identifier, number, locations)
        yield Good(identifier, number, initial, pictures / f"{name}.jpg")


def bad_ones(host, pictures):
    """What no retry can help, and what becomes of each."""
    whole = oddities.encoded(oddities.scene(), "JPEG")
    (pictures / "truncated.jpg").write_bytes(whole[: len(whole) // 3])
    (pictures / "nothing.jpg").write_bytes(b"")
    thumbnail = "full/!400,400/0/default.jpg"
    places = {
        "not_found": ("image/no-such/info.json", f"image/no-such/{thumbnail}"),
        "corrupt_image": ("image/truncated/info.json", f"image/truncated/{thumbnail}"),
        "unsupported_format": ("faults/html/a.jpg", "faults/html/a.jpg"),
        "empty_body": ("plain/nothing.jpg", "plain/nothing.jpg"),
        "denied": ("faults/403/a.jpg", "faults/403/a.jpg"),
        "http_rejected": ("faults/circle/a.jpg", "faults/circle/a.jpg"),
    }
    for number, (fate, (path, asked)) in enumerate(places.items()):
        identifier = f"bad/{fate}"
        locations = catalogue.locations_of(f"{host}/{path}", number)
        initial = catalogue.initial_document(identifier, number, locations)
        yield Bad(catalogue.body_of(identifier, number), fate, identifier, f"{host}/{asked}", initial)
    metadata = "http://169.254.169.254/latest/meta-data/"
    initial = catalogue.initial_document("bad/metadata", 1, catalogue.locations_of(metadata, 1))
    yield Bad("bad/metadata", "forbidden_address", "bad/metadata", metadata, initial)
    initial = catalogue.initial_document("bad/nowhere", 2, [{"url": host, "locationType": {"id": "iiif-presentation"}}])
    yield Bad("bad/nowhere", "no_location", "bad/nowhere", None, initial)
    yield Bad(catalogue.notification("bad/missing"), "unknown_image", "bad/missing")
    # Half of a surrogate pair: Elasticsearch takes it, and it is no text. Its neighbours must not notice.
    initial = {**catalogue.initial_document("bad/text", 3, []), "text": "\ud83e"}
    yield Bad(catalogue.notification("bad/text"), "unknown_image", "bad/text", None, initial)
    for body in ("two words", '{"Message": 7}', '{"Message": "x"', "[]", "人\u00a0體"):
        yield Bad(body, "body_malformed")
