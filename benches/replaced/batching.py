"""The queue in which the sidecars collect requests: so many at once, or what came until a timer ends.

The timer begins with the first request. What computes a batch blocks the event loop meanwhile, as it did;
unlike theirs, whose callers waited until the whole queue was empty, each is answered when its batch is done.
"""

import asyncio


class BatchingQueue:
    def __init__(self, compute, size, timeout):
        self.compute, self.size, self.timeout = compute, size, timeout
        self.waiting, self.worker = asyncio.Queue(), None

    async def answer(self, item):
        """What `compute` makes of the item, in a batch with others."""
        if self.worker is None:
            self.worker = asyncio.create_task(self._work())
        answered = asyncio.get_running_loop().create_future()
        self.waiting.put_nowait((item, answered))
        return await answered

    async def _work(self):
        while True:
            items, futures = zip(*await self._collected())
            try:
                results = self.compute(items)
            except Exception as error:
                for future in futures:
                    future.set_exception(error)
            else:
                for future, result in zip(futures, results, strict=True):
                    future.set_result(result)

    async def _collected(self):
        batch = [await self.waiting.get()]
        try:
            async with asyncio.timeout(self.timeout):
                while len(batch) < self.size:
                    batch.append(await self.waiting.get())
        except TimeoutError:
            pass
        return batch
