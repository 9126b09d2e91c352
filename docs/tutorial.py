# %% [markdown]
# # From a regular expression to a learnability gap
#
# `python docs/tutorial.py` runs this page in one or two minutes on one core; editors that know `# %%` show it as a notebook.
# It takes a regular language, makes reference weights for it in three architectures, trains a fourth under two recipes, and
# measures what training missed.

# %% [markdown]
# ## A language
#
# The words over {a, b} whose number of a's is a multiple of three. The task `automaton` makes the minimal automaton of a
# regular expression, and asks at every cell whether the word so far is in its language.

# %%
import itertools
import re
from pathlib import Path

import torch
from hydra import compose, initialize_config_module

import models
import tasks
from leaderboard.analysis.spacetime import figure, space_time, test_word
from leaderboard.running.config import register
from leaderboard.running.run import run
from leaderboard.store import weights
from leaderboard.store.record import read
from leaderboard.tables.picture import png

EXPRESSION = "(b|ab*ab*a)*"
LANGUAGE = {"regex": EXPRESSION, "symbols": "ab"}  # symbol 0 is a, symbol 1 is b
RESULTS = Path("results/tutorial")
register()  # tells Hydra which tasks and models there are
STEPS, SEEDS = 600, (0, 1)
torch.set_num_threads(1)

task = tasks.get("automaton", **LANGUAGE)

# %% [markdown]
# Python's own `re` agrees on all short words.

# %%
words = ["".join(word) for length in range(1, 9) for word in itertools.product("ab", repeat=length)]
answers = [task.solve(["ab".index(letter) for letter in word])[-1] for word in words]
agrees = [bool(re.fullmatch(EXPRESSION, word)) == bool(answer) for word, answer in zip(words, answers, strict=True)]
print(f"{sum(agrees)} of {len(words)} words agree with {EXPRESSION}")

# %% [markdown]
# ## Its program
#
# A rule is a guard on a cell and its neighbours, and what it writes. All rules act at once, in every cell, at every step.

# %%
program = task.program()
print(*program.rules, sep="\n")
print(f"{program.kind}, {len(program.rules)} rules, {program.channels} channels, {program.depth(1000)} steps for 1000 cells")

# %% [markdown]
# ## Reference weights, in three architectures
#
# A rule becomes a hidden unit of the residual branch F of a ResNet. RevNet must keep a clock besides, since its layers have an
# inverse, and a GRU reads the word from left to right. Each is the very module that one would train.

# %%
long = task.sample(4, 1000, tasks.Bits(0))  # [batch, cells]
for name in ("resnet", "revnet", "gru"):
    net = models.build(name, task, width=1, hidden=1)  # as large as the reference needs
    net.realise(program)
    with torch.no_grad():
        right = (net(long, task.depth(1000)).argmax(1) == task.target(long)).double().mean()
    print(f"{name:8} width {net.width:3}, hidden {net.hidden:3}: {right:.3f} of the answers right, in words of 1000 cells")


# %% [markdown]
# ## Training, under two recipes
#
# PolyNet computes x + F(x) + F(F(x)) in a layer. It is trained on words of up to eight cells: as usual (`plain`), and asked to
# leave a state where it is after the last layer (`steady`). Every run leaves a record and its weights in `RESULTS`; if this
# cell is run again, what is done is skipped. On a command line the same sweep begins
#
#     python train.py -m task=automaton 'task.regex="(b|ab*ab*a)*"' task.symbols=ab model=polynet recipe=plain,steady ...


# %%
def configured(recipe, seed):
    """The configuration of a run, as the command line composes it."""
    settings = {"training.length": 8, "training.steps": STEPS, "scoring.words": 128, "results": RESULTS, "seed": seed}
    choices = ["task=automaton", "model=polynet", f"recipe={recipe}"]
    with initialize_config_module("conf", version_base="1.3"):
        cfg = compose("config", [*choices, *(f"{name}={value}" for name, value in settings.items())])
    cfg.task.update(LANGUAGE)
    return cfg


for recipe in ("plain", "steady"):
    for seed in SEEDS:
        print(f"{recipe}, seed {seed}: {run(configured(recipe, seed))['status']}")

# %% [markdown]
# ## The gap
#
# The score of the reference minus the score of the trained net: in the same module, at the same depth, on the same words. All
# nets are made for words of 8 cells; what they do on longer ones tells what they have learnt.

# %%
records = sorted(read(RESULTS), key=lambda record: (record["config"]["recipe"]["name"], record["seed"]))
for record in records:
    right = {"trained": {}, "reference": {}}
    for score in record["scores"]:
        if score["depth_of"] == score["length"] and score["factor"] >= 1:
            right[score["weights"]][score["length"]] = score["symbols_correct"] / score["symbols"]
    gaps = [f"{right['reference'][n] - accuracy:.3f} at {n}" for n, accuracy in right["trained"].items()]
    print(f"{record['config']['recipe']['name']:6} seed {record['seed']}, gap: {', '.join(gaps)}")

# %% [markdown]
# Where does it come from? A picture has the cells to the right and the layers downward, and a colour for every answer. The
# reference sweeps through the word, one cell a layer, and what it wrote stays. Trained nets may lose what they had.

# %%
word = test_word(task, 24)
panels = {}
for record in [None, *(record for record in records if record["seed"] == SEEDS[0])]:
    net = models.build("polynet", task)
    if record is None:
        net.realise(program)
    else:
        net.load_state_dict(weights.load(RESULTS, record))
    shown = space_time(net, word, task.depth(len(word)))
    name = record["config"]["recipe"]["name"] if record else "reference"
    panels[f"{name}: {(shown.values[-1] == task.target(word[None])[0].numpy()).sum()} of {len(word)} right"] = shown
RESULTS.joinpath("gap.png").write_bytes(png(figure(panels, f"PolyNet, {EXPRESSION}, a word of {len(word)} cells")))
print(f"wrote {RESULTS / 'gap.png'}")

# %% [markdown]
# Next: `realizable table results/tutorial` prints the table of these runs, `realizable explain` says where a trained net
# departs from its reference, and `docs/sweeps.md` tells how to make many runs at a time.
