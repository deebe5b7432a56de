"""What a browser complains of while it shows our pages."""

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError


class Watch:
    """Collects every complaint of a browser context: broken policies, script errors, foreign hosts, missing files."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.documents = 0
        self.complaints: list[str] = []
        context.on("console", self._hear)
        context.on("weberror", self._catch)
        context.on("request", self._follow)
        context.on("response", self._weigh)

    def close(self) -> None:
        """Fail the test if anything was complained of, or if nothing was looked at."""
        assert self.documents, "the test opened no page"
        assert not self.complaints, "\n".join(self.complaints)

    def _hear(self, message: ConsoleMessage) -> None:
        # The console also reports every answer of 400 and above; `_weigh` tells the meant ones from the others.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"console on {message.location['url']}: {message.text}")

    def _catch(self, error: WebError) -> None:
        self.complaints.append(f"script: {error.error}")

    def _follow(self, request: Request) -> None:
        if not request.url.startswith(f"{self.url}/"):
            self.complaints.append(f"request to another host: {request.url}")

    def _weigh(self, response: Response) -> None:
        is_document = response.request.resource_type == "document"
        self.documents += is_document
        if response.status >= (500 if is_document else 400):
            self.complaints.append(f"{response.status} for {response.url}")
