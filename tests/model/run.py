"""Running the machine from a seed: so many examples, of so many steps each."""

from collections.abc import Callable

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Machine
from tests.model.places import Places
from tests.model.reference import Reference

SETTINGS = settings(
    deadline=None, database=None, derandomize=False, suppress_health_check=list(HealthCheck), print_blob=False
)


def run(
    places: Places,
    *,
    examples: int,
    steps: int,
    from_seed: int,
    reference: type[Reference] = Reference,
    shrink: bool = False,
) -> int:
    """Run so many examples of so many steps; the steps done. The same seed does the same.

    Raises what the first failing step raised, and prints the commands and answers up to it; with `shrink` the
    fewest that still fail, which takes minutes.
    """
    before = Machine.steps_done
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    machine: Callable[[], Machine] = seed(from_seed)(lambda: Machine(places, reference))
    run_state_machine_as_test(
        machine,  # type: ignore[arg-type]
        settings=settings(SETTINGS, max_examples=examples, stateful_step_count=steps, phases=phases),
    )
    return Machine.steps_done - before
