"""Atlases that nobody measured, for tests of what is shown of them."""

import itertools
from dataclasses import replace

from made_up import EVIL, MACHINE

from gilscope.atlas_data import Atlas, CallFound, Failed, SizeFound, Skipped


def word(share):
    return "released" if share >= 0.9 else "held" if share < 0.1 else "partial"


def size(n, share, releases=0, **more):
    """What was seen at a size: a call that takes a nanosecond for each element, and so often releases the GIL."""
    seconds = n * 1e-9 + 1e-6
    found = {
        "size": n,
        "released_fraction": share,
        "releases": releases,
        "takes": releases,
        "gil": word(share),
        "seconds": seconds,
    }
    return SizeFound(**{**found, "longest_hold_ns": int(seconds * (1 - share) * 1e9), "calls": 50, "cores": 1.0, **more})


def call(name, sizes, **more):
    """A call by what was seen at its sizes."""
    usual = {"group": "A group", "statement": "f(x)", "setup": "x = 1", "unit": "elements"}
    return CallFound(**{"name": name, "sizes": tuple(sizes), **usual, **more})


def held(name, **more):
    return call(name, [size(n, 0.0) for n in (10, 10**4, 10**6)], **more)


def released(name, share=0.99, **more):
    """A call that releases once above 500 elements, as NumPy's do, and is outside for a share of the largest."""
    looks = [size(10, 0.0), size(10**4, share * 0.8, 1), size(10**6, share, 1)]
    return call(name, looks, **{"threshold": 501, **more})


def atlas(calls=None, *, version="2.4.6", skipped=(), failed=(), machine=None):
    """An atlas of a package with a call of each kind, unless they are given."""
    kinds = [
        released("numpy.exp[float64]", statement="np.exp(x)", group="Ufuncs", ticker=0.98, agrees=True),
        held("numpy.sort[object]", statement="np.sort(objects)", group="Sorting", ticker=0.4, agrees=False),
        released("numpy.add[float64]", 0.6, statement="x + x", group="Ufuncs"),
        call(
            "numpy.matmul", [size(3, 0.0), size(500, 0.97, 1, cores=1.9)], statement="m @ m", group="Linear algebra", unit="rows"
        ),
        call("numpy.load", [size(10, 0.3, 4)], statement="np.load(file)", group="Files", unit="bytes"),
    ]
    known = {"created": "2026-01-01T00:00:00+00:00", "gilscope": "0.1.0"}
    return Atlas(
        package="numpy",
        version=version,
        machine={**MACHINE, "numpy": version, **(machine or {})},
        calls=kinds if calls is None else calls,
        skipped=[Skipped(each, f"numpy has no {each}") for each in skipped],
        failed=[Failed(each, "raised", "ValueError: no") for each in failed],
        **known,
    )


def big_atlas(count=600):
    """An atlas as large as any."""
    names = [f"numpy.some.function_{at}" for at in range(count)]
    labels = [{"group": f"Group {at % 20}", "statement": f"{each}(x, out=y)"} for at, each in enumerate(names)]
    makers = itertools.cycle((held, released))
    return atlas([make(f"{each}[float64]", **label) for make, each, label in zip(makers, names, labels, strict=False)])


def evil_atlas():
    """An atlas whose every label would break a page that does not escape it."""
    labels = {"group": EVIL, "statement": EVIL, "setup": EVIL, "unit": EVIL}
    evil = replace(atlas([held(EVIL, **labels, ticker=0.5, agrees=False)]), package=EVIL, version=EVIL)
    evil.add(Skipped(EVIL, EVIL))
    evil.add(Failed(EVIL, "crashed", EVIL))
    return evil
