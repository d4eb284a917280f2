"""What the three sidecars have in common: one route that takes the URL of a local picture, and a health check."""

import base64
import sys
from urllib.parse import unquote, urlsplit

import uvicorn
from fastapi import FastAPI, HTTPException
from PIL import Image

KEEP_ALIVE = 120  # seconds


def opened(url):
    """The picture, decoded."""
    address = urlsplit(url)
    if address.scheme != "file":
        raise ValueError(f"{url} is no local file")
    try:
        image = Image.open(unquote(address.path))
    except FileNotFoundError as error:
        raise ValueError(str(error)) from error
    image.load()
    return image


def base64_of(vector):
    """Little-endian f32."""
    return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")


def serve(route, answer):
    """Serves `answer`, a coroutine from picture to JSON, on the port that is the last argument."""
    application = FastAPI()

    @application.get(route)
    async def infer(query_url: str):
        try:
            image = opened(query_url)
        except ValueError as error:
            raise HTTPException(status_code=404, detail=str(error)) from error
        return await answer(image)

    @application.get("/healthcheck")
    async def healthcheck():
        return {"status": "healthy"}

    quiet = {"log_level": "warning", "access_log": False}
    uvicorn.run(application, host="127.0.0.1", port=int(sys.argv[-1]), timeout_keep_alive=KEEP_ALIVE, **quiet)
