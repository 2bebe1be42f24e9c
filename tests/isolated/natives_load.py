"""Eight threads call everything at once, on arrays of their own and on shared inputs, and every result is right."""

import random
import threading

import numpy as np

from gilscope.kernels import KERNELS

ROUNDS, SIZE = 60, 3000
CALLS = [call for kernel in KERNELS.values() for call in kernel.calls() if call.implementation != "python"]
INPUTS = {kernel.name: kernel.sample(SIZE) for kernel in KERNELS.values()}
RIGHT = {call.name: call(*INPUTS[call.kernel.name]) for call in CALLS}
GRAINS = (1, 7, 100, 4096)
start = threading.Barrier(8)
errors = []


def work(seed):
    choose = random.Random(seed)
    start.wait()
    try:
        for _ in range(ROUNDS):
            call = choose.choice(CALLS)
            options = {"grain": choose.choice(GRAINS)} if "grain" in call.options else {}
            found = call(*INPUTS[call.kernel.name], **options)
            if call.kernel.kind == "fold":
                np.testing.assert_allclose(found, RIGHT[call.name], rtol=1e-9)
            else:
                np.testing.assert_array_equal(found, RIGHT[call.name])
    except BaseException as error:
        errors.append(f"{call.name}: {error!r}")


threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*errors or ["all right"], sep="\n")
