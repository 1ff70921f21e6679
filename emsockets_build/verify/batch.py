"""Many scenarios at once, bounded, with every result kept however the batch ends."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from emsockets_build.errors import EmSocketsError
from emsockets_build.verify.execute import execute
from emsockets_build.verify.model import Outcome, Scenario
from emsockets_build.verify.runners import Runtime

__all__ = ["Batch", "Broken", "run_batch", "stopped_by_signals"]


@dataclass(frozen=True, slots=True)
class Broken:
    """A scenario that could not be run at all.

    Attributes:
        scenario: Which.
        error: Why.
    """

    scenario: Scenario
    error: EmSocketsError


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of every scenario of a batch.

    Attributes:
        outcomes: Those that ran, in the order they were asked for.
        broken: Those that could not be run.
        not_run: Those that were not reached before the batch was interrupted.
        interrupted: Whether it was.
    """

    outcomes: tuple[Outcome, ...]
    broken: tuple[Broken, ...] = ()
    not_run: tuple[Scenario, ...] = ()
    interrupted: bool = False

    @property
    def passed(self) -> bool:
        """Whether everything ran and passed."""
        return not (self.broken or self.not_run or self.interrupted) and all(
            outcome.passed for outcome in self.outcomes
        )


def run_batch(
    scenarios: Sequence[Scenario],
    runtime: Callable[[Scenario], Runtime],
    *,
    jobs: int,
    on_start: Callable[[Scenario], None] = lambda _: None,
    on_end: Callable[[Outcome | Broken], None] = lambda _: None,
) -> Batch:
    """Run scenarios in parallel.

    Ctrl-C and SIGTERM end what is running, and what is done by then is returned, not lost; a
    second Ctrl-C is a `KeyboardInterrupt` as usual.

    Args:
        scenarios: What to run.
        runtime: Chooses what a scenario is run with; may raise like `execute`.
        jobs: How many at a time.
        on_start: Called when one begins, in any thread.
        on_end: Called when one is over, in the calling thread.

    Returns:
        Every result.
    """
    stop = threading.Event()

    def one(scenario: Scenario) -> Outcome | Broken | None:
        if stop.is_set():
            return None
        on_start(scenario)
        try:
            return execute(scenario, runtime(scenario), stop=stop)
        except EmSocketsError as error:
            return Broken(scenario, error)

    results: dict[int, Outcome | Broken] = {}
    with stopped_by_signals(stop), ThreadPoolExecutor(jobs, "scenario") as pool:
        pending = {pool.submit(one, scenario): n for n, scenario in enumerate(scenarios)}
        for future in as_completed(pending):
            result = future.result()
            if result is not None and not (stop.is_set() and _cut_short(result)):
                results[pending[future]] = result
                on_end(result)
    ordered = [results[number] for number in sorted(results)]
    return Batch(
        outcomes=tuple(result for result in ordered if isinstance(result, Outcome)),
        broken=tuple(result for result in ordered if isinstance(result, Broken)),
        not_run=tuple(s for number, s in enumerate(scenarios) if number not in results),
        interrupted=stop.is_set(),
    )


@contextlib.contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Have signals set ``stop``; an exception could strike anywhere and lose results.

    Args:
        stop: Set by SIGINT and SIGTERM; a second SIGINT is a `KeyboardInterrupt` as usual.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what signals do
        return

    def on_signal(_number: int, _frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _cut_short(result: Outcome | Broken) -> bool:
    return isinstance(result, Outcome) and result.result.cancelled
