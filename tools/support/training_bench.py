"""Measures how many images a second a training step (forward, backward, AdamW) takes in, hilum-train's against the
same in eager PyTorch with torchvision's network: alternately, both warm, on the same random images. Run by
tools/bench training."""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

GOAL = 0.95  # of eager PyTorch's


def eager(options):
    """The same steps as tools/training_bench/main.cpp, over the same pipe."""
    import torch  # here: only this side needs it
    from torchvision import models

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    network = getattr(models, options.architecture)(weights=None, num_classes=options.outputs)
    if options.channels != 3:
        network.features.conv0 = torch.nn.Conv2d(options.channels, 64, 7, 2, 3, bias=False)
    images = torch.randn(options.batch, options.channels, options.side, options.side)
    labels = torch.randint(options.outputs, (options.batch,))
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    for line in sys.stdin:
        start, processor = time.perf_counter(), time.process_time()
        for _ in range(int(line)):
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(network(images), labels).backward()
            optimizer.step()
        print(time.perf_counter() - start, time.process_time() - processor, flush=True)


class Side:
    """One of the two, waiting to be told how many steps to take."""

    def __init__(self, command, batch):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.batch, self.taken = batch, []

    def take(self, steps):
        """Images a second, and of a second of one processor."""
        print(steps, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{self.process.args[0]} ended with status {self.process.wait()}")
        return [steps * self.batch / float(seconds) for seconds in answer.split()]

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def parsed():
    source = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(prog="tools/bench training", description=__doc__)
    parser.add_argument("--architecture", default="densenet121", help="one of torchvision's")
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--outputs", type=int, default=3)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--steps", type=int, default=2, help="of each side in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--by-processor", action="store_true",
                        help="judge by the processor's time, with --threads 1, on a machine that is not quiet")
    parser.add_argument("--build", type=pathlib.Path, default=source / "build" / "release", help="build folder")
    parser.add_argument("--ours", action="append", default=[], help="further options of hilum-bench-training")
    parser.add_argument("--eager", action="store_true", help=argparse.SUPPRESS)  # the other side itself
    return parser.parse_args()


def main():
    options = parsed()
    if options.eager:
        return eager(options)
    shared = [f"--{name}={getattr(options, name)}"
              for name in ("architecture", "channels", "outputs", "side", "batch", "threads")]
    program = options.build / "bin" / "hilum-bench-training"
    if not program.exists():
        sys.exit(f"{program} is not there: ninja -C {options.build} hilum-bench-training")
    sides = {"hilum": Side([program, *shared, *options.ours], options.batch),
             "eager PyTorch": Side([sys.executable, __file__, "--eager", *shared], options.batch)}
    print(f"{options.architecture}, {options.side} x {options.side}, batch {options.batch}, {options.threads} threads, "
          f"load {os.getloadavg()[0]:.1f} before the start", flush=True)
    for side in sides.values():  # memory is taken, and LibTorch's kernels are chosen, in the first steps
        side.take(2)
    for number in range(options.rounds):
        for side in sides.values():
            side.taken.append(side.take(options.steps))
        print(f"round {number + 1}: " + ", ".join("{} {:.2f} ({:.2f})".format(name, *side.taken[-1])
                                                  for name, side in sides.items()), flush=True)
    for side in sides.values():
        side.end()
    ratio = told("images a second", 0, sides)
    by_processor = told("images a second of one processor, which other programs disturb less", 1, sides)
    if options.by_processor:
        ratio = by_processor
    print(f"{'pass' if ratio >= GOAL else 'FAIL'}: at least {GOAL}")
    return 0 if ratio >= GOAL else 1


def told(what, which, sides):
    """Prints the medians; their ratio."""
    ours, theirs = (statistics.median(taken[which] for taken in side.taken) for side in sides.values())
    print(f"{what}: hilum {ours:.2f}, eager PyTorch {theirs:.2f}, hilum / eager PyTorch {ours / theirs:.3f}")
    return ours / theirs


if __name__ == "__main__":
    sys.exit(main())
