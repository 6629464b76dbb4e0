"""Opens pages, and notes whatever a person with the developer tools open would frown at."""

import re

# MLflow's own server answers these the same way while nobody has to log in.
EXPECTED = re.compile(r"/users/(current|list)( |$|\?)")
# Not about the server: films and pictures of MLflow's documentation, where there is no network.
ELSEWHERE = re.compile(r"https://([a-z]+\.)*mlflow\.org/")
# Chromium says the first of layouts that take two rounds, with MLflow's own server too; the UI of 2.22.5 says the second
# when a chart is drawn again just as it moves.
HARMLESS = ("ResizeObserver loop", "Error while plotting: Error: DOM element provided is null")
BANNERS = re.compile(
    r"something went wrong|unexpected error|failed to (load|fetch)|couldn't load|page not found|internal error|error fetching",
    re.IGNORECASE,
)
DEADLINE = 20_000


class Watched:
    def __init__(self, page, address):
        self.page = page
        self.address = address
        self._noted = []
        self.allowed = []
        page.set_default_timeout(DEADLINE)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._note(f"exception: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def open(self, path, *expected):
        """Opens a page of the UI and waits until each expected text can be seen."""
        self.page.goto(f"{self.address}/#/{path}")
        for text in expected:
            self.sees(text)

    def sees(self, text, exact=False):
        self.page.get_by_text(text, exact=exact).locator("visible=true").first.wait_for()

    def problems(self):
        """What was noted, and any banner about an error that is on the page."""
        text = self.page.evaluate("document.body ? document.body.innerText : ''")
        banners = [line for line in text.splitlines() if BANNERS.search(line)]
        return [problem for problem in self._noted + banners if not any(allowed in problem for allowed in self.allowed)]

    def _console(self, message):
        # A failed request is noted by itself, with its address.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self._note(f"console: {message.text[:500]}")

    def _failed(self, request):
        # Leaving a page ends what it still asks for.
        if request.failure != "net::ERR_ABORTED" and not ELSEWHERE.search(request.url):
            self._note(f"failed: {request.method} {request.url} {request.failure}")

    def _answered(self, response):
        is_expected = response.status == 404 and EXPECTED.search(response.url)
        if response.status >= 400 and not is_expected:
            self._note(f"{response.status}: {response.request.method} {response.url}")

    def _note(self, problem):
        if not any(word in problem for word in HARMLESS):
            self._noted.append(problem)
